"""Puts the numbers of a file's rows on a do-not-call list within a transaction."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

import asyncpg

from campaigns.do_not_call import ListingSource, put
from campaigns.import_progress import ImportProgress, RowFate
from campaigns.lead_numbers import LeadFault
from campaigns.lead_rows import JudgedRow, RowFault, moment_in
from campaigns.lead_storing import StoredRows, note_rows
from campaigns.list_files import FileRow
from campaigns.number_locks import lock_numbers
from domain.identity import ProjectName
from storage.queries import load

_ATTEMPTS = load("attempts")


@dataclass(frozen=True, slots=True)
class _DatedRow:
    """A row, and from when on its numbers are not called."""

    row: FileRow
    since: datetime

    @property
    def numbers(self) -> list[str]:
        lead = self.row.judged.lead
        return [] if lead is None else [number.e164 for number in lead.numbers]


async def put_rows(
    db: asyncpg.Connection,
    upload: ImportProgress,
    rows: Sequence[FileRow],
    now: datetime,
    zone: tzinfo,
) -> StoredRows:
    """Put what is new of rows on the list of ``upload``, and note the rows that were not taken.

    A row is new if one of its numbers wasn't on the list, or holds from an earlier day now. A day
    is meant in ``zone``, the centre's.
    """
    dated = [_dated(upload, row, now, zone) for row in rows]
    everything = [number for one in dated for number in one.numbers]
    # All at once and in one order, or two such files could wait for each other.
    await lock_numbers(db, everything)
    await db.execute(_ATTEMPTS["lock_leads"], [], everything)
    new: set[str] = set()
    for since in sorted({one.since for one in dated}):
        numbers = [number for one in dated if one.since == since for number in one.numbers]
        if numbers:
            new |= await put(
                db,
                ProjectName(upload.project),
                numbers,
                at=now,
                since=since,
                source=ListingSource.IMPORT,
                by=upload.begun_by,
                reason=upload.reason or upload.file_name,
            )
    fates = []
    for one in dated:
        fates.append(_fate(one, new))
        new.difference_update(one.numbers)  # a later row with the same number isn't new
    await note_rows(db, upload.number, [one.row for one in dated], fates)
    return StoredRows(fates)


def _fate(one: _DatedRow, new: set[str]) -> RowFate:
    if one.row.judged.lead is None:
        return RowFate.REJECTED
    if new.isdisjoint(one.numbers):
        return RowFate.KNOWN
    return RowFate.PARTLY if one.row.judged.faults else RowFate.IMPORTED


def _dated(upload: ImportProgress, row: FileRow, now: datetime, zone: tzinfo) -> _DatedRow:
    since = upload.since or now
    if upload.since_column is None or row.judged.lead is None:
        return _DatedRow(row, since)
    place = upload.mapping.headings.index(upload.since_column)
    text = row.cells[place] if place < len(row.cells) else ""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return _DatedRow(row, since)
    at = moment_in(text)
    if at is None:
        fault = RowFault(upload.since_column, LeadFault.SINCE_UNREADABLE)
        judged = JudgedRow(None, (*row.judged.faults, fault))
        return _DatedRow(replace(row, judged=judged), since)
    return _DatedRow(row, at if at.tzinfo is not None else at.replace(tzinfo=zone))
