"""The interpreter: walks a caller through a flow, step by step."""

from collections.abc import Mapping

from domain.errors import OffhookError
from ivr_flows.steps import Step, StepOutcome
from ivr_flows.values import Value, Values
from ivr_flows.walk import Walk
from ivr_flows.walk_limits import Stuck
from ivr_flows.walkable import FlowContext, GoOnIn, OneFlow, Script
from ivr_flows.whereabouts import NodeLeft


class UnknownNodeError(OffhookError, LookupError):
    """A call was to go on at a node that the flow doesn't have, or no longer has."""


class Conversation:
    """One caller's walk through a flow, from its start or, for a call under way, from ``start``.

    ``begin`` returns the first step, ``go_on`` each further one; after Hangup's outcome there is
    none. Close it when the caller hangs up. Raises UnknownNodeError at once; ``go_on`` raises
    TypeError if the outcome doesn't fit the step.
    """

    def __init__(self, flow: OneFlow, context: FlowContext, start: str | None = None) -> None:
        self._walk = Walk(flow, context)
        way = (flow.start if start is None else start).split(">")
        _check(flow, way, context)
        self._script = _walked(self._walk, way)

    def begin(self) -> Step:
        """The first step."""
        return next(self._script)

    def go_on(self, outcome: StepOutcome) -> Step | None:
        """The step after this outcome; None: the call is over."""
        try:
            return self._script.send(outcome)
        except StopIteration:
            return None

    def close(self) -> None:
        """The caller has hung up."""
        self._script.close()

    @property
    def flow(self) -> OneFlow:
        """The flow that the call is in."""
        return self._walk.here.flow

    @property
    def waits(self) -> bool:
        """Whether the caller has a place in a queue, and walks an in-queue flow."""
        return self._walk.waits

    @property
    def values(self) -> Values:
        """The variables of the flow that the call is in, for whoever tries a flow out; secret ones
        too."""
        return self._walk.here.values

    @property
    def outermost(self) -> OneFlow:
        """The flow to which those return that the call is in; where it is found again."""
        return self._walk.here.outermost

    @property
    def kept(self) -> Mapping[str, str]:
        """The variables of the call's first flow, to be given to whoever goes on with it."""
        return self._walk.here.kept

    def know(self, values: Mapping[str, Value]) -> None:
        """Tell what the built-in variables are now; the clock goes on during a call."""
        self._walk.here.know(values)

    @property
    def here(self) -> tuple[tuple[str, str], ...]:
        """The nodes in which the call is, each with its flow: the innermost last."""
        return self._walk.here.nodes

    def passed(self) -> list[NodeLeft]:
        """The nodes that were left since this was last asked for."""
        here = self._walk.here
        passed, here.passed = here.passed, []
        return passed


def _check(flow: OneFlow, way: list[str], context: FlowContext) -> None:
    for depth, node in enumerate(way):
        if node not in flow.nodes:
            raise UnknownNodeError(f"flow {flow.name!r} has no node {node!r} to continue at")
        if depth + 1 < len(way):
            name = flow.nodes[node].settings.enters
            if name is None or name not in context.flows:
                raise UnknownNodeError(f"node {node!r} of flow {flow.name!r} enters no other")
            flow = context.flows[name]


def _walked(walk: Walk, way: list[str]) -> Script[None]:
    walk.here.resume_at(way[1:])
    first = way[0]
    try:
        while True:
            went = yield from walk.along(first)
            if not isinstance(went, GoOnIn):
                break
            walk.change_to(went.flow)
            first = walk.here.flow.start
        if went is not None:  # a flow that returns was entered by a caller
            yield from walk.hang_up(went.exit or "done")
    except Stuck as stuck:
        yield from walk.give_up(str(stuck))
