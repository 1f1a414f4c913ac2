"""Keys pressed in secret reach nobody, however late Asterisk reports them; others do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.ami.ami_wire import Message
from telephony.ami.secret_keys import KEYS_OVER, LOST_S, SecretKeys

CALLER, HALF, OTHER = "pbx-1.1", "pbx-1.2", "pbx-1.9"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(clock: Clock) -> Iterator[SecretKeys]:
    one = SecretKeys(clock)
    one.begin(CALLER, CALLER)
    yield one


def event(name: str, uniqueid: str = CALLER, linkedid: str = CALLER, **more: str) -> bytes:
    headers = {"Event": name, "Uniqueid": uniqueid, "Linkedid": linkedid, "Digit": "7", **more}
    return Message.of(headers).raw


def over(uniqueid: str = CALLER) -> bytes:
    return event("UserEvent", uniqueid, UserEvent=KEYS_OVER)


def test_only_events_about_keys_of_this_call_are_dropped(keys: SecretKeys) -> None:
    assert keys
    assert keys.drops(event("DTMFBegin"))
    assert keys.drops(event("DTMFEnd", Direction="Received"))
    assert keys.drops(event("DTMFEnd", HALF)), "another channel of the same call"
    assert not keys.drops(event("DTMFEnd", OTHER, OTHER))
    assert not keys.drops(event("Newstate"))
    assert not keys.drops(event("UserEvent", UserEvent="OffhookLineFull"))
    assert keys.dropped == 3


def test_a_local_channels_other_half_may_have_given_the_call_its_linkedid() -> None:
    one = SecretKeys()
    one.begin(HALF, CALLER)
    assert one.drops(event("DTMFEnd", CALLER, CALLER))
    assert one.drops(event("DTMFEnd", OTHER, CALLER))


def test_what_comes_after_the_step_is_dropped_until_the_channel_says_that_keys_are_over(
    keys: SecretKeys,
) -> None:
    assert keys.drops(over()), "one of an earlier step; nobody else hears of it"
    keys.end(CALLER)
    assert keys.drops(event("DTMFEnd"))
    assert keys.drops(over(OTHER))
    assert keys.drops(event("DTMFEnd"))
    assert keys.drops(over())
    assert not keys
    assert not keys.drops(event("DTMFEnd"))


def test_a_step_that_follows_at_once_is_not_ended_by_the_report_before_it(
    keys: SecretKeys,
) -> None:
    keys.end(CALLER)
    keys.begin(CALLER, CALLER)
    keys.end(CALLER)
    assert keys.drops(over()), "of the first step"
    assert keys.drops(event("DTMFEnd"))
    assert keys.drops(over())
    assert not keys.drops(event("DTMFEnd"))


def test_who_hangs_up_leaves_nothing_behind(keys: SecretKeys) -> None:
    keys.end(CALLER)
    assert not keys.drops(event("Hangup"))
    assert not keys


def test_a_report_that_was_lost_with_the_link_is_not_waited_for_for_ever(
    keys: SecretKeys, clock: Clock
) -> None:
    keys.logged_in()
    clock.now = 1000.0
    assert keys.drops(event("DTMFEnd")), "the step goes on"
    keys.end(CALLER)
    keys.logged_in()
    clock.now += LOST_S - 0.1
    assert keys.drops(event("DTMFEnd"))
    clock.now += 0.1
    assert not keys.drops(event("DTMFEnd"))
    assert not keys


def test_nothing_that_a_phone_writes_ends_the_secret(keys: SecretKeys) -> None:
    keys.end(CALLER)
    forged = event("UserEvent", OTHER, OTHER, UserEvent="OffhookLineFull", Caller=KEYS_OVER)
    assert not keys.drops(forged)
    assert keys.drops(event("DTMFEnd", CallerIDName=f"UserEvent: {KEYS_OVER}"))
    assert keys


def test_asterisks_own_files_show_no_keys_as_they_are_set_up() -> None:
    conf = Path("asterisk-conf")
    levels = {
        level.strip()
        for line in (conf / "logger.conf").read_text().splitlines()
        if "=" in line and not line.startswith(("dateformat", "queue_log", "use_callids"))
        for level in line.partition("=")[2].split(",")
    }
    assert levels == {"notice", "warning", "error", "security"}
    events = next(
        line for line in (conf / "cel.conf").read_text().splitlines() if line.startswith("events")
    )
    assert "DTMF" not in events
    assert "DTMFBegin" in (conf / "manager.conf").read_text(), "nobody needs it"
