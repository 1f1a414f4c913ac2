"""Errors in a document's file: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable

from domain.errors import OperatorError


class DocumentError(OperatorError):
    """A fault in a document that a person wrote. ``line`` and ``column`` count from 1.

    ``message`` says what is wrong and what was expected, ``hint`` what to do ("" if the message
    says it all). ``others`` are the file's further faults.
    """

    def __init__(self, source: str, line: int, column: int, message: str, hint: str = "") -> None:
        super().__init__(source, line, column, message, hint)
        self.source = source
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        self.others: tuple[DocumentError, ...] = ()

    def __str__(self) -> str:
        text = f"{self.source}:{self.line}:{self.column}: {self.message}"
        if self.hint:
            text += f"; {self.hint}"
        if self.others:
            text += f" (and {len(self.others)} more in this file)"
        return text


def did_you_mean(wrong: str, names: Iterable[str]) -> str:
    """A hint with the nearest of the names, "" if none is near."""
    near = nearest(wrong, names)
    return f'did you mean "{near}"?' if near else ""


def nearest(wrong: str, names: Iterable[str]) -> str:
    """The nearest of the names, "" if none is near."""
    near = difflib.get_close_matches(wrong, list(names), n=1, cutoff=0.6)
    return near[0] if near else ""


def one_of(names: Iterable[str]) -> str:
    """The names as a list for a message, cut short where there are many."""
    known = list(names)
    if not known:
        return "none (there are none)"
    text = ", ".join(f'"{name}"' for name in known[:12])
    return f"{text} ..." if len(known) > 12 else text


def first_of(faults: Iterable[DocumentError]) -> DocumentError:
    """The topmost fault of a file, carrying the others."""
    first, *others = sorted(faults, key=lambda fault: (fault.line, fault.column))
    first.others = tuple(others)
    return first
