"""The node ``opt_out``: a customer whom a campaign has called asks not to be called again."""

from ivr_flows.kind import Exit, NodeKind
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

FAILED = "failed"


class OptOutNode(NodeKind):
    """Put the customer's number on the do-not-call list of the project, or of the centre, as the
    campaign says. ``failed``: the caller called us, and no campaign's list is theirs to leave."""

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("next", waits=False), Exit(FAILED, waits=False, otherwise="next"))

    def visit(self, walk: Walk) -> Script[str]:
        noted = yield from walk.opt_out()
        return "next" if noted else FAILED
