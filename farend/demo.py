"""``./run demo``: plays a small working day on a real Asterisk, with the far end as the public."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiohttp import ClientError

from acd.seat import AUTOMATIC_PAUSES
from configuration.centre_file import DEMO_CENTRE, load
from domain.identity import AgentCode, StationName
from domain.roles import Role
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
from farend.outreach import Outreach
from farend.outreach_books import result_of
from farend.outreach_centre import with_outreach
from offhook.stack import Stack, StackError, free_state
from offhook.up import until_stopped
from records.call_queries import CallStore, Summary
from storage.accounts import accounts_of
from storage.database import connection, make_pool
from storage.users import UserStore
from supervision.outlet import say
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.process import AsteriskError, check_free
from telephony.asterisk.provision import (
    find_or_install,
    find_or_install_espeak,
    find_or_install_openssl,
)

FIRST_PORT, LAST_PORT, BLOCK = 18_000, 23_000, 500
SETTLED_WITHIN_S = 30.0
CALL_ENDS_WITHIN_S = 180.0
CAMPAIGN_AGENTS, CAMPAIGN_WITHIN_S = 20, 530.0
"""How many agents a campaign has that is played by itself, and when it has to be dialled."""
SIDE_AGENTS, SIDE_LEADS = 4, 300
"""Of the campaign that goes on beside the callers."""


async def demo(
    state: Path, calls: int | None, *, campaign: int | None = None, as_json: bool
) -> int:
    """Play ``calls`` calls, or a campaign with ``campaign`` leads and nothing else, or both kinds
    until Ctrl-C. Returns the exit code.

    Raises StackError, with one line for a person, if it breaks off.
    """
    playing = _demo(state, calls, campaign, as_json=as_json)
    endless = calls is None and campaign is None
    try:
        return await until_stopped(playing, at_a_signal=0 if endless else 130)
    except (FarEndError, ConsoleRefused, ExceptionGroup) as error:
        first: Exception = error
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        if not isinstance(first, FarEndError | ConsoleRefused):
            raise
        raise StackError(f"the demo broke off: {first}") from error


async def _demo(state: Path, calls: int | None, campaign: int | None, *, as_json: bool) -> int:
    began = asyncio.get_running_loop().time()
    install = await asyncio.to_thread(find_or_install, say)
    await asyncio.to_thread(find_or_install_espeak, say)
    await asyncio.to_thread(find_or_install_openssl, say)
    await asyncio.to_thread(free_state, state)
    own = state / "centre.yaml"
    agents = 0
    if calls is None:
        agents = SIDE_AGENTS if campaign is None else CAMPAIGN_AGENTS
    centre_text = DEMO_CENTRE.read_text("utf-8")
    own.write_text(with_outreach(centre_text, agents) if agents else centre_text, "utf-8")
    config = load(own)
    blocks = _free_blocks()
    async with contextlib.AsyncExitStack() as running:
        stack = Stack(config, state, _next(blocks), install, progress=say)
        await running.enter_async_context(stack)
        say("starting the far end: the telephone network, the customers, the agents' phones")
        far_end = FarEnd(
            state / "farend", _next(blocks), install, stack.instance, stack.secrets.sip
        )
        running.push_async_callback(far_end.stop)
        await far_end.start()
        stack.keep()
        console = await running.enter_async_context(
            ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
        )
        say(f"console: {stack.console_url}  user: admin  password: {stack.secrets.admin}")
        pool = await make_pool(stack.dsn, pool_size=2)
        running.push_async_callback(pool.close)
        await _more_users(accounts_of(pool).users, stack)
        outreach = None
        if agents:
            leads = SIDE_LEADS if campaign is None else campaign
            outreach = Outreach(stack, far_end, console, pool, agents=agents, leads=leads)
            await outreach.begin()
        if outreach is not None and campaign is not None:
            left_s = CAMPAIGN_WITHIN_S - (asyncio.get_running_loop().time() - began)
            late = await outreach.until_dialled(left_s)
            result = await result_of(outreach, far_end, pool, stack.instance.cel, stack.centre)
            return _told(result.figures, late + result.faults, as_json=as_json)
        day = WorkingDay(stack, far_end, console, pool, outreach.agents if outreach else ())
        if outreach is not None:
            side = asyncio.create_task(outreach.until_dialled())
            running.callback(side.cancel)
        summary = await day.play(calls)
        faults = unaccounted(summary, calls or 0) + await day.faults()
        return _told(figures_of(summary), faults, as_json=as_json)


def _told(
    figures: Mapping[str, float | int | None], faults: Iterable[str], *, as_json: bool
) -> int:
    """Print figures and what is not accounted for; the exit code."""
    if as_json:
        print(json.dumps(figures), flush=True)
    else:
        say(", ".join(f"{name} {value}" for name, value in figures.items()))
    missing = list(faults)
    for line in missing:
        say(f"not accounted for: {line}")
    return 1 if missing else 0


async def _more_users(users: UserStore, stack: Stack) -> None:
    """Add a user of each role, so that the console can be seen as each of them sees it."""
    project = stack.centre.projects[0].name
    agent = stack.centre.agents[0].code
    password = stack.secrets.admin
    for role in (Role.SUPERVISOR, Role.OPS, Role.QA, Role.CLIENT):
        await users.create(str(role), password, role, by="demo", projects=[project])
    await users.create("agent", password, Role.AGENT, by="demo", projects=[project], agent=agent)
    say("other users, with the same password: supervisor, ops, qa, client, agent")


def _next(blocks: Iterator[Ports]) -> Ports:
    ports = next(blocks, None)
    if ports is None:
        raise StackError(
            f"no free ports between {FIRST_PORT} and {LAST_PORT} on 127.0.0.1; stop the programs"
            " that use them (an earlier demo?)"
        )
    return ports


def _free_blocks() -> Iterator[Ports]:
    for base in range(FIRST_PORT, LAST_PORT, BLOCK):
        ports = Ports.block(base)
        try:
            check_free(
                [
                    ("udp", "127.0.0.1", ports.sip, "SIP"),
                    ("tcp", "127.0.0.1", ports.sip, "SIP"),
                    ("tcp", "127.0.0.1", ports.ami, "AMI"),
                    ("tcp", "127.0.0.1", ports.agi, "FastAGI"),
                    ("tcp", "127.0.0.1", ports.console, "the console"),
                ]
            )
        except AsteriskError:
            continue
        yield ports


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
