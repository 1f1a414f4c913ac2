"""Foresight: what it hangs up, and what its gate holds back."""

import re
from math import floor, log, sqrt
from random import Random

import pytest

from dialer.forecast import ROWS
from dialer.lessons import Reached, Talked, WrappedUp
from dialer.limit import Limit
from dialer.pacing import Settings
from dialer.pacing_facts import (
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWantsBreak,
    AgentWrapUp,
    Hopper,
    Lead,
    PersonConnected,
    ScriptStage,
)
from dialer.policies.foresight import Foresight
from dialer.policies.progressive import one_for_each
from dialer.tail import normal_tail
from dialer.under_way import KEPT_OF
from domain.identity import ListName, StageName
from tests.dialer.campaign import LEAD, Campaign, agent


def taught(
    policy: Foresight, limit: Limit | None = None, *, calls: int = 2_000, seed: int = 1
) -> Campaign:
    """A campaign of long talks in which three of ten answer, after 10 s on average."""
    rng = Random(seed)
    for call in range(calls):
        seconds = rng.expovariate(0.1)
        answers = rng.random() < 0.3 and seconds < 24.0
        policy.learn(Reached(LEAD, seconds if answers else 24.0, answers), float(call))
        if call % 4 == 0:
            policy.learn(Talked(rng.expovariate(1 / 300.0)), float(call))
            policy.learn(WrappedUp(rng.expovariate(1 / 15.0), agent(1)), float(call))
    with_ = Campaign(policy, Settings(limit=limit or Limit()))
    with_.now = 2_000.0
    with_.pacer.situation.ended, with_.pacer.situation.reached = 2_000, 600
    return with_


def has_served(with_: Campaign, persons: int) -> None:
    """Room for ``share * persons`` abandoned."""
    for _ in range(persons):
        with_.pacer.limit.connected(with_.now, late_s=-1.0)


def all_talk(with_: Campaign, agents: int) -> None:
    for number in range(agents):
        with_.tell(AgentReady(agent(number)))
    for number, attempt in enumerate(with_.dial(agents)):
        with_.tell(PersonConnected(attempt, agent(number)))
        with_.tell(AgentTalking(agent(number)))


def one_after_the_other(with_: Campaign, agents: int) -> int:
    """So many agents come in; how many calls are asked for."""
    return sum(with_.asked(AgentReady(agent(number))).count for number in range(agents))


def test_who_has_rung_long_is_hung_up_when_nobody_will_be_free_soon() -> None:
    with_ = taught(Foresight())
    has_served(with_, 1_000)
    all_talk(with_, 3)
    rings = with_.ring(10)
    with_.now += 15.5
    hung_up = set(with_.asked(AgentReady(agent(99))).hang_up)
    with_.tell(AgentTalking(agent(99)))
    with_.now += 1.5
    pacing = with_.pacer.tick(with_.now)
    assert pacing is not None
    hung_up |= set(pacing.hang_up)
    may_be_cut = with_.pacer.under_way.may_be_cut
    kept = {attempt for attempt in rings if not may_be_cut(attempt, with_.now, least_s=15.0)}
    assert len(kept) == len(rings) // KEPT_OF
    assert hung_up == set(rings) - kept


def test_nobody_is_hung_up_while_agents_are_free() -> None:
    with_ = taught(Foresight())
    has_served(with_, 1_000)
    with_.agents(10)
    with_.ring(10)
    with_.now += 15.5
    assert with_.asked(AgentReady(agent(99))).hang_up == ()


def test_nobody_is_hung_up_if_the_centre_does_not_like_it() -> None:
    with_ = taught(Foresight(cut=False))
    has_served(with_, 1_000)
    all_talk(with_, 3)
    with_.ring(10)
    with_.now += 15.5
    assert with_.asked(AgentReady(agent(99))).hang_up == ()


def test_the_gate_holds_back_what_could_break_the_limit() -> None:
    """A threshold much too bold, and no room: only the gate is left, and it is stricter the
    smaller the limit, for it takes longer until there is room again."""
    counts = {}
    for share in (0.03, 0.01):
        for breach in (0.25, 100.0):
            with_ = taught(
                Foresight(start=30.0, breach=breach), Limit(share=share, hard_stop=False)
            )
            counts[share, breach] = sum(
                with_.asked(AgentReady(agent(number))).count for number in range(8)
            )
    assert counts[0.03, 0.25] < counts[0.03, 100.0]
    assert counts[0.01, 0.25] <= counts[0.03, 0.25]
    assert counts[0.01, 0.25] >= 8


def test_a_rate_that_has_been_higher_is_room_held_back() -> None:
    """Three of ten answered, then three of a hundred do: who has room for five abandoned dials as
    many as if the three of ten might be back, and who has room for a hundred as many as they
    like."""
    asked_for = {}
    for fell in (False, True):
        for persons in (170, 3_300):
            policy = Foresight()
            with_ = taught(policy)
            with_.asked(AgentReady(agent(0)))
            now = with_.now = 2_000.0 if fell else 9_000.0  # it is forgotten after two hours
            for call in range(1_500):
                policy.learn(Reached(LEAD, 10.0, call % 33 == 0), now + call * 0.4)
            with_.now = now + 600.0
            has_served(with_, persons)
            asked_for[fell, persons] = sum(
                with_.asked(AgentReady(agent(number))).count for number in range(1, 20)
            )
    assert asked_for[True, 170] < 0.5 * asked_for[False, 170]
    assert asked_for[True, 3_300] > 0.9 * asked_for[False, 3_300]


def test_nobody_may_be_abandoned_and_it_dials_on_while_agents_are_free() -> None:
    with_ = taught(Foresight())
    assert one_after_the_other(with_, 20) > 30  # three of ten will answer
    said = with_.later(1.0)
    assert said is not None
    assert re.fullmatch(
        r"20 agents, 20 ready; 0 calls ringing; 0\.0 answers and 0\.0 free agents expected within"
        r" \d+ s; 0 more may be abandoned; risk of exceeding that 0\.\d\d%, at most 0\.21% is"
        r" accepted",
        str(said.reason),
    )


def test_the_less_it_knows_the_more_careful_it_is_while_nobody_may_be_abandoned() -> None:
    ringing = {60: 0, 2_000: 0}
    for calls in ringing:
        for seed in range(8):
            with_ = taught(Foresight(), calls=calls, seed=seed)
            ringing[calls] += one_after_the_other(with_, 50)
    assert ringing[60] < 0.8 * ringing[2_000]


def test_nobody_may_be_abandoned_and_nobody_is_free() -> None:
    with_ = taught(Foresight(start=30.0, breach=100.0))  # it would dare anything
    all_talk(with_, 20)
    for number in range(20):
        with_.tell(AgentWrapUp(agent(number)))
    with_.now += 20.0  # most of them will be free within seconds
    said = with_.asked(AgentWantsBreak(agent(0)))
    assert said.count == 0
    assert "limited to free agents (0 ready" in str(said.reason)


def test_with_a_limit_of_nothing_it_is_one_call_for_each_agent() -> None:
    with_ = taught(Foresight(), Limit(share=0.0))
    assert [with_.asked(AgentReady(agent(number))).count for number in range(20)] == [1] * 20


def test_nothing_is_sure_until_people_have_answered() -> None:
    """Three hundred numbers at which nobody answers say nothing of the next ones: a dead trunk."""
    with_ = Campaign(Foresight(), Settings())
    with_.miss(300)
    assert one_after_the_other(with_, 20) == 20
    with_.now += 60.0
    assert one_after_the_other(with_, 20) == 20


def test_nothing_is_sure_while_calls_fail_that_did_not_before() -> None:
    policy = Foresight()
    with_ = taught(policy)
    for call in range(300):
        policy.learn(Reached(LEAD, 0.5, False), with_.now + call / 10)
    with_.now += 30.0
    assert one_after_the_other(with_, 20) == 20


def test_of_a_new_list_nothing_is_sure() -> None:
    for name, most in (("leads", 60), ("new", 20)):
        with_ = taught(Foresight())
        with_.tell(Hopper((Lead(ListName(name)),) * 200))
        asked_for = one_after_the_other(with_, 20)
        assert most / 2 < asked_for <= most
    assert asked_for == 20


def test_the_further_over_the_limit_the_less_is_sure() -> None:
    asked_for = []
    for over in (0, 2, 200):
        with_ = taught(Foresight())
        for _ in range(over):
            with_.pacer.limit.abandoned(with_.now, late_s=1.0, by_customer=False, heard=False)
        asked_for.append(one_after_the_other(with_, 20))
    assert asked_for[0] > asked_for[1] > asked_for[2] > 20


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_limit_of_nothing_or_all_is_no_trouble(share: float) -> None:
    with_ = taught(Foresight(), Limit(share=share))
    has_served(with_, 100)
    pacing = with_.agents(5)
    assert pacing.count >= 1
    assert str(pacing.reason)
    assert pacing.hang_up == ()


def test_everybody_is_hung_up_when_all_agents_have_gone() -> None:
    """Those kept to learn from as well, while it still learns, and whatever the limit allows."""
    for policy, limit in ((Foresight(learn=10_000), Limit()), (Foresight(), Limit(share=1.0))):
        with_ = taught(policy, limit)
        with_.agents(1)
        rings = with_.ring(2 * KEPT_OF)
        with_.now += 15.5
        assert set(with_.asked(AgentGone(agent(0))).hang_up) == set(rings)


def half_talk(with_: Campaign, agents: int) -> None:
    """So many talk, and as many are ready; no call is requested yet."""
    all_talk(with_, agents)
    for number in range(agents, 2 * agents):
        with_.tell(AgentReady(agent(number)))
    with_.pacer.situation.placing = 0


def test_many_calls_are_weighed_in_few_steps_and_no_more_than_may_go_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where few answer, a decision may want a hundred calls; not a hundred risks are reckoned."""
    reckoned: list[float] = []

    def counted(mean: float, variance: float, third: float, at_least: float) -> float:
        reckoned.append(mean)
        return normal_tail(mean, variance, third, at_least)

    with_ = taught(Foresight(cut=False))
    has_served(with_, 1_000)
    half_talk(with_, 40)
    situation, policy = with_.pacer.situation, with_.pacer.policy
    situation.most = 1_000_000
    wanted = policy.decide(situation, with_.now).count
    assert wanted > 40
    monkeypatch.setattr("dialer.policies.foresight.normal_tail", counted)
    a_risk = 2 * ROWS  # with the gate
    for most, count, risks in ((1_000_000, wanted, 20), (3, 4, 5), (0, 1, 2), (-7, 1, 2)):
        reckoned.clear()
        situation.most = most
        wish = policy.decide(situation, with_.now)
        assert max(wish.count, one_for_each(situation).count) == max(count, 40)
        assert wish.at_least == (most < wanted)
        assert len(reckoned) <= risks * a_risk


def test_in_whatever_steps_calls_are_weighed_their_number_is_the_same() -> None:
    """For leads that are all alike, and for those of three lists in turn."""
    lists = [Lead(ListName(name)) for name in ("leads", "b", "c")]
    for leads in (None, tuple(lists * 100)):
        with_ = taught(Foresight())
        has_served(with_, 1_000)
        half_talk(with_, 20)
        situation, policy = with_.pacer.situation, with_.pacer.policy
        for call in range(6_000):
            lead = lists[call % 3]
            policy.learn(Reached(lead, 9.0, call % 10 < 3), with_.now + call / 1_000)
        situation.next_leads = leads
        situation.most = 1_000_000
        wanted = policy.decide(situation, with_.now).count
        assert 25 < wanted < 100
        for situation.most in range(20, wanted + 3):
            wish = policy.decide(situation, with_.now)
            assert wish.count == min(situation.most + 1, wanted)
            assert wish.at_least == (situation.most + 1 < wanted)


# People whom nobody sees


@pytest.mark.parametrize("persons", [980, 49_000])
def test_it_holds_back_for_more_people_unseen_than_estimated(persons: int) -> None:
    policy = Foresight()
    limit = Limit(people_taken_for_machines=0.02)
    with_ = Campaign(policy, Settings(limit=limit, detection=True))
    with_.pacer.situation.ended, with_.pacer.situation.reached = 2_000, 600
    has_served(with_, persons)
    count = with_.pacer.limit
    unseen = persons / 49.0
    assert count.unseen == pytest.approx(unseen)
    aside = min(0.12 * unseen, 2.0 * sqrt(unseen))
    said = with_.asked(AgentReady(agent(1)))
    room = said.reason.figures["room"]
    assert room == floor(count.room(with_.now) - aside) > 0


def test_its_threshold_follows_what_people_unseen_leave() -> None:
    thresholds = {}
    for estimate in (0.0, 0.02):
        policy = Foresight(gain=0.001)
        limit = Limit(people_taken_for_machines=estimate)
        with_ = Campaign(policy, Settings(limit=limit, detection=True))
        with_.tell(AgentReady(agent(1)))
        with_.pacer.situation.ended = 2_000
        with_.asked(AgentReady(agent(1)))
        before = policy.threshold
        for attempt in with_.dial(98):
            with_.tell(PersonConnected(attempt, agent(1)))
        gain = 0.001 / sqrt(0.03)  # of one agent at 3 %, or at less
        thresholds[estimate] = before, log(policy.threshold / before) / gain
    assert thresholds[0.02][0] < thresholds[0.0][0]
    # Of 98 found it may lose 98 * 3 %; or, with two more unseen, one, less 12 % of those two.
    moved = [persons for _, persons in thresholds.values()]
    assert moved == pytest.approx([98 * 0.03, 1.0 - 0.24])


FIRST, LAST = StageName("first"), StageName("last")


@pytest.mark.parametrize(("persons", "least", "most"), [(200, 6, 17), (800, 19, 60)])
def test_agents_at_the_last_page_all_at_once_are_not_all_counted_on(
    persons: int, least: int, most: int
) -> None:
    """That page was always open for 4 s. Perhaps all screens were loaded anew, and one agent in 20
    will be free in time: so many are abandoned, and there must be room for them."""
    policy = Foresight()
    with_ = taught(policy)
    rng = Random(2)
    for _ in range(400):
        first_s, last_s = rng.expovariate(1 / 300.0), rng.uniform(3.5, 5.0)
        talk = Talked(first_s + last_s, ((FIRST, 0.0), (LAST, first_s)))
        policy.learn(talk, with_.now)
        policy.learn(WrappedUp(rng.uniform(0.0, 1.0), agent(1), talk), with_.now)
    has_served(with_, persons)
    with_.tell(AgentTalking(agent(0)))
    for page in (FIRST, LAST):  # so that both have been heard of
        with_.tell(ScriptStage(agent(0), page))
    all_talk(with_, 20)
    with_.now += 100.0
    for number in range(20):
        with_.tell(ScriptStage(agent(number), LAST))
    with_.now += 3.0
    said = with_.asked(AgentReady(agent(20)))
    with_.tell(AgentGone(agent(20)))
    assert said.reason.figures.get("freed", 19.0) > 18.0
    assert least <= said.count <= most
