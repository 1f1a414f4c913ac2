"""The node ``pause``: wait a moment."""

from pydantic import Field

from ivr_flows.kind import Exit, NodeKind
from ivr_flows.nodes.keys import ThinkingTime
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class PauseNode(NodeKind):
    """Wait for some seconds; a key ends the wait and is ignored."""

    seconds: ThinkingTime = Field(description="how long")

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("next", waits=True),)

    def visit(self, walk: Walk) -> Script[str]:
        yield from walk.ask((), first_timeout_s=self.seconds)
        return "next"
