"""Names of things, each its own type so that a checker keeps them apart."""

from dataclasses import dataclass
from typing import NewType

NodeName = NewType("NodeName", str)
"""One Asterisk, such as ``pbx1``; part of a channel's identity from the first day."""

CallId = NewType("CallId", str)
"""A customer's call: ``<node>-<uniqueid of the customer's channel>``."""

AgentCode = NewType("AgentCode", str)
"""What an agent types to log in, digits only, such as ``1001``."""

StationName = NewType("StationName", str)
"""A phone an agent can sit at: the name of its PJSIP endpoint."""

LineName = NewType("LineName", str)
"""A way calls come in: the PJSIP endpoint of a gateway's FXO ports or of an IP trunk."""

QueueName = NewType("QueueName", str)
ProjectName = NewType("ProjectName", str)
SkillName = NewType("SkillName", str)

ListName = NewType("ListName", str)
"""A campaign's list of leads, as it was handed over."""

AttemptId = NewType("AttemptId", str)
"""One dialling of one number by a campaign."""


@dataclass(frozen=True, slots=True)
class ChannelId:
    """A channel on one of several Asterisks; the uniqueid alone repeats between nodes."""

    node: NodeName
    uniqueid: str

    @classmethod
    def of(cls, call: CallId) -> "ChannelId":
        """The customer's channel of a call: ``call`` of it is the call again."""
        node, _, uniqueid = call.rpartition("-")  # a node's name may have hyphens
        return cls(NodeName(node), uniqueid)

    @property
    def call(self) -> CallId:
        """The call's name, if this is the customer's channel."""
        return CallId(f"{self.node}-{self.uniqueid}")
