"""Asterisk's configuration, the code and docs/architecture.md name the same variables."""

import ast
import re
from collections.abc import Iterator

from telephony.log_rows import (
    CALLER,
    FALLBACK,
    LINE_FULL,
    LISTENS,
    MACHINE,
    MESSAGE_PLAYED,
    NOBODY_FREE,
    OPTED_OUT,
    PERSON,
)
from telephony.variables import ANSWERED, TWIN, WITH_EVENTS, ChannelVariable, GlobalVariable
from tests.house.test_contracts import ROOT

_NAME = re.compile(r"OFFHOOK_\w+")
_KNOWN = {*ChannelVariable, *GlobalVariable, TWIN, ANSWERED}
_EVENTS = {
    CALLER, FALLBACK, LINE_FULL, LISTENS, MACHINE, MESSAGE_PLAYED, NOBODY_FREE, OPTED_OUT, PERSON,
}  # fmt: skip


def test_the_dialplan_uses_these_and_no_others() -> None:
    found = {
        name
        for file in (ROOT / "asterisk-conf").glob("*.conf")
        for name in _NAME.findall(file.read_text("utf-8"))
    }
    assert found - _EVENTS == _KNOWN


def test_the_events_carry_what_the_controller_reads_from_them() -> None:
    text = (ROOT / "asterisk-conf" / "manager.conf").read_text("utf-8")
    assert re.findall(r"^channelvars = (.*)$", text, re.MULTILINE) == [",".join(WITH_EVENTS)]


def test_architecture_lists_them_all() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    chapter = text.partition("## Channel variables")[2].partition("\n## ")[0]
    assert set(_NAME.findall(chapter)) == _KNOWN
    assert set(re.findall(r"^\| `(OFFHOOK_\w+)` \* \|", chapter, re.MULTILINE)) == set(WITH_EVENTS)


def texts(module: ast.Module) -> Iterator[ast.Constant]:
    """The strings of a module that are not documentation."""
    documentation = {node.value for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and node not in documentation:
            yield node


def test_the_code_has_their_names_from_one_module() -> None:
    spelt = [
        f"{file.relative_to(ROOT)}:{node.lineno} {name}"
        for room in ("engine", "recordings", "telephony")
        for file in (ROOT / room).rglob("*.py")
        if file != ROOT / "telephony" / "variables.py"
        for node in texts(ast.parse(file.read_text("utf-8")))
        for name in _NAME.findall(str(node.value))
        if name not in _EVENTS
    ]
    assert spelt == []
