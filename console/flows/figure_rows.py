"""Puts a flow beside the figures of its calls: each node with its exits, those never taken too."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.flow import Flow, Node
from records.flow_figures import FlowFigures, NodeFigures

_NOBODY = NodeFigures(0, {}, 0, 0, 0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ExitRow:
    """One way out of a node."""

    name: str
    to: str | None
    """The node to which it leads; None: the flow doesn't have this exit any more."""
    calls: int
    share: float
    """Of those who entered the node."""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node. ``kind`` None: the flow doesn't have it any more."""

    node: str
    kind: str | None
    line: int
    figures: NodeFigures
    exits: tuple[ExitRow, ...]
    never: tuple[str, ...]
    """Exits that nobody took, although calls came to the node or could have."""
    share: float
    """Of the calls that came to the busiest node."""

    @property
    def hung_up_share(self) -> float:
        """Of those who entered it."""
        return _share(self.figures.hung_up, self.figures.entered)


def figure_rows(flow: Flow | None, figures: FlowFigures) -> tuple[NodeRow, ...]:
    """The nodes in the order of the flow's text, then those that it had in other revisions.
    ``flow`` None: nobody knows what it looks like."""
    nodes: Mapping[str, Node] = {} if flow is None else flow.nodes
    most = max((one.entered for one in figures.nodes.values()), default=0)
    gone = sorted(set(figures.nodes) - set(nodes))
    ordered = [*sorted(nodes, key=lambda name: nodes[name].line), *gone]
    return tuple(
        _row(name, nodes.get(name), figures.nodes.get(name, _NOBODY), most) for name in ordered
    )


def _row(name: str, node: Node | None, figures: NodeFigures, most: int) -> NodeRow:
    wanted = {} if node is None else _exits(node)
    taken = [exit for exit in figures.exits if exit not in wanted]
    exits = tuple(
        ExitRow(
            exit,
            None if node is None else node.exits.get(exit),
            (calls := figures.exits.get(exit, 0)),
            _share(calls, figures.entered),
        )
        for exit in (*wanted, *sorted(taken))
    )
    return NodeRow(
        name,
        None if node is None else node.kind,
        0 if node is None else node.line,
        figures,
        exits,
        tuple(exit for exit in wanted if not figures.exits.get(exit)),
        _share(figures.entered, most),
    )


def _exits(node: Node) -> dict[str, str]:
    """The exits of which somebody would wonder why nobody takes them: not those that lead where
    another one does anyway because nobody has said otherwise."""
    return {
        exit.name: node.exits[exit.name]
        for exit in node.settings.exits()
        if exit.name in node.exits and node.exits[exit.name] != node.exits.get(exit.otherwise or "")
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
