import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import CallId, NodeName, StationName
from domain.reasons import Party
from domain.stations import StationState
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot
from telephony.centre_calls import CallerGone, Calls, CallSeen, PhoneChanged, StationDisconnected
from tests.telephony.calls.events import (
    LINES,
    NODE,
    STATIONS,
    about,
    device,
    feed,
    hang_up,
    new_calls,
    of_calls,
    snapshot,
    told,
)

CALL = CallId("pbx1-1.1")
LINE = ("PJSIP/line1-00000001", "1.1")
PHONE = ("PJSIP/1001-00000002", "1.2")


def entered() -> list[Message]:
    return [about("Newchannel", *LINE, 4), about("Newstate", *LINE, 6)]


def ringing() -> list[Message]:
    return [
        about("Newchannel", *PHONE, 0, "1.1"),
        about("Newstate", *PHONE, 5, "1.1"),
    ]


def bridged() -> list[Message]:
    return [
        about("Newstate", *PHONE, 6, "1.1"),
        about("BridgeEnter", *PHONE, 6, "1.1", BridgeUniqueid="b1"),
        about("BridgeEnter", *LINE, 6, BridgeUniqueid="b1"),
    ]


def dial_end(status: str) -> Message:
    return Message.of({"Event": "DialEnd", "DestUniqueid": PHONE[1], "DialStatus": status})


def test_a_line_without_the_mark_is_no_caller() -> None:
    calls = new_calls()
    unmarked = [
        about(name, *LINE, 4, ChanVariable="OFFHOOK_CALL=") for name in ("Newchannel", "Hangup")
    ]
    assert feed(calls, unmarked[:1]) == []
    assert calls.channels_in_use(LINES[0]) == 1
    assert feed(calls, unmarked[1:]) == []
    assert calls.channels_in_use(LINES[0]) == 0


def test_the_view_of_a_call() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing())
    view = calls.view(CALL)
    assert view is not None
    assert (view.line, view.ringing, view.connected, view.held) == ("line1", ("1001",), (), False)
    feed(calls, [*bridged(), about("Hold", *PHONE, 6, "1.1")])
    view = calls.view(CALL)
    assert view is not None
    assert (view.channel_name, view.channel.uniqueid) == LINE
    assert (view.ringing, view.connected, view.held) == ((), ("1001",), True)
    assert calls.station_channels(STATIONS[0]) == [PHONE[0]]
    assert calls.channels_in_use(LINES[0]) == 1


def test_no_answer_busy_and_a_caller_who_gives_up() -> None:
    for status, cause in (("NOANSWER", 19), ("BUSY", 17), ("CHANUNAVAIL", 0)):
        calls = new_calls()
        events = feed(calls, [*entered(), *ringing(), dial_end(status), hang_up(*PHONE, 5, cause)])
        assert told(events)[1:] == ["StationRinging 1001", f"RingingEnded 1001 {status.lower()}"]
    calls = new_calls()
    events = feed(
        calls,
        [
            *entered(),
            *ringing(),
            about("HangupRequest", *LINE, 6, Cause="16"),
            dial_end("CANCEL"),
            hang_up(*PHONE, 5),
            hang_up(*LINE, 6),
        ],
    )
    assert told(events)[2:] == ["RingingEnded 1001 cancel", "CallerGone caller 16"]


def test_the_caller_holds() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    events = feed(calls, [about("Hold", *LINE, 6), about("Unhold", *LINE, 6)])
    assert told(events) == ["CallHeld 1001 caller", "CallResumed 1001 caller"]


@pytest.mark.parametrize(("channel", "who"), [(PHONE, "agent"), (LINE, "caller")])
def test_the_end_of_a_hold_from_before_our_time(channel: tuple[str, str], who: str) -> None:
    """A snapshot doesn't say who is held; it is known from when they hold or resume."""
    calls = new_calls()
    before = [
        about("CoreShowChannel", *LINE, 6, BridgeId="b1"),
        about("CoreShowChannel", *PHONE, 6, "1.1", BridgeId="b1"),
    ]
    calls.reconcile(NODE, snapshot(before), 0.0)
    view = calls.view(CALL)
    assert view is not None and (view.connected, view.held) == (("1001",), False)
    events = feed(calls, [about("Unhold", *channel, 6, "1.1")] * 2)
    assert told(events) == [f"CallResumed 1001 {who}"]
    events = feed(calls, [about("Hold", *channel, 6, "1.1")])
    assert told(events) == [f"CallHeld 1001 {who}"]


def test_a_line_that_answers_no_more_has_not_hung_up() -> None:
    """As Asterisk 22.10 reports it when the session timer's refresh found nobody."""
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    [*_, gone] = feed(
        calls,
        [
            about("HangupRequest", *LINE, 6, Cause="16", TechCause="408"),
            about("BridgeLeave", *LINE, 6, BridgeUniqueid="b1"),
            hang_up(*LINE, 6),
        ],
    )
    assert gone == CallerGone(CALL, Party.SYSTEM, 16, lost=True)


def test_who_hung_up_first_when_both_do() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    events = feed(
        calls,
        [
            about("HangupRequest", *LINE, 6, Cause="16"),
            about("HangupRequest", *PHONE, 6, "1.1", Cause="16"),
            about("BridgeLeave", *PHONE, 6, "1.1", BridgeUniqueid="b1"),
            hang_up(*PHONE, 6),
            hang_up(*LINE, 6),
        ],
    )
    assert told(events) == ["StationDisconnected 1001 caller 16", "CallerGone caller 16"]


def test_a_hang_up_by_the_system_is_nobodys() -> None:
    calls = new_calls()
    feed(calls, entered())
    assert told(feed(calls, [hang_up(*LINE, 6, 32)])) == ["CallerGone system 32"]


def test_a_station_that_we_hang_up_is_nobodys() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    events = feed(
        calls,
        [
            about("SoftHangupRequest", *PHONE, 6, "1.1", Cause="16"),
            about("BridgeLeave", *PHONE, 6, "1.1", BridgeUniqueid="b1"),
        ],
    )
    assert told(events) == ["StationDisconnected 1001 unknown 0"]


@pytest.mark.parametrize("late", [0, 1])
def test_a_caller_whom_asterisk_gives_up_was_not_left_by_the_agent(late: int) -> None:
    """As Asterisk 22.10 reports it when it can't send the caller a packet (seen by
    ``tests.phones.test_codecs``): the caller leaves, and only then is asked to go."""
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    leaves = [
        about("BridgeLeave", *LINE, 6, BridgeUniqueid="b1"),
        about("BridgeLeave", *PHONE, 6, "1.1", BridgeUniqueid="b1"),
    ]
    leaves.insert(1 + late, about("SoftHangupRequest", *LINE, 6, Cause="16"))
    events = feed(calls, [*leaves, hang_up(*PHONE, 6), hang_up(*LINE, 6)])
    assert told(events) == ["StationDisconnected 1001 system 0", "CallerGone system 16"]
    assert calls.next_deadline() is None


def test_the_agent_ends_the_talk_and_the_caller_who_stays_for_the_score_the_call() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    events = feed(
        calls,
        [
            about("HangupRequest", *PHONE, 6, "1.1", Cause="16"),
            about("BridgeLeave", *PHONE, 6, "1.1", BridgeUniqueid="b1"),
            hang_up(*PHONE, 6),
            about("BridgeLeave", *LINE, 6, BridgeUniqueid="b1"),
            about("HangupRequest", *LINE, 6, Cause="16"),
        ],
    )
    assert told(events) == ["StationDisconnected 1001 agent 16"]
    assert told(feed(calls, [hang_up(*LINE, 6)])) == ["CallerGone caller 16"]


def test_bridges_that_a_local_pair_joins_are_one_conversation() -> None:
    one = ("Local/_attended@transfer/m-0001;1", "1.5")
    two = ("Local/_attended@transfer/m-0001;2", "1.6")
    other = ("PJSIP/1002-00000004", "1.4")
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    events = feed(
        calls,
        [
            about("Newchannel", *one, 0),
            about("Newchannel", *two, 0),
            about("BridgeLeave", *PHONE, 6, "1.1", BridgeUniqueid="b1"),
            about("BridgeEnter", *one, 6, BridgeUniqueid="b1"),
            about("Newchannel", *other, 0, "1.3"),
            about("Newstate", *other, 6, "1.3"),
            about("BridgeEnter", *other, 6, "1.3", BridgeUniqueid="b2"),
            about("BridgeEnter", *two, 6, BridgeUniqueid="b2"),
        ],
    )
    assert told(events) == ["StationDisconnected 1001 agent 16", "StationConnected 1002"]
    assert [view.connected for view in calls.open_calls()] == [("1002",)]


def moved(channel: tuple[str, str], old: str, new: str) -> list[Message]:
    return [
        about("BridgeLeave", *channel, 6, "1.1", BridgeUniqueid=old),
        about("BridgeEnter", *channel, 6, "1.1", BridgeUniqueid=new),
    ]


@given(st.lists(st.permutations([LINE, PHONE]), max_size=4), st.randoms(use_true_random=False))
def test_channels_that_are_bridged_anew_go_on_talking(
    moves: list[list[tuple[str, str]]], rng: random.Random
) -> None:
    """One after the other, or both out before the first is in again; as often as you like."""
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    for number, order in enumerate(moves, start=1):
        steps = [moved(channel, f"b{number}", f"b{number + 1}") for channel in order]
        if rng.random() < 0.5:
            steps = [[leave for leave, _ in steps], [enter for _, enter in steps]]
        assert told(feed(calls, [message for step in steps for message in step])) == []
        view = calls.view(CALL)
        assert view is not None and view.connected == ("1001",)
    ends = [about("HangupRequest", *PHONE, 6, "1.1", Cause="16"), hang_up(*PHONE, 6)]
    assert told(feed(calls, ends)) == ["StationDisconnected 1001 agent 16"]
    assert calls.next_deadline() is None


def test_who_is_not_bridged_again_has_been_parted_since_then() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    leave = about("BridgeLeave", *LINE, 6, BridgeUniqueid="b1")
    assert of_calls(calls.handle(NODE, leave, 10.0)) == []
    assert calls.next_deadline() == 12.0
    assert calls.tick(11.9) == []
    (parted,) = calls.tick(12.5)
    assert isinstance(parted, StationDisconnected)
    assert (parted.station, parted.by, parted.ago_s) == ("1001", "agent", 2.5)
    assert calls.next_deadline() is None
    enter = about("BridgeEnter", *LINE, 6, BridgeUniqueid="b1")
    assert told(calls.handle(NODE, enter, 13.0)) == ["StationConnected 1001"]


def test_a_caller_who_holds_holds_the_next_one_too() -> None:
    calls = new_calls()
    feed(calls, [*entered(), *ringing(), *bridged(), about("Hold", *LINE, 6)])
    other = ("PJSIP/1002-00000003", "1.3")
    events = feed(
        calls,
        [
            about("Newchannel", *other, 6, "1.1"),
            about("BridgeEnter", *other, 6, "1.1", BridgeUniqueid="b1"),
            about("Unhold", *LINE, 6),
        ],
    )
    assert told(events)[:2] == ["StationConnected 1002", "CallHeld 1002 caller"]
    assert sorted(told(events)[2:]) == ["CallResumed 1001 caller", "CallResumed 1002 caller"]


def test_a_phone_that_holds_before_the_caller_is_with_it_holds_the_caller_too() -> None:
    """A colleague holds whoever asks, or answers with "sendonly"; then the caller comes."""
    calls = new_calls()
    feed(calls, [*entered(), *ringing(), about("Hold", *PHONE, 6, "1.1")])
    events = feed(calls, bridged())
    assert told(events) == ["StationConnected 1001", "CallHeld 1001 agent"]
    events = feed(calls, [about("Unhold", *PHONE, 6, "1.1")])
    assert told(events) == ["CallResumed 1001 agent"]


@pytest.mark.parametrize("exten", ["1002", ""], ids=["asked", "asked by the colleague"])
def test_an_attended_transfer_named_the_other_way_round(exten: str) -> None:
    """The phone refers the call to its colleague and has it replace the customer's."""
    calls = new_calls()
    own, other = ("PJSIP/1001-00000003", "1.3"), ("PJSIP/1002-00000004", "1.4")
    consultation = [
        about("Newchannel", *own, 6),
        about("Newchannel", *other, 6, own[1]),
        about("BridgeEnter", *own, 6, BridgeUniqueid="b2"),
        about("BridgeEnter", *other, 6, own[1], BridgeUniqueid="b2"),
    ]
    feed(calls, [*entered(), *ringing(), *bridged(), *consultation])
    transfer = {
        "Event": "AttendedTransfer",
        "Result": "Success",
        "OrigTransfererUniqueid": own[1],
        "OrigTransfererExten": exten,
        "OrigBridgeUniqueid": "b2",
        "SecondTransfererUniqueid": PHONE[1],
        "SecondTransfererExten": "",
        "SecondBridgeUniqueid": "b1",
        "DestType": "Bridge",
    }
    assert told(feed(calls, [Message.of(transfer)])) == ["CallTransferred 1001 1002 attended"]


def test_a_masquerade_leaves_the_station_where_it_is() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    renames = [
        ("1.2", "PJSIP/1001-00000002", "PJSIP/1001-00000002<MASQ>"),
        ("1.9", "Local/x@y-0001;2", "PJSIP/1001-00000002"),
        ("1.2", "PJSIP/1001-00000002<MASQ>", "Local/x@y-0001;2<ZOMBIE>"),
    ]
    feed(
        calls,
        [
            about("Newchannel", "Local/x@y-0001;2", "1.9", 6),
            about("BridgeEnter", "Local/x@y-0001;2", "1.9", 6, BridgeUniqueid="b1"),
        ],
    )
    events = feed(
        calls,
        [
            Message.of({"Event": "Rename", "Channel": old, "Newname": new, "Uniqueid": uniqueid})
            for uniqueid, old, new in renames
        ],
    )
    assert events == []
    assert [view.connected for view in calls.open_calls()] == [("1001",)]


def test_a_caller_who_leaves_a_place_before_what_was_there_is_gone_has_talked_there() -> None:
    """1002 answered while a transfer moved the caller, who hangs up at once."""
    second, other = ("PJSIP/1001-00000003", "1.3"), ("PJSIP/1002-00000004", "1.4")
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    transfer = {"OrigTransfererUniqueid": PHONE[1], "SecondTransfererUniqueid": second[1]}
    place = {"Result": "Success", "DestType": "App", "DestApp": "Dial"}
    feed(
        calls,
        [
            about("Newchannel", *second, 4),
            about("Newchannel", *other, 5, second[1]),
            Message.of({"Event": "AttendedTransfer", **transfer, **place}),
            about("BridgeLeave", *PHONE, 6, BridgeUniqueid="b1"),
            about("BridgeLeave", *LINE, 6, BridgeUniqueid="b1"),
            hang_up(*PHONE, 6),
            about("BridgeEnter", *other, 6, second[1], BridgeUniqueid="b2"),
            about("BridgeEnter", *second, 6, BridgeUniqueid="b2"),
        ],
    )
    events = feed(
        calls,
        [
            about("HangupRequest", *LINE, 6, Cause="16"),
            about("BridgeLeave", *LINE, 6, BridgeUniqueid="b2"),
            hang_up(*second, 6),
            about("BridgeLeave", *other, 6, second[1], BridgeUniqueid="b2"),
            hang_up(*LINE, 6),
        ],
    )
    assert told(events) == [
        "StationConnected 1002",
        "StationDisconnected 1002 caller 16",
        "CallerGone caller 16",
    ]


def test_while_we_did_not_look() -> None:
    calls = new_calls()
    feed(calls, entered() + ringing() + bridged())
    caller = about("CoreShowChannel", *LINE, 6, BridgeId="b2")
    other = about("CoreShowChannel", "PJSIP/1002-00000007", "1.7", 6, "1.1", BridgeId="b2")
    second = about("CoreShowChannel", "PJSIP/line2-00000008", "1.8", 6)
    rung = about("CoreShowChannel", "PJSIP/1003-00000009", "1.9", 5, "1.8")
    events = calls.reconcile(NODE, snapshot([caller, other, second, rung]), 0.0)
    assert told(events) == [
        "CallSeen",
        "StationDisconnected 1001 unknown 0",
        "StationConnected 1002",
        "StationRinging 1003",
    ]
    assert told(calls.reconcile(NODE, snapshot([caller, other, second, rung]), 0.0)) == []
    events = calls.reconcile(NODE, snapshot([second]), 0.0)
    assert told(events) == [
        "RingingEnded 1003 unknown",
        "StationDisconnected 1002 unknown 0",
        "CallerGone unknown 0",
    ]
    assert [view.call for view in calls.open_calls()] == ["pbx1-1.8"]


def test_nodes_are_kept_apart() -> None:
    calls = new_calls()
    feed(calls, entered())
    calls.reconcile(NodeName("pbx2"), snapshot(), 0.0)
    assert calls.handle(NodeName("pbx2"), hang_up(*LINE, 6), 0.0) == []
    assert calls.view(CALL) is not None


def states(calls: Calls, *messages: Message) -> list[str]:
    events = feed(calls, messages)
    return [event.state for event in events if isinstance(event, PhoneChanged)]


def test_station_states() -> None:
    calls = new_calls()
    assert calls.station_state(STATIONS[0]) is StationState.UNREACHABLE
    assert states(calls, device("1001", "NOT_INUSE"), device("1001", "NOT_INUSE")) == ["idle"]
    feed(calls, entered())
    # with device_state_busy_at=1 Asterisk says BUSY for a phone that only rings
    assert states(calls, *ringing(), device("1001", "BUSY")) == ["ringing"]
    assert states(calls, *bridged()) == ["busy"]
    assert states(calls, hang_up(*PHONE, 6), device("1001", "NOT_INUSE")) == ["idle"]
    assert states(calls, device("1001", "UNAVAILABLE")) == ["unreachable"]
    assert states(calls, device("9999", "NOT_INUSE"), device("line1", "BUSY")) == []


def test_a_station_is_where_it_is_registered() -> None:
    calls = new_calls()
    calls.reconcile(NODE, snapshot(devices=[device("1001", "NOT_INUSE")]), 0.0)
    calls.reconcile(NodeName("pbx2"), snapshot(devices=[device("1001", "UNAVAILABLE")]), 0.0)
    assert calls.station_state(STATIONS[0]) is StationState.IDLE


def test_station_states_of_a_snapshot() -> None:
    calls = new_calls()
    endpoint = {"Event": "EndpointList", "ObjectName": "1002", "DeviceState": "Not in use"}
    endpoints = (Message.of(endpoint),)
    events = calls.reconcile(NODE, Snapshot((), endpoints=endpoints), 0.0)
    assert events == [
        PhoneChanged(STATIONS[0], StationState.UNREACHABLE),
        PhoneChanged(STATIONS[1], StationState.IDLE),
        PhoneChanged(STATIONS[2], StationState.UNREACHABLE),
    ]
    # neither list was readable: what is known stays
    assert of_calls(calls.reconcile(NODE, Snapshot(()), 0.0)) == []
    assert calls.station_state(StationName("1002")) is StationState.IDLE


def test_late_events_bring_nothing_back() -> None:
    calls = new_calls()
    story = entered() + ringing() + bridged()
    feed(calls, story)
    calls.reconcile(NODE, snapshot(), 0.0)
    assert of_calls(feed(calls, [m for m in story if m.name != "Newchannel"])) == []
    assert calls.open_calls() == []


def test_calls_that_are_over_leave_nothing() -> None:
    calls = new_calls()
    line, phone = ("PJSIP/line1-@", "@.1"), ("PJSIP/1001-@", "@.2")
    story = [
        message.raw
        for message in (
            about("Newchannel", *line, 6),
            about("Newchannel", *phone, 5, line[1]),
            about("BridgeEnter", *phone, 6, line[1], BridgeUniqueid="b@"),
            about("BridgeEnter", *line, 6, BridgeUniqueid="b@"),
            hang_up(*line, 6),
            about("BridgeLeave", *phone, 6, line[1], BridgeUniqueid="b@"),
            hang_up(*phone, 6),
        )
    ]

    def play(first: int, last: int) -> int:
        seen = 0
        for n in range(first, last):
            name = str(n).encode()
            events = feed(calls, [Message(raw.replace(b"@", name)) for raw in story])
            seen += sum(isinstance(event, CallSeen) for event in events)
        return seen

    play(0, 500)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    assert play(500, 1500) == 1000
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 20_000
    assert play(1500, 10_000) == 8_500
    node = calls.nodes[NODE]
    assert not node.changes.calls
    assert not node.channels.by_id
    assert not node.channels.bridges
    assert not node.channels.by_endpoint
    assert not node.changes.stations_touched


def test_a_phone_that_comes_to_ring_for_another_caller_rings_for_one_only() -> None:
    """Else the first call kept a channel that was gone, and no snapshot could be taken any more."""
    calls = new_calls()
    other = ("PJSIP/line1-00000003", "1.3")
    feed(calls, [*entered(), *ringing(), about("Newchannel", *other, 4)])
    events = feed(
        calls,
        [
            about("Newstate", *PHONE, 0, "1.3"),
            about("Newstate", *PHONE, 5, "1.3"),
            hang_up(*PHONE, 5),
        ],
    )
    assert "RingingEnded 1001 unknown" in " ".join(told(events)) + " "
    assert calls.reconcile(NODE, snapshot([about("Newchannel", *LINE, 6)]), 0.0)
    assert [view.ringing for view in calls.open_calls()] == [()]
