"""Finds the faults of a flow that show only when its nodes are seen together."""

from collections.abc import Iterator, Mapping

from documents.document import Document
from documents.document_errors import DocumentError, did_you_mean, one_of
from ivr_flows.flow import Node
from ivr_flows.kind import NodeKind


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
                    f'node "{node}" has no exit "{name}"; expected {one_of(exits)}',
                    did_you_mean(name, exits) or "remove it",
                    key=True,
                )
            )
        elif not isinstance(target, str) or target not in nodes:
            faults.append(
                document.fault(
                    path,
                    f'exit "{name}" of node "{node}" leads to "{target}", which is not a node; '
                    f"expected {one_of(nodes)}",
                    did_you_mean(str(target), nodes) or "add that node",
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
                    f'exit "{name}" of node "{node}" leads nowhere; expected a node',
                    f'add "{name}: ..." under its "exits:"',
                    key=True,
                )
            )
    return targets


def graph_faults(
    start: str, nodes: Mapping[str, Node], document: Document
) -> Iterator[DocumentError]:
    """Report nodes that no call can reach, and loops that would spin."""
    reached = _reached(start, nodes)
    for node in nodes:
        if node not in reached:
            yield document.fault(
                ("nodes", node),
                f'no call can reach node "{node}"; expected a way from "{start}"',
                "let an exit lead to it, or remove it",
                key=True,
            )
    loop = _spinning_loop(nodes)
    if loop:
        yield document.fault(
            ("nodes", loop[0]),
            f"the loop {' -> '.join([*loop, loop[0]])} never waits for the caller",
            "put a menu or a pause into it, or let it lead to a hangup",
            key=True,
        )


def _reached(start: str, nodes: Mapping[str, Node]) -> set[str]:
    reached = {start}
    todo = [start]
    while todo:
        for target in nodes[todo.pop()].exits.values():
            if target not in reached:
                reached.add(target)
                todo.append(target)
    return reached


def _spinning_loop(nodes: Mapping[str, Node]) -> list[str]:
    """A loop of exits that are all taken without waiting, if there is one.

    Repeatedly removes the nodes that can't be on a loop because they lead nowhere; a walk through
    the remaining ones must come back to itself.
    """
    at_once = {
        node.id: {node.exits[exit.name] for exit in node.settings.exits() if not exit.waits}
        for node in nodes.values()
    }
    while True:
        ends = [name for name, targets in at_once.items() if not targets & at_once.keys()]
        if not ends:
            break
        for name in ends:
            del at_once[name]
    way: list[str] = []
    here = min(at_once, default=None)
    while here is not None and here not in way:
        way.append(here)
        here = min(at_once[here] & at_once.keys())
    return way[way.index(here) :] if here is not None else []
