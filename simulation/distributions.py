"""Named distributions, given by mean and spread, for how long things take in the simulation."""

from collections.abc import Callable
from math import log, sqrt
from random import Random
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from documents.document import Document, Path
from documents.document_errors import DocumentError, did_you_mean, one_of
from documents.validation import validated

Draw = Callable[[Random], float]
Seconds = Annotated[float, Field(ge=0, le=86_400, description="seconds, 0 or more")]
Share = Annotated[float, Field(ge=0, le=1, description="a share, 0 to 1")]
Positive = Annotated[float, Field(gt=0, le=86_400, description="seconds, more than 0")]


class _Distribution(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Constant(_Distribution):
    """Always the same value."""

    kind: Literal["constant"]
    value: Seconds

    def draw(self) -> Draw:
        value = self.value
        return lambda _: value

    @property
    def mean(self) -> float:
        return self.value


class Uniform(_Distribution):
    """Any value between two others, all equally likely."""

    kind: Literal["uniform"]
    low: Seconds
    high: Seconds

    def draw(self) -> Draw:
        low, high = self.low, self.high
        return lambda rng: rng.uniform(low, high)

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2


class Exponential(_Distribution):
    """An exponential distribution with a given mean: it has no memory."""

    kind: Literal["exponential"]
    mean: Positive

    def draw(self) -> Draw:
        rate = 1.0 / self.mean
        return lambda rng: rng.expovariate(rate)


class Gamma(_Distribution):
    """A gamma distribution with a given mean and shape; the shape is 2 by default."""

    kind: Literal["gamma"]
    mean: Positive
    shape: float = Field(2.0, ge=0.05, le=1_000, description="1 is exponential, more is narrower")

    def draw(self) -> Draw:
        shape, scale = self.shape, self.mean / self.shape
        return lambda rng: rng.gammavariate(shape, scale)


class LogNormal(_Distribution):
    """A lognormal distribution with a given mean and standard deviation (of the value, not of its
    logarithm)."""

    kind: Literal["lognormal"]
    mean: Positive
    sd: Positive

    def draw(self) -> Draw:
        variance = log(1.0 + (self.sd / self.mean) ** 2)
        mu, sigma = log(self.mean) - variance / 2.0, sqrt(variance)
        return lambda rng: rng.lognormvariate(mu, sigma)


class Empirical(_Distribution):
    """One of a list of measured values, all equally likely."""

    kind: Literal["empirical"]
    values: list[Seconds] = Field(min_length=1, description="a list of seconds")

    def draw(self) -> Draw:
        values = self.values
        return lambda rng: rng.choice(values)

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)


Simple = Annotated[
    Constant | Uniform | Exponential | Gamma | LogNormal | Empirical,
    Field(discriminator="kind"),
]


class Part(_Distribution):
    """One part of a mixture."""

    share: float = Field(gt=0, le=1, description="a share, more than 0 and at most 1")
    of: Simple


class Mixture(_Distribution):
    """A draw from one of several distributions, each with its share."""

    kind: Literal["mixture"]
    parts: list[Part] = Field(min_length=1, description="a list of parts, each with share and of")

    def draw(self) -> Draw:
        total = sum(part.share for part in self.parts)
        reached, choices = 0.0, []
        for part in self.parts:
            reached += part.share / total
            choices.append((reached, part.of.draw()))
        last = choices[-1][1]

        def draw(rng: Random) -> float:
            chance = rng.random()
            for upto, one in choices:
                if chance < upto:
                    return one(rng)
            return last(rng)

        return draw

    @property
    def mean(self) -> float:
        total = sum(part.share for part in self.parts)
        return sum(part.share / total * part.of.mean for part in self.parts)


Distribution = Annotated[
    Constant | Uniform | Exponential | Gamma | LogNormal | Empirical | Mixture,
    Field(discriminator="kind"),
]

KINDS: dict[str, type[_Distribution]] = {
    "constant": Constant,
    "uniform": Uniform,
    "exponential": Exponential,
    "gamma": Gamma,
    "lognormal": LogNormal,
    "empirical": Empirical,
    "mixture": Mixture,
}


def checked(
    data: Any, document: Document, path: Path, what: str, faults: list[DocumentError]
) -> _Distribution | None:
    """Read a distribution from a file. Returns None if it is faulty, and adds to ``faults``.

    Each kind is checked by itself, so that a fault names its own line and fields and not those of
    all kinds.
    """
    inside = "of" in path
    kinds = [kind for kind in KINDS if not (inside and kind == "mixture")]
    if not isinstance(data, dict) or "kind" not in data:
        shown = f"{what} lacks its kind" if isinstance(data, dict) else f"{what} is {data!r:.40}"
        faults.append(
            document.fault(
                path,
                f"{shown}; expected a distribution: kind, and what that kind needs",
                "write {kind: lognormal, mean: 150, sd: 120}, or another of " + one_of(kinds),
            )
        )
        return None
    kind = data["kind"]
    if kind not in kinds:
        faults.append(
            document.fault(
                (*path, "kind"),
                f'"kind" of {what} is {kind!r:.40}; expected {one_of(kinds)}',
                did_you_mean(str(kind), kinds) or "take one of these",
            )
        )
        return None
    before = len(faults)
    if isinstance(data.get("parts"), list):
        data = {**data, "parts": _parts(data["parts"], document, (*path, "parts"), what, faults)}
    if len(faults) > before:
        return None
    found = validated(KINDS[kind], data, document, path, what, faults)
    if isinstance(found, Uniform) and found.high < found.low:
        faults.append(
            document.fault(
                (*path, "high"),
                f'"high" of {what} is {found.high:g}; expected no less than low, {found.low:g}',
            )
        )
        return None
    return found


def _parts(
    parts: list[Any], document: Document, path: Path, what: str, faults: list[DocumentError]
) -> list[Any]:
    """Return a mixture's parts, each with its distribution checked."""
    found = []
    for number, part in enumerate(parts):
        if isinstance(part, dict) and "of" in part:
            here = (*path, number, "of")
            of = checked(part["of"], document, here, f"part {number + 1} of {what}", faults)
            part = {**part, "of": of}
        found.append(part)
    return found
