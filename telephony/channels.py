"""Keeps track of an Asterisk's channels and the bridges they are in, from its events. No I/O.

Only Newchannel and a snapshot make a channel. After a snapshot every live channel is known, so an
event about an unknown one is older than the snapshot, and must not revive it.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from enum import Enum

from domain.identity import LineName, StationName
from domain.stations import OWN_PHONES, is_own_phone_call, outside_number, phone_of
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot

ROOM = "agent-room"
"""The context of extensions.conf in which the leg of a nailed-up phone enters its room."""

LINK = "room-aside"
"""The context that links a colleague's room to that of an agent who asks them."""

OUTSIDE_ROOM = "outside-room"
"""The context in which somebody outside, whom an agent asks, enters a room of their own."""

RINGING, UP = 5, 6
PLACED = "offhook."
"""What the uniqueids of channels begin with that we have Asterisk place (``ami.originate``)."""
_BEING_CALLED = (0, RINGING)  # 0 is down: the INVITE has left, and no answer of any kind has come


def number(text: str) -> int:
    """A small number as Asterisk writes it; 0 if it is not a number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0


def pair_of(channel: str) -> str:
    """The name of the pair that this half of it belongs to."""
    return channel.removeprefix("Local/").rpartition(";")[0]


class ChannelRole(Enum):
    """What is at the other end of a channel."""

    LINE = "line"
    STATION = "station"
    LOCAL = "local"  # half of a pair that joins two bridges
    LINK = "link"  # half of one that joins two agents' rooms, but not their customers
    OTHER = "other"


@dataclass(slots=True, eq=False)
class Channel:
    """One live channel."""

    uniqueid: str
    name: str
    role: ChannelRole
    endpoint: str
    """The endpoint's name of a PJSIP channel, the pair's name of a local one."""
    state: int
    linkedid: str
    """Shared by all channels that dialling has tied together."""
    exten: str
    bridge: str = ""
    held: bool | None = False
    """Whether its party holds; None if not known, because the channel was there before us."""
    ever_up: bool = False
    hung_up: int = 0
    """Its place in the order in which parties hung up; 0 if it has not."""
    cause: int = 0
    lost: bool = False
    """Its party has stopped answering without hanging up (the session timer found out)."""
    ended_by_system: bool = False
    """Asterisk or we, not its party, asked it to end."""
    dial_status: str = ""
    in_call: str = ""
    """Uniqueid of the caller that it rings for, or is or was connected with."""
    heir: str = ""
    """Uniqueid of the caller that an attended transfer puts in its place."""
    phone: str = ""
    """Of a customer who calls from one of our own phones: that phone."""
    nailed_up: bool = False
    """It is the leg of a nailed-up phone, in its room."""
    room: str = ""
    """Of somebody outside whom an agent asks: their room, which is named in place of a phone."""

    sip: int = 0
    """The final response that refused it; 0 if there was none."""

    @property
    def being_called(self) -> bool:
        return self.state in _BEING_CALLED

    @property
    def station(self) -> StationName | None:
        """The phone at its other end, or the room of somebody outside; None if it is neither."""
        if self.room:
            return StationName(self.room)
        return StationName(self.endpoint) if self.role is ChannelRole.STATION else None

    @property
    def placed(self) -> bool:
        """Whether we had Asterisk place it."""
        return self.uniqueid.startswith(PLACED)


class Channels:
    """All channels of one node, with the indexes that calls need. The names of ``stations`` and
    ``lines`` may become more."""

    def __init__(self, stations: Set[StationName], lines: Set[LineName]) -> None:
        self._stations = stations
        self._lines = lines
        self.by_id: dict[str, Channel] = {}
        self.bridges: dict[str, set[str]] = {}
        """Uniqueids by bridge, empty bridges left out."""
        self.by_endpoint: dict[tuple[ChannelRole, str], set[str]] = {}
        self._hang_ups = 0

    def __len__(self) -> int:
        return len(self.by_id)

    def of(self, role: ChannelRole, endpoint: str) -> Iterator[Channel]:
        """The channels of a station or line, or the two halves of a local pair."""
        for uniqueid in self.by_endpoint.get((role, endpoint), ()):
            yield self.by_id[uniqueid]

    def heard_by(self, channel: Channel) -> Iterator[Channel]:
        """All others in its bridge, and in bridges that local pairs join to it."""
        seen_bridges: set[str] = set()
        ahead = [channel.bridge]
        if channel.role is ChannelRole.LOCAL:
            ahead += [half.bridge for half in self.of(ChannelRole.LOCAL, channel.endpoint)]
        while ahead:
            bridge = ahead.pop()
            if not bridge or bridge in seen_bridges:
                continue
            seen_bridges.add(bridge)
            for uniqueid in self.bridges.get(bridge, ()):
                other = self.by_id[uniqueid]
                if other is channel:
                    continue
                yield other
                if other.role is ChannelRole.LOCAL:
                    ahead.extend(half.bridge for half in self.of(ChannelRole.LOCAL, other.endpoint))

    # --- customers at our own phones: the second half of a pair whose first one the phone hears

    def customer_at(self, channel: Channel) -> Channel | None:
        """The customer for whom this phone's channel speaks, if it is in a call to one of our own
        numbers."""
        return self.customer_beyond(channel.bridge)

    def customer_beyond(self, bridge: str) -> Channel | None:
        """The customer whom everybody in this bridge stands for, if it is such a phone's."""
        there = (self.by_id[uniqueid] for uniqueid in self.bridges.get(bridge, ()))
        pairs = {half.endpoint for half in there if half.role is ChannelRole.LOCAL}
        customers = self.of(ChannelRole.LINE, OWN_PHONES) if pairs else ()
        return next((found for found in customers if pair_of(found.name) in pairs), None)

    def passed_on(self, leaving: Channel) -> Channel | None:
        """The customer whose phone passes them on to another, if a channel leaves a bridge for
        that: nothing else separates a phone from its pair before one of them hangs up."""
        there = [self.by_id[uniqueid] for uniqueid in self.bridges.get(leaving.bridge, ())]
        if len(there) < 2 or any(one.hung_up for one in there):
            return None
        return self.customer_at(leaving)

    def calls_us(self, station: StationName) -> bool:
        """Whether this phone is in a call to one of our own numbers, or has just left it: its
        customer goes a moment later. One that has been passed on to another phone is not its."""
        for customer in self.of(ChannelRole.LINE, OWN_PHONES):
            if customer.phone == station:
                pair = self.of(ChannelRole.LOCAL, pair_of(customer.name))
                heard = (other for half in pair for other in self.heard_by(half))
                phones = {one.endpoint for one in heard if one.role is ChannelRole.STATION}
                if phones <= {station}:
                    return True
        return False

    # --- nailed-up phones: one channel each, which stays in a room of its own

    def leg(self, station: StationName) -> Channel | None:
        """The channel of a nailed-up phone, from when it is in its room until it ends."""
        there = self.of(ChannelRole.STATION, station)
        return next((one for one in there if one.nailed_up and one.state == UP), None)

    def has_guest(self, leg: Channel) -> bool:
        """Whether somebody is with it in its room, in whatever way they came."""
        there = (self.by_id[uniqueid] for uniqueid in self.bridges.get(leg.bridge, ()))
        return any(one is not leg and one.role is not ChannelRole.OTHER for one in there)

    def links(self) -> Iterator[Channel]:
        """The first halves of all links between agents' rooms."""
        for (role, _), members in self.by_endpoint.items():
            if role is ChannelRole.LINK:
                there = (self.by_id[uniqueid] for uniqueid in members)
                yield from (half for half in there if half.name.endswith(";1"))

    def phones_in(self, bridge: str) -> Iterator[StationName]:
        """The stations whose phones are in this bridge."""
        for uniqueid in self.bridges.get(bridge, ()):
            if (station := self.by_id[uniqueid].station) is not None:
                yield station

    def outside_rooms(self) -> set[StationName]:
        """The rooms of all whom agents ask outside, or have left customers with."""
        return {StationName(one.room) for one in self.by_id.values() if one.room}

    # --- changes

    def add(self, message: Message) -> Channel:
        """Make a channel of the headers that every event about one has, or update the one that is
        known. The message must have passed ``fault_of``."""
        uniqueid = message.get("Uniqueid")
        channel = self.by_id.get(uniqueid)
        name = message.get("Channel")
        if channel is None:
            role, endpoint = self.role(name)
            channel = Channel(
                uniqueid,
                name,
                role,
                endpoint,
                state=0,
                linkedid="",
                exten=message.get("Exten"),
            )
            self.by_id[uniqueid] = channel
            self._index(channel)
        elif name != channel.name:
            self.rename(channel, name)
        self.update(channel, message)
        return channel

    def update(self, channel: Channel, message: Message) -> None:
        """State and linkedid, from any event about the channel."""
        state = message.get("ChannelState")
        if state.isdecimal():
            channel.state = number(state)
            channel.ever_up = channel.ever_up or channel.state == UP
        channel.linkedid = message.get("Linkedid") or channel.linkedid
        if channel.role is ChannelRole.STATION and message.get("Context") == ROOM:
            channel.nailed_up = True
        if channel.placed and message.get("Context") == OUTSIDE_ROOM and not channel.room:
            self._unindex(channel)
            room = message.get("Exten")
            channel.room = room if outside_number(room) is not None else ""
            channel.nailed_up = bool(channel.room)
            self._index(channel)
        if channel.endpoint == OWN_PHONES and message.get("CallerIDNum") in self._stations:
            channel.phone = message.get("CallerIDNum")

    def rename(self, channel: Channel, name: str) -> None:
        """Give the channel another name: names move when one channel takes another's place."""
        if "<MASQ>" in name:
            return  # only for an instant; the next name is the one that counts
        self._unindex(channel)
        channel.name = name
        channel.role, channel.endpoint = self.role(name)
        self._index(channel)

    def enter(self, channel: Channel, bridge: str) -> None:
        if channel.bridge != bridge:
            self.leave(channel)
            if bridge:
                channel.bridge = bridge
                self.bridges.setdefault(bridge, set()).add(channel.uniqueid)

    def leave(self, channel: Channel) -> None:
        members = self.bridges.get(channel.bridge)
        if members is not None:
            members.discard(channel.uniqueid)
            if not members:
                del self.bridges[channel.bridge]
        channel.bridge = ""

    def inherit(self, channel: Channel) -> Channel | None:
        """Move the channel's heir into its bridge; returns the heir if there is one to move.

        Asterisk doesn't report it (measured, 22.10): what is left of the channel ends without a
        BridgeLeave, and the heir leaves a bridge that nobody saw it enter.
        """
        heir, bridge = self.by_id.get(channel.heir), channel.bridge
        if heir is None or heir.bridge or not bridge:
            return None
        self.leave(channel)
        self.enter(heir, bridge)
        return heir

    def hang_up(self, channel: Channel, cause: int) -> None:
        """Its party asked for the end; the order of these shows who hung up first."""
        if not channel.hung_up:
            self._hang_ups += 1
            channel.hung_up = self._hang_ups
            channel.cause = cause

    def remove(self, channel: Channel) -> None:
        self.leave(channel)
        self._unindex(channel)
        self.by_id.pop(channel.uniqueid, None)

    def replace(self, snapshot: Snapshot) -> list[Channel]:
        """Become what the snapshot says; returns the channels that are gone, as they were.

        What no snapshot shows (hold, who hung up) is kept for channels that still exist.
        """
        alive = {message.get("Uniqueid") for message in snapshot.channels}
        gone = [channel for uniqueid, channel in self.by_id.items() if uniqueid not in alive]
        for channel in gone:
            self._unindex(channel)
            del self.by_id[channel.uniqueid]
        bridge_of = {each.get("Uniqueid"): each.get("BridgeId") for each in snapshot.channels}
        for bridge, members in snapshot.bridges:
            bridge_of.update(dict.fromkeys(members, bridge))
        self.bridges.clear()
        for message in snapshot.channels:
            known = message.get("Uniqueid") in self.by_id
            channel = self.add(message)
            channel.held = channel.held if known else None
            channel.bridge = ""
            self.enter(channel, bridge_of.get(channel.uniqueid, ""))
        return gone

    def role(self, name: str) -> tuple[ChannelRole, str]:
        """What is at the other end of a channel of this name: its role and endpoint."""
        technology, _, rest = name.partition("/")
        if "<" in rest:  # a zombie: its party has another channel now
            return ChannelRole.OTHER, ""
        if technology == "PJSIP":
            endpoint = phone_of(rest.rpartition("-")[0])
            if endpoint in self._stations:
                return ChannelRole.STATION, endpoint
            if endpoint in self._lines:
                return ChannelRole.LINE, endpoint
        elif is_own_phone_call(name):
            return ChannelRole.LINE, OWN_PHONES
        elif technology == "Local":
            role = ChannelRole.LINK if f"@{LINK}-" in name else ChannelRole.LOCAL
            return role, pair_of(name)
        return ChannelRole.OTHER, ""

    @staticmethod
    def _keys(channel: Channel) -> Iterator[tuple[ChannelRole, str]]:
        """Under which it is found: whoever is asked outside takes up their line, too."""
        if channel.role is not ChannelRole.OTHER:
            yield channel.role, channel.endpoint
        if channel.room:
            yield ChannelRole.STATION, channel.room

    def _index(self, channel: Channel) -> None:
        for key in self._keys(channel):
            self.by_endpoint.setdefault(key, set()).add(channel.uniqueid)

    def _unindex(self, channel: Channel) -> None:
        for key in self._keys(channel):
            members = self.by_endpoint.get(key)
            if members is not None:
                members.discard(channel.uniqueid)
                if not members:
                    del self.by_endpoint[key]
