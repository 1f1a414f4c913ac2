"""A customer at one of our own phones: what the phone does counts as what the customer does."""

import pytest

from domain.identity import StationName
from domain.stations import OWN_PHONES, StationState
from telephony.ami.ami_wire import Message
from telephony.centre_calls import Calls
from telephony.event_log import EventLog
from telephony.log_rows import LogPlace, parse
from tests.engine.reconcile.test_event_log import CALL, row
from tests.engine.reconcile.test_event_log import hang_up as ended
from tests.telephony.calls.events import about, device, feed, hang_up, new_calls, told

PHONE = ("PJSIP/1003-00000001", "1.1")
NEAR = ("Local/4001@own-phone-00000001;1", "1.2")
CUSTOMER = ("Local/4001@own-phone-00000001;2", "1.3")
AGENT = ("PJSIP/1001-00000002", "1.4")
COLLEAGUE = ("PJSIP/1002-00000003", "2.1")


def event(name: str, channel: tuple[str, str], state: int = 6, **more: str) -> Message:
    """An event about one of the call's channels: ``[own-phone]`` has marked the customer's."""
    mark = "pbx1-1.3" if channel is CUSTOMER else ""
    return about(
        name, *channel, state, "1.1",
        CallerIDNum="1003", ChanVariable=f"OFFHOOK_CALL={mark}", **more,
    )  # fmt: skip


def in_bridge(bridge: str, *channels: tuple[str, str]) -> list[Message]:
    return [event("BridgeEnter", channel, BridgeUniqueid=bridge) for channel in channels]


def waiting() -> Calls:
    """Phone 1003 has called a number of ours and hears it."""
    calls = new_calls()
    feed(calls, [device("1003", "NOT_INUSE"), device("1003", "BUSY")])
    feed(calls, [event("Newchannel", each, 4) for each in (PHONE, NEAR, CUSTOMER)])
    feed(calls, [event("Newstate", each) for each in (PHONE, NEAR, CUSTOMER)])
    feed(calls, in_bridge("near", PHONE, NEAR))
    return calls


def talking() -> Calls:
    calls = waiting()
    feed(calls, [event("Newchannel", AGENT, 0), event("Newstate", AGENT, 5)])
    feed(calls, in_bridge("far", AGENT, CUSTOMER))
    return calls


def test_the_hold_key_of_the_phone_is_the_customers() -> None:
    calls = talking()
    assert told(feed(calls, [event("Hold", PHONE)])) == ["CallHeld 1001 caller"]
    assert told(feed(calls, [event("Unhold", PHONE)])) == ["CallResumed 1001 caller"]
    assert told(feed(calls, [event("Hold", AGENT)])) == ["CallHeld 1001 agent"]


def test_an_agent_who_answers_a_customer_on_hold_is_on_hold() -> None:
    calls = waiting()
    assert told(feed(calls, [event("Hold", PHONE)])) == []
    feed(calls, [event("Newchannel", AGENT, 0), event("Newstate", AGENT, 5)])
    found = told(feed(calls, in_bridge("far", AGENT, CUSTOMER)))
    assert found == ["StationConnected 1001", "CallHeld 1001 caller"]


@pytest.mark.parametrize("moves", [PHONE, NEAR])
def test_a_customer_passed_on_by_the_phone_is_not_on_hold(moves: tuple[str, str]) -> None:
    """Asterisk moves either the colleague into the phone's place, or the pair to the colleague."""
    calls = talking()
    feed(calls, [event("Newchannel", COLLEAGUE, 0), event("Newstate", COLLEAGUE)])
    feed(calls, [*in_bridge("asked", COLLEAGUE), event("Hold", PHONE)])
    leaves = event("BridgeLeave", moves, BridgeUniqueid="near")
    assert told(feed(calls, [leaves])) == ["CallResumed 1001 caller"]


def test_a_customer_who_hangs_up_on_hold_does_not_resume() -> None:
    calls = talking()
    feed(calls, [event("Hold", PHONE), event("HangupRequest", PHONE, Cause="16")])
    for each in (PHONE, NEAR):
        assert told(feed(calls, [event("BridgeLeave", each, BridgeUniqueid="near")])) == []


@pytest.mark.parametrize("before", [True, False])
def test_a_customer_passed_on_to_a_call_of_our_own_number_is_astray(before: bool) -> None:
    """The event about the transfer comes before the channels have moved, or after that."""
    calls = waiting()
    line, agent, asking = (
        ("PJSIP/line1-00000004", "3.1"), ("PJSIP/1001-00000005", "3.2"),
        ("PJSIP/1001-00000006", "3.3"),
    )  # fmt: skip
    feed(calls, [about("Newchannel", *line, 4), about("Newchannel", *agent, 5, "3.1")])
    feed(calls, [about("Newchannel", *asking, 4)])
    talk = [about("BridgeEnter", *each, 6, "3.1", BridgeUniqueid="talk") for each in (line, agent)]
    assert told(feed(calls, talk))[-1] == "StationConnected 1001"
    enters = about("BridgeEnter", *asking, 6, BridgeUniqueid="near")
    feed(calls, [event("BridgeLeave", PHONE, BridgeUniqueid="near"), enters])
    transfer = Message.of({
        "Event": "AttendedTransfer", "Result": "Success", "DestType": "Bridge",
        "OrigTransfererUniqueid": agent[1], "OrigBridgeUniqueid": "talk",
        "SecondTransfererUniqueid": asking[1], "SecondBridgeUniqueid": "near",
        "DestBridgeUniqueid": "near", "TransfereeUniqueid": line[1],
    })  # fmt: skip
    moves = about("BridgeEnter", *line, 6, BridgeUniqueid="near")
    found = told(feed(calls, [transfer, moves] if before else [moves, transfer]))
    assert "TransferAstray" in found and not any("CallTransferred" in one for one in found)


def test_the_phone_is_busy_until_its_customer_is_gone() -> None:
    """Else its agent would be offered the call from their own phone in that moment."""
    calls = waiting()
    phone = StationName("1003")
    assert calls.station_state(phone) is StationState.BUSY
    feed(calls, [event("BridgeLeave", each, BridgeUniqueid="near") for each in (PHONE, NEAR)])
    feed(calls, [hang_up(*PHONE, 6), device("1003", "NOT_INUSE"), hang_up(*NEAR, 6)])
    assert calls.station_state(phone) is StationState.BUSY
    feed(calls, [event("Hangup", CUSTOMER)])
    assert calls.station_state(phone) is StationState.IDLE


def test_a_phone_that_has_passed_its_customer_on_is_free() -> None:
    calls = waiting()
    feed(calls, [event("Newchannel", COLLEAGUE, 0), event("Newstate", COLLEAGUE)])
    feed(calls, in_bridge("near", COLLEAGUE))
    feed(calls, [event("BridgeLeave", PHONE, BridgeUniqueid="near"), hang_up(*PHONE, 6)])
    feed(calls, [device("1003", "NOT_INUSE")])
    assert calls.station_state(StationName("1003")) is StationState.IDLE


NEAR_BRIDGE, FAR_BRIDGE = (f'{{""bridge_id"":""{name}""}}' for name in ("near", "far"))


def logged(*rows: tuple[float, str, tuple[str, str], str]) -> EventLog:
    """Asterisk's log of a call from phone 1003 that 1001 answers, and then these rows."""
    log = EventLog({StationName("1001"), StationName("1003")}, {OWN_PHONES})
    talk = [
        *((0, "CHAN_START", each, "") for each in (PHONE, NEAR, CUSTOMER)),
        (0.1, "ANSWER", CUSTOMER, ""),
        *((0.2, "BRIDGE_ENTER", each, NEAR_BRIDGE) for each in (PHONE, NEAR)),
        (1, "CHAN_START", AGENT, ""),
        *((2, "BRIDGE_ENTER", each, FAR_BRIDGE) for each in (AGENT, CUSTOMER)),
    ]
    for number, (at, name, channel, extra) in enumerate([*talk, *rows]):
        call = CALL if channel is CUSTOMER and name != "CHAN_START" else ""
        parsed = parse(
            row(at, name, f"1700000000.{channel[1]}", channel[0], call=call, extra=extra)
        )
        assert parsed is not None
        log.feed(parsed, LogPlace(0, number))
    return log


def test_the_log_names_no_source_if_the_customer_at_our_phone_hangs_up() -> None:
    """As Asterisk 22.11 wrote it: the phone has left its bridge before that."""
    log = logged(
        *((9, "BRIDGE_EXIT", each, NEAR_BRIDGE) for each in (PHONE, NEAR)),
        (9, "BRIDGE_EXIT", CUSTOMER, FAR_BRIDGE),
        (9, "HANGUP", CUSTOMER, ended("")),
        (9, "HANGUP", PHONE, ended(PHONE[0])),
    )
    assert (log.calls[CALL].by, log.calls[CALL].talks[0].by) == ("caller", "caller")


def test_the_log_says_so_if_the_agent_hangs_up() -> None:
    log = logged(
        (9, "BRIDGE_EXIT", AGENT, FAR_BRIDGE),
        (9, "HANGUP", AGENT, ended(AGENT[0])),
        (9, "BRIDGE_EXIT", CUSTOMER, FAR_BRIDGE),
        (9.1, "HANGUP", CUSTOMER, ended("dialplan/agi")),
    )
    assert (log.calls[CALL].by, log.calls[CALL].talks[0].by) == ("agent", "agent")


def test_a_call_that_asterisk_ended_while_the_phone_heard_it_was_not_ended_by_its_customer() -> (
    None
):
    log = logged(
        (9, "BRIDGE_EXIT", CUSTOMER, FAR_BRIDGE),
        (9, "HANGUP", CUSTOMER, ended("")),
    )
    assert (log.calls[CALL].by, log.calls[CALL].talks[0].by) == ("system", "unknown")
