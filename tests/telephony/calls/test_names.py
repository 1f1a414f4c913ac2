"""Whose channel it is, by its name alone."""

import pytest

from domain.identity import LineName, StationName
from domain.stations import OWN_PHONES, phone_of, twin
from telephony.channels import ChannelRole, Channels
from telephony.event_log import EventLog
from telephony.log_rows import LogPlace, parse
from tests.engine.reconcile.test_event_log import CALL, LINE, hang_up, row


@pytest.mark.parametrize("name", ["carrier", "carrier-srtp", "srtp", "a1001-srtp", "x-1001-srtp"])
def test_a_line_is_known_whatever_its_name_ends_in(name: str) -> None:
    """The second endpoint of a phone ends so, too: every call of such a line was refused."""
    channels = Channels(frozenset({StationName("1001")}), frozenset({LineName(name)}))
    assert channels.role(f"PJSIP/{name}-0000001a") == (ChannelRole.LINE, name)
    log = EventLog({StationName("1001")}, {LineName(name)})
    channel = (LINE[0], f"PJSIP/{name}-0000001a")
    rows = [
        row(0, "CHAN_START", *channel),
        row(0.1, "ANSWER", *channel, call=CALL),
        row(5, "HANGUP", *channel, call=CALL, extra=hang_up(channel[1])),
    ]
    for number, text in enumerate(rows):
        parsed = parse(text)
        assert parsed is not None
        log.feed(parsed, LogPlace(0, number))
    assert log.calls[CALL].by == "caller"


@pytest.mark.parametrize("endpoint", ["1001", twin(StationName("1001"))])
def test_a_phone_is_known_by_either_of_its_endpoints(endpoint: str) -> None:
    channels = Channels(frozenset({StationName("1001")}), frozenset())
    assert channels.role(f"PJSIP/{endpoint}-0000001a") == (ChannelRole.STATION, "1001")
    assert phone_of(endpoint) == "1001"


OWN = "Local/4008001000@own-phone-0000001a"


def test_a_phone_that_calls_our_number_is_known_by_the_pair_that_the_dialplan_makes() -> None:
    channels = Channels(frozenset({StationName("1001")}), frozenset())
    assert channels.role(f"{OWN};2") == (ChannelRole.LINE, OWN_PHONES)
    assert channels.role(f"{OWN};1") == (ChannelRole.LOCAL, OWN.partition("/")[2])
    for other in ("Local/4008001000@session-0000001a;2", f"{OWN};2<ZOMBIE>", "PJSIP/own.phones-1"):
        assert channels.role(other) != (ChannelRole.LINE, OWN_PHONES)
