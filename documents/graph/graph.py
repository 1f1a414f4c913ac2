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
    left = {node: ways.keys() & targets for node, targets in ways.items()}
    onward = {node: len(targets) for node, targets in left.items()}
    back = _back(left)
    ends = [node for node, count in onward.items() if count == 0]
    while ends:
        end = ends.pop()
        del left[end]
        for node in back.get(end, ()):
            onward[node] -= 1
            if onward[node] == 0:
                ends.append(node)
    way: dict[str, int] = {}
    here = min(left, default=None)
    while here is not None and here not in way:
        way[here] = len(way)
        here = min(left[here] & left.keys())
    return list(way)[way[here] :] if here is not None else []


def without_way_to(ends: Collection[str], ways: Ways) -> Set[str]:
    """The nodes from which none of ``ends`` can be reached."""
    return ways.keys() - reached(ends, _back(ways))


def _back(ways: Ways) -> dict[str, set[str]]:
    """Each node with those that can come just before."""
    back: dict[str, set[str]] = {}
    for node, targets in ways.items():
        for target in targets:
            back.setdefault(target, set()).add(node)
    return back
