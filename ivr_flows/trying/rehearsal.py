"""A call that is played through a flow without a telephone, up to where somebody does something.

The page that tries a flow out and the tests beside a flow drive it alike: what the caller hears
comes out, and each answer of the caller, of an agent or of a service is given in. Time is the
flow's own: it passes by what is said and by what is waited for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.errors import OffhookError
from domain.identity import QueueName
from domain.prompts import PromptText
from ivr_flows.interpreter import Conversation
from ivr_flows.steps import (
    AgentFound,
    AnswerCall,
    Apologise,
    AskHours,
    BookCallback,
    Collect,
    Digits,
    Done,
    DrawLots,
    Drawn,
    Enqueue,
    Hangup,
    LeaveQueue,
    Left,
    LookedUp,
    LookUp,
    LookUpFailed,
    MenuIsDue,
    NotDone,
    Note,
    Opening,
    OpeningState,
    OptOut,
    Play,
    QueueExit,
    RecordVoice,
    Step,
    StepOutcome,
    TransferToAgent,
    TransferToNumber,
    VoiceRecorded,
)
from ivr_flows.values import CALLED, CALLER, KNOWN, NOW, TODAY, Value
from ivr_flows.walk import FlowContext, NodeLeft, OneFlow

CHARACTERS_A_SECOND: Mapping[str, float] = {"zh-CN": 4.0, "en": 14.0}
"""How fast voices speak, about; for how long a rehearsal says a prompt."""
MOST_STEPS = 2_000
"""More than any call takes; a rehearsal ends there."""

AsksCalendar = Callable[[str | None, datetime], OpeningState | None]
"""What a calendar (None: the number's) says of a civil time; None: there is no such calendar."""


@dataclass(frozen=True, slots=True)
class HeardPrompt:
    """Something that the caller heard. ``prompt``: its name, with the values that it says."""

    at: datetime
    node: str
    prompt: str
    text: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something else that happened, as a plain word and what it is about."""

    at: datetime
    node: str
    what: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class CallBegins:
    """Where a rehearsal begins: who calls which number, and when by the centre's clock."""

    at: datetime
    caller: str | None = None
    called: str | None = None
    known: bool | None = None
    queue: QueueName | None = None
    languages: tuple[str, ...] = ()
    flows: Mapping[str, OneFlow] = field(default_factory=dict)
    lots: float = 0.0
    """What each drawing of lots gives."""


class DoesNotFit(OffhookError):  # noqa: N818 - an answer to whoever tries
    """What was given is not what the call waits for."""


class Rehearsal:
    """One call. ``awaits`` is the step that waits for somebody, None once the call is over."""

    def __init__(self, flow: OneFlow, situation: CallBegins, calendar: AsksCalendar) -> None:
        self.at = situation.at
        self.told: list[HeardPrompt | Happened] = []
        self.way: list[NodeLeft] = []
        self.awaits: Step | None = None
        self.ended: str | None = None
        """Why the call ended; "hung_up" if the caller left."""
        self._situation = situation
        self._calendar = calendar
        self._steps = 0
        known: dict[str, Value] = {
            CALLER: situation.caller,
            CALLED: situation.called,
            KNOWN: situation.known,
        }
        context = FlowContext(
            languages=situation.languages,
            queue=situation.queue,
            known={**known, **_clock(situation.at)},
            flows=situation.flows,
        )
        self._talk = Conversation(flow, context)
        self._go_on(self._talk.begin())

    # --- what somebody does

    def press(self, keys: str) -> None:
        """The caller presses these keys, the first of which cuts short what is said. Raises
        DoesNotFit, as the others do."""
        step = self._waits_for(Collect, Enqueue)
        if isinstance(step, Enqueue):
            if keys not in tuple(step.keys):
                raise DoesNotFit("keys")
            self._happened(step, "pressed", keys)
            self._give(Left(QueueExit.KEY, keys))
            return
        assert isinstance(step, Collect)  # noqa: S101 - it is one of the two
        digits = keys
        for key in step.terminators:
            digits = digits.split(key, 1)[0]
        self._pass(0.5 * len(keys))
        self._happened(step, "pressed", "" if step.secret else keys)
        digits = digits[: step.max_digits]
        ended = len(digits) == step.max_digits or digits != keys
        if not ended:
            self._pass(step.digit_timeout_s)
        self._give(Digits(digits, timed_out=not ended))

    def stay_silent(self) -> None:
        """The caller presses nothing."""
        step = self._waits_for(Collect)
        assert isinstance(step, Collect)  # noqa: S101
        self._pass(step.first_timeout_s)
        self._happened(step, "silent")
        self._give(Digits("", timed_out=True))

    def hang_up(self) -> None:
        """The caller leaves."""
        self._talk.close()
        self.way += self._talk.passed()
        self._happened(self.awaits, "hung_up")
        self.awaits, self.ended = None, "hung_up"

    def leave_queue(self, why: QueueExit, seconds: float = 20.0) -> None:
        """The wait ends like this, for an agent, in a queue or at a number."""
        step = self._waits_for(Enqueue, TransferToAgent, TransferToNumber)
        self._pass(seconds)
        self._happened(step, why.value)
        self._give(Left(why))

    def menu_is_due(self) -> None:
        """The caller has waited so long that the in-queue flow begins."""
        step = self._waits_for(Enqueue)
        if not isinstance(step, Enqueue) or step.every_s is None:
            raise DoesNotFit("menu")
        self._pass(step.every_s)
        self._give(MenuIsDue())

    def agent_found(self) -> None:
        """An agent is there for a caller who walks the in-queue flow."""
        step = self._waits_for(Collect)
        if not isinstance(step, Collect) or not step.waiting:
            raise DoesNotFit("agent")
        self._happened(step, "agent_found")
        self._give(AgentFound())

    def answer(self, outcome: LookedUp | LookUpFailed) -> None:
        """The service answers, or doesn't."""
        step = self._waits_for(LookUp)
        self._pass(1.0)
        self._happened(step, "answered" if isinstance(outcome, LookedUp) else outcome.why.value)
        self._give(outcome)

    def speak(self, seconds: float) -> None:
        """The caller says something after the tone; 0: nothing."""
        step = self._waits_for(RecordVoice)
        self._pass(seconds)
        self._happened(step, "recorded", f"{seconds:g}")
        self._give(VoiceRecorded("rehearsal", seconds))

    def book(self, *, taken: bool) -> None:
        """The callback is noted, or refused."""
        step = self._waits_for(BookCallback)
        self._happened(step, "booked" if taken else "refused")
        self._give(Done() if taken else NotDone())

    # --- what goes by itself

    def _waits_for(self, *kinds: type[Step]) -> Step:
        if self.awaits is None or not isinstance(self.awaits, kinds):
            raise DoesNotFit(type(self.awaits).__name__)
        return self.awaits

    def _give(self, outcome: StepOutcome) -> None:
        self.awaits = None
        self._talk.know(_clock(self.at))
        self._go_on(self._talk.go_on(outcome))

    def _go_on(self, step: Step | None) -> None:
        while step is not None:
            self.way += self._talk.passed()
            self._steps += 1
            if self._steps > MOST_STEPS:
                self.hang_up()
                return
            outcome = self._by_itself(step)
            if outcome is None:
                self.awaits = step
                return
            self._talk.know(_clock(self.at))
            step = self._talk.go_on(outcome)
        self.way += self._talk.passed()

    def _by_itself(self, step: Step) -> StepOutcome | None:
        """The outcome of a step that waits for nobody; None: somebody has to do something."""
        match step:
            case Play():
                self._hear(step, step.prompts)
            case Collect() | Enqueue() | LookUp() | RecordVoice() | BookCallback():
                if isinstance(step, Collect):
                    self._hear(step, step.prompts)
                elif isinstance(step, Enqueue):
                    self._happened(step, "waits", step.queue)
                elif isinstance(step, LookUp):
                    self._happened(step, "asks", step.url)
                    self._hear(step, step.meanwhile)
                return None
            case TransferToAgent():
                self._happened(step, "agent", step.agent)
                return None
            case TransferToNumber():
                self._happened(step, "number", step.number)
                return None
            case AskHours():
                state = self._calendar(step.calendar, self.at)
                return NotDone() if state is None else Opening(state)
            case DrawLots():
                return Drawn(self._situation.lots)
            case Apologise():
                self._happened(step, "apologised", step.why)
            case Hangup():
                self.ended = step.why
                self._happened(step, "ended", step.why)
            case OptOut():
                self._happened(step, "opted_out")
            case AnswerCall() | LeaveQueue() | Note():
                pass
        return Done()

    def _hear(self, step: Step, prompts: tuple[PromptText, ...]) -> None:
        for prompt in prompts:
            self.told.append(HeardPrompt(self.at, step.node, prompt.name, prompt.text))
            self._pass(len(prompt.text) / CHARACTERS_A_SECOND.get(prompt.language, 12.0))

    def _happened(self, step: Step | None, what: str, about: str = "") -> None:
        self.told.append(Happened(self.at, "" if step is None else step.node, what, about))

    def _pass(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def _clock(at: datetime) -> Mapping[str, Value]:
    return {TODAY: at.date(), NOW: _minute(at)}


def _minute(at: datetime) -> Value:
    """The time of day, in whole minutes."""
    return at.time().replace(second=0, microsecond=0, tzinfo=None)
