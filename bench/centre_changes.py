"""Measures how soon saved changes are in force, and what they cost calls.

In every other round somebody from operations changes the ``large_centre`` once a second while calls
come in, in the console's own pages: they open the form, change something, save it, and see the next
page. In turn they change an agent's skills, change a queue, make a phone, an agent with a console
user and an away reason, and undo one of these. Their board is open in all rounds.

A change's time is from when it is saved, which is when its transaction begins to write, until the
engine works with it, as the controller's log says. From the click it takes longer: the password of
a new agent's user is hashed first, at low priority. When a new name of an agent or a queue was
read on the board is given as well.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from bench import rig
from bench.console_forms import ConsoleForms, Form
from bench.large_centre import (
    AGENTS,
    LAST_S,
    QUEUES,
    ROUND_S,
    SKILLS,
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
from domain.roles import Role

CHANGES_PER_S = 1.0
TARGET_S, TARGET_MS = 1.0, 20.0

_IN_FORCE = re.compile(r"^timestamp=(\S+) .*event=\"a change is in force\" revision=(\d+)", re.M)


@dataclass(slots=True)
class _Change:
    """One form that was sent; times are of the civil clock, in seconds."""

    kind: str
    number: int
    sent_at: float = 0.0
    saved_at: float = 0.0
    in_force_at: float = float("inf")
    shown_at: float | None = None

    @property
    def mark(self) -> str:
        """Its note, and the name that it gives what the board shows."""
        return f"bench {self.number}"


@dataclass(slots=True)
class Operations:
    """Somebody who changes the centre all the time."""

    centre: LargeCentre
    forms: ConsoleForms
    made: list[_Change] = field(default_factory=list)
    _rng: random.Random = field(default_factory=lambda: random.Random(30))

    async def change_for(self, seconds: float) -> None:
        """Make changes for so long."""
        began = time.monotonic()
        for number in range(int(seconds * CHANGES_PER_S)):
            await asyncio.sleep(max(0.0, began + number / CHANGES_PER_S - time.monotonic()))
            await self._next()

    def read(self, frame: str) -> None:
        """Note what a frame of the board shows."""
        now = time.time()
        for change in reversed(self.made):
            if change.shown_at is None and f'"{change.mark}"' in frame:
                change.shown_at = now

    async def _next(self) -> None:
        number = len(self.made)
        kinds: Sequence[tuple[str, Callable[[_Change], Awaitable[None]]]] = (
            ("an agent's skills", self._skills),
            ("a queue", self._queue),
            ("a new phone", self._phone),
            ("a new agent", self._agent),
            ("a new away reason", self._reason),
            ("an undo", self._undo),
        )
        kind, make = kinds[number % len(kinds)]
        change = _Change(kind, number)
        self.made.append(change)
        await make(change)

    async def _save(self, change: _Change, path: str, fill: Callable[[Form], None]) -> None:
        def sending() -> None:
            change.sent_at = time.time()

        def filled(form: Form) -> None:
            fill(form)
            form.put("change.note", change.mark)

        await self.forms.fill(path, filled, sending=sending)

    async def _skills(self, change: _Change) -> None:
        def fill(form: Form) -> None:
            form.put("name", change.mark)
            now = self._rng.sample(range(SKILLS), 3)
            for skill in range(SKILLS):
                level = str(self._rng.randint(1, 10)) if skill in now else ""
                form.put(f"skills.s{skill}", level)

        code = 1000 + self._rng.randrange(AGENTS)
        await self._save(change, f"/centre/agent/{code}", fill)

    async def _queue(self, change: _Change) -> None:
        def fill(form: Form) -> None:
            form.put("title.en", change.mark)
            form.put("service_level_s", str(15 + change.number % 10))

        await self._save(change, f"/centre/queue/q{self._rng.randrange(QUEUES)}", fill)

    async def _phone(self, change: _Change) -> None:
        await self._save(
            change,
            "/centre/new/station",
            lambda form: form.put("name", str(70_000 + change.number)),
        )

    async def _agent(self, change: _Change) -> None:
        def fill(form: Form) -> None:
            form.put("code", str(50_000 + change.number))
            form.put("name", change.mark)
            form.put("projects", "p1", "p2")
            form.put("skills.s1", "1")
            # The page suggests a free phone, whose making could not be undone then.
            form.put("station", "")

        await self._save(change, "/centre/new/agent", fill)

    async def _reason(self, change: _Change) -> None:
        await self._save(
            change,
            "/centre/new/away_reason",
            lambda form: form.put("name", f"reason-{change.number}"),
        )

    async def _undo(self, change: _Change) -> None:
        """Another one of the five before it each time."""
        undone = self.made[change.number - 5 + change.number // 6 % 5]
        rows = await self.centre.fetch(
            "select id from directory_changes where note = $1", undone.mark
        )
        await self._save(change, f"/centre/history/{rows[0]['id']}", lambda _: None)


def measure() -> dict[str, Any]:
    """Changes' times, and offers' p50 and p99 with and without changes; JSON-able."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    without, during = [], []
    async with large_centre() as centre, aiohttp.ClientSession() as http:
        (token,) = await sign_in(centre.stack, [NewUser("operations", Role.OPS, None)])
        someone = Operations(centre, ConsoleForms(http, centre.url, token))
        board = asyncio.create_task(someone.forms.watch("/board/live", someone.read))
        try:
            for changes in turns():
                if changes:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(someone.change_for(ROUND_S))
                        during.append(await centre.load())
                else:
                    without.append(await centre.load())
            await asyncio.sleep(LAST_S)
        finally:
            board.cancel()
        await _follow(centre, someone.made)
    return _figures(without, during, someone.made)


async def _follow(centre: LargeCentre, made: Sequence[_Change]) -> None:
    """Find out when each was saved, and since when the engine worked with it."""
    rows = await centre.fetch(
        "select id, note, extract(epoch from at)::float8 as at from directory_changes"
        " where note like 'bench %'"
    )
    saved = {row["note"]: (row["id"], row["at"]) for row in rows}
    log = centre.stack.controller.log.read_text("utf-8", "replace")
    taken = [
        (int(revision), datetime.fromisoformat(at).timestamp())
        for at, revision in _IN_FORCE.findall(log)
    ]
    for change in made:
        number, change.saved_at = saved[change.mark]
        change.in_force_at = next((at for to, at in taken if to >= number), float("inf"))


def _figures(
    without: Sequence[Load],
    during: Sequence[Load],
    made: Sequence[_Change],
) -> dict[str, Any]:
    kinds: Mapping[str, Sequence[Load]] = {"without_changes": without, "with_changes": during}
    times = {kind: offers(of) for kind, of in kinds.items()}
    more = times["with_changes"]["p99"]["median"] - times["without_changes"]["p99"]["median"]
    by_kind: dict[str, list[float]] = {}
    for one in made:
        by_kind.setdefault(one.kind, []).append(one.in_force_at - one.saved_at)
    lost = sum(one.lost for one in (*without, *during))
    in_force = _seconds([one.in_force_at - one.saved_at for one in made])
    return {
        "in_force_s": in_force,
        "in_force_by_kind_s": {kind: _seconds(each) for kind, each in by_kind.items()},
        "from_the_click_s": _seconds([one.in_force_at - one.sent_at for one in made]),
        "shown_on_a_board_s": _seconds(
            [one.shown_at - one.saved_at for one in made if one.shown_at]
        ),
        "offers_ms": times,
        "p99_more_ms": round(more, 2),
        "cores_used": {kind: shares(of) for kind, of in kinds.items()},
        "calls": sum(one.calls for one in (*without, *during)),
        "calls_lost": lost,
        "changes_per_s": CHANGES_PER_S,
        **conditions(),
        "target": {"in_force_p99_s": TARGET_S, "p99_more_ms": TARGET_MS, "calls_lost": 0},
        "met": in_force["p99"] <= TARGET_S and more <= TARGET_MS and lost == 0,
    }


def _seconds(values: Sequence[float]) -> dict[str, float]:
    return {
        "p50": round(rig.percentile(values, 0.5), 3),
        "p99": round(rig.percentile(values, 0.99), 3),
        "max": round(max(values), 3),
        "changes": len(values),
    }
