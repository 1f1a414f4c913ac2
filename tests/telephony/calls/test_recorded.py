"""Event sequences recorded from Asterisk 22 (``test_live`` plays the same calls)."""

from pathlib import Path

import pytest

from telephony.ami.ami_wire import Framer, Message
from telephony.centre_calls import CallSeen
from tests.telephony.calls.events import NODE, feed, new_calls, snapshot, told

STORIES = {
    "caller_hangs_up": [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "StationDisconnected 1001 caller 16",
        "CallerGone caller 16",
    ],
    "agent_hangs_up": [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "StationDisconnected 1001 agent 16",
        "CallerGone agent 16",
    ],
    "blind_transfer": [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "CallHeld 1001 agent",
        "CallResumed 1001 agent",
        "CallTransferred 1001 1002 blind",
        "StationDisconnected 1001 agent 16",
        "StationRinging 1002",
        "StationConnected 1002",
        "StationDisconnected 1002 agent 16",
        # the dialplan took the caller back to a session, which called 1001 again
        "StationRinging 1001",
        "StationConnected 1001",
        "StationDisconnected 1001 caller 16",
        "CallerGone caller 16",
    ],
    "attended_transfer": [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "CallHeld 1001 agent",
        "CallResumed 1001 agent",
        "StationDisconnected 1001 agent 16",
        "StationConnected 1002",
        "CallTransferred 1001 1002 attended",
        "StationDisconnected 1002 agent 16",
        "CallerGone agent 16",
    ],
    # transferred while 1002 still rang: the caller takes the place of 1001's second channel
    "attended_transfer_while_ringing": [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "CallHeld 1001 agent",
        "CallResumed 1001 agent",
        "CallTransferred 1001 1002 attended",
        "StationDisconnected 1001 agent 16",
        "StationConnected 1002",
        "StationDisconnected 1002 agent 16",
        "CallerGone agent 16",
    ],
    # 1002 answered after the transfer began and before the caller had that place: by the events it
    # is 1001's second channel that comes into 1002's bridge, and it ends without leaving it
    "attended_transfer_answered_in_its_moment": [
        "CallSeen",
        "StationRinging 1001",
        "StationConnected 1001",
        "CallTransferred 1001 1002 attended",
        "StationDisconnected 1001 agent 16",
        "StationConnected 1002",
        "StationDisconnected 1002 agent 16",
        "CallerGone agent 16",
    ],
}


def recorded(story: str) -> list[Message]:
    data = (Path(__file__).parent / "recorded" / f"{story}.ami").read_bytes()
    return [Message(raw) for raw in Framer().feed(data)]


@pytest.mark.parametrize("story", STORIES)
def test_the_story_is_told(story: str) -> None:
    calls = new_calls()
    events = feed(calls, recorded(story))
    assert told(events) == STORIES[story]
    seen = events[0]
    assert isinstance(seen, CallSeen)
    assert (seen.line, seen.dialled) == ("line1", "4001")
    assert seen.call == seen.variables["OFFHOOK_CALL"]
    assert calls.open_calls() == []


@pytest.mark.parametrize("story", STORIES)
def test_every_event_twice_tells_the_same(story: str) -> None:
    """A message twice in a row changes nothing; Newchannel twice is still one channel."""
    calls = new_calls()
    twice = [m for message in recorded(story) for m in (message, message)]
    transfers = {"CallTransferred 1001 1002 blind", "CallTransferred 1001 1002 attended"}
    assert [t for t in told(feed(calls, twice)) if t not in transfers] == [
        t for t in STORIES[story] if t not in transfers
    ]


@pytest.mark.parametrize("story", STORIES)
def test_a_cut_anywhere_and_a_snapshot_of_nothing_end_every_call(story: str) -> None:
    messages = recorded(story)
    for cut in range(len(messages)):
        calls = new_calls()
        events = feed(calls, messages[:cut])
        events += calls.reconcile(NODE, snapshot(), 0.0)
        words = [line.split()[0] for line in told(events)]
        assert words.count("CallSeen") == words.count("CallerGone")
        assert words.count("StationConnected") == words.count("StationDisconnected")
