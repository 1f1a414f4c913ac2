"""Checks that a FastAGI session is what it claims to be, by the configuration and by AMI.

The FastAGI server already knows that it comes from our dialplan (docs/decisions/0009).
"""

import asyncio
import re
from collections.abc import Mapping

from domain.centre import Centre
from domain.identity import ChannelId, NodeName
from telephony.agi.agi_wire import SessionRefused
from telephony.ami.link import Link
from telephony.ami.protocol import ActionFailed, ActionRefused
from telephony.centre_calls import Calls, ChannelView
from telephony.channels import ChannelRole
from telephony.complaints import shown

_UNIQUEID = re.compile(r"[A-Za-z0-9._]{1,150}")


class Admission:
    """Admits sessions, or refuses them. While a node's link is down, its channels are trusted.

    AMI may report a new channel up to ``late_s`` seconds late before it is asked for it.
    """

    def __init__(
        self,
        centre: Centre,
        links: Mapping[NodeName, Link],
        channels: Calls,
        *,
        late_s: float,
    ) -> None:
        self._late_s = late_s
        self._lines = frozenset(line.name for line in centre.lines)
        self._stations = frozenset(station.name for station in centre.stations)
        self._hotlines = frozenset(hotline.number for hotline in centre.hotlines)
        self._links = links
        self._channels = channels
        self._awaited: dict[ChannelId, asyncio.Future[None]] = {}

    @property
    def awaited(self) -> frozenset[ChannelId]:
        """Channels that a session has come for and that AMI has not reported yet."""
        return frozenset(self._awaited)

    async def caller(self, channel: ChannelId, line: str, hotline: str) -> None:
        """Check a caller's channel, by ``line`` for ``hotline``. Raises SessionRefused."""
        self._configured(channel, "line", line, self._lines)
        self._configured(channel, "hotline", hotline, self._hotlines)
        await self._is(channel, ChannelRole.LINE, line)

    async def phone(self, channel: ChannelId, station: str) -> None:
        """Check a channel of this station's phone. Raises SessionRefused."""
        self._configured(channel, "station", station, self._stations)
        await self._is(channel, ChannelRole.STATION, station)

    def arrived(self, channel: ChannelId) -> None:
        """AMI has reported the channel."""
        awaited = self._awaited.get(channel)
        if awaited is not None and not awaited.done():
            awaited.set_result(None)

    def _configured(self, channel: ChannelId, what: str, name: str, known: frozenset[str]) -> None:
        if channel.node not in self._links:
            raise SessionRefused(
                "node",
                f"Asterisk calls itself {shown(channel.node)}, and the configuration's node is"
                f" {', '.join(self._links)}. If node was renamed, rewrite Asterisk's configuration"
                " (restart Offhook, or `offhook asterisk-conf`) and restart Asterisk",
            )
        if not _UNIQUEID.fullmatch(channel.uniqueid):
            raise SessionRefused(
                "uniqueid",
                f"its uniqueid {shown(channel.uniqueid)} is not one of Asterisk's; systemname in"
                " asterisk.conf must be empty",
            )
        if name not in known:
            raise SessionRefused(
                what,
                f"there is no {what} {shown(name)}; add it to the configuration, or rewrite"
                " Asterisk's configuration so that it no longer has it",
            )

    async def _is(self, channel: ChannelId, role: ChannelRole, endpoint: str) -> None:
        link = self._links[channel.node]
        found = self._channels.channel(channel)
        if found is None and link.up:
            await self._told_of(channel)
            found = self._channels.channel(channel)
            if found is None and link.up:
                found = await self._asked_for(link, channel)
        if found is not None and (found.role, found.endpoint) != (role, endpoint):
            raise SessionRefused(
                "endpoint",
                f"channel {shown(channel.uniqueid)} is {shown(found.name)}, not one of the"
                f" {role.value} {shown(endpoint)}",
            )

    async def _told_of(self, channel: ChannelId) -> None:
        """Wait a while for AMI to report the channel. A new one's event comes by itself."""
        loop = asyncio.get_running_loop()
        awaited = self._awaited.setdefault(channel, loop.create_future())
        try:
            await asyncio.wait((awaited,), timeout=self._late_s)
        finally:
            if self._awaited.get(channel) is awaited:
                del self._awaited[channel]

    async def _asked_for(self, link: Link, channel: ChannelId) -> ChannelView | None:
        """The channel as Asterisk describes it when asked, because events may be late.

        Returns None if there is no answer. Raises SessionRefused if there is no such channel.
        """
        try:
            listed = await link.listing(
                "Status", {"Channel": channel.uniqueid}, item="Status", complete="StatusComplete"
            )
        except ActionRefused as refused:
            if refused.reply.get("Message") != "No such channel":
                return None
            listed = []
        except ActionFailed:
            return None
        for message in listed:
            if message.get("Uniqueid") == channel.uniqueid:
                return self._channels.named(channel.node, message.get("Channel"))
        raise SessionRefused("channel", f"{channel.node} has no channel {shown(channel.uniqueid)}")
