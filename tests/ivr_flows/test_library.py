"""The flows that come with Offhook: without a fault, and tested through every exit."""

from pathlib import Path

import pytest

from configuration.flows import LIBRARY, PHRASES, TESTS
from ivr_flows.loader import check, load
from ivr_flows.reference_page import reference_page
from ivr_flows.trying.playing import play_all
from ivr_flows.trying.scripts import ScriptStep, load_scripts

NAMES = sorted(
    file.stem
    for file in LIBRARY.glob("*.yaml")
    if not file.name.endswith(TESTS) and file.stem not in PHRASES
)


def test_these_come_with_offhook() -> None:
    assert set(NAMES) == {
        "after_hours",
        "appointment",
        "greeting",
        "hotline",
        "order_status",
        "satisfaction",
    }


def test_those_that_return_to_others_are_pieces() -> None:
    flows = {name: load((LIBRARY / f"{name}.yaml").read_bytes(), name) for name in NAMES}
    pieces = {name for name, flow in flows.items() if flow.is_piece}
    assert pieces == {"after_hours", "appointment", "order_status"}


@pytest.mark.parametrize("name", NAMES)
def test_a_flow_has_no_fault_and_its_tests_take_every_exit(name: str) -> None:
    file = LIBRARY / f"{name}.yaml"
    found = check(file.read_bytes(), file.name)
    assert not found.errors and not found.warnings
    flow = found.flow
    assert flow is not None and flow.name == name and {"zh-CN", "en"} <= set(flow.languages)
    beside = LIBRARY / (name + TESTS)
    played = play_all(flow, load_scripts(beside.read_bytes(), beside.name), {})
    assert not played.faults
    assert played.coverage.missed == ()


def test_the_page_has_the_reference_of_the_language() -> None:
    page = (Path(__file__).parents[2] / "docs" / "flows.md").read_text(encoding="utf-8")
    assert page.endswith(reference_page()), "put the output of ivr_flows.reference_page into it"
    for step in ScriptStep.model_fields:
        assert f"| `{step}` |" in page


def test_the_example_of_the_page_is_a_good_flow_whose_test_passes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "flows.md").read_text(encoding="utf-8")
    flow_text, tests = (part.split("```")[0] for part in page.split("```yaml\n")[1:3])
    found = check(flow_text, "little.yaml")
    assert found.flow is not None, found.errors
    assert not play_all(found.flow, load_scripts(tests, "little.tests.yaml"), {}).faults
