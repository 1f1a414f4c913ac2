"""What pages see of trial calls and ask of them: calls of a flow's draft by a robot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.identity import ProjectName
from ivr_flows.flow import Flow
from ivr_flows.trying.rehearsal import Rehearsal


class TrialStage(StrEnum):
    """How far a trial call has come."""

    PREPARING = "preparing"  # its prompts are being made
    CALLING = "calling"
    TALKING = "talking"
    COMPARING = "comparing"  # what was heard with what should have been
    PASSED = "passed"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset((TrialStage.PASSED, TrialStage.FAILED, TrialStage.CANCELLED))


class TrialFault(StrEnum):
    """Why a trial call could not be made, or was not right."""

    BUSY = "busy"  # another one is under way
    DOWN = "down"  # there is no connection to Asterisk
    NOT_PLACED = "not_placed"  # Asterisk did not bring the two ends together
    HUNG_UP = "hung_up"  # the call ended before its time
    TOO_LONG = "too_long"
    NO_RECORDING = "no_recording"  # what was heard could not be read
    BROKEN = "broken"  # something of ours is; the log says what


class TrialPart(StrEnum):
    """What happens in a step."""

    SAYS = "says"
    ASKS = "asks"  # says something, and waits for keys
    SCRIPTED = "scripted"  # not done: the test says what came of it
    ENDS = "ends"


class TrialMiss(StrEnum):
    """What was wrong in a step."""

    NO_SOUND = "no_sound"  # there is no sound for the prompt
    SILENT = "silent"  # nobody can hear it
    NOT_HEARD = "not_heard"
    KEYS = "keys"  # other keys arrived than were pressed
    ELSEWHERE = "elsewhere"  # the call went another way than the rehearsal


@dataclass(frozen=True, slots=True)
class TrialPrompt:
    """A prompt that the caller should hear. ``share``: how much of it was heard, 0 to 1; None: not
    compared yet."""

    name: str
    text: str
    share: float | None = None
    miss: TrialMiss | None = None


@dataclass(frozen=True, slots=True)
class TrialStep:
    """One step of a trial call: what should be heard, what is pressed ("" for secret keys, whose
    number is ``keys``), and what is wrong with it."""

    node: str
    part: TrialPart
    prompts: tuple[TrialPrompt, ...] = ()
    pressed: str = ""
    keys: int = 0
    what: str = ""
    """The kind of a scripted step, or why the call ends."""
    misses: tuple[TrialMiss, ...] = ()

    @property
    def right(self) -> bool | None:
        """Whether all was as it should be; None: not compared yet."""
        if self.misses or any(prompt.miss for prompt in self.prompts):
            return False
        return None if any(prompt.share is None for prompt in self.prompts) else True


@dataclass(frozen=True, slots=True)
class TrialReport:
    """How a trial call goes, or went. ``seconds``: how long it has taken."""

    id: str
    flow: str
    version: int
    test: str
    by: str
    began_at: datetime
    stage: TrialStage
    steps: tuple[TrialStep, ...] = ()
    expected: int = 0
    """How many steps there are to be."""
    fault: TrialFault | None = None
    seconds: float = 0.0

    @property
    def over(self) -> bool:
        """Whether it is over."""
        return self.stage in OVER


@dataclass(frozen=True, slots=True)
class TrialWish:
    """Who wants which test of a draft called. ``rehearsed`` is the test, played to its end."""

    flow: Flow
    flows: Mapping[str, Flow]
    version: int
    test: str
    project: ProjectName
    """Whose recordings are played; "": those of all projects."""
    by: str
    rehearsed: Rehearsal


class LiveTrials(Protocol):
    """Calls drafts of flows, one at a time."""

    def report(self, flow: str) -> TrialReport | None:
        """The last trial call of a flow's draft since the controller began; None: none."""

    def begin(self, wish: TrialWish) -> TrialFault | None:
        """Begin a trial call; why that can't be."""

    def cancel(self, flow: str) -> None:
        """End the trial call of this flow's draft, if one is under way."""
