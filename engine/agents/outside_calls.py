"""Calls people outside whom agents ask, or whom customers are left with; each has a room of their
own.

Only numbers that an admin keeps in the directory are called, and those that are written in flows,
over lines that an admin has opened to flows; by the line that each names, and only while that line
has a free channel: nothing that is typed is dialled. Such a room is named in place of a phone
wherever phones are (``domain.stations.outside_room``), since whoever is in it talks to the customer
as a colleague would (docs/decisions/0025-outside-numbers.md).
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from uuid import uuid4

import structlog

from dialer.causes import cause_of
from domain.centre import Line, OutsideNumber
from domain.identity import CallId, ChannelId, NodeName, StationName
from domain.reasons import Cause
from domain.stations import outside_number, outside_room
from engine.calls.call import LiveCall
from engine.lines_out import LinesOut, Turn
from engine.orders import Orders
from telephony.ami.link import Link
from telephony.ami.originate import Extension, Originate, new_channel_id
from telephony.ami.protocol import ActionFailed, ActionRefused, OutcomeUnknown
from telephony.caller_ids import caller_id_headers, caller_id_of
from telephony.centre_calls import Calls
from telephony.channels import OUTSIDE_ROOM
from telephony.numbers import for_carrier

log = structlog.get_logger()

RING_S = 40.0
"""How long somebody outside is rung, in seconds: the agent, whose customer waits, may give up."""
_NO_CHANNEL_YET_S = 5.0
_AGAIN_S = 0.25


def new_room(number: str) -> StationName:
    """A room for one call to this number."""
    return outside_room(number, uuid4().hex[:12])


def is_outside(station: StationName) -> bool:
    """Whether somebody outside is meant, not a phone of ours."""
    return outside_number(station) is not None


@dataclass(frozen=True, slots=True)
class NotCalled:
    """Somebody outside was not reached. ``cause``: why, as far as it is known."""

    room: StationName
    cause: Cause


Came = Callable[[StationName], None]
Failed = Callable[[NotCalled], None]


class OutsideCalls:
    """The calls to people outside that ring, and those in their rooms."""

    def __init__(
        self,
        lines: LinesOut,
        orders: Orders,
        links: Mapping[NodeName, Link],
        channels: Calls,
        *,
        closing: Callable[[], bool],
        without_channel_s: float = _NO_CHANNEL_YET_S,
    ) -> None:
        self._lines = lines
        self._orders = orders
        self._links = links
        self._channels = channels
        self._closing = closing
        self._without_channel_s = without_channel_s
        self._calling: dict[StationName, ChannelId] = {}
        self._wanted: set[StationName] = set()
        """The rooms of all who were called and have not been let go."""
        self._listeners: list[tuple[Came, Failed]] = []
        self._unrecorded: set[CallId] = set()
        """Customers whose recording pauses while they are with somebody outside."""
        self._ending: set[asyncio.Task[None]] = set()

    def listen(self, came: Came, failed: Failed) -> None:
        """Call ``came`` with the room of each who has answered, ``failed`` for who has not."""
        self._listeners.append((came, failed))

    def may_call(self, who: OutsideNumber, node: NodeName) -> bool:
        """Whether they can be called now: the line has a free channel, and Asterisk listens."""
        return self._links[node].up and not self._closing() and self._lines.free(who.line) > 0

    async def call(
        self, who: OutsideNumber, room: StationName, node: NodeName, ring_s: float = RING_S
    ) -> bool:
        """Call them into their room, at the customer's Asterisk; returns whether they are called.

        The call waits for its turn on a line with a rate, but not long. Who is let go meanwhile
        counts as called. Nothing is dialled again if its fate is unknown: it rings, or
        ``NotCalled`` comes of it.
        """
        line = self._lines.line(who.line)
        if line is None or not self.may_call(who, node):
            return False
        self._wanted.add(room)
        with self._lines.going(line.name):
            async with self._lines.turn(line.name, ahead=True) as turn:
                if room not in self._wanted:
                    return True
                if turn is None or not await self._ask_for(who, room, node, line, turn, ring_s):
                    self._wanted.discard(room)
                    return False
        asyncio.get_running_loop().call_later(self._without_channel_s, self._look_after, room)
        return True

    async def _ask_for(
        self,
        who: OutsideNumber,
        room: StationName,
        node: NodeName,
        line: Line,
        turn: Turn,
        ring_s: float,
    ) -> bool:
        """Ask Asterisk for the call; returns whether it goes out, as far as is known."""
        channel = self._calling[room] = ChannelId(node, new_channel_id())
        turn.goes_out()
        try:
            await self._links[node].originate(_originate(who, room, line, channel, ring_s))
        except OutcomeUnknown as error:
            log.warning("nobody knows whether a call went out", room=room, why=str(error))
        except (ActionFailed, ValueError) as error:
            log.warning(
                "an outside number could not be called", room=room, line=line.name,
                why=str(error),
            )  # fmt: skip
            self._calling.pop(room, None)
            return False
        return True

    def let_go(self, room: StationName) -> None:
        """End their call, or stop ringing them."""
        self._wanted.discard(room)
        leg, ringing = self._channels.leg(room), self._calling.pop(room, None)
        if leg is not None:
            self._orders.hang_up(leg)
        elif ringing is not None:
            task = asyncio.get_running_loop().create_task(self._hang_up(ringing))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    # --- what happens

    def opened(self, room: StationName) -> None:
        """They have answered, and are in their room."""
        self._calling.pop(room, None)
        if room in self._wanted:
            for came, _ in self._listeners:
                came(room)
        elif not self._channels.has_guest(room):
            self.let_go(room)  # they were given up as they answered

    def closed(self, room: StationName) -> None:
        """They have left their room."""
        self._wanted.discard(room)

    def ended(self, channel: ChannelId, cause: int, sip: int) -> None:
        """A channel is gone: perhaps that of somebody who did not answer.

        ``cause`` is Q.850's, ``sip`` the final response; 0 if there was none.
        """
        room = next((at for at, one in self._calling.items() if one == channel), None)
        if room is not None:
            self._fail(NotCalled(room, cause_of(cause or None, sip or None)))

    def seen_in_snapshot(self, talking: Set[StationName]) -> None:
        """After a login: let go whom an earlier controller called, unless a customer, in one of the
        rooms ``talking``, was left with them."""
        for room in set(self._channels.outside_rooms) - self._wanted - talking:
            self.let_go(room)

    # --- the recording of a customer who is left there

    def expects(self, call: LiveCall, who: OutsideNumber) -> None:
        """The customer is about to come to them."""
        if not who.recorded:
            self._unrecorded.add(call.id)
            self._orders.record(call, False)

    def parted(self, call: LiveCall) -> None:
        """The customer is not with them any more. An earlier controller may have paused it."""
        if call.id in self._unrecorded or call.adopted:
            self._unrecorded.discard(call.id)
            self._orders.record(call, True)

    # --- how

    def _look_after(self, room: StationName) -> None:
        """A call without a channel was refused before it had one: its line is unreachable."""
        channel = self._calling.get(room)
        if channel is None or self._channels.channel(channel) is not None:
            return
        link = self._links[channel.node]
        if link.up and link.lag < 1.0:
            self._fail(NotCalled(room, Cause.FAILED))

    def _fail(self, failed: NotCalled) -> None:
        del self._calling[failed.room]
        self._wanted.discard(failed.room)
        for _, tell in self._listeners:
            tell(failed)

    async def _hang_up(self, channel: ChannelId) -> None:
        """A call that was only just placed may have no channel yet: then again, once it has."""
        for _ in range(round(_NO_CHANNEL_YET_S / _AGAIN_S)):
            try:
                headers = {"Channel": channel.uniqueid, "Cause": "16"}
                await self._links[channel.node].action("Hangup", headers)
            except ActionRefused:
                await asyncio.sleep(_AGAIN_S)
            except ActionFailed as error:
                log.info("a call to an outside number could not be hung up", why=str(error))
                return
            else:
                return


def _originate(
    who: OutsideNumber, room: StationName, line: Line, channel: ChannelId, ring_s: float
) -> Originate:
    caller_id = caller_id_of(line, who.caller_id)
    return Originate(
        f"PJSIP/{for_carrier(who.number, line)}@{line.name}",
        Extension(OUTSIDE_ROOM, room),
        channel.uniqueid,
        caller_id="" if caller_id is None else f"<{caller_id}>",
        ring_s=ring_s,
        group=f"{line.name}@line",
        sip_headers=caller_id_headers(line, caller_id),
    )
