"""The nodes ``flow`` and ``return``: walk through another flow, and come back from it."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from ivr_flows.kind import Exit, Mention, NameOf, NodeKind, VariableRead, VariableSet, listed
from ivr_flows.walk import Walk
from ivr_flows.walkable import GoOnIn, Returned, Script, Went

DONE = "done"


class FlowNode(NodeKind):
    """Walk through another flow, and take the exit with which it returns."""

    flow: str = Field(min_length=1, description="the other flow's name")
    give: Mapping[str, str] = Field(
        default={}, description="variables of the other flow, each with the variable given to it"
    )
    take: Mapping[str, str] = Field(
        default={}, description="variables of this flow, each with the one it is taken from"
    )
    returns: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        default=(DONE,), min_length=1, description="the exits with which the other flow returns"
    )

    @property
    def enters(self) -> str | None:
        return self.flow

    def exits(self) -> tuple[Exit, ...]:
        return tuple(Exit(name, waits=False) for name in dict.fromkeys(self.returns))

    def mentions(self) -> Iterator[Mention]:
        yield Mention(("flow",), NameOf.FLOW, self.flow)

    def reads(self) -> Iterator[VariableRead]:
        for theirs, ours in self.give.items():
            yield VariableRead(("give", theirs), ours, secret=True)

    def writes(self) -> Iterator[VariableSet]:
        for ours in self.take:
            yield VariableSet(("take", ours), ours)

    def visit(self, walk: Walk) -> Script[Went]:
        given = {theirs: walk.here.values[ours] for theirs, ours in self.give.items()}
        went, values = yield from walk.sub_flow(self.flow, given)
        if not isinstance(went, Returned):
            return went
        for ours, theirs in self.take.items():
            walk.here.values.set(ours, values[theirs])
        return went.exit if went.exit in self.returns else self.returns[0]


class ReturnNode(NodeKind):
    """Go back to where this flow was entered: to a node ``flow``, or to the wait in a queue.

    A waiting caller who returns without an exit keeps waiting; with one, they leave the queue.
    """

    exit: str | None = Field(
        default=None, min_length=1, max_length=64, description="the exit to take there"
    )

    def exits(self) -> tuple[Exit, ...]:
        return ()

    def visit(self, walk: Walk) -> Script[Went]:
        yield from ()
        return Returned(self.exit or (None if walk.waits else DONE))


class GoOnNode(NodeKind):
    """Go on in another flow for good."""

    flow: str = Field(min_length=1, description="the other flow's name")

    def exits(self) -> tuple[Exit, ...]:
        return ()

    def mentions(self) -> Iterator[Mention]:
        yield Mention(("flow",), NameOf.FLOW, self.flow)

    def visit(self, walk: Walk) -> Script[Went]:  # noqa: ARG002 - it leaves without a word
        yield from ()
        return GoOnIn(self.flow)
