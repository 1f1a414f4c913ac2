"""The interpreter: walks a caller through a flow, as a generator of steps."""

from domain.errors import OffhookError
from ivr_flows.flow import Flow
from ivr_flows.walk import FlowContext, Script, Walk


class UnknownNodeError(OffhookError, LookupError):
    """A call was to go on at a node that the flow doesn't have, or no longer has."""


def run(flow: Flow, context: FlowContext, start: str | None = None) -> Script[None]:
    """Walk a caller through the flow, from its start or, for a call under way, from ``start``.

    The first step comes from ``next()``, each further one from ``.send(outcome)``; after Hangup's
    outcome the generator stops. Close it when the caller hangs up. Raises UnknownNodeError at once;
    ``send()`` raises TypeError if the outcome doesn't fit the step.
    """
    first = flow.start if start is None else start
    if first not in flow.nodes:
        raise UnknownNodeError(
            f"flow {flow.name!r} ({flow.source}) has no node {first!r} to continue at"
        )
    wanted = [language for language in context.languages if language in flow.languages]
    walk = Walk(flow.prompts, wanted or flow.languages, context, flow.announcements.back)
    return _walk(flow, walk, first)


def _walk(flow: Flow, walk: Walk, first: str) -> Script[None]:
    node = flow.nodes[first]
    while True:
        walk.node, walk.exits = node.id, node.exits
        exit_name = yield from node.settings.visit(walk)
        walk.taken_back = False
        if exit_name is None:
            return
        node = flow.nodes[node.exits[exit_name]]
