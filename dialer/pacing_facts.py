"""The facts reported to the dialer: attempts as they go out, agents as they come and go.

Each fact is passed with its ``now`` (monotonic seconds). Facts may come late, twice or in any
order; ``dialer.under_way`` makes the best of it.

An attempt is dialled, rings, and is then answered or not answered. If it is answered and machine
detection is on, detection listens until the dialer gets Person or Machine; with detection off,
whoever answers counts as a person at once. A person is connected to an agent or abandoned.
"""

from dataclasses import dataclass

from dialer.causes import Cause
from domain.identity import AgentCode, AttemptId, ListName, StageName


@dataclass(frozen=True, slots=True)
class Lead:
    """What is known about a number before it is dialled: its list and its segment.

    A segment is any word for leads that are alike, by history, hour or kind of number, as the
    hopper sorts them. The dialer learns an answer rate for each segment.
    """

    list: ListName
    segment: str = ""
    guaranteed: bool = False
    """Whether to dial only with a free agent reserved for this lead (after an abandoned call)."""


UNKNOWN_LEAD = Lead(ListName(""))
"""A lead whose list has not been reported."""


@dataclass(frozen=True, slots=True)
class Hopper:
    """The leads that would be dialled next, in order; as many as are known.

    A lead stays in it until its Dialled: leads requested but not yet gone out come first.

    No lead is overtaken: a guaranteed lead at the head holds up those behind it until an agent is
    ready and no call is under way that may take that agent. In a busy campaign, where more calls
    are under way than agents are ready, that happens only once those calls have ended; there is no
    other way for the lead to get its agent. The code that fills the hopper should therefore group
    guaranteed leads, so that they share one such wait, and best where agents are free anyway, as at
    the start of a campaign. It may move them further back, in a new Hopper, at any time.
    """

    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True)
class Dialled:
    """The attempt went out."""

    attempt: AttemptId
    lead: Lead


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end is ringing: the ringing time meant by the rules starts here."""

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
    """Detection decided that a person answered."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class Machine:
    """Detection decided that a machine answered; the attempt is over."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody started to speak: the UK's clock starts here."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class GreetingEnded:
    """The person's greeting is over: the US clock starts here."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class PersonConnected:
    """The person is talking to this agent."""

    attempt: AttemptId
    agent: AgentCode


@dataclass(frozen=True, slots=True)
class GivenMachine:
    """The agent who was given this call has noticed that a machine answered it: detection was
    wrong. Report it at any time, even after the talk; it takes the call out of the limit's count.
    It teaches nothing else: a machine that detection passes on needs an agent like any person."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The person got no agent: we let them go, or they hung up."""

    attempt: AttemptId
    by_customer: bool = False


@dataclass(frozen=True, slots=True)
class AgentReady:
    """The agent is waiting for a call; also reported after a login or a break."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class AgentTalking:
    """The agent is talking, whether on one of our calls or not."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class ScriptStage:
    """The agent's script is at this stage of the talk from now on.

    A stage is any short word. What matters is how long talks still last from there, so a script
    reports its main parts (greeting, offer, order ...) and not each question.
    """

    agent: AgentCode
    stage: StageName


@dataclass(frozen=True, slots=True)
class AgentWrapUp:
    """The talk is over and the agent is doing after-call work."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class AgentWantsBreak:
    """The agent will leave after the current call and its after-call work: don't plan with them."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class AgentGone:
    """The agent has logged out, is away, or is on a break."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class DayBegan:
    """A new day began at ``midnight``, the campaign's local midnight on the clock of ``now``."""

    day: int
    """The number of the day, counted from any fixed day (``date.toordinal()``)."""
    midnight: float


AttemptFact = (
    Dialled | Ringing | Answered | NotAnswered | Person | Machine | SpeechBegan | GreetingEnded
    | PersonConnected | GivenMachine | Abandoned
)  # fmt: skip
StaffFact = AgentReady | AgentTalking | ScriptStage | AgentWrapUp | AgentWantsBreak | AgentGone
PacingFact = AttemptFact | StaffFact | Hopper | DayBegan
