"""Nails agents' phones up: each is called once, and stays connected to a room of its own.

Customers come into the room (``engine.inbound.room``), and nothing rings. Asterisk is the truth
about who is nailed up; what is kept here is only who is being called, and who ought to be there.
docs/decisions/0021-agents-in-rooms.md has the reasons.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from acd.commands import AgentChanged
from acd.events import Away
from domain.centre import Encryption, Station, StationKind
from domain.facts import AgentState, Held, Resumed
from domain.identity import AgentCode, CallId, ChannelId, NodeName, StationName
from domain.reasons import Party
from domain.stations import StationState, twin
from engine.agents.agent_news import AgentNews
from engine.agents.kept_rooms import KeptRooms
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.centre_in_force import CentreInForce
from engine.changes import Changes
from engine.orders import Orders
from engine.ports import CallStage, CommandOutcome, LegState
from telephony.ami.link import Link
from telephony.ami.originate import Originate, new_channel_id
from telephony.ami.protocol import ActionFailed, OutcomeUnknown
from telephony.centre_calls import Calls
from telephony.room_names import BEEP, conference, way_in

log = structlog.get_logger()

RING_S = 45.0
"""How long a phone is rung to be nailed up: somebody has to reach it."""
_SEEN_WITHIN_S = RING_S + 3.0
_COMES_WITHIN_S = 5.0
_LOOK_AGAIN_S = 1.0
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


class Rooms:
    """The rooms of all nailed-up phones, and the wishes of those who sit there."""

    def __init__(
        self,
        in_force: CentreInForce,
        changes: Changes,
        calls: LiveCalls,
        floor: LiveFloor,
        orders: Orders,
        links: Mapping[NodeName, Link],
        channels: Calls,
        news: AgentNews,
        kept: KeptRooms,
    ) -> None:
        self._in_force = in_force
        self._changes = changes
        self._calls = calls
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
        self._once: set[StationName] = set()
        """Those that are nailed up for one call: their phones ring for each customer as before."""
        self._coming: set[StationName] = set()
        """Those to whom a customer has just been sent."""
        self._sits: dict[AgentCode, StationName] = {}
        news.listen(self._agent_changed)

    # --- what is there

    def is_open(self, station: StationName) -> bool:
        """Whether the phone is nailed up."""
        return self._channels.leg(station) is not None

    def state(self, station: StationName | None) -> LegState:
        """How it is connected, for the board."""
        if station is None:
            return LegState.OFF
        if self.is_open(station):
            return LegState.UP
        if station in self._calling:
            return LegState.CALLING
        return self._ended.get(station, LegState.OFF)

    # --- wishes

    async def connect(self, agent: AgentCode, *, once: bool = False) -> CommandOutcome:
        """Call the agent's phone, to nail it up; returns before it answers. ``once``: for one call,
        after which ``let_go`` ends it, as may the agent."""
        seat = self._floor.core.agent(agent)
        if seat is None or seat.station is None:
            return CommandOutcome.NOT_LOGGED_IN
        if not once:
            self._once.discard(seat.station)
        if self.is_open(seat.station) or seat.station in self._calling:
            return CommandOutcome.DONE
        if self._channels.station_state(seat.station) is not StationState.IDLE:
            return CommandOutcome.PHONE_NOT_FREE
        if once:
            self._once.add(seat.station)
        return await self._call(seat.station, seat.station)

    def let_go(self, station: StationName) -> None:
        """End the leg of a phone that was nailed up for one call."""
        if station in self._once:
            self._drop(station)

    def disconnect(self, agent: AgentCode) -> CommandOutcome:
        """End the phone's leg; not during a talk."""
        seat = self._floor.core.agent(agent)
        if seat is None or seat.station is None:
            return CommandOutcome.NOT_LOGGED_IN
        if seat.state is AgentState.TALKING:
            return CommandOutcome.TALKING
        self._drop(seat.station)
        return CommandOutcome.DONE

    def end_talk(self, agent: AgentCode) -> CommandOutcome:
        """Send the customer out of the agent's room, back to their session."""
        seat = self._floor.core.agent(agent)
        leg = None if seat is None or seat.station is None else self._channels.leg(seat.station)
        if leg is None or seat is None or seat.station is None:
            return CommandOutcome.NOT_CONNECTED
        if not self._channels.has_guest(seat.station):
            return CommandOutcome.NOT_TALKING
        self._orders.clear_room(leg, conference(seat.station))
        return CommandOutcome.DONE

    def hold(self, agent: AgentCode, on: bool) -> CommandOutcome:
        """Let the customer hear music, and the agent nothing of them; or let them talk again."""
        seat = self._floor.core.agent(agent)
        if seat is None or seat.station is None or not self.is_open(seat.station):
            return CommandOutcome.NOT_CONNECTED
        call = self._customer(seat.station, seat.call)
        if call is None:
            return CommandOutcome.NOT_TALKING
        if call.held_at_desk is on:
            return CommandOutcome.DONE
        call.held_at_desk = on
        self._orders.mute(call, conference(seat.station), on)
        kind = Held if on else Resumed
        self._calls.note(call, kind(agent, seat.station, Party.AGENT))
        view = self._channels.view(call.id)
        by_phone = view is not None and view.held_by_phone
        if not by_phone and call.music is not on:
            call.music = on
            self._orders.music(call, on)
        held = on or (view is not None and view.held)
        self._calls.stage(call, CallStage.HELD if held else CallStage.TALKING)
        return CommandOutcome.DONE

    # --- what happens

    def announce(self, station: StationName) -> bool:
        """A customer is about to come; returns whether there is a room. The agent hears a beep."""
        leg = self._channels.leg(station)
        if leg is not None:
            self._orders.press(leg, BEEP)
            self._coming.add(station)
            asyncio.get_running_loop().call_later(_COMES_WITHIN_S, self._coming.discard, station)
        return leg is not None

    def press(self, station: StationName, key: str) -> None:
        """Let the agent hear a sound, which stands for this key."""
        if (leg := self._channels.leg(station)) is not None:
            self._orders.press(leg, key)

    def opened(self, station: StationName) -> None:
        """The phone is in its room."""
        placed = self._calling.pop(station, None)
        self._ended.pop(station, None)
        if placed is not None and station not in self._floor.at_station:
            self._drop(station)  # its agent has left while it rang
            return
        if station not in self._once:
            self._kept.add(station)
        self._changes.touch()

    def closed(self, station: StationName, leg: ChannelId | None = None) -> None:
        """The phone's leg is gone: its agent is away until they are connected again, or ready."""
        if leg is not None and station in self._coming:
            # They may have come in after the leg's hangup handler looked.
            loop = asyncio.get_running_loop()
            loop.call_later(_LOOK_AGAIN_S, self._nobody_alone, station, leg)
        self._kept.discard(station)
        self._changes.touch()
        if station in self._unwanted or station in self._once:
            self._unwanted.discard(station)
            self._once.discard(station)
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

    def ended(self, channel: ChannelId, cause: int) -> None:
        """A channel is gone: perhaps that of a phone which was to be nailed up."""
        station = next((at for at, one in self._calling.items() if one.channel == channel), None)
        if station is None:
            return
        tried = self._calling.pop(station)
        phone = self._phone(station)
        optional = phone is not None and phone.encryption is Encryption.OPTIONAL
        if cause == _UNACCEPTABLE and optional and tried.endpoint == station:
            asyncio.get_running_loop().create_task(self._call(station, twin(station)))
        else:
            self._failed(station, f"cause {cause}")

    def _nobody_alone(self, station: StationName, leg: ChannelId) -> None:
        if not self.is_open(station):
            self._orders.clear_room(leg, conference(station))

    def seen_in_snapshot(self) -> None:
        """After a login: which legs are there is known, so those that ought to be are missed."""
        if not all(link.up for link in self._links.values()):
            return
        for station in self._kept.all() - set(self._channels.rooms):
            self.closed(station)

    def sound_again(self, call: LiveCall) -> None:
        """A controller before us may have muted a customer whom the agent held."""
        for station in call.ledger.phones:
            if self.is_open(station):
                self._orders.mute(call, conference(station), False)

    # --- how

    async def _call(self, station: StationName, endpoint: str) -> CommandOutcome:
        node = self._channels.home(station)
        if node is None:
            return CommandOutcome.PHONE_NOT_FREE
        phone = self._phone(station)
        analog = phone is not None and phone.kind is StationKind.FXS
        channel = ChannelId(node, new_channel_id())
        self._calling[station] = _Try(channel, endpoint)
        self._changes.touch()
        call = Originate(
            f"PJSIP/{endpoint}",
            way_in(station),
            channel.uniqueid,
            caller_id=f"<{station}>",
            ring_s=RING_S,
            sip_headers={} if analog else _ANSWER_BY_YOURSELF,
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
        asyncio.get_running_loop().call_later(_SEEN_WITHIN_S, self._overdue, station, channel)
        return CommandOutcome.DONE

    def _phone(self, station: StationName) -> Station | None:
        found = (one for one in self._in_force.centre.stations if one.name == station)
        return next(found, None)

    def _overdue(self, station: StationName, channel: ChannelId) -> None:
        if (tried := self._calling.get(station)) is not None and tried.channel == channel:
            self._failed(station, "it has no channel")

    def _failed(self, station: StationName, why: str) -> None:
        log.info("a phone could not be nailed up", station=station, why=why)
        self._calling.pop(station, None)
        self._once.discard(station)
        self._ended[station] = LegState.FAILED
        self._changes.touch()

    def _drop(self, station: StationName) -> None:
        """End the leg, and whatever call is to make one."""
        self._kept.discard(station)
        self._once.discard(station)
        self._ended.pop(station, None)
        leg = self._channels.leg(station)
        if leg is not None:
            self._unwanted.add(station)
            self._orders.hang_up(leg)
        if (tried := self._calling.pop(station, None)) is not None and tried.channel != leg:
            self._orders.hang_up(tried.channel)
        self._changes.touch()

    def _agent_changed(self, change: AgentChanged) -> None:
        here = None if change.state is AgentState.LOGGED_OUT else change.station
        before = self._sits.pop(change.agent, None)
        if here is not None:
            self._sits[change.agent] = here
        if before is not None and before != here:
            self._drop(before)

    def _customer(self, station: StationName, name: CallId | None) -> LiveCall | None:
        call = None if name is None else self._calls.get(name)
        return call if call is not None and station in call.ledger.phones else None
