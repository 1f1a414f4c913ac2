"""A scenario's file: what it omits is the standard world; a mistake is named with its place."""

from pathlib import Path

import pytest

import simulation
from dialer.limit import CAUTIOUS, ClockStart, Window
from documents.document_errors import DocumentError
from simulation.chosen import UnknownPolicyError, choose, load_checked
from simulation.scenario import Scenario
from simulation.scenario_file import load

CAMPAIGNS = sorted((Path(simulation.__file__).parent / "campaigns").glob("*.yaml"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "campaign.yaml"


def test_an_empty_file_is_the_standard_world(file: Path) -> None:
    file.write_text("")
    assert load(file) == Scenario()


def test_standard_yaml_says_what_the_defaults_are() -> None:
    said = load(CAMPAIGNS[0].with_name("standard.yaml"))
    usual = Scenario()
    for name in Scenario.model_fields:
        if name not in ("limit", "policies"):
            assert getattr(said, name) == getattr(usual, name), name
    assert said.limit.limit() == usual.limit.limit()


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_what_came_along_can_be_read(path: Path) -> None:
    assert load_checked(path).campaign.replace(" ", "_").replace("-", "_") in (
        path.stem,
        path.stem.replace("limit_1", "limit_1_%"),
    )


MISTAKES = [
    ("agents: many", 1, 9, '"agents"', "a whole number"),
    ("agents: 5\nagents: 6", 2, 1, '"agents" is here twice', "remove one"),
    ("agents: 5\n\tlines: 3", 2, 1, "not YAML", "spaces, not tabs"),
    ("agnets: 5", 1, 1, '"agnets"', 'did you mean "agents"?'),
    ("- agents", 1, 1, "the campaign is a list", "expected settings"),
    ("hours: 20", 1, 8, "29 o'clock", "midnight"),
    ("machines: 1.5", 1, 11, '"machines"', "less than or equal to 1"),
    ("hours: .nan", 1, 8, ".nan", "digits"),
    ("talk: 5", 1, 7, '"talk" is 5', "expected a distribution"),
    ("talk: {mean: 5}", 1, 7, '"talk" lacks its kind', "lognormal"),
    ("ring:\n  kind: gama\n  mean: 3", 2, 9, '"kind" of "ring"', 'did you mean "gamma"?'),
    ("ring:\n  kind: gamma", 1, 1, '"ring" lacks "mean"', "seconds, more than 0"),
    ("ring:\n  kind: gamma\n  mean: -2", 3, 9, '"mean" of "ring" is -2', "greater than 0"),
    ("ring: {kind: gamma, mean: 2, sd: 1}", 1, 30, '"sd"', '"kind", "mean", "shape"'),
    ("delay: {kind: uniform, low: 3, high: 1}", 1, 38, '"high" of "delay" is 1', "low, 3"),
    (
        "talk:\n  kind: mixture\n  parts:\n  - share: 1\n    of: {kind: gamma, mean: x}",
        5, 29, '"mean" of part 1 of "talk" is \'x\'', "a number",
    ),
    ("detection:\n  on: false\n  seconds: 2", 3, 12, '"detection.seconds" is 2', "distribution"),
    ("agents: 5\ndetection:\n  on: true", 3, 7, "how many people it takes", "take a preset"),
    ("limit: {people_taken_for_machines: 1}", 1, 36, "people_taken_for_machines", "less than 1"),
    ("limit:\n  preset: de", 2, 11, '"limit.preset"', "'uk', 'us' or 'cautious'"),
    ("limit: {share: 3}", 1, 16, '"limit.share"', "less than or equal to 1"),
    ("limit: {windows: [week]}", 1, 19, '"limit.windows.0"', "'day'"),
    ("limit: {min_ring_s: 9}", 1, 8, "limit.min_ring_s is 9", "expected 15 or more"),
    ("limit: {windows: []}", 1, 8, "limit.windows is empty", "at least one of day"),
    ("lists:\n- name: a", 2, 3, 'list "a"', "answer_rate or segments"),
    ("lists:\n- {name: a, answer_rate: 0}\n- {name: a, answer_rate: 0}", 3, 10, "twice", "rename"),
    (
        "lists:\n- name: a\n  segments:\n    x: {share: .5, answer_rate: .1}",
        4, 5, "segments", "expected 1",
    ),
    ("machines: 0.5\nlists:\n- {name: a, answer_rate: 0.6}", 3, 26, "0.6", "at most 1 together"),
    ("refusals: {invalid: 0.6, busy: 0.5}", 1, 11, "invalid and busy are 1.1", "at most 1"),
    ("paces: {wrap_up: -1}", 1, 18, '"paces.wrap_up"', "greater than or equal to 0"),
    ("paces: {wrapup: 1}", 1, 9, '"wrapup"', 'did you mean "wrap_up"?'),
    ("changes:\n- at_h: 9", 2, 9, '"at_h" of change 1 is 9', "less than the day's 8 hours"),
    ("changes:\n- {at_h: 1, staff: 1, agents: 2}", 2, 20, "agents and staff", "one of them"),
    ("failures:\n- {at_h: 1, last_s: 1e-10, every_s: 1e-9}", 2, 37, '"failures.0.every_s"',
     "greater than or equal to 1"),
    ("failures:\n- {at_h: 1, last_s: 9, every_s: 9}", 2, 33, '"every_s" of failure 1 is 9',
     "expected more than the 9 s"),
    ("failures:\n- {at_h: 8, last_s: 9}", 2, 10, '"at_h" of failure 1 is 8', "the day's 8 hours"),
    ("failures:\n" + 101 * "- {at_h: 1, last_s: 9}\n", 2, 1, '"failures"', "at most 100"),
    ("trunk: {lines: -1}", 1, 16, '"trunk.lines"', "greater than or equal to 0"),
    ("hang_up: late", 1, 10, '"hang_up"', "a distribution"),
    ("policies: {a: {}}", 1, 12, '"policies.a"',
     'lacks "policy"; expected the name of a registered policy'),
    ("policies: {a: 5}", 1, 15, '"policies.a" of the campaign is 5',
     'expected settings: "policy", "options", "hard_stop"'),
    ("policies: {policy: {polcy: x}}", 1, 21, 'no setting "polcy"', 'did you mean "policy"?'),
    ("lists: [{name: a, segments: {share: {share: 1, rate: 1}}}]", 1, 30,
     '"lists.0.segments.share"',
     'lacks "answer_rate"; expected the chance that a person answers, 0 to 1'),
    ("policies:\n  a: {policy: foresigt}", 2, 15, '"policy" of a', 'did you mean "foresight"?'),
    ("policies:\n  a:\n    policy: fixed_ratio\n    options:\n      ration: 2", 5, 7, '"ration"',
     'did you mean "ratio"?'),
    ("policies:\n  a:\n    policy: fixed_ratio\n    options: {ratio: two}", 4, 22, '"ratio"',
     "a number"),
    ("policies:\n  a:\n    policy: fixed_ratio\n    options: {ratio: 99}", 4, 22, "ratio is 99",
     "at most 20"),
    ("policies: {a|b: {policy: progressive}}", 1, 12, "a|b", "letters, digits"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "what", "expected"), MISTAKES)
def test_a_mistake_is_named_with_file_line_and_field(
    file: Path, text: str, line: int, column: int, what: str, expected: str
) -> None:
    file.write_text(text)
    with pytest.raises(DocumentError) as error:
        load_checked(file)
    said = str(error.value)
    assert said.startswith(f"{file}:{line}:{column}: ")
    assert what in said
    assert expected in said
    assert "\n" not in said


def test_several_mistakes_are_counted_and_the_topmost_named(file: Path) -> None:
    file.write_text("talk: 3\nring: 4\nagents: x\n")
    with pytest.raises(DocumentError, match=r':1:7: "talk" is 3.*\(and 2 more in this file\)'):
        load(file)


def test_a_file_that_is_not_there_is_said_so(file: Path) -> None:
    with pytest.raises(DocumentError, match="can't be read"):
        load(file)


def test_a_preset_may_be_changed_in_parts(file: Path) -> None:
    file.write_text("limit: {preset: cautious, share: 0.01, clock: greeting_end, windows: [day]}")
    limit = load(file).limit.limit()
    assert (limit.share, limit.clock, limit.windows) == (
        0.01,
        ClockStart.GREETING_END,
        (Window.DAY,),
    )
    assert limit.early_cut_counts is CAUTIOUS.early_cut_counts


def test_policies_of_the_file_come_first_and_the_usual_ones_if_it_has_none(file: Path) -> None:
    file.write_text("policies: {bold: {policy: fixed_ratio, options: {ratio: 3}}}")
    scenario = load_checked(file)
    assert list(choose(scenario, [])) == ["bold"]
    assert list(choose(scenario, ["progressive", "bold", "progressive"])) == ["progressive", "bold"]
    assert next(iter(choose(Scenario(), []))) == "foresight"
    with pytest.raises(UnknownPolicyError, match='did you mean "bold"'):
        choose(scenario, ["blod"])


def test_policies_from_elsewhere_have_no_hard_stop_unless_said(file: Path) -> None:
    chosen = choose(Scenario(), ["vicidial_tapered", "fixed_ratio", "foresight", "progressive"])
    assert [each.hard_stop for each in chosen.values()] == [False, False, True, True]
    file.write_text("limit: {hard_stop: true}")
    assert choose(load_checked(file), ["fixed_ratio"])["fixed_ratio"].hard_stop is None
