"""The node ``hangup``: end the call."""

from pydantic import Field

from ivr_flows.kind import Exit, NodeKind
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class HangupNode(NodeKind):
    """Hang up. ``why`` goes into the call's record."""

    why: str = Field(default="done", pattern=r"^[a-z][a-z0-9_]*$", description="one word")

    def exits(self) -> tuple[Exit, ...]:
        return ()

    def visit(self, walk: Walk) -> Script[None]:
        yield from walk.hang_up(self.why)
        return None
