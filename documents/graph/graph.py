"""A graph as a document draws it: nodes, their exits, and what is true of them as a whole. Pure.

Nothing here knows what a node does. The caller supplies, for each node, where its exits lead.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a node.

    ``waits``: by the time it is taken, somebody has acted or time has passed, so a loop through it
    can't spin. ``otherwise``: the exit to take if this one leads nowhere.
    """

    name: str
    waits: bool
    otherwise: str | None = None


Ways = Mapping[str, Collection[str]]
"""Each node with the nodes that can come next."""


def reached(starts: Iterable[str], ways: Ways) -> Set[str]:
    """The nodes that can be reached from ``starts``, and the starts themselves."""
    found = set(starts)
    todo = list(found)
    while todo:
        for target in ways.get(todo.pop(), ()):
            if target not in found:
                found.add(target)
                todo.append(target)
    return found


def loop_in(ways: Ways) -> list[str]:
    """The nodes of a loop, in their order; none if there is no loop.

    Repeatedly removes the nodes that can't be on a loop because they lead nowhere; a walk through
    those that are left must come back to itself.
    """
    left = {node: set(targets) for node, targets in ways.items()}
    while True:
        ends = [node for node, targets in left.items() if not targets & left.keys()]
        if not ends:
            break
        for node in ends:
            del left[node]
    way: list[str] = []
    here = min(left, default=None)
    while here is not None and here not in way:
        way.append(here)
        here = min(left[here] & left.keys())
    return way[way.index(here) :] if here is not None else []


def without_way_to(ends: Collection[str], ways: Ways) -> Set[str]:
    """The nodes from which none of ``ends`` can be reached."""
    back: dict[str, set[str]] = {}
    for node, targets in ways.items():
        for target in targets:
            back.setdefault(target, set()).add(node)
    return ways.keys() - reached(ends, back)
