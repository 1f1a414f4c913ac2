"""AMI links without an Asterisk at the other end."""

from domain.identity import NodeName
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.originate import Originate
from telephony.ami.protocol import Headers


class StillLink(Link):
    """A link that is up as long as ``up`` says so, and on which nothing comes."""

    up = True

    def __init__(self, node: NodeName, *, up: bool = True) -> None:
        super().__init__(node, "127.0.0.1", 1, "x", "y")
        self.up = up

    @property
    def sends(self) -> bool:
        return self.up


class TakingLink(StillLink):
    """A link on which everything that is asked for is accepted, and nothing comes of it."""

    def __init__(self, node: NodeName) -> None:
        super().__init__(node)
        self.placed: list[Originate] = []
        self.asked: list[tuple[str, Headers]] = []

    async def originate(self, call: Originate, *, timeout: float = 5.0) -> None:  # noqa: ARG002
        self.placed.append(call)

    async def action(
        self,
        name: str,
        headers: Headers | None = None,
        *,
        timeout: float = 5.0,  # noqa: ARG002
    ) -> Message:
        self.asked.append((name, headers or {}))
        return Message.of({"Response": "Success"})
