"""The nodes ``agent`` and ``number``: let the caller talk with one agent, or somebody outside."""

from collections.abc import Iterator

from pydantic import Field

from domain.identity import AgentCode, LineName
from ivr_flows.kind import Exit, Mention, NameOf, NodeKind, PromptNames
from ivr_flows.steps import Left, NotDone, QueueExit, TransferToAgent, TransferToNumber
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

_EXITS = (
    Exit(QueueExit.TALKED.value, waits=True),
    Exit(QueueExit.TIMEOUT.value, waits=True),
    Exit(QueueExit.FAILED.value, waits=False, otherwise=QueueExit.TIMEOUT.value),
)


class AgentNode(NodeKind):
    """Let the caller talk with one agent, if they are free within some seconds."""

    agent: str = Field(min_length=1, description="the agent's code")
    prompts: PromptNames = Field(default=(), description="said before")
    longest_wait: float = Field(default=30, ge=5, le=600, description="seconds to try it")

    def exits(self) -> tuple[Exit, ...]:
        return _EXITS

    def mentions(self) -> Iterator[Mention]:
        yield Mention(("agent",), NameOf.AGENT, self.agent)

    def visit(self, walk: Walk) -> Script[str]:
        yield from walk.say(self.prompts)
        step = TransferToAgent(
            walk.here.node, AgentCode(self.agent), self.longest_wait, walk.here.exits
        )
        return _exit((yield from walk.do(step, Left, NotDone)))


class NumberNode(NodeKind):
    """Let the caller talk with a number outside, over a line that an admin has allowed for it.

    The number is written in the flow: nothing that a caller keys in is ever dialled.
    """

    number: str = Field(
        pattern=r"^\+[1-9][0-9]{4,14}$", description="the number, with + and the country code"
    )
    line: str = Field(min_length=1, description="the line over which it is called")
    prompts: PromptNames = Field(default=(), description="said before")
    longest_wait: float = Field(default=30, ge=5, le=120, description="seconds to let it ring")

    def exits(self) -> tuple[Exit, ...]:
        return _EXITS

    def mentions(self) -> Iterator[Mention]:
        yield Mention(("line",), NameOf.LINE, self.line)

    def visit(self, walk: Walk) -> Script[str]:
        yield from walk.say(self.prompts)
        step = TransferToNumber(
            walk.here.node, self.number, LineName(self.line), self.longest_wait, walk.here.exits
        )
        return _exit((yield from walk.do(step, Left, NotDone)))


def _exit(outcome: Left | NotDone) -> str:
    if isinstance(outcome, Left) and outcome.why in (QueueExit.TALKED, QueueExit.TIMEOUT):
        return outcome.why.value
    return QueueExit.FAILED.value
