"""Which agent gets which caller, and what becomes of an offer."""

import pytest

from acd.commands import Offer, Withdraw
from acd.events import (
    Away,
    CallGone,
    CallLeft,
    CallQueued,
    Connected,
    Disconnected,
    LogIn,
    LogOut,
    OfferFailed,
    Ready,
    StationChanged,
)
from domain.agent_facts import AgentState
from domain.identity import StationName
from domain.reasons import OfferFailure
from domain.stations import StationState
from tests.acd.centre import (
    Q_EXPERT,
    Q_SALES,
    Q_SERVICE,
    Q_VIP,
    SALES,
    A,
    B,
    C,
    Driver,
    call,
    offers,
    station,
    withdrawn,
)


def test_a_caller_gets_the_longest_idle_agent_with_the_skill() -> None:
    floor = Driver()
    floor.ready(C, service=1)
    floor.wait(1)
    floor.ready(B)
    floor.wait(1)
    floor.ready(A)
    said = floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    assert Offer(call(1), Q_SALES, B, station(B), 15.0) in said
    assert offers(floor.tell(CallQueued(call(2), Q_SALES, floor.now))) == [(call(2), A)]
    assert offers(floor.tell(CallQueued(call(3), Q_SALES, floor.now))) == []


def test_idle_time_counts_from_ready_not_from_log_in() -> None:
    floor = Driver()
    floor.ready(A)
    floor.wait(1)
    floor.ready(B)
    floor.wait(1)
    floor.tell(Away(A, "break"), Ready(A))
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == [(call(1), B)]


def test_a_queue_may_ask_for_a_level() -> None:
    floor = Driver()
    floor.ready(A, service=2)
    assert offers(floor.tell(CallQueued(call(1), Q_EXPERT, floor.now))) == []
    assert offers(floor.ready(B, service=3)) == [(call(1), B)]


def test_priority_comes_before_time_waited() -> None:
    floor = Driver()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.wait(1)
    floor.tell(CallQueued(call(2), Q_VIP, floor.now))
    assert offers(floor.ready(A)) == [(call(2), A)]
    assert offers(floor.ready(B)) == [(call(1), B)]


def test_time_waited_counts_from_since_across_queues() -> None:
    floor = Driver()
    floor.tell(
        CallQueued(call(1), Q_SALES, floor.now - 5), CallQueued(call(2), Q_SERVICE, floor.now - 9)
    )
    assert offers(floor.ready(A, sales=1, service=1)) == [(call(2), A)]


def test_the_head_of_the_line_blocks_nobody_whom_others_can_serve() -> None:
    floor = Driver()
    floor.tell(CallQueued(call(1), Q_EXPERT, floor.now), CallQueued(call(2), Q_SALES, floor.now))
    assert offers(floor.ready(A)) == [(call(2), A)]
    assert floor.waiting() == [call(2), call(1)]


def test_a_missed_caller_keeps_his_place_and_the_agent_is_paused() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.wait(5)
    floor.tell(CallQueued(call(2), Q_SALES, floor.now))
    floor.wait(10)
    said = floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER))
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "missed")
    assert offers(said) == [] and floor.waiting() == [call(1), call(2)]
    assert offers(floor.ready(B)) == [(call(1), B)]


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (OfferFailure.BUSY, "busy"),
        (OfferFailure.REJECTED, "rejected"),
        (OfferFailure.UNREACHABLE, "unreachable"),
    ],
)
def test_a_phone_that_fails_pauses_its_agent_and_the_next_one_rings_at_once(
    why: OfferFailure, reason: str
) -> None:
    floor = Driver()
    floor.ready(A)
    floor.wait(1)
    floor.ready(B)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    assert offers(floor.tell(OfferFailed(call(1), A, why))) == [(call(1), B)]
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, reason)


@pytest.mark.parametrize(
    "state", [StationState.BUSY, StationState.UNREACHABLE, StationState.RINGING]
)
def test_an_agent_whose_phone_is_not_idle_is_offered_nothing(state: StationState) -> None:
    floor = Driver()
    floor.tell(StationChanged(station(A), state))
    floor.ready(A)
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == []
    assert floor.state(A) is AgentState.READY
    assert offers(floor.tell(StationChanged(station(A), StationState.IDLE))) == [(call(1), A)]
    floor.tell(StationChanged(station(A), StationState.RINGING))
    assert floor.state(A) is AgentState.OFFERED


def test_an_offer_nobody_answers_for_ends_by_itself() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    assert withdrawn(floor.wait(19.9)) == []
    assert withdrawn(floor.wait(0.2)) == [(call(1), A)]
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "missed")
    floor.ready(B)
    assert floor.state(B) is AgentState.READY  # the call may be dialling still
    assert offers(floor.wait(1)) == [(call(1), B)]


@pytest.mark.parametrize(
    ("wish", "state"),
    [(LogOut(A), AgentState.LOGGED_OUT), (Away(A, "lunch"), AgentState.PAUSED)],
)
def test_an_agent_who_leaves_lets_the_caller_go_to_another(
    wish: LogOut | Away, state: AgentState
) -> None:
    floor = Driver()
    floor.ready(A)
    floor.wait(1)
    floor.ready(B)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    said = floor.tell(wish)
    assert Withdraw(call(1), A, station(A)) in said and offers(said) == []
    assert floor.state(A) is state
    said = floor.tell(OfferFailed(call(1), A, OfferFailure.WITHDRAWN))
    assert offers(said) == [(call(1), B)] and floor.state(A) is state


def test_a_caller_who_hangs_up_costs_the_agent_no_place() -> None:
    floor = Driver()
    floor.ready(A)
    floor.wait(1)
    floor.ready(B)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.wait(3)
    assert withdrawn(floor.tell(CallGone(call(1)))) == [(call(1), A)]
    assert offers(floor.tell(CallQueued(call(2), Q_SALES, floor.now))) == [(call(2), A)]


def test_a_phone_is_not_rung_anew_before_it_is_silent() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), CallQueued(call(2), Q_SALES, floor.now))
    said = floor.tell(CallLeft(call(1)))
    assert withdrawn(said) == [(call(1), A)] and offers(said) == []
    assert offers(floor.tell(OfferFailed(call(1), A, OfferFailure.WITHDRAWN))) == [(call(2), A)]


def test_without_news_a_withdrawn_phone_rests_for_a_second() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), CallQueued(call(2), Q_SALES, floor.now))
    floor.tell(CallLeft(call(1)))
    assert offers(floor.wait(0.9)) == []
    assert offers(floor.wait(0.2)) == [(call(2), A)]


def test_an_offer_that_fails_without_anybodys_fault_is_made_again_but_does_not_spin() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    said = floor.tell(OfferFailed(call(1), A, OfferFailure.WITHDRAWN))
    assert floor.state(A) is AgentState.READY and offers(said) == []
    assert offers(floor.wait(1)) == [(call(1), A)]


def test_moving_to_another_station_takes_the_offer_along() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    said = floor.tell(LogIn(A, StationName("st9"), {SALES: 1}))
    assert Withdraw(call(1), A, station(A)) in said
    said = floor.tell(OfferFailed(call(1), A, OfferFailure.WITHDRAWN))
    assert Offer(call(1), Q_SALES, A, StationName("st9"), 15.0) in said


def test_news_of_an_earlier_offer_harms_no_later_one() -> None:
    floor = Driver()
    floor.ready(A)
    floor.ready(B)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER))
    assert floor.state(B) is AgentState.OFFERED
    floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER), Disconnected(call(1), A))
    assert floor.state(B) is AgentState.OFFERED
    floor.tell(Connected(call(1), B))
    assert floor.state(B) is AgentState.TALKING
    floor.tell(OfferFailed(call(1), B, OfferFailure.NO_ANSWER))
    assert floor.state(B) is AgentState.TALKING


def test_queueing_twice_is_queueing_once_and_another_queue_moves_the_caller() -> None:
    floor = Driver()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), CallQueued(call(1), Q_SALES, floor.now))
    assert floor.waiting() == [call(1)]
    floor.tell(CallQueued(call(1), Q_SERVICE, floor.now))
    assert [view.queue for view in floor.floor.waiting] == [Q_SERVICE]
