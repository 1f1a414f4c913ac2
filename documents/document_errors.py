"""Errors in a document's file: what is wrong, where, and what to do."""

import difflib
import heapq
from collections.abc import Iterable

from documents.sentence import Sentence, as_is
from domain.errors import OperatorError


class DocumentError(OperatorError):
    """A fault in a document that a person wrote. ``line`` and ``column`` count from 1.

    ``what`` says what is wrong and what was expected, ``remedy`` what to do (None if ``what`` says
    it all); ``message`` and ``hint`` are the same in English. ``others`` are the file's further
    faults.
    """

    def __init__(
        self,
        source: str,
        line: int,
        column: int,
        message: str | Sentence,
        hint: str | Sentence | None = None,
    ) -> None:
        super().__init__(source, line, column, message, hint)
        self.source = source
        self.line = line
        self.column = column
        self.what = message if isinstance(message, Sentence) else as_is(message)
        self.remedy = as_is(hint) if isinstance(hint, str) and hint else hint or None
        self.others: tuple[DocumentError, ...] = ()

    @property
    def message(self) -> str:
        """What is wrong, in English."""
        return str(self.what)

    @property
    def hint(self) -> str:
        """What to do about it, in English; "" if nothing more is to be said."""
        return "" if self.remedy is None else str(self.remedy)

    def __str__(self) -> str:
        text = f"{self.source}:{self.line}:{self.column}: {self.message}"
        if self.hint:
            text += f"; {self.hint}"
        if self.others:
            text += f" (and {len(self.others)} more in this file)"
        return text


DID_YOU_MEAN = 'did you mean "%(name)s"?'
"""The template of a remedy that names the word to write instead."""


def did_you_mean(wrong: str, names: Iterable[str]) -> Sentence | None:
    """A hint with the nearest of the names, None if none is near."""
    near = nearest(wrong, names)
    return Sentence(DID_YOU_MEAN, {"name": near}) if near else None


LONGEST_WORD = 80
"""A longer word is no slip of the pen, and takes too long to compare."""
_MOST_LOOKED_AT = 200
_MOST_COMPARED = 30
_NEAR = 0.6


def nearest(wrong: str, names: Iterable[str]) -> str:
    """The nearest of the names, "" if none is near. Of very many names not each is compared."""
    if len(wrong) > LONGEST_WORD:
        return ""
    ends = wrong[:2], wrong[-2:]
    looked_at = sorted(
        (name for name in names if len(name) <= LONGEST_WORD),
        key=lambda name: name[:2] != ends[0] and name[-2:] != ends[1],
    )[:_MOST_LOOKED_AT]
    matcher = difflib.SequenceMatcher(b=wrong)
    hopeful: list[tuple[float, str]] = []
    for name in looked_at:
        matcher.set_seq1(name)
        if matcher.real_quick_ratio() >= _NEAR and (most := matcher.quick_ratio()) >= _NEAR:
            hopeful.append((most, name))
    found: list[tuple[float, str]] = []
    for _, name in heapq.nlargest(_MOST_COMPARED, hopeful):
        matcher.set_seq1(name)
        found.append((matcher.ratio(), name))
    ratio, name = max(found, default=(0.0, ""))
    return name if ratio >= _NEAR else ""


def one_of(names: Iterable[str]) -> str:
    """The names as a list for a message, cut short where there are many."""
    known = list(names)
    if not known:
        return "none (there are none)"
    text = ", ".join(f'"{_short(name)}"' for name in known[:12])
    return f"{text} ..." if len(known) > 12 else text


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_WORD else f"{name[:LONGEST_WORD]}..."


def first_of(faults: Iterable[DocumentError]) -> DocumentError:
    """The topmost fault of a file, carrying the others."""
    first, *others = sorted(faults, key=lambda fault: (fault.line, fault.column))
    first.others = tuple(others)
    return first
