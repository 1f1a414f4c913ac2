"""The kinds of nodes that a flow can have. A new kind takes a file here and a line in ``KINDS``."""

from collections.abc import Mapping
from types import MappingProxyType

from ivr_flows.kind import NodeKind
from ivr_flows.nodes.hangup import HangupNode
from ivr_flows.nodes.language import LanguageNode
from ivr_flows.nodes.menu import MenuNode
from ivr_flows.nodes.opt_out import OptOutNode
from ivr_flows.nodes.pause import PauseNode
from ivr_flows.nodes.queue import QueueNode
from ivr_flows.nodes.say import SayNode
from ivr_flows.nodes.score import ScoreNode

KINDS: Mapping[str, type[NodeKind]] = MappingProxyType(
    {
        "say": SayNode,
        "language": LanguageNode,
        "menu": MenuNode,
        "queue": QueueNode,
        "score": ScoreNode,
        "opt_out": OptOutNode,
        "pause": PauseNode,
        "hangup": HangupNode,
    }
)
"""Every kind, by the name that flows write after ``kind:``."""
