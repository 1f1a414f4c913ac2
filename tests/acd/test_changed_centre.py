"""Another centre while callers wait and agents talk, and what agents have of their own."""

from collections.abc import Mapping

import pytest

from acd.commands import Offer
from acd.events import (
    Away,
    CallGone,
    CallQueued,
    Connected,
    Disconnected,
    LogIn,
    OfferFailed,
    Ready,
    Reconfigure,
)
from acd.offers import REST_S
from domain.agent_facts import AgentState
from domain.centre import Agent
from domain.identity import AgentCode, SkillName, StationName
from domain.reasons import OfferFailure
from tests.acd.centre import (
    Q_SALES,
    Q_SERVICE,
    QUEUES,
    SALES,
    SERVICE,
    A,
    B,
    Driver,
    announced,
    call,
    given_up,
    offers,
    queue,
    station,
    withdrawn,
)

STATIONS = [station(A), station(B)]


def people(
    skills: Mapping[AgentCode, Mapping[SkillName, int]], **settings: float | int
) -> dict[AgentCode, Agent]:
    return {
        code: Agent(code, f"Agent {code}", (), known, **settings)  # type: ignore[arg-type]
        for code, known in skills.items()
    }


BOTH = people({A: {SALES: 1}, B: {SALES: 1}})


def talking(floor: Driver) -> None:
    """A talks to caller 1."""
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), Connected(call(1), A))


def over(floor: Driver) -> None:
    floor.tell(Disconnected(call(1), A), CallGone(call(1)))


# Skills


def test_a_skill_taken_away_counts_from_the_next_offer() -> None:
    floor = Driver()
    floor.ready(A)
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == [(call(1), A)]
    changed = floor.tell(Reconfigure(QUEUES, people({A: {SERVICE: 1}}), STATIONS))
    assert changed == []  # it rings on
    floor.tell(Connected(call(1), A))
    over(floor)
    floor.tell(Ready(A))
    assert offers(floor.tell(CallQueued(call(2), Q_SALES, floor.now))) == []
    assert offers(floor.tell(CallQueued(call(3), Q_SERVICE, floor.now))) == [(call(3), A)]


def test_a_level_that_is_too_low_now() -> None:
    floor = Driver((queue(Q_SALES, SALES, min_level=3),))
    floor.ready(A, sales=5)
    lower = people({A: {SALES: 2}})
    floor.tell(Reconfigure((queue(Q_SALES, SALES, min_level=3),), lower, STATIONS))
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == []
    assert offers(floor.tell(Reconfigure((queue(Q_SALES, SALES, min_level=2),))))


def test_a_skill_that_is_new_serves_those_who_wait_already() -> None:
    floor = Driver()
    floor.ready(A)
    floor.tell(CallQueued(call(1), Q_SERVICE, floor.now))
    assert offers(
        floor.tell(Reconfigure(QUEUES, people({A: {SALES: 1, SERVICE: 1}}), STATIONS))
    ) == [(call(1), A)]


def test_callers_do_not_wait_for_a_skill_that_nobody_has_any_more() -> None:
    floor = Driver()
    talking(floor)
    floor.tell(CallQueued(call(2), Q_SALES, floor.now))
    floor.tell(Reconfigure(QUEUES, people({A: {SERVICE: 1}}), STATIONS))
    assert given_up(floor.wait(9.9)) == []
    assert len(given_up(floor.wait(0.2))) == 1


# Agents and phones that are gone


def test_a_deleted_agent_finishes_the_talk_and_is_logged_out() -> None:
    floor = Driver()
    talking(floor)
    floor.tell(Reconfigure(QUEUES, people({B: {SALES: 1}}), STATIONS))
    assert floor.state(A) is AgentState.TALKING
    floor.tell(Ready(A))  # takes nothing back
    over(floor)
    assert floor.state(A) is AgentState.LOGGED_OUT


def test_a_deleted_agent_who_comes_back_in_time_stays() -> None:
    floor = Driver()
    talking(floor)
    floor.tell(Away(A, "break"))
    floor.tell(Reconfigure(QUEUES, people({}), STATIONS))
    floor.tell(Reconfigure(QUEUES, BOTH, STATIONS))
    over(floor)
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "break")
    floor.tell(Ready(A))
    assert offers(floor.tell(CallQueued(call(2), Q_SALES, floor.now))) == [(call(2), A)]


def test_a_phone_that_rings_for_somebody_deleted_goes_on_to_the_next() -> None:
    floor = Driver()
    floor.ready(A)
    floor.wait(1)
    floor.ready(B)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    out = floor.tell(Reconfigure(QUEUES, people({B: {SALES: 1}}), STATIONS))
    assert withdrawn(out) == [(call(1), A)]
    assert floor.state(A) is AgentState.LOGGED_OUT
    silent = floor.tell(OfferFailed(call(1), A, OfferFailure.WITHDRAWN))
    assert offers(silent) == [(call(1), B)]


def test_whose_phone_is_removed_is_logged_out_after_the_talk_on_it() -> None:
    floor = Driver()
    talking(floor)
    floor.ready(B)
    floor.tell(Reconfigure(QUEUES, BOTH, [station(B)]))
    assert floor.state(A) is AgentState.TALKING
    over(floor)
    assert floor.state(A) is AgentState.LOGGED_OUT
    other = StationName("st9")
    floor.tell(LogIn(A, other, {SALES: 1}), Ready(A))
    assert floor.floor.agent(A).station == other  # type: ignore[union-attr]


# Queues


def test_a_removed_queue_serves_those_in_it_and_keeps_its_after_call_work() -> None:
    floor = Driver()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.tell(Reconfigure([queue(Q_SERVICE, SERVICE)]))
    assert [each.name for each in floor.floor.queues] == [Q_SALES, Q_SERVICE]
    assert offers(floor.ready(A)) == [(call(1), A)]
    floor.tell(Connected(call(1), A))
    assert [each.name for each in floor.floor.queues] == [Q_SERVICE]
    over(floor)
    assert floor.state(A) is AgentState.WRAP_UP


@pytest.mark.parametrize("removed", [False, True])
def test_fifty_who_wait_keep_their_places(removed: bool) -> None:
    floor = Driver()
    talking(floor)
    for number in range(2, 52):
        floor.wait(0.1)
        floor.tell(CallQueued(call(number), Q_SALES, floor.now))
    places = floor.waiting()
    changed = queue(Q_SALES, SALES, ring_s=7.0, priority=3, max_wait_s=0.0)
    now = [] if removed else [changed]
    assert floor.tell(Reconfigure(now, BOTH, STATIONS)) == []
    assert floor.waiting() == places == [call(number) for number in range(2, 52)]
    assert floor.floor.waiting[49].position == 50
    over(floor)
    (offer,) = (told for told in floor.tell(Ready(A)) if isinstance(told, Offer))
    assert (offer.call, offer.ring_s) == (call(2), 15.0 if removed else 7.0)


def test_settings_of_a_queue_count_from_what_comes_next() -> None:
    floor = Driver((queue(Q_SALES, SALES, announce_every_s=30.0, max_wait_s=900.0),))
    talking(floor)
    floor.tell(CallQueued(call(2), Q_SALES, floor.now))
    assert len(announced(floor.wait(5))) == 1
    quiet = queue(Q_SALES, SALES, announce_every_s=0.0, max_wait_s=100.0, wrap_up_s=3.0)
    floor.tell(Reconfigure([quiet]))
    assert announced(floor.wait(60)) == []
    floor.tell(Reconfigure([queue(Q_SALES, SALES, announce_every_s=20.0, max_wait_s=100.0)]))
    assert len(announced(floor.wait(21))) == 1
    assert len(given_up(floor.wait(15))) == 1
    floor.tell(Reconfigure([quiet]))
    over(floor)
    floor.wait(2.9)
    assert floor.state(A) is AgentState.WRAP_UP
    floor.wait(0.2)
    assert floor.state(A) is AgentState.READY


# What agents have of their own


def test_an_agents_own_after_call_work_goes_before_the_queues() -> None:
    floor = Driver()
    floor.tell(LogIn(A, station(A), {SALES: 1}, wrap_up_s=0.0), Ready(A))
    floor.tell(CallQueued(call(1), Q_SALES, floor.now), Connected(call(1), A))
    over(floor)
    assert floor.state(A) is AgentState.READY
    floor.tell(Reconfigure(QUEUES, people({A: {SALES: 1}}, wrap_up_s=5.0), STATIONS))
    floor.tell(Connected(call(2), A), Disconnected(call(2), A))
    floor.wait(4.9)
    assert floor.state(A) is AgentState.WRAP_UP
    floor.wait(0.2)
    assert floor.state(A) is AgentState.READY


def rings_out(floor: Driver) -> None:
    floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER))


def patient(floor: Driver, misses: int = 3) -> None:
    floor.tell(LogIn(A, station(A), {SALES: 1}, missed_before_away=misses), Ready(A))


def test_so_many_missed_calls_in_a_row_pause_them() -> None:
    floor = Driver()
    patient(floor)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    for _ in range(2):
        rings_out(floor)
        assert floor.state(A) is AgentState.READY
        assert offers(floor.wait(REST_S - 0.1)) == []  # not at once again
        assert offers(floor.wait(0.2)) == [(call(1), A)]
    rings_out(floor)
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "missed")


def test_meanwhile_the_caller_goes_to_somebody_else() -> None:
    floor = Driver()
    patient(floor)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.ready(B)
    assert offers(floor.tell(OfferFailed(call(1), A, OfferFailure.NO_ANSWER))) == [(call(1), B)]


def test_one_who_missed_a_call_is_the_last_to_be_offered_another() -> None:
    floor = Driver()
    patient(floor)
    floor.wait(1)
    floor.ready(B)
    floor.wait(1)
    assert offers(floor.tell(CallQueued(call(1), Q_SALES, floor.now))) == [(call(1), A)]
    rings_out(floor)
    floor.tell(CallGone(call(1)))
    floor.wait(REST_S)
    assert offers(floor.tell(CallQueued(call(2), Q_SALES, floor.now))) == [(call(2), B)]


def test_a_talk_or_a_sign_of_them_sets_the_count_to_nought() -> None:
    floor = Driver()
    patient(floor, misses=2)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    rings_out(floor)
    assert offers(floor.tell(Ready(A))) == [(call(1), A)]  # and ends the rest
    rings_out(floor)
    assert floor.state(A) is AgentState.READY
    floor.wait(REST_S)
    floor.tell(Connected(call(1), A))
    over(floor)
    floor.tell(Ready(A), CallQueued(call(1 + 1), Q_SALES, floor.now))
    floor.tell(OfferFailed(call(2), A, OfferFailure.NO_ANSWER))
    assert floor.state(A) is AgentState.READY


def test_a_phone_that_can_not_be_rung_pauses_at_once() -> None:
    floor = Driver()
    patient(floor)
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.tell(OfferFailed(call(1), A, OfferFailure.UNREACHABLE))
    assert (floor.state(A), floor.reason(A)) == (AgentState.PAUSED, "unreachable")


# Callers who go before others


def test_a_caller_who_raises_the_priority_goes_before_the_others() -> None:
    floor = Driver()
    floor.tell(CallQueued(call(1), Q_SALES, floor.now))
    floor.wait(1)
    floor.tell(CallQueued(call(2), Q_SALES, floor.now, raised=2))
    assert floor.waiting() == [call(2), call(1)]
    assert offers(floor.ready(A)) == [(call(2), A)]


def test_it_counts_between_queues_as_well() -> None:
    queues = (queue(Q_SALES, SALES), queue(Q_SERVICE, SALES, priority=3))
    floor = Driver(queues)
    floor.tell(
        CallQueued(call(1), Q_SERVICE, floor.now),
        CallQueued(call(2), Q_SALES, floor.now, raised=2),
        CallQueued(call(3), Q_SALES, floor.now, raised=4),
    )
    for expected in (3, 1, 2):
        assert offers(floor.tell(LogIn(A, station(A), {SALES: 1}), Ready(A))) == [
            (call(expected), A)
        ]
        floor.tell(Connected(call(expected), A), Away(A, "break"), CallGone(call(expected)))
