"""A flow that looks other than it is, is warned about at each such line."""

from ivr_flows.loader import check

FLOW = """\
flow: menu
title: {en: "Sales\u200b"}
languages: [en]
start: hello  # a comment \u202eolleh\u202c
prompts:
  hello: {en: "Welcome \u2066here\u2069 🧑\u200d💻"}
nodes:
  hello: {kind: say, prompts: hello, note: "so\u00adft", exits: {next: sales}}
  sales: {kind: queue, queue: "sales\\u200b", exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""


def test_each_line_with_what_nobody_sees_is_warned_about() -> None:
    found = check(FLOW, "menu.yaml")
    assert not found.errors
    assert [(one.line, one.column, one.message) for one in found.warnings] == [
        (
            2,
            19,
            'invisible characters in "title: {en: "Sales<U+200B>"}": U+200B ZERO WIDTH SPACE',
        ),
        (
            4,
            27,
            'invisible characters in "start: hello  # a comment <U+202E>olleh<U+202C>": '
            "U+202E RIGHT-TO-LEFT OVERRIDE, U+202C POP DIRECTIONAL FORMATTING",
        ),
        (
            6,
            24,
            'invisible characters in "hello: {en: "Welcome <U+2066>here<U+2069> 🧑<U+200D>💻"}": '
            "U+2066 LEFT-TO-RIGHT ISOLATE, U+2069 POP DIRECTIONAL ISOLATE",
        ),
        (
            8,
            47,
            'invisible characters in ": say, prompts: hello, note: "so<U+00AD>ft", exits: {next: '
            'sales}}": U+00AD SOFT HYPHEN',
        ),
    ]
    assert found.warnings[1].hint.endswith("in double quotes, such as \\u202e")
    in_bytes = check(FLOW.encode(), "menu.yaml").warnings
    assert [str(one) for one in in_bytes] == [str(one) for one in found.warnings]


def test_an_ordinary_flow_is_not() -> None:
    plain = FLOW.translate(dict.fromkeys(map(ord, "\u200b\u202e\u202c\u2066\u2069\u00ad")))
    assert not check(plain, "menu.yaml").warnings
