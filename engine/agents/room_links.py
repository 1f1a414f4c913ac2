"""Links between agents' rooms: local channels by which two rooms hear each other, or don't."""

import asyncio
from collections.abc import Set

from domain.identity import ChannelId, NodeName, StationName
from engine.orders import Orders
from telephony.ami.originate import new_channel_id
from telephony.centre_calls import Calls
from telephony.room_names import conference

_ON_ITS_WAY_S = 10.0


class RoomLinks:
    """The links that are wanted, each known by the id of its first half."""

    def __init__(self, orders: Orders, channels: Calls) -> None:
        self._orders = orders
        self._channels = channels
        self._unwanted: set[ChannelId] = set()
        """Those that were given up, perhaps before they had a channel to hang up."""

    def join(self, node: NodeName, asks: StationName, asked: StationName) -> ChannelId:
        """Join the room of whoever ``asks`` to the other; returns the link."""
        link = ChannelId(node, new_channel_id())
        self._orders.link(link, asks, asked)
        return link

    def mute(self, link: ChannelId, asks: StationName, asked: StationName, on: bool) -> None:
        """Let neither room hear the other, or both again."""
        if (half := self._channels.channel(link)) is not None:
            other_half = half.name.removesuffix("1") + "2"
            self._orders.mute(link.node, half.name, conference(asks), on)
            self._orders.mute(link.node, other_half, conference(asked), on)

    def take_down(self, link: ChannelId) -> None:
        """End it, now or as soon as it comes: a colleague must not hear a customer by it."""
        if self._channels.channel(link) is not None:
            self._orders.hang_up(link)
        self._unwanted.add(link)
        loop = asyncio.get_running_loop()
        loop.call_later(_ON_ITS_WAY_S, self._unwanted.discard, link)

    def arrived(self, channel: ChannelId) -> None:
        """A channel is new: perhaps a link that was given up."""
        if channel in self._unwanted:
            self._orders.hang_up(channel)

    def ended(self, channel: ChannelId) -> None:
        """A channel is gone."""
        self._unwanted.discard(channel)

    def end_all_but(self, known: Set[ChannelId | None], node: NodeName) -> None:
        """After a login: end what an earlier controller has left there."""
        for link in self._channels.links(node):
            if link not in known:
                self._orders.hang_up(link)
