"""A campaign with detection: what it asks for, and machines that were given to an agent."""

from itertools import permutations

import pytest

from dialer.limit import PRESETS, Limit, Window
from dialer.pacing import Settings
from dialer.pacing_facts import (
    Abandoned,
    AgentReady,
    AgentTalking,
    AgentWrapUp,
    Answered,
    DayBegan,
    Dialled,
    GivenMachine,
    Machine,
    PacingFact,
    Person,
    PersonConnected,
)
from dialer.policies.foresight import Foresight
from domain.identity import AttemptId
from tests.dialer.campaign import LEAD, Campaign, Wishing, agent

ESTIMATED = Limit(
    windows=tuple(Window), people_taken_for_machines=0.02, machines_abandoned=0.0, hard_stop=False
)
ONE = 1.0 / 0.98
"""What a person found adds to the base, with those who are not."""


def campaign(policy: Wishing | Foresight | None = None, limit: Limit = ESTIMATED) -> Campaign:
    with_ = Campaign(policy or Wishing(), Settings(limit=limit, detection=True))
    with_.agents(3)
    return with_


def told(with_: Campaign, *facts: PacingFact) -> None:
    for fact in facts:
        with_.tell(fact)


def pass_on(with_: Campaign, number: int = 0) -> AttemptId:
    (attempt,) = with_.dial()
    told(with_, Answered(attempt), Person(attempt), PersonConnected(attempt, agent(number)))
    return attempt


def bases(with_: Campaign) -> list[float]:
    return [with_.pacer.limit.tally(window, with_.now).base for window in Window]


# What detection asks for


def test_detection_without_an_estimate_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"limit\.people_taken_for_machines is not given") as error:
        Settings(detection=True)
    assert "recordings" in str(error.value)
    assert "preset" in str(error.value)
    Settings(detection=False)


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_has_an_estimate(preset: str) -> None:
    limit = Settings(detection=True, limit=PRESETS[preset]).limit
    assert limit.people_taken_for_machines is not None
    assert 0.0 < limit.people_taken_for_machines < limit.share


def test_that_detection_takes_nobody_for_a_machine_may_be_claimed() -> None:
    with_ = campaign(limit=Limit(people_taken_for_machines=0.0))
    pass_on(with_)
    assert with_.pacer.limit.worst(0.0).abandoned == 0.0
    assert with_.pacer.limit.unseen == 0.0


def test_machines_that_detection_refuses_add_nothing() -> None:
    with_ = campaign()
    for attempt in with_.dial(100):
        told(with_, Answered(attempt), Machine(attempt))
    assert bases(with_) == [0.0] * 3
    pass_on(with_)
    assert bases(with_) == pytest.approx([ONE] * 3)


# Machines given to agents


def test_a_machine_leaves_the_base_when_the_agent_reports_it() -> None:
    with_ = campaign()
    pass_on(with_)
    machine = pass_on(with_, 1)
    assert bases(with_) == pytest.approx([2 * ONE] * 3)
    with_.tell(GivenMachine(machine))
    assert bases(with_) == pytest.approx([ONE] * 3)
    told(with_, AgentWrapUp(agent(1)), AgentReady(agent(1)))
    assert bases(with_) == pytest.approx([ONE] * 3)


def test_a_machine_that_nobody_reports_stays_in_the_base() -> None:
    with_ = campaign()
    pass_on(with_, 1)
    told(with_, AgentWrapUp(agent(1)), AgentReady(agent(1)))
    assert bases(with_) == pytest.approx([ONE] * 3)


def test_a_machine_counts_once_in_whatever_order_it_is_reported() -> None:
    machine = AttemptId("machine")
    facts: tuple[PacingFact, ...] = (
        Answered(machine),
        Person(machine),
        PersonConnected(machine, agent(1)),
        GivenMachine(machine),
        AgentWrapUp(agent(1)),
    )
    for order in permutations(facts):
        for often in (1, 2):
            with_ = campaign()
            pass_on(with_)
            told(with_, Dialled(machine, LEAD), *(fact for fact in order for _ in range(often)))
            assert bases(with_) == pytest.approx([ONE] * 3)
            assert with_.pacer.limit.unseen == pytest.approx(ONE - 1.0)


def test_a_machine_reported_long_after_its_talk_leaves_the_base() -> None:
    with_ = campaign()
    machine = pass_on(with_, 1)
    told(with_, AgentWrapUp(agent(1)), AgentReady(agent(1)))
    for _ in range(100):
        pass_on(with_, 2)
        told(with_, AgentReady(agent(2)))
    with_.later(3_600.0)
    before = with_.pacer.under_way.ready
    with_.tell(GivenMachine(machine))
    assert bases(with_) == pytest.approx([100 * ONE] * 3)
    assert with_.pacer.under_way.ready == before


def test_a_machine_reported_after_midnight_belongs_to_the_day_it_was_counted_in() -> None:
    with_ = campaign()
    machine = pass_on(with_, 1)
    with_.tell(DayBegan(1, 0.0))
    pass_on(with_, 2)
    with_.tell(GivenMachine(machine))
    # The day, the 24 hours, the 30 days: only the person of today is left in each.
    assert bases(with_) == pytest.approx([ONE] * 3)


def test_a_machine_nobody_has_heard_of_changes_nothing() -> None:
    with_ = campaign()
    pass_on(with_)
    told(with_, GivenMachine(AttemptId("never")), GivenMachine(AttemptId("never")))
    assert bases(with_) == pytest.approx([ONE] * 3)


def test_an_abandoned_machine_stays_counted_because_nobody_can_know() -> None:
    with_ = campaign()
    (machine,) = with_.dial()
    told(with_, Answered(machine), Person(machine), Abandoned(machine), GivenMachine(machine))
    assert bases(with_) == pytest.approx([ONE] * 3)


def test_a_machine_given_to_an_agent_was_an_answer_and_a_talk_all_the_same() -> None:
    lessons = []
    for reported in (False, True):
        policy = Wishing()
        with_ = campaign(policy)
        machine = pass_on(with_, 1)
        told(with_, AgentTalking(agent(1)))
        with_.later(6.0)
        if reported:
            with_.tell(GivenMachine(machine))
        with_.tell(AgentWrapUp(agent(1)))
        lessons.append(policy.lessons)
    assert lessons[0] == lessons[1]


def test_the_threshold_forgets_a_machine_as_if_it_had_never_been_counted() -> None:
    policies = [Foresight() for _ in range(2)]
    for policy, reported in zip(policies, (False, True), strict=True):
        with_ = campaign(policy)
        for _ in range(20):
            pass_on(with_)
        if reported:
            with_.tell(GivenMachine(pass_on(with_)))
    assert policies[1].threshold == pytest.approx(policies[0].threshold)
