"""What pacing policies learn from: how long things took, and how they turned out."""

from dataclasses import dataclass

from dialer.pacing_facts import Lead
from domain.identity import AgentCode, AttemptId, StageName


@dataclass(frozen=True, slots=True)
class Reached:
    """A dialled number turned out, after ``seconds``, to bring a person (or not)."""

    lead: Lead
    seconds: float
    person: bool
    kept: bool = True
    """The call would not have been cut however long it rang; see ``under_way.KEPT_OF``."""


@dataclass(frozen=True, slots=True)
class Detected:
    """Detection listened for ``seconds`` and reached a decision."""

    seconds: float
    person: bool


@dataclass(frozen=True, slots=True)
class Talked:
    """A talk ended after ``seconds``."""

    seconds: float
    stages: tuple[tuple[StageName, float], ...] = ()
    """The stages that the agent's script reported, each with its start in seconds of the talk."""


@dataclass(frozen=True, slots=True)
class WrappedUp:
    """An agent finished after-call work that took ``seconds``; 0 if there was none."""

    seconds: float
    agent: AgentCode
    talk: Talked | None = None
    """The talk before it, if stages of it were reported."""


@dataclass(frozen=True, slots=True)
class Served:
    """A person got an agent. The times are those of the answer, of first speech and of the end of
    the greeting; None if it was not heard."""

    answered_at: float
    speech_at: float | None
    greeted_at: float | None
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class LetGo:
    """A person got no agent. ``heard``: detection found that it was a person."""

    answered_at: float
    speech_at: float | None
    greeted_at: float | None
    heard: bool
    by_customer: bool


@dataclass(frozen=True, slots=True)
class CutShort:
    """We hung up a call ``seconds`` after it was dialled; it had rung for ``rang_s``."""

    lead: Lead
    seconds: float
    rang_s: float


Lesson = Reached | Detected | Talked | WrappedUp | Served | LetGo | CutShort
