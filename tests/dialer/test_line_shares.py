"""What campaigns that want more than a line takes get of it."""

from dialer.line_shares import WANTS_FOR_S, LineShares


def left(shares: LineShares, who: str, of: int, now: float, most: int = 6) -> int:
    return shares.left_for(who, of, now, most=most, within_s=1.0)


def test_whoever_wants_alone_gets_all() -> None:
    shares = LineShares()
    shares.wants_more("a", 0.0)
    assert left(shares, "a", 6, 0.0) == 6
    for _ in range(5):
        shares.took("a", 0.0)
    assert left(shares, "a", 1, 0.1) == 1


def test_two_that_want_more_get_half_each() -> None:
    shares = LineShares()
    for _ in range(3):
        shares.took("a", 0.0)
    shares.wants_more("b", 0.0)
    assert left(shares, "a", 3, 0.1) == 0
    assert left(shares, "b", 3, 0.1) == 3


def test_who_had_less_is_left_what_it_lacks() -> None:
    shares = LineShares()
    for at in (0.0, 0.0, 0.5):
        shares.took("a", at)
    shares.wants_more("b", 1.0)
    assert left(shares, "a", 5, 1.2, most=6) == 2, "three are for b"
    assert left(shares, "a", 1, 1.2, most=1) == 0, "it is b's turn"
    shares.took("b", 1.2)
    shares.took("b", 1.2)
    shares.took("b", 1.2)
    shares.wants_more("a", 1.2)
    assert left(shares, "b", 1, 2.3, most=1) == 0, "now it is a's"


def test_who_wants_nothing_any_more_is_left_nothing() -> None:
    shares = LineShares()
    shares.took("a", 0.0)
    shares.wants_more("b", 0.0)
    assert left(shares, "a", 1, 1.2, most=1) == 0
    assert left(shares, "a", 1, WANTS_FOR_S, most=1) == 1
