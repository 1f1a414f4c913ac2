"""Whatever comes, in whatever order, a snapshot corrects it and the reported events add up."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.identity import CallId, StationName
from telephony.ami.ami_wire import Message
from telephony.call_events import (
    CallerGone,
    CallEvent,
    CallSeen,
    PhoneChanged,
    RingingEnded,
    RoomClosed,
    RoomKey,
    RoomOpened,
    StationConnected,
    StationDisconnected,
    StationRinging,
)
from telephony.centre_calls import Calls
from telephony.channels import ChannelRole
from tests.telephony.calls.events import NODE, STATIONS, about, device, feed, new_calls, snapshot

NAMES = {
    "1.1": "PJSIP/line1-00000001",
    "1.2": "PJSIP/line2-00000002",
    "1.3": "PJSIP/1001-00000003",
    "1.4": "PJSIP/1001-00000004",
    "1.5": "PJSIP/1002-00000005",
    "1.6": "Local/a@b-00000001;1",
    "1.7": "Local/a@b-00000001;2",
    "1.8": "PJSIP/stranger-00000006",
}
KINDS = (
    "Newchannel", "Newstate", "BridgeEnter", "BridgeLeave", "BridgeDestroy", "Hold", "Unhold",
    "HangupRequest", "Hangup", "DialEnd", "BlindTransfer", "AttendedTransfer", "Rename",
)  # fmt: skip

uniqueids = st.sampled_from(sorted(NAMES))
bridges = st.sampled_from(["b1", "b2", "b3"])
states = st.sampled_from([0, 4, 5, 6])


@st.composite
def messages(draw: st.DrawFn) -> Message:
    kind = draw(st.sampled_from(KINDS))
    if draw(st.integers(0, 9)) == 0:
        state = draw(st.sampled_from(["NOT_INUSE", "BUSY", "RINGING", "UNAVAILABLE", "odd"]))
        return device(draw(st.sampled_from(["1001", "1002", "line1"])), state)
    uniqueid, other = draw(uniqueids), draw(uniqueids)
    more = {
        "BridgeUniqueid": draw(bridges),
        "Cause": draw(st.sampled_from(["16", "", "x"])),
        "DestUniqueid": other,
        "DialStatus": draw(st.sampled_from(["NOANSWER", "ANSWER", "BUSY"])),
        "Result": "Success",
        "TransfererUniqueid": uniqueid,
        "OrigTransfererUniqueid": uniqueid,
        "TransfereeUniqueid": other,
        "Extension": "1002",
        "Newname": draw(st.sampled_from([NAMES[uniqueid], "PJSIP/1002-00000009", "X/y<MASQ>"])),
    }
    name = NAMES[uniqueid]
    return about(kind, name, uniqueid, draw(states), draw(uniqueids), **more)


@st.composite
def channel_lists(draw: st.DrawFn) -> list[Message]:
    return [
        about(
            "CoreShowChannel",
            NAMES[uniqueid],
            uniqueid,
            draw(states),
            draw(uniqueids),
            BridgeId=draw(st.one_of(st.just(""), bridges)),
        )
        for uniqueid in draw(st.lists(uniqueids, unique=True))
    ]


def picture(calls: Calls) -> Any:
    """Everything about the calls that a snapshot shows (not holds, or who hung up)."""
    node = calls.nodes[NODE]
    channels = {
        c.uniqueid: (c.name, c.role, c.endpoint, c.state, c.linkedid, c.bridge)
        for c in node.channels.by_id.values()
    }
    views = {
        view.call: (view.channel_name, view.line, set(view.connected), sorted(view.ringing))
        for view in calls.open_calls()
    }
    states = {station: calls.station_state(station) for station in STATIONS}
    return channels, views, node.channels.bridges, node.channels.by_endpoint, states


def heard(calls: Calls) -> dict[CallId, set[StationName]]:
    """Whom each caller hears, or may hear again at once, from the channels themselves."""
    node = calls.nodes.get(NODE)
    return {
        call.id: {
            StationName(other.endpoint)
            for other in node.channels.heard_by(call.caller)
            if other.role is ChannelRole.STATION
        }
        | call.apart.keys()
        for call in (node.changes.calls.values() if node else ())
        if node
    }


class Books:
    """Keeps the books from the events alone, as the engine does."""

    def __init__(self) -> None:
        self.connected: dict[CallId, set[StationName]] = {}

    def book(self, events: list[CallEvent]) -> None:
        for event in events:
            if isinstance(event, PhoneChanged | RoomOpened | RoomClosed | RoomKey):
                continue
            if isinstance(event, CallSeen):
                assert event.call not in self.connected
                self.connected[event.call] = set()
            stations = self.connected[event.call]  # calls not seen, or gone, have no events
            if isinstance(event, StationConnected):
                assert event.station not in stations
                stations.add(event.station)
            elif isinstance(event, StationDisconnected):
                stations.remove(event.station)
            elif isinstance(event, StationRinging | RingingEnded):
                pass
            elif isinstance(event, CallerGone):
                assert not stations
                del self.connected[event.call]


@settings(max_examples=400, deadline=None)
@given(st.lists(messages(), max_size=60), channel_lists(), st.lists(messages(), max_size=10))
def test_a_snapshot_sets_everything_right(
    noise: list[Message], channels: list[Message], held: list[Message]
) -> None:
    devices = [device("1001", "NOT_INUSE")]
    calls, ledger = new_calls(), Books()
    ledger.book(feed(calls, noise))
    ledger.book(calls.reconcile(NODE, snapshot(channels, devices), 0.0))
    fresh = new_calls()
    fresh.reconcile(NODE, snapshot(channels, devices), 0.0)
    assert picture(calls) == picture(fresh)
    assert ledger.connected == heard(calls)
    assert calls.reconcile(NODE, snapshot(channels, devices), 0.0) == []
    ledger.book(feed(calls, held))
    ledger.book(calls.reconcile(NODE, snapshot(), 0.0))
    assert ledger.connected == {}
    node = calls.nodes[NODE]
    assert not (node.changes.calls or node.channels.by_id or node.channels.bridges)
    assert not node.channels.by_endpoint


@settings(max_examples=200, deadline=None)
@given(st.lists(messages(), max_size=80))
def test_the_books_agree_after_every_event(noise: list[Message]) -> None:
    calls, ledger = new_calls(), Books()
    for message in noise:
        ledger.book(feed(calls, [message]))
        assert ledger.connected == heard(calls)
