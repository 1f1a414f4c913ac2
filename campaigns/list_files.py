"""Has a list's file read by a process of its own, and takes what that says piece by piece."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.lead_columns import ColumnMapping, mapping_of
from campaigns.lead_numbers import FoundNumber, LeadFault
from campaigns.lead_rows import JudgedRow, NewLead, RowFault
from campaigns.list_reader import LIST_LIMITS
from documents.sheets import SheetUnreadable, Unreadable

_MOST_ANSWER = 8 * 1024 * 1024
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class ListLook:
    """What a file holds, before anything is taken of it."""

    headings_row: int
    mapping: ColumnMapping
    """Guessed."""
    heading_set: str
    rows: int
    sample: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of a file: the spreadsheet's number for it, what came of it, and its cells' texts."""

    number: int
    judged: JudgedRow
    cells: tuple[str, ...]


async def look(data: bytes, *, country: str, now: datetime, zone: ZoneInfo) -> ListLook:
    """Look at a file. Raises SheetUnreadable."""
    order = {"what": "look", "country": country, "now": now.isoformat(), "zone": zone.key}
    async with _reader(order, data) as said:
        async for answer in said:
            return ListLook(
                answer["headings_row"],
                mapping_of(answer["mapping"]),
                answer["headings_set"],
                answer["rows"],
                tuple(map(tuple, answer["sample"])),
            )
    raise SheetUnreadable(Unreadable.BROKEN)


async def rows_of(
    data: bytes,
    mapping: ColumnMapping,
    *,
    country: str,
    after: int,
    now: datetime,
    zone: ZoneInfo,
) -> AsyncGenerator[list[FileRow], None]:
    """The rows after row ``after``, judged, in batches. Raises SheetUnreadable.

    Close it (``contextlib.aclosing``) if you don't want all of them.
    """
    order = {
        **{"what": "judge", "mapping": mapping.plain, "country": country, "after": after},
        **{"now": now.isoformat(), "zone": zone.key},
    }
    async with _reader(order, data) as said:
        async for answer in said:
            yield [_row(*row) for row in answer["batch"]]


@asynccontextmanager
async def _reader(
    order: Mapping[str, Any], data: bytes
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    if len(data) > LIST_LIMITS.bytes:
        raise SheetUnreadable(Unreadable.TOO_LARGE, str(LIST_LIMITS.bytes))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "campaigns.list_reader"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_MOST_ANSWER,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    feeding = asyncio.create_task(_feed(process, order, data), name="list to its reader")
    try:
        yield _said(process)
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _feed(process: asyncio.subprocess.Process, order: Mapping[str, Any], data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 (it is a pipe)
    with suppress(ConnectionError):  # it ended; what it said tells why
        process.stdin.write(json.dumps(order).encode() + b"\n")
        for start in range(0, len(data), _PIECE):
            process.stdin.write(data[start : start + _PIECE])
            await process.stdin.drain()
        process.stdin.close()


async def _said(process: asyncio.subprocess.Process) -> AsyncIterator[dict[str, Any]]:
    assert process.stdout is not None  # noqa: S101 (it is a pipe)
    while line := await process.stdout.readline():
        answer: dict[str, Any] = json.loads(line)
        if "unreadable" in answer:
            raise SheetUnreadable(Unreadable(answer["unreadable"]), answer["name"])
        yield answer
    if await process.wait():  # the system ended it: it took too long, or too much
        raise SheetUnreadable(Unreadable.TOO_LARGE)


def _row(number: int, lead: Any, faults: list[list[str]], cells: list[str]) -> FileRow:
    found = lead and NewLead(
        lead["key"],
        lead["name"],
        tuple(FoundNumber(*each) for each in lead["numbers"]),
        lead["timezone"],
        lead["language"],
        lead["consent_at"] and datetime.fromisoformat(lead["consent_at"]),
        lead["fields"],
    )
    wrong = tuple(RowFault(field, LeadFault(why)) for field, why in faults)
    return FileRow(number, JudgedRow(found, wrong), tuple(cells))
