"""Rows of a form that each name one thing in every language, in an order that buttons change."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from campaigns.choice_edits import new_code
from campaigns.disposition_choices import SubReason
from campaigns.skip_choices import SkipChoice
from console.call_results import words
from console.kit.rendering import says
from console.kit.translations import LANGUAGES

_Thing = TypeVar("_Thing", bound=SubReason)

LONGEST_TITLE = 60
_BLANK_ROWS = 2


@dataclass(frozen=True, slots=True)
class TitleRow:
    """One of them. ``code`` "": it is new."""

    code: str
    titles: Mapping[str, str]
    retired: bool
    needs_note: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing is typed in it."""
        return not any(self.titles.values())


TitleRows = tuple[TitleRow, ...]


def rows_of(things: Sequence[SubReason]) -> TitleRows:
    """The rows of what is there."""
    return tuple(
        TitleRow(
            one.code,
            one.titles,
            one.retired,
            needs_note=isinstance(one, SkipChoice) and one.needs_note,
        )
        for one in things
    )


def things_named(
    rows: TitleRows, before: Sequence[_Thing], make: Callable[[str, TitleRow], _Thing]
) -> tuple[_Thing, ...]:
    """What the rows name, in their order; ``make`` makes one of its code and its row.

    A code that was not there before counts as none, and nothing that was there is lost, whatever
    was sent.
    """
    there = {one.code: one for one in before}
    made: dict[str, _Thing] = {}
    for row in named(rows):
        code = row.code if row.code in there else new_code(row.titles, {*there, *made}, "reason")
        made[code] = make(code, row)
    return (*made.values(), *(one for code, one in there.items() if code not in made))


def fingerprint(plain: object) -> str:
    """Changes whenever this value of JSON's types does, but not with the order of its keys, which
    the database does not keep."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def rows_typed(given: Mapping[str, str], most: int) -> TitleRows:
    """The rows as they were sent: ``sub.N.code``, ``sub.N.LANGUAGE``, ``sub.N.out``."""
    places = [n for n in range(most + _BLANK_ROWS) if f"sub.{n}.code" in given]
    return tuple(
        TitleRow(
            given[f"sub.{n}.code"],
            titles_typed(given, f"sub.{n}"),
            bool(given.get(f"sub.{n}.out")),
            bool(given.get(f"sub.{n}.note")),
        )
        for n in places
    )


def titles_typed(given: Mapping[str, str], prefix: str) -> dict[str, str]:
    """What was typed as a title, by language."""
    texts = {name: " ".join(given.get(f"{prefix}.{name}", "").split()) for name in LANGUAGES}
    return {language: text for language, text in texts.items() if text}


def named(rows: TitleRows) -> TitleRows:
    """Without the blank ones that were never anything."""
    return tuple(row for row in rows if row.code or not row.blank)


def with_blanks(rows: TitleRows, most: int) -> TitleRows:
    """With blank ones at the end for new things."""
    kept = named(rows)
    more = max(0, min(_BLANK_ROWS, most - len(kept)))
    return (*kept, *(TitleRow("", {}, False) for _ in range(more)))


def move_asked(given: Mapping[str, str]) -> tuple[int, int] | None:
    """The row that a button is to move, and whose place it takes; None: it was another button."""
    what, _, row = given.get("do", "").partition(".")
    if what not in ("up", "down") or not (row.isascii() and row.isdecimal() and len(row) < 4):
        return None
    return int(row), int(row) + (1 if what == "down" else -1)


def focus_after(moved: tuple[int, int], rows: TitleRows) -> str:
    """The button that has the focus then: the same one, in the row's new place; at either end the
    other one, for that one can't be pressed there."""
    row, there = moved
    down = there == 0 or (row < there < len(named(rows)) - 1)
    return f"{'down' if down else 'up'}.{there}"


def swapped(rows: TitleRows, row: int, other: int) -> TitleRows:
    """With two of them in each other's place, if both are there."""
    if not (0 <= row < len(rows) and 0 <= other < len(rows)):
        return rows
    moved = list(rows)
    moved[row], moved[other] = moved[other], moved[row]
    return tuple(moved)


def fault_in(request: web.Request, rows: TitleRows, most: int) -> str | None:
    """What is wrong with them, in words."""
    rows = named(rows)
    if any(row.blank for row in rows):
        return says(request, words.SUB_WITHOUT_TITLE)
    if any(len(title) > LONGEST_TITLE for row in rows for title in row.titles.values()):
        return says(request, words.TOO_LONG, {"most": LONGEST_TITLE})
    if len(rows) > most:
        return says(request, words.TOO_MANY_SUBS, {"most": most})
    return None
