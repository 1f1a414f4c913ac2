"""Takes one switch's events: each changes the picture of its channels or reports a transfer. No
I/O.

What is reported about a call is the difference between how it looked before and after
(``telephony.call_changes``). So a snapshot after a lost connection is treated like any event, and
can't contradict them.
"""

from collections.abc import Callable, Mapping, Set
from typing import ClassVar

from domain.identity import ChannelId, LineName, NodeName, StationName
from domain.reasons import Party, TransferKind
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import fault_of
from telephony.call_changes import Call, CallChanges
from telephony.call_events import (
    CallerPressed,
    CallEvent,
    CallHeld,
    CallResumed,
    CallTransferred,
    RoomKey,
    TransferAstray,
    TransferRefused,
)
from telephony.channels import Channel, ChannelRole, Channels, number

_OfChannel = Callable[["NodeCalls", Channel, Message], list[CallEvent]]
_Apply = Callable[["NodeCalls", Message], list[CallEvent]]


class NodeCalls:
    """The channels of one Asterisk, and the calls that they add up to."""

    def __init__(self, name: NodeName, stations: Set[StationName], lines: Set[LineName]) -> None:
        self.name = name
        self.channels = Channels(stations, lines)
        self.changes = CallChanges(name, self.channels)

    def handle(self, message: Message, now: float) -> list[CallEvent]:
        """Take the next event, in the order in which Asterisk sent them. Raises ValueError for one
        that makes no sense, and changes nothing then."""
        return [*self.changes.tick(now), *self._handle(message)]

    def _handle(self, message: Message) -> list[CallEvent]:
        name = message.name
        if of_channel := self._OF_CHANNEL.get(name):
            channel = self.channels.by_id.get(message.get("Uniqueid"))
            return of_channel(self, channel, message) if channel else []
        apply = self._APPLY.get(name)
        return apply(self, message) if apply else []

    # --- events about a known channel

    def _known(self, channel: Channel, message: Message) -> list[CallEvent]:
        self.channels.update(channel, message)
        return self.changes.changed(channel, message)

    def _rename(self, channel: Channel, message: Message) -> list[CallEvent]:
        before = self.changes.calls_around(channel)
        self.channels.rename(channel, message.get("Newname"))
        return self.changes.compare_all(before | self.changes.calls_around(channel))

    def _enter(self, channel: Channel, message: Message) -> list[CallEvent]:
        events = self._known(channel, message)
        before = self.changes.calls_around(channel)
        self.channels.enter(channel, message.get("BridgeUniqueid"))
        self.changes.touch(self.channels.phones_in(channel.bridge))
        return events + self.changes.compare_all(before | self.changes.calls_around(channel))

    def _leave(self, channel: Channel, message: Message) -> list[CallEvent]:
        bridge = message.get("BridgeUniqueid")
        events: list[CallEvent] = []
        if not channel.bridge:  # an heir may leave before the one it replaced is gone
            for uniqueid in tuple(self.channels.bridges.get(bridge, ())):
                if self.channels.by_id[uniqueid].heir == channel.uniqueid:
                    events += self._inherit(self.channels.by_id[uniqueid])
        if channel.bridge != bridge:
            return events
        if (customer := self.channels.passed_on(channel)) and customer.held:
            events += self._held(customer, False)  # whoever has them now doesn't hold
        before = self.changes.calls_around(channel)
        self.changes.touch(self.channels.phones_in(bridge))
        self.channels.leave(channel)
        # Nobody is moved from a room to another bridge.
        final = message.get("BridgeCreator") == "ConfBridge"
        return events + self.changes.compare_all(before, final=final)

    def _inherit(self, channel: Channel) -> list[CallEvent]:
        """Give its place in a bridge to its heir, if it has one."""
        before = self.changes.calls_around(channel)
        heir = self.channels.inherit(channel)
        return self.changes.compare_all(before | self.changes.calls_around(heir)) if heir else []

    def _hold(self, channel: Channel, message: Message) -> list[CallEvent]:
        # A customer at a phone of ours holds with the key of that phone.
        return self._held(self.channels.customer_at(channel) or channel, message.name == "Hold")

    def _held(self, channel: Channel, held: bool) -> list[CallEvent]:
        if channel.held is held:
            return []
        channel.held = held
        kind = CallHeld if held else CallResumed
        own = self.changes.calls.get(channel.uniqueid)
        if own is not None:
            return [kind(own.id, station, Party.CALLER) for station in own.connected]
        call = self.changes.calls.get(channel.in_call)
        station = channel.station
        if call is None or station is None or channel not in call.connected.get(station, ()):
            return []
        return [kind(call.id, station, Party.AGENT)]

    def _hang_up_request(self, channel: Channel, message: Message) -> list[CallEvent]:
        self.channels.hang_up(channel, number(message.get("Cause")))
        # SIP's code for a request that nobody answered; a BYE has no code (measured).
        channel.lost = channel.lost or message.get("TechCause") == "408"
        return self._known(channel, message) + self.changes.compare_all(
            self.changes.apart_around(channel)
        )

    def _soft_hang_up_request(self, channel: Channel, message: Message) -> list[CallEvent]:
        channel.ended_by_system = True
        return self._known(channel, message) + self.changes.ends_itself(channel)

    def _hang_up(self, channel: Channel, message: Message) -> list[CallEvent]:
        if channel.placed and not channel.ever_up:
            channel.sip = number(message.get("TechCause"))
        events = self._known(channel, message) + self._inherit(channel)
        before = self.changes.calls_around(channel)
        self.changes.touch(self.channels.phones_in(channel.bridge))
        self.channels.remove(channel)
        events += self.changes.ring_over(channel, channel.dial_status or "unknown")
        events += self.changes.compare_all(before)
        own = self.changes.calls.get(channel.uniqueid)
        if own is not None:
            events += self.changes.over(own, Party.SYSTEM, number(message.get("Cause")))
        return events

    def _key(self, channel: Channel, message: Message) -> list[CallEvent]:
        key = message.get("Digit")
        if channel.room or message.get("Direction") != "Received" or len(key) != 1:
            return []
        if channel.nailed_up:
            return [RoomKey(StationName(channel.endpoint), key)]
        call = self.changes.calls.get(channel.uniqueid)
        return [] if call is None or channel.bridge else [CallerPressed(call.id, key)]

    # --- other events

    def _new_channel(self, message: Message) -> list[CallEvent]:
        if fault := fault_of(message):
            raise ValueError(f"a new channel with {fault}")
        return self.changes.changed(self.channels.add(message), message)

    def _bridge_over(self, message: Message) -> list[CallEvent]:
        touched: set[str] = set()
        self.changes.touch(self.channels.phones_in(message.get("BridgeUniqueid")))
        for uniqueid in tuple(self.channels.bridges.get(message.get("BridgeUniqueid"), ())):
            channel = self.channels.by_id[uniqueid]
            touched |= self.changes.calls_around(channel)
            self.channels.leave(channel)
        return self.changes.compare_all(touched)

    def _dial_end(self, message: Message) -> list[CallEvent]:
        channel = self.channels.by_id.get(message.get("DestUniqueid"))
        if channel is not None:
            channel.dial_status = message.get("DialStatus").lower()
        return []

    def _blind_transfer(self, message: Message) -> list[CallEvent]:
        ends = ("Transferee", "Transferer")
        to = message.get("Extension")
        if message.get("Result") != "Fail":
            return self._transferred(message, ("Transferer",), ends, to, TransferKind.BLIND)
        channel = self.channels.by_id.get(message.get("TransfererUniqueid"))
        call = self.changes.call_of(channel.uniqueid) if channel else None
        if channel is None or channel.role is not ChannelRole.STATION or call is None:
            return []
        station = StationName(channel.endpoint)
        return [TransferRefused(call.id, station, message.get("Context"), to)]

    def _attended_transfer(self, message: Message) -> list[CallEvent]:
        transferers = ("OrigTransferer", "SecondTransferer")
        ends = ("Transferee", "TransferTarget", *transferers)
        to = message.get("SecondTransfererExten")
        for prefix in ends[:2]:
            target = self.channels.by_id.get(message.get(f"{prefix}Uniqueid"))
            if target is not None and target.role is ChannelRole.STATION:
                to = target.endpoint
        # The phone may have named its two calls the other way round, or the colleague called it.
        to = to or message.get("OrigTransfererExten") or self._other_phone(message)
        if left := self._left_without_a_phone(message):
            return [TransferAstray(call.id) for call in left]
        events = self._transferred(message, transferers, ends, to, TransferKind.ATTENDED)
        transferred = [event for event in events if isinstance(event, CallTransferred)]
        for prefix in transferers:
            channel = self.channels.by_id.get(message.get(f"{prefix}Uniqueid"))
            if channel is not None and transferred:
                channel.heir = ChannelId.of(transferred[0].call).uniqueid
        # Dial leads to a colleague; any other application that a phone is in is a feature code.
        astray = message.get("DestType") == "App" and message.get("DestApp") != "Dial"
        return events + [TransferAstray(event.call) for event in transferred if astray]

    def _other_phone(self, message: Message) -> str:
        """The only phone that an attended transfer leaves in the two bridges; empty if there is
        none, or more than one."""
        transferers = {message.get(f"{one}TransfererUniqueid") for one in ("Orig", "Second")}
        phones = {
            self.channels.by_id[uniqueid].endpoint
            for prefix in ("Orig", "Second")
            for uniqueid in self.channels.bridges.get(message.get(f"{prefix}BridgeUniqueid"), ())
            if uniqueid not in transferers
            and self.channels.by_id[uniqueid].role is ChannelRole.STATION
        }
        return phones.pop() if len(phones) == 1 else ""

    def _left_without_a_phone(self, message: Message) -> list[Call]:
        """The callers that an attended transfer leaves without a phone: an agent has joined two of
        them, or transferred a talk to itself, or to a phone that calls one of our own numbers."""
        if message.get("Result") != "Success":
            return []
        uniqueids = {message.get(f"{prefix}TransfererUniqueid") for prefix in ("Orig", "Second")}
        calls = [call for uniqueid in sorted(uniqueids) if (call := self.changes.call_of(uniqueid))]
        if len(uniqueids) == 1:
            return calls
        bridges = {message.get(f"{prefix}BridgeUniqueid") for prefix in ("Orig", "Second", "Dest")}
        there = [call for call in calls if call.caller.bridge and call.caller.bridge in bridges]
        another = len({call.id for call in there}) == 2 or any(
            self.channels.customer_beyond(bridge) for bridge in bridges
        )
        return there if another else []

    def _transferred(
        self,
        message: Message,
        transferers: tuple[str, ...],
        ends: tuple[str, ...],
        to: str,
        kind: TransferKind,
    ) -> list[CallEvent]:
        """A successful transfer. ``transferers`` and ``ends`` prefix the event's channels."""
        if message.get("Result") != "Success":
            return []
        station = ""
        for prefix in transferers:
            channel = self.channels.by_id.get(message.get(f"{prefix}Uniqueid"))
            if channel is not None and channel.role is ChannelRole.STATION and not station:
                station = channel.endpoint
        calls = (self.changes.call_of(message.get(f"{prefix}Uniqueid")) for prefix in ends)
        call = next((call for call in calls if call), None)
        if call is None or not station:
            return []
        return [CallTransferred(call.id, StationName(station), to, kind)]

    _OF_CHANNEL: ClassVar[Mapping[str, _OfChannel]] = {
        "Newstate": _known,
        "Newexten": _known,
        "DialBegin": _known,
        "Rename": _rename,
        "BridgeEnter": _enter,
        "BridgeLeave": _leave,
        "DTMFEnd": _key,
        "Hold": _hold,
        "Unhold": _hold,
        "HangupRequest": _hang_up_request,
        "SoftHangupRequest": _soft_hang_up_request,
        "Hangup": _hang_up,
    }
    """Events about the channel ``Uniqueid``; if it is unknown, they predate the snapshot."""

    _APPLY: ClassVar[Mapping[str, _Apply]] = {
        "Newchannel": _new_channel,
        "BridgeDestroy": _bridge_over,
        "DialEnd": _dial_end,
        "BlindTransfer": _blind_transfer,
        "AttendedTransfer": _attended_transfer,
    }
