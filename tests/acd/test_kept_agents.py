"""Agents who are kept for one customer, and customers who are for one agent."""

from acd.commands import GiveUp
from acd.events import (
    Away,
    CallLeft,
    CallQueued,
    Connected,
    Disconnected,
    KeepAgent,
    LetAgentGo,
    LogOut,
    OfferFailed,
    Ready,
)
from domain.agent_facts import AgentState
from domain.reasons import GiveUpReason, OfferFailure
from tests.acd.centre import Q_SALES, SALES, A, B, Driver, call, given_up, offers


def test_a_kept_agent_is_offered_nobody_but_the_customer_they_are_kept_for() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(KeepAgent(A, "spring"))
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == []
    assert offers(floor.tell(CallQueued(call(2), Q_SALES, floor.now, only=A))) == [(call(2), A)]


def test_an_agent_who_is_let_go_gets_who_waits() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(KeepAgent(A, "spring"), CallQueued(call(1), Q_SALES, floor.now))
    assert offers(floor.tell(LetAgentGo(A, "another"))) == []
    assert offers(floor.tell(LetAgentGo(A, "spring"))) == [(call(1), A)]


def test_a_customer_of_one_agent_is_offered_to_nobody_else() -> None:
    floor = Driver()
    floor.ready(A)
    floor.ready(B)
    floor.tell(KeepAgent(A, "spring"), CallQueued(call(1), Q_SALES, floor.now))  # to B
    floor.tell(Connected(call(1), B))
    assert offers(floor.tell(CallQueued(call(2), Q_SALES, floor.now, only=A))) == [(call(2), A)]
    floor.tell(OfferFailed(call(2), A, OfferFailure.WITHDRAWN))
    floor.wait(2)
    assert offers(floor.said)[-1] == (call(2), A), "they are tried again"


def test_anybody_may_have_a_customer_whose_agent_pauses_leaves_or_talks() -> None:
    for gone in (Away(A, "break"), LogOut(A), Connected(call(9), A)):
        floor = Driver()
        floor.ready(A)
        floor.tell(KeepAgent(A, "spring"), gone)
        floor.ready(B)
        assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now, only=A))) == [
            (call(1), B)
        ], gone


def test_anybody_may_have_a_customer_whose_agents_phone_does_not_answer() -> None:
    floor = Driver()
    floor.ready(A)
    floor.ready(B)
    floor.tell(KeepAgent(A, "spring"), CallQueued(call(1), Q_SALES, floor.now, only=A))
    said = floor.tell(OfferFailed(call(1), A, OfferFailure.UNREACHABLE))
    assert floor.state(A) is AgentState.PAUSED
    assert offers(said) == [(call(1), B)]


def test_an_agent_is_kept_through_their_states_until_they_log_out() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(KeepAgent(A, "hand"), Away(A, "break"), Ready(A))
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == []
    floor.tell(CallLeft(call(1)), Connected(call(2), A), Disconnected(call(2), A), Ready(A))
    view = floor.floor.agent(A)
    assert view and view.kept == "hand"
    floor.tell(LogOut(A))
    floor.ready(A, **{str(SALES): 1})
    assert offers(floor.tell(CallQueued(call(3), Q_SALES, floor.now))) == [(call(3), A)]


def test_nobody_is_kept_who_is_not_logged_in() -> None:
    floor = Driver()
    floor.tell(KeepAgent(A, "hand"))
    floor.ready(A)
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == [(call(1), A)]


def test_a_caller_of_one_agent_alone_waits_for_them_and_is_taken_first() -> None:
    floor = Driver()
    floor.ready(A)
    floor.ready(B)
    floor.tell(Connected(call(9), A), Away(B, "break"))
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    alone = CallQueued(call(2), Q_SALES, floor.now, only=A, alone=True, longest_s=30)
    assert offers(floor.tell(alone)) == []
    assert offers(floor.tell(Ready(B))) == [(call(1), B)]
    floor.tell(Connected(call(1), B), CallQueued(call(3), Q_SALES, floor.now - 60))
    said = floor.tell(Disconnected(call(9), A), Ready(A))
    assert offers(said) == [(call(2), A)]


def test_who_waits_for_one_agent_alone_is_let_go_in_time_and_takes_nobody_else() -> None:
    floor = Driver()
    for gone in (Away(A, "break"), LogOut(A), KeepAgent(A, "spring")):
        floor.ready(A)
        floor.ready(B)
        floor.tell(gone)
        waits = CallQueued(call(1), Q_SALES, floor.now, only=A, alone=True, longest_s=30)
        assert offers(floor.tell(waits)) == [], gone
        said = floor.wait(31)
        assert (offers(said), given_up(said)) == ([], [GiveUp(call(1), GiveUpReason.TIMEOUT)]), gone
        floor.tell(LetAgentGo(A, "spring"))
