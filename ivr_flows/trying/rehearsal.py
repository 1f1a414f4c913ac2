"""A call that is played through a flow without a telephone, up to where somebody does something.

The page that tries a flow out and the tests beside a flow drive it alike: what the caller hears
comes out, and each answer of the caller, of an agent or of a service is given in. Time is the
flow's own: it passes by what is said and by what is waited for.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from domain.errors import OffhookError
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
from ivr_flows.trying.rehearsed import CallBegins, Happened, HeardPrompt, PassedNode, RehearsedStep
from ivr_flows.values import CALLED, CALLER, KNOWN, NOW, TODAY, Value, Values
from ivr_flows.walkable import FlowContext, OneFlow

CHARACTERS_A_SECOND: Mapping[str, float] = {"zh-CN": 4.0, "en": 14.0}
"""How fast voices speak, about; for how long a rehearsal says a prompt."""
MOST_STEPS = 2_000
"""More than any call takes; a rehearsal ends there."""
TOO_LONG = "too_long"
"""Why it ends there."""

_DEAF = (
    Enqueue,
    LookUp,
    RecordVoice,
    BookCallback,
    TransferToAgent,
    TransferToNumber,
    Apologise,
)

AsksCalendar = Callable[[str | None, datetime], OpeningState | None]
"""What a calendar (None: the number's) says of a civil time; None: there is no such calendar."""


class DoesNotFit(OffhookError):  # noqa: N818 - an answer to whoever tries
    """What was given is not what the call waits for."""


class Rehearsal:
    """One call. ``awaits`` is the step that waits for somebody, None once the call is over."""

    def __init__(self, flow: OneFlow, situation: CallBegins, calendar: AsksCalendar) -> None:
        self.at = situation.at
        self.told: list[HeardPrompt | Happened] = []
        self.way: list[PassedNode] = []
        self.trace: list[RehearsedStep] = []
        """All steps up to now with their outcomes."""
        self.awaits: Step | None = None
        self.ended: str | None = None
        """Why the call ended; "hung_up" if the caller left."""
        self._ahead = ""
        self._waited_s = self._waited_since_menu_s = 0.0
        self._situation = situation
        self._calendar = calendar
        self._steps = 0
        known: dict[str, Value] = {
            CALLER: situation.caller,
            CALLED: situation.called,
            KNOWN: situation.known,
        }
        self.context = context = FlowContext(
            languages=situation.languages,
            language=situation.usual,
            usual=situation.usual,
            queue=situation.queue,
            known={**known, **clock_values(situation.at)},
            flows=situation.flows,
        )
        self._talk = Conversation(flow, context)
        self._go_on(self._talk.begin())

    # --- what somebody does

    def press(self, keys: str) -> None:
        """The caller presses these keys, the first of which cuts short what is said. Those that
        the question doesn't take answer the next one. Raises DoesNotFit, as the others do."""
        step = self._waits_for(Collect, Enqueue)
        if isinstance(step, Enqueue):
            if keys not in tuple(step.keys):
                raise DoesNotFit("keys")
            self._happened(step, "pressed", keys)
            self._give(Left(QueueExit.KEY, keys))
            return
        assert isinstance(step, Collect)  # noqa: S101 - it is one of the two
        self._ahead = keys
        self._give(self._keyed(step))

    def _keyed(self, step: Collect) -> Digits:
        """What a question takes of the keys that were pressed."""
        digits, ended, taken = "", False, 0
        for key in self._ahead:
            taken += 1
            ended = key in step.terminators
            if not ended:
                digits += key
                ended = len(digits) == step.max_digits
            if ended:
                break
        keys, self._ahead = self._ahead[:taken], self._ahead[taken:]
        self._pass(0.5 * taken)
        self._happened(step, "pressed", "" if step.secret else keys)
        if not ended:
            self._pass(step.digit_timeout_s)
        return Digits(digits, timed_out=not ended)

    def stay_silent(self) -> None:
        """The caller presses nothing."""
        step = self._waits_for(Collect)
        assert isinstance(step, Collect)  # noqa: S101
        self._pass(step.first_timeout_s)
        self._happened(step, "silent")
        self._give(Digits("", timed_out=True))

    def hang_up(self) -> None:
        """The caller leaves."""
        if self.awaits is None:
            raise DoesNotFit("over")
        self._happened(self.awaits, "hung_up")
        self.trace.append(RehearsedStep(self.awaits, None, self.at))
        self._end("hung_up")

    def _end(self, why: str) -> None:
        self._talk.close()
        self._passed()
        self.awaits, self.ended = None, why

    def leave_queue(self, why: QueueExit, seconds: float = 20.0) -> None:
        """The wait ends like this, for an agent, in a queue or at a number."""
        step = self._waits_for(Enqueue, TransferToAgent, TransferToNumber)
        if why is QueueExit.KEY:
            raise DoesNotFit("key")  # keys are pressed
        self._pass(seconds)
        self._happened(step, "left", why.value)
        self._give(Left(why))

    def wait(self, seconds: float) -> None:
        """The caller waits on, until the in-queue flow is due or they have waited long enough."""
        step = self._waits_for(Enqueue)
        assert isinstance(step, Enqueue)  # noqa: S101
        due = math.inf if step.every_s is None else step.every_s
        longest = math.inf if step.longest_s is None else step.longest_s - self._waited_s
        passed = min(seconds, due - self._waited_since_menu_s, longest)
        self._pass(passed)
        self._waited_s += passed
        self._waited_since_menu_s += passed
        self._happened(step, "waited", f"{passed:g}")
        if passed == longest:
            self._give(Left(QueueExit.TIMEOUT))
        elif self._waited_since_menu_s >= due:
            self._give(MenuIsDue())

    def menu_is_due(self) -> None:
        """The caller has waited so long that the in-queue flow begins."""
        step = self._waits_for(Enqueue)
        if not isinstance(step, Enqueue) or step.every_s is None:
            raise DoesNotFit("menu")
        self._pass(step.every_s)
        self._give(MenuIsDue())

    def agent_found(self) -> None:
        """An agent is there for a caller who walks the in-queue flow."""
        if self.awaits is None or not self._talk.waits:
            raise DoesNotFit("agent")
        self._happened(self.awaits, "agent_found")
        self._give(AgentFound())

    def answer(self, outcome: LookedUp | LookUpFailed) -> None:
        """The service answers, or doesn't."""
        step = self._waits_for(LookUp)
        self._pass(1.0)
        if isinstance(outcome, LookedUp):
            self._happened(step, "answered")
        else:
            self._happened(step, "no_answer", outcome.why.value)
        self._give(outcome)

    def speak(self, seconds: float) -> None:
        """The caller says something after the tone; 0: nothing."""
        step = self._waits_for(RecordVoice)
        self._pass(seconds)
        self._happened(step, "recorded", f"{seconds:g}")
        self._give(VoiceRecorded("rehearsal", seconds))

    def not_recorded(self) -> None:
        """The caller is to speak, and nothing can be recorded."""
        step = self._waits_for(RecordVoice)
        self._happened(step, "not_recorded")
        self._give(NotDone())

    @property
    def values(self) -> Values:
        """The variables, as they are now."""
        return self._talk.values

    @property
    def waits(self) -> bool:
        """Whether the caller keeps a place in a queue, and walks the in-queue flow."""
        return self.awaits is not None and self._talk.waits

    def book(self, *, taken: bool) -> None:
        """The callback is noted, or refused."""
        step = self._waits_for(BookCallback)
        self._happened(step, "booked" if taken else "not_booked")
        self._give(Done() if taken else NotDone())

    # --- what goes by itself

    def _waits_for(self, *kinds: type[Step]) -> Step:
        if self.awaits is None or not isinstance(self.awaits, kinds):
            raise DoesNotFit(type(self.awaits).__name__)
        return self.awaits

    def _give(self, outcome: StepOutcome) -> None:
        assert self.awaits is not None  # noqa: S101 - it is what the outcome is of
        self.trace.append(RehearsedStep(self.awaits, outcome, self.at))
        self.awaits = None
        self._talk.know(clock_values(self.at))
        self._go_on(self._talk.go_on(outcome))

    def _go_on(self, step: Step | None) -> None:
        while step is not None:
            self._passed()
            self._steps += 1
            if self._steps > MOST_STEPS:
                self._happened(step, "ended", TOO_LONG)
                self._end(TOO_LONG)
                return
            ahead = bool(self._ahead)
            outcome = self._by_itself(step)
            if outcome is None:
                self.awaits = step
                return
            ahead = ahead and isinstance(outcome, Digits)
            self.trace.append(RehearsedStep(step, outcome, self.at, ahead))
            self._talk.know(clock_values(self.at))
            step = self._talk.go_on(outcome)
        self._passed()

    def _by_itself(self, step: Step) -> StepOutcome | None:
        """The outcome of a step that waits for nobody; None: somebody has to do something."""
        if isinstance(step, _DEAF) or (isinstance(step, Play) and not step.interruptible):
            self._ahead = ""  # on the phone nobody listens for keys then
        match step:
            case Play() if self._ahead:
                key, self._ahead = self._ahead[0], self._ahead[1:]
                self._happened(step, "pressed", key)
                return Digits(key)
            case Play():
                self._hear(step.node, step.prompts)
            case Collect() if self._ahead:
                return self._keyed(step)
            case Collect():
                self._hear(step.node, step.prompts)
                return None
            case Enqueue():
                self._waited_since_menu_s = 0.0
                if not step.goes_on:
                    self._waited_s = 0.0
                self._happened(step, "waits", step.queue)
                return None
            case LookUp():
                self._happened(step, "asks", step.url)
                self._hear(step.node, step.meanwhile)
                return None
            case RecordVoice():
                self._happened(step, "records")
                return None
            case BookCallback():
                self._happened(step, "books", step.number)
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
                return Drawn(self._situation.lots_at.get(step.node, self._situation.lots))
            case Apologise():
                self._happened(step, "apologised", step.why)
            case Hangup():
                self.ended = step.why
                self._happened(step, "ended", step.why)
            case OptOut():
                if not self._situation.placed:
                    return NotDone()
                self._happened(step, "opted_out")
            case AnswerCall() | LeaveQueue() | Note():
                pass
        return Done()

    def _passed(self) -> None:
        for left in self._talk.passed():
            if left.lacks:
                self.told.append(Happened(self.at, left.node, "lacks", left.lacks))
            self.way.append(PassedNode(self.at, left.node, left.exit, left.flow))

    def _hear(self, node: str, prompts: Iterable[PromptText]) -> None:
        for prompt in prompts:
            heard = HeardPrompt(self.at, node, prompt.name, prompt.text, prompt.language)
            self.told.append(heard)
            self._pass(len(prompt.text) / CHARACTERS_A_SECOND.get(prompt.language, 12.0))

    def _happened(self, step: Step | None, what: str, about: str = "") -> None:
        self.told.append(Happened(self.at, "" if step is None else step.node, what, about))

    def _pass(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def clock_values(at: datetime) -> Mapping[str, Value]:
    """What a flow knows of the time."""
    return {TODAY: at.date(), NOW: _minute(at)}


def _minute(at: datetime) -> Value:
    """The time of day, in whole minutes."""
    return at.time().replace(second=0, microsecond=0, tzinfo=None)
