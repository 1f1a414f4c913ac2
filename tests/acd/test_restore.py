"""The floor after the controller's restart."""

import pytest

from acd.commands import AgentChanged, Refusal
from acd.events import CallGone, CallQueued, Connected, Disconnected, Ready, Restore, StationChanged
from domain.agent_facts import AgentState
from domain.identity import CallId
from domain.stations import StationState
from tests.acd.centre import Q_SALES, SALES, A, B, Driver, call, offers, refused, station


def back(
    state: AgentState, since: float, of: CallId | None = None, reason: str | None = None
) -> Restore:
    """Agent A as last recorded."""
    return Restore(A, station(A), {SALES: 1}, state, reason, since, of)


def test_a_paused_agent_is_where_he_was() -> None:
    floor = Driver()
    said = floor.tell(back(AgentState.PAUSED, 400.0, reason="lunch"))
    assert said == [AgentChanged(A, AgentState.PAUSED, "lunch", station(A), None, 400.0)]


def test_a_ready_agent_keeps_his_idle_time() -> None:
    floor = Driver()
    floor.ready(B)
    floor.tell(back(AgentState.READY, 400.0))
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == [(call(1), A)]


def test_a_talking_agent_is_adopted_with_his_call() -> None:
    floor = Driver()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), back(AgentState.TALKING, 400.0, of=call(1)))
    assert floor.waiting() == []
    view = floor.floor.agent(A)
    assert view and (view.state, view.call, view.since) == (AgentState.TALKING, call(1), 400.0)
    floor.tell(Connected(call(1), A), Disconnected(call(1), A))
    assert floor.state(A) is AgentState.WRAP_UP
    floor.wait(30)
    assert floor.state(A) is AgentState.READY


@pytest.mark.parametrize("known", [None, call(1)])
def test_a_talk_that_ended_meanwhile_is_followed_by_after_call_work(known: CallId | None) -> None:
    floor = Driver()
    floor.tell(CallGone(call(1)), back(AgentState.TALKING, 400.0, of=known))
    assert floor.state(A) is AgentState.WRAP_UP
    floor.wait(30)
    assert floor.state(A) is AgentState.READY


def test_an_adopted_talk_ends_if_the_phone_lies_idle() -> None:
    floor = Driver()
    floor.tell(
        StationChanged(station(A), StationState.IDLE),
        back(AgentState.TALKING, 400.0, of=call(1)),
    )
    floor.wait(10)
    assert floor.state(A) is AgentState.WRAP_UP


def test_after_call_work_goes_on_from_when_it_began() -> None:
    floor = Driver()
    floor.tell(back(AgentState.WRAP_UP, floor.now - 25))
    floor.wait(4.9)
    assert floor.state(A) is AgentState.WRAP_UP  # 30 s, the longest there is
    floor.wait(0.1)
    assert floor.state(A) is AgentState.READY


def test_an_offer_does_not_survive_and_a_ringing_phone_is_let_ring() -> None:
    floor = Driver()
    floor.tell(StationChanged(station(A), StationState.RINGING))
    floor.tell(back(AgentState.OFFERED, 400.0, of=call(1)))
    floor.tell(CallQueued(call(1), Q_SALES, 900.0))
    assert floor.state(A) is AgentState.READY
    floor.tell(Connected(call(1), A))
    assert floor.state(A) is AgentState.TALKING and floor.waiting() == []


def test_a_logged_out_agent_is_known_and_no_more() -> None:
    floor = Driver()
    floor.tell(back(AgentState.LOGGED_OUT, 400.0))
    view = floor.floor.agent(A)
    assert view and (view.state, view.since, view.station) == (AgentState.LOGGED_OUT, 400.0, None)


def test_who_has_logged_in_again_before_is_left_alone_and_so_is_a_taken_station() -> None:
    floor = Driver()
    floor.ready(A)
    assert floor.tell(back(AgentState.PAUSED, 400.0, reason="lunch")) == []
    other = Restore(B, station(A), {SALES: 1}, AgentState.READY, None, 400.0)
    (no,) = refused(floor.tell(other))
    assert (no.code, no.by) == (Refusal.STATION_TAKEN, A)
    assert floor.state(B) is AgentState.LOGGED_OUT


def test_waiting_callers_are_back_in_the_order_of_their_old_times() -> None:
    floor = Driver()
    for number, since in ((1, 900.0), (2, 700.0), (3, 800.0)):
        floor.tell(CallQueued(call(number), Q_SALES, since))
    assert floor.waiting() == [call(2), call(3), call(1)]
    floor.tell(back(AgentState.PAUSED, 400.0, reason="login"))
    assert offers(floor.tell(Ready(A))) == [(call(2), A)]
