"""The node ``split``: send a share of the callers each way."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from documents.sentence import sentence
from ivr_flows.kind import Exit, NodeFault, NodeKind, Scope
from ivr_flows.steps import DrawLots, Drawn, NotDone
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class SplitNode(NodeKind):
    """Draw lots: each exit is taken by its percentage of the callers."""

    shares: Mapping[str, Annotated[int, Field(ge=0, le=100)]] = Field(
        min_length=2, description="each exit with its percentage; together 100"
    )

    def exits(self) -> tuple[Exit, ...]:
        return tuple(Exit(name, waits=False) for name in self.shares)

    def faults(self, _scope: Scope) -> Iterator[NodeFault]:
        if (total := sum(self.shares.values())) != 100:
            yield NodeFault(
                ("shares",),
                sentence("the shares come to %(total)s percent; expected 100", total=total),
            )

    def visit(self, walk: Walk) -> Script[str]:
        drawn = yield from walk.find_out(DrawLots(walk.here.node), Drawn, NotDone)
        left = drawn.number * 100 if isinstance(drawn, Drawn) else 0.0
        for name, share in self.shares.items():
            left -= share
            if left < 0:
                return name
        return next(reversed(tuple(self.shares)))
