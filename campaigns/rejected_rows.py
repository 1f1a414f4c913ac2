"""Gives people the rows of an import that were not taken: row, field, reason, and the row."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import asyncpg

from campaigns.lead_numbers import LeadFault
from campaigns.seen_imports import read_import
from documents.sheet_writing import csv_file, xlsx_file
from domain.roles import Actor
from storage.database import connection
from storage.queries import load

_SQL = load("lists")
MOST_ON_A_PAGE = 100
_PER_READ = 2000
_REST_EVERY, _REST_S = 20, 0.001


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken, or (``part``) something that was left out of one that was."""

    row: int
    place: int
    """Among the faults of the row."""
    field: str
    """The column's heading; "" for the row itself."""
    reason: LeadFault
    part: bool
    cells: tuple[str, ...]
    """As they were, the longest cut."""


@dataclass(frozen=True, slots=True)
class RejectedWords:
    """The words of the file in the reader's language."""

    row: str
    field: str
    reason: str
    taken: str
    """The heading of the column that says whether the row was imported all the same."""
    yes: str
    no: str
    reasons: Mapping[LeadFault, str]


class RejectedRows:
    """What was not taken of imports. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(
        self, actor: Actor, number: int, after: tuple[int, int] = (0, 0)
    ) -> Sequence[RejectedRow]:
        """Those after the row and place ``after`` of an import, at most MOST_ON_A_PAGE. Raises
        ListRefused."""
        async with connection(self._pool) as db:
            await _headings(db, actor, number)
            rows = await db.fetch(_SQL["rejected_rows"], number, *after, MOST_ON_A_PAGE)
            cells: tuple[str, ...] = ()
            if rows and rows[0]["place"]:  # the page begins within a row
                cells = tuple(await db.fetchval(_SQL["rejected_cells"], number, rows[0]["row"]))
        return _rejected(rows, cells)

    async def file(
        self, actor: Actor, number: int, words: RejectedWords, kind: Literal["csv", "xlsx"]
    ) -> bytes:
        """All of them as a CSV or XLSX file in which nothing is a formula. Raises ListRefused.

        A row is one line, whatever is wrong with it, so that it can be mended and uploaded again;
        its fields and reasons are one below the other in their cells.
        """
        found: list[RejectedRow] = []
        async with connection(self._pool) as db, db.transaction(isolation="repeatable_read"):
            headings = await _headings(db, actor, number)
            after = (0, 0)
            while rows := await db.fetch(_SQL["rejected_rows"], number, *after, _PER_READ):
                found += _rejected(rows, found[-1].cells if found else ())
                after = (rows[-1]["row"], rows[-1]["place"])
        write: Callable[[Iterator[Sequence[str]]], bytes] = csv_file if kind == "csv" else xlsx_file
        return await asyncio.to_thread(lambda: write(_table(headings, found, words)))


def _table(
    headings: Sequence[str], rows: Sequence[RejectedRow], words: RejectedWords
) -> Iterator[Sequence[str]]:
    """Rests now and then, so that calls are not held up."""
    yield [words.row, words.field, words.reason, words.taken, *headings]
    for place, (number, same) in enumerate(groupby(rows, key=lambda row: row.row)):
        if place % _REST_EVERY == 0:
            time.sleep(_REST_S)
        faults = list(same)
        fields = "\n".join(fault.field for fault in faults)
        reasons = "\n".join(words.reasons[fault.reason] for fault in faults)
        taken = words.yes if faults[0].part else words.no
        yield [str(number), fields, reasons, taken, *faults[0].cells]


async def _headings(db: asyncpg.Connection, actor: Actor, number: int) -> Sequence[str]:
    return (await read_import(db, actor, number)).mapping.headings


def _rejected(rows: Sequence[asyncpg.Record], cells: tuple[str, ...]) -> list[RejectedRow]:
    """``cells`` are those of the first row, if it begins before ``rows``."""
    found = []
    for row in rows:
        if row["place"] == 0:
            cells = tuple(row["cells"])
        columns = {**row, "reason": LeadFault(row["reason"]), "cells": cells}
        found.append(RejectedRow(**columns))
    return found
