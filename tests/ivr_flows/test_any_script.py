"""Whatever a script says, of whatever flow: playing it ends, with a word on each test."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from documents.document_errors import DocumentError
from ivr_flows.loader import check
from ivr_flows.steps import LookUpFault, OpeningState, QueueExit
from ivr_flows.trying.playing import play_all
from ivr_flows.trying.scripts import ScriptStep, load_scripts
from tests.ivr_flows.test_any_flow import JSON, KEYS, flows


def one(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({name: values})


YES = st.just(True)
DOES = {
    "presses": KEYS.filter(bool),
    "silent": YES,
    "hangs_up": YES,
    "says": st.floats(0, 600),
    "unrecorded": YES,
    "queue": st.sampled_from([each.value for each in QueueExit]),
    "waits": st.floats(0.1, 300),
    "menu": YES,
    "agent_found": YES,
    "answers": JSON,
    "fails": st.sampled_from([each.value for each in LookUpFault]),
    "books": st.booleans(),
    "hears": st.sampled_from(["hello", "read", "no"]),
    "waits_in": st.just("q"),
    "transfers_to": st.just("1001"),
    "holds": st.just({"words": "x"}),
    "ends": st.sampled_from(["done", "hung_up"]),
}
STEP = st.one_of([one(name, values) for name, values in DOES.items()])
TEST = st.fixed_dictionaries(
    {"steps": st.lists(STEP, min_size=1, max_size=30)},
    optional={
        "lots": st.integers(0, 99),
        "hours": st.dictionaries(st.just(""), st.sampled_from([s.value for s in OpeningState])),
        "placed": st.booleans(),
        "queue": st.just("q"),
        "caller": st.sampled_from(["", "+8613800000000"]),
    },
)


def test_every_step_of_a_script_is_among_them() -> None:
    assert DOES.keys() == ScriptStep.model_fields.keys()


@settings(max_examples=60, deadline=None)
@given(flows(), st.lists(TEST, min_size=1, max_size=3))
def test_playing_ends(text: str, tests: list[Any]) -> None:
    flow = check(text, "any.yaml").flow
    if flow is None:
        return
    file = {"flow": "any", "tests": {f"t{number}": test for number, test in enumerate(tests)}}
    try:
        scripts = load_scripts(json.dumps(file, ensure_ascii=False), "any.tests.yaml")
    except DocumentError:
        return  # a character that no file may have
    came = play_all(flow, scripts, {})
    assert len(came.tests) == len(tests)
    assert came.coverage.taken <= came.coverage.all
    for played in came.tests:
        assert played.fault is None or played.fault.source == "any.tests.yaml"
