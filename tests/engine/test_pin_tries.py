from domain.identity import AgentCode, StationName
from engine.stations.pin_tries import AGENT_MOST_S, FIRST_S, PHONE_MOST_S, TRIES, PinTries

AMY, DESK = AgentCode("1001"), StationName("1001")
PHONES = [StationName(str(2000 + number)) for number in range(100)]


def wrong(tries: PinTries, station: StationName, now: float, own: StationName | None = DESK) -> int:
    """How many of a hundred wrong PINs are looked at."""
    return sum(tries.allows(AMY, station, own, now) for _ in range(100))


def test_a_phone_has_three_tries_a_minute() -> None:
    tries = PinTries()
    assert wrong(tries, DESK, 0.0) == TRIES
    assert tries.locked(DESK, FIRST_S - 1) and wrong(tries, DESK, FIRST_S - 1) == 0
    assert not tries.locked(DESK, FIRST_S) and wrong(tries, DESK, FIRST_S) == TRIES


def test_each_lock_is_twice_as_long_until_the_right_pin_comes() -> None:
    tries = PinTries()
    wrong(tries, DESK, 0.0)
    wrong(tries, DESK, 60.0)
    assert wrong(tries, DESK, 179.0) == 0
    assert tries.allows(AMY, DESK, DESK, 180.0)
    tries.right(AMY, DESK)
    assert wrong(tries, DESK, 180.0) == TRIES and not tries.locked(DESK, 240.0)


def test_a_day_of_trying_at_one_phone_is_some_dozen_pins() -> None:
    tries = PinTries()
    looked_at = sum(tries.allows(AMY, PHONES[0], DESK, float(now)) for now in range(86_400))
    assert looked_at <= TRIES * (86_400 / PHONE_MOST_S + 8)


def test_many_phones_have_no_more_tries_for_one_agent() -> None:
    tries = PinTries()
    assert sum(wrong(tries, phone, 0.0) for phone in PHONES) == TRIES


def test_a_stranger_elsewhere_does_not_lock_an_agent_out_of_their_own_phone() -> None:
    tries = PinTries()
    for phone in PHONES:
        wrong(tries, phone, 0.0)
    assert not tries.locked(DESK, 0.0) and tries.allows(AMY, DESK, DESK, 0.0)


def test_nor_for_long_anywhere() -> None:
    tries = PinTries()
    for now in range(0, 7200, 10):
        for phone in PHONES:
            for _ in range(TRIES + 1):
                tries.allows(AMY, phone, None, float(now))
    fresh = StationName("3000")
    times = [now for now in range(7200, 8000) if tries.allows(AMY, fresh, None, float(now))]
    assert times and times[0] - 7200 <= AGENT_MOST_S


def test_where_an_agent_was_last_is_their_own() -> None:
    tries = PinTries()
    assert tries.allows(AMY, PHONES[0], None, 0.0)
    tries.right(AMY, PHONES[0])
    wrong(tries, PHONES[1], 1.0, own=None)
    assert not tries.allows(AMY, PHONES[2], None, 1.0)
    assert tries.allows(AMY, PHONES[0], None, 1.0)


def test_patience_finds_no_more() -> None:
    tries = PinTries()
    looked_at = 0
    for minute in range(24 * 60):
        looked_at += tries.allows(AMY, DESK, DESK, 60.0 * minute)
        looked_at += tries.allows(AMY, DESK, DESK, 60.0 * minute + 1)
    assert looked_at <= TRIES * (86_400 / PHONE_MOST_S + 8)


def test_ones_own_pin_is_no_way_to_go_on_with_anothers() -> None:
    tries, mallory = PinTries(), AgentCode("1002")
    looked_at = 0
    for second in range(86_400):
        now = float(second)
        if second % 3 < 2:
            looked_at += tries.allows(AMY, DESK, DESK, now)
        elif tries.allows(mallory, DESK, None, now):
            tries.right(mallory, DESK)
    assert looked_at <= TRIES * (86_400 / PHONE_MOST_S + 8)


def test_anothers_wrong_tries_do_not_keep_who_knows_their_pin_from_a_shared_phone() -> None:
    tries, other = PinTries(), AgentCode("1002")
    assert tries.allows(AMY, DESK, DESK, 0.0) and tries.allows(None, DESK, None, 0.0)
    for day in range(50):
        assert tries.allows(other, DESK, None, 60.0 * day)
        tries.right(other, DESK)
