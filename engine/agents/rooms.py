"""What goes on in the rooms of nailed-up phones: customers come in, are held, and are sent out.

Customers come by their own sessions (``engine.inbound.room``), and nothing rings. How the phones
get into their rooms is in ``engine.agents.nailed_up``.
"""

import asyncio

from domain.floor_facts import Held, Resumed
from domain.identity import AgentCode, CallId, ChannelId, StationName
from domain.reasons import Party
from engine.agents.live_floor import LiveFloor
from engine.board_ports import CallStage
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.centre_ports import CommandOutcome
from engine.orders import Orders
from telephony.centre_calls import Calls
from telephony.room_names import BEEP, conference

_COMES_WITHIN_S = 5.0
_LOOK_AGAIN_S = 1.0


class Rooms:
    """The talks in all rooms."""

    def __init__(self, calls: LiveCalls, floor: LiveFloor, orders: Orders, channels: Calls) -> None:
        self._calls = calls
        self._floor = floor
        self._orders = orders
        self._channels = channels
        self._coming: set[StationName] = set()
        """Those to whom a customer has just been sent."""

    # --- wishes

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
        if seat is None or seat.station is None or self._channels.leg(seat.station) is None:
            return CommandOutcome.NOT_CONNECTED
        call = self.customer(seat.station, seat.call)
        if call is None:
            return CommandOutcome.NOT_TALKING
        self.put_on_hold(call, agent, seat.station, on)
        return CommandOutcome.DONE

    # --- what is there, and how it is done

    def customer(self, station: StationName, name: CallId | None) -> LiveCall | None:
        """The call, if its customer talks to this phone."""
        call = None if name is None else self._calls.get(name)
        return call if call is not None and station in call.ledger.phones else None

    def put_on_hold(self, call: LiveCall, agent: AgentCode, station: StationName, on: bool) -> None:
        """Hold the customer in this room, or let them hear and be heard again; and record it."""
        if call.held_at_desk is on:
            return
        call.held_at_desk = on
        self._orders.mute(call.channel.node, call.channel_name, conference(station), on)
        kind = Held if on else Resumed
        self._calls.note(call, kind(agent, station, Party.AGENT))
        view = self._channels.view(call.id)
        by_phone = view is not None and view.held_by_phone
        if not by_phone and call.music is not on:
            call.music = on
            self._orders.music(call, on)
        held = on or (view is not None and view.held)
        self._calls.stage(call, CallStage.HELD if held else CallStage.TALKING)

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

    # --- what happens

    def closed(self, station: StationName, leg: ChannelId) -> None:
        """The phone's leg is gone: whoever was just coming in must not be alone there."""
        if station in self._coming:
            # They may have come in after the leg's hangup handler looked.
            loop = asyncio.get_running_loop()
            loop.call_later(_LOOK_AGAIN_S, self._nobody_alone, station, leg)

    def sound_again(self, call: LiveCall) -> None:
        """A controller before us may have muted a customer whom the agent held."""
        for station in call.ledger.phones:
            if self._channels.leg(station) is not None:
                node, name = call.channel.node, call.channel_name
                self._orders.mute(node, name, conference(station), False)

    def _nobody_alone(self, station: StationName, leg: ChannelId) -> None:
        if self._channels.leg(station) is None:
            self._orders.clear_room(leg, conference(station))
