"""Reads YAML text into plain data that remembers where everything stands.

Keys are always text, just as written (``1`` and ``01`` stay two different keys). Aliases, tags,
deep nesting and huge files are refused: people upload flows.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    ScalarEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.parser import Parser

from documents.document_errors import DocumentError
from documents.sentence import Sentence, sentence, template
from documents.unseen import Unseen, unseen_in

DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be, and what it is then called."""

    what: str
    characters: int
    values: int
    """Words and brackets."""


FLOW = Limits(template("flow"), characters=256 * 1024, values=20_000)
"""Our largest flow has 4,100 characters and 400 values."""

KEY_ITSELF = "[key]"
"""At the end of a path: the fault is in the key, not in its value (pydantic's word for it)."""

Path = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(slots=True)
class Document:
    """The data, and the line and column (counted from 1) of each key and value in it."""

    source: str
    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    unseen: tuple[Unseen, ...] = ()
    """Where the text has characters that nobody sees, in comments too."""

    def fault(
        self,
        path: Path,
        message: str | Sentence,
        hint: str | Sentence | None = None,
        *,
        key: bool = False,
    ) -> DocumentError:
        """An error at this place, or at the nearest enclosing place that is in the file."""
        while path and path not in self.values:
            path, key = path[:-1], True
        place = self.keys.get(path) if key else None
        line, column = place or self.values.get(path, (1, 1))
        return DocumentError(self.source, line, column, message, hint)


def read(text: str | bytes, source: str, limits: Limits = FLOW) -> Document:
    """Parse the text. Raises DocumentError at the first thing that is not plain YAML."""
    if isinstance(text, bytes):
        text = _decoded(text, source)
    if len(text) > limits.characters:
        raise DocumentError(
            source, 1, 1,
            sentence(
                "the file has %(count)s characters; expected at most %(most)s",
                count=f"{len(text):,}",
                most=f"{limits.characters:,}",
            ),
            sentence("check that this is a %(what)s at all", what=sentence(limits.what)),
        )  # fmt: skip
    document = Document(source, unseen=unseen_in(text))
    try:
        root = _PlainYaml(source, limits).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise DocumentError(
            source,
            line,
            column,
            sentence("this is not YAML: %(problem)s", problem=str(error.problem)),
            _syntax_hint(text, line),
        ) from error
    except YAMLError as error:
        at = getattr(error, "position", 0)
        before = text[:at] if isinstance(at, int) else ""
        found = text[at : at + 1] if before or at == 0 else "?"
        raise DocumentError(
            source,
            before.count("\n") + 1,
            at - before.rfind("\n"),
            sentence("character %(found)s is not allowed in YAML", found=repr(found)),
            sentence("remove it"),
        ) from error
    if root is not None:
        document.data = _build(document, root, ())
    return document


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        raise DocumentError(
            source,
            before.count(b"\n") + 1,
            error.start - before.rfind(b"\n"),
            sentence("byte 0x%(byte)s is not UTF-8", byte=f"{data[error.start]:02x}"),
            sentence("save the file as UTF-8"),
        ) from error


class _PlainYaml(YAML):
    def __init__(self, source: str, limits: Limits) -> None:
        super().__init__(typ="safe", pure=True)
        self.Parser = partial(_PlainParser, source=source, limits=limits)


class _PlainParser(Parser):
    """Refuses what a file may not contain, before the tree is built of it."""

    def __init__(self, loader: YAML, source: str, limits: Limits) -> None:
        super().__init__(loader)
        self._source = source
        self._limits = limits
        self._count = self._depth = self._documents = 0

    def check_event(self, *kinds: type[Event]) -> bool:
        self.peek_event()
        return bool(super().check_event(*kinds))

    def get_event(self) -> Event:
        self.peek_event()
        event: Event = super().get_event()
        return event

    def peek_event(self) -> Event | None:
        is_new = self.current_event is None
        event: Event | None = super().peek_event()
        if is_new and event is not None:
            self._refuse_tricks(event)
        return event

    def _refuse_tricks(self, event: Event) -> None:
        limits = self._limits
        if self._count > limits.values:
            raise self._fault(
                event,
                sentence("more than %(most)s values in one file", most=f"{limits.values:,}"),
                sentence("split it into several files"),
            )
        self._count += 1
        if isinstance(event, AliasEvent):
            raise self._fault(
                event,
                sentence("an alias (*%(name)s) is not allowed", name=str(event.anchor)),
                sentence('write the value out; the key * is written "*", in quotes'),
            )
        if isinstance(event, (ScalarEvent, CollectionStartEvent)) and _tagged(event):
            raise self._fault(
                event,
                sentence("a tag (%(tag)s) is not allowed", tag=str(event.tag)),
                sentence("remove it, or put the text in quotes"),
            )
        if isinstance(event, CollectionStartEvent):
            self._depth += 1
            if self._depth > DEEPEST:
                raise self._fault(
                    event,
                    sentence("nested more than %(most)s deep", most=DEEPEST),
                    sentence("this is not a %(what)s", what=sentence(limits.what)),
                )
        elif isinstance(event, CollectionEndEvent):
            self._depth -= 1
        elif isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._fault(
                    event,
                    sentence(
                        "a second document (---); expected one %(what)s per file",
                        what=sentence(limits.what),
                    ),
                    sentence("put it into its own file"),
                )

    def _fault(self, event: Event, message: Sentence, hint: Sentence) -> DocumentError:
        mark = event.start_mark
        return DocumentError(self._source, mark.line + 1, mark.column + 1, message, hint)


def _tagged(event: ScalarEvent | CollectionStartEvent) -> bool:
    return event.tag is not None and str(event.tag) != "!"


def _syntax_hint(text: str, line: int) -> Sentence:
    lines = text.splitlines()
    around = lines[line - 1] if line <= len(lines) else ""
    if "\t" in around:
        return sentence("indent with spaces, not tabs")
    return sentence(
        "check the indentation and the quotes here and just above; quote text that has a colon"
    )


def _build(document: Document, node: Node, path: Path) -> Any:
    document.values[path] = _place(node)
    if isinstance(node, MappingNode):
        return _mapping(document, node, path)
    if isinstance(node, SequenceNode):
        return [_build(document, item, (*path, i)) for i, item in enumerate(node.value)]
    if isinstance(node, ScalarNode):
        return _scalar(document, node)
    raise TypeError(f"YAML node {node!r} is of an unknown kind")


def _mapping(document: Document, node: MappingNode, path: Path) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in node.value:
        line, column = _place(key)
        if not isinstance(key, ScalarNode):
            raise DocumentError(document.source, line, column, sentence("a key must be a word"))
        name = _text(document, key)
        here = (*path, name)
        if name in data:
            raise DocumentError(
                document.source, line, column,
                sentence(
                    '"%(name)s" is here twice, first on line %(line)s',
                    name=name,
                    line=document.keys[here][0],
                ),
                sentence("remove one of them"),
            )  # fmt: skip
        document.keys[here] = (line, column)
        data[name] = _build(document, value, here)
    return data


def _scalar(document: Document, node: ScalarNode) -> Any:
    text = _text(document, node)
    kind = str(node.tag).rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError as error:
        line, column = _place(node)
        raise DocumentError(
            document.source,
            line,
            column,
            sentence("%(text)s is not a plain number", text=text[:20]),
            sentence("write digits only, or put it in quotes if it is text"),
        ) from error
    return text


def _text(document: Document, node: ScalarNode) -> str:
    """The text of a scalar. Characters that YAML can express with a backslash in double quotes, but
    that paths, hosts or PostgreSQL don't take, are refused."""
    text = str(node.value)
    for character in text:
        if (character < " " and character not in "\t\n\r") or "\ud800" <= character <= "\udfff":
            line, column = _place(node)
            raise DocumentError(
                document.source, line, column,
                sentence("character %(found)s is not allowed here", found=repr(character)),
                sentence("remove it"),
            )  # fmt: skip
    return text


def _place(node: Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
