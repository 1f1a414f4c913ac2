"""Names and identifiers, each a type of its own so that mypy keeps them apart."""

from dataclasses import dataclass
from typing import NewType

NodeName = NewType("NodeName", str)
"""The name of one Asterisk, such as ``pbx1``."""

CallId = NewType("CallId", str)
"""A customer's call: ``<node>-<uniqueid of the customer's channel>``."""

AgentCode = NewType("AgentCode", str)
"""What an agent types to log in, digits only, such as ``1001``."""

StationName = NewType("StationName", str)
"""A phone an agent can sit at: the name of its PJSIP endpoint."""

LineName = NewType("LineName", str)
"""A line on which calls come in: the PJSIP endpoint of a gateway's FXO ports or of an IP trunk."""

QueueName = NewType("QueueName", str)
ProjectName = NewType("ProjectName", str)
SkillName = NewType("SkillName", str)
TeamName = NewType("TeamName", str)

ListName = NewType("ListName", str)
"""A campaign's list of leads, as it was delivered."""

CampaignName = NewType("CampaignName", str)

AttemptId = NewType("AttemptId", str)
"""One dialling of one number by a campaign."""

StageName = NewType("StageName", str)
"""A stage of a talk, in the words of the agent's script, such as ``greeting`` or ``offer``."""


@dataclass(frozen=True, slots=True)
class ChannelId:
    """A channel on one of several Asterisks, whose uniqueids alone may coincide."""

    node: NodeName
    uniqueid: str

    @classmethod
    def of(cls, call: CallId) -> "ChannelId":
        """The channel of a call's customer; its ``call`` is the call again."""
        node, _, uniqueid = call.rpartition("-")  # a node's name may have hyphens
        return cls(NodeName(node), uniqueid)

    @property
    def call(self) -> CallId:
        """The call whose customer's channel this is."""
        return CallId(f"{self.node}-{self.uniqueid}")
