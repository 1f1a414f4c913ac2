"""Measures what open pages cost calls: offers with and without them, in turns, on one centre.

In every other round 350 desks and 20 supervisors' boards, which all differ, are held open over real
websockets (``open_pages``) while calls come into the ``large_centre``.

A page's lag is the time from an agent's change, as it is recorded, until the page has read a frame
that shows it or a later one.
"""

import asyncio
import json
import random
import sys
import tempfile
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.large_centre import (
    AGENTS,
    LAST_S,
    PROJECTS,
    LargeCentre,
    Load,
    NewUser,
    conditions,
    large_centre,
    offers,
    shares,
    sign_in,
    turns,
)
from bench.offer_times import quantiles
from domain.roles import Role

SUPERVISORS = 20
SETTLE_S = 5.0
TARGET_MS, TARGET_LAG_S, TARGET_SHARE = 20.0, 1.0, 1 / 3


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page to be held open, and the agents whose changes it must show."""

    name: str
    path: str
    token: str
    agents: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Round:
    pages: bool
    load: Load
    lags_s: list[float]
    frames: int
    kilobytes: float


def measure() -> dict[str, Any]:
    """Offers' p50 and p99 with and without pages, pages' lag, CPU shares; JSON-able."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    async with large_centre() as centre:
        pages = await _sign_in_all(centre)
        return _figures([await _round(centre, pages, opened) for opened in turns()])


async def _sign_in_all(centre: LargeCentre) -> list[OpenPage]:
    """Users for all agents and supervisors, with their sessions, as if they had signed in."""
    rng = random.Random(20)
    agents = centre.configuration["agents"]
    users, seen = [], []
    for agent in agents:
        users.append(NewUser(f"a{agent['code']}", Role.AGENT, agent["projects"], agent["code"]))
        seen.append(frozenset({agent["code"]}))
    for number in range(SUPERVISORS):
        projects = {f"p{number}", *rng.sample([f"p{n}" for n in range(PROJECTS)], number)}
        users.append(NewUser(f"s{number}", Role.SUPERVISOR, projects))
        seen.append(frozenset(a["code"] for a in agents if projects & set(a["projects"])))
    paths = {Role.AGENT: "/desk/live", Role.SUPERVISOR: "/board/live"}
    tokens = await sign_in(centre.stack, users)
    return [
        OpenPage(user.name, paths[user.role], token, theirs)
        for user, token, theirs in zip(users, tokens, seen, strict=True)
    ]


async def _round(centre: LargeCentre, pages: list[OpenPage], opened: bool) -> _Round:
    with tempfile.TemporaryDirectory(prefix="offhook-pages-") as folder:
        file = Path(folder) / "frames"
        async with _open(centre, pages if opened else [], file) as reader:
            await asyncio.sleep(SETTLE_S)
            load = await centre.load(lambda: {"pages": _cpu(reader)})
        arrived = [json.loads(line) for line in _lines_of(file)]
    began, ended = load.began.timestamp(), load.ended.timestamp()
    changes = await _changes(centre, began, ended - LAST_S)
    during = [each for each in arrived if began <= each[1] <= ended]
    return _Round(
        pages=opened,
        load=load,
        lags_s=lags(pages if opened else [], arrived, changes),
        frames=len(during),
        kilobytes=sum(len(each[2]) for each in during) / 1024,
    )


@asynccontextmanager
async def _open(
    centre: LargeCentre, pages: list[OpenPage], file: Path
) -> AsyncIterator[asyncio.subprocess.Process | None]:
    """Holds the pages open; at the end their frames are in ``file``."""
    if not pages:
        yield None
        return
    reader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.open_pages"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert reader.stdin is not None and reader.stdout is not None
        asked = {
            "url": centre.url,
            "file": str(file),
            "pages": [{"name": p.name, "path": p.path, "token": p.token} for p in pages],
        }
        reader.stdin.write(json.dumps(asked).encode() + b"\n")
        await reader.stdin.drain()
        async with asyncio.timeout(120):
            assert await reader.stdout.readline() == b"open\n"
        yield reader
        reader.stdin.close()
        async with asyncio.timeout(60):
            await reader.wait()
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()


def _lines_of(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.exists() else []


def _cpu(process: asyncio.subprocess.Process | None) -> float:
    if process is None:
        return 0.0
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


async def _changes(centre: LargeCentre, since: float, until: float) -> list[tuple[str, float]]:
    """Which agents changed, and when."""
    rows = await centre.fetch(
        "select agent, extract(epoch from at)::float8 as at from agent_facts"
        " where at between to_timestamp($1) and to_timestamp($2) order by at",
        *(since, until),
    )
    return [(row["agent"], row["at"]) for row in rows]


def lags(
    pages: list[OpenPage],
    arrived: Iterable[tuple[str, float, str]],
    changes: Iterable[tuple[str, float]],
) -> list[float]:
    """For each page and each change that it must show: seconds until it did; infinite if never."""
    shown: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for name, at, text in arrived:
        frame = json.loads(text)
        for rows in (frame.get("all", {}), frame.get("set", {})):
            for code, row in rows.get("agents", {}).items():
                shown[name, code].append((row["since"], at))
    found = []
    changed = list(changes)
    for page in pages:
        for agent, at in changed:
            if agent in page.agents:
                rows = shown[page.name, agent]
                first = bisect_left(rows, at - 0.0015, key=lambda row: row[0])  # sent in ms
                found.append(rows[first][1] - at if first < len(rows) else float("inf"))
    return found


def _figures(rounds: list[_Round]) -> dict[str, Any]:
    with_pages = [one for one in rounds if one.pages]
    lag = quantiles([lag for one in with_pages for lag in one.lags_s])
    kinds: Mapping[str, list[Load]] = {
        "without_pages": [one.load for one in rounds if not one.pages],
        "with_pages": [one.load for one in with_pages],
    }
    times = {kind: offers(of) for kind, of in kinds.items()}
    used = {kind: shares(of) for kind, of in kinds.items()}
    seconds = sum(one.load.seconds for one in with_pages)
    return {
        "offers_ms": times,
        "page_lag_s": {"p50": lag["p50"], "p99": lag["p99"], "max": lag["max"],
                       "changes": lag["offers"]},
        "cores_used": used,
        "frames_per_s": round(sum(one.frames for one in with_pages) / seconds, 1),
        "kilobytes_per_s": round(sum(one.kilobytes for one in with_pages) / seconds, 1),
        "calls_lost": sum(one.load.lost for one in rounds),
        "desks": AGENTS,
        "supervisors": SUPERVISORS,
        **conditions(),
        "target": {"p99_ms": TARGET_MS, "lag_s": TARGET_LAG_S, "controller": TARGET_SHARE},
        "met": times["with_pages"]["p99"]["median"] <= TARGET_MS
        and lag["max"] <= TARGET_LAG_S
        and used["with_pages"]["controller"]["median"] <= TARGET_SHARE,
    }  # fmt: skip
