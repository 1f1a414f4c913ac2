"""Finds what a flow's text names that is kept outside it, even if the text has faults; and puts
other names there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from documents.document import FLOW, Document, Path, read
from documents.document_errors import DocumentError
from documents.scalars import with_scalars
from ivr_flows.kind import NameOf
from ivr_flows.nodes import KINDS


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a flow's text, and where it stands; line and column count from 1."""

    of: NameOf
    name: str
    path: Path
    line: int
    column: int


def named_in(text: str) -> tuple[Named, ...]:
    """What the nodes name, in the order of their lines; a node with faults names nothing."""
    try:
        return named_in_document(read(text, ""))
    except DocumentError:
        return ()


def named_in_document(document: Document) -> tuple[Named, ...]:
    """What the nodes name of a text that has been read."""
    nodes = document.data.get("nodes") if isinstance(document.data, dict) else None
    found = [
        one
        for name, data in (nodes if isinstance(nodes, dict) else {}).items()
        for one in _of_node(document, name, data)
    ]
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def with_names(
    text: str,
    source: str,
    names: Mapping[tuple[NameOf, str], str],
    named: Iterable[Named] | None = None,
) -> str:
    """The text with other names for these, and not a character changed elsewhere. ``named`` is what
    it names, from who has read it already. Raises DocumentError."""
    words = {
        one.path: names[one.of, one.name]
        for one in (named_in(text) if named is None else named)
        if names.get((one.of, one.name), one.name) != one.name
    }
    return with_scalars(text, source, words, FLOW)


def _of_node(document: Document, node: str, data: object) -> list[Named]:
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(kind, str) or kind not in KINDS:
        return []
    plain = {key: value for key, value in data.items() if key not in ("kind", "exits")}
    try:
        settings = KINDS[kind].model_validate(plain)
    except ValidationError:
        return []
    found = []
    for mention in settings.mentions():
        path: Path = ("nodes", node, *mention.at)
        if path not in document.values:  # a single name, not a list
            path = path[:-1]
        line, column = document.values.get(path, (1, 1))
        found.append(Named(mention.of, mention.name, path, line, column))
    return found
