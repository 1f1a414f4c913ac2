"""Records what a link reports, and folds it into the channels that there should be."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from domain.identity import NodeName
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.link_listener import LinkListener
from telephony.ami.snapshot import Snapshot


class Watch:
    """Listens to a link. ``channels`` is what a consumer would believe."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.messages: list[Message] = []
        self.snapshots: list[Snapshot] = []
        self.downs: list[str] = []
        self.channels: set[str] = set()
        self.born: list[str] = []
        """The Uniqueid of every Newchannel event."""
        self.spoil: Callable[[Message], object] = lambda _: None
        """What else the consumer does: fail, take its time."""

    def on_message(self, _node: NodeName, message: Message, /) -> None:
        self.told.append(message.name)
        self.messages.append(message)
        if message.name == "Newchannel":
            self.channels.add(message.get("Uniqueid"))
            self.born.append(message.get("Uniqueid"))
        elif message.name == "Hangup":
            self.channels.discard(message.get("Uniqueid"))
        self.spoil(message)

    def on_snapshot(self, _node: NodeName, snapshot: Snapshot, /) -> None:
        self.told.append("+up")
        self.snapshots.append(snapshot)
        self.channels = {channel.get("Uniqueid") for channel in snapshot.channels}

    def on_down(self, _node: NodeName, why: str, /) -> None:
        self.told.append("+down")
        self.downs.append(why)

    def of(self, name: str) -> list[Message]:
        return [message for message in self.messages if message.name == name]


class Running:
    """Runs a link in the background; a crash of it fails the test."""

    def __init__(self, link: Link, listener: LinkListener) -> None:
        self.link = link
        self._listener = listener

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.link.run(self._listener))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.link.close()
        if kind is None:
            await self.task
