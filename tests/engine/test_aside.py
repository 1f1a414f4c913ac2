"""Who hears whom while an agent asks a colleague, and what may come next."""

import pytest

from engine.agents.aside import (
    ASKED_IN,
    CUSTOMER_IN,
    STEPS,
    ConsultStep,
    passes_on_by_hanging_up,
)
from engine.board_ports import ConsultStage
from engine.centre_ports import Recipient


def test_every_stage_has_steps_and_a_way_back_to_the_customer() -> None:
    assert set(STEPS) == set(ConsultStage)
    for steps in STEPS.values():
        assert steps[ConsultStep.CANCEL] is None


def test_while_it_rings_it_can_only_be_given_up() -> None:
    assert set(STEPS[ConsultStage.CALLING]) == {ConsultStep.CANCEL}
    assert ConsultStage.CALLING not in CUSTOMER_IN | ASKED_IN


def test_swapping_twice_changes_nothing() -> None:
    there = STEPS[ConsultStage.PRIVATE][ConsultStep.SWAP]
    assert there is ConsultStage.CUSTOMER
    assert STEPS[there][ConsultStep.SWAP] is ConsultStage.PRIVATE


def test_somebody_hears_the_agent_once_it_was_answered() -> None:
    for stage in set(ConsultStage) - {ConsultStage.CALLING}:
        assert stage in CUSTOMER_IN | ASKED_IN
    assert {ConsultStage.CONFERENCE} == CUSTOMER_IN & ASKED_IN


def test_hanging_up_leaves_the_customer_with_whom_the_agent_talks() -> None:
    passing = {stage for stage in ConsultStage if passes_on_by_hanging_up(stage)}
    assert passing == {ConsultStage.PRIVATE, ConsultStage.CONFERENCE}


@pytest.mark.parametrize("text", ["", "agent", "agent:", "1002", "phone:1002", ":1002"])
def test_a_recipient_that_means_nothing(text: str) -> None:
    assert Recipient.of(text) is None


def test_recipients() -> None:
    agent, queue = Recipient.of("agent:1002"), Recipient.of("queue:a:b")
    assert agent is not None and (agent.agent, agent.queue) == ("1002", None)
    assert queue is not None and (queue.agent, queue.queue) == (None, "a:b")
    outside = Recipient.of("outside:+8613800138000")
    assert outside is not None and outside.outside == "+8613800138000"
