"""What callers hear while they wait, and when they are let go."""

import pytest

from acd.commands import Announce, GiveUp
from acd.events import (
    Away,
    CallLeft,
    CallQueued,
    Connected,
    Disconnected,
    LogOut,
    OfferFailed,
    Ready,
    Reconfigure,
)
from acd.expected_wait import HandlingTimes, expected_wait
from domain.agent_facts import AgentState
from domain.identity import QueueName
from domain.reasons import GiveUpReason, OfferFailure
from tests.acd.centre import (
    Q_SALES,
    Q_SERVICE,
    QUEUES,
    SALES,
    A,
    B,
    Driver,
    announced,
    call,
    given_up,
    offers,
    queue,
)


def staffed() -> Driver:
    """Agent A is logged in and away, so that callers wait."""
    floor = Driver()
    floor.ready(A)
    floor.tell(Away(A, "break"))
    return floor


def test_a_caller_hears_his_place_soon_and_then_at_intervals() -> None:
    floor = staffed()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), CallQueued(call(2), Q_SALES, floor.now))
    assert announced(floor.wait(3.9)) == []
    said = announced(floor.wait(0.1))
    assert said == [Announce(call(1), 1, None), Announce(call(2), 2, None)]
    assert announced(floor.wait(29.9)) == []
    floor.tell(CallLeft(call(1)))
    assert announced(floor.wait(0.1)) == [Announce(call(2), 1, None)]


def test_nothing_is_announced_while_a_phone_rings_but_afterwards() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    assert announced(floor.wait(15)) == []
    floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER))
    assert announced(floor.wait(0)) == [Announce(call(1), 1, None)]


def test_a_free_agent_comes_before_an_announcement() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.tell(Connected(call(1), A))
    floor.wait(84)
    floor.tell(Disconnected(call(1), A))  # 20 s of after-call work
    floor.wait(16)
    floor.tell(CallQueued(call(2), Q_SALES, floor.now))
    said = floor.wait(4)  # the after-call work and the first announcement, at one moment
    assert offers(said) == [(call(2), A)] and announced(said) == []


@pytest.mark.parametrize("silent", ["caller", "queue"])
def test_announcements_can_be_off(silent: str) -> None:
    mute = queue(Q_SALES, SALES, announce_every_s=0.0)
    floor = Driver((mute,)) if silent == "queue" else Driver()
    floor.ready(A)
    floor.tell(Away(A, "break"))
    floor.tell(CallQueued(call(1), Q_SALES, floor.now, announce=silent != "caller"))
    assert announced(floor.wait(300)) == []


def test_the_expected_wait_comes_from_recent_calls() -> None:
    floor = Driver()
    for code in (A, B):
        floor.ready(code)
    for number in range(4):
        floor.tell(CallQueued(call(number), Q_SALES, floor.now), Connected(call(number), A))
        floor.wait(80)
        floor.tell(Disconnected(call(number), A))
        floor.wait(20)
    assert floor.floor.expected_wait(Q_SALES, 1) == pytest.approx(50)
    floor.tell(Connected(call(10), A), Connected(call(11), B))
    floor.tell(CallQueued(call(12), Q_SALES, floor.now), CallQueued(call(13), Q_SALES, floor.now))
    said = announced(floor.wait(4))
    assert [(it.position, it.expected_wait_s) for it in said] == [(1, 50.0), (2, 100.0)]
    floor.tell(LogOut(B), Away(A, "lunch"), Disconnected(call(10), A), Disconnected(call(11), B))
    assert floor.floor.expected_wait(Q_SALES, 1) is None


def test_the_mean_follows_the_hour() -> None:
    times = HandlingTimes()
    name = QueueName("q")
    for _ in range(1000):
        times.add(name, 100.0)
    for _ in range(150):
        times.add(name, 200.0)
    mean = times.mean(name)
    assert mean is not None and 190 < mean < 200
    assert expected_wait(3, 0, mean) is None
    assert expected_wait(3, 6, None) is None
    assert expected_wait(3, 6, 100.0) == 50.0


def test_a_caller_who_has_waited_too_long_is_let_go() -> None:
    floor = staffed()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now - 100))
    assert given_up(floor.wait(799.9)) == []
    assert given_up(floor.wait(0.1)) == [GiveUp(call(1), GiveUpReason.TIMEOUT)]
    assert floor.waiting() == [] and floor.floor.next_deadline() is None


@pytest.mark.parametrize(
    ("queues_s", "own_s", "after_s"), [(0.0, 50.0, 50), (20.0, 50.0, 20), (60.0, 50.0, 50)]
)
def test_a_caller_waits_no_longer_than_queue_and_flow_let_them(
    queues_s: float, own_s: float, after_s: float
) -> None:
    floor = Driver((queue(Q_SALES, SALES, max_wait_s=queues_s),))
    floor.ready(A)
    floor.tell(Away(A, "break"))
    floor.tell(CallQueued(call(1), Q_SALES, floor.now, longest_s=own_s))
    assert given_up(floor.wait(after_s - 0.1)) == []
    assert given_up(floor.wait(0.1)) == [GiveUp(call(1), GiveUpReason.TIMEOUT)]


def test_nobody_is_let_go_while_a_phone_rings_for_him() -> None:
    floor = staffed()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.wait(895)
    floor.tell(Ready(A))
    assert given_up(floor.wait(10)) == []
    floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER))
    assert given_up(floor.wait(0)) == [GiveUp(call(1), GiveUpReason.TIMEOUT)]


def test_a_queue_may_have_no_limit() -> None:
    floor = Driver((queue(Q_SALES, SALES, max_wait_s=0.0),))
    floor.ready(A)
    floor.tell(Away(A, "break"), CallQueued(call(1), Q_SALES, floor.now))
    assert given_up(floor.wait(10_000)) == []


def test_callers_wait_for_agents_who_are_only_away_or_busy() -> None:
    floor = staffed()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    assert given_up(floor.wait(600)) == []


def test_with_nobody_logged_in_a_caller_is_let_go_after_a_grace() -> None:
    floor = staffed()
    floor.tell(CallQueued(call(1), Q_SERVICE, floor.now - 500))
    assert given_up(floor.wait(9.9)) == []
    assert given_up(floor.wait(0.1)) == [GiveUp(call(1), GiveUpReason.NOBODY_LOGGED_IN)]


def test_the_last_log_out_starts_the_grace_and_a_log_in_ends_it() -> None:
    floor = staffed()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.wait(60)
    floor.tell(LogOut(A))
    floor.wait(8)
    assert offers(floor.ready(B)) == [(call(1), B)]
    floor.tell(OfferFailed(call(1), B, OfferFailure.NO_ANSWER))
    assert given_up(floor.wait(60)) == []
    floor.tell(LogOut(B))
    assert given_up(floor.wait(10)) == [GiveUp(call(1), GiveUpReason.NOBODY_LOGGED_IN)]


def test_an_unknown_queue_is_said_to_be_one() -> None:
    floor = Driver()
    said = floor.tell(CallQueued(call(1), QueueName("nowhere"), floor.now))
    assert said == [GiveUp(call(1), GiveUpReason.UNKNOWN_QUEUE)]


def test_new_definitions_of_queues_are_in_force_at_once() -> None:
    floor = staffed()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), CallQueued(call(2), Q_SERVICE, floor.now))
    floor.tell(Ready(A))  # rings for 1
    changed = queue(Q_SERVICE, SALES, max_wait_s=5.0)
    floor.tell(Reconfigure([changed]))
    assert floor.state(A) is AgentState.OFFERED
    assert offers(floor.ready(B)) == [(call(2), B)]
    assert given_up(floor.tell(CallQueued(call(3), Q_SALES, floor.now))) == [
        GiveUp(call(3), GiveUpReason.UNKNOWN_QUEUE)
    ]
    floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER), Ready(A))
    assert floor.state(A) is AgentState.OFFERED  # the removed queue's last caller is served
    floor.tell(Connected(call(1), A))
    assert floor.floor.waiting[0].call == call(2)
    floor.tell(Reconfigure(QUEUES))
    assert floor.state(B) is AgentState.OFFERED


def test_a_talk_does_not_count_against_the_longest_wait() -> None:
    """Back from a transfer that failed, with the old place, after a talk of ten minutes."""
    floor = staffed()
    since = floor.now
    floor.wait(850)
    floor.tell(CallQueued(call(2), Q_SALES, floor.now - 60))
    floor.tell(CallQueued(call(1), Q_SALES, since, waited_s=30.0))
    assert floor.waiting() == [call(1), call(2)]
    assert given_up(floor.wait(869)) == [GiveUp(call(2), GiveUpReason.TIMEOUT)]
    assert given_up(floor.wait(1)) == [GiveUp(call(1), GiveUpReason.TIMEOUT)]


def test_nor_does_the_rest_of_a_talk_with_the_agent_who_sent_them_back() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(Connected(call(1), A))
    floor.tell(CallQueued(call(1), Q_SALES, floor.now - 5, waited_s=5.0))
    floor.wait(100)
    floor.tell(Away(A, "break"), Disconnected(call(1), A))
    assert given_up(floor.wait(894)) == []
    assert given_up(floor.wait(1)) == [GiveUp(call(1), GiveUpReason.TIMEOUT)]
