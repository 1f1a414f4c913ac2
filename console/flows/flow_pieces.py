"""What a new flow begins with: a piece of the library, a copy of another, or nearly nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from configuration.flows import LIBRARY, PHRASES, TESTS
from documents.scalars import quoted_word
from ivr_flows.loader import check

_NAME_LINE = re.compile(r"^flow:[ \t]*[^\s#]+", re.MULTILINE)

_EMPTY = """\
# What callers hear and where they go. Ctrl+Space or Alt+/ offers what can be written.

flow: %(name)s
title:
  zh-CN: %(name)s
  en: %(name)s
languages: [zh-CN, en]  # the first is for callers who don't choose
start: greeting

prompts:
  greeting:
    zh-CN: 您好，欢迎致电。
    en: Hello, and welcome.
  goodbye:
    zh-CN: 感谢您的来电，再见。
    en: Thank you for calling. Goodbye.

nodes:
  greeting:
    kind: say
    prompts: greeting
    exits: {next: goodbye}

  goodbye:
    kind: say
    prompts: goodbye
    exits: {next: the_end}

  the_end:
    kind: hangup
"""
"""The least that can be published."""


@dataclass(frozen=True, slots=True)
class FlowPiece:
    """A flow of the library, to begin with."""

    name: str
    titles: Mapping[str, str]
    text: str
    tests: str
    nodes: int

    def title(self, language: str) -> str:
        """What people call it."""
        return self.titles.get(language) or self.name


@cache
def library_pieces() -> tuple[FlowPiece, ...]:
    """The flows of the library, by name."""
    found = []
    for file in sorted(LIBRARY.glob("*.yaml")):
        if file.name.endswith(TESTS) or file.stem in PHRASES:
            continue
        text = file.read_text("utf-8")
        flow = check(text, file.name).flow
        if flow is None:  # tests/ivr_flows finds that
            continue
        tests = file.with_suffix(TESTS)
        found.append(
            FlowPiece(
                flow.name,
                flow.title,
                text,
                tests.read_text("utf-8") if tests.is_file() else "",
                len(flow.nodes),
            )
        )
    return tuple(found)


def empty_flow(name: str) -> str:
    """The least that can be published, under this name."""
    return _EMPTY % {"name": quoted_word(name)}


def named(text: str, name: str) -> str:
    """The text of a flow, or of its tests, for a flow of another name."""
    line = f"flow: {quoted_word(name)}"
    return _NAME_LINE.sub(lambda _: line, text, count=1)
