"""What agents do and what is done to them."""

import pytest

from acd.commands import AgentChanged, Refusal
from acd.events import (
    Away,
    CallGone,
    CallQueued,
    Connected,
    Disconnected,
    ExtendWrapUp,
    LogIn,
    LogOut,
    OfferFailed,
    Ready,
    StationChanged,
)
from domain.agent_facts import AgentState
from domain.identity import CallId, QueueName, StationName
from domain.reasons import OfferFailure
from domain.stations import StationState
from tests.acd.centre import (
    Q_SALES,
    Q_SERVICE,
    Q_VIP,
    SALES,
    SERVICE,
    A,
    B,
    Driver,
    call,
    offers,
    refused,
    states,
    station,
    withdrawn,
)


def talking(queue: QueueName = Q_SALES) -> Driver:
    """Agent A talks to the caller 1."""
    floor = Driver()
    floor.ready(A, sales=1, service=1)
    floor.tell(CallQueued(call(1), queue, floor.now))
    floor.wait(3)
    floor.tell(Connected(call(1), A))
    return floor


def test_logging_in_is_not_yet_being_ready() -> None:
    floor = Driver()
    said = floor.tell(LogIn(A, station(A), {SALES: 1}))
    assert said == [
        AgentChanged(A, AgentState.PAUSED, "login", station(A), None, floor.now),
    ]
    assert states(floor.tell(Ready(A)), A) == [AgentState.READY]


def test_a_taken_station_is_refused_and_says_by_whom() -> None:
    floor = Driver()
    floor.ready(A)
    (no,) = refused(floor.tell(LogIn(B, station(A), {SALES: 1})))
    assert (no.agent, no.code, no.by, no.station) == (B, Refusal.STATION_TAKEN, A, station(A))
    assert floor.floor.agent(B) is None
    floor.tell(LogOut(A))
    assert not refused(floor.tell(LogIn(B, station(A), {SALES: 1})))


def test_a_ready_agent_moves_with_his_state_and_his_idle_time() -> None:
    floor = Driver()
    floor.ready(A)
    floor.wait(1)
    floor.ready(B)
    since = floor.now - 1
    said = floor.tell(LogIn(A, StationName("st9"), {SALES: 1}))
    assert said == [
        AgentChanged(A, AgentState.READY, None, StationName("st9"), None, since),
    ]
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == [(call(1), A)]
    assert not refused(floor.tell(LogIn(B, station(A), {SALES: 1})))


def test_logging_in_again_changes_the_skills_only() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SERVICE, floor.now))
    said = floor.tell(LogIn(A, station(A), {SERVICE: 1}))
    assert offers(said) == [(call(1), A)]


def test_a_talking_agent_cannot_move() -> None:
    floor = talking()
    (no,) = refused(floor.tell(LogIn(A, StationName("st9"), {SALES: 1})))
    assert (no.code, no.station) == (Refusal.TALKING, station(A))


@pytest.mark.parametrize("event", [LogOut(A), Ready(A), Away(A, "break"), ExtendWrapUp(A, 10)])
def test_who_is_not_logged_in_is_told_so(event: LogOut | Ready | Away | ExtendWrapUp) -> None:
    floor = Driver()
    (no,) = refused(floor.tell(event))
    assert (no.what, no.code) == (type(event).__name__, Refusal.NOT_LOGGED_IN)


def test_after_call_work_ends_by_itself() -> None:
    floor = talking()
    floor.wait(60)
    floor.tell(Disconnected(call(1), A))
    view = floor.floor.agent(A)
    assert view and view.state is AgentState.WRAP_UP and view.until == floor.now + 20
    floor.tell(CallQueued(call(2), Q_SALES, floor.now))
    assert offers(floor.wait(19.9)) == []
    assert offers(floor.wait(0.1)) == [(call(2), A)]


def test_after_call_work_ends_by_ready_and_starts_only_once() -> None:
    floor = talking()
    floor.tell(Disconnected(call(1), A), Ready(A))
    floor.tell(Disconnected(call(1), A), CallGone(call(1)), CallGone(call(1)))
    assert floor.state(A) is AgentState.READY
    assert floor.wait(100) == []


def test_after_call_work_can_be_extended() -> None:
    floor = talking()
    floor.tell(Disconnected(call(1), A))
    floor.wait(15)
    floor.tell(ExtendWrapUp(A, 30))
    floor.wait(34.9)
    assert floor.state(A) is AgentState.WRAP_UP
    floor.wait(0.1)
    assert floor.state(A) is AgentState.READY
    (no,) = refused(floor.tell(ExtendWrapUp(A, 30)))
    assert no.code is Refusal.NOT_IN_WRAP_UP


@pytest.mark.parametrize(("queue", "wrap_up_s"), [(Q_SALES, 20.0), (Q_VIP, 30.0)])
def test_after_call_work_is_the_queues(queue: QueueName, wrap_up_s: float) -> None:
    floor = talking(queue)
    floor.tell(CallGone(call(1)))
    view = floor.floor.agent(A)
    assert view and view.until == floor.now + wrap_up_s


def test_a_queue_may_have_no_after_call_work() -> None:
    floor = talking(Q_SERVICE)
    assert states(floor.tell(Disconnected(call(1), A)), A) == [AgentState.READY]


@pytest.mark.parametrize(
    ("wish", "state", "reason"),
    [(LogOut(A), AgentState.LOGGED_OUT, None), (Away(A, "lunch"), AgentState.PAUSED, "lunch")],
)
def test_leaving_during_a_talk_comes_after_it(
    wish: LogOut | Away, state: AgentState, reason: str | None
) -> None:
    floor = talking()
    assert floor.tell(wish) == []
    view = floor.floor.agent(A)
    assert view and view.state is AgentState.TALKING and view.then is state
    floor.tell(CallGone(call(1)))
    assert (floor.state(A), floor.reason(A)) == (state, reason)


def test_ready_takes_back_a_requested_away_and_log_in_a_requested_log_out() -> None:
    floor = talking()
    floor.tell(Away(A, "lunch"), Ready(A), LogOut(A), LogIn(A, station(A), {SALES: 1}))
    floor.tell(CallGone(call(1)))
    assert floor.state(A) is AgentState.WRAP_UP


def test_leaving_during_after_call_work_is_at_once() -> None:
    floor = talking()
    floor.tell(Disconnected(call(1), A), Away(A, "recovery"))
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "recovery")
    assert floor.wait(60) == []


def test_another_reason_is_another_pause() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(Away(A, "break"))
    floor.wait(60)
    floor.tell(Away(A, "lunch"))
    view = floor.floor.agent(A)
    assert view and view.reason == "lunch" and view.since == floor.now


def test_an_attended_transfer_frees_the_first_agent_and_binds_the_second() -> None:
    floor = talking()
    floor.ready(B)
    said = floor.tell(Connected(call(1), B), Disconnected(call(1), A))
    assert states(said, B) == [AgentState.TALKING] and states(said, A) == [AgentState.WRAP_UP]
    floor.tell(CallGone(call(1)))
    view = floor.floor.agent(B)
    assert view and view.state is AgentState.WRAP_UP and view.until == floor.now + 20


def test_the_fallback_queues_call_binds_an_agent_and_goes_out_of_ours() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(Away(A, "lunch"), CallQueued(call(1), Q_SALES, floor.now))
    floor.tell(Connected(call(1), A))
    assert floor.state(A) is AgentState.TALKING and floor.waiting() == []
    floor.tell(CallGone(call(1)))
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "lunch")


def test_an_answer_after_the_last_moment_is_still_a_talk_with_after_call_work() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER), Connected(call(1), A))
    floor.tell(Disconnected(call(1), A))
    assert floor.state(A) is AgentState.WRAP_UP


@pytest.mark.parametrize("told", ["nothing", "begun", "over"])
def test_an_answer_that_was_no_talk_sets_the_agent_away_and_the_caller_waits_on(told: str) -> None:
    """Whatever the floor has heard by then of the moment in which they were bridged."""
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    if told != "nothing":
        floor.tell(Connected(call(1), A))
    if told == "over":
        floor.tell(Disconnected(call(1), A))
    floor.tell(OfferFailed(call(1), A, OfferFailure.DROPPED))
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.tell(Disconnected(call(1), A))
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "dropped")
    floor.ready(B)
    assert floor.state(B) is AgentState.OFFERED


def test_a_caller_who_talks_at_a_phone_where_nobody_is_logged_in_no_longer_waits() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    assert withdrawn(floor.tell(Connected(call(1), None))) == [(call(1), A)]
    assert floor.waiting() == [] and floor.state(A) is AgentState.READY


def test_a_call_that_reaches_an_offered_agent_takes_the_offer_away() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    said = floor.tell(Connected(call(7), A))
    assert withdrawn(said) == [(call(1), A)] and floor.state(A) is AgentState.TALKING
    floor.ready(B)
    said = floor.tell(OfferFailed(call(1), A, OfferFailure.BUSY))
    assert offers(said) == [(call(1), B)] and floor.state(A) is AgentState.TALKING


def test_a_caller_somebody_else_has_taken_stops_ringing() -> None:
    floor = Driver()
    floor.ready(A)
    floor.wait(1)
    floor.ready(B)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    assert withdrawn(floor.tell(Connected(call(1), B))) == [(call(1), A)]
    assert (floor.state(A), floor.state(B)) == (AgentState.READY, AgentState.TALKING)


def test_two_calls_on_one_phone_end_with_the_last() -> None:
    floor = talking()
    since = floor.now
    floor.wait(1)
    floor.tell(Connected(call(2), A))
    view = floor.floor.agent(A)
    assert view and view.call == call(2) and view.since == since
    floor.tell(CallGone(call(2)))
    view = floor.floor.agent(A)
    assert view and view.state is AgentState.TALKING and view.call == call(1)
    floor.tell(Disconnected(call(1), A))
    assert floor.state(A) is AgentState.WRAP_UP


def test_an_agent_who_answered_while_logging_out_is_out_after_the_call() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), LogOut(A), Connected(call(1), A))
    view = floor.floor.agent(A)
    assert view and view.state is AgentState.TALKING and view.station == station(A)
    floor.tell(CallGone(call(1)))
    assert floor.state(A) is AgentState.LOGGED_OUT


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("wish", [Ready(A), Away(A, "lunch"), ExtendWrapUp(A, 10), LogOut(A)])
def test_who_had_logged_out_before_the_talk_must_log_in_again(
    taken: bool, wish: Ready | Away | ExtendWrapUp | LogOut
) -> None:
    """Another agent may sit at their phone by now, and what they can do may be another thing."""
    floor = Driver()
    floor.ready(A)
    floor.tell(LogOut(A))
    if taken:
        floor.tell(LogIn(B, station(A), {SALES: 1}))
    floor.tell(Connected(call(1), A))
    assert [each.code for each in refused(floor.tell(wish))] == [Refusal.NOT_LOGGED_IN]
    floor.tell(Disconnected(call(1), A))
    assert floor.state(A) is AgentState.LOGGED_OUT


def test_who_logs_in_again_during_that_talk_is_an_agent_after_it() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(LogOut(A), Connected(call(1), A), LogIn(A, station(A), {SALES: 2}))
    assert not refused(floor.tell(Ready(A)))
    floor.tell(Disconnected(call(1), A))
    assert floor.state(A) is AgentState.WRAP_UP
    assert not refused(floor.tell(Ready(A)))
    view = floor.floor.agent(A)
    assert view and view.station == station(A) and view.skills == {SALES: 2}


@pytest.mark.parametrize("late", [Connected(call(1), A), CallQueued(call(1), Q_SALES, 0.0)])
def test_nothing_that_comes_after_a_call_has_gone_counts(late: Connected | CallQueued) -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), CallGone(call(1)), late)
    assert floor.state(A) is AgentState.READY and floor.waiting() == []


def test_a_phone_that_lies_idle_ends_a_talk_whose_end_was_lost() -> None:
    floor = talking()
    floor.tell(StationChanged(station(A), StationState.IDLE))
    floor.wait(9)
    floor.tell(StationChanged(station(A), StationState.BUSY))
    floor.wait(60)
    assert floor.state(A) is AgentState.TALKING
    floor.tell(StationChanged(station(A), StationState.IDLE))
    floor.wait(10)
    assert floor.state(A) is AgentState.WRAP_UP


def test_a_new_talk_shows_that_the_phone_is_not_idle_after_all() -> None:
    floor = talking()
    floor.tell(StationChanged(station(A), StationState.IDLE), Connected(call(2), A))
    floor.wait(60)
    assert floor.state(A) is AgentState.TALKING


def test_a_caller_sent_back_to_a_queue_waits_until_the_agent_lets_go_of_him() -> None:
    floor = talking()
    floor.ready(B, service=1)
    assert offers(floor.tell(CallQueued(call(1), Q_SERVICE, floor.now))) == []
    assert floor.wait(1000) == []
    assert offers(floor.tell(Disconnected(call(1), A))) == [(call(1), B)]


def test_a_stranger_who_talks_to_a_caller_takes_him_out_of_the_queue() -> None:
    floor = Driver()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), Connected(call(1), B))
    assert floor.waiting() == [] and floor.floor.agent(B) is None
    floor.tell(Disconnected(CallId("never"), B), CallGone(CallId("never")))
