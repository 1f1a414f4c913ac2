"""A call flow that has been loaded and found valid."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from documents.graph.graph import reached
from domain.identity import QueueName
from ivr_flows.kind import Mention, NameOf, NodeKind
from ivr_flows.nodes.opt_out import OptOutNode
from ivr_flows.nodes.queue import QueueNode
from ivr_flows.nodes.sub_flow import DONE, FlowNode, GoOnNode, ReturnNode
from ivr_flows.texts import Prompt
from ivr_flows.values import BUILT_IN, Variable


@dataclass(frozen=True, slots=True)
class Node:
    """A node, and where every exit of its kind leads: exit name to node id."""

    id: str
    kind: str
    settings: NodeKind
    exits: Mapping[str, str]
    line: int = 0
    """Of the file, where it begins."""


@dataclass(frozen=True, slots=True)
class Announcements:
    """The prompts for waiting callers; None is not said. ``flow_schema`` explains each."""

    next: str | None = None
    position: str | None = None
    wait_short: str | None = None
    wait_minutes: str | None = None
    back: str | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A call's way from the first ring to the end. ``languages[0]`` is the default."""

    name: str
    source: str
    title: Mapping[str, str]
    languages: tuple[str, ...]
    start: str
    prompts: Mapping[str, Prompt]
    nodes: Mapping[str, Node]
    announcements: Announcements
    variables: Mapping[str, Variable] = field(default_factory=lambda: BUILT_IN)
    """Those that it declares, and the built-in ones."""
    note: str | None = None

    @property
    def back(self) -> str | None:
        """The prompt for callers taken back into a queue after the controller was lost."""
        return self.announcements.back

    @property
    def returns(self) -> frozenset[str]:
        """The exits with which it returns to another flow."""
        ends = [node.settings for node in self.nodes.values()]
        return frozenset(one.exit or DONE for one in ends if isinstance(one, ReturnNode)) - {
            leave for one in ends if isinstance(one, QueueNode) for leave in one.leaves
        }

    @property
    def is_piece(self) -> bool:
        """Whether it returns with an exit that only a flow that enters it knows what to do with."""
        return bool(self.returns - {DONE})

    @property
    def entered(self) -> frozenset[str]:
        """The flows that it enters or goes on in."""
        return frozenset(said.name for _, said in self.mentions(NameOf.FLOW))

    @property
    def hurries_to(self) -> Collection[str]:
        """The flows in which it goes on before the caller has heard or done anything."""
        return hurried(self.start, self.nodes).values()

    def mentions(self, of: NameOf) -> Iterator[tuple[Node, Mention]]:
        """Where its nodes name something of this kind that is kept outside it."""
        for node in self.nodes.values():
            for mention in node.settings.mentions():
                if mention.of is of:
                    yield node, mention

    @property
    def queues(self) -> frozenset[QueueName]:
        """The queues that callers can get into."""
        return frozenset(QueueName(said.name) for _, said in self.mentions(NameOf.QUEUE))

    @property
    def needs_queue(self) -> bool:
        """Whether it leads to the queue of the number called, so that the number must have one."""
        return any(
            isinstance(node.settings, QueueNode) and node.settings.queue is None
            for node in self.nodes.values()
        )

    @property
    def lets_opt_out(self) -> bool:
        """Whether a customer can ask in it not to be called again."""
        return any(isinstance(node.settings, OptOutNode) for node in self.nodes.values())


def hurried(start: str, nodes: Mapping[str, Node]) -> dict[str, str]:
    """The nodes by which a call goes on in another flow before its caller has heard or done
    anything, each with that flow. What happens in a node ``flow`` counts as something."""
    ways = {
        node.id: {
            node.exits[exit.name]
            for exit in node.settings.exits()
            if not exit.waits and not isinstance(node.settings, FlowNode)
        }
        for node in nodes.values()
    }
    return {
        node: settings.flow
        for node in sorted(reached([start], ways))
        if isinstance(settings := nodes[node].settings, GoOnNode)
    }
