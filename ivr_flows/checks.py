"""Finds the faults of a flow that show only when its nodes are seen together."""

from collections.abc import Iterator, Mapping

from documents.document import Document
from documents.document_errors import DocumentError, did_you_mean, one_of
from documents.graph.graph import loop_in, reached, without_way_to
from documents.sentence import sentence
from ivr_flows.flow import Node, hurried
from ivr_flows.kind import NodeKind
from ivr_flows.nodes.callback import CallbackNode
from ivr_flows.nodes.choose import ChooseNode
from ivr_flows.nodes.collect import CollectNode
from ivr_flows.nodes.hours import HoursNode
from ivr_flows.nodes.look_up import LookUpNode
from ivr_flows.nodes.menu import MenuNode
from ivr_flows.nodes.pause import PauseNode
from ivr_flows.nodes.play import PlayNode
from ivr_flows.nodes.say import SayNode
from ivr_flows.nodes.set import SetNode
from ivr_flows.nodes.split import SplitNode
from ivr_flows.nodes.sub_flow import ReturnNode
from ivr_flows.references import OtherFlow

WHILE_WAITING = (
    CallbackNode, ChooseNode, CollectNode, HoursNode, LookUpNode, MenuNode, PauseNode, PlayNode,
    ReturnNode, SayNode, SetNode, SplitNode,
)  # fmt: skip
"""The kinds of nodes that an in-queue flow can have: a caller who waits keeps their place there."""


def wired(
    node: str,
    settings: NodeKind,
    given: Mapping[str, object],
    nodes: Mapping[str, object],
    document: Document,
    faults: list[DocumentError],
) -> dict[str, str]:
    """Where each exit of the node's kind leads; what is wrong is added to ``faults``."""
    exits = {exit.name: exit for exit in settings.exits()}
    targets: dict[str, str] = {}
    for name, target in given.items():
        path = ("nodes", node, "exits", name)
        if name not in exits:
            faults.append(
                document.fault(
                    path,
                    sentence(
                        'node "%(node)s" has no exit "%(exit)s"; expected %(exits)s',
                        node=node,
                        exit=name,
                        exits=one_of(exits),
                    ),
                    did_you_mean(name, exits) or sentence("remove it"),
                    key=True,
                )
            )
        elif not isinstance(target, str) or target not in nodes:
            faults.append(
                document.fault(
                    path,
                    sentence(
                        'exit "%(exit)s" of node "%(node)s" leads to "%(target)s", which is not a '
                        "node; expected %(nodes)s",
                        exit=name,
                        node=node,
                        target=str(target),
                        nodes=one_of(nodes),
                    ),
                    did_you_mean(str(target), nodes) or sentence("add that node"),
                )
            )
            targets[name] = ""  # it is there, so don't report it as missing too
        else:
            targets[name] = target
    for name in exits:
        taken: str | None = name
        while taken is not None and taken not in targets:
            taken = exits[taken].otherwise
        if taken is not None:
            targets[name] = targets[taken]
        else:
            faults.append(
                document.fault(
                    ("nodes", node),
                    sentence(
                        'exit "%(exit)s" of node "%(node)s" leads nowhere; expected a node',
                        exit=name,
                        node=node,
                    ),
                    sentence('add "%(exit)s: ..." under its "exits:"', exit=name),
                    key=True,
                )
            )
    return targets


def graph_faults(
    start: str, nodes: Mapping[str, Node], document: Document
) -> Iterator[DocumentError]:
    """Report nodes that no call can reach, loops that would spin, and what is wrong with flows for
    the time of a wait."""
    ways = {node.id: set(node.exits.values()) for node in nodes.values()}
    inner = {
        node.id: {first for _, first in node.settings.inner_starts()} for node in nodes.values()
    }
    whole = {node: ways[node] | inner[node] for node in nodes}
    found = reached([start], whole)
    for node in nodes:
        if node not in found:
            yield document.fault(
                ("nodes", node),
                sentence(
                    'no call can reach node "%(node)s"; expected a way from "%(start)s"',
                    node=node,
                    start=start,
                ),
                sentence("let an exit lead to it, or remove it"),
                key=True,
            )
    at_once = {
        node.id: {node.exits[exit.name] for exit in node.settings.exits() if not exit.waits}
        for node in nodes.values()
    }
    if loop := loop_in(at_once):
        yield document.fault(
            ("nodes", loop[0]),
            sentence(
                "the loop %(loop)s never waits for the caller", loop=" -> ".join([*loop, loop[0]])
            ),
            sentence("put a menu or a pause into it, or let it lead to a hangup"),
            key=True,
        )
    ends = [node.id for node in nodes.values() if not node.settings.exits()]
    for node in sorted(without_way_to(ends, ways) & found):
        yield document.fault(
            ("nodes", node),
            sentence('from node "%(node)s" no call ever comes to an end', node=node),
            sentence("let an exit lead to a hangup"),
            key=True,
        )
    for node, starts in inner.items():
        for first in starts:
            yield from _inner_faults(node, first, ways, nodes, document)


def circle_faults(
    name: str,
    start: str,
    nodes: Mapping[str, Node],
    flows: Mapping[str, OtherFlow],
    document: Document,
) -> Iterator[DocumentError]:
    """Report a flow that is entered again from within itself, by way of others or not, and one that
    goes on in itself at once."""
    enters = {
        node.id: node.settings.enters for node in nodes.values() if node.settings.enters is not None
    }
    others = {each: set(flow.entered) for each, flow in flows.items() if each != name}
    for node, entered in enters.items():
        if name in reached([entered], others):
            yield document.fault(
                ("nodes", node, "flow"),
                sentence(
                    'the flow "%(other)s" leads back into this one, which is not over by then',
                    other=entered,
                ),
                sentence('use "go_on" where a call is not to come back'),
            )
    hasty = {each: flow.hurries_to for each, flow in flows.items() if each != name}
    for node, onward in hurried(start, nodes).items():
        if name in reached([onward], hasty):
            yield document.fault(
                ("nodes", node, "flow"),
                sentence(
                    'going on in the flow "%(other)s" leads back here, and never waits for the '
                    "caller",
                    other=onward,
                ),
                sentence("put a menu or a pause before it"),
            )


def _inner_faults(
    queue: str,
    first: str,
    ways: Mapping[str, set[str]],
    nodes: Mapping[str, Node],
    document: Document,
) -> Iterator[DocumentError]:
    for name in sorted(reached([first], ways)):
        node = nodes[name]
        if not isinstance(node.settings, WHILE_WAITING):
            yield document.fault(
                ("nodes", name, "kind"),
                sentence(
                    'node "%(node)s" (%(kind)s) is in the in-queue flow of "%(queue)s", '
                    "and callers who wait can't go there",
                    node=name,
                    kind=node.kind,
                    queue=queue,
                ),
                sentence('end the in-queue flow with a "return" before it, with an exit'),
            )
        elif isinstance(node.settings, ReturnNode) and node.settings.exit is not None:
            leaves = getattr(nodes[queue].settings, "leaves", {})
            if node.settings.exit not in leaves:
                yield document.fault(
                    ("nodes", name, "exit"),
                    sentence(
                        'the in-queue flow leaves "%(queue)s" with the exit "%(exit)s"; '
                        "expected %(exits)s",
                        queue=queue,
                        exit=node.settings.exit,
                        exits=one_of(leaves),
                    ),
                    sentence('name it under "leaves:" of "%(queue)s"', queue=queue),
                )
