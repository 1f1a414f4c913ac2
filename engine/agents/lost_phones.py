"""Notices phones that die during a talk, so that the caller is back in the queue at once.

A phone is lost if nothing has come from it for a while, neither RTP nor RTCP, and its contact
doesn't answer OPTIONS either. One of the two is not enough: a phone that suppresses silence sends
nothing for minutes, and a gateway may be too busy for OPTIONS. If we can't ask (the link is down,
the list is empty), no talk is ended.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress

import structlog

from domain.identity import ChannelId, NodeName, StationName
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from telephony.ami.link import Link
from telephony.ami.protocol import ActionFailed, OutcomeUnknown
from telephony.centre_calls import Calls
from telephony.rtp_activity import COUNTERS, SILENT_S, RtpActivity

log = structlog.get_logger()

LOOK_EVERY_S = 10.0

_GONE = ("Unreachable", "Removed")
"""A contact's status when the phone doesn't answer; any other may mean that it is there."""


class LostPhones:
    """Checks phones that talk or are nailed up, and ends the legs of those that are gone."""

    def __init__(
        self,
        clock: Clock,
        calls: LiveCalls,
        links: Mapping[NodeName, Link],
        channels: Calls,
    ) -> None:
        self.silent_s = SILENT_S
        self._clock = clock
        self._calls = calls
        self._links = links
        self._channels = channels
        self._pulse = RtpActivity()

    async def run(self) -> None:
        """Look regularly, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Look once at each phone that talks, or is nailed up."""
        talking = list(self._talking())
        self._pulse.keep({channel for _, channels in talking for channel in channels})
        for station, channels in talking:
            with suppress(ActionFailed):  # it has just hung up, or the link is down
                silent = [await self._silent(channel) for channel in channels]
                if min(silent) >= self.silent_s and not await self._reachable(station, channels):
                    await self._lost(station, channels)
                else:
                    self._mark(station, lost=False)  # it has come back

    def _talking(self) -> Iterator[tuple[StationName, list[ChannelId]]]:
        stations = {
            station for call in self._calls.by_id.values() for station in call.ledger.phones
        }
        stations |= set(self._channels.rooms)
        for station in sorted(stations):
            channels = self._channels.answered_channels(station)
            if channels:
                yield station, channels

    async def _silent(self, channel: ChannelId) -> float:
        counters = await self._get(channel.node, COUNTERS, channel=channel)
        return self._pulse.counted(channel, counters, self._clock.now())

    async def _reachable(self, station: StationName, channels: list[ChannelId]) -> bool:
        """Whether any of its contacts answers; a phone without contacts has unregistered."""
        node = channels[0].node
        contacts = await self._get(node, f"PJSIP_AOR({station},contact)")
        for contact in filter(None, contacts.split(",")):
            if await self._get(node, f"PJSIP_CONTACT({contact},status)") not in _GONE:
                return True
        return False

    async def _get(self, node: NodeName, variable: str, *, channel: ChannelId | None = None) -> str:
        headers = {"Variable": variable}
        if channel is not None:
            headers["Channel"] = channel.uniqueid
        reply = await self._links[node].action("Getvar", headers)
        return reply.get("Value")

    async def _lost(self, station: StationName, channels: list[ChannelId]) -> None:
        log.warning(
            "a phone died during a talk or in its room: it sends nothing and doesn't answer; its"
            " caller waits again, at the head of the queue",
            station=station,
            silent_s=self.silent_s,
        )
        # Before its legs are ended, because that event may come before the answer.
        self._mark(station, lost=True)
        failed = [not await self._ended(channel) for channel in channels]
        if all(failed):
            # It may come back, and the talk may end as usual: then the caller has been served.
            self._mark(station, lost=False)

    async def _ended(self, channel: ChannelId) -> bool:
        """Hang up; returns whether that may have been done."""
        try:
            await self._links[channel.node].action("Hangup", {"Channel": channel.uniqueid})
        except OutcomeUnknown:
            return True  # the next look sees whether the phone is there after all
        except ActionFailed as error:
            log.warning(
                "a dead phone's leg could not be ended", channel=str(channel), why=str(error)
            )
            return False
        return True

    def _mark(self, station: StationName, *, lost: bool) -> None:
        for call in self._calls.by_id.values():
            if station in call.ledger.phones and lost:
                call.phone_lost = station
            elif station in call.ledger.phones and call.phone_lost == station:
                call.phone_lost = None
