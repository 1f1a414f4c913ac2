"""The kinds of nodes that a flow can have. A new kind takes a file here and a line in ``KINDS``."""

from collections.abc import Mapping
from types import MappingProxyType

from ivr_flows.kind import NodeKind
from ivr_flows.nodes.callback import CallbackNode
from ivr_flows.nodes.choose import ChooseNode
from ivr_flows.nodes.collect import CollectNode
from ivr_flows.nodes.hangup import HangupNode
from ivr_flows.nodes.hours import HoursNode
from ivr_flows.nodes.language import LanguageNode
from ivr_flows.nodes.look_up import LookUpNode
from ivr_flows.nodes.menu import MenuNode
from ivr_flows.nodes.opt_out import OptOutNode
from ivr_flows.nodes.pause import PauseNode
from ivr_flows.nodes.play import PlayNode
from ivr_flows.nodes.queue import QueueNode
from ivr_flows.nodes.say import SayNode
from ivr_flows.nodes.set import SetNode
from ivr_flows.nodes.split import SplitNode
from ivr_flows.nodes.sub_flow import FlowNode, GoOnNode, ReturnNode
from ivr_flows.nodes.survey import SurveyNode
from ivr_flows.nodes.transfer import AgentNode, NumberNode
from ivr_flows.nodes.voice import RecordNode, VoicemailNode

KINDS: Mapping[str, type[NodeKind]] = MappingProxyType(
    {
        "say": SayNode,
        "play": PlayNode,
        "language": LanguageNode,
        "menu": MenuNode,
        "collect": CollectNode,
        "choose": ChooseNode,
        "set": SetNode,
        "hours": HoursNode,
        "split": SplitNode,
        "look_up": LookUpNode,
        "queue": QueueNode,
        "agent": AgentNode,
        "number": NumberNode,
        "callback": CallbackNode,
        "voicemail": VoicemailNode,
        "record": RecordNode,
        "survey": SurveyNode,
        "flow": FlowNode,
        "return": ReturnNode,
        "go_on": GoOnNode,
        "pause": PauseNode,
        "opt_out": OptOutNode,
        "hangup": HangupNode,
    }
)
"""Every kind, by the name that flows write after ``kind:``."""
