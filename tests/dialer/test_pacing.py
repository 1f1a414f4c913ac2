"""What no policy may break, and the words for it."""

from collections import Counter, deque
from itertools import cycle
from math import ceil, inf, nan

import pytest
from hypothesis import example, given
from hypothesis import settings as how
from hypothesis import strategies as st

from dialer.abandon_count import History, Tally
from dialer.call_rate import FEW_A_SECOND, most_within
from dialer.causes import Cause
from dialer.lessons import Reached
from dialer.limit import Limit, Window
from dialer.line_rate import LineRate, LineRateNow
from dialer.line_shares import LineShares
from dialer.pacing import LINE_TOO_FAST, Pacer, Pacing, Settings
from dialer.pacing_facts import (
    Abandoned,
    AgentGone,
    AgentReady,
    AgentTalking,
    Answered,
    DayBegan,
    Dialled,
    Hopper,
    Lead,
    NotAnswered,
    PersonConnected,
    Ringing,
)
from dialer.policies.progressive import Progressive
from dialer.under_way import KEPT_OF, LOST_AFTER_S
from domain.identity import AttemptId, ListName
from tests.dialer.campaign import LEAD, NO_STOP, Campaign, Wishing, agent
from tests.memory import kept

GUARANTEED = Lead(ListName("leads"), guaranteed=True)


def wishing(count: int, **settings: object) -> Campaign:
    return Campaign(
        Wishing(count),
        Settings(**{"limit": NO_STOP, **settings}),  # type: ignore[arg-type]
    )


# Reasons


def test_nobody_there_is_said() -> None:
    with_ = wishing(5)
    said = with_.asked(AgentGone(agent(0)))
    assert (said.count, str(said.reason)) == (0, "nobody is logged in and no call is under way")
    assert with_.pacer.next_deadline() is None


def test_a_wish_that_may_be_is_the_policys_word() -> None:
    said = wishing(5).agents(1)
    assert (said.count, str(said.reason)) == (5, "as was wanted")


def test_lines_are_said() -> None:
    with_ = wishing(5, lines=7)
    with_.agents(1)
    with_.dial(5)
    said = with_.asked(AgentReady(agent(1)))
    assert said.count == 2
    assert str(said.reason) == "5 wanted, limited by the free lines: 5 of 7 are in use"


def test_calls_per_second_are_said() -> None:
    said = wishing(5, calls_per_second=2.0).agents(1)
    assert said.count == 2
    assert str(said.reason) == "5 wanted, limited to 2 calls a second"


def test_what_the_line_takes_beside_others_is_said() -> None:
    with_ = wishing(5)
    with_.pacer.line = LineRateNow(4.0, left=3, more_at=0.25)
    said = with_.agents(1)
    assert said.count == 3
    assert str(said.reason) == (
        "5 wanted, limited by the line, which takes 4 calls a second from all together"
    )
    assert with_.pacer.next_deadline() == 0.25, "it looks again as soon as there is more"


def test_a_call_that_wont_go_out_is_asked_for_again() -> None:
    with_ = wishing(2, lines=2)
    assert with_.agents(1).count == 2
    assert with_.asked(AgentReady(agent(0))).count == 0, "both are on their way"
    with_.pacer.is_not_placed()
    assert with_.asked(AgentReady(agent(0))).count == 1
    for _ in range(9):  # nothing comes of being told too often
        with_.pacer.is_not_placed()
    assert with_.asked(AgentReady(agent(0))).count == 2


def test_a_line_whose_next_turn_is_overdue_is_not_looked_at_without_end() -> None:
    with_ = wishing(5)
    with_.now = 8.0
    with_.pacer.line = LineRateNow(4.0, left=0, more_at=7.0)
    assert with_.agents(1).count == 0
    deadline = with_.pacer.next_deadline()
    assert deadline is not None and deadline > 8.0


@pytest.mark.parametrize("own", [inf, 5.0], ids=["no rate of their own", "5 a second each"])
@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0, 7.0])
def test_campaigns_on_one_line_use_all_of_its_rate_in_equal_shares(rate: float, own: float) -> None:
    """Each is told what is left at each of its looks, as on the phones."""
    line, shares, went, by = LineRate(rate), LineShares(), list[float](), Counter[str]()
    campaigns = {name: wishing(30, calls_per_second=own) for name in "abc"}
    for tick in range(2_000):
        now = tick / 100
        for name, with_ in campaigns.items():
            with_.now = now
            with_.pacer.line = line.now(now, who=name, shares=shares)
            said = with_.agents(1) if tick == 0 else with_.pacer.tick(now)
            if said is not None and said.reason.text == LINE_TOO_FAST:
                shares.wants_more(name, now)
            for _ in range(0 if said is None else said.count):
                assert line.take(now)
                line.goes_out(now)
                shares.took(name, now)
                went.append(now)
                by[name] += 1
                with_.tell(NotAnswered(with_.dial()[0], Cause.BUSY))
    most, within_s = most_within(rate)
    assert all(later - at >= within_s for at, later in zip(went, went[most:], strict=False))
    assert len(went) >= 0.95 * rate * 20, by
    assert max(by.values()) - min(by.values()) <= max(1, ceil(0.2 * rate * 20 / 3)), by


def test_leads_that_are_there_are_said() -> None:
    with_ = wishing(5)
    with_.tell(Hopper((LEAD, LEAD)))
    said = with_.agents(1)
    assert (said.count, str(said.reason)) == (2, "5 wanted, limited by the leads that are left")


def test_a_spent_budget_is_said_in_figures() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy, Settings(limit=Limit(share=0.03)))
    with_.agents(1)
    with_.serve(20)
    with_.lose(2)
    policy.count = 9
    said = with_.asked(AgentReady(agent(1)))
    assert said.count == 2
    assert str(said.reason) == (
        "9 wanted, limited to free agents (2 ready, 0 calls under way):"
        " 2 of 22 abandoned (9.09%) leave no room under 3%"
    )


def test_with_a_spent_budget_goes_out_what_is_sure_while_an_agent_is_free() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy, Settings(limit=Limit(people_taken_for_machines=0.0), detection=True))
    with_.agents(2)
    with_.lose(1)
    policy.count, policy.sure = 9, True
    assert with_.asked(AgentReady(agent(1))).count == 9
    for attempt in with_.ring(9)[:2]:  # each may be a person, and need one of the two
        with_.tell(Answered(attempt))
    said = with_.asked(AgentReady(agent(1)))
    assert said.count == 0
    assert "limited to free agents (2 ready, 9 calls under way)" in str(said.reason)


def test_a_spent_budget_of_thirty_days_is_said_in_figures_that_one_can_read() -> None:
    limit = Limit(share=0.0025, windows=(Window.DAYS_30,))
    history = History({7: Tally(3_086.4000000000015, 1_234_567.0)})
    pacer = Pacer(Wishing(9), Settings(limit=limit), now=0.0, day=8, history=history)
    said = pacer.handle(AgentReady(agent(1)), 0.0)
    assert said is not None
    assert str(said.reason).endswith(
        "3,086.4 of 1,234,567 abandoned (0.25%) leave no room under 0.25%"
    )


def test_more_than_is_sensible_is_said() -> None:
    with_ = wishing(1_000_000)
    said = with_.agents(1)
    assert said.count == 40
    assert "calls are under way already" in str(said.reason)
    assert wishing(-5).agents(1).count == 0


# Lines


def test_talks_hold_their_lines() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy, Settings(lines=3, limit=NO_STOP))
    with_.agents(1)
    (call,) = with_.dial()
    with_.tell(Answered(call))
    with_.tell(PersonConnected(call, agent(0)))
    policy.count = 9
    assert with_.asked(AgentReady(agent(1))).count == 2


def test_no_line_is_no_call() -> None:
    assert wishing(9, lines=0).agents(1).count == 0


def test_more_calls_than_lines_is_no_wild_count() -> None:
    with_ = wishing(9, lines=2)
    with_.agents(1)
    with_.dial(6)
    assert with_.asked(AgentReady(agent(1))).count == 0


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("lines", -1, "lines is -1; expected 0 or more"),
        ("calls_per_second", 0.0, "calls_per_second is 0.0; expected more than 0"),
        ("calls_per_second", float("nan"), "expected more than 0"),
    ],
)
def test_a_mistake_in_the_settings_is_said(field: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Settings(**{field: value})  # type: ignore[arg-type]


# Calls per second


def gone_out(rate: float, waits: list[float], seconds: float) -> list[float]:
    """When calls go out by a policy that always wants more; it is asked at its deadlines, and
    after each of these waits, again and again."""
    policy = Wishing(0)
    with_ = Campaign(policy, Settings(limit=NO_STOP, calls_per_second=rate))
    with_.agents(8)
    policy.count = 300
    went_out: list[float] = []
    said: Pacing | None = with_.asked(AgentReady(agent(0)))
    for wait in cycle(waits):
        for call in with_.dial(said.count if said else 0):
            went_out.append(with_.now)
            with_.tell(NotAnswered(call, Cause.BUSY))
        deadline = with_.pacer.next_deadline()
        assert deadline is not None
        assert deadline > with_.now
        if with_.now + wait < deadline:
            with_.now += wait
            said = with_.asked(AgentReady(agent(0)))
        else:
            with_.now = deadline
            said = with_.pacer.tick(deadline)
        if with_.now >= seconds:
            return went_out
    raise AssertionError("cycle has an end")


@given(
    rate=st.floats(0.05, FEW_A_SECOND) | st.integers(1, 200).map(float),
    waits=st.lists(st.floats(0.03, 3.0), min_size=1, max_size=5),
)
@example(rate=2.5, waits=[9.0])
@example(rate=49.99, waits=[0.1])
@example(rate=14.5, waits=[0.0625])  # a fact just before the next may go out
@example(rate=1.0, waits=[0.3])
@how(max_examples=60, deadline=None)
def test_no_more_go_out_than_calls_per_second_and_no_fewer(rate: float, waits: list[float]) -> None:
    went_out = gone_out(rate, waits, 20.0)
    lengths = (1.0,) if rate.is_integer() else (0.1, 1.0, 2.0, 7.3)
    for length in lengths:
        most = ceil(rate * length - 1e-9)
        for place, start in enumerate(went_out):
            after = went_out[place + most : place + most + 1]
            assert not after or after[0] >= start + length - 1e-6
    assert len(went_out) >= 0.999 * rate * 20.0 - 1


def test_a_fraction_of_many_calls_per_second_is_left_off() -> None:
    assert 120 * 19 <= len(gone_out(120.9, [9.0], 20.0)) <= 120 * 21


def test_calls_asked_for_hold_their_second() -> None:
    with_ = wishing(30, calls_per_second=10.0)
    assert with_.agents(1).count == 10
    assert with_.asked(AgentReady(agent(1))).count == 0
    with_.dial(10)
    with_.now += 0.5
    assert with_.asked(AgentReady(agent(2))).count == 0
    with_.now += 0.5
    assert with_.asked(AgentReady(agent(3))).count == 10


def test_what_went_out_is_not_kept_for_ever() -> None:
    for rate in (inf, 1_000.0):
        with_ = wishing(0, calls_per_second=rate)
        with_.agents(1)
        for _ in range(500):
            with_.now += 1.0
            with_.miss(5)
        assert sum(isinstance(one, deque) and len(one) > 2_000 for one in kept(with_.pacer)) == 0


# Leads


def test_the_hopper_goes_down_as_calls_go_out() -> None:
    with_ = wishing(5)
    with_.tell(Hopper((LEAD,) * 8))
    assert with_.agents(1).count == 5
    with_.dial(5)
    assert with_.asked(AgentReady(agent(1))).count == 3
    with_.dial(3)
    assert with_.asked(AgentReady(agent(2))).count == 0
    assert with_.asked(Hopper((LEAD,) * 4)).count == 4


def test_leads_asked_for_are_not_asked_for_twice() -> None:
    with_ = wishing(5)
    with_.tell(Hopper((LEAD,) * 5))
    assert with_.agents(1).count == 5
    assert with_.asked(AgentReady(agent(1))).count == 0


def test_those_asked_for_are_in_the_hopper_until_they_go_out() -> None:
    with_ = wishing(5)
    with_.agents(1)  # five are asked for, and still in the hopper
    assert with_.asked(Hopper((LEAD,) * 8)).count == 3
    with_.dial(8)
    assert with_.asked(Hopper((LEAD,) * 5)).count == 5


def test_a_guaranteed_lead_waits_for_an_agent_kept_for_him() -> None:
    with_ = wishing(3)
    with_.tell(AgentTalking(agent(0)))
    said = with_.asked(Hopper((LEAD, GUARANTEED, LEAD)))
    assert said.count == 1
    assert str(said.reason) == (
        "3 wanted, limited because the next lead was abandoned before and needs a reserved agent"
    )
    (call,) = with_.dial()
    assert with_.later(1.0).count == 0  # type: ignore[union-attr]
    # One ready agent, and one call under way that may take them.
    assert with_.asked(AgentReady(agent(1))).count == 0
    assert with_.asked(NotAnswered(call, Cause.BUSY)).count == 2  # that agent and the next


def test_guaranteed_leads_one_for_each_free_agent() -> None:
    with_ = wishing(9)
    with_.tell(Hopper((GUARANTEED,) * 9))
    assert with_.agents(1).count == 1
    with_.dial(1, GUARANTEED)
    assert with_.asked(AgentReady(agent(1))).count == 1


def busy_with_guaranteed(*leads: Lead) -> tuple[Campaign, list[AttemptId], Pacing]:
    """Three agents ready, five calls under way, and these leads come in."""
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(3)
    calls = with_.dial(5)
    policy.count = 9
    return with_, calls, with_.asked(Hopper(leads))


def test_guaranteed_leads_at_the_head_wait_together_for_the_calls_under_way() -> None:
    with_, calls, said = busy_with_guaranteed(GUARANTEED, GUARANTEED, LEAD, LEAD)
    counts = [with_.asked(NotAnswered(call, Cause.BUSY)).count for call in calls]
    # Five and four under way are too many for three agents, three take them all; with two left
    # one agent is free for the first of the leads, and with one for the other, too.
    assert [said.count, *counts] == [0, 0, 0, 1, 3, 0]


def test_guaranteed_leads_put_further_behind_hold_nobody_up() -> None:
    with_, _, said = busy_with_guaranteed(GUARANTEED, LEAD, LEAD)
    assert said.count == 0
    assert with_.asked(Hopper((LEAD, LEAD, GUARANTEED))).count == 2


# Asked for and not gone out


def test_what_was_asked_for_is_not_asked_for_again() -> None:
    with_ = Campaign("progressive")
    assert with_.agents(1).count == 1
    assert with_.asked(AgentReady(agent(1))).count == 1
    with_.dial(2)
    assert with_.asked(AgentReady(agent(2))).count == 1


def test_what_never_goes_out_is_asked_for_again_after_5_s() -> None:
    with_ = Campaign("progressive")
    with_.agents(1)
    for _ in range(4):
        said = with_.later(1.0)
        assert said is not None
        assert said.count == 0
    assert with_.later(2.0).count == 1  # type: ignore[union-attr]


def test_a_dial_told_twice_takes_one_asked_for() -> None:
    with_ = Campaign("progressive")
    for number in range(3):
        with_.tell(AgentReady(agent(number)))
    call = AttemptId("twice")
    for _ in range(3):
        with_.tell(Dialled(call, LEAD))
    assert with_.pacer.situation.placing == 2
    with_.tell(NotAnswered(call, Cause.BUSY))
    placing = with_.pacer.situation.placing
    with_.tell(Dialled(call, LEAD))  # late and once more, though it is over
    assert with_.pacer.situation.placing == placing


def test_a_dial_told_after_its_end_takes_one_asked_for() -> None:
    with_ = Campaign("progressive")
    with_.agents(1)
    call = AttemptId("early")
    with_.tell(NotAnswered(call, Cause.BUSY))
    assert with_.pacer.situation.placing == 1
    with_.tell(Dialled(call, LEAD))
    assert with_.pacer.situation.placing == 0


def test_a_dial_nobody_asked_for_is_counted_all_the_same() -> None:
    with_ = Campaign("progressive")
    with_.dial(3)
    assert with_.pacer.situation.placing == 0
    assert with_.agents(1).count == 0


# Deadlines


def test_it_looks_each_second() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    policy.asked_at.clear()
    with_.later(10.0)
    assert policy.asked_at == pytest.approx([float(second) for second in range(1, 11)])


def test_a_policy_may_want_to_look_sooner_but_not_all_the_time() -> None:
    for wanted, expected in ((0.25, 0.25), (0.0, 0.01), (-99.0, 0.01)):
        policy = Wishing(0)
        with_ = Campaign(policy)
        policy.look_at = wanted
        with_.agents(1)
        assert with_.pacer.next_deadline() == pytest.approx(expected)


def test_before_the_deadline_nothing_happens() -> None:
    with_ = Campaign("progressive")
    assert with_.pacer.tick(0.0) is None
    with_.agents(1)
    assert with_.pacer.tick(0.5) is None


def test_a_fact_that_asks_for_nothing_still_has_a_deadline() -> None:
    with_ = Campaign("progressive")
    (call,) = with_.dial()
    assert with_.tell(Ringing(call)) is None
    assert with_.pacer.next_deadline() == 1.0


def test_time_that_goes_back_stands_still() -> None:
    with_ = Campaign("progressive")
    with_.now = 100.0
    with_.agents(1)
    (call,) = with_.ring()
    with_.now = 50.0
    with_.tell(Answered(call))
    with_.tell(Abandoned(call))
    deadline = with_.pacer.next_deadline()
    assert deadline is not None
    assert deadline > 100.0
    assert with_.pacer.tick(60.0) is None


@pytest.mark.parametrize("policy", ["progressive", "foresight"])
@pytest.mark.parametrize("when", [nan, inf, -inf])
def test_a_time_that_is_no_number_stands_still(policy: str, when: float) -> None:
    with_ = Campaign(policy)
    with_.now = 100.0
    with_.agents(1)
    (call,) = with_.ring()
    for fact in (Answered(call), PersonConnected(call, agent(0)), AgentReady(agent(0))):
        with_.pacer.handle(fact, when)
    assert with_.pacer.tick(when) is None
    deadline = with_.pacer.next_deadline()
    assert deadline is not None
    assert 100.0 < deadline <= 101.0
    with_.now = 110.0
    assert with_.asked(AgentReady(agent(0))).count == 1


def test_a_lost_call_is_given_up_though_facts_come_all_the_time() -> None:
    with_ = Campaign(Progressive())
    with_.agents(1)
    with_.dial()
    for _ in range(int(LOST_AFTER_S) * 2 + 60):
        with_.now += 0.5
        with_.asked(AgentReady(agent(1)))
    assert with_.pacer.under_way.open == 0


# Hang-ups


def test_who_does_not_ring_is_not_hung_up() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    (rings, answered, over, dialled) = with_.ring(3) + with_.dial(1)
    with_.tell(Answered(answered))
    with_.tell(NotAnswered(over, Cause.BUSY))
    policy.hang_up = (rings, answered, over, dialled, AttemptId("never heard of"))
    with_.now = 60.0
    assert with_.asked(AgentReady(agent(1))).hang_up == (rings,)


def test_calls_kept_to_learn_from_are_hung_up_only_if_all_agents_have_gone() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    rings = policy.hang_up = tuple(with_.ring(KEPT_OF))
    with_.now = 60.0
    first = with_.asked(AgentReady(agent(1))).hang_up
    assert len(first) == KEPT_OF - 1
    with_.tell(AgentGone(agent(0)))
    assert {*first, *with_.asked(AgentGone(agent(1))).hang_up} == set(rings)


def order_all(with_: Campaign, policy: Wishing, rings: list[AttemptId]) -> tuple[AttemptId, ...]:
    """All have rung for long, and their hang-up is ordered."""
    with_.now += 60.0
    policy.hang_up = tuple(rings)
    return with_.asked(AgentReady(agent(0))).hang_up


def test_a_hang_up_is_ordered_once() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    rings = with_.ring(KEPT_OF - 1)
    assert order_all(with_, policy, rings) == tuple(rings)
    for _ in range(40):
        with_.now += 0.1
        assert with_.asked(AgentReady(agent(0))).hang_up == ()
    with_.tell(NotAnswered(rings[0], Cause.CUT))
    assert with_.pacer.under_way.open == len(rings) - 1


def test_a_hang_up_without_news_is_ordered_again_after_5_s() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    rings = with_.ring(KEPT_OF - 1)
    order_all(with_, policy, rings)
    with_.tell(NotAnswered(rings[1], Cause.CUT))
    orders: list[AttemptId] = []
    for _ in range(110):
        with_.now += 0.1
        orders += with_.asked(AgentReady(agent(0))).hang_up
    assert orders == [rings[0], *rings[2:]] * 2


def test_who_answers_while_they_are_hung_up_is_served_like_anybody() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    rings = with_.ring(KEPT_OF - 1)
    order_all(with_, policy, rings)
    under_way = with_.pacer.under_way
    with_.tell(Answered(rings[0]))
    assert under_way.waiting.keys == [rings[0]]
    with_.tell(PersonConnected(rings[0], agent(0)))
    with_.later(60.0)
    assert under_way.connected == 1
    assert with_.pacer.limit.worst(with_.now) == Tally(0.0, 1.0)
    reached = [each for each in policy.lessons if isinstance(each, Reached)]
    assert [each.person for each in reached] == [True]


def test_who_is_being_hung_up_counts_as_gone_until_the_order_is_lost() -> None:
    """Not for a second time, for the switch may not do it at all. The line is in use throughout."""
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    rings = with_.ring(3)
    under_way = with_.pacer.under_way
    assert order_all(with_, policy, rings[:2]) == tuple(rings[:2])
    assert under_way.ringing.keys == [rings[2]]
    assert under_way.open == under_way.lines == 3
    with_.later(5.5)
    assert set(under_way.ringing.keys) == set(rings)
    assert under_way.ringing.ages(with_.now).min() > 60.0
    with_.tell(NotAnswered(rings[0], Cause.CUT))
    with_.tell(NotAnswered(rings[1], Cause.BUSY))
    assert under_way.ringing.keys == [rings[2]]
    assert under_way.open == under_way.lines == 1


def test_a_call_whose_hang_up_is_never_reported_is_given_up() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    order_all(with_, policy, with_.ring(3))
    for _ in range(int(LOST_AFTER_S) * 2):
        with_.now += 0.5
        with_.asked(AgentReady(agent(0)))
    assert with_.pacer.under_way.open == 0


# Many facts


def test_calls_that_end_wait_for_one_another() -> None:
    """Forty a second, and yet ten decisions; the last of them is decided on as well."""
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    with_.now = 1.0
    calls = with_.dial(400)
    policy.asked_at.clear()
    for call in calls:
        with_.later(0.025)
        with_.tell(NotAnswered(call, Cause.BUSY))
    assert 90 <= len(policy.asked_at) <= 111
    with_.later(0.1)
    assert policy.asked_at[-1] == pytest.approx(11.0, abs=0.1)


def test_a_call_that_ends_long_after_the_last_decision_is_decided_on_at_once() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy)
    with_.agents(1)
    first, second, third = with_.dial(3)
    with_.now = 0.4
    assert with_.tell(NotAnswered(first, Cause.BUSY)) is not None
    with_.now = 0.45
    assert with_.tell(NotAnswered(second, Cause.BUSY)) is None
    assert with_.pacer.next_deadline() == pytest.approx(0.5)
    assert with_.tell(AgentReady(agent(1))) is not None  # nor does an agent wait
    with_.now = 0.5
    assert with_.tell(NotAnswered(third, Cause.BUSY)) is None
    assert with_.pacer.next_deadline() == pytest.approx(0.55)


def test_a_fact_that_waits_puts_off_no_sooner_look() -> None:
    policy = Wishing(0, look_at=0.05)
    with_ = Campaign(policy)
    with_.agents(1)
    (call,) = with_.dial()
    with_.tell(NotAnswered(call, Cause.BUSY))
    assert with_.pacer.next_deadline() == pytest.approx(0.05)


def test_calls_that_may_go_out_at_nearly_the_same_time_go_out_together() -> None:
    """However their switch spread them: two hundred a second are no two hundred decisions."""
    policy = Wishing(0)
    with_ = Campaign(policy, Settings(limit=NO_STOP, calls_per_second=200.0))
    with_.agents(50)
    policy.count = 500
    policy.asked_at.clear()
    said: Pacing | None = with_.asked(AgentReady(agent(0)))
    went_out = 0
    while with_.now < 10.0:
        for _ in range(said.count if said else 0):
            with_.now += 0.005
            (call,) = with_.dial()
            with_.tell(NotAnswered(call, Cause.BUSY))
            went_out += 1
        deadline = with_.pacer.next_deadline()
        assert deadline is not None
        with_.now = max(with_.now, deadline)
        said = with_.pacer.tick(with_.now)
    assert len(policy.asked_at) < 200
    assert went_out > 1_000


# Days


def test_a_new_day_has_its_own_budget() -> None:
    policy = Wishing(0)
    with_ = Campaign(policy, Settings(limit=Limit(share=0.03)))
    with_.agents(1)
    with_.serve(60)
    with_.lose(5)
    policy.count = 9
    assert with_.asked(AgentReady(agent(1))).count == 2
    with_.dial(2)
    said = with_.asked(DayBegan(1, 0.0))
    assert with_.pacer.limit.worst(0.0) == Tally(0.0, 0.0)
    assert said.count == 0  # no room before somebody was served
    policy.count = 0
    with_.serve(40)
    policy.count = 9
    assert with_.asked(AgentReady(agent(2))).count == 9


def test_history_is_in_the_30_days() -> None:
    settings = Settings(limit=Limit(share=0.03, windows=(Window.DAYS_30,)))
    pacer = Pacer(Wishing(9), settings, now=0.0, day=8, history=History({7: Tally(0.0, 1_000.0)}))
    said = pacer.handle(AgentReady(agent(0)), 0.0)
    assert said is not None
    assert said.count == 9
