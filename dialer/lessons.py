"""What facts teach: how long things took, and what became of them. Policies learn from these."""

from dataclasses import dataclass

from dialer.facts import Lead
from domain.identity import AgentCode


@dataclass(frozen=True, slots=True)
class Reached:
    """A dialled number turned out, after ``seconds``, to be a person (or not)."""

    lead: Lead
    seconds: float
    person: bool
    kept: bool = True
    """It would not have been cut, however long it rang: see ``under_way.KEPT_OF``."""


@dataclass(frozen=True, slots=True)
class Detected:
    """Detection listened for ``seconds`` and decided."""

    seconds: float
    person: bool


@dataclass(frozen=True, slots=True)
class Talked:
    """A talk took so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WrappedUp:
    """An agent's after-call work took so long; 0 if there was none."""

    seconds: float
    agent: AgentCode


@dataclass(frozen=True, slots=True)
class Served:
    """A person has an agent. When he answered, spoke, and ended his greeting; None: not heard."""

    answered_at: float
    speech_at: float | None
    greeted_at: float | None


@dataclass(frozen=True, slots=True)
class LetGo:
    """A person has had no agent. ``heard``: detection found that he is one."""

    answered_at: float
    speech_at: float | None
    greeted_at: float | None
    heard: bool
    by_customer: bool


@dataclass(frozen=True, slots=True)
class TakenForMachine:
    """Detection said so; it may be wrong."""


@dataclass(frozen=True, slots=True)
class CutShort:
    """We have hung up a call, ``seconds`` after it was dialled; it had rung for ``rang_s``."""

    lead: Lead
    seconds: float
    rang_s: float


Lesson = Reached | Detected | Talked | WrappedUp | Served | LetGo | TakenForMachine | CutShort
