"""How long things take in the simulated world: named distributions, by mean and spread."""

from collections.abc import Callable
from math import log, sqrt
from random import Random
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Draw = Callable[[Random], float]
Seconds = Annotated[float, Field(ge=0, le=86_400, description="seconds, 0 or more")]
Positive = Annotated[float, Field(gt=0, le=86_400, description="seconds, more than 0")]


class _Distribution(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Constant(_Distribution):
    """Always the same."""

    kind: Literal["constant"]
    value: Seconds

    def draw(self) -> Draw:
        value = self.value
        return lambda rng: value

    @property
    def mean(self) -> float:
        return self.value


class Uniform(_Distribution):
    """Anything between two values."""

    kind: Literal["uniform"]
    low: Seconds
    high: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> "Uniform":
        if self.high < self.low:
            raise ValueError("high is less than low")
        return self

    def draw(self) -> Draw:
        low, high = self.low, self.high
        return lambda rng: rng.uniform(low, high)

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2


class Exponential(_Distribution):
    """Without memory."""

    kind: Literal["exponential"]
    mean: Positive

    def draw(self) -> Draw:
        rate = 1.0 / self.mean
        return lambda rng: rng.expovariate(rate)


class Gamma(_Distribution):
    """By mean and shape; shape 2 if none is given."""

    kind: Literal["gamma"]
    mean: Positive
    shape: float = Field(2.0, gt=0, le=1_000, description="a number more than 0")

    def draw(self) -> Draw:
        shape, scale = self.shape, self.mean / self.shape
        return lambda rng: rng.gammavariate(shape, scale)


class LogNormal(_Distribution):
    """By mean and standard deviation (of the value, not of its logarithm)."""

    kind: Literal["lognormal"]
    mean: Positive
    sd: Positive

    def draw(self) -> Draw:
        variance = log(1.0 + (self.sd / self.mean) ** 2)
        mu, sigma = log(self.mean) - variance / 2.0, sqrt(variance)
        return lambda rng: rng.lognormvariate(mu, sigma)


class Empirical(_Distribution):
    """One of the values that were measured, each as likely as the others."""

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
    """Now one, now another."""

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
