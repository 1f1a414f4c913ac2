"""Tokens that were used, and tokens of which nobody knows any more."""

from telephony.agi.tokens import TokenFault, UsedTokens

WALL = 1_795_000_000.0


def test_a_channels_tokens_are_taken_once_and_ascending() -> None:
    used = UsedTokens(0.0)
    assert used.take(("pbx1", "1.1"), WALL + 5, 5.0, WALL + 5) is None
    assert used.take(("pbx1", "1.1"), WALL + 5, 5.0, WALL + 5) is TokenFault.USED
    assert used.take(("pbx1", "1.1"), WALL + 4, 6.0, WALL + 6) is TokenFault.USED
    assert used.take(("pbx1", "1.1"), WALL + 5.001, 6.0, WALL + 6) is None
    assert used.take(("pbx1", "1.2"), WALL + 5, 6.0, WALL + 6) is None


def test_what_may_have_been_used_before_the_start_is_too_old() -> None:
    used = UsedTokens(100.0)
    assert used.take(("pbx1", "1.1"), WALL - 0.001, 103.0, WALL + 3) is TokenFault.OLD
    assert used.take(("pbx1", "1.1"), WALL + 0.001, 103.0, WALL + 3) is None


def test_nothing_forgotten_is_taken_again() -> None:
    used = UsedTokens(-1.0, remembered=100)
    for number in range(1000):
        moment = number * 0.1
        come = moment + 0.05
        assert used.take(("pbx1", f"1.{number}"), WALL + moment, come, WALL + come) is None
        assert len(used) <= 100
    for number in range(1000):
        channel, made = ("pbx1", f"1.{number}"), WALL + number * 0.1
        assert used.take(channel, made, 100.0, WALL + 100) is not None
    # A call that has lasted for longer than what is remembered comes with a new one.
    assert used.take(("pbx1", "1.7"), WALL + 100, 100.0, WALL + 100) is None


def test_a_clock_that_is_set_back_by_hours_refuses_nobody() -> None:
    used = UsedTokens(0.0)
    assert used.take(("pbx1", "1.1"), WALL, 1.0, WALL) is None
    back = WALL - 8 * 3600
    assert used.take(("pbx1", "1.2"), back, 10.0, back) is None
    # The dialplan counts on where its clock was set back (OFFHOOK_TRY).
    assert used.take(("pbx1", "1.1"), WALL + 0.001, 10.0, back) is None


def test_an_asterisk_whose_clock_is_behind_is_refused_for_as_long_only() -> None:
    used = UsedTokens(0.0)
    assert used.take(("pbx1", "1.1"), WALL - 5, 3.0, WALL) is TokenFault.OLD
    assert used.take(("pbx1", "1.1"), WALL - 1, 6.0, WALL + 4) is None
