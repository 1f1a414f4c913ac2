"""Follows the calls and stations of the whole centre through its switches' events. No I/O.

``telephony.node_calls`` does so for one switch; this adds them up and answers questions.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.identity import CallId, ChannelId, LineName, NodeName, StationName
from domain.stations import StationState, outside_number
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot
from telephony.call_changes import Call
from telephony.call_events import (
    CallerGone,
    CallerPressed,
    CallEvent,
    CallHeld,
    CallResumed,
    CallSeen,
    CallTransferred,
    CustomerPickedUp,
    CustomerRings,
    EventOfCall,
    PhoneChanged,
    RingingEnded,
    RoomClosed,
    RoomKey,
    RoomOpened,
    StationConnected,
    StationDisconnected,
    StationRinging,
    TransferAstray,
    TransferRefused,
)
from telephony.channels import UP, ChannelRole
from telephony.node_calls import NodeCalls
from telephony.station_states import listed_states, state_of, sum_of

__all__ = [
    "CallEvent",
    "CallHeld",
    "CallResumed",
    "CallSeen",
    "CallTransferred",
    "CallerGone",
    "CallerPressed",
    "Calls",
    "ChannelView",
    "CustomerPickedUp",
    "CustomerRings",
    "EventOfCall",
    "PhoneChanged",
    "RingingEnded",
    "RoomClosed",
    "RoomKey",
    "RoomOpened",
    "StationConnected",
    "StationDisconnected",
    "StationRinging",
    "SwitchCallView",
    "TransferAstray",
    "TransferRefused",
]


@dataclass(frozen=True, slots=True)
class SwitchCallView:
    """A call as its switch has it now."""

    call: CallId
    channel: ChannelId
    channel_name: str
    line: LineName
    connected: tuple[StationName, ...]
    ringing: tuple[StationName, ...]
    held: bool
    held_by_phone: bool
    """A connected phone holds the caller."""


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A live channel: ``endpoint`` is its station's or line's name."""

    name: str
    role: ChannelRole
    endpoint: str


class Calls:
    """The centre's calls, channels and stations; what has ended is forgotten."""

    def __init__(self, stations: Iterable[StationName], lines: Iterable[LineName]) -> None:
        self.stations = set(stations)
        self.lines = set(lines)
        """Names that were known once stay known, because their channels may outlive them."""
        self.nodes: dict[NodeName, NodeCalls] = {}
        self._devices: dict[NodeName, dict[StationName, str]] = {}
        self._states: dict[StationName, StationState] = {}
        self._legs: dict[StationName, ChannelId] = {}

    def know(self, stations: Iterable[StationName], lines: Iterable[LineName]) -> None:
        """Learn of more stations and lines, before any of them can have a channel."""
        self.stations.update(stations)
        self.lines.update(lines)

    # --- what is there now

    def view(self, call: CallId) -> SwitchCallView | None:
        """The call, or None if it is over or was never seen."""
        channel = ChannelId.of(call)
        node = self.nodes.get(channel.node)
        found = node.changes.calls.get(channel.uniqueid) if node else None
        return _view(node.name, found) if node and found else None

    def channel(self, channel: ChannelId) -> ChannelView | None:
        """The channel, or None if it is gone or was never reported."""
        node = self.nodes.get(channel.node)
        found = node.channels.by_id.get(channel.uniqueid) if node else None
        return ChannelView(found.name, found.role, found.endpoint) if found else None

    def named(self, node: NodeName, name: str) -> ChannelView:
        """The channel that has this name, as far as the name says."""
        return ChannelView(name, *self._node(node).channels.role(name))

    def open_calls(self) -> list[SwitchCallView]:
        return [
            _view(node.name, call)
            for node in self.nodes.values()
            for call in node.changes.calls.values()
        ]

    def station_state(self, station: StationName) -> StationState:
        return self._states.get(station, StationState.UNREACHABLE)

    def station_channels(self, station: StationName) -> list[str]:
        """The names of the station's channels, including ringing ones."""
        return [
            channel.name
            for node in self.nodes.values()
            for channel in node.channels.of(ChannelRole.STATION, station)
        ]

    def leg(self, station: StationName) -> ChannelId | None:
        """The channel by which the phone is nailed up, in its room; None: it isn't."""
        return self._legs.get(station)

    @property
    def rooms(self) -> list[StationName]:
        """The phones that are nailed up."""
        return [station for station in self._legs if station in self.stations]

    @property
    def outside_rooms(self) -> list[StationName]:
        """The rooms of those outside whom agents ask, or have left customers with."""
        return [station for station in self._legs if outside_number(station) is not None]

    def has_guest(self, station: StationName) -> bool:
        """Whether somebody is with a nailed-up phone in its room."""
        nodes = self.nodes.values()
        legs = ((node, node.channels.leg(station)) for node in nodes)
        return any(leg is not None and node.channels.has_guest(leg) for node, leg in legs)

    def leg_ends(self, station: StationName) -> bool:
        """Whether a nailed-up phone's channel is gone, or about to go."""
        legs = (node.channels.leg(station) for node in self.nodes.values())
        return not any(leg and not leg.hung_up and not leg.ended_by_system for leg in legs)

    def links(self, node: NodeName) -> list[ChannelId]:
        """The links between agents' rooms there, each by its first half."""
        found = self.nodes.get(node)
        halves = () if found is None else found.channels.links()
        return [ChannelId(node, half.uniqueid) for half in halves]

    def home(self, station: StationName) -> NodeName | None:
        """The node at which the phone can be called; None if there is none."""
        states = {
            name: state_of(known.get(station, ""), ()) for name, known in self._devices.items()
        }
        best = sum_of(states.values())
        there = (name for name, state in states.items() if state is best)
        return None if best is StationState.UNREACHABLE else next(there, None)

    def ringing_channels(self, station: StationName) -> list[ChannelId]:
        """The station's channels that are being called and have not answered."""
        return [
            ChannelId(node.name, channel.uniqueid)
            for node in self.nodes.values()
            for channel in node.channels.of(ChannelRole.STATION, station)
            if channel.being_called
        ]

    def answered_channels(self, station: StationName) -> list[ChannelId]:
        """The station's channels that are up, on any node."""
        return [
            ChannelId(node.name, channel.uniqueid)
            for node in self.nodes.values()
            for channel in node.channels.of(ChannelRole.STATION, station)
            if channel.state == UP
        ]

    def channels_in_use(self, line: LineName) -> int:
        """How many channels the line has, in either direction."""
        return sum(
            len(node.channels.by_endpoint.get((ChannelRole.LINE, line), ()))
            for node in self.nodes.values()
        )

    # --- what changes it

    def handle(self, node: NodeName, message: Message, now: float) -> list[CallEvent]:
        """Take the next event, in the order in which Asterisk sent them. Raises ValueError for one
        that makes no sense, and changes nothing then."""
        if message.name == "DeviceStateChange":
            technology, _, station = message.get("Device").partition("/")
            if technology != "PJSIP" or station not in self.stations:
                return []
            self._node(node)
            self._devices[node][StationName(station)] = message.get("State")
            return self._news(StationName(station))
        mine = self._node(node)
        events = mine.handle(message, now)
        if mine.changes.stations_touched:
            for station in mine.changes.take_stations_touched():
                events += self._news(station)
        return events

    def reconcile(self, node: NodeName, snapshot: Snapshot, now: float) -> list[CallEvent]:
        """Become what the snapshot says; returns what changed meanwhile.

        Who hung up is ``unknown`` then, unless it was seen before the connection was lost.
        """
        mine = self._node(node)
        events = mine.changes.reconcile(snapshot, now)
        mine.changes.take_stations_touched()
        listed = listed_states(snapshot)
        if listed:  # if neither list is readable, what was known is the best there is
            self._devices[node] = {name: listed.get(name, "") for name in self.stations}
        for station in sorted(self.stations | self._legs.keys() | mine.channels.outside_rooms()):
            events += self._news(station)
        return events

    def next_deadline(self) -> float | None:
        """When ``tick`` must be called at the latest; None: not before the next event."""
        deadlines = (node.changes.next_deadline() for node in self.nodes.values())
        return min((at for at in deadlines if at is not None), default=None)

    def tick(self, now: float) -> list[CallEvent]:
        """The events that are due because nothing else has happened."""
        return [event for node in self.nodes.values() for event in node.changes.tick(now)]

    def _node(self, name: NodeName) -> NodeCalls:
        node = self.nodes.get(name)
        if node is None:
            node = self.nodes[name] = NodeCalls(name, self.stations, self.lines)
            self._devices[name] = {}
        return node

    def _news(self, station: StationName) -> list[CallEvent]:
        events = self._room_news(station)
        if not any(station in known for known in self._devices.values()):
            return events  # no node has reported anything of it yet
        state = sum_of(self._state_at(node, station) for node in self.nodes.values())
        if self._states.get(station) is state:
            return events
        self._states[station] = state
        return [*events, PhoneChanged(station, state)]

    def _state_at(self, node: NodeCalls, station: StationName) -> StationState:
        leg = node.channels.leg(station)
        return state_of(
            self._devices[node.name].get(station, ""),
            node.channels.of(ChannelRole.STATION, station),
            calls_us=node.channels.calls_us(station),
            has_guest=None if leg is None else node.channels.has_guest(leg),
        )

    def _room_news(self, station: StationName) -> list[CallEvent]:
        """Whether the phone has been nailed up, or is no longer."""
        legs = ((node.name, node.channels.leg(station)) for node in self.nodes.values())
        now = next((ChannelId(name, leg.uniqueid) for name, leg in legs if leg), None)
        before = self._legs.get(station)
        if now == before:
            return []
        if now is None:
            del self._legs[station]
        else:
            self._legs[station] = now
        closed: list[CallEvent] = [] if before is None else [RoomClosed(station, before)]
        return closed if now is None else [*closed, RoomOpened(station)]


def _view(node: NodeName, call: Call) -> SwitchCallView:
    by_phone = any(c.held for channels in call.connected.values() for c in channels)
    return SwitchCallView(
        call.id,
        ChannelId(node, call.caller.uniqueid),
        call.caller.name,
        LineName(call.caller.endpoint),
        tuple(call.connected),
        tuple(call.ringing.values()),
        call.caller.held or by_phone,
        by_phone,
    )
