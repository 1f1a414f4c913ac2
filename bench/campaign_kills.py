"""A campaign whose controller is killed again and again while sixty calls ring, and its books.

The customers, and half of the agents' phones, are the far end's; the other agents are nailed up. At
random moments the controller gets SIGKILL and is started again, at once or after some seconds. When
all is over, three books are compared call by call: the database, Asterisk's log of channel events,
and what the far end saw.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import Any

import asyncpg

from bench.kills_result import Kill, KillsResult, after_kill, badly_served
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_service import Campaigns
from dialer.attempt_stages import AttemptStage
from domain.identity import CampaignName, LineName, ProjectName, StationName
from domain.roles import Actor, Role
from farend.ami_client import FarEndError
from farend.called_customers import key_of
from farend.compared_books import differences
from farend.console_client import ConsoleClient
from farend.network import FarEnd
from farend.outreach_books import booked_call, logged_calls, logged_otherwise, not_kept, written
from farend.seen_calls import SeenCall
from offhook.stack import Stack
from storage.embedded import EmbeddedServer
from supervision.controller_process import ControllerError

AGENTS, NAILED_UP = 12, 6
RINGING = 60
LINES = 80
TALK_S = 8.0
"""So long a customer who answers stays, which is longer than the grace and the message's start."""
CAMPAIGN = CampaignName("killed")
_ACTOR = Actor("bench", Role.ADMIN, None)
_TOP_UP = 150
_RING_S = 15.0
_RINGING_WITHIN_S, _OVER_WITHIN_S = 60.0, 120.0
_TOLERANCE_S = 2.0
"""Events come late while a controller starts on a busy machine; what happened before that is dated
by Asterisk's log."""
_SENT_WITHIN_S = 6.0
"""A call that was decided on goes out within this time, or not at all."""
_STARTS = 5
_SHORT = "it is not whole"
_LOOK_EVERY_S = 0.1


class KilledCampaign:
    """The campaign on a stack with its far end. The stack's agents 1001 ... have no state yet, or
    are ready at the phones of the same names. ``say`` is told each kill, in a line."""

    def __init__(
        self,
        stack: Stack,
        far: FarEnd,
        console: ConsoleClient,
        pool: asyncpg.Pool,
        *,
        queue: str,
        line: LineName,
        seed: int,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stack = stack
        self._far = far
        self._console = console
        self._pool = pool
        self._queue = queue
        self._line = line
        self._rng = random.Random(seed)
        self._say = say
        self._agents = [agent.code for agent in stack.centre.agents]
        self._nailed = frozenset(self._agents[:NAILED_UP])
        self._numbers: list[str] = []
        self._list = 0
        self._kills: list[Kill] = []
        self._faults: list[str] = []

    async def run(
        self,
        kills: int,
        *,
        within_s: float = inf,
        database: EmbeddedServer | None = None,
        away_s: float = 60.0,
    ) -> KillsResult:
        """Kill so many times, or as often as ``within_s`` allows; stop ``database`` for ``away_s``
        if it is given; let all calls end, and compare.

        Raises FarEndError if the campaign doesn't get as far as that.
        """
        await self._begin()
        deadline = time.monotonic() + within_s
        for number in range(1, kills + 1):
            if time.monotonic() > deadline:
                break
            await self._top_up()
            await self._until(lambda: len(self._ringing()) >= RINGING, _RINGING_WITHIN_S, "ringing")
            await asyncio.sleep(self._rng.uniform(0.0, 2.0))
            at, ringing = time.time(), len(self._ringing())
            await self._stack.controller.kill()
            await asyncio.sleep(max(0.0, self._rng.uniform(-4.0, 4.0)))
            await self._start_again()
            self._kills.append(Kill(at, time.time()))
            self._say(
                f"kill {number} of {kills}: {ringing} rang, away for {time.time() - at:.1f} s,"
                f" {len(self._numbers)} numbers until now"
            )
        if database is not None:
            await self._without(database, away_s)
        await self._move(CampaignState.DRAINING)
        return await self._result()

    async def _start_again(self) -> None:
        """As ``offhook up`` does: on a machine that is too busy, a start may take too long."""
        for left in reversed(range(_STARTS)):
            try:
                await self._stack.controller.start()
            except ControllerError:
                if not left:
                    raise
            else:
                return

    async def _without(self, database: EmbeddedServer, away_s: float) -> None:
        """The database goes away while calls ring, and comes back."""
        await self._top_up()
        await self._until(lambda: len(self._ringing()) >= RINGING, _RINGING_WITHIN_S, "ringing")
        await asyncio.to_thread(database.stop)
        gone_at = time.time()
        await asyncio.sleep(away_s)
        called = sum(call.began_at > gone_at + _SENT_WITHIN_S for call in self._seen())
        if called:
            self._faults.append(f"{called} were called without the database")
        await asyncio.to_thread(database.start)
        self._say(f"the database was away for {time.time() - gone_at:.0f} s")
        await self._until(self._dials, _RINGING_WITHIN_S, "calls again")

    async def _dials(self) -> bool:
        await self._top_up()
        return len(self._ringing()) >= RINGING

    # --- the campaign

    async def _begin(self) -> None:
        for agent in self._agents:
            await self._far.phone(StationName(agent), "answer-0.3,speak-2,hangup")
        await self._far.nail_up(map(StationName, sorted(self._nailed)), ears=False)
        states = {row["code"]: row["state"] for row in (await self._console.board())["agents"]}
        for agent in self._agents:
            if states[agent] == "logged_out":
                await self._submit(f"agents/{agent}/log_in", "board", station=agent)
        for agent in sorted(self._nailed):
            await self._submit(f"agents/{agent}/connect", "board")
        await self._until(self._nailed_up, 60.0, "phones nailed up")
        for agent in self._agents:
            await self._submit(f"agents/{agent}/ready", "board")
        project: ProjectName = self._stack.centre.projects[0].name
        self._list = await self._pool.fetchval(
            "insert into lists (project, title, made_by) values ($1, 'kills', 'bench')"
            " returning list",
            project,
        )
        settings = CampaignSettings(
            title="Killed",
            mode=Mode.POWER,
            ratio=10,
            queue=self._queue,
            line=self._line,
            lines=LINES,
            calls_per_second=15.0,
            rules="us",
            share=1.0,
            ring_s=_RING_S,
            most_attempts=1,
            caller_id="4008001000",
            message={"en": "This is Offhook Tea, 400 800 1000. Press 9 for no more calls."},
        )
        campaigns = Campaigns(self._pool)
        await self._top_up()
        made = await campaigns.make(_ACTOR, CAMPAIGN, project, settings)
        await campaigns.change(_ACTOR, CAMPAIGN, made.change, lists=[self._list])
        await self._move(CampaignState.RUNNING)

    async def _move(self, to: CampaignState) -> None:
        page = f"campaigns/{CAMPAIGN}"
        await self._submit(f"{page}/state", page, to=to.value)

    async def _nailed_up(self) -> bool:
        legs = {row["code"]: row["leg"] for row in (await self._console.board())["agents"]}
        return all(legs.get(agent) == "up" for agent in self._nailed)

    async def _top_up(self) -> None:
        """See to it that there are enough numbers that nobody has called."""
        left = await self._pool.fetchval(
            "select count(*) from leads where list = $1 and attempts = 0", self._list
        )
        if left >= _TOP_UP:
            return
        first = 8_613_700_000_000 + len(self._numbers)
        numbers = [f"+{first + place}" for place in range(_TOP_UP)]
        self._numbers += numbers
        for start in range(0, len(numbers), 50):
            await asyncio.gather(
                *(self._far.plan(number, self._plan()) for number in numbers[start : start + 50])
            )
        await self._pool.execute(
            "with made as (insert into leads (list, project, key, timezone)"
            " select $1, l.project, number, $3 from lists l, unnest($2::text[]) as number"
            " where l.list = $1 returning lead, key)"
            " insert into lead_numbers (lead, place, number) select lead, 1, key from made",
            self._list,
            numbers,
            _zone_at_noon(),
        )

    def _plan(self) -> str:
        draw, ring_s = self._rng.random(), self._rng.uniform(2.0, 14.0)
        if draw < 0.15:
            return f"answer-{ring_s:.1f},speak-{TALK_S:g},hangup"
        if draw < 0.20:
            return f"wait-2,answer-{ring_s / 2:.1f},speak-{TALK_S:g},hangup"
        if draw < 0.32:
            return f"ring-{ring_s:.1f},busy"
        return "refuse-404" if draw < 0.37 else "ring"

    def _ringing(self) -> list[SeenCall]:
        return [call for call in self._seen() if call.answered_at is None and call.over_at is None]

    def _seen(self) -> list[SeenCall]:
        return [call for call in self._far.seen.calls.values() if call.number]

    # --- what came of it

    async def _result(self) -> KillsResult:
        await self._until(self._all_over, _OVER_WITHIN_S, "end of all calls", fail=False)
        rows = await written(self._pool, CAMPAIGN)
        seen = self._seen()
        books = [booked_call(row) for row in rows]
        log = await asyncio.to_thread(logged_calls, self._stack.instance.cel, self._stack.centre)
        faults = [*self._faults, *differences(books, seen, tolerance_s=_TOLERANCE_S)]
        faults += logged_otherwise(books, log, tolerance_s=_TOLERANCE_S)
        # Sound that comes late on a busy machine makes a recording a little shorter than its talk.
        lacking = not_kept(rows)
        faults += [each for each in lacking if not each.endswith(_SHORT)]
        faults += [f"{name} is left in Asterisk" for name in await self._channels()]
        faults += badly_served(rows, seen, self._nailed)
        by_key = {key_of(row["number"]): row for row in rows}
        return KillsResult(
            [after_kill(kill, by_key, seen) for kill in self._kills],
            len(rows),
            sum(row["answered_at"] is not None for row in rows),
            sum(row["talk_at"] is not None for row in rows),
            sum(row["stage"] == AttemptStage.UNKNOWN for row in rows),
            sum(each.endswith(_SHORT) for each in lacking),
            faults,
        )

    async def _all_over(self) -> bool:
        open_ones = await self._pool.fetchval(
            "select count(*) from attempts"
            " where campaign = $1 and ended_at is null and stage <> 'unknown'",
            CAMPAIGN,
        )
        return not open_ones and not self._ringing() and not await self._channels()

    async def _channels(self) -> list[str]:
        """The customers' channels that Asterisk has."""
        text = await self._stack.instance.process.console("core show channels concise")
        names = [row.split("!")[0] for row in text.splitlines() if "!" in row]
        return [name for name in names if name.startswith(f"PJSIP/{self._line}-")]

    async def _submit(self, path: str, on: str, **form: str) -> None:
        status, said = await self._console.submit(path, on, **form)
        if status != 200:
            raise FarEndError(f"the console answered {path} with {status}: {said[:200]}")

    async def _until(
        self, done: Callable[[], Any], within_s: float, what: str, *, fail: bool = True
    ) -> None:
        deadline = time.monotonic() + within_s
        while True:
            found = done()
            if await found if asyncio.iscoroutine(found) else found:
                return
            if time.monotonic() > deadline:
                if fail:
                    rows = await self._pool.fetch(
                        "select stage, outcome, count(*) from attempts group by 1, 2 order by 1, 2"
                    )
                    raise FarEndError(
                        f"waited for {what} for {within_s:.0f} s; {len(self._ringing())} calls"
                        f" ring; attempts: {[tuple(row) for row in rows]}"
                    )
                return
            await asyncio.sleep(_LOOK_EVERY_S)


def _zone_at_noon() -> str:
    """A time zone in which it is about noon, so that people may be called."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
