"""The node ``collect``: have the caller key in a number."""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from documents.sentence import sentence
from domain.flow_facts import Misdialled
from ivr_flows.digit_checks import DIGIT_CHECKS, DigitCheck
from ivr_flows.kind import Exit, NodeFault, NodeKind, PromptNames, Scope, VariableSet
from ivr_flows.nodes.keys import ThinkingTime, Tries
from ivr_flows.values import VariableType
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

DONE, EXHAUSTED = "done", "exhausted"


class Terminator(StrEnum):
    """The key that ends the number."""

    POUND = "#"
    STAR = "*"
    NONE = "none"


class CollectNode(NodeKind):
    """Ask for digits and keep them in a variable; ``exhausted`` once the tries are used up.

    What comes is checked before it is accepted. Digits of a secret variable appear nowhere.
    """

    prompts: PromptNames = Field(min_length=1, description="the question")
    variable: str = Field(description="the variable that keeps what is keyed in")
    shortest: int = Field(default=1, ge=1, le=32, description="how many digits there are at least")
    longest: int = Field(default=32, ge=1, le=32, description="how many digits there are at most")
    terminator: Terminator = Field(
        default=Terminator.POUND, strict=False, description='the key that ends it: "#", "*" or none'
    )
    check: DigitCheck = Field(
        default=DigitCheck.DIGITS, strict=False, description="what the digits must be"
    )
    wrong: PromptNames = Field(default=(), description="said after digits that can't be right")
    silence: PromptNames = Field(default=(), description="said when no key was pressed")
    timeout: ThinkingTime = Field(default=8.0, description="seconds to wait for the first key")
    digit_timeout: ThinkingTime = Field(default=4.0, description="seconds to wait for the next key")
    tries: Tries = Field(default=3, description="how often to ask altogether")

    def exits(self) -> tuple[Exit, ...]:
        return (Exit(DONE, waits=True), Exit(EXHAUSTED, waits=True))

    def writes(self) -> Iterator[VariableSet]:
        types = {
            DigitCheck.DATE: (VariableType.DATE, VariableType.DIGITS, VariableType.TEXT),
            DigitCheck.TIME: (VariableType.TIME, VariableType.DIGITS, VariableType.TEXT),
        }.get(self.check, (VariableType.DIGITS, VariableType.NUMBER, VariableType.TEXT))
        yield VariableSet(("variable",), self.variable, types)

    def faults(self, _scope: Scope) -> Iterator[NodeFault]:
        if self.shortest > self.longest:
            yield NodeFault(
                ("shortest",),
                sentence(
                    "at least %(least)s digits are wanted and at most %(most)s; "
                    "expected no more than %(most)s",
                    least=self.shortest,
                    most=self.longest,
                ),
            )
        if self.terminator is Terminator.STAR and self.check is DigitCheck.ID_NUMBER:
            yield NodeFault(
                ("terminator",),
                sentence('an id number can end in X, keyed as *; expected "#" to end it'),
            )

    def visit(self, walk: Walk) -> Script[str]:
        secret = walk.here.is_secret(self.variable)
        ends = "" if self.terminator is Terminator.NONE else self.terminator.value
        before: tuple[str, ...] = ()
        for attempt in range(1, self.tries + 1):
            answer = yield from walk.ask(
                before + self.prompts,
                max_digits=self.longest,
                first_timeout_s=self.timeout,
                digit_timeout_s=self.digit_timeout,
                terminators=ends,
                secret=secret,
            )
            fits = len(answer.digits) >= self.shortest and DIGIT_CHECKS[self.check](answer.digits)
            if fits and walk.here.values.set(self.variable, answer.digits):
                return DONE
            shown = "" if secret else answer.digits
            yield from walk.note(Misdialled(walk.here.node, shown, attempt))
            before = self.wrong if answer.digits else self.silence
        walk.here.values.set(self.variable, None)
        return EXHAUSTED
