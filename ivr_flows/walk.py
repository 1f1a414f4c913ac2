"""One caller's way through a flow: the means by which kinds of nodes speak, listen and branch."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from domain.happening import Happening
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
from ivr_flows.values import LANGUAGE, Value, Values
from ivr_flows.walk_limits import WalkLimits
from ivr_flows.walkable import FlowContext, GoOnIn, OneFlow, Returned, Script
from ivr_flows.whereabouts import Whereabouts

T = TypeVar("T")
U = TypeVar("U")

_LONGEST_LOOK_UP_S = 45.0
"""A service that doesn't answer is waited for no longer, however often it is tried."""


class _WaitIsOver(Exception):  # noqa: N818 - good news
    """An agent is there for a caller who walks the flow for the time of the wait."""


class Walk:
    """Where a caller is, their language, and the keys pressed ahead of a question."""

    def __init__(self, flow: OneFlow, context: FlowContext) -> None:
        wanted = [language for language in context.languages if language in flow.languages]
        self.languages = tuple(wanted) or flow.languages
        self.usual = context.usual if context.usual in self.languages else None
        known = context.language in self.languages
        self.language = context.language if known and context.language else self.languages[0]
        self.taken_back = context.taken_back
        self.queue = context.queue
        built_in = {**context.known, LANGUAGE: self.language}
        self.here = Whereabouts(flow, context.flows, built_in, context.kept)
        self._limits = WalkLimits()
        self._answered = context.answered
        self._waiting = False
        self._typed = ""

    @property
    def waits(self) -> bool:
        """Whether the caller has a place in a queue, and walks an in-queue flow."""
        return self._waiting

    # --- from node to node

    def along(self, first: str) -> Script[Returned | GoOnIn | None]:
        """Walk the nodes of the flow that the call is in, from this one to an end."""
        here, limits = self.here, self._limits
        flow = here.flow
        node = flow.nodes[first]
        while True:
            limits.passes_node()
            here.come_to(node)
            went = yield from node.settings.visit(self)
            self.taken_back = False
            if not isinstance(went, str):
                here.leave(node, None if went is None else _name_of(went))
                return went
            here.leave(node, went)
            node = flow.nodes[node.exits[went]]

    def change_to(self, name: str) -> None:
        """Go over to another flow for good. Raises Stuck if there is none of this name."""
        self.here.change_to(name)
        flow = self.here.flow
        self.languages = tuple(each for each in self.languages if each in flow.languages)
        self.languages = self.languages or flow.languages
        if self.language not in self.languages:
            self.speak(self.languages[0])

    def sub_flow(
        self, name: str, given: Mapping[str, Value]
    ) -> Script[tuple[Returned | GoOnIn | None, Values]]:
        """Walk through another flow; returns how it was left, and its variables.

        Raises Stuck if flows stand in one another too deep, or there is none of this name.
        """
        start = self.here.go_into(name, given)
        values = self.here.values
        try:
            went = yield from self.along(start)
        finally:
            self.here.come_back()
        return went, values

    def meanwhile(self, first: str) -> Script[Returned | None]:
        """Walk the nodes of a waiting caller; None if an agent is there, or the wait is over.

        The caller keeps their place meanwhile.
        """
        here = self.here
        queue, exits = here.node, here.exits
        here.go_into_same()
        self._waiting = True
        before = self._limits.begin_in_queue()
        try:
            went = yield from self.along(first)
            if isinstance(went, Returned) and went.exit is not None:
                here.node, here.exits = queue, exits  # the in-queue flow is over
                step = LeaveQueue(queue)
                self._accepted(step, (yield step), Done, Done)
            return went if isinstance(went, Returned) else None
        except _WaitIsOver:
            return None
        finally:
            self._waiting = False
            self._limits.end_in_queue(before)
            here.come_back()
            self._typed = ""

    # --- what nodes do

    def speak(self, language: str) -> None:
        """All that follows is in this language."""
        self.language = language
        self.here.know({LANGUAGE: language})

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
        step = Play(self.here.node, texts, self.language, interruptible, self._waiting)
        outcome = self._accepted(step, (yield step), Done, Digits)
        self._limits.heard()
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
            self.here.node,
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
        self._limits.asked(outcome, step.first_timeout_s, heard=bool(step.prompts))
        return Digits(typed + outcome.digits, outcome.timed_out)

    def wait_in(self, step: Enqueue) -> Script[Left | MenuIsDue]:
        """Hand the caller to a queue until they come back from it, or the in-queue flow is due."""
        if not step.goes_on:
            yield from self._answer()
            self._typed = ""  # keys pressed before or during the wait don't answer what comes after
        outcome = self._accepted(step, (yield step), Left, MenuIsDue)
        self._limits.waited(talked=isinstance(outcome, Left) and outcome.why == "talked")
        return outcome

    def do(self, step: Step, kind: type[T], other: type[U]) -> Script[T | U]:
        """Have a step done that the caller hears something of, or waits for; its outcome is of one
        of the two kinds."""
        yield from self._answer()
        outcome = self._accepted(step, (yield step), kind, other)
        self._limits.waited()
        return outcome

    def find_out(self, step: Step, kind: type[T], other: type[U]) -> Script[T | U]:
        """Have a step done of which the caller notices nothing; its outcome is of one of the two
        kinds."""
        outcome = self._accepted(step, (yield step), kind, other)
        if isinstance(step, LookUp) and outcome == LookUpFailed(LookUpFault.TIMEOUT):
            self._limits.hears_nothing(min(step.timeout_s * step.tries, _LONGEST_LOOK_UP_S))
        return outcome

    def note(self, what: Happening) -> Script[None]:
        """Write into the call's timeline."""
        step = Note(self.here.node, what)
        self._accepted(step, (yield step), Done, Done)

    def opt_out(self) -> Script[bool]:
        """Put the customer on the do-not-call list; whether that could be done."""
        step = OptOut(self.here.node)
        return isinstance(self._accepted(step, (yield step), Done, NotDone), Done)

    def give_up(self, why: str) -> Script[None]:
        """Say sorry, because the flow leads nowhere, and end the call."""
        yield from self._answer()
        step = Apologise(self.here.node, why, self.language)
        self._accepted(step, (yield step), Done, Done)
        yield from self.hang_up(why)

    def hang_up(self, why: str) -> Script[None]:
        """End the call."""
        step = Hangup(self.here.node, why)
        self._accepted(step, (yield step), Done, Done)

    def texts(self, names: Sequence[str], languages: Sequence[str] = ()) -> tuple[PromptText, ...]:
        """Prompts of the flow that the call is in, filled in with its variables."""
        prompts, values = self.here.flow.prompts, self.here.values
        return tuple(
            prompts[name].spoken(language, values)
            for language in (languages or (self.language,))
            for name in names
        )

    def back_again(self) -> tuple[PromptText, ...]:
        """What callers hear who are taken back into a queue."""
        back = self.here.flow.back
        return self.texts((back,)) if back else ()

    def _answer(self) -> Script[None]:
        # The call is answered when the caller is first to hear something, not before, so that a
        # flow that only hangs up costs them nothing.
        if not self._answered:
            self._answered = True
            step = AnswerCall(self.here.node)
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
