"""AMI links without an Asterisk at the other end."""

from domain.identity import NodeName
from telephony.ami.link import Link


class StillLink(Link):
    """A link that is up as long as ``up`` says so, and on which nothing comes."""

    up = True

    def __init__(self, node: NodeName, *, up: bool = True) -> None:
        super().__init__(node, "127.0.0.1", 1, "x", "y")
        self.up = up
