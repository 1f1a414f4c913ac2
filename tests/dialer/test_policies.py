"""The rival policies against their formulas, worked out by hand; and a new policy in one file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dialer import policies
from dialer.limit import Limit
from dialer.pacing import Pacer, Settings
from dialer.pacing_facts import (
    AgentReady,
    AgentTalking,
    Answered,
    DayBegan,
    PersonConnected,
)
from dialer.policies import load_policies, make
from dialer.policies.expected_value import ExpectedValue
from dialer.policies.vicidial import Average, HardLimit, Tapered
from dialer.policy import POLICIES, Policy, policy
from tests.dialer.campaign import NO_STOP, Campaign, agent

ALL = sorted(load_policies())


def test_the_policies_of_the_issue_are_there() -> None:
    assert {
        "progressive", "fixed_ratio", "expected_value", "vicidial_hard_limit", "vicidial_average",
        "vicidial_tapered", "foresight",
    } <= set(ALL)  # fmt: skip


def test_a_policy_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"no pacing policy 'best'; there are .*foresight"):
        make("best")


def test_an_option_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"policy fixed_ratio: .*'level'"):
        make("fixed_ratio", level=2)


def test_two_policies_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="there is a policy 'progressive' already"):
        policy("progressive")(Average)


_ONES_OWN = """
from dialer.policy import Reason, Wish, policy

@policy("always_three")
class AlwaysThree:
    def learn(self, lesson, now): ...
    def counted(self, counted, now): ...
    def decide(self, at, now):
        return Wish(max(0, 3 - at.open), Reason("three at a time"))
"""


@pytest.fixture
def ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "always_three_of_a_test.py").write_text(_ONES_OWN)
    monkeypatch.setattr(policies, "__path__", [*policies.__path__, str(tmp_path)])
    yield
    POLICIES.pop("always_three", None)


@pytest.mark.usefixtures("ones_own")
def test_a_policy_is_added_in_one_file() -> None:
    with_ = Campaign("always_three")
    assert with_.agents(1).count == 3
    assert str(with_.asked(AgentReady(agent(1))).reason) == "three at a time"


# Progressive and fixed ratio


def test_progressive_is_one_call_for_each_free_agent() -> None:
    with_ = Campaign("progressive")
    assert with_.agents(1).count == 1
    (call,) = with_.dial()
    said = with_.asked(AgentReady(agent(1)))
    assert said.count == 1
    assert str(said.reason) == "2 ready, 1 calls under way: one call for each free agent"
    with_.dial()
    with_.tell(Answered(call))
    with_.tell(PersonConnected(call, agent(0)))
    assert with_.asked(AgentReady(agent(2))).count == 1


def test_fixed_ratio_is_so_many_for_each_ready_agent() -> None:
    with_ = Campaign(make("fixed_ratio", ratio=2.5))
    said = with_.agents(1)
    assert said.count == 2
    with_.dial(2)
    assert with_.asked(AgentReady(agent(1))).count == 3  # 2.5 * 2 - 2
    with_.dial(3)
    with_.tell(AgentTalking(agent(2)))
    assert with_.asked(AgentReady(agent(3))).count == 2  # 2.5 * 3 - 5: busy ones count nothing


@pytest.mark.parametrize("ratio", [0.0, -1.0, 21.0, float("nan")])
def test_fixed_ratio_must_be_sensible(ratio: float) -> None:
    with pytest.raises(ValueError, match="expected more than 0 and at most 20"):
        make("fixed_ratio", ratio=ratio)


# Expected value


def test_expected_value_begins_progressive() -> None:
    with_ = Campaign(ExpectedValue())
    assert with_.agents(7).count == 1
    assert with_.pacer.under_way.ready == 7


def test_expected_value_counts_a_waiting_person_once() -> None:
    """Ten agents are ready and one person waits: that takes one of them, not two."""
    counts = []
    for waiting in range(3):
        policy = ExpectedValue(shy=1e-6)
        policy.log_fraction = 0.0  # as many answers as agents
        with_ = Campaign(policy, Settings(limit=Limit(share=1.0)))  # it has no cause to be shy
        with_.agents(10)
        for _ in range(60):
            with_.lose(1)
            with_.miss(1)
        for call in with_.dial(waiting):
            with_.tell(Answered(call))
        policy.log_fraction = 0.0
        with_.now += 6.0
        counts.append(with_.asked(AgentReady(agent(10))).count)
    # Half of the calls are answered, so one agent less is two calls less.
    assert counts[0] - counts[1] == pytest.approx(2, abs=1)
    assert counts[0] - counts[2] == pytest.approx(4, abs=1)


def test_expected_value_grows_shy_before_the_stop() -> None:
    """With little room it dials less than its fraction would, with none only for free agents."""
    counts = []
    for served in (0, 2_050, 4_000):
        policy = ExpectedValue(start=1.0, aim=0.0)
        with_ = Campaign(policy)
        with_.agents(10)
        for _ in range(60):
            with_.lose(1)
            with_.miss(1)
        for _ in range(served):
            with_.pacer.limit.connected(with_.now, late_s=-1.0)
        policy.log_fraction = 0.0
        with_.now += 6.0
        counts.append(with_.asked(AgentReady(agent(10))).count)
    assert counts[0] < counts[1] < counts[2]


def test_expected_value_takes_no_ringing_call_for_a_busy_agent() -> None:
    policy = ExpectedValue()
    with_ = Campaign(policy)
    with_.agents(10)
    for _ in range(60):
        with_.lose(1)
        with_.miss(1)
    with_.dial(12)
    with_.now += 6.0
    assert with_.asked(AgentReady(agent(10))).reason.figures["agents"] == pytest.approx(11.0)


# VICIdial, reckoned by hand: level 1 at first, placed each 2.5 s, set each 15 s


def level(with_: Campaign) -> float:
    policy = with_.pacer.policy
    assert isinstance(policy, HardLimit | Average | Tapered)
    return policy.level


def test_vicidial_places_level_times_agents_less_the_calls_under_way() -> None:
    with_ = Campaign(HardLimit(max_level=4.0))
    # The first agent: m = (1 - 0 + 0) / 1 = 1, d = 1, level = 1 * 2; round(2 * 1) - 0 = 2
    assert with_.agents(1).count == 2
    assert level(with_) == 2.0
    with_.dial(2)
    # Nothing before 2.5 s have passed, whatever happens.
    assert with_.asked(AgentReady(agent(1))).count == 0
    said = with_.later(2.5)
    assert said is not None
    assert said.count == 2  # round(2 * 2) - 2
    assert str(said.reason) == "level 2.000 times 2 agents, 2 calls under way"


def test_vicidial_sets_the_level_each_15_s_from_the_means() -> None:
    with_ = Campaign(HardLimit(max_level=4.0))
    with_.agents(1)  # the first look: level 2
    with_.agents(4)
    calls = with_.dial(8)
    for call in calls[:3]:
        with_.tell(Answered(call))
    for number in range(2):
        with_.tell(PersonConnected(calls[number], agent(number)))
    # Looks at 2.5, 5, 7.5, 10, 12.5, 15 s: 2 of 4 ready, 1 waits.
    with_.later(15.0)
    # m = (2 - 1 + 0) / 4 = 0.25; intensity 0: d = 0.25; level = 2 * 1.25
    assert level(with_) == 2.5
    with_.later(15.0)
    assert level(with_) == 3.125
    with_.later(30.0)
    assert level(with_) == 4.0  # 4.883, and the most is 4


def test_vicidial_intensity_and_difference_bend_the_step() -> None:
    with_ = Campaign(HardLimit(max_level=9.0, intensity=-40.0, target_difference=0.5))
    # First look: m = (1 + 0.5) / 1 = 1.5; d = 1.5 * (-0.4 + 1) = 0.9
    with_.agents(1)
    assert level(with_) == 1.9
    # Both talk, two wait: m = (0 - 2 + 0.5) / 2 = -0.75; d = -0.75 * |-0.4 - 1| = -1.05, under 1
    with_.tell(AgentTalking(agent(0)))
    with_.tell(AgentTalking(agent(1)))
    for call in with_.dial(2):
        with_.tell(Answered(call))
    with_.later(15.0)
    assert level(with_) == 1.0


def test_vicidial_level_falls_by_the_step_when_persons_wait() -> None:
    with_ = Campaign(HardLimit(max_level=9.0))
    with_.agents(1)
    for number in range(4):
        with_.tell(AgentTalking(agent(number)))
    for call in with_.dial(1):
        with_.tell(Answered(call))
    with_.later(15.0)
    # m = (0 - 1) / 4 = -0.25; d = -0.25 * |0 - 1|; level = 2 * 0.75
    assert level(with_) == 1.5
    with_.later(15.0)
    assert level(with_) == 1.125
    with_.later(15.0)
    assert level(with_) == 1.0  # 0.844, and 1 is the least


def over_the_limit(policy: Policy, *, lost: int, served: int, at_hour: float) -> Campaign:
    """Level 2 at first, and a minute later a day's share that is over the limit."""
    with_ = Campaign(policy)
    with_.tell(DayBegan(1, -at_hour * 3_600.0))
    with_.agents(1)
    assert level(with_) == 2.0
    with_.serve(served)
    with_.lose(lost)
    # The agent talks and nobody waits from here on: m = 0, and the level stays as it is.
    with_.tell(AgentTalking(agent(0)))
    with_.later(59.0)
    return with_


def test_vicidial_halves_when_half_of_the_last_minutes_calls_are_dropped() -> None:
    with_ = over_the_limit(HardLimit(), lost=11, served=10, at_hour=9)
    assert level(with_) == 1.0
    with_ = over_the_limit(HardLimit(), lost=10, served=10, at_hour=9)
    assert level(with_) == 2.0  # 20 calls are not more than 20


def test_vicidial_looks_at_the_share_once_a_minute() -> None:
    with_ = over_the_limit(HardLimit(), lost=6, served=60, at_hour=9)
    assert level(with_) == 2.0
    with_.later(1.0)
    assert level(with_) == 1.0


def test_vicidial_hard_limit_is_level_1_over_the_limit() -> None:
    with_ = over_the_limit(HardLimit(max_level=4.0), lost=6, served=60, at_hour=9)
    with_.later(31.0)
    assert level(with_) == 1.0


def test_vicidial_needs_50_calls_before_the_share_counts() -> None:
    with_ = over_the_limit(HardLimit(), lost=6, served=44, at_hour=9)
    with_.later(60.0)
    assert level(with_) == 2.0


def test_vicidial_average_halves_the_level_over_the_limit() -> None:
    with_ = over_the_limit(Average(max_level=4.0), lost=6, served=60, at_hour=9)
    with_.later(1.0)
    assert level(with_) == 1.0
    policy = Average(max_level=8.0)
    assert policy.after(5.0, 0.0) == 2.5


def test_vicidial_tapered_goes_down_towards_the_latest_time() -> None:
    # 09:01: 2100 - 901 = 1199, more than 1000: the level stays.
    with_ = over_the_limit(Tapered(latest=2100), lost=6, served=60, at_hour=9)
    with_.later(1.0)
    assert level(with_) == 2.0
    # 15:01: (2100 - 1501) / 1000 = 0.599
    with_ = over_the_limit(Tapered(latest=2100), lost=6, served=60, at_hour=15)
    with_.later(1.0)
    assert level(with_) == pytest.approx(2.0 * 0.599)
    # 21:01: over
    with_ = over_the_limit(Tapered(latest=2100), lost=6, served=60, at_hour=21)
    with_.later(1.0)
    assert level(with_) == 1.0


def test_vicidial_tapered_counts_hours_and_minutes_as_they_are_written() -> None:
    policy = Tapered(latest=1730)
    assert policy.after(2.0, 16.5 * 3_600) == pytest.approx(2.0 * 0.1)  # 1730 - 1630
    assert policy.after(2.0, 17.5 * 3_600) == 1.0


def test_vicidial_max_level_must_be_sensible() -> None:
    with pytest.raises(ValueError, match=r"max_level is 0\.5; expected 1 or more"):
        make("vicidial_tapered", max_level=0.5)


@pytest.mark.parametrize("name", ALL)
def test_every_policy_says_why_in_words_and_figures(name: str) -> None:
    with_ = Campaign(make(name), Settings(limit=NO_STOP))
    with_.agents(3)
    for _ in range(80):
        with_.serve(1)
        with_.miss(1)
        with_.now += 5.0
        said = with_.asked(AgentReady(agent(1)))
        words = str(said.reason)
        assert words
        assert "{" not in words
    assert isinstance(with_.pacer, Pacer)
