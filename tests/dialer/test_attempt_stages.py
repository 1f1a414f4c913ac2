"""The table of an attempt's stages, and the page that shows it."""

from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.attempt import STEPS
from dialer.attempt_stages import (
    FINAL,
    OVERRULED,
    TRANSITIONS,
    AttemptStage,
    AttemptStep,
    UnlistedStepError,
    diagram,
    stage_after,
    stage_of,
)

PAGE = Path(__file__).parents[2] / "docs" / "attempt-stages.md"


def test_the_page_shows_the_table() -> None:
    shown = PAGE.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]
    assert shown == diagram(), "put the output of python -m dialer.attempt_stages into the page"


def test_the_page_explains_each_stage() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [stage for stage in AttemptStage if f"| `{stage.value}` |" not in page] == []


def test_what_is_not_listed_is_an_error_that_says_so() -> None:
    with pytest.raises(UnlistedStepError, match="'ended' cannot move by RING"):
        stage_after(AttemptStage.ENDED, AttemptStep.RING)


@given(st.data(), st.randoms(use_true_random=False))
def test_each_way_through_the_table_has_the_same_end_in_any_order(
    data: st.DataObject, chance: Random
) -> None:
    stage, steps = AttemptStage.RESERVED, list[AttemptStep]()
    while ways := [step for at, step in TRANSITIONS if at is stage]:
        if steps and data.draw(st.integers(0, 9)) == 0:
            break
        steps.append(data.draw(st.sampled_from(ways)))
        stage = stage_after(stage, steps[-1])
    mixed = steps + steps[::2]
    chance.shuffle(mixed)
    assert stage_of(mixed) is stage


def test_whatever_is_reported_adds_up_to_a_stage() -> None:
    for count in range(len(AttemptStep) + 1):
        for steps in combinations(AttemptStep, count):
            assert stage_of(steps) in AttemptStage


def test_a_fact_may_overtake_those_before_it() -> None:
    assert stage_of([AttemptStep.CONNECT]) is AttemptStage.TALKING
    assert stage_of([AttemptStep.END, AttemptStep.CONNECT]) is AttemptStage.ENDED


def test_a_final_stage_is_left_only_for_the_message() -> None:
    left = {(stage, entered) for (stage, _), entered in TRANSITIONS.items() if stage in FINAL}
    assert left == {(AttemptStage.ABANDONED, AttemptStage.MESSAGE_PLAYED)}


def test_somebody_who_talked_was_reached_whatever_else_is_reported() -> None:
    others = set(AttemptStep) - {AttemptStep.END}
    assert stage_of(others) is AttemptStage.TALKING
    assert stage_of(set(AttemptStep)) is AttemptStage.ENDED


def test_an_unknown_fate_can_become_any_final_stage() -> None:
    reached = {AttemptStage.UNKNOWN}
    while more := {to for (stage, _), to in TRANSITIONS.items() if stage in reached} - reached:
        reached |= more
    assert reached >= FINAL
    assert stage_of([AttemptStep.LOSE, AttemptStep.END]) is AttemptStage.UNKNOWN


def test_no_stage_is_a_trap_but_the_final_ones() -> None:
    for stage in AttemptStage:
        onward = {entered for (at, _), entered in TRANSITIONS.items() if at is stage}
        assert onward or stage in FINAL


def test_the_tables_do_not_contradict_each_other() -> None:
    for stage, steps in OVERRULED.items():
        assert all((stage, step) not in TRANSITIONS for step in steps)


def test_the_pacer_knows_only_steps_of_the_table() -> None:
    assert set(STEPS.values()) <= {step for _, step in TRANSITIONS}
