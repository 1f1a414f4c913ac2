"""Sketches a flow for the picture beside its text, as far as the text can be read. Pure.

A text that is being written is faulty most of the time. The checker says what is wrong; a sketch
says what is there all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from documents.document import Document, read
from documents.document_errors import DocumentError
from ivr_flows.kind import NodeKind
from ivr_flows.nodes import KINDS
from ivr_flows.values import BUILT_IN

MOST_TRIED = 64 * 1024
"""Characters of a text that is read more than twice to get round a fault."""
LONGEST_ABOUT = 120
"""Characters of what is said about a node."""

_NAMED = ("queue", "calendar", "flow", "agent", "number", "recordings", "url")
_NAMED_OTHERWISE = ("variable", "exit", "why", "seconds")
"""Settings that say what a node is about, before its prompts do and after."""


@dataclass(frozen=True, slots=True)
class SketchedExit:
    """A way out. ``to`` is "" where it leads nowhere yet; ``keys`` are the caller's that take it.
    ``written``: it stands in the text; else it goes where another exit goes."""

    name: str
    to: str
    keys: str = ""
    written: bool = True


@dataclass(frozen=True, slots=True)
class SketchedNode:
    """A node as it is drawn. It stands in the text from ``line`` to before ``until`` (both from 1;
    None: the end)."""

    id: str
    kind: str
    line: int
    until: int | None
    about: str
    """A prompt's text, or what else the node names."""
    exits: tuple[SketchedExit, ...] = ()
    inner: tuple[str, ...] = ()
    """Where the in-queue flow begins."""
    enters: str | None = None
    """The flow that stands in the node."""


@dataclass(frozen=True, slots=True)
class SketchedPrompt:
    """A prompt: its texts by language, and where it stands."""

    line: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FlowSketch:
    """What a text has of a flow."""

    start: str = ""
    nodes: tuple[SketchedNode, ...] = ()
    prompts: Mapping[str, SketchedPrompt] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    """Each with its type, the built-in ones too."""
    languages: tuple[str, ...] = ()


def sketch(document: Document, language: str = "") -> FlowSketch:
    """What has been read of a flow; ``language`` is that of the prompts in the picture."""
    data = document.data if isinstance(document.data, dict) else {}
    languages = _words(data.get("languages"))
    prompts = {
        name: {tag: text for tag, text in texts.items() if isinstance(text, str)}
        for name, texts in _mapping(data, "prompts").items()
        if isinstance(texts, dict)
    }
    variables = {name: one.type.value for name, one in BUILT_IN.items()}
    for name, given in _mapping(data, "variables").items():
        variables[name] = str(given.get("type", "")) if isinstance(given, dict) else ""
    nodes = _mapping(data, "nodes")
    places = _places(document, nodes)
    start = data.get("start")
    return FlowSketch(
        start if isinstance(start, str) else "",
        tuple(
            _node(name, given, places[name], prompts, (language, *languages))
            for name, given in nodes.items()
        ),
        {
            name: SketchedPrompt(document.keys["prompts", name][0], texts)
            for name, texts in prompts.items()
        },
        variables,
        languages,
    )


def read_round_faults(text: str, source: str) -> tuple[Document | None, DocumentError | None]:
    """The text with its first fault, if it isn't YAML: then a block around the fault is left out,
    so that the rest can be read all the same. No document: that didn't help."""
    try:
        return read(text, source), None
    except DocumentError as error:
        fault = error
    lines = text.split("\n")
    first, last = _block_at(lines, min(fault.line, len(lines)) - 1)
    before, _ = _block_at(lines, first - 1)
    # A bracket that isn't closed shows only in the block after it.
    for begin, end in ((first, last), (before, first), (before, last)):
        without = lines[:begin] + [""] * (end - begin) + lines[end:]
        try:
            return read("\n".join(without), source), fault
        except DocumentError:
            if len(text) > MOST_TRIED:
                break
    return None, fault


def _block_at(lines: Sequence[str], at: int) -> tuple[int, int]:
    """Where the block around a line begins, and where the next one does: a node, a prompt, or
    whatever else is indented by two at most."""

    def begins(index: int) -> bool:
        words = lines[index].lstrip(" ")
        return bool(words) and not words.startswith("#") and len(lines[index]) - len(words) <= 2

    first = max(at, 0)
    while first > 0 and not begins(first):
        first -= 1
    last = max(at, 0) + 1
    while last < len(lines) and not begins(last):
        last += 1
    return first, last


def _mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = data.get(name)
    return given if isinstance(given, dict) else {}


def _words(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    return tuple(one for one in given if isinstance(one, str)) if isinstance(given, list) else ()


def _places(document: Document, nodes: Mapping[str, Any]) -> Mapping[str, tuple[int, int | None]]:
    """Where each node begins, and where the next thing does."""
    lines = {name: document.keys["nodes", name][0] for name in nodes}
    tops = [line for path, (line, _) in document.keys.items() if len(path) == 1]
    marks = sorted({*lines.values(), *tops})
    after: dict[int, int | None] = dict(pairwise(marks))
    return {name: (line, after.get(line)) for name, line in lines.items()}


def _node(
    name: str,
    given: Any,
    place: tuple[int, int | None],
    prompts: Mapping[str, Mapping[str, str]],
    languages: tuple[str, ...],
) -> SketchedNode:
    data = given if isinstance(given, dict) else {}
    kind = data.get("kind")
    kind = kind if isinstance(kind, str) else ""
    settings = _settings(kind, data)
    keys: dict[str, str] = {}
    for key, exit in _mapping(data, "keys").items():
        if isinstance(exit, str):
            keys[exit] = " ".join(filter(None, (keys.get(exit, ""), key)))
    enters = data.get("flow")
    meanwhile = data.get("meanwhile")
    return SketchedNode(
        name,
        kind,
        *place,
        _about(data, prompts, languages)[:LONGEST_ABOUT],
        tuple(_exits(_mapping(data, "exits"), settings, keys)),
        (meanwhile,) if isinstance(meanwhile, str) else (),
        enters if isinstance(enters, str) else None,
    )


def _settings(kind: str, data: Mapping[str, Any]) -> NodeKind | None:
    if kind not in KINDS:
        return None
    plain = {name: value for name, value in data.items() if name not in ("kind", "exits")}
    try:
        return KINDS[kind].model_validate(plain)
    except ValidationError:
        return None


def _exits(
    given: Mapping[str, Any], settings: NodeKind | None, keys: Mapping[str, str]
) -> Iterator[SketchedExit]:
    written = {name: to for name, to in given.items() if isinstance(to, str)}
    known = {exit.name: exit for exit in settings.exits()} if settings is not None else {}
    for name, to in written.items():
        yield SketchedExit(name, to, keys.get(name, ""))
    for name in known:
        if name in written:
            continue
        taken: str | None = name
        while taken is not None and taken not in written:
            taken = known[taken].otherwise if taken in known else None
        yield SketchedExit(
            name, "" if taken is None else written[taken], keys.get(name, ""), written=False
        )


def _about(
    data: Mapping[str, Any], prompts: Mapping[str, Mapping[str, str]], languages: tuple[str, ...]
) -> str:
    for name in _NAMED:
        if words := " ".join(_words(data.get(name))):
            return words.partition("://")[2].partition("/")[0] if name == "url" else words
    for name in _words(data.get("prompts")):
        texts = prompts.get(name, {})
        for language in (*languages, *texts):
            if language in texts:
                return " ".join(texts[language].split())
    for name in ("values", "shares"):
        if pairs := _mapping(data, name):
            return ", ".join(f"{one}: {value}" for one, value in pairs.items())
    for name in _NAMED_OTHERWISE:
        if isinstance(word := data.get(name), str | int | float):
            return str(word)
    return ", ".join(dict.fromkeys(_compared(data.get("cases"))))


def _compared(given: Any) -> Iterator[str]:
    """The variables by which a node chooses."""
    if isinstance(given, list):
        for one in given:
            yield from _compared(one)
    elif isinstance(given, dict):
        yield from _compared(given.get("when"))
        if isinstance(name := given.get("variable"), str):
            yield name
