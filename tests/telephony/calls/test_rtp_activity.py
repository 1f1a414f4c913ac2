"""Whether anything comes from a phone, by Asterisk's counters."""

from domain.identity import ChannelId, NodeName
from telephony.rtp_activity import RtpActivity

ONE, OTHER = (ChannelId(NodeName("pbx1"), uniqueid) for uniqueid in ("1.1", "1.2"))


def counters(sent: int, came: int, rtt: float = 0.001, lost: int = 0) -> str:
    return (
        f"ssrc=1;themssrc=2;lp=0;rxjitter=0.0;rxcount={came};txjitter=0.0;txcount={sent};"
        f"rlp={lost};rtt={rtt}"
    )


def test_what_we_send_is_no_sign_of_life() -> None:
    pulse = RtpActivity()
    assert pulse.counted(ONE, counters(100, 90), 10.0) == 0.0
    assert pulse.counted(ONE, counters(600, 90), 20.0) == 10.0
    assert pulse.counted(ONE, counters(1100, 90), 50.0) == 40.0


def test_a_packet_is_and_so_is_a_report() -> None:
    pulse = RtpActivity()
    pulse.counted(ONE, counters(100, 90), 10.0)
    assert pulse.counted(ONE, counters(600, 91), 50.0) == 0.0
    assert pulse.counted(ONE, counters(900, 91, rtt=0.002), 90.0) == 0.0
    assert pulse.counted(ONE, counters(900, 91, rtt=0.002, lost=3), 130.0) == 0.0
    assert pulse.counted(ONE, counters(900, 91, rtt=0.002, lost=3), 131.0) == 1.0


def test_each_channel_has_its_own_and_a_new_one_begins_anew() -> None:
    pulse = RtpActivity()
    for channel in (ONE, OTHER):
        pulse.counted(channel, counters(1, 1), 10.0)
    assert pulse.counted(OTHER, counters(1, 2), 60.0) == 0.0
    assert pulse.counted(ONE, counters(1, 1), 60.0) == 50.0
    pulse.keep({OTHER})
    assert pulse.counted(ONE, counters(1, 1), 70.0) == 0.0
    assert pulse.counted(OTHER, counters(1, 2), 70.0) == 10.0
