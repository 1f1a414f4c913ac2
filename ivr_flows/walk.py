"""One caller's way through a flow: the means by which kinds of nodes speak and listen."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from domain.facts import Happening
from domain.identity import QueueName
from domain.prompts import PromptText
from ivr_flows.steps import (
    AnswerCall,
    Collect,
    Digits,
    Done,
    Enqueue,
    Hangup,
    Left,
    NotDone,
    Note,
    OptOut,
    Play,
    QueueExit,
    Step,
    StepOutcome,
)
from ivr_flows.texts import Prompt

T = TypeVar("T")
Script = Generator[Step, StepOutcome, T]
"""A piece of a flow: steps out, outcomes in, a result at its end."""


@dataclass(frozen=True, slots=True)
class FlowContext:
    """What is known about the call before its flow starts.

    ``language`` and ``answered`` are those of a call already under way. ``taken_back``: the
    controller was lost while the caller waited, and the queue node where they start says so.
    ``languages`` are those that the caller may choose from (none: the flow's), ``usual`` is for
    those who don't choose, whatever the flow says. ``queue`` is that of the number called.
    """

    language: str | None = None
    answered: bool = False
    taken_back: bool = False
    languages: tuple[str, ...] = ()
    usual: str | None = None
    queue: QueueName | None = None


class Walk:
    """Where a caller is in a flow, their language, and the keys pressed ahead of a question.

    ``back`` is the prompt for callers taken back into a queue after the controller was lost.
    """

    def __init__(
        self,
        prompts: Mapping[str, Prompt],
        languages: Sequence[str],
        context: FlowContext,
        back: str | None = None,
    ) -> None:
        self.node = ""
        self.exits: Mapping[str, str] = {}
        self.languages = tuple(languages)
        self.usual = context.usual if context.usual in self.languages else None
        known = context.language in self.languages
        self.language = context.language if known and context.language else self.languages[0]
        self.taken_back = context.taken_back
        self.queue = context.queue
        self.back = back
        self._prompts = prompts
        self._answered = context.answered
        self._typed = ""

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
        texts = self._texts(names, languages)
        if not texts or (self._typed and interruptible):
            return
        yield from self._answer()
        step = Play(self.node, texts, self.language, interruptible)
        outcome = _accepted(step, (yield step), Done, Digits)
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
    ) -> Script[Digits]:
        """Play prompts and collect keys; keys typed ahead are the beginning of the answer."""
        typed, complete = self._take_typed(max_digits, terminators)
        if complete:
            return Digits(typed)
        yield from self._answer()
        step = Collect(
            self.node,
            () if typed else self._texts(names, languages),
            self.language,
            max_digits - len(typed),
            digit_timeout_s if typed else first_timeout_s,
            digit_timeout_s,
            terminators,
        )
        outcome = _accepted(step, (yield step), Digits)
        return Digits(typed + outcome.digits, outcome.timed_out)

    def wait_in(self, queue: QueueName, music: str) -> Script[QueueExit]:
        """Hand the caller to a queue until they come back from it."""
        yield from self._answer()
        self._typed = ""  # keys pressed before or during the wait don't answer what comes after it
        again = self._texts((self.back,), ()) if self.back else ()
        back = again if self.taken_back else ()
        step = Enqueue(self.node, queue, self.language, music, self.exits, back, again)
        return _accepted(step, (yield step), Left).why

    def note(self, what: Happening) -> Script[None]:
        """Write into the call's timeline."""
        step = Note(self.node, what)
        _accepted(step, (yield step), Done)

    def opt_out(self) -> Script[bool]:
        """Let nobody call the customer again; returns whether that could be noted."""
        step = OptOut(self.node)
        return isinstance(_accepted(step, (yield step), Done, NotDone), Done)

    def hang_up(self, why: str) -> Script[None]:
        """End the call."""
        step = Hangup(self.node, why)
        _accepted(step, (yield step), Done)

    def _answer(self) -> Script[None]:
        # The call is answered when the caller is first to hear something, not before, so that a
        # flow that only hangs up costs them nothing.
        if not self._answered:
            self._answered = True
            step = AnswerCall(self.node)
            _accepted(step, (yield step), Done)

    def _texts(self, names: Sequence[str], languages: Sequence[str]) -> tuple[PromptText, ...]:
        return tuple(
            self._prompts[name].spoken(language)
            for language in (languages or (self.language,))
            for name in names
        )

    def _take_typed(self, max_digits: int, terminators: str) -> tuple[str, bool]:
        """The keys typed ahead for this question, and whether they answer it completely."""
        for index, key in enumerate(self._typed[:max_digits]):
            if key in terminators:
                taken, self._typed = self._typed[:index], self._typed[index + 1 :]
                return taken, True
        taken, self._typed = self._typed[:max_digits], self._typed[max_digits:]
        return taken, len(taken) == max_digits


def _accepted(step: Step, outcome: StepOutcome, *kinds: type[T]) -> T:
    for kind in kinds:
        if isinstance(outcome, kind):
            return outcome
    wanted = " or ".join(kind.__name__ for kind in kinds)
    raise TypeError(f"{type(step).__name__} of node {step.node!r} got {outcome!r}, not {wanted}")
