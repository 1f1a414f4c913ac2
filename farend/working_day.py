"""The demo's working day: agents at their phones, customers who call, and the day's figures."""

import asyncio
import random
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiohttp import ClientError

from acd.seat import AUTOMATIC_PAUSES
from domain.identity import AgentCode, StationName
from farend.console_client import ConsoleClient, ConsoleRefused
from farend.customers import (
    ANSWERS_AFTER_S,
    BACK_AFTER_S,
    TALKS_S,
    Customer,
    customer,
    until_the_next,
)
from farend.network import FarEnd, FarEndError
from offhook.stack import Stack
from records.call_queries import CallStore, Summary
from storage.database import connection
from supervision.outlet import say

SETTLED_WITHIN_S = 30.0
CALL_ENDS_WITHIN_S = 180.0


def figures_of(summary: Summary) -> dict[str, float | int | None]:
    """The day's figures, as the demo prints them."""
    level = summary.service_level
    return {
        "offered": summary.offered,
        "answered": summary.answered,
        "abandoned": summary.abandoned + summary.short_abandoned,
        "short_abandoned": summary.short_abandoned,
        "service_level": None if level is None else round(level, 4),
        "mean_wait_s": round(summary.mean_wait_s, 2),
        "recordings": summary.recordings,
        "call_records": summary.call_records,
    }


def unaccounted(summary: Summary, calls: int) -> list[str]:
    """The figures that don't add up after ``calls`` calls; empty if every call is accounted for."""
    faults = []
    if summary.call_records != calls:
        faults.append(f"{calls} calls were made, {summary.call_records} are recorded")
    if summary.offered != calls:
        faults.append(f"{calls} calls were made, {summary.offered} reached a queue")
    if summary.open:
        faults.append(f"{summary.open} calls have no end")
    if summary.recordings != summary.answered:
        faults.append(f"{summary.answered} were answered, {summary.recordings} have a recording")
    left = summary.abandoned + summary.short_abandoned + summary.unserved
    if summary.offered != summary.answered + left:
        faults.append(f"{summary.offered} entered a queue, {summary.answered} + {left} left it")
    return faults


class WorkingDay:
    """The day: agents log in at their phones, customers call, and everything is printed."""

    def __init__(
        self,
        stack: Stack,
        far_end: FarEnd,
        console: ConsoleClient,
        pool: asyncpg.Pool,
        others: Collection[AgentCode] = (),
    ) -> None:
        """``others`` are agents who take part in something else."""
        self._others = others
        self._stack = stack
        self._far_end = far_end
        self._console = console
        self._pool = pool
        self._records = CallStore(pool)
        self._rng = random.Random(20)  # noqa: S311 - a play, the same each time
        self._started = datetime.now(UTC)
        self._customers: dict[str, tuple[str, Customer]] = {}
        self._stages: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self._scored: set[str] = set()
        self._coming_back: set[StationName] = set()
        self._open: set[asyncio.Task[None]] = set()

    async def play(self, calls: int | None) -> Summary:
        """Play until all calls have ended and their records are written, or until cancelled."""
        await self._agents_begin()
        watching = asyncio.create_task(self._watch())
        try:
            number = 0
            while calls is None or number < calls:
                number += 1
                await self._call(number)
                await asyncio.sleep(until_the_next(self._rng))
            if self._open:
                _, unended = await asyncio.wait(self._open, timeout=CALL_ENDS_WITHIN_S)
                if unended:
                    say(f"{len(unended)} calls have not ended within {CALL_ENDS_WITHIN_S:.0f} s")
            return await self._settled(calls)
        finally:
            for task in (watching, *self._open):
                task.cancel()

    async def faults(self) -> list[str]:
        """Recordings that are not whole, by call."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                "select call from call_facts where kind = 'recorded'"
                " and not (detail ->> 'whole')::boolean"
            )
        return [f"the recording of {row['call']} is not whole" for row in rows]

    async def _agents_begin(self) -> None:
        """Have each agent log in with *11, code and PIN, and get ready with *12."""
        say("agents log in at their phones (*11) and get ready (*12)")

        async def begin(station: StationName, code: str) -> None:
            await self._far_end.phone(
                station, f"answer-{ANSWERS_AFTER_S:g},speak-{TALKS_S:g},hangup"
            )
            pin = self._stack.secrets.pins[next(a.code for a in agents if a.code == code)]
            call = await self._far_end.dial(
                station, "*11", f"wait-2,press-{code}#,wait-2,press-{pin}#,stay"
            )
            await self._far_end.ended(call)
            await self._far_end.ended(await self._far_end.dial(station, "*12", "stay"))

        agents = [one for one in self._stack.centre.agents if one.code not in self._others]
        async with asyncio.TaskGroup() as tasks:
            for agent in agents:
                if agent.station is not None:
                    tasks.create_task(begin(agent.station, agent.code))

    async def _call(self, number: int) -> None:
        who = customer(number, self._rng)
        say(f"customer {who.number} calls over {who.line}")
        call = await self._far_end.customer(
            self._stack.centre.hotlines[0].number,
            who.steps,
            line=who.line,
            caller=who.number,
        )
        self._customers[who.number] = (call, who)
        task = asyncio.create_task(self._follow(call))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _follow(self, call: str) -> None:
        await self._far_end.ended(call, timeout=24 * 3600.0)

    async def _watch(self) -> None:
        """Print what the board shows, and let customers react to it."""
        while True:
            try:
                board = await self._console.board()
                self._tell_agents(board["agents"])
                self._bring_back(board["agents"])
                await self._tell_calls(board["calls"])
            except (ConsoleRefused, ClientError, FarEndError) as error:
                say(f"(the board can't be shown: {error!r})")
            await asyncio.sleep(0.4)

    def _tell_agents(self, agents: list[dict[str, Any]]) -> None:
        for agent in agents:
            state = agent["state"] + (f" ({agent['reason']})" if agent.get("reason") else "")
            if self._states.get(agent["code"]) != state:
                self._states[agent["code"]] = state
                say(f"  agent {agent['code']} {agent['name']}: {state}")

    def _bring_back(self, agents: list[dict[str, Any]]) -> None:
        """Have agents get ready again whom the system set away: they are back at their desks.

        Otherwise fewer and fewer would be left, and callers would wait longer and longer.
        """
        now = time.time()
        for agent in agents:
            if agent["code"] in self._others:
                continue
            away = agent["state"] == "paused" and agent["reason"] in AUTOMATIC_PAUSES
            if away and now - agent["since"] > BACK_AFTER_S and agent["station"]:
                back = asyncio.create_task(self._get_ready(StationName(agent["station"])))
                self._open.add(back)
                back.add_done_callback(self._open.discard)

    async def _get_ready(self, station: StationName) -> None:
        if station in self._coming_back:
            return
        self._coming_back.add(station)
        try:
            await self._far_end.ended(await self._far_end.dial(station, "*12", "stay"))
        except FarEndError as error:
            say(f"(the phone {station} can't call: {error})")
        finally:
            self._coming_back.discard(station)

    async def _tell_calls(self, calls: list[dict[str, Any]]) -> None:
        now = time.time()
        for call in calls:
            known = self._customers.get(call["caller"])
            if known is None:
                continue
            far_call, who = known
            if self._stages.get(call["id"]) != call["stage"]:
                self._stages[call["id"]] = call["stage"]
                with_whom = f" with {call['agent']}" if call.get("agent") else ""
                queue = f" in {call['queue']}" if call.get("queue") else ""
                say(f"  call {call['caller']}: {call['stage']}{queue}{with_whom}")
            waited = now - call["stage_since"]
            if call["stage"] == "after" and call["id"] not in self._scored and waited > 1.0:
                self._scored.add(call["id"])
                await self._far_end.press(far_call, who.score)
            elif (
                call["stage"] == "queue" and who.patience_s is not None and waited > who.patience_s
            ):
                say(f"  customer {who.number} has waited long enough and hangs up")
                await self._far_end.hang_up(far_call)

    async def _settled(self, calls: int | None) -> Summary:
        """The figures once everything is stored, or as they stand after a while if it never is."""
        deadline = asyncio.get_running_loop().time() + SETTLED_WITHIN_S
        while True:
            summary = await self._records.summary(self._started)
            late = asyncio.get_running_loop().time() > deadline
            if late or not unaccounted(summary, calls or 0):
                return summary
            await asyncio.sleep(0.3)
