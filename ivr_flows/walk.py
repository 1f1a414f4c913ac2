"""One caller's way through a flow: the means by which kinds of nodes speak, listen and branch."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from domain.errors import OffhookError
from domain.facts import Happening
from domain.identity import QueueName
from domain.prompts import PromptText
from ivr_flows.steps import (
    AgentFound,
    AnswerCall,
    Apologise,
    Collect,
    Digits,
    Done,
    Enqueue,
    Hangup,
    LeaveQueue,
    Left,
    LookUp,
    LookUpFailed,
    LookUpFault,
    MenuIsDue,
    NotDone,
    Note,
    OptOut,
    Play,
    Step,
    StepOutcome,
)
from ivr_flows.texts import Prompt
from ivr_flows.values import LANGUAGE, Value, Values, Variable

T = TypeVar("T")
U = TypeVar("U")
Script = Generator[Step, StepOutcome, T]
"""A piece of a flow: steps out, outcomes in, a result at its end."""

DEEPEST = 8
"""Flows that may stand in one another."""
MOST_WITHOUT_WAITING = 100
"""Nodes that a call may pass without the caller's hearing or doing anything."""
MOST_WITHOUT_A_KEY = 300
"""Nodes that a call may pass without anything from the caller: nobody may be there any more. Those
that a caller walks while they wait in a queue are counted anew each time."""
MOST_SILENT_S = 180.0
"""How long a caller may hear nothing, in seconds, while the flow waits for keys or for services."""
_LONGEST_LOOK_UP_S = 45.0
"""A service that doesn't answer is waited for no longer, however often it is tried."""

WENT_ROUND, TOO_DEEP, NO_FLOW = "went_round", "too_deep", "no_flow"
"""Why a call is ended that its flow leads nowhere."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The way out of a sub-flow, or of the flow of a waiting caller."""

    exit: str | None


@dataclass(frozen=True, slots=True)
class GoOnIn:
    """The call goes on at the start of another flow, and doesn't come back."""

    flow: str


Went = str | Returned | GoOnIn | None
"""The exit by which a node was left; None: the call is over."""


class Visited(Protocol):
    """What a node does to a call."""

    @property
    def enters(self) -> str | None:
        """The flow that stands in this node, and returns to it."""

    def visit(self, walk: "Walk") -> Script[Went]:
        """Do the node's work, and return how it was left."""


class OneNode(Protocol):
    """A node of a flow."""

    @property
    def id(self) -> str:
        """Its name in the flow."""

    @property
    def settings(self) -> Visited:
        """What it does."""

    @property
    def exits(self) -> Mapping[str, str]:
        """Where each exit leads."""


class OneFlow(Protocol):
    """A flow, as far as a walk through it needs."""

    @property
    def name(self) -> str:
        """Its name in the centre."""

    @property
    def start(self) -> str:
        """The first node."""

    @property
    def nodes(self) -> Mapping[str, OneNode]:
        """The nodes by id."""

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        """The prompts by name."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those in which it speaks; the first is the default."""

    @property
    def variables(self) -> Mapping[str, Variable]:
        """All that its nodes can name, the built-in ones too."""

    @property
    def back(self) -> str | None:
        """The prompt for callers taken back into a queue after the controller was lost."""


class Stuck(OffhookError):  # noqa: N818 - a flow does this, not our code
    """The flow leads the call nowhere; the argument says why, in a word."""


class _WaitIsOver(Exception):  # noqa: N818 - good news
    """An agent is there for a caller who walks the flow for the time of the wait."""


@dataclass(frozen=True, slots=True)
class FlowContext:
    """What is known about the call before its flow starts.

    ``language`` and ``answered`` are those of a call already under way. ``taken_back``: the
    controller was lost while the caller waited, and the queue node where they start says so.
    ``languages`` are those that the caller may choose from (none: the flow's), ``usual`` is for
    those who don't choose, whatever the flow says. ``queue`` is that of the number called.
    ``known`` are the built-in variables, ``kept`` the others of a call under way, as text.
    ``flows`` are those that this one may lead to.
    """

    language: str | None = None
    answered: bool = False
    taken_back: bool = False
    languages: tuple[str, ...] = ()
    usual: str | None = None
    queue: QueueName | None = None
    known: Mapping[str, Value] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, OneFlow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeLeft:
    """A node that the call has left, and by which exit; None: the call ended there."""

    node: str
    exit: str | None
    flow: str = ""
    """The flow that the call was in; a node of a sub-flow has its way in front of it."""
    own: str = ""
    """The flow that it is a node of: the same, or the sub-flow."""


@dataclass(slots=True)
class _Frame:
    """A flow that the call is in."""

    flow: OneFlow
    values: Values
    way: str
    """Of the node from which it was entered, with a > at its end; "" at the top."""


class Walk:
    """Where a caller is, their language and variables, and the keys pressed ahead of a question."""

    def __init__(self, flow: OneFlow, context: FlowContext) -> None:
        wanted = [language for language in context.languages if language in flow.languages]
        self.node = ""
        self.exits: Mapping[str, str] = {}
        self.languages = tuple(wanted) or flow.languages
        self.usual = context.usual if context.usual in self.languages else None
        known = context.language in self.languages
        self.language = context.language if known and context.language else self.languages[0]
        self.taken_back = context.taken_back
        self.queue = context.queue
        self.passed: list[NodeLeft] = []
        """The nodes left since somebody emptied the list."""
        self._flows = context.flows
        self._known = dict(context.known)
        self._frames = [_Frame(flow, self._values_of(flow), "")]
        self._answered = context.answered
        self._waiting = False
        self._typed = ""
        self._without_waiting = self._without_a_key = 0
        self._silent_s = 0.0
        self._kept = context.kept
        self._resumed: list[str] = []
        self._restore()

    def _values_of(self, flow: OneFlow) -> Values:
        return Values(flow.variables, self._known | {LANGUAGE: self.language})

    # --- what a controller that is lost leaves to the next

    @property
    def kept(self) -> Mapping[str, str]:
        """The variables that are to be remembered, as text; those of a sub-flow by its depth."""
        return {
            f"{depth}.{name}" if depth else name: text
            for depth, frame in enumerate(self._frames)
            if not (depth and self._frames[depth - 1].values is frame.values)  # an in-queue flow
            for name, text in frame.values.kept.items()
        }

    def resume_at(self, nodes: Sequence[str]) -> None:
        """Let the next sub-flows begin at these nodes, one in the other, with what was kept."""
        self._resumed = list(nodes)

    def _restore(self) -> None:
        depth = len(self._frames) - 1
        for key, text in self._kept.items():
            at, _, name = key.rpartition(".")
            if at == (str(depth) if depth else "") and name in self.flow.variables:
                self.values.set(name, text)

    # --- where the call is

    @property
    def flow(self) -> OneFlow:
        """The flow that the call is in."""
        return self._frames[-1].flow

    @property
    def outermost(self) -> OneFlow:
        """The flow that stands in no other."""
        return self._frames[0].flow

    @property
    def values(self) -> Values:
        """The variables of that flow."""
        return self._frames[-1].values

    @property
    def waits(self) -> bool:
        """Whether the caller has a place in a queue, and walks an in-queue flow."""
        return self._waiting

    @property
    def here(self) -> tuple[tuple[str, str], ...]:
        """The nodes in which the call is, each with its flow: the innermost last."""
        frames = self._frames
        if len(frames) == 1:
            return ((self.node, frames[0].flow.name),)
        outer = ((frames[at + 1].way[:-1], one.flow.name) for at, one in enumerate(frames[:-1]))
        return (*outer, (self.node, frames[-1].flow.name))

    def is_secret(self, variable: str) -> bool:
        """Whether this variable of the flow is a secret one."""
        return self.flow.variables[variable].secret

    def way_to(self, node: str) -> str:
        """How a node of this flow is found again: the nodes through which it is entered, too."""
        return self._frames[-1].way + node

    def along(self, first: str) -> Script[Returned | GoOnIn | None]:
        """Walk the nodes of the flow that the call is in, from this one to an end."""
        flow = self.flow
        node = flow.nodes[first]
        while True:
            self._enter(node)
            went = yield from node.settings.visit(self)
            self.taken_back = False
            if not isinstance(went, str):
                ended = None if went is None else _name_of(went)
                self._left(node, ended)
                return went
            self._left(node, went)
            node = flow.nodes[node.exits[went]]

    def _left(self, node: OneNode, exit: str | None) -> None:
        frames = self._frames
        name, own = frames[0].flow.name, frames[-1].flow.name
        self.passed.append(NodeLeft(self.way_to(node.id), exit, name, own))

    def change_to(self, name: str) -> None:
        """Go over to another flow for good. Raises Stuck if there is none of this name."""
        flow = self._flow_named(name)
        self._frames = [_Frame(flow, self._values_of(flow), "")]
        self.languages = tuple(each for each in self.languages if each in flow.languages)
        self.languages = self.languages or flow.languages
        if self.language not in self.languages:
            self.speak(self.languages[0])

    def _flow_named(self, name: str) -> OneFlow:
        if name not in self._flows:
            raise Stuck(NO_FLOW)
        return self._flows[name]

    def _hears_nothing(self, seconds: float) -> None:
        self._silent_s += seconds
        if self._silent_s > MOST_SILENT_S:
            raise Stuck(WENT_ROUND)

    def _enter(self, node: OneNode) -> None:
        self._without_waiting += 1
        self._without_a_key += 1
        if self._without_waiting > MOST_WITHOUT_WAITING or self._without_a_key > MOST_WITHOUT_A_KEY:
            raise Stuck(WENT_ROUND)
        way = self._frames[-1].way
        self.node, self.exits = way + node.id, node.exits
        if way:
            self.exits = {name: way + target for name, target in node.exits.items()}

    def sub_flow(
        self, name: str, given: Mapping[str, Value]
    ) -> Script[tuple[Returned | GoOnIn | None, Values]]:
        """Walk through another flow; returns how it was left, and its variables.

        Raises Stuck if flows stand in one another too deep, or there is none of this name.
        """
        flow = self._flow_named(name)
        if len(self._frames) >= DEEPEST:
            raise Stuck(TOO_DEEP)
        here, exits = self.node, self.exits
        frame = _Frame(flow, self._values_of(flow), here + ">")
        for variable, value in given.items():
            frame.values.know(variable, value)
        self._frames.append(frame)
        start = flow.start
        if self._resumed:
            start = self._resumed.pop(0)
            self._restore()
        try:
            went = yield from self.along(start)
        finally:
            self._frames.pop()
            self.node, self.exits = here, exits
        return went, frame.values

    def meanwhile(self, first: str) -> Script[Returned | None]:
        """Walk the nodes of a waiting caller; None if an agent is there, or the wait is over.

        The caller keeps their place meanwhile.
        """
        here, exits = self.node, self.exits
        frame = self._frames[-1]
        self._frames.append(_Frame(frame.flow, frame.values, here + ">"))
        self._waiting = True
        # They may wait for hours, and the queue knows how long that may be.
        without_a_key, self._without_a_key = self._without_a_key, 0
        try:
            went = yield from self.along(first)
            if isinstance(went, Returned) and went.exit is not None:
                self.node, self.exits = here, exits  # the in-queue flow is over
                step = LeaveQueue(here)
                self._accepted(step, (yield step), Done, Done)
            return went if isinstance(went, Returned) else None
        except _WaitIsOver:
            return None
        finally:
            self._waiting = False
            self._without_a_key = without_a_key
            self._frames.pop()
            self.node, self.exits = here, exits
            self._typed = ""

    # --- what nodes do

    def know(self, values: Mapping[str, Value]) -> None:
        """These are the values of built-in variables now."""
        self._known.update(values)
        for frame in self._frames:
            for name, value in values.items():
                frame.values.know(name, value)

    def speak(self, language: str) -> None:
        """All that follows is in this language."""
        self.language = language
        for frame in self._frames:
            frame.values.know(LANGUAGE, language)

    def say(
        self,
        names: Sequence[str],
        *,
        languages: Sequence[str] = (),
        interruptible: bool = True,
    ) -> Script[None]:
        """Play prompts, in the caller's language or in each of ``languages``.

        A caller who has pressed a key already has stopped listening, so interruptible prompts are
        skipped.
        """
        yield from self._hear(self.texts(names, languages), interruptible=interruptible)

    def play(self, names: Sequence[str], *, interruptible: bool = True) -> Script[None]:
        """Play recordings that were uploaded, which have no text."""
        texts = tuple(PromptText(name, self.language, "") for name in names)
        yield from self._hear(texts, interruptible=interruptible)

    def _hear(self, texts: tuple[PromptText, ...], *, interruptible: bool) -> Script[None]:
        if not texts or (self._typed and interruptible):
            return
        yield from self._answer()
        step = Play(self.node, texts, self.language, interruptible, self._waiting)
        outcome = self._accepted(step, (yield step), Done, Digits)
        self._silent_s = 0.0
        if isinstance(outcome, Digits):
            self._typed += outcome.digits

    def ask(
        self,
        names: Sequence[str],
        *,
        max_digits: int = 1,
        first_timeout_s: float,
        digit_timeout_s: float = 3.0,
        terminators: str = "",
        languages: Sequence[str] = (),
        secret: bool = False,
    ) -> Script[Digits]:
        """Play prompts and collect keys; keys typed ahead are the beginning of the answer."""
        typed, complete = self._take_typed(max_digits, terminators)
        if complete:
            return Digits(typed)
        yield from self._answer()
        step = Collect(
            self.node,
            () if typed else self.texts(names, languages),
            self.language,
            max_digits - len(typed),
            digit_timeout_s if typed else first_timeout_s,
            digit_timeout_s,
            terminators,
            secret,
            self._waiting,
        )
        outcome = self._accepted(step, (yield step), Digits, Digits)
        self._without_waiting = 0
        if outcome.digits:
            self._without_a_key = 0
        if outcome.digits or step.prompts:
            self._silent_s = 0.0
        if outcome.timed_out and not outcome.digits:
            self._hears_nothing(step.first_timeout_s)
        return Digits(typed + outcome.digits, outcome.timed_out)

    def wait_in(self, step: Enqueue) -> Script[Left | MenuIsDue]:
        """Hand the caller to a queue until they come back from it, or the in-queue flow is due."""
        if not step.goes_on:
            yield from self._answer()
            self._typed = ""  # keys pressed before or during the wait don't answer what comes after
        outcome = self._accepted(step, (yield step), Left, MenuIsDue)
        self._without_waiting = 0
        self._silent_s = 0.0
        if isinstance(outcome, Left) and outcome.why == "talked":
            self._without_a_key = 0
        return outcome

    def do(self, step: Step, kind: type[T], other: type[U]) -> Script[T | U]:
        """Have a step done that the caller hears something of, or waits for; its outcome is of one
        of the two kinds."""
        yield from self._answer()
        outcome = self._accepted(step, (yield step), kind, other)
        self._without_waiting = 0
        self._silent_s = 0.0
        return outcome

    def find_out(self, step: Step, kind: type[T], other: type[U]) -> Script[T | U]:
        """Have a step done of which the caller notices nothing; its outcome is of one of the two
        kinds."""
        outcome = self._accepted(step, (yield step), kind, other)
        if isinstance(step, LookUp) and outcome == LookUpFailed(LookUpFault.TIMEOUT):
            self._hears_nothing(min(step.timeout_s * step.tries, _LONGEST_LOOK_UP_S))
        return outcome

    def note(self, what: Happening) -> Script[None]:
        """Write into the call's timeline."""
        step = Note(self.node, what)
        self._accepted(step, (yield step), Done, Done)

    def opt_out(self) -> Script[bool]:
        """Put the customer on the do-not-call list; whether that could be done."""
        step = OptOut(self.node)
        return isinstance(self._accepted(step, (yield step), Done, NotDone), Done)

    def give_up(self, why: str) -> Script[None]:
        """Say sorry, because the flow leads nowhere, and end the call."""
        yield from self._answer()
        step = Apologise(self.node, why, self.language)
        self._accepted(step, (yield step), Done, Done)
        yield from self.hang_up(why)

    def hang_up(self, why: str) -> Script[None]:
        """End the call."""
        step = Hangup(self.node, why)
        self._accepted(step, (yield step), Done, Done)

    def texts(self, names: Sequence[str], languages: Sequence[str] = ()) -> tuple[PromptText, ...]:
        """Prompts of the flow that the call is in, filled in with its variables."""
        prompts, values = self.flow.prompts, self.values
        return tuple(
            prompts[name].spoken(language, values)
            for language in (languages or (self.language,))
            for name in names
        )

    def back_again(self) -> tuple[PromptText, ...]:
        """What callers hear who are taken back into a queue."""
        return self.texts((self.flow.back,)) if self.flow.back else ()

    def _answer(self) -> Script[None]:
        # The call is answered when the caller is first to hear something, not before, so that a
        # flow that only hangs up costs them nothing.
        if not self._answered:
            self._answered = True
            step = AnswerCall(self.node)
            self._accepted(step, (yield step), Done, Done)

    def _take_typed(self, max_digits: int, terminators: str) -> tuple[str, bool]:
        """The keys typed ahead for this question, and whether they answer it completely."""
        for index, key in enumerate(self._typed[:max_digits]):
            if key in terminators:
                taken, self._typed = self._typed[:index], self._typed[index + 1 :]
                return taken, True
        taken, self._typed = self._typed[:max_digits], self._typed[max_digits:]
        return taken, len(taken) == max_digits

    def _accepted(self, step: Step, outcome: StepOutcome, kind: type[T], other: type[U]) -> T | U:
        if isinstance(outcome, kind):
            return outcome
        if isinstance(outcome, other):
            return outcome
        if self._waiting and isinstance(outcome, AgentFound):
            raise _WaitIsOver
        wanted = " or ".join(dict.fromkeys((kind.__name__, other.__name__)))
        # Not what the outcome says: it may be secret digits.
        what, got = type(step).__name__, type(outcome).__name__
        raise TypeError(f"{what} of node {step.node!r} got {got}, not {wanted}")


def _name_of(went: Returned | GoOnIn) -> str:
    return went.flow if isinstance(went, GoOnIn) else went.exit or ""
