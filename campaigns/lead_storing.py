"""Stores leads of judged rows within a transaction, each customer of a project once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from campaigns.import_progress import DuplicatePolicy, RowFate
from campaigns.lead_numbers import LeadFault
from campaigns.lead_rows import NewLead
from campaigns.list_files import FileRow
from campaigns.number_locks import lock_numbers
from domain.identity import ProjectName
from storage.queries import load

_SQL = load("lists")


@dataclass(frozen=True, slots=True)
class LeadTarget:
    """Where leads go. ``upload`` is the import's number; None: somebody types them."""

    list: int
    project: ProjectName
    upload: int | None
    duplicates: DuplicatePolicy


@dataclass(slots=True)
class StoredRows:
    """What became of rows, in their order; ``leads`` has the lead of each that was imported."""

    fates: list[RowFate] = field(default_factory=list)
    leads: list[int | None] = field(default_factory=list)
    do_not_call: int = 0
    """Of those imported."""

    def count(self, *fates: RowFate) -> int:
        """How many rows had one of these fates."""
        return sum(fate in fates for fate in self.fates)


async def store_rows(
    db: asyncpg.Connection, target: LeadTarget, rows: Sequence[FileRow], now: datetime
) -> StoredRows:
    """Store what is new of rows within a transaction, and note those that were not taken.

    Customers are the same if they have the same key, or a number in common. Whoever is on a
    do-not-call list is stored as such, and never dialled.
    """
    await db.execute(_SQL["lock_project"], target.project)
    wished = [row.judged.lead for row in rows if row.judged.lead is not None]
    numbers = sorted({number.e164 for lead in wished for number in lead.numbers})
    await lock_numbers(db, numbers)
    known = await _known(db, target, wished, numbers)
    fates = [known.fate(row) for row in rows]
    listed = await db.fetch(_SQL["numbers_not_to_call"], numbers, target.project, now)
    barred = {row["number"] for row in listed}
    taken = [
        lead
        for row, fate in zip(rows, fates, strict=True)
        if (lead := row.judged.lead) and fate in (RowFate.IMPORTED, RowFate.PARTLY)
    ]
    made = await _insert(db, target, taken, barred, now)
    if target.upload is not None:
        await note_rows(db, target.upload, rows, fates)
    return StoredRows(
        fates,
        [
            made[row.judged.lead.key]
            if row.judged.lead and fate in (RowFate.IMPORTED, RowFate.PARTLY)
            else None
            for row, fate in zip(rows, fates, strict=True)
        ],
        sum(any(number.e164 in barred for number in lead.numbers) for lead in taken),
    )


class _KnownCustomers:
    """The customers of a project that rows may be of, and those of the rows before."""

    def __init__(self, target: LeadTarget) -> None:
        self._target = target
        self._keys: dict[str, RowFate] = {}
        self._numbers: dict[str, RowFate] = {}

    def add_key(self, row: asyncpg.Record) -> None:
        _add(self._keys, row["key"], self._where(row))

    def add_number(self, row: asyncpg.Record) -> None:
        _add(self._numbers, row["number"], self._where(row))

    def fate(self, row: FileRow) -> RowFate:
        """What becomes of the next row."""
        lead = row.judged.lead
        if lead is None:
            return RowFate.REJECTED
        numbers = [number.e164 for number in lead.numbers]
        before = [self._keys.get(lead.key), *map(self._numbers.get, numbers)]
        for fate in (RowFate.DUPLICATE, RowFate.KNOWN):
            if fate in before:
                return fate
        if RowFate.ELSEWHERE in before and self._target.duplicates is DuplicatePolicy.SKIP:
            return RowFate.ELSEWHERE
        self._keys[lead.key] = RowFate.DUPLICATE
        self._numbers.update(dict.fromkeys(numbers, RowFate.DUPLICATE))
        return RowFate.PARTLY if row.judged.faults else RowFate.IMPORTED

    def _where(self, row: asyncpg.Record) -> RowFate:
        if row["list"] != self._target.list:
            return RowFate.ELSEWHERE
        mine = self._target.upload is not None and row["import"] == self._target.upload
        return RowFate.DUPLICATE if mine else RowFate.KNOWN


_WEIGHT = {RowFate.ELSEWHERE: 0, RowFate.KNOWN: 1, RowFate.DUPLICATE: 2}


def _add(book: dict[str, RowFate], name: str, fate: RowFate) -> None:
    there = book.get(name)
    if there is None or _WEIGHT[fate] > _WEIGHT[there]:
        book[name] = fate


async def _known(
    db: asyncpg.Connection, target: LeadTarget, leads: Sequence[NewLead], numbers: Sequence[str]
) -> _KnownCustomers:
    known = _KnownCustomers(target)
    keys = sorted({lead.key for lead in leads})
    for row in await db.fetch(_SQL["leads_with_keys"], target.project, keys, target.list):
        known.add_key(row)
    for row in await db.fetch(_SQL["leads_with_numbers"], target.project, list(numbers)):
        known.add_number(row)
    return known


async def _insert(
    db: asyncpg.Connection,
    target: LeadTarget,
    leads: Sequence[NewLead],
    barred: set[str],
    now: datetime,
) -> dict[str, int]:
    """The new leads' numbers by their keys."""
    states = [
        "do_not_call" if any(number.e164 in barred for number in lead.numbers) else "open"
        for lead in leads
    ]
    rows = await db.fetch(
        _SQL["insert_leads"],
        *(target.list, target.project, target.upload, now),
        [lead.key for lead in leads],
        [lead.name for lead in leads],
        [json.dumps(dict(lead.fields), ensure_ascii=False) for lead in leads],
        [lead.timezone for lead in leads],
        [lead.language for lead in leads],
        [lead.consent_at for lead in leads],
        states,
    )
    made = {row["key"]: row["lead"] for row in rows}
    numbers = [
        (made[lead.key], place, number.e164, number.kind)
        for lead in leads
        for place, number in enumerate(lead.numbers)
    ]
    columns = [list(column) for column in zip(*numbers, strict=True)] or [[], [], [], []]
    await db.execute(_SQL["insert_numbers"], *columns)
    return made


async def note_rows(
    db: asyncpg.Connection, upload: int, rows: Sequence[FileRow], fates: Sequence[RowFate]
) -> None:
    """Keep the rows that were not taken, and what was left out of others."""
    notes = []
    for row, fate in zip(rows, fates, strict=True):
        faults = [(fault.field, fault.why) for fault in row.judged.faults]
        if fate is RowFate.DUPLICATE:
            faults = [("", LeadFault.TWICE_IN_FILE)]
        elif fate is RowFate.ELSEWHERE:
            faults = [("", LeadFault.IN_OTHER_LIST)]
        elif fate is RowFate.KNOWN:  # most rows of a file that is uploaded again
            continue
        cells = json.dumps(row.cells, ensure_ascii=False)
        part = fate is RowFate.PARTLY
        notes += [
            # One row may have many faults, and its cells may be long.
            (row.number, place, heading, why.value, part, None if place else cells)
            for place, (heading, why) in enumerate(faults)
        ]
    if notes:
        await db.execute(
            _SQL["insert_rejected"], upload, *(list(column) for column in zip(*notes, strict=True))
        )
