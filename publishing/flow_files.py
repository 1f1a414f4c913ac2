"""Flows in one file, to move between centres: each with its tests, every character as it was.

    offhook_flows: 1
    flows:
    - flow: menu
      project: tea
      text: |
        flow: menu ...
      tests: |
        flow: menu ...

Nothing in it depends on a database. Pure.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from documents.document import FLOW, Document, Limits, Path, read
from documents.document_errors import DocumentError, first_of
from documents.scalars import quoted_word
from documents.sentence import sentence, template
from documents.validation import validated
from ivr_flows.flow_schema import NAME, NAME_EXPECTED

FORM = 1
MOST_FLOWS = 100
FLOWS_FILE = Limits(template("file of flows"), characters=2_000_000, values=2_000)
LARGEST_BYTES = 4 * FLOWS_FILE.characters

_HEAD = (
    "# Call flows of Offhook. Take them in on the page Flows, Import, or with ./run flows import.\n"
)
_PLAIN_LINES = re.compile(r"[\t -~\u00a0-\u2027\u2030-\ud7ff\ue000-\ufefe\uff00-\ufffd"
                          r"\U00010000-\U0010ffff\n]*")  # fmt: skip
"""Texts that a literal block (|) can hold."""


@dataclass(frozen=True, slots=True)
class PackedFlow:
    """A flow as a file has it. ``line`` is where it begins in the file, 0 if it isn't in one."""

    flow: str
    project: str
    """"" : every project's."""
    text: str
    tests: str = ""
    line: int = 0


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _FlowsFile(_Section):
    """The top of a file of flows."""

    offhook_flows: int = Field(description="the version of the file's form")
    flows: list[Any] = Field(min_length=1, max_length=MOST_FLOWS, description="the flows")


class _FlowSection(_Section):
    """One flow of the file."""

    flow: str = Field(pattern=NAME, description=f"the flow's name: {NAME_EXPECTED}")
    project: str = Field(default="", max_length=200, description="the project it belonged to")
    text: str | None = Field(default=None, description="the flow's own text")
    tests: str | None = Field(default=None, description="the text of its tests")
    text_base64: str | None = Field(default=None, description="the text, if YAML can't hold it")
    tests_base64: str | None = Field(default=None, description="the tests, if YAML can't hold them")


def packed(flows: Iterable[PackedFlow]) -> str:
    """The flows as one file. What ``unpacked`` makes of it is the same to the last byte."""
    lines = [_HEAD, f"offhook_flows: {FORM}\n", "flows:\n"]
    for one in flows:
        lines.append(f"- flow: {quoted_word(one.flow)}\n")
        if one.project:
            lines.append(f"  project: {json.dumps(one.project, ensure_ascii=False)}\n")
        lines.append(_text("text", one.text))
        if one.tests:
            lines.append(_text("tests", one.tests))
    return "".join(lines)


def unpacked(data: str | bytes, source: str) -> tuple[PackedFlow, ...]:
    """The flows of a file. Raises DocumentError, with further faults in ``others``.

    A file with a single flow's own text is taken as well.
    """
    document = read(data, source, FLOWS_FILE)
    faults: list[DocumentError] = []
    whole = document.data
    if isinstance(whole, dict) and "offhook_flows" not in whole and "nodes" in whole:
        return (_single(document, data),)
    file = validated(_FlowsFile, whole, document, (), sentence("the file"), faults)
    if file is None:
        raise first_of(faults)
    if file.offhook_flows != FORM:
        raise document.fault(
            ("offhook_flows",),
            sentence(
                "the file is of form %(form)s; this Offhook reads form %(ours)s",
                form=file.offhook_flows,
                ours=FORM,
            ),
            sentence("export it where it was written, or bring this Offhook up to date"),
        )
    found: dict[str, PackedFlow] = {}
    for index, given in enumerate(file.flows):
        path: Path = ("flows", index)
        what = sentence("flow %(number)s of the file", number=index + 1)
        section = validated(_FlowSection, given, document, path, what, faults)
        if section is None:
            continue
        if section.flow in found:
            faults.append(
                document.fault(
                    (*path, "flow"),
                    sentence('"%(flow)s" is in the file twice', flow=section.flow),
                    sentence("remove one of them"),
                )
            )
        text, tests = (
            _unpacked_text(document, (*path, name), plain, coded, faults)
            for name, plain, coded in (
                ("text", section.text, section.text_base64),
                ("tests", section.tests, section.tests_base64),
            )
        )
        if section.text is None and section.text_base64 is None:
            faults.append(
                document.fault(path, sentence('"%(flow)s" has no text', flow=section.flow))
            )
        line = document.values.get((*path, "text"), document.values[path])[0]
        found[section.flow] = PackedFlow(section.flow, section.project, text, tests, line)
    if faults:
        raise first_of(faults)
    return tuple(found.values())


def _single(document: Document, data: str | bytes) -> PackedFlow:
    name = document.data.get("flow")
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise document.fault(
            ("flow",),
            sentence('"flow" is not the name of a flow; expected %(names)s', names=NAME_EXPECTED),
        )
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    return PackedFlow(name, "", text, "", 1)


def _text(key: str, text: str) -> str:
    """A text as the value of a key: readable where YAML can hold it as it is."""
    if text.strip() and text.endswith("\n") and _PLAIN_LINES.fullmatch(text):
        body = "".join(f"    {line}\n" if line else "\n" for line in text[:-1].split("\n"))
        keep = "+" if text.endswith("\n\n") else ""
        # Said in numbers, the indentation needs no guess at the first line.
        written = f"  {key}: |2{keep}\n{body}"
    else:
        written = f"  {key}: {json.dumps(text, ensure_ascii=False)}\n"
    return written if _read_back(key, written) == text else _coded(key, text)


def _coded(key: str, text: str) -> str:
    return f"  {key}_base64: {base64.b64encode(text.encode()).decode()}\n"


def _read_back(key: str, written: str) -> Any:
    try:
        return read(f"- flow: x\n{written}- flow: y\n", "", FLOWS_FILE).data[0][key]
    except (DocumentError, KeyError):
        return None


def _unpacked_text(
    document: Document,
    path: Path,
    plain: str | None,
    coded: str | None,
    faults: list[DocumentError],
) -> str:
    text = plain or ""
    if coded is not None:
        path = (*path[:-1], f"{path[-1]}_base64")
        try:
            text = base64.b64decode(coded, validate=True).decode()
        except (binascii.Error, ValueError):
            faults.append(document.fault(path, sentence("this is not base64 of UTF-8")))
    if len(text) > FLOW.characters:
        faults.append(
            document.fault(
                path,
                sentence(
                    "this text has %(count)s characters; expected at most %(most)s",
                    count=f"{len(text):,}",
                    most=f"{FLOW.characters:,}",
                ),
            )
        )
    if "\x00" in text:
        faults.append(document.fault(path, sentence("NUL is not allowed in a text")))
    return text
