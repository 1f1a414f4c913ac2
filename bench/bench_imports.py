"""Measures the import of 50,000 leads from CSV and XLSX: time, memory, and what it does to calls.

The database is the embedded one. ``loop_held_ms`` is the longest time for which the event loop was
held while a file was looked at and imported: so long an event of a call may have to wait.
``loop_worked_ms`` is the most of that in which it worked itself and didn't wait for a processor.
``idle`` is the same without an import, on the same machine.
"""

import asyncio
import json
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any
from zoneinfo import ZoneInfo

import psutil

from campaigns.import_progress import ImportState
from campaigns.lead_columns import ColumnMapping, ColumnUse
from campaigns.lead_lists import LeadLists
from campaigns.list_imports import ListImports
from documents.sheet_writing import csv_file, xlsx_file
from domain.identity import ProjectName
from domain.roles import Actor, Role
from storage.database import open_database

ROWS = 50_000
IDLE_S = 5.0
_LOOK_EVERY_S = 0.001
_MEMORY_EVERY_S = 0.05

_ADMIN = Actor("bench", Role.ADMIN)
_ZONE = ZoneInfo("Asia/Shanghai")
_HEADINGS = ("客户编号", "姓名", "手机", "电话2", "省份", "套餐", "到期日", "余额", "备注", "渠道")
_PROVINCES = ("北京", "广东省", "四川", "新疆", "")


@dataclass(slots=True)
class _Seen:
    """The longest time that the loop was held and worked, and the most memory of the readers."""

    held_ms: float = 0.0
    worked_ms: float = 0.0
    readers_mb: float = 0.0


def measure() -> dict[str, Any]:
    """The figures of both kinds of file."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    files: dict[str, Callable[[Iterator[list[str]]], bytes]] = {"csv": csv_file, "xlsx": xlsx_file}
    with tempfile.TemporaryDirectory(prefix="offhook-imports-") as folder:
        database = await open_database(Path(folder) / "state")
        try:
            async with _watching() as idle:
                await asyncio.sleep(IDLE_S)
            figures: dict[str, Any] = {"rows": ROWS, "idle": _loop(idle)}
            lists = LeadLists(database.pool)
            imports = ListImports(database.pool, lambda: _ZONE)
            for place, (kind, write) in enumerate(files.items()):
                made = await lists.make(_ADMIN, ProjectName("bench"), kind)
                data = await asyncio.to_thread(lambda: write(_table(place)))  # noqa: B023
                figures[kind] = await _imported(imports, made.list, data)
            again = await _imported(imports, made.list, data)
            figures["xlsx, again"] = again
            return figures
        finally:
            await database.close()


async def _imported(imports: ListImports, into: int, data: bytes) -> dict[str, Any]:
    own = psutil.Process()
    before = own.memory_info().rss
    async with _watching() as seen:
        began = perf_counter()
        found = await imports.upload(_ADMIN, into, "bench", data)
        looked = perf_counter()
        uses = _uses(found.mapping)
        found = await imports.begin(_ADMIN, found.number, uses)
        while found.under_way:
            await asyncio.sleep(0.2)
            found = await imports.progress(_ADMIN, found.number)
        ended = perf_counter()
    assert found.state is ImportState.FINISHED, found
    return {
        "file_mb": round(len(data) / 1e6, 1),
        "look_s": round(looked - began, 1),
        "import_s": round(ended - looked, 1),
        "imported": found.imported,
        "known": found.known,
        "duplicate": found.duplicate,
        "rejected": found.rejected,
        **_loop(seen),
        "reader_mb": round(seen.readers_mb, 1),
        "controller_grew_mb": round((own.memory_info().rss - before) / 1e6, 1),
    }


def _loop(seen: _Seen) -> dict[str, float]:
    return {"loop_held_ms": round(seen.held_ms, 1), "loop_worked_ms": round(seen.worked_ms, 1)}


def _uses(mapping: ColumnMapping) -> dict[str, ColumnUse]:
    return dict(zip(mapping.headings, mapping.uses, strict=True))


@asynccontextmanager
async def _watching() -> AsyncIterator[_Seen]:
    seen = _Seen()
    tasks = [asyncio.create_task(_watch_loop(seen)), asyncio.create_task(_watch_memory(seen))]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch_loop(seen: _Seen) -> None:
    last, worked = perf_counter(), thread_time()
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        seen.held_ms = max(seen.held_ms, (perf_counter() - last - _LOOK_EVERY_S) * 1000)
        seen.worked_ms = max(seen.worked_ms, (thread_time() - worked) * 1000)
        last, worked = perf_counter(), thread_time()


async def _watch_memory(seen: _Seen) -> None:
    own = psutil.Process()
    while True:
        for child in await asyncio.to_thread(own.children):
            try:
                if "campaigns.list_reader" in child.cmdline():
                    seen.readers_mb = max(seen.readers_mb, child.memory_info().rss / 1e6)
            except psutil.Error:  # it has ended
                continue
        await asyncio.sleep(_MEMORY_EVERY_S)


def _table(place: int) -> Iterator[list[str]]:
    """One in a hundred has a wrong number, one in a hundred is there twice."""
    chance = random.Random(place)
    yield list(_HEADINGS)
    for number in range(ROWS):
        who = number - 1 if number % 100 == 7 else number
        mobile = f"13{place + 5}{who:08}" if number % 100 != 50 else "1.38E+10"
        yield [
            *(f"K{place}{who:08}", f"客户{who}", mobile),
            f"010-6{place}{chance.randrange(10**6):06}" if number % 3 == 0 else "",
            *(chance.choice(_PROVINCES), chance.choice("ABC"), "2026-12-31"),
            *(f"{chance.randrange(10**6) / 100:.2f}", "=cmd" if number % 50 == 0 else "", "网点"),
        ]


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
