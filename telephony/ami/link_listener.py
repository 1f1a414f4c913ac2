"""What a link reports, and to whom: snapshots, events, and that it is lost."""

from typing import Protocol

from domain.identity import NodeName
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot


class LinkListener(Protocol):
    """Whoever consumes what a link brings.

    Each time it comes up: ``on_snapshot``, then every event since the login through
    ``on_message``, in order, one at a time. When it is lost, what was received is delivered, then
    ``on_down``. They are called on the loop's thread; an exception in one is logged and costs
    only that call.
    """

    def on_snapshot(self, node: NodeName, snapshot: Snapshot, /) -> None:
        """The link is up, and this is what there is."""

    def on_message(self, node: NodeName, message: Message, /) -> None:
        """One event."""

    def on_down(self, node: NodeName, why: str, /) -> None:
        """The link is lost."""


class Nobody:
    """Listens until the link runs."""

    def on_snapshot(self, _node: NodeName, _snapshot: Snapshot, /) -> None: ...

    def on_message(self, _node: NodeName, _message: Message, /) -> None: ...

    def on_down(self, _node: NodeName, _why: str, /) -> None: ...
