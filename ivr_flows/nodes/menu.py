"""The node ``menu``: let the caller choose the way to go on with one key."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from documents.sentence import sentence
from domain.flow_facts import ChoiceMade, Misdialled
from ivr_flows.kind import Exit, NodeFault, NodeKind, PromptNames, Scope
from ivr_flows.nodes.keys import ThinkingTime, Tries, key_faults
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

EXHAUSTED = "exhausted"


class MenuNode(NodeKind):
    """Ask for a key; its choice is the exit, or ``exhausted`` once the tries are used up.

    Choices have names of their own, so that reports stay readable when keys change.
    """

    prompts: PromptNames = Field(min_length=1, description="the question")
    keys: Mapping[str, str] = Field(
        min_length=1, description="each key with the name of its choice, which is an exit"
    )
    wrong_key: PromptNames = Field(default=(), description="said after a key that means nothing")
    silence: PromptNames = Field(default=(), description="said when no key was pressed")
    timeout: ThinkingTime = Field(default=6.0, description="seconds to wait for a key")
    tries: Tries = Field(default=3, description="how often to ask altogether")

    def exits(self) -> tuple[Exit, ...]:
        choices = dict.fromkeys(self.keys.values())
        return (*(Exit(choice, waits=True) for choice in choices), Exit(EXHAUSTED, waits=True))

    def faults(self, _scope: Scope) -> Iterator[NodeFault]:
        yield from key_faults(self.keys)
        for key, choice in self.keys.items():
            if choice == EXHAUSTED:
                yield NodeFault(
                    ("keys", key),
                    sentence(
                        '"%(exit)s" is the exit of callers who used up their tries; '
                        "expected another name for this choice",
                        exit=EXHAUSTED,
                    ),
                )

    def visit(self, walk: Walk) -> Script[str]:
        before: tuple[str, ...] = ()
        for attempt in range(1, self.tries + 1):
            answer = yield from walk.ask(before + self.prompts, first_timeout_s=self.timeout)
            choice = self.keys.get(answer.digits)
            if choice is not None:
                yield from walk.note(ChoiceMade(walk.here.node, answer.digits, choice))
                return choice
            yield from walk.note(Misdialled(walk.here.node, answer.digits, attempt))
            silent = answer.timed_out and not answer.digits
            before = self.silence if silent else self.wrong_key
        return EXHAUSTED
