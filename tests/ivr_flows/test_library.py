"""The flows that come with Offhook: without a fault, and tested through every exit."""

import pytest

from configuration.flows import LIBRARY, PHRASES, TESTS
from ivr_flows.loader import check
from ivr_flows.trying.playing import play_all
from ivr_flows.trying.scripts import load_scripts

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
