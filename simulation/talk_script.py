"""A script that agents follow: the stages of a talk, how long each takes, and what comes next.

The agent's computer shows the script and reports its stages, unless the campaign says that only
some agents have it, that reports get lost, or that they come late.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dialer.pacing_facts import PacingFact, ScriptStage
from documents.document import Document, Path
from documents.document_errors import DocumentError, did_you_mean, one_of
from domain.identity import AgentCode, StageName
from simulation.distributions import Constant, Distribution, Draw, Share, checked
from simulation.virtual_clock import VirtualClock

MOST_STAGES = 100
"""A talk that has passed this many stages ends: some scripts could go round for hours."""

Passed = tuple[tuple[StageName, float], ...]
"""The stages of one talk in their order, each with its seconds."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TalkStage(_Section):
    """One stage of talks."""

    seconds: Distribution = Field(description="a distribution: how long it takes")
    next: dict[str, Share] = Field(
        {}, description="the stages that may follow, each with its chance; else the talk ends"
    )
    wrap_up: Distribution | None = Field(
        None, description="seconds of after-call work if the talk ends here; else as usual"
    )


class TalkScript(_Section):
    """The stages of talks. A talk begins with the one written first."""

    stages: dict[str, TalkStage] = Field(
        min_length=1, max_length=50, description="stages by name, the first one first"
    )
    agents: Share = Field(1.0, description="the share of the agents whose stages are reported")
    reported: Share = Field(1.0, description="the share of their stages that is reported")
    late: Distribution = Field(
        Constant(kind="constant", value=0.0), description="seconds by which a report is late"
    )

    def is_reported_by(self, number: int) -> bool:
        """Return whether the agent of this number, from 0, reports stages. Those who do are spread
        evenly over the numbers."""
        return int((number + 1) * self.agents + 1e-9) > int(number * self.agents + 1e-9)


class ScriptedTalks:
    """Draws the stages of a day's talks, and reports them as the talks go on."""

    def __init__(
        self,
        script: TalkScript,
        rng: Random,
        clock: VirtualClock,
        tell: Callable[[PacingFact], None],
    ) -> None:
        self._rng, self._clock, self._tell = rng, clock, tell
        self._stages = {
            name: (StageName(name), stage.seconds.draw(), tuple(stage.next.items()))
            for name, stage in script.stages.items()
        }
        self._wrap_ups = {
            StageName(name): stage.wrap_up.draw()
            for name, stage in script.stages.items()
            if stage.wrap_up is not None
        }
        self._first = next(iter(script.stages))
        self._reported = script.reported
        self._draw_lateness = script.late.draw()

    def draw(self, *, person: bool) -> Passed:
        """Draw the stages of one talk. A machine gets no further than the first."""
        if not person:
            return ((StageName(self._first), 0.0),)
        passed: list[tuple[StageName, float]] = []
        at: str | None = self._first
        while at is not None and len(passed) < MOST_STAGES:
            name, draw_seconds, following = self._stages[at]
            passed.append((name, draw_seconds(self._rng)))
            at = self._one_of(following)
        return tuple(passed)

    def wrap_up_after(self, last: StageName) -> Draw | None:
        """Return what draws the wrap-up of a talk that ended at this stage; None: as usual."""
        return self._wrap_ups.get(last)

    def report(self, agent: AgentCode, passed: Passed, pace: float) -> None:
        """Plan the reports of a talk that begins now. Its times are multiplied by ``pace``."""
        after_s = 0.0
        for stage, seconds in passed:
            if self._is_reported():
                late_s = self._draw_lateness(self._rng)
                fact = ScriptStage(agent, stage)
                self._clock.after(after_s + late_s, partial(self._tell, fact))
            after_s += seconds * pace

    def _is_reported(self) -> bool:
        # Where all or none are, no chance is drawn, so that both days have the same talks.
        if self._reported in (0.0, 1.0):
            return self._reported == 1.0
        return self._rng.random() < self._reported

    def _one_of(self, following: tuple[tuple[str, float], ...]) -> str | None:
        """Return what comes next; None: the talk ends."""
        if following:
            chance = self._rng.random()
            for name, share in following:
                chance -= share
                if chance < 0.0:
                    return name
        return None


def with_times(data: Any, document: Document, path: Path, faults: list[DocumentError]) -> Any:
    """Return a script's data with its distributions read. Faulty ones are reported, and a harmless
    one takes their place."""
    if not isinstance(data, dict):
        return data
    known = dict(data)
    if "late" in known:
        known["late"] = _time(known["late"], document, (*path, "late"), faults)
    if isinstance(known.get("stages"), dict):
        stages = {}
        for name, stage in known["stages"].items():
            if isinstance(stage, dict):
                here = (*path, "stages", name)
                times = {
                    each: _time(stage[each], document, (*here, each), faults)
                    for each in ("seconds", "wrap_up")
                    if stage.get(each) is not None
                }
                stage = {**stage, **times}
            stages[name] = stage
        known["stages"] = stages
    return known


def _time(data: Any, document: Document, path: Path, faults: list[DocumentError]) -> Any:
    what = '"' + ".".join(str(each) for each in path) + '"'
    found = checked(data, document, path, what, faults)
    return Constant(kind="constant", value=0.0) if found is None else found


def contradictions(script: TalkScript, document: Document, path: Path) -> Iterator[DocumentError]:
    """Yield the faults of stages that are valid alone but don't fit together."""
    stages = script.stages
    for name, stage in stages.items():
        place = (*path, "stages", name, "next")
        for other in stage.next:
            if other not in stages:
                yield document.fault(
                    (*place, other),
                    f'the stage "{name}" is followed by "{other}", which does not exist; expected'
                    f" {one_of(stages)}",
                    did_you_mean(other, stages) or "add that stage, or take one of these",
                    key=True,
                )
        total = sum(stage.next.values())
        if total > 1 + 1e-9:
            yield document.fault(
                place,
                f'the chances of what follows the stage "{name}" are {total:g} together; expected'
                " at most 1",
                "what is missing to 1 is the chance that the talk ends",
            )
    for name in _endless(stages):
        yield document.fault(
            (*path, "stages", name),
            f'no talk ends that reaches the stage "{name}"',
            "let some stage after it be followed by others with chances of less than 1 together",
            key=True,
        )


def _endless(stages: dict[str, TalkStage]) -> list[str]:
    """Return the stages from which no way leads to the end of the talk."""
    ending = {name for name, stage in stages.items() if sum(stage.next.values()) < 1 - 1e-9}
    while True:
        more = {
            name
            for name, stage in stages.items()
            if name not in ending
            and any(stage.next[each] > 0 for each in stage.next if each in ending)
        }
        if not more:
            # A stage that does not exist has its own fault; whether talks end there nobody knows.
            return [
                name
                for name, stage in stages.items()
                if name not in ending and all(each in stages for each in stage.next)
            ]
        ending |= more
