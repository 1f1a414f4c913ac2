"""Checks that a FastAGI session is what it claims to be, by the configuration and by AMI.

The FastAGI server already knows that it comes from our dialplan (docs/decisions/0009).
"""

import asyncio
import re
from collections.abc import Mapping

from domain.identity import ChannelId, NodeName
from engine.calls.live_calls import LiveCalls
from engine.centre_in_force import CentreInForce
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
        in_force: CentreInForce,
        calls: LiveCalls,
        links: Mapping[NodeName, Link],
        channels: Calls,
        *,
        late_s: float,
    ) -> None:
        self._late_s = late_s
        self._in_force = in_force
        self._calls = calls
        self._links = links
        self._channels = channels
        self._awaited: dict[ChannelId, asyncio.Future[None]] = {}

    @property
    def awaited(self) -> frozenset[ChannelId]:
        """Channels that a session has come for and that AMI has not reported yet."""
        return frozenset(self._awaited)

    async def caller(self, channel: ChannelId, line: str, hotline: str) -> None:
        """Check a caller's channel, by ``line`` for ``hotline``. Raises SessionRefused."""
        self._ours(channel)
        if self._calls.hotline(channel.call, hotline) is None:
            raise _unknown("hotline", hotline)
        if line not in self._in_force.lines and not self._calls.on_line(channel.call, line):
            raise _unknown("line", line)
        await self._is(channel, ChannelRole.LINE, line)

    async def customer(self, channel: ChannelId, line: str) -> None:
        """Check the channel of a customer whom we called, by ``line``. Raises SessionRefused."""
        self._ours(channel)
        if line not in self._in_force.lines and not self._calls.on_line(channel.call, line):
            raise _unknown("line", line)
        await self._is(channel, ChannelRole.LINE, line)

    async def phone(self, channel: ChannelId, station: str) -> None:
        """Check a channel of this station's phone. Raises SessionRefused."""
        self._ours(channel)
        if station not in self._in_force.stations:
            raise _unknown("station", station)
        await self._is(channel, ChannelRole.STATION, station)

    def arrived(self, channel: ChannelId) -> None:
        """AMI has reported the channel."""
        awaited = self._awaited.get(channel)
        if awaited is not None and not awaited.done():
            awaited.set_result(None)

    def _ours(self, channel: ChannelId) -> None:
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

    async def _is(self, channel: ChannelId, role: ChannelRole, endpoint: str) -> None:
        link = self._links[channel.node]
        found = self._channels.channel(channel)
        if found is None and link.up:
            await self._told_of(channel)
            found = self._channels.channel(channel)
            if found is None and link.up:
                found = await self._asked_for(link, channel)
        if found is not None:
            _check(channel, found, role, endpoint)

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


def _check(channel: ChannelId, found: ChannelView, role: ChannelRole, endpoint: str) -> None:
    if (found.role, found.endpoint) != (role, endpoint):
        raise SessionRefused(
            "endpoint",
            f"channel {shown(channel.uniqueid)} is {shown(found.name)}, not one of the"
            f" {role.value} {shown(endpoint)}",
        )


def _unknown(what: str, name: str) -> SessionRefused:
    return SessionRefused(
        what,
        f"there is no {what} {shown(name)}; add it to the configuration, or rewrite"
        " Asterisk's configuration so that it no longer has it",
    )
