"""Texts with gaps for variables: ``{order}``, or ``{order:digits}`` to say how it is read. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from ivr_flows.values import Values, written

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)(?::([a-z_]+))?\}")


@dataclass(frozen=True, slots=True)
class Blank:
    """A place in a text: the variable's name, and how it is to be read (None: as its type says)."""

    variable: str
    how: str | None


Piece = str | Blank


def pieces(text: str) -> Iterator[Piece]:
    """The text as fixed words and gaps, in their order."""
    end = 0
    for found in _PLACE.finditer(text):
        if found.start() > end:
            yield text[end : found.start()]
        yield Blank(found.group(1), found.group(2))
        end = found.end()
    if end < len(text):
        yield text[end:]


def gaps(text: str) -> tuple[Blank, ...]:
    """The gaps of a text."""
    return tuple(piece for piece in pieces(text) if isinstance(piece, Blank))


def has_stray_brace(text: str) -> bool:
    """Whether the text has a brace that names no variable."""
    return any(brace in _PLACE.sub("", text) for brace in "{}")


def filled(text: str, values: Values) -> str:
    """The text with each gap as the variable is written; nothing for what isn't known.

    One pass, not str.format: a flow's text must not reach into Python objects, and a value with
    braces is not filled in again.
    """
    return "".join(
        piece if isinstance(piece, str) else written(values[piece.variable])
        for piece in pieces(text)
    )


def filled_in_url(text: str, values: Values) -> str:
    """An address with its gaps filled in: what a caller keys in can't lead elsewhere."""
    return "".join(
        piece if isinstance(piece, str) else quote(written(values[piece.variable]), safe="")
        for piece in pieces(text)
    )
