"""Talks that pass the stages of a script, and what is reported of them."""

from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import pytest

import simulation
from dialer.pacing_facts import AgentTalking, AgentWrapUp, ScriptStage
from documents.document_errors import DocumentError
from simulation.chosen import load_checked
from simulation.scenario_file import load
from simulation.talk_script import MOST_STAGES, ScriptedTalks
from simulation.virtual_clock import VirtualClock
from tests.simulation.told import Told, played

CAMPAIGNS = Path(simulation.__file__).parent / "campaigns"
HI = {"kind": "constant", "value": 10}
STAGES: dict[str, Any] = {
    "hello": {"seconds": HI, "next": {"need": 0.5}},
    "need": {"seconds": {"kind": "constant", "value": 20}, "next": {"need2": 0.25, "hello": 0.25}},
    "need2": {"seconds": {"kind": "constant", "value": 5}},
}


def by_talk(told: Told) -> list[tuple[str, float, float, list[tuple[str, float]]]]:
    """Each talk that has ended: its agent, start, end, and the stages with their times."""
    talks = []
    open_: dict[str, tuple[str, float, list[tuple[str, float]]]] = {}
    for now, fact in told.of(AgentTalking, ScriptStage, AgentWrapUp):
        if isinstance(fact, AgentTalking):
            open_[fact.agent] = (fact.agent, now, [])
        elif isinstance(fact, ScriptStage):
            if fact.agent in open_:
                open_[fact.agent][2].append((fact.stage, now))
        else:
            agent, began, stages = open_.pop(fact.agent)
            talks.append((agent, began, now, stages))
    return talks


def test_talks_pass_stages_and_each_is_reported_when_it_begins() -> None:
    told, _, _ = played(script={"stages": STAGES})
    talks = by_talk(told)
    assert len(talks) > 150
    lasts = {"hello": 10, "need": 20, "need2": 5}
    went_on = 0
    for _, began, ended, stages in talks:
        assert stages[0] == ("hello", began)
        times = [now for _, now in stages] + [ended]
        for (stage, now), after in zip(stages, times[1:], strict=True):
            assert after - now == pytest.approx(lasts[stage])
        for (stage, _), (then, _) in pairwise(stages):
            assert then in STAGES[stage]["next"]
        went_on += len(stages) > 1
    assert went_on / len(talks) == pytest.approx(0.5, abs=0.1)


def test_some_agents_report_and_some_stages_get_lost() -> None:
    told, _, _ = played(script={"stages": STAGES, "agents": 0.5, "reported": 0.6}, agents=8)
    reporting = {fact.agent for _, fact in told.of(ScriptStage)}
    assert len(reporting) == 4
    talks = [each for each in by_talk(told) if each[0] in reporting]
    first = fmean(bool(stages) and stages[0] == ("hello", began) for _, began, _, stages in talks)
    assert first == pytest.approx(0.6, abs=0.12)
    told, _, _ = played(script={"stages": STAGES, "reported": 0})
    assert not told.of(ScriptStage)


def test_reports_may_be_late_even_later_than_the_talk() -> None:
    late = {"kind": "uniform", "low": 2, "high": 14}
    told, _, _ = played(script={"stages": STAGES, "late": late})
    hellos = [
        now - began
        for _, began, _, stages in by_talk(told)
        for stage, now in stages[:1]
        if stage == "hello"
    ]
    assert 2.0 <= min(hellos) < 3.0
    assert told.pacer.under_way.odd > 0  # a hello that comes after the talk
    assert fmean(hellos) < 8.0


def test_talks_in_stages_change_with_the_pace_of_agents() -> None:
    told, _, _ = played(script={"stages": STAGES}, changes=[{"at_h": 0.0, "talk": 3.0}])
    *_, ended, stages = by_talk(told)[0]
    times = [now for _, now in stages] + [ended]
    assert times[1] - times[0] == pytest.approx(30.0)


def test_a_machine_hears_the_first_page_only() -> None:
    told, _, _ = played(script={"stages": STAGES}, machines=1.0, lists=[
        {"name": "leads", "answer_rate": 0.0}])  # fmt: skip
    assert {fact.stage for _, fact in told.of(ScriptStage)} == {"hello"}


def test_a_talk_ends_after_very_many_stages() -> None:
    round_: dict[str, Any] = {
        "a": {"seconds": {"kind": "constant", "value": 0.1}, "next": {"b": 1.0}},
        "b": {"seconds": {"kind": "constant", "value": 0.1}, "next": {"a": 0.9999}},
    }
    told, _, _ = played(script={"stages": round_}, agents=2)
    talks = by_talk(told)
    assert max(len(stages) for *_, stages in talks) == MOST_STAGES


def test_no_talk_differs_for_being_reported() -> None:
    said, kept = (
        played(script={"stages": STAGES, "reported": reported}, policy="progressive")[0]
        for reported in (1.0, 0.0)
    )
    without = [each for each in said.facts if not isinstance(each[1], ScriptStage)]
    assert without == kept.facts


MISTAKES = [
    ("script: {stages: {}}", 1, 18, '"script.stages"', "at least 1"),
    ("script:\n  stages:\n    a: {seconds: 5}", 3, 18, '"script.stages.a.seconds" is 5', "kind"),
    ("script:\n  stages:\n    a: {next: {}}", 3, 5, '"script.stages.a"', 'lacks "seconds"'),
    (
        "script:\n  stages: {a: {seconds: {kind: constant, value: 1}}}\n  late: soon",
        3, 9, '"script.late" is', "distribution",
    ),
    (
        "script:\n  stages:\n    greet: {seconds: {kind: constant, value: 1},\n"
        "      next: {gret: 0.5}}",
        4, 14, '"gret", which does not exist', 'did you mean "greet"?',
    ),
    (
        "script:\n  stages:\n    a:\n      seconds: {kind: constant, value: 1}\n"
        "      next: {b: 0.7, a: 0.6}\n    b: {seconds: {kind: constant, value: 1}}",
        5, 13, '"a" are 1.3 together', "at most 1",
    ),
    (
        "script:\n  stages:\n    a: {seconds: {kind: constant, value: 1}, next: {b: 0.5}}\n"
        "    b: {seconds: {kind: constant, value: 1}, next: {c: 1}}\n"
        "    c: {seconds: {kind: constant, value: 1}, next: {b: 1}}",
        4, 5, 'no talk ends that reaches the stage "b"', "less than 1",
    ),
    (
        "talk: {kind: constant, value: 9}\n"
        "script: {stages: {a: {seconds: {kind: constant, value: 1}}}}",
        1, 1, "talk and script", "one of them",
    ),
    ("script: {stages: {a: {seconds: {kind: constant, value: 1}}}, reported: 2}", 1, 72,
     '"script.reported"', "less than or equal to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "what", "expected"), MISTAKES)
def test_a_mistake_in_a_script_is_named_with_its_place(
    tmp_path: Path, text: str, line: int, column: int, what: str, expected: str
) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(text)
    with pytest.raises(DocumentError) as error:
        load(file)
    said = str(error.value)
    assert said.startswith(f"{file}:{line}:{column}: ")
    assert what in said
    assert expected in said


def test_the_talks_of_script_yaml_are_as_long_as_the_standard_ones() -> None:
    script = load_checked(CAMPAIGNS / "script.yaml").script
    assert script is not None
    talks = ScriptedTalks(script, Random(1), VirtualClock(), lambda _: None)
    lengths = sorted(sum(seconds for _, seconds in talks.draw(person=True)) for _ in range(4_000))
    # What 20 s (gamma) for one half and 150 s (lognormal) for the other give: one in ten is longer
    # than 214 s, the mean is 85.
    assert fmean(lengths) == pytest.approx(85.0, rel=0.08)
    assert lengths[3_600] == pytest.approx(214.0, rel=0.08)
