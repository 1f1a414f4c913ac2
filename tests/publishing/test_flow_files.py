"""Files of flows: what goes in comes out, to the last byte; and nothing harmful gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.flows import LIBRARY, TESTS
from documents.document_errors import DocumentError
from publishing.flow_files import FLOWS_FILE, PackedFlow, packed, unpacked


def again(*flows: PackedFlow) -> list[tuple[str, str, str, str]]:
    return [(f.flow, f.project, f.text, f.tests) for f in unpacked(packed(flows), "flows.yaml")]


def test_the_library_goes_round_as_it_is_and_can_be_read() -> None:
    flows = []
    for file in sorted(LIBRARY.glob("*.yaml")):
        if not file.name.endswith(TESTS):
            tests = file.with_name(file.stem + TESTS)
            flows.append(
                PackedFlow(
                    file.stem,
                    "tea & 茶",
                    file.read_text("utf-8"),
                    tests.read_text("utf-8") if tests.exists() else "",
                )
            )
    written = packed(flows)
    assert again(*flows) == [(f.flow, f.project, f.text, f.tests) for f in flows]
    assert "base64" not in written and "    flow: hotline\n" in written
    (hotline,) = [f for f in unpacked(written, "flows.yaml") if f.flow == "hotline"]
    assert "    " + hotline.text.splitlines()[0] == written.splitlines()[hotline.line]


_LINES = st.lists(
    st.sampled_from(
        ["", " ", "a: b", "  indented", "\ttab", "# note", "---", "...", "- x", "é 中文 🙂", "x  ",
         "\r", "\x85", "\u2028", "\ufeff", "\x07", "%TAG", "'", '"', "a: |", "\x7f", "\xa0", "\\n"]
    )
)  # fmt: skip


@given(_LINES, st.sampled_from(["\n", "", "\n\n", "\n \n", "\r\n"]), st.text(max_size=20))
def test_whatever_a_draft_holds_comes_back(lines: list[str], end: str, more: str) -> None:
    text = "\n".join(lines) + more.replace("\x00", "").encode("utf-8", "ignore").decode() + end
    if text.strip():
        one = PackedFlow("menu", "", "x" + text, text)
        two = PackedFlow("other", "it's: 'q'", text, "x")
        assert again(one, two) == [
            ("menu", "", "x" + text, text), ("other", "it's: 'q'", text, "x")
        ]  # fmt: skip


def test_a_flow_may_be_called_what_yaml_takes_for_no_text() -> None:
    flows = [PackedFlow(name, "", "x", "") for name in ("true", "null", "e5", "on", "inf")]
    assert again(*flows) == [(f.flow, f.project, f.text, f.tests) for f in flows]


def test_a_single_flow_is_taken_as_well() -> None:
    text = "flow: menu\nnodes: {}  # mine\n"
    assert unpacked(text.encode(), "menu.yaml") == (PackedFlow("menu", "", text, "", 1),)


FLOW = "- {flow: menu, text: x}\n"


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("", 1, "the file"),
        ("offhook_flows: 2\nflows: [1]\n", 1, "form 2"),
        ("offhook_flows: 1\nflows: []\n", 2, "flows"),
        ("offhook_flows: 1\nflows:\n" + FLOW + FLOW, 4, "twice"),
        ("offhook_flows: 1\nflows:\n- {flow: ../x, text: x}\n", 3, "flow"),
        ("offhook_flows: 1\nflows:\n- {flow: a}\n", 3, "no text"),
        ("offhook_flows: 1\nflows:\n- {flow: a, text: x, owner: root}\n", 3, "owner"),
        ("offhook_flows: 1\nflows:\n- {flow: a, text_base64: '%%'}\n", 3, "base64"),
        ("offhook_flows: 1\nflows:\n- {flow: a, text_base64: AAAA}\n", 3, "NUL"),
        ("offhook_flows: 1\nflows: &a [*a]\n", 2, "alias"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", 2, "alias"),
        ("offhook_flows: 1\nflows: !!python/object:x {}\n", 2, "tag"),
        ("offhook_flows: 1\noffhook_flows: 1\n", 2, "twice"),
        ("x" * (FLOWS_FILE.characters + 1), 1, "characters"),
        ("offhook_flows: 1\nflows:\n- {flow: a, text: " + "x" * 300_000 + "}\n", 3, "characters"),
        ("[" * 100_000, 1, "deep"),
        ("offhook_flows: 1\nflows:\n" + "".join(f"- {{flow: f{n}, text: x}}\n" for n in range(101)),
         3, "100"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_says_where_it_is_wrong(file: str, line: int, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        unpacked(file, "flows.yaml")
    assert (caught.value.line, caught.value.source) == (line, "flows.yaml")
    assert said in str(caught.value)
