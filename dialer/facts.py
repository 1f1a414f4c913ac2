"""What the dialer is told: attempts as they go out, agents as they come and go.

Facts are given with their ``now`` (monotonic seconds) beside them. They may come late, twice or
in any order; ``dialer.under_way`` makes the best of it.

An attempt goes: dialled, ringing, then answered or not answered. Somebody answered: with
detection of machines on, he is listened to until the dialer hears Person or Machine; with
detection off he is a person at once. A person is connected with an agent, or abandoned.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.identity import AgentCode, AttemptId, ListName


class Cause(StrEnum):
    """Why an attempt was not answered."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"  # rang until the far end or the ring time gave up
    REJECTED = "rejected"
    INVALID = "invalid"  # no such number
    CONGESTION = "congestion"  # no line, here or beyond
    FAILED = "failed"
    CUT = "cut"  # hung up by us while it rang


@dataclass(frozen=True, slots=True)
class Lead:
    """What is known of a number before it is dialled: its list, and the segment of its chance.

    A segment is any word for leads that are alike: history, hour, kind of number, as the hopper
    sorts them. The dialer learns each segment's own answer rate.
    """

    list: ListName
    segment: str = ""
    guaranteed: bool = False
    """To be dialled only for an agent who is free and kept for him (after an abandoned call)."""


UNKNOWN_LEAD = Lead(ListName(""))
"""Of whom nobody has said whose list he is on."""


@dataclass(frozen=True, slots=True)
class Hopper:
    """The leads that would be dialled next, in their order; as many as are known.

    A lead is in it until its Dialled: those asked for that have not gone out come first.

    Nobody is overtaken: a guaranteed lead at the head holds up those behind him until an agent is
    ready and no call is under way that may take him. In a busy campaign that comes only when the
    calls under way have ended, for there more are under way than agents are ready: it is how he
    gets his agent at all. So whoever fills the hopper puts guaranteed leads together, for one such
    wait, and best where agents are free anyhow, as when a campaign begins; he may put them
    further behind, in a new Hopper, at any time.
    """

    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True)
class Dialled:
    """The attempt went out."""

    attempt: AttemptId
    lead: Lead


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end rings: the ringing time that a rule speaks of begins here."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody or something picked up."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """The attempt is over, and nobody picked up."""

    attempt: AttemptId
    cause: Cause


@dataclass(frozen=True, slots=True)
class Person:
    """Detection took who answered for a person."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class Machine:
    """Detection took who answered for a machine; the attempt is over."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody speaks: where the UK's clock starts."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class GreetingEnded:
    """The person has said his greeting: where the clock of the US starts."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class PersonConnected:
    """The person talks to this agent."""

    attempt: AttemptId
    agent: AgentCode


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The person had no agent and was let go, or went by himself."""

    attempt: AttemptId
    by_customer: bool = False


@dataclass(frozen=True, slots=True)
class AgentReady:
    """The agent waits for a call; also after a login or a break."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class AgentTalking:
    """The agent talks, be it to one of ours or not."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class AgentWrapUp:
    """The talk is over, the after-call work is not."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class AgentWantsBreak:
    """The agent will go as soon as he is through with what he does; nobody is to plan with him."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class AgentGone:
    """Logged out, away, on a break."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class DayBegan:
    """Local midnight of the campaign was at ``midnight`` (on the clock of ``now``)."""

    day: int
    """Number of the day, counted from any day (``date.toordinal()``)."""
    midnight: float


AttemptFact = (
    Dialled | Ringing | Answered | NotAnswered | Person | Machine | SpeechBegan | GreetingEnded
    | PersonConnected | Abandoned
)  # fmt: skip
StaffFact = AgentReady | AgentTalking | AgentWrapUp | AgentWantsBreak | AgentGone
PacingFact = AttemptFact | StaffFact | Hopper | DayBegan
