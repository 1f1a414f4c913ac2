"""What the pacing loop must withstand, each by its name."""

from dataclasses import dataclass, field
from functools import cache
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import Any

import pytest

from dialer.causes import Cause
from dialer.limit import Limit
from dialer.pacing import Pacer, Pacing, Settings
from dialer.pacing_facts import (
    AgentGone,
    AgentReady,
    Answered,
    Hopper,
    NotAnswered,
    PacingFact,
    PersonConnected,
)
from dialer.policies import load_policies, make
from domain.identity import AttemptId
from simulation.day import DayResult, play_day
from simulation.distributions import Constant
from simulation.scenario import (
    Change,
    LeadList,
    LimitSettings,
    PolicySettings,
    Refusals,
    Scenario,
    TrunkFailure,
    TrunkSettings,
)
from simulation.world import World
from tests.dialer.campaign import LEAD, NO_STOP, Campaign, Wishing, agent

ALL = sorted(load_policies())
OURS = "foresight"


def leads(answer_rate: float, leads: int | None = None) -> list[LeadList]:
    return [LeadList(name="leads", answer_rate=answer_rate, leads=leads)]


def constant(seconds: float) -> Constant:
    return Constant(kind="constant", value=seconds)


def day(scenario: Scenario, policy: str, *, agents: int, seed: int = 1) -> DayResult:
    return play_day(scenario, policy, PolicySettings(policy=policy), agents=agents, seed=seed)


# Empty campaign


@pytest.mark.parametrize("policy", ALL)
def test_empty_campaign(policy: str) -> None:
    with_ = Campaign(policy)
    with_.tell(Hopper(()))
    for number in range(5):
        assert with_.asked(AgentReady(agent(number))).count == 0
    for _ in range(60):
        said = with_.later(1.0)
        assert said is None or said.count == 0
    # Leads come in: at once, or at the policy's next look.
    said = with_.asked(Hopper((LEAD,) * 3))
    said = with_.later(3.0) if said.count == 0 else said
    assert said is not None
    assert 1 <= said.count <= 3


def test_empty_campaign_for_a_whole_day() -> None:
    result = day(Scenario(lists=leads(0.3, 0), hours=1), OURS, agents=5)
    assert result.dialled == result.served == 0
    assert result.use == 0.0


def test_campaign_that_runs_out() -> None:
    result = day(Scenario(lists=leads(0.3, 200), hours=2), OURS, agents=5)
    assert result.dialled == 200


def test_no_agent_and_no_line() -> None:
    assert day(Scenario(hours=0.5), OURS, agents=0).dialled == 0
    assert day(Scenario(hours=0.5, lines=0), OURS, agents=3).dialled == 0


# One agent


@pytest.mark.parametrize("policy", ALL)
def test_one_agent(policy: str) -> None:
    result = day(Scenario(hours=4), policy, agents=1)
    assert result.served > 30
    assert result.abandoned <= 0.03 * (result.served + result.abandoned) + 1.0


# All agents gone at once


def teach(with_: Campaign, calls: int) -> None:
    """A third answers after 3 to 24 s and talks for 10 to 60 s; the others ring for 25 s."""
    rng = Random(1)
    for number in range(calls):
        answered, *others = with_.dial(3)
        with_.now += rng.uniform(3.0, 24.0)
        with_.tell(Answered(answered))
        with_.tell(PersonConnected(answered, agent(number % 20)))
        with_.now += rng.uniform(10.0, 60.0)
        for other in others:
            with_.tell(NotAnswered(other, Cause.NO_ANSWER))
        with_.tell(AgentReady(agent(number % 20)))


def test_all_agents_gone_at_once_with_60_calls_ringing() -> None:
    with_ = Campaign(make(OURS), Settings())
    with_.agents(20)
    teach(with_, 200)
    with_.now += 6.0
    old = with_.ring(20)
    with_.now += 10.0
    young = with_.ring(40)
    with_.now += 6.0
    said = [with_.asked(AgentGone(agent(number))) for number in range(20)]
    assert sum(each.count for each in said) == 0
    # Nobody is left: those that have rung for 15 s are hung up at once, the others in their time.
    cut = {attempt for each in said for attempt in each.hang_up}
    assert cut == set(old)
    for attempt in old:
        with_.tell(NotAnswered(attempt, Cause.CUT))
    with_.later(8.0)
    last = with_.later(2.0)
    assert last is not None
    assert last.count == 0
    assert set(last.hang_up) == set(young)
    for attempt in young:
        with_.tell(NotAnswered(attempt, Cause.CUT))
    assert with_.pacer.under_way.open == 0
    # And when they come back, it goes on.
    assert sum(with_.asked(AgentReady(agent(number))).count for number in range(20)) >= 20


@pytest.mark.parametrize("policy", ALL)
def test_all_agents_gone_at_once_is_no_new_call_under_any_policy(policy: str) -> None:
    with_ = Campaign(make(policy), Settings(limit=NO_STOP))
    with_.agents(20)
    for _ in range(30):
        with_.serve(1)
        with_.miss(2)
        with_.now += 3.0
    with_.ring(60)
    for number in range(20):
        said = with_.asked(AgentGone(agent(number)))
    assert said.count == 0
    for _ in range(30):
        again = with_.later(1.0)
        assert again is None or again.count == 0


def test_all_agents_gone_for_an_hour_in_the_day() -> None:
    changes = [Change(at_h=1.0, agents=0), Change(at_h=1.5, agents=20)]
    result = day(Scenario(hours=2.5, changes=changes), OURS, agents=20)
    assert result.share <= 0.03 + 1.0 / (result.served + result.abandoned)
    assert result.served > 500


# Talks


def test_talks_that_are_all_of_one_length() -> None:
    """Agents are free together: who thinks them free seconds too early, thinks so of all."""
    scenario = Scenario(hours=1.5, lists=leads(0.1), talk=constant(120.0), wrap_up=constant(0.0))
    result = day(scenario, OURS, agents=20, seed=1)
    assert result.share <= 0.03
    assert result.use > 0.75


# The answer rate


def test_answer_rate_from_10_to_60_percent_within_a_minute() -> None:
    """Sixty calls ring for six answers, and 36 come: one bad hour is no fault, all together are."""
    scenario = Scenario(hours=1.5, lists=leads(0.1), changes=[Change(at_h=1.0, answer_rate=6.0)])
    days = [day(scenario, OURS, agents=20, seed=seed) for seed in range(1, 9)]
    abandoned = sum(result.abandoned for result in days)
    assert abandoned <= 0.03 * (abandoned + sum(result.served for result in days))
    assert sum(result.use for result in days) / len(days) > 0.7


def changing(factor: float, *, at: tuple[int, ...], minutes: int) -> list[Change]:
    """The answer rate is ``factor`` times the usual for so many minutes from each of these on."""
    return [
        Change(at_h=minute / 60, answer_rate=rate)
        for begins in at
        for minute, rate in ((begins, factor), (begins + minutes, 1.0))
    ]


def test_an_answer_rate_that_jumps_again_and_again() -> None:
    """The first jump finds eighty calls ringing; the later ones no more than there is room for."""
    changes = changing(10.0, at=(20, 50, 80, 110, 140), minutes=10)
    scenario = Scenario(hours=2.6, lists=leads(0.06), changes=changes)
    days = [day(scenario, OURS, agents=20, seed=seed) for seed in (1, 2)]
    assert max(result.share for result in days) <= 0.03
    assert min(result.use for result in days) > 0.55


def test_an_answer_rate_that_falls_to_nothing_and_comes_back() -> None:
    """Like a trunk whose failures are reported as dead numbers."""
    changes = changing(1 / 30, at=(25, 55), minutes=5)
    scenario = Scenario(hours=1.05, lists=leads(0.3), changes=changes)
    days = [day(scenario, OURS, agents=20, seed=seed) for seed in (1, 2, 3)]
    abandoned = sum(result.abandoned for result in days)
    assert abandoned <= 0.03 * (abandoned + sum(result.served for result in days))
    assert max(result.worst_running for result in days) < 0.045
    assert min(result.use for result in days) > 0.7


@pytest.mark.parametrize("policy", ALL)
def test_nobody_ever_answers(policy: str) -> None:
    result = day(Scenario(hours=0.2, lists=leads(0.0)), policy, agents=10)
    assert result.served == result.abandoned == 0
    # Some call is always under way for each, and never more than is sensible.
    assert 10 * 720 / 30 < result.dialled < 40 * 10 * 720 / 5


def test_nobody_ever_answers_and_then_somebody_does() -> None:
    scenario = Scenario(
        hours=1,
        lists=leads(0.3),
        changes=[Change(at_h=0.0, answer_rate=0.0), Change(at_h=0.2, answer_rate=1.0)],
    )
    result = day(scenario, OURS, agents=10)
    assert result.served > 100
    assert result.share <= 0.05  # of few: the first answers come to many calls at once


@pytest.mark.parametrize("policy", ALL)
def test_everybody_answers_in_one_second(policy: str) -> None:
    scenario = Scenario(
        hours=1,
        lists=leads(1.0),
        delay=constant(0.0),
        ring=constant(1.0),
        refusals=Refusals(invalid=0.0, busy=0.0),
        breaks=None,
    )
    result = day(scenario, policy, agents=10)
    assert result.served > 250
    if policy == OURS:
        assert result.share <= 0.03
        assert result.use > 0.9


# Agents who never finish


@pytest.mark.parametrize("policy", ALL)
def test_agents_who_never_finish(policy: str) -> None:
    scenario = Scenario(hours=2, talk=constant(80_000.0), breaks=None)
    result = day(scenario, policy, agents=10)
    assert result.served == 10
    assert result.abandoned <= 2


def test_some_agents_never_finish_after_a_good_hour() -> None:
    with_ = Campaign(make(OURS), Settings())
    with_.agents(20)
    teach(with_, 200)
    busy = with_.pacer.under_way.agents
    for number, attempt in enumerate(with_.dial(20)):
        with_.tell(Answered(attempt))
        with_.tell(PersonConnected(attempt, agent(number)))
    assert busy == 20
    asked = 0
    for _ in range(3_600):
        said = with_.later(1.0)
        if said is not None:
            asked += said.count
            for attempt in with_.dial(said.count):
                with_.tell(NotAnswered(attempt, Cause.BUSY))
    # It hopes for them still, but less and less.
    assert asked < 3_600
    assert with_.pacer.under_way.open == 0


# The limit


@pytest.mark.parametrize("policy", ALL)
def test_a_limit_of_0_percent_abandons_nobody(policy: str) -> None:
    scenario = Scenario(hours=1, limit=LimitSettings(share=0.0), breaks=None)
    result = day(scenario, policy, agents=10)
    assert result.abandoned == 0
    assert result.served > 100


@pytest.mark.parametrize("policy", ALL)
def test_a_limit_of_100_percent_is_no_limit_and_no_flood(policy: str) -> None:
    scenario = Scenario(hours=0.5, limit=LimitSettings(share=1.0))
    result = day(scenario, policy, agents=5)
    assert result.served > 20
    assert result.dialled < 40 * 5 * 1_800 / 5


# Facts late, twice or out of order


@dataclass
class Late:
    """Tells the pacer each fact up to ``most`` seconds later, some twice; so not in order."""

    pacer: Pacer
    rng: Random
    most: float
    waiting: list[tuple[float, int, PacingFact]] = field(default_factory=list)
    number: int = 0

    def handle(self, fact: PacingFact, now: float) -> Pacing | None:
        for _ in range(1 + (self.rng.random() < 0.1)):
            due = now + self.rng.random() * self.most
            self.number += 1
            heappush(self.waiting, (due, self.number, fact))
        return None

    def next_deadline(self) -> float | None:
        deadlines = [self.pacer.next_deadline(), self.waiting[0][0] if self.waiting else None]
        return min((each for each in deadlines if each is not None), default=None)

    def tick(self, now: float) -> Pacing | None:
        said = []
        while self.waiting and self.waiting[0][0] <= now:
            due, _, fact = heappop(self.waiting)
            said.append(self.pacer.handle(fact, due))
        said.append(self.pacer.tick(now))
        orders = [each for each in said if each is not None]
        if not orders:
            return None
        hang_up: dict[AttemptId, None] = {}
        for each in orders:
            hang_up.update(dict.fromkeys(each.hang_up))
        return Pacing(sum(each.count for each in orders), orders[-1].reason, tuple(hang_up))


@dataclass
class Figures:
    """What came of it."""

    served: int = 0
    lost: int = 0
    last_dial: float = 0.0
    under_way: int = 0
    most_ringing: int = 0

    def dialled(self, now: float) -> None:
        self.last_dial = now

    def person(self, *_: float, abandoned: bool, **__: Any) -> None:
        self.lost += abandoned
        self.served += not abandoned

    def taken_for_machine(self, _now: float) -> None:
        self.lost += 1

    def refused(self, _now: float) -> None: ...

    def idle_ended(self, seconds: float) -> None: ...

    def agent(self, now: float, before: str | None, after: str | None) -> None: ...

    def ringing(self, _now: float, change: int) -> None:
        self.under_way += change
        self.most_ringing = max(self.most_ringing, self.under_way)


@cache
def fed_late(policy: str, most: float) -> Figures:
    """A day whose facts come up to ``most`` seconds late."""
    figures = Figures()
    pacer = Pacer(make(policy), Settings(limit=Limit()), now=0.0)
    World(Scenario(hours=0.8), 10, 3, Late(pacer, Random(7), most), figures).run()
    assert figures.last_dial > 2_780.0
    assert figures.most_ringing < 100
    assert pacer.under_way.open < 100
    return figures


@pytest.mark.parametrize("policy", ALL)
@pytest.mark.parametrize("most", [0.2, 3.0])
def test_facts_late_twice_and_out_of_order(policy: str, most: float) -> None:
    in_order, out_of_order = (fed_late(policy, delay) for delay in (0.0, most))
    # Whoever hears of everything seconds late must leave more room, but doesn't stand still.
    assert out_of_order.served > (0.8 if most < 1.0 else 0.6) * in_order.served
    if most < 1.0 and policy == OURS:  # VICIdial goes over with facts in order, too
        assert out_of_order.lost <= 0.04 * (out_of_order.served + out_of_order.lost) + 2


def test_a_deadline_told_late_is_no_trouble() -> None:
    with_ = Campaign(make(OURS), Settings())
    with_.agents(3)
    with_.now = 1e6
    assert with_.pacer.tick(with_.now) is not None
    assert 1e6 < (with_.pacer.next_deadline() or inf) <= 1e6 + 1.0


# The trunk


@cache
def with_failure(
    seconds: float, *, agents: int = 20, per_second: float = 20.0, **how: Any
) -> list[DayResult]:
    """Half an hour in which the trunk fails at minute 15, for five seeds."""
    scenario = Scenario(
        hours=0.5,
        lists=leads(0.3),
        calls_per_second=per_second,
        failures=[TrunkFailure(at_h=0.25, last_s=seconds, **how)],
    )
    return [day(scenario, OURS, agents=agents, seed=seed) for seed in range(1, 6)]


def lost_near_failures(days: list[DayResult]) -> float:
    answered = sum(result.near_failures for result in days)
    assert answered > 30
    return sum(result.lost_near_failures for result in days) / answered


@pytest.mark.parametrize("seconds", [10.0, 20.0, 30.0, 120.0])
def test_a_trunk_that_fails_and_comes_back(seconds: float) -> None:
    days = with_failure(seconds)
    assert lost_near_failures(days) <= 0.03
    assert sum(result.refused for result in days) < 5 * (10 + seconds / 5.0)


def test_a_trunk_that_fails_with_few_calls_a_second() -> None:
    assert lost_near_failures(with_failure(30.0, per_second=5.0)) <= 0.03


def test_a_trunk_that_does_not_reply_and_then_takes_all_calls_at_once() -> None:
    assert lost_near_failures(with_failure(30.0, silent=True)) <= 0.04


def test_a_trunk_that_takes_what_rings_with_it() -> None:
    assert lost_near_failures(with_failure(30.0, cuts_ringing=True)) <= 0.03


def test_the_campaign_goes_on_after_a_failure() -> None:
    usual = with_failure(0.001)
    failed = with_failure(30.0)
    served = [sum(result.served for result in days) for days in (usual, failed)]
    # Half a minute of thirty is lost, and a little to find out.
    assert served[1] > 0.95 * served[0]


def test_a_trunk_that_flaps_every_five_minutes() -> None:
    failures = [TrunkFailure(at_h=0.25, last_s=30.0, every_s=300.0)]
    scenario = Scenario(hours=2, lists=leads(0.3), calls_per_second=20.0, failures=failures)
    days = [day(scenario, OURS, agents=20, seed=seed) for seed in (1, 2)]
    assert all(result.share <= 0.03 for result in days)
    assert all(result.use > 0.75 for result in days)


def test_a_trunk_with_fewer_lines_than_configured() -> None:
    scenario = Scenario(
        hours=1, lists=leads(0.3), lines=180, calls_per_second=20.0, trunk=TrunkSettings(lines=18)
    )
    result = day(scenario, OURS, agents=20)
    assert result.refused < 0.1 * result.dialled
    assert result.use > 0.6  # lines bound it, not the pacing
    assert result.share <= 0.03


def test_a_trunk_that_refuses_four_calls_in_five_all_day() -> None:
    scenario = Scenario(hours=1.5, lists=leads(0.3), trunk=TrunkSettings(refused=0.8))
    result = day(scenario, OURS, agents=20)
    assert result.use > 0.7
    assert result.share <= 0.03


def test_a_trunk_that_never_comes_back_is_tried_now_and_then() -> None:
    failures = [TrunkFailure(at_h=0.25, last_s=7_200.0)]
    result = day(Scenario(hours=1, lists=leads(0.3), failures=failures), OURS, agents=20)
    assert 2_700.0 / 25.0 < result.refused < 2_700.0 / 15.0 + 60.0


def test_who_answers_after_a_failure_is_unknown_at_first() -> None:
    """One number for each free agent, until people have answered."""
    with_ = Campaign(Wishing(50), Settings(limit=NO_STOP))
    with_.agents(4)
    with_.ring(30)
    with_.now += 30.0
    refused = with_.dial(8)
    with_.now += 0.2
    said = [with_.asked(NotAnswered(attempt, Cause.FAILED)) for attempt in refused]
    assert said[-1].count <= 1
    assert "the trunk has refused calls" in str(said[-1].reason)
    for _ in range(20):  # single calls try it
        with_.now += 1.0
        said.append(with_.asked(AgentReady(agent(0))))
        for attempt in with_.dial(said[-1].count):
            with_.now += 0.2
            said.append(with_.asked(NotAnswered(attempt, Cause.FAILED)))
        assert said[-1].count <= 1
    for attempt in [AttemptId(f"a{number}") for number in range(1, 31)]:
        with_.tell(NotAnswered(attempt, Cause.NO_ANSWER))
    with_.now += 25.0
    assert with_.asked(AgentReady(agent(0))).count == 1
    (attempt,) = with_.ring()
    with_.now += 1.0
    said.append(with_.asked(AgentReady(agent(0))))
    assert said[-1].count == 2  # steps that double
    with_.ring(2)
    with_.now += 1.0
    said.append(with_.asked(AgentReady(agent(0))))
    assert said[-1].count == 1  # four agents, three calls under way
    assert "has just come back" in str(said[-1].reason)
    for number in range(3):
        with_.dial(1)
        with_.tell(Answered(AttemptId(f"a{with_.numbers}")))
        with_.tell(PersonConnected(AttemptId(f"a{with_.numbers}"), agent(number)))
        with_.tell(AgentReady(agent(number)))
    for _ in range(12):
        with_.now += 1.0
        more = with_.asked(AgentReady(agent(0)))
        with_.ring(more.count)
    assert with_.pacer.under_way.open > 4
