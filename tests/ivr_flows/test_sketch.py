"""The picture of a flow follows its text, also while the text has faults."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configuration.flows import LIBRARY
from ivr_flows.loader import check
from ivr_flows.sketch import FlowSketch, SketchedExit, read_round_faults, sketch

HOTLINE = (LIBRARY / "hotline.yaml").read_text("utf-8")


def sketched(text: str, language: str = "en") -> FlowSketch | None:
    """What is drawn of a text; None: nothing can be read of it."""
    document, _ = read_round_faults(text, "flow.yaml")
    return None if document is None else sketch(document, language)


def test_a_sound_flow_is_drawn_as_calls_meet_it() -> None:
    drawn = sketched(HOTLINE)
    flow = check(HOTLINE, "flow.yaml").flow
    assert drawn is not None and flow is not None
    assert drawn.start == flow.start and drawn.languages == flow.languages
    assert {node.id: node.kind for node in drawn.nodes} == {
        node.id: node.kind for node in flow.nodes.values()
    }
    for node in drawn.nodes:
        assert {exit.name: exit.to for exit in node.exits} == dict(flow.nodes[node.id].exits)
        assert node.line == flow.nodes[node.id].line
    by_id = {node.id: node for node in drawn.nodes}
    assert by_id["menu"].exits[0] == SketchedExit("sales", "sales", "1")
    assert by_id["menu"].about.startswith("For sales, press 1.")
    assert by_id["sales"].about == "sales"
    assert by_id["greeting"].until == by_id["language"].line
    assert drawn.prompts["goodbye"].texts["en"] == "Thank you for calling. Goodbye."
    assert HOTLINE.splitlines()[drawn.prompts["goodbye"].line - 1] == "  goodbye:"
    assert sketched(HOTLINE, "zh-CN").nodes[0].about == "您好，欢迎致电客户服务热线。"  # type: ignore[union-attr]


def test_exits_that_are_not_written_go_where_another_does() -> None:
    drawn = sketched(
        "nodes:\n  q: {kind: queue, meanwhile: m, exits: {talked: e, timeout: x}}\n"
        "  f: {kind: flow, flow: other, exits: {done: e}}\n"
    )
    assert drawn is not None
    queue, sub_flow = drawn.nodes
    assert queue.inner == ("m",) and sub_flow.enters == "other"
    assert SketchedExit("nobody", "x", written=False) in queue.exits


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("    kind: menu\n", "    kind: mneu\n", ""),
        ("    kind: menu\n", "", ""),
        ("    kind: menu\n", "    kind: menu\n   x: [\n", "menu"),
        ("    kind: survey\n", "    kind: survey\n\tx: y\n", ""),
        ("    exits: {next: language}\n", "    exits: {next: language\n", "greeting"),
        ("start: greeting\n", 'start: "greeting\n', None),
    ],
)
def test_one_fault_leaves_the_rest_of_the_picture(
    before: str, after: str, lost: str | None
) -> None:
    assert before in HOTLINE
    drawn = sketched(HOTLINE.replace(before, after, 1))
    whole = sketched(HOTLINE)
    assert whole is not None
    if lost is None:  # an open quote swallows all that follows
        return
    assert drawn is not None
    there = {node.id: node.line for node in drawn.nodes}
    assert there.keys() == {node.id for node in whole.nodes} - {lost}


@pytest.mark.parametrize(
    "text",
    [
        "", "nodes", "nodes: 3", "nodes: [a]", "nodes: {a: 3, b: {kind: 4, exits: 5}}",
        "nodes: {a: {kind: say, exits: {next: 1}, prompts: {x: y}}}", "prompts: {a: b, c: {d: 4}}",
        "variables: {a: b}\nlanguages: {a: b}\nstart: []",
        "nodes: {a: {kind: choose, cases: [[[{when: {variable: []}}]]]}}", "a: [", "\t", "\x00",
        "nodes: {a: {kind: look_up, url: 'http://[x'}}",
    ],
)  # fmt: skip
def test_no_text_breaks_it(text: str) -> None:
    sketched(text)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(HOTLINE)), st.integers(0, 40), st.text("{}[]:,-\n \"'&*!|>#x", max_size=6)
)
def test_no_edit_breaks_it(at: int, cut: int, typed: str) -> None:
    sketched(HOTLINE[:at] + typed + HOTLINE[at + cut :])
