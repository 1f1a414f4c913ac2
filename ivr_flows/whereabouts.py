"""Where a call is: its node and flow, the flows around that one, and the variables of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ivr_flows.values import Value, Values
from ivr_flows.walk_limits import DEEPEST, NO_FLOW, TOO_DEEP, Stuck
from ivr_flows.walkable import OneFlow, OneNode


@dataclass(frozen=True, slots=True)
class NodeLeft:
    """A node that the call has left, and by which exit; None: the call ended there."""

    node: str
    exit: str | None
    flow: str = ""
    """The flow that the call was in; a node of a sub-flow has its way in front of it."""
    own: str = ""
    """The flow that it is a node of: the same, or the sub-flow."""
    lacks: str = ""
    """The variable for which a service's answer had nothing, so that it counted as none."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """A flow that the call is in."""

    flow: OneFlow
    values: Values
    way: str = ""
    """Of the node from which it was entered, with a > at its end; "" at the top."""
    exits: Mapping[str, str] = field(default_factory=dict)
    """Of that node."""


class Whereabouts:
    """The node and the flow in which a call is, and the flows in which that one stands.

    ``flows`` are all that the call may come to. ``known`` are the built-in variables, ``kept`` what
    an earlier controller kept of the others.
    """

    def __init__(
        self,
        flow: OneFlow,
        flows: Mapping[str, OneFlow],
        known: Mapping[str, Value],
        kept: Mapping[str, str],
    ) -> None:
        self.node = ""
        """How it is found again: the nodes through which it is entered, too."""
        self.exits: Mapping[str, str] = {}
        """Where each exit of the node leads, found again in the same way."""
        self.lacks = ""
        """What is to be said of the node that is about to be left (``NodeLeft.lacks``)."""
        self.passed: list[NodeLeft] = []
        """The nodes left since somebody emptied the list."""
        self._flows = flows
        self._known = dict(known)
        self._kept = kept
        self._resumed: list[str] = []
        self._frames = [self._frame_of(flow)]
        self._stand_in(self._frames[0])
        self._restore()

    def _frame_of(self, flow: OneFlow) -> _Frame:
        return _Frame(flow, Values(flow.variables, self._known))

    def _stand_in(self, frame: _Frame) -> None:
        self.flow = frame.flow
        """The flow that the call is in."""
        self.values = frame.values
        """The variables of that flow."""
        self._way = frame.way

    # --- what a controller that is lost leaves to the next

    @property
    def kept(self) -> Mapping[str, str]:
        """The variables that are to be remembered, as text; those of a sub-flow by its depth."""
        return {
            f"{depth}.{name}" if depth else name: text
            for depth, frame in enumerate(self._frames)
            if not (depth and self._frames[depth - 1].values is frame.values)  # an in-queue flow
            for name, text in frame.values.kept.items()
        }

    def resume_at(self, nodes: Sequence[str]) -> None:
        """Let the next sub-flows begin at these nodes, one in the other, with what was kept."""
        self._resumed = list(nodes)

    def _restore(self) -> None:
        depth = len(self._frames) - 1
        for key, text in self._kept.items():
            at, _, name = key.rpartition(".")
            if at == (str(depth) if depth else "") and name in self.flow.variables:
                self.values.set(name, text)

    # --- where the call is

    @property
    def outermost(self) -> OneFlow:
        """The flow that stands in no other."""
        return self._frames[0].flow

    @property
    def nodes(self) -> tuple[tuple[str, str], ...]:
        """The nodes in which the call is, each with its flow: the innermost last."""
        frames = self._frames
        if len(frames) == 1:
            return ((self.node, frames[0].flow.name),)
        outer = ((frames[at + 1].way[:-1], one.flow.name) for at, one in enumerate(frames[:-1]))
        return (*outer, (self.node, frames[-1].flow.name))

    def is_secret(self, variable: str) -> bool:
        """Whether this variable of the flow is a secret one."""
        return self.flow.variables[variable].secret

    def know(self, values: Mapping[str, Value]) -> None:
        """These are the values of built-in variables now."""
        self._known.update(values)
        for frame in self._frames:
            for name, value in values.items():
                frame.values.know(name, value)

    # --- where it goes

    def come_to(self, node: OneNode) -> None:
        """The call is at this node of the flow now."""
        way = self._way
        self.node, self.exits = way + node.id, node.exits
        if way:
            self.exits = {name: way + target for name, target in node.exits.items()}

    def leave(self, node: OneNode, exit: str | None) -> None:
        """The call has left this node of the flow."""
        name, own = self._frames[0].flow.name, self.flow.name
        lacks, self.lacks = self.lacks, ""
        self.passed.append(NodeLeft(self._way + node.id, exit, name, own, lacks))

    def change_to(self, name: str) -> None:
        """Go over to another flow for good. Raises Stuck if there is none of this name."""
        self._frames = [self._frame_of(self._flow_named(name))]
        self._stand_in(self._frames[0])

    def go_into(self, name: str, given: Mapping[str, Value]) -> str:
        """Enter another flow from this node; returns the node at which to begin there.

        Raises Stuck if flows stand in one another too deep, or there is none of this name.
        """
        flow = self._flow_named(name)
        if len(self._frames) >= DEEPEST:
            raise Stuck(TOO_DEEP)
        values = Values(flow.variables, self._known)
        for variable, value in given.items():
            values.know(variable, value)
        self._push(flow, values)
        if not self._resumed:
            return flow.start
        self._restore()
        return self._resumed.pop(0)

    def go_into_same(self) -> None:
        """Enter the flow in which the call is from this node, with the same variables."""
        self._push(self.flow, self.values)

    def come_back(self) -> Values:
        """Go back to the node from which this flow was entered; returns the flow's variables."""
        left = self._frames.pop()
        self._stand_in(self._frames[-1])
        self.node, self.exits = left.way[:-1], left.exits
        return left.values

    def _push(self, flow: OneFlow, values: Values) -> None:
        self._frames.append(_Frame(flow, values, self.node + ">", self.exits))
        self._stand_in(self._frames[-1])

    def _flow_named(self, name: str) -> OneFlow:
        if name not in self._flows:
            raise Stuck(NO_FLOW)
        return self._flows[name]
