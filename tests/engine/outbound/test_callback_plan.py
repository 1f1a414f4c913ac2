"""Who calls back whom, and when they may begin."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from acd.seat import SeatView
from acd.waiting import WaitingView
from campaigns.callback_claims import CallbackTerms, DueCallback
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import (
    AgentCode,
    CallId,
    CampaignName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from domain.stations import StationState
from engine.outbound.callback_plan import Booking, a_caller_waits, is_free, plan
from tests.engine.outbound_floor import SETTINGS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEA, SALES, CARDS = ProjectName("tea"), SkillName("sales"), SkillName("cards")
QUEUES = {
    QueueName(name): Queue(QueueName(name), TEA, skill)
    for name, skill in (("sales", SALES), ("cards", CARDS))
}
ANN, BEN, CAL = AgentCode("ann"), AgentCode("ben"), AgentCode("cal")
READY, TALKING = AgentState.READY, AgentState.TALKING
WRAP_UP, OFFERED = AgentState.WRAP_UP, AgentState.OFFERED


def seat(
    agent: AgentCode,
    state: AgentState = READY,
    *,
    since: float = 0.0,
    skill: SkillName = SALES,
    kept: str | None = None,
    phone: StationState | None = StationState.IDLE,
) -> SeatView:
    station = StationName(agent)
    return SeatView(agent, state, None, since, station, phone, None, {skill: 1}, None, None, kept)


def due(
    lead: int,
    agent: AgentCode | None = None,
    *,
    team_in: timedelta = timedelta(minutes=15),
    queue: str = "sales",
) -> DueCallback:
    terms = CallbackTerms(CampaignName("spring"), SETTINGS.model_copy(update={"queue": queue}))
    at = NOON - timedelta(minutes=1)
    return DueCallback(lead, TEA, terms, at, agent, NOON + team_in)


def planned(
    callbacks: Sequence[DueCallback],
    seats: Sequence[SeatView],
    before: Mapping[int, Booking] | None = None,
    resting: Collection[AgentCode] = (),
    now: float = 100.0,
) -> dict[int, Booking]:
    return plan(callbacks, seats, QUEUES, before or {}, resting, now, NOON)


def agents(booked: Mapping[int, Booking]) -> dict[int, AgentCode]:
    return {lead: one.agent for lead, one in booked.items()}


def test_an_agents_own_callback_waits_for_them_and_then_is_the_teams() -> None:
    seats = [seat(BEN), seat(ANN, TALKING)]
    assert agents(planned([due(1, ANN)], seats)) == {1: ANN}
    assert agents(planned([due(1, CAL)], seats)) == {}
    late = due(1, CAL, team_in=timedelta(0))
    assert agents(planned([late], seats)) == {1: BEN}
    both_free = due(1, ANN, team_in=timedelta(0))
    assert agents(planned([both_free], [seat(BEN), seat(ANN, since=50.0)])) == {1: ANN}


def test_who_is_free_comes_first_and_then_who_is_so_soonest() -> None:
    order = [seat(ANN, TALKING), seat(BEN, WRAP_UP), seat(CAL, READY)]
    assert agents(planned([due(1), due(2), due(3)], order)) == {1: CAL, 2: BEN, 3: ANN}
    longest = [seat(ANN, since=9.0), seat(BEN, since=3.0)]
    assert agents(planned([due(1)], longest)) == {1: BEN}


def test_a_phone_that_is_in_use_makes_nobody_free() -> None:
    busy = seat(ANN, phone=StationState.BUSY)
    assert not is_free(busy)
    assert agents(planned([due(1)], [busy, seat(BEN, WRAP_UP)])) == {1: BEN}
    assert is_free(seat(ANN, phone=None)), "a phone that nobody has heard of yet"


def test_nobody_is_planned_with_who_is_kept_rests_is_away_or_lacks_the_skill() -> None:
    others = [
        seat(ANN, kept="by hand"),
        seat(BEN, AgentState.PAUSED),
        seat(AgentCode("dan"), AgentState.LOGGED_OUT),
        seat(AgentCode("eve"), skill=CARDS),
        seat(CAL),
    ]
    assert planned([due(1)], others, resting=[CAL]) == {}
    assert agents(planned([due(1)], others)) == {1: CAL}


def test_a_queue_that_is_gone_books_nobody() -> None:
    assert planned([due(1, queue="gone"), due(2)], [seat(ANN)]) == planned([due(2)], [seat(ANN)])


def test_a_booking_stays_with_its_agent_and_keeps_its_time() -> None:
    seats = [seat(ANN, since=5.0), seat(BEN, since=1.0)]
    first = planned([due(1)], seats[:1], now=10.0)
    again = planned([due(1)], seats, first, now=20.0)
    assert (again[1].agent, again[1].since) == (ANN, 10.0)
    moved = planned([due(1)], seats[1:], again, now=30.0)
    assert (moved[1].agent, moved[1].since) == (BEN, 30.0)


def test_a_free_agent_takes_it_from_one_who_is_still_talking() -> None:
    first = planned([due(1)], [seat(ANN, TALKING)], now=10.0)
    now = planned([due(1)], [seat(ANN, TALKING), seat(BEN)], first, now=20.0)
    assert agents(now) == {1: BEN}


def waiting(queue: str, offered_to: AgentCode | None = None) -> WaitingView:
    return WaitingView(CallId("pbx1-1"), QueueName(queue), 0.0, 0.0, 1, offered_to)


def test_a_caller_whom_the_agent_could_serve_goes_first() -> None:
    ann = seat(ANN)
    assert a_caller_waits(ann, [waiting("sales")], QUEUES)
    assert not a_caller_waits(ann, [waiting("sales", BEN)], QUEUES), "somebody is being rung"
    assert not a_caller_waits(ann, [waiting("cards"), waiting("gone")], QUEUES)


AGENTS = [ANN, BEN, CAL]
SEATS = st.lists(
    st.builds(
        seat,
        st.sampled_from(AGENTS),
        st.sampled_from(AgentState),
        since=st.floats(0, 100),
        skill=st.sampled_from([SALES, CARDS]),
        kept=st.sampled_from([None, "by hand"]),
        phone=st.sampled_from([None, *StationState]),
    ),
    unique_by=lambda one: one.code,
)
DUE = st.lists(
    st.builds(
        due,
        st.integers(1, 9),
        st.sampled_from([None, *AGENTS]),
        team_in=st.timedeltas(timedelta(hours=-1), timedelta(hours=1)),
        queue=st.sampled_from(["sales", "cards", "gone"]),
    ),
    unique_by=lambda one: one.lead,
)


@given(DUE, SEATS, st.sets(st.sampled_from(AGENTS)))
def test_no_agent_is_booked_twice_nor_for_what_is_not_theirs(
    callbacks: list[DueCallback], seats: list[SeatView], resting: set[AgentCode]
) -> None:
    booked = planned(callbacks, seats, resting=resting)
    assert len({one.agent for one in booked.values()}) == len(booked)
    at = {one.code: one for one in seats}
    for one in booked.values():
        assert one.agent not in resting and at[one.agent].kept is None
        assert one.callback.agent in (None, one.agent) or one.callback.team_at <= NOON
    again = planned(callbacks, seats, booked, resting, now=200.0)
    assert agents(again) == agents(booked), "it changes its mind without a reason"


@given(DUE, SEATS)
def test_the_longest_due_is_never_passed_over_for_a_later_one(
    callbacks: list[DueCallback], seats: list[SeatView]
) -> None:
    booked = planned(callbacks, seats)
    for place, one in enumerate(callbacks):
        if one.lead in booked:
            continue
        earlier = callbacks[:place]
        alone = planned([*earlier, one], seats)
        assert one.lead not in alone, "one that is due later has its agent"
