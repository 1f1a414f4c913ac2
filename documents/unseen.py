"""Finds characters in a text that nobody sees, and that make it look other than it is.

Whoever reads a flow before it is published reads what an editor shows: a character that turns the
direction of writing shows words in another order than they are said in, and one without any width
hides between two letters (Trojan Source, CVE-2021-42574).
"""

import re
import unicodedata
from dataclasses import dataclass

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e007f]"
)
"""What Unicode calls default-ignorable, and the two separators of lines that editors don't break
at. Variation selectors are left out: they choose a form of a character that is seen."""
_LINE_END = re.compile("\r\n|\r|\n")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_JOINERS = "\u200c\u200d"
_VIRAMA = 9
_LEFTWARD = ("R", "AL")
"""The directions of Hebrew and Arabic letters."""
_AROUND = 32
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Unseen:
    """A line with characters that nobody sees; line and column count from 1."""

    line: int
    column: int
    """Of the first one."""
    around: str
    """The text about it, in which each is written by its number, as in <U+202E>."""
    names: str
    """Which they are, each once, and a few at most."""
    escape: str
    """How the first one is written in double quotes, so that everybody sees it."""


def unseen_in(text: str) -> tuple[Unseen, ...]:
    """The lines with such characters. One that is written as an escape is seen, and is not meant
    here; nor is one that does what it is for:

    - a direction mark (LRM, RLM, ALM) in a line with letters that are written from the right to the
      left, whose punctuation is shown at the wrong end without it. Embeddings, overrides and
      isolates are never taken for that: a line in two directions can be written without them;
    - a joiner (ZWJ, ZWNJ) between two emoji, after an Arabic letter or after the sign that takes an
      Indic letter's vowel away, where it shapes what follows;
    - the letters of a flag such as Scotland's;
    - the mark of UTF-8 at the very beginning.
    """
    if _UNSEEN.search(text) is None:
        return ()
    found = []
    for number, line in enumerate(_LINE_END.split(text), 1):
        if _UNSEEN.search(line) is None:
            continue
        first = int(number == 1 and line.startswith("\ufeff"))
        if hits := [at for at in _places(line) if at >= first]:
            found.append(_unseen(number, line, hits))
    return tuple(found)


def _places(line: str) -> list[int]:
    flags = {at for flag in _FLAG.finditer(line) for at in range(*flag.span())}
    leftward = any(each.isalpha() and unicodedata.bidirectional(each) in _LEFTWARD for each in line)
    return [
        at
        for at in (found.start() for found in _UNSEEN.finditer(line))
        if at not in flags
        and not (line[at] in _DIRECTION_MARKS and leftward)
        and not (line[at] in _JOINERS and _joins(line, at))
    ]


def _joins(line: str, at: int) -> bool:
    """Whether a joiner stands where it shapes what is seen (RFC 5892, A.1 and A.2, simplified)."""
    before, after = line[max(0, at - 8) : at], line[at + 1 : at + 2]
    if not before or not after:
        return False
    if unicodedata.combining(before[-1]) == _VIRAMA:
        return True
    if unicodedata.bidirectional(before[-1]) == "AL":
        return after.isalpha()
    # An emoji may have a tone of skin, and the sign that it is one, behind it.
    shown = before.rstrip("\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")[-1:]
    return line[at] == "\u200d" and all(
        each and unicodedata.category(each) == "So" for each in (shown, after)
    )


def _unseen(number: int, line: str, hits: list[int]) -> Unseen:
    first = hits[0]
    around = line[max(0, first - _AROUND) : first + _AROUND].strip()
    code = ord(line[first])
    names = list(dict.fromkeys(_named(line[at]) for at in hits))
    more = ["..."] if len(names) > _MOST_NAMED else []
    return Unseen(
        number,
        first + 1,
        _UNSEEN.sub(lambda found: f"<{_number(found[0])}>", around),
        ", ".join([*names[:_MOST_NAMED], *more]),
        f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}",
    )


def _number(character: str) -> str:
    return f"U+{ord(character):04X}"


def _named(character: str) -> str:
    return f"{_number(character)} {unicodedata.name(character, '')}".strip()
