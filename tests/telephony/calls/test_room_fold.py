"""Nailed-up phones by Asterisk's events: when they are there, free, and with a customer."""

from domain.identity import CallId, LineName, StationName
from domain.stations import StationState
from telephony.ami.ami_wire import Message
from telephony.call_events import CallerPressed, RoomKey
from telephony.centre_calls import Calls
from telephony.event_log import EventLog
from telephony.log_rows import LogPlace, parse
from tests.engine.reconcile.test_event_log import CALL, row
from tests.engine.reconcile.test_event_log import hang_up as hung_up
from tests.telephony.calls.events import (
    NODE,
    about,
    device,
    feed,
    hang_up,
    new_calls,
    snapshot,
    told,
)

AMY = StationName("1001")
LEG = ("PJSIP/1001-00000001", "offhook.a")
CUSTOMER = ("PJSIP/line1-00000002", "1.2")
NEAR = ("Local/1001@room-guest-00000001;1", "1.3")
GUEST = ("Local/1001@room-guest-00000001;2", "1.4")


def at_leg(name: str, state: int = 6, **more: str) -> Message:
    return about(name, *LEG, state, Context="agent-room", Exten="1001", **more)


def into_room(name: str, channel: str, uniqueid: str) -> Message:
    return about(name, channel, uniqueid, 6, BridgeUniqueid="room", BridgeCreator="ConfBridge")


def nailed_up() -> Calls:
    calls = new_calls()
    feed(calls, [device("1001", "NOT_INUSE"), about("Newchannel", *LEG, 0)])
    assert told(feed(calls, [about("Newstate", *LEG, 6), device("1001", "INUSE")])) == []
    opened = feed(calls, [at_leg("BridgeEnter", BridgeUniqueid="room", BridgeCreator="ConfBridge")])
    assert told(opened) == ["RoomOpened 1001"]
    return calls


def test_a_phone_alone_in_its_room_is_free_and_in_no_talk() -> None:
    calls = nailed_up()
    assert calls.station_state(AMY) is StationState.IDLE
    feed(calls, [device("1001", "BUSY")])
    assert calls.station_state(AMY) is StationState.IDLE
    assert calls.rooms == ["1001"] and not calls.has_guest(AMY)


def test_a_customer_in_the_room_talks_and_is_parted_at_once() -> None:
    calls = nailed_up()
    feed(calls, [about("Newchannel", *CUSTOMER, 6)])
    assert told(feed(calls, [into_room("BridgeEnter", *CUSTOMER)])) == ["StationConnected 1001"]
    assert calls.station_state(AMY) is StationState.BUSY
    parted = feed(calls, [into_room("BridgeLeave", *CUSTOMER)])
    assert told(parted) == ["StationDisconnected 1001 agent 16"]
    assert calls.station_state(AMY) is StationState.IDLE


def test_a_leg_that_hangs_up_takes_its_room_along() -> None:
    calls = nailed_up()
    feed(calls, [about("Newchannel", *CUSTOMER, 6), into_room("BridgeEnter", *CUSTOMER)])
    gone = feed(
        calls,
        [
            at_leg("HangupRequest", Cause="16"),
            at_leg("BridgeLeave", BridgeUniqueid="room", BridgeCreator="ConfBridge"),
            hang_up(*LEG, 6),
        ],
    )
    assert told(gone) == ["StationDisconnected 1001 agent 16", "RoomClosed 1001"]
    assert calls.rooms == []


def test_a_second_call_makes_a_nailed_up_phone_busy() -> None:
    calls = nailed_up()
    feed(calls, [about("Newchannel", "PJSIP/1001-00000009", "9.9", 4)])
    assert calls.station_state(AMY) is StationState.BUSY


def test_a_snapshot_shows_who_is_nailed_up_and_who_is_gone() -> None:
    calls = new_calls()
    there = [at_leg("CoreShowChannel", BridgeId="room")]
    assert "RoomOpened 1001" in told(calls.reconcile(NODE, snapshot(there), 0.0))
    assert "RoomClosed 1001" in told(calls.reconcile(NODE, snapshot(), 0.0))


def test_the_legs_own_keys_are_told_and_the_customers_own() -> None:
    calls = nailed_up()
    feed(calls, [about("Newchannel", *CUSTOMER, 6)])
    pressed = feed(
        calls,
        [
            at_leg("DTMFEnd", Digit="*", Direction="Received"),
            at_leg("DTMFEnd", Digit="1", Direction="Sent"),
            at_leg("DTMFEnd", Digit="12", Direction="Received"),
            about("DTMFEnd", *CUSTOMER, 6, Digit="5", Direction="Received"),
        ],
    )
    assert pressed == [RoomKey(AMY, "*"), CallerPressed(CallId("pbx1-1.2"), "5")]


BOB = StationName("1002")
BOBS_LEG = ("PJSIP/1002-00000005", "offhook.b")
ASKS = ("Local/1002@room-aside-00000003;1", "offhook.l")
ASKED = ("Local/1002@room-aside-00000003;2", "offhook.l;2")


def test_a_link_to_a_colleagues_room_makes_them_busy_and_lets_the_customer_hear_nobody() -> None:
    calls = nailed_up()
    bobs = {"BridgeUniqueid": "other", "BridgeCreator": "ConfBridge"}
    feed(calls, [device("1002", "NOT_INUSE"), about("Newchannel", *BOBS_LEG, 0)])
    feed(calls, [about("BridgeEnter", *BOBS_LEG, 6, Context="agent-room", **bobs)])
    feed(calls, [about("Newchannel", *each, 6) for each in (CUSTOMER, ASKS, ASKED)])
    feed(calls, [into_room("BridgeEnter", *CUSTOMER)])
    assert calls.station_state(BOB) is StationState.IDLE
    seen = told(feed(calls, [about("BridgeEnter", *ASKED, 6, **bobs)]))
    seen += told(feed(calls, [into_room("BridgeEnter", *ASKS)]))
    assert seen == []
    assert calls.station_state(BOB) is StationState.BUSY
    assert [link.uniqueid for link in calls.links(NODE)] == ["offhook.l"]
    # The customer goes over, and is with the colleague alone.
    moved = told(feed(calls, [into_room("BridgeLeave", *CUSTOMER)]))
    moved += told(feed(calls, [about("BridgeEnter", *CUSTOMER, 6, **bobs)]))
    assert moved == ["StationDisconnected 1001 agent 16", "StationConnected 1002"]
    feed(calls, [hang_up(*ASKS, 6), hang_up(*ASKED, 6)])
    assert calls.links(NODE) == [] and calls.station_state(BOB) is StationState.BUSY


def test_a_leg_that_has_asked_for_its_end_is_ending() -> None:
    calls = nailed_up()
    assert not calls.leg_ends(AMY)
    feed(calls, [at_leg("HangupRequest", Cause="16")])
    assert calls.leg_ends(AMY) and calls.leg(AMY) is not None


def test_whom_asterisks_own_queue_brings_into_a_room_talks_there() -> None:
    calls = nailed_up()
    feed(calls, [about("Newchannel", *each, 6) for each in (CUSTOMER, NEAR, GUEST)])
    feed(calls, [into_room("BridgeEnter", *GUEST)])
    assert calls.station_state(AMY) is StationState.BUSY
    queue = [about("BridgeEnter", *each, 6, BridgeUniqueid="queue") for each in (NEAR, CUSTOMER)]
    assert told(feed(calls, queue)) == ["StationConnected 1001"]
    parted = feed(calls, [into_room("BridgeLeave", *GUEST), hang_up(*GUEST, 6)])
    assert told(parted) == ["StationDisconnected 1001 agent 16"]
    assert calls.station_state(AMY) is StationState.IDLE


def test_a_guest_whose_end_is_all_that_is_seen_has_left_the_room() -> None:
    calls = nailed_up()
    feed(calls, [about("Newchannel", *GUEST, 6), into_room("BridgeEnter", *GUEST)])
    feed(calls, [hang_up(*GUEST, 6)])
    assert calls.station_state(AMY) is StationState.IDLE


def test_the_log_too_looks_through_the_queues_local_channel() -> None:
    log = EventLog({StationName("1001")}, {LineName("carrier")})
    caller, leg = ("1700000000.1", "PJSIP/carrier-00000000"), ("offhook.a", LEG[0])
    near, guest = NEAR[::-1], GUEST[::-1]
    queue, room = '{""bridge_id"":""queue""}', '{""bridge_id"":""room""}'
    rows = [
        row(0, "CHAN_START", *leg),
        row(0, "BRIDGE_ENTER", *leg, extra=room),
        row(1, "CHAN_START", *caller),
        row(1, "ANSWER", *caller, call=CALL),
        row(2, "CHAN_START", *near),
        row(2, "CHAN_START", *guest),
        row(2, "BRIDGE_ENTER", *guest, extra=room),
        row(3, "BRIDGE_ENTER", *near, extra=queue),
        row(3, "BRIDGE_ENTER", *caller, call=CALL, extra=queue),
        row(9, "BRIDGE_EXIT", *guest, extra=room),
        row(9, "CHAN_END", *guest),
        row(9, "BRIDGE_EXIT", *near, extra=queue),
        row(9, "BRIDGE_EXIT", *caller, call=CALL, extra=queue),
        row(20, "HANGUP", *caller, call=CALL, extra=hung_up("")),
    ]
    for number, text in enumerate(rows):
        parsed = parse(text)
        assert parsed is not None
        log.feed(parsed, LogPlace(0, number))
    (talk,) = log.calls[CALL].talks
    assert (talk.station, talk.connected_at, talk.disconnected_at, talk.by) == (
        "1001", 1_700_000_003, 1_700_000_009, "agent",
    )  # fmt: skip


NOTARY = "+8613700000001.0123456789ab"
OUTSIDE = ("PJSIP/line2-00000007", "offhook.o")


def outside(name: str, **more: str) -> Message:
    mark = {"ChanVariable": "OFFHOOK_CALL="}
    where = {"Context": "outside-room", "Exten": NOTARY, "BridgeUniqueid": "out", "BridgeId": "out"}
    said = {"BridgeCreator": "ConfBridge", **where, **mark, **more}
    return about(name, *OUTSIDE, 6, **said)


def test_somebody_outside_has_a_room_takes_up_their_line_and_talks_as_a_phone_does() -> None:
    calls = nailed_up()
    ringing = {"Context": "from-line", "ChanVariable": "OFFHOOK_CALL="}
    assert told(feed(calls, [about("Newchannel", *OUTSIDE, 0, **ringing)])) == []
    assert calls.channels_in_use(LineName("line2")) == 1 and calls.outside_rooms == []
    entered = told(feed(calls, [outside("BridgeEnter")]))
    assert entered == [f"RoomOpened {NOTARY}"]
    assert calls.outside_rooms == [NOTARY] and calls.rooms == ["1001"]
    assert calls.channels_in_use(LineName("line2")) == 1  # still
    feed(calls, [about("Newchannel", *CUSTOMER, 6), into_room("BridgeEnter", *CUSTOMER)])
    moved = told(feed(calls, [into_room("BridgeLeave", *CUSTOMER)]))
    comes = about("BridgeEnter", *CUSTOMER, 6, BridgeUniqueid="out", BridgeCreator="ConfBridge")
    moved += told(feed(calls, [comes]))
    assert moved == ["StationDisconnected 1001 agent 16", f"StationConnected {NOTARY}"]
    # They hold, as a carrier's phone may; their keys are nobody's.
    assert told(feed(calls, [outside("Hold")])) == [f"CallHeld {NOTARY} agent"]
    assert feed(calls, [outside("DTMFEnd", Digit="*", Direction="Received")]) == []
    gone = told(feed(calls, [outside("HangupRequest", Cause="16"), outside("BridgeLeave")]))
    gone += told(feed(calls, [outside("Hangup", Cause="16")]))
    assert gone == [f"StationDisconnected {NOTARY} agent 16", f"RoomClosed {NOTARY}"]
    assert calls.outside_rooms == [] and calls.channels_in_use(LineName("line2")) == 0


def test_a_snapshot_shows_who_is_in_a_room_outside_and_who_is_gone() -> None:
    calls = new_calls()
    customer = about("CoreShowChannel", *CUSTOMER, 6, BridgeId="out")
    there = [outside("CoreShowChannel"), customer]
    seen = told(calls.reconcile(NODE, snapshot(there), 0.0))
    assert f"StationConnected {NOTARY}" in seen and f"RoomOpened {NOTARY}" in seen
    seen = told(calls.reconcile(NODE, snapshot(there[1:]), 0.0))
    assert f"RoomClosed {NOTARY}" in seen and any("StationDisconnected" in one for one in seen)


def test_nobody_calls_themselves_into_a_room_outside() -> None:
    """Only channels that we have placed are taken for it, whatever a stranger's call looks like."""
    calls = new_calls()
    where = {"Context": "outside-room", "Exten": NOTARY}
    feed(calls, [about("Newchannel", *CUSTOMER, 6, **where)])
    feed(
        calls, [about("Newchannel", "PJSIP/line2-00000008", "offhook.p", 6, Context="outside-room")]
    )
    assert calls.outside_rooms == []


def test_the_log_takes_somebody_outside_for_a_phone() -> None:
    log = EventLog({StationName("1001")}, {LineName("carrier")})
    caller = ("1700000000.1", "PJSIP/carrier-00000000")
    out = ("offhook.o", "PJSIP/carrier-00000001")
    room = '{""bridge_id"":""out""}'
    rows = [
        row(0, "CHAN_START", *caller),
        row(1, "ANSWER", *caller, call=CALL),
        row(2, "CHAN_START", *out),
        row(3, "BRIDGE_ENTER", *out, exten=NOTARY, extra=room),
        row(4, "BRIDGE_ENTER", *caller, call=CALL, extra=room),
        row(9, "HANGUP", *out, exten=NOTARY, extra=hung_up(out[1])),
        row(9, "BRIDGE_EXIT", *out, exten=NOTARY, extra=room),
        row(9, "BRIDGE_EXIT", *caller, call=CALL, extra=room),
        row(12, "HANGUP", *caller, call=CALL, extra=hung_up("")),
    ]
    for number, text in enumerate(rows):
        parsed = parse(text)
        assert parsed is not None
        log.feed(parsed, LogPlace(0, number))
    (talk,) = log.calls[CALL].talks
    assert (talk.station, talk.connected_at, talk.disconnected_at, talk.by) == (
        NOTARY, 1_700_000_004, 1_700_000_009, "agent",
    )  # fmt: skip
