"""The forecast, against a world whose chances are known."""

from random import Random

import numpy as np
import pytest

from dialer.abandon_count import AbandonCount
from dialer.ages import Floats
from dialer.forecast import ROWS, SOON_S, Forecast, Outlook
from dialer.lessons import CutShort, Detected, Lesson, Reached, Talked, WrappedUp
from dialer.limit import Limit
from dialer.pacing_facts import (
    AgentReady,
    AgentTalking,
    AgentWantsBreak,
    Answered,
    Dialled,
    Lead,
    Ringing,
)
from dialer.policy import Situation
from dialer.under_way import UnderWay
from domain.identity import AttemptId, ListName
from tests.dialer.campaign import LEAD, agent

RING_S, TALK_S, WRAP_S = 8.0, 60.0, 10.0


def taught(*, answered: float = 0.3, calls: int = 4_000, seed: int = 1) -> Forecast:
    """Answers after 8 s on average, talks of 60 s, wrap-up of 10 s: all exponential."""
    forecast, rng = Forecast(), Random(seed)
    for call in range(calls):
        now = float(call)
        if rng.random() < answered:
            forecast.learn(Reached(LEAD, rng.expovariate(1 / RING_S), True), now)
            forecast.learn(Talked(rng.expovariate(1 / TALK_S)), now)
            forecast.learn(WrappedUp(rng.expovariate(1 / WRAP_S), agent(call % 20)), now)
        else:
            forecast.learn(Reached(LEAD, 25.0, False), now)
    return forecast


def situation(*, detection: bool = False) -> Situation:
    return Situation(UnderWay(detection=detection), AbandonCount(Limit()))


NOW = 4_000.0


def chances_of(look: Outlook) -> Floats:
    assert look.chances is not None
    return look.chances


def test_nothing_under_way_is_nothing_to_come() -> None:
    look = taught().look(situation(), NOW)
    assert look.agents == look.certain == 0
    assert look.needed.mean == look.needed.variance == [0.0] * ROWS
    assert look.answers == [0.0] * ROWS
    assert look.freed == 0.0


def test_the_moments_are_quantiles_of_a_new_calls_answer() -> None:
    forecast = taught()
    forecast.look(situation(), NOW)
    expected = [-RING_S * np.log(1 - (row + 0.5) / ROWS) for row in range(ROWS)]
    assert forecast.moments.tolist() == pytest.approx(expected, rel=0.2, abs=0.8)


def test_a_new_call_is_answered_by_its_rate() -> None:
    forecast = taught()
    forecast.look(situation(), NOW)
    for lead in (None, LEAD):
        chances = forecast.new_call(lead, NOW)[0].tolist()
        expected = [0.3 * (row + 0.5) / ROWS for row in range(ROWS)]
        assert chances == pytest.approx(expected, abs=0.04)
        assert chances == sorted(chances)


def test_a_ringing_call_has_the_chance_of_its_age() -> None:
    forecast, at = taught(), situation()
    # 16 s old: of 30 answered, e^-2 ring still; of the 70 others all do, until 25 s.
    at.under_way.fold(Dialled(AttemptId("old"), LEAD), NOW - 16.0)
    still = 0.3 * np.exp(-2.0) / (0.3 * np.exp(-2.0) + 0.7)
    look = forecast.look(at, NOW)
    expected = still * (1 - np.exp(-forecast.moments / RING_S))
    assert look.needed.mean == pytest.approx(expected.tolist(), abs=0.02)
    assert look.answers == pytest.approx(look.needed.mean)


def test_the_next_seconds_are_looked_at_too() -> None:
    """For calls that have rung long; without one of two calls it is what the other adds."""
    forecast, at = taught(), situation()
    for name in ("old", "other"):
        at.under_way.fold(Dialled(AttemptId(name), LEAD), NOW - 16.0)
    soon = forecast.look(at, NOW).needed_soon
    still = 0.3 * np.exp(-2.0) / (0.3 * np.exp(-2.0) + 0.7)
    expected = still * (1 - np.exp(-np.array(SOON_S) / RING_S))
    assert soon.mean == pytest.approx((2 * expected).tolist(), abs=0.02)
    (one,) = forecast.answers_soon([0]).tolist()
    assert one[0] == pytest.approx(expected.tolist(), abs=0.01)
    left = soon.without(*one)
    for alone, sums in zip(one, (left.mean, left.variance, left.third), strict=True):
        assert sums == pytest.approx(alone, abs=1e-9)


def test_calls_are_added_up() -> None:
    forecast, at = taught(), situation()
    for number in range(50):
        at.under_way.fold(Dialled(AttemptId(str(number)), LEAD), NOW)
    look = forecast.look(at, NOW)
    each, *_ = forecast.new_call(LEAD, NOW)
    assert look.needed.mean == pytest.approx((50 * each).tolist(), rel=0.12, abs=0.2)
    spread = 50 * each * (1 - each)
    assert look.needed.variance == pytest.approx(spread.tolist(), rel=0.12, abs=0.2)


def test_a_busy_agent_is_busy_until_talk_and_wrap_up_are_over() -> None:
    forecast, at = taught(), situation()
    for number in range(40):
        at.under_way.fold(AgentTalking(agent(number)), NOW - 30.0)
    look = forecast.look(at, NOW)
    moment = float(forecast.moments[-1])
    # The sum of two exponential times.
    busy = (TALK_S * np.exp(-moment / TALK_S) - WRAP_S * np.exp(-moment / WRAP_S)) / (
        TALK_S - WRAP_S
    )
    assert look.needed.mean[-1] == pytest.approx(40 * busy, abs=2.0)
    assert look.freed == pytest.approx(40 * (1 - busy), abs=2.0)
    assert look.answers == pytest.approx([0.0] * ROWS, abs=1e-6)


def test_who_waits_is_certain_and_counted_once() -> None:
    forecast, at = taught(), situation()
    for number in range(3):
        at.under_way.fold(Dialled(AttemptId(str(number)), LEAD), NOW)
        at.under_way.fold(Answered(AttemptId(str(number))), NOW)
    look = forecast.look(at, NOW)
    assert look.certain == 3
    assert look.needed.mean == [3.0] * ROWS
    assert look.answers == [0.0] * ROWS


def test_whom_detection_listens_to_may_be_a_machine() -> None:
    forecast, at = taught(), situation(detection=True)
    for number in range(2_000):
        forecast.learn(Detected(1.8, number % 4 == 0), NOW)
    at.under_way.fold(Dialled(AttemptId("a"), LEAD), NOW)
    at.under_way.fold(Answered(AttemptId("a")), NOW)
    assert forecast.look(at, NOW).needed.mean == pytest.approx([0.25] * ROWS, abs=0.03)


def test_agents_who_want_a_break_are_not_planned_with() -> None:
    forecast, at = taught(), situation()
    for fact in (AgentReady(agent(0)), AgentTalking(agent(1)), AgentWantsBreak(agent(1))):
        at.under_way.fold(fact, NOW)
    assert forecast.look(at, NOW).agents == 1


def test_each_list_has_its_own_chances_and_times() -> None:
    forecast, rng = Forecast(), Random(3)
    quick, slow = Lead(ListName("quick")), Lead(ListName("slow"))
    for call in range(3_000):
        forecast.learn(Reached(quick, rng.uniform(2.0, 4.0), rng.random() < 0.6), call)
        forecast.learn(Reached(slow, rng.uniform(15.0, 20.0), rng.random() < 0.1), call)
    at = situation()
    at.under_way.fold(Dialled(AttemptId("a"), quick), 3_000.0)
    at.under_way.fold(Dialled(AttemptId("b"), slow), 3_000.0)
    look = forecast.look(at, 3_000.0)
    assert look.needed.mean[-1] == pytest.approx(0.6 + 0.1, abs=0.12)
    assert forecast.new_call(quick, 3_000.0)[0][-1] == pytest.approx(0.6, abs=0.1)
    assert forecast.new_call(slow, 3_000.0)[0][-1] < 0.15


def test_each_of_many_segments_has_its_own_chance() -> None:
    """Whichever of them ring, and whenever they begin to."""
    forecast, rng, at = Forecast(), Random(3), situation()
    leads = [Lead(ListName("leads"), segment=str(number)) for number in range(40)]
    for call in range(12_000):
        number = call % 40
        forecast.learn(Reached(leads[number], 8.0, rng.random() < (number + 1) / 50), call / 10)
    for number in (30, 0, 39):
        at.under_way.fold(Dialled(AttemptId(str(number)), leads[number]), NOW)
        chances = chances_of(forecast.look(at, NOW, few=3))
    assert chances[-1].tolist() == pytest.approx([31 / 50, 1 / 50, 40 / 50], abs=0.1)
    at.under_way.fold(Dialled(AttemptId("again"), leads[10]), NOW + 0.1)
    chances = chances_of(forecast.look(at, NOW + 0.1, few=4))
    assert chances[-1][3] == pytest.approx(11 / 50, abs=0.1)


def with_cuts(share: float, *, calls: int = 4_000) -> Forecast:
    """Of those that have rung for 16 s, this share is cut; the others give up at 25 s."""
    forecast, rng = Forecast(), Random(4)
    for call in range(calls):
        seconds = rng.expovariate(1 / RING_S) if rng.random() < 0.3 else 1e9
        if seconds > 16.0 and rng.random() < share:
            forecast.learn(CutShort(LEAD, 16.0, 15.0), call)
        elif seconds > 25.0:
            forecast.learn(Reached(LEAD, 25.0, False), call)
        else:
            forecast.learn(Reached(LEAD, seconds, True), call)
        if call % 20 == 0:
            forecast.look(situation(), float(call))
    forecast.look(situation(), float(calls))
    return forecast


def test_calls_that_we_cut_don_t_lift_the_rate() -> None:
    for share in (0.0, 0.2, 0.5):
        assert with_cuts(share).rates.rate(LEAD, 4_000.0) == pytest.approx(0.29, abs=0.05)


def test_if_every_call_is_cut_the_chance_is_right_up_to_the_cut() -> None:
    """What would have come after it, nobody can know."""
    forecast = with_cuts(1.0)
    chances, *_ = forecast.new_call(LEAD, 4_000.0)
    seen = forecast.moments < 15.0
    assert seen.sum() >= 3
    expected = 0.3 * (1 - np.exp(-forecast.moments / RING_S))
    assert chances[seen].tolist() == pytest.approx(expected[seen].tolist(), abs=0.04)


def test_each_list_rises_to_what_it_was_itself() -> None:
    """One list had a good half hour, the other never did."""
    forecast, at = Forecast(), situation()
    fallen, steady = Lead(ListName("fallen")), Lead(ListName("steady"))
    rng = Random(1)
    for call in range(2_000):
        share = 0.4 if call < 1_000 else 0.04
        forecast.learn(Reached(fallen, 10.0, rng.random() < share), float(call))
        forecast.learn(Reached(steady, 10.0, rng.random() < 0.4), float(call))
        if call % 100 == 0:
            forecast.look(at, float(call))
    for number in range(20):
        at.under_way.fold(Dialled(AttemptId(f"f{number}"), fallen), 2_000.0)
    look = forecast.look(at, 2_000.0)
    assert 5.0 < look.risen[-1] / look.answers[-1] < 14.0
    for number in range(20):
        at.under_way.fold(Dialled(AttemptId(f"s{number}"), steady), 2_000.0)
    both = forecast.look(at, 2_001.0)
    more, more_of_both = (one.risen[-1] - one.answers[-1] for one in (look, both))
    assert more_of_both == pytest.approx(more, abs=1.0)


def test_lists_are_in_doubt_each_by_itself() -> None:
    """A list about which little is known: its calls share one error, and two lists have two."""
    known, new, other = (Lead(ListName(name)) for name in ("known", "new", "other"))
    forecast = Forecast()
    for number in range(3_000):
        forecast.learn(Reached(known, 8.0, number % 10 == 0), number / 10)
    doubts = {}
    for now, (name, leads) in enumerate(
        {"known": [known], "new": [new], "both": [new, other]}.items(), start=301
    ):
        at = situation()
        for number in range(20):
            attempt = AttemptId(str(number))
            at.under_way.fold(Dialled(attempt, leads[number % len(leads)]), 300.0)
            at.under_way.fold(Ringing(attempt), 300.0)
        look = forecast.look(at, float(now))
        doubts[name] = look.doubt[-1] / look.answers[-1]
    assert doubts["known"] < 0.08
    assert doubts["new"] > 1.0
    assert doubts["both"] == pytest.approx(doubts["new"] / 2**0.5, rel=0.1)
    assert forecast.new_call(new, 303.0)[1] > 10.0 * forecast.new_call(known, 303.0)[1]


def test_chances_are_chances_whatever_was_learnt() -> None:
    rng = Random(5)
    forecast, at = Forecast(), situation(detection=True)
    for number in range(60):
        at.under_way.fold(Dialled(AttemptId(str(number)), LEAD), 0.0)
        at.under_way.fold(AgentTalking(agent(number)), 0.0)
    for step in range(600):
        seconds = rng.choice([0.0, 1e-6, 3.0, 1e4])
        lessons: list[Lesson] = [
            Reached(LEAD, seconds, rng.random() < 0.5), Detected(seconds, rng.random() < 0.5),
            Talked(seconds), WrappedUp(seconds, agent(step % 60)), CutShort(LEAD, seconds, 0.0),
        ]  # fmt: skip
        forecast.learn(rng.choice(lessons), step * 10.0)
        if step % 20 == 0:
            look = forecast.look(at, step * 10.0, few=1_000)
            chances = chances_of(look)
            assert np.isfinite(chances).all()
            assert (chances >= 0.0).all()
            assert (chances <= 1.0).all()
            assert look.freed >= -1e-6
            assert min(look.answers) >= -1e-6
            assert all(0.0 <= doubt < 1e3 for doubt in look.doubt)
