"""Nails agents' phones up: each is called once, and stays connected to a room of its own.

Asterisk is the truth about who is nailed up; what is kept here is only who is being called, and who
ought to be there. A phone may also be borrowed: called like this for a single call, which its agent
makes or a colleague asks them about, and let go after it. What goes on in the rooms is in
``engine.agents.rooms``; docs/decisions/0021-agents-in-rooms.md has the reasons.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from acd.commands import AgentChanged
from acd.events import Away
from domain.agent_facts import AgentState
from domain.centre import Encryption, Station, StationKind
from domain.identity import AgentCode, ChannelId, NodeName, StationName
from domain.stations import StationState, twin
from engine.agents.agent_news import AgentNews
from engine.agents.kept_rooms import KeptRooms
from engine.agents.live_floor import LiveFloor
from engine.board_ports import LegState
from engine.centre_in_force import CentreInForce
from engine.centre_ports import CommandOutcome
from engine.changes import Changes
from engine.orders import Orders
from telephony.ami.link import Link
from telephony.ami.originate import Originate, new_channel_id
from telephony.ami.protocol import ActionFailed, OutcomeUnknown
from telephony.centre_calls import Calls
from telephony.room_names import way_in

log = structlog.get_logger()

RING_S = 45.0
"""How long a phone is rung to be nailed up: somebody has to reach it."""
BORROW_S = 25.0
"""How long a phone is rung for a colleague who asks: their customer waits meanwhile."""
_LATE_S = 3.0
GONE = "disconnected"
"""Why an agent is away whose leg has ended."""

_UNACCEPTABLE = 58
"""The cause of a phone that refuses the sound it is offered: SRTP, or none (see centre_files)."""

_ANSWER_BY_YOURSELF = {
    "Call-Info": "<sip:offhook>;answer-after=0",
    "Alert-Info": "<http://127.0.0.1>;info=alert-autoanswer",
}
"""Softphones that know either of these answer at once; the others ring."""


@dataclass(frozen=True, slots=True)
class _Try:
    """A phone is being called to be nailed up."""

    channel: ChannelId
    endpoint: str
    once: bool = False
    """It is borrowed, not to stay."""
    asked_by: StationName | None = None
    """The phone of the colleague for whom it is borrowed, if it is for one."""


class NailedUp:
    """The legs of all nailed-up phones, and the wishes of those who sit there."""

    def __init__(
        self,
        in_force: CentreInForce,
        changes: Changes,
        floor: LiveFloor,
        orders: Orders,
        links: Mapping[NodeName, Link],
        channels: Calls,
        news: AgentNews,
        kept: KeptRooms,
    ) -> None:
        self._in_force = in_force
        self._changes = changes
        self._floor = floor
        self._orders = orders
        self._links = links
        self._channels = channels
        self._kept = kept
        self._calling: dict[StationName, _Try] = {}
        self._ended: dict[StationName, LegState] = {}
        """How the last try or the last leg ended, until the next."""
        self._unwanted: set[StationName] = set()
        """Those whose legs we are ending."""
        self._borrowed_here: set[StationName] = set()
        """Those that this controller has borrowed."""
        self._sits: dict[AgentCode, StationName] = {}
        news.listen(self._agent_changed)

    # --- what is there

    def is_open(self, station: StationName) -> bool:
        """Whether the phone is nailed up, or borrowed."""
        return self._channels.leg(station) is not None

    def is_borrowed(self, station: StationName) -> bool:
        """Whether it is in its room for one call only."""
        return station in self._kept.borrowed

    def is_being_called(self, station: StationName) -> bool:
        """Whether it is rung to be nailed up or borrowed."""
        return station in self._calling

    def state(self, station: StationName | None) -> LegState:
        """How it is connected, for the board."""
        if station is None:
            return LegState.OFF
        if self.is_open(station):
            return LegState.UP
        tried = self._calling.get(station)
        if tried is not None and tried.asked_by is None:
            return LegState.CALLING
        return self._ended.get(station, LegState.OFF)

    # --- wishes

    async def connect(self, agent: AgentCode, *, once: bool = False) -> CommandOutcome:
        """Call the agent's phone, to nail it up; returns before it answers. ``once``: for one call,
        after which ``let_go`` ends it, as may the agent."""
        seat = self._floor.core.agent(agent)
        if seat is None or seat.station is None:
            return CommandOutcome.NOT_LOGGED_IN
        if self.is_open(seat.station) and self.is_borrowed(seat.station) and not once:
            self._kept.add(seat.station)
            self._changes.touch()
        tried = self._calling.get(seat.station)
        if tried is not None and not once:
            self._calling[seat.station] = replace(tried, once=False, asked_by=None)
        if self.is_open(seat.station) or seat.station in self._calling:
            return CommandOutcome.DONE
        if self._channels.station_state(seat.station) is not StationState.IDLE:
            return CommandOutcome.PHONE_NOT_FREE
        return await self._call(seat.station, seat.station, once=once)

    def disconnect(self, agent: AgentCode) -> CommandOutcome:
        """End the phone's leg; not during a talk."""
        seat = self._floor.core.agent(agent)
        if seat is None or seat.station is None:
            return CommandOutcome.NOT_LOGGED_IN
        if seat.state is AgentState.TALKING:
            return CommandOutcome.TALKING
        self._drop(seat.station)
        return CommandOutcome.DONE

    async def borrow(self, station: StationName, asked_by: StationName) -> bool:
        """Ring an idle phone, to ask its agent about a call; returns whether it is rung."""
        if self._channels.station_state(station) is not StationState.IDLE:
            return False
        called = await self._call(station, station, once=True, asked_by=asked_by)
        return called is CommandOutcome.DONE

    def let_go(self, station: StationName) -> None:
        """End the leg of a borrowed phone, or stop ringing it. Another stays as it is."""
        tried = self._calling.get(station)
        if self.is_borrowed(station) or (tried is not None and tried.once):
            self._drop(station)

    def take_over(self, station: StationName) -> None:
        """The call for which an earlier controller has borrowed it goes on."""
        self._borrowed_here.add(station)

    def left_over(self) -> frozenset[StationName]:
        """Phones that an earlier controller has borrowed."""
        return self._kept.borrowed - self._borrowed_here

    # --- what happens

    def opened(self, station: StationName) -> None:
        """The phone is in its room."""
        placed = self._calling.pop(station, None)
        self._ended.pop(station, None)
        unwanted = placed is None and station in self._unwanted  # it was hung up as it answered
        if unwanted or (placed is not None and station not in self._floor.at_station):
            self._drop(station)  # or its agent has left while it rang
            return
        if placed is not None and placed.once:
            self._kept.borrow(station)
            self._borrowed_here.add(station)
        elif not self.is_borrowed(station):
            self._kept.add(station)
        self._changes.touch()

    def closed(self, station: StationName) -> None:
        """The phone's leg is gone: its agent is away until they are connected again, or ready."""
        borrowed = self.is_borrowed(station)
        self._kept.discard(station)
        self._changes.touch()
        if station in self._unwanted or borrowed:
            self._unwanted.discard(station)
            return
        self._ended[station] = LegState.LOST
        agent = self._floor.at_station.get(station)
        log.warning(
            "a nailed-up phone has hung up, or died; its agent is away until it is connected again",
            station=station,
            agent=agent,
        )
        seat = None if agent is None else self._floor.core.agent(agent)
        if seat is not None and seat.state is not AgentState.PAUSED:
            self._floor.feed(Away(seat.code, GONE))

    def ended(self, channel: ChannelId, cause: int) -> StationName | None:
        """A channel is gone: perhaps that of a phone which was to be nailed up, which is then
        returned."""
        station = next((at for at, one in self._calling.items() if one.channel == channel), None)
        if station is None:
            return None
        tried = self._calling[station]
        phone = self._phone(station)
        optional = phone is not None and phone.encryption is Encryption.OPTIONAL
        if cause == _UNACCEPTABLE and optional and tried.endpoint == station:
            again = self._call(station, twin(station), once=tried.once, asked_by=tried.asked_by)
            asyncio.get_running_loop().create_task(again)
        else:
            self._failed(station, f"cause {cause}")
        return station

    def seen_in_snapshot(self) -> None:
        """After a login: which legs are there is known, so those that ought to be are missed."""
        if not all(link.up for link in self._links.values()):
            return
        for station in (self._kept.all() | self._kept.borrowed) - set(self._channels.rooms):
            self.closed(station)

    # --- how

    async def _call(
        self,
        station: StationName,
        endpoint: str,
        *,
        once: bool = False,
        asked_by: StationName | None = None,
    ) -> CommandOutcome:
        node = self._channels.home(station)
        if node is None:
            self._calling.pop(station, None)
            return CommandOutcome.PHONE_NOT_FREE
        phone = self._phone(station)
        analog = phone is not None and phone.kind is StationKind.FXS
        channel = ChannelId(node, new_channel_id())
        self._calling[station] = _Try(channel, endpoint, once, asked_by)
        self._unwanted.discard(station)
        self._changes.touch()
        ring_s = RING_S if asked_by is None else BORROW_S
        call = Originate(
            f"PJSIP/{endpoint}",
            way_in(station),
            channel.uniqueid,
            caller_id=f"<{asked_by or station}>",
            ring_s=ring_s,
            sip_headers={} if analog or asked_by is not None else _ANSWER_BY_YOURSELF,
            codecs="alaw,ulaw" if analog else "alaw,ulaw,g722",
        )
        try:
            await self._links[node].originate(call)
        except OutcomeUnknown as error:
            log.info(
                "nobody knows whether a phone is being called", station=station, why=str(error)
            )
        except (ActionFailed, ValueError) as error:
            self._failed(station, str(error))
            return CommandOutcome.PHONE_NOT_FREE
        asyncio.get_running_loop().call_later(ring_s + _LATE_S, self._overdue, station, channel)
        return CommandOutcome.DONE

    def _phone(self, station: StationName) -> Station | None:
        found = (one for one in self._in_force.centre.stations if one.name == station)
        return next(found, None)

    def _overdue(self, station: StationName, channel: ChannelId) -> None:
        if (tried := self._calling.get(station)) is not None and tried.channel == channel:
            self._failed(station, "it has no channel")

    def _failed(self, station: StationName, why: str) -> None:
        log.info("a phone could not be nailed up", station=station, why=why)
        tried = self._calling.pop(station, None)
        if tried is None or tried.asked_by is None:
            self._ended[station] = LegState.FAILED
        self._changes.touch()

    def _drop(self, station: StationName) -> None:
        """End the leg, and whatever call is to make one."""
        leg = self._channels.leg(station)
        if leg is not None:
            self._unwanted.add(station)
            self._orders.hang_up(leg)
        self._kept.discard(station)
        self._ended.pop(station, None)
        if (tried := self._calling.pop(station, None)) is not None and tried.channel != leg:
            self._orders.hang_up(tried.channel)
            self._unwanted.add(station)
        self._changes.touch()

    def _agent_changed(self, change: AgentChanged) -> None:
        here = None if change.state is AgentState.LOGGED_OUT else change.station
        before = self._sits.pop(change.agent, None)
        if here is not None:
            self._sits[change.agent] = here
        if before is not None and before != here:
            self._drop(before)
