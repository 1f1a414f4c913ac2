"""Shows how two texts differ, line by line and, within a line, word by word. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from documents.patient_matching import BoundedMatcher, ComparingSteps

AROUND = 3
"""Unchanged lines that are shown before and after a change."""
MOST_LINES = 4000
"""Lines that are shown at most."""
MOST_BY_WORDS = 300
"""Pairs of lines that are compared word by word; the others differ as a whole."""
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


Pieces = tuple[tuple[str, bool], ...]
"""The parts of a line, each with whether it differs."""


class LineIs(StrEnum):
    """What has become of a line."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    SKIPPED = "skipped"  # so many unchanged lines are left out


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A line of one text or of both. ``pieces`` are its parts, each with whether it differs."""

    is_: LineIs
    before: int | None
    """Its number in the older text, from 1; of skipped ones, how many they are."""
    after: int | None
    pieces: Pieces = ()


@dataclass(frozen=True, slots=True)
class TextDifference:
    """How a text differs from an older one."""

    lines: tuple[DifferenceLine, ...]
    added: int
    removed: int
    cut: bool
    """Whether there are more lines than can be shown."""

    @property
    def same(self) -> bool:
        """Whether the texts are the same."""
        return not self.added and not self.removed


def text_difference(before: str, after: str) -> TextDifference:
    """How ``after`` differs from ``before``."""
    old, new = before.splitlines(), after.splitlines()
    lines = list(_lines(old, new))
    count = {kind: sum(1 for line in lines if line.is_ is kind) for kind in LineIs}
    if before != after and not count[LineIs.ADDED] and not count[LineIs.REMOVED]:
        # Only the end of a line differs, which nobody sees: the last line is said to differ.
        return TextDifference((), 1, 1, False)
    return TextDifference(
        tuple(lines[:MOST_LINES]),
        count[LineIs.ADDED],
        count[LineIs.REMOVED],
        len(lines) > MOST_LINES,
    )


def _lines(old: list[str], new: list[str]) -> Iterator[DifferenceLine]:
    shown_to, by_words, steps = 0, 0, ComparingSteps()
    matcher = BoundedMatcher(old, new, steps, autojunk=True)
    for group in matcher.get_grouped_opcodes(AROUND):
        begin = group[0][1]
        if begin > shown_to:
            yield DifferenceLine(LineIs.SKIPPED, begin - shown_to, None)
        for tag, i, j, k, m in group:
            if tag == "equal":
                for n in range(j - i):
                    same = ((old[i + n], False),)
                    yield DifferenceLine(LineIs.SAME, i + n + 1, k + n + 1, same)
                continue
            most = min(j - i, m - k, MOST_BY_WORDS - by_words)
            pairs = [_by_words(old[i + n], new[k + n], steps) for n in range(most)]
            by_words += most
            for n in range(i, j):
                pieces: Pieces = pairs[n - i][0] if n - i < len(pairs) else ((old[n], True),)
                yield DifferenceLine(LineIs.REMOVED, n + 1, None, pieces)
            for n in range(k, m):
                pieces = pairs[n - k][1] if n - k < len(pairs) else ((new[n], True),)
                yield DifferenceLine(LineIs.ADDED, None, n + 1, pieces)
        shown_to = group[-1][2]
    if shown_to and len(old) > shown_to:
        yield DifferenceLine(LineIs.SKIPPED, len(old) - shown_to, None)


def _by_words(old: str, new: str, steps: ComparingSteps) -> tuple[Pieces, Pieces]:
    """Two lines that stand for each other, each with the words that differ marked."""
    one, other = _WORD.findall(old)[:500], _WORD.findall(new)[:500]
    if "".join(one) != old or "".join(other) != new:
        return ((old, True),), ((new, True),)
    matcher = BoundedMatcher(one, other, steps, autojunk=False)
    if matcher.quick_ratio() < 0.4:
        return ((old, True),), ((new, True),)
    removed: list[tuple[str, bool]] = []
    added: list[tuple[str, bool]] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if i < j:
            removed.append(("".join(one[i:j]), tag != "equal"))
        if k < m:
            added.append(("".join(other[k:m]), tag != "equal"))
    return tuple(removed), tuple(added)
