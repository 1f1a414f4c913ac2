"""The process that reads a list of leads: ``python -m campaigns.list_reader``.

A process of its own, because a file of 50,000 rows takes many seconds of a processor, and the
controller's threads share one lock. It is asked for one thing on its standard input (a line of
JSON, then the file), answers on its standard output in lines of JSON, and ends.
"""

import json
import os
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from campaigns.lead_columns import (
    MOST_COLUMNS,
    ColumnMapping,
    ColumnUse,
    guessed,
    heading_set,
    headings_of,
    is_heading,
    mapping_of,
)
from campaigns.lead_rows import JudgedRow, lead_of_row
from documents.sheet_reading import read_sheet
from documents.sheets import SheetLimits, SheetLine, SheetUnreadable, Unreadable

LIST_LIMITS = SheetLimits(
    bytes=32 * 1024 * 1024,
    unpacked=256 * 1024 * 1024,
    tags=12_000_000,
    columns=MOST_COLUMNS + 1,
    characters=1024 * 1024,
)
MOST_ROWS = 50_000
"""In one list, besides the headings."""
MOST_CELLS = 2_000_000
MOST_TEXT = 64 * 1024 * 1024
"""Characters of all cells. One text of an XLSX file may be in millions of them."""
MOST_MEMORY = 2 * 1024**3
"""Bytes of addresses, of this process."""
MOST_WORK_S = 180
"""Of a processor."""
SAMPLE_ROWS = 20
MOST_SHOWN = 500
"""Characters of a cell in the sample, and in a rejected row."""

_PER_BATCH = 200
_BATCH_CHARACTERS = 64 * 1024
_NICE = 10


def main() -> None:
    """Answer what is asked on standard input."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_WORK_S, MOST_WORK_S + 1))
    order = json.loads(sys.stdin.buffer.readline())
    try:
        for answer in answers(order, sys.stdin.buffer):
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
            sys.stdout.buffer.write(text.encode() + b"\n")
            sys.stdout.buffer.flush()
    except BrokenPipeError:  # nobody wants to know any more
        os._exit(1)


def answers(order: dict[str, Any], file: BinaryIO) -> Iterator[dict[str, Any]]:
    """What there is to say to an order."""
    try:
        lines = _lines(file.read(LIST_LIMITS.bytes + 1))
        headings_row, headings = headings_of(lines)
        lines = [line for line in lines if line.number > headings_row]
        if not lines:
            raise SheetUnreadable(Unreadable.EMPTY)
        if len(lines) > MOST_ROWS:
            raise SheetUnreadable(Unreadable.TOO_MANY_ROWS, str(MOST_ROWS))
    except SheetUnreadable as error:
        yield {"unreadable": error.code.value, "name": error.name}
        return
    except MemoryError:
        yield {"unreadable": Unreadable.TOO_LARGE.value, "name": str(MOST_MEMORY)}
        return
    zone, now = ZoneInfo(order["zone"]), datetime.fromisoformat(order["now"])
    if order["what"] == "look":
        sample = lines[:SAMPLE_ROWS]
        yield {
            "headings_row": headings_row,
            "headings": headings,
            "headings_set": heading_set(headings),
            "rows": len(lines),
            "sample": [shown(line) for line in sample],
            "mapping": _suiting(guessed(headings), sample, order["country"], now, zone).plain,
        }
        return
    mapping = mapping_of(order["mapping"])
    coming = (line for line in lines if line.number > order["after"])
    judged = (
        (line, lead_of_row(line.cells, mapping, country=order["country"], now=now, zone=zone))
        for line in coming
    )
    yield from ({"batch": batch} for batch in _batches(judged))


def shown(line: SheetLine) -> list[str]:
    """The texts of a row, the longest ones cut."""
    return [cell.text[:MOST_SHOWN].replace("\0", "") for cell in line.cells]


def _lines(data: bytes) -> list[SheetLine]:
    lines = []
    cells = text = 0
    for line in read_sheet(data, is_heading, limits=LIST_LIMITS):
        lines.append(line)
        cells += len(line.cells)
        if cells > MOST_CELLS or len(lines) > 2 * MOST_ROWS:
            raise SheetUnreadable(Unreadable.TOO_LARGE, str(MOST_CELLS))
        text += sum(len(cell.text) for cell in line.cells)
        if text > MOST_TEXT:
            raise SheetUnreadable(Unreadable.TOO_LARGE, str(MOST_TEXT))
    return lines


def _suiting(
    mapping: ColumnMapping,
    sample: Sequence[SheetLine],
    country: str,
    now: datetime,
    zone: ZoneInfo,
) -> ColumnMapping:
    """The guess, without columns whose headings promise what most of their cells don't hold."""
    wrong: dict[str, int] = {}
    for line in sample:
        for fault in lead_of_row(line.cells, mapping, country=country, now=now, zone=zone).faults:
            wrong[fault.field] = wrong.get(fault.field, 0) + 1
    return ColumnMapping(
        mapping.headings,
        tuple(
            ColumnUse.FIELD
            if use not in (ColumnUse.PHONE, ColumnUse.KEY)
            and wrong.get(heading, 0) * 2 > len(sample)
            else use
            for heading, use in zip(mapping.headings, mapping.uses, strict=True)
        ),
    )


def _batches(rows: Iterable[tuple[SheetLine, JudgedRow]]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for line, judged in rows:
        texts = shown(line)
        lead = judged.lead
        plain = lead and {
            "key": lead.key,
            "name": lead.name,
            "numbers": [[number.e164, number.kind, number.zone] for number in lead.numbers],
            "timezone": lead.timezone,
            "language": lead.language,
            "consent_at": lead.consent_at and lead.consent_at.isoformat(),
            "fields": lead.fields,
        }
        faults = [[fault.field, fault.why.value] for fault in judged.faults]
        batch.append([line.number, plain, faults, texts])
        size += sum(map(len, texts)) + 200
        if len(batch) >= _PER_BATCH or size > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


if __name__ == "__main__":
    main()
