"""A call flow that has been loaded and found valid."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.identity import QueueName
from ivr_flows.kind import NodeKind
from ivr_flows.nodes.opt_out import OptOutNode
from ivr_flows.nodes.queue import QueueNode
from ivr_flows.texts import Prompt


@dataclass(frozen=True, slots=True)
class Node:
    """A node, and where every exit of its kind leads: exit name to node id."""

    id: str
    kind: str
    settings: NodeKind
    exits: Mapping[str, str]


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

    @property
    def queues(self) -> frozenset[QueueName]:
        """The queues that callers can get into."""
        found = (getattr(node.settings, "queue", None) for node in self.nodes.values())
        return frozenset(QueueName(queue) for queue in found if queue is not None)

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
