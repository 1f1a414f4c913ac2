"""Measures what open pages cost calls: offers with and without them, in turns, on one centre.

350 agents are at SIP phones, 100 queues in 20 projects ask for 10 skills, an agent serves some
thirty queues, and SIPp makes 4 calls a second on a real Asterisk; talks are of 8 s on the mean. In
every other round 350 desks and 20 supervisors' boards, which all differ, are held open
over real websockets (``open_pages``).

An offer's time is from the entry into the queue to the INVITE at the phone's socket, as in
``bench_offers``. A page's lag is the time from an agent's change, as it is recorded, until the page
has read a frame that shows it or a later one.
"""

import asyncio
import json
import os
import random
import secrets
import sys
import tempfile
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from bench import rig, sipp
from bench.offer_times import log_in_all, quantiles, settled
from bench.phones import Phones
from domain.identity import AgentCode, ProjectName
from domain.roles import Role
from offhook.stack import Stack
from storage.accounts import accounts_of
from storage.database import make_pool
from storage.users import token_hash
from telephony.asterisk.generated_files import Ports

AGENTS, QUEUES, PROJECTS, SKILLS, SUPERVISORS = 350, 100, 20, 10, 20
CALLS_PER_S, TALK_S = 4.0, 8.0
ROUND_S = float(os.environ.get("OFFHOOK_BENCH_ROUND_S", "60"))
ROUNDS = int(os.environ.get("OFFHOOK_BENCH_ROUNDS", "5"))
"""Of each kind."""
WARM_S, SETTLE_S = 10.0, 5.0
LAST_S = 2.0
"""Changes so shortly before a round's end are not asked after: pages may still get them."""
TARGET_MS, TARGET_LAG_S, TARGET_SHARE = 20.0, 1.0, 1 / 3

_FLOW = """flow: to_{queue}
languages: [en]
start: wait
prompts:
  next: {{en: You are next. Please stay on the line.}}
  place: {{en: "You are number {{position}} in the queue."}}
announcements: {{next: next, position: place}}
nodes:
  wait:
    kind: queue
    queue: {queue}
    exits: {{talked: bye, timeout: bye, nobody: bye, failed: bye}}
  bye: {{kind: hangup}}
"""


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
    offers_ms: list[float]
    lags_s: list[float]
    used: rig.Used
    others: Mapping[str, float]
    """CPU seconds of the far end's processes."""
    seconds: float
    frames: int
    kilobytes: float


def measure() -> dict[str, Any]:
    """Offers' p50 and p99 with and without pages, pages' lag, CPU shares; JSON-able."""
    return asyncio.run(_measure())


def configuration(callers_from: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The centre, and its flows: one for each queue, which leads there at once."""
    rng = random.Random(10)
    centre = rig.centre(flow="", agents=AGENTS, callers_from=callers_from, channels=1_000)
    projects = [f"p{number}" for number in range(PROJECTS)]
    centre["projects"] = [{"name": name, "title": name.upper()} for name in projects]
    centre["queues"] = [
        {"name": f"q{number}", "project": projects[number % PROJECTS],
         "skill": f"s{number % SKILLS}",
         "title": {"en": f"Queue {number}", "zh-CN": f"队列 {number}"}}
        for number in range(QUEUES)
    ]  # fmt: skip
    centre["hotlines"] = [
        {"number": number, "project": queue["project"], "flow": f"to_{queue['name']}"}
        for number, queue in zip(_numbers(), centre["queues"], strict=True)
    ]
    for agent in centre["agents"]:
        agent["projects"] = rng.sample(projects, 3)
        agent["skills"] = {f"s{number}": 1 for number in rng.sample(range(SKILLS), 3)}
    flows = {f"to_{q['name']}": _FLOW.format(queue=q["name"]) for q in centre["queues"]}
    return centre, flows


def _numbers() -> list[str]:
    return [str(int(rig.HOTLINE) + number) for number in range(QUEUES)]


async def _measure() -> dict[str, Any]:
    ports = rig.free_ports(6, rtp=1_400)
    phones_port, callers_port = ports.rtp_end + 1, ports.rtp_end + 4
    centre, flows = configuration(f"127.0.0.2:{callers_port}")
    rounds: list[_Round] = []
    async with rig.stack(centre, flows, ports) as stack:
        phones = Phones(
            ("127.0.0.1", phones_port),
            ("127.0.0.1", ports.sip),
            {s.name: stack.secrets.sip[s.name] for s in stack.centre.stations},
        )
        phones.talk_s = TALK_S
        await phones.start()
        try:
            await log_in_all(stack, AGENTS)
            pages = await sign_in_all(stack, centre)
            await _calls(ports, callers_port, WARM_S)
            await settled(stack, phones)
            for number in range(2 * ROUNDS):
                # They take turns to begin, so that a drift of the machine hits both.
                opened = bool(number % 2) ^ bool(number // 2 % 2)
                phones.invited.clear()
                rounds.append(await _round(stack, phones, ports, callers_port, pages, opened))
        finally:
            phones.close()
    return _figures(rounds)


async def sign_in_all(stack: Stack, centre: Mapping[str, Any]) -> list[OpenPage]:
    """Users for all agents and supervisors, with their sessions, as if they had signed in."""
    rng = random.Random(20)
    pages = []
    pool = await make_pool(stack.dsn, pool_size=2)
    try:
        users, password = accounts_of(pool).users, secrets.token_urlsafe(16)
        await users.create("model", password, Role.QA, by="bench", projects=None)
        for agent in centre["agents"]:
            code, projects = agent["code"], agent["projects"]
            token = await _session(pool, f"a{code}", Role.AGENT, projects, AgentCode(code))
            pages.append(OpenPage(f"a{code}", "/desk/live", token, frozenset({code})))
        for number in range(SUPERVISORS):
            projects = [f"p{number}", *rng.sample([f"p{n}" for n in range(PROJECTS)], number)]
            token = await _session(pool, f"s{number}", Role.SUPERVISOR, projects, None)
            seen = frozenset(
                agent["code"]
                for agent in centre["agents"]
                if set(projects) & set(agent["projects"])
            )
            pages.append(OpenPage(f"s{number}", "/board/live", token, seen))
    finally:
        await pool.close()
    return pages


async def _session(
    pool: asyncpg.Pool, name: str, role: Role, projects: Iterable[str], agent: AgentCode | None
) -> str:
    """A user with the password of ``model``, hashed once for all; the token of a session."""
    token = secrets.token_urlsafe(32)
    own = sorted({ProjectName(project) for project in projects})
    await pool.execute(
        "insert into users (name, password_hash, role, projects, agent, created_at,"
        " password_changed_at) select $1, password_hash, $2, $3, $4, created_at,"
        " password_changed_at from users where name = 'model'",
        *(name, str(role), own, agent),
    )
    await pool.execute(
        "insert into sessions (token_hash, name, created_at, expires_at, seen_at)"
        " values ($1, $2, now(), now() + interval '12 hours', now())",
        *(token_hash(token), name),
    )
    return token


async def _round(
    stack: Stack,
    phones: Phones,
    ports: Ports,
    callers_port: int,
    pages: list[OpenPage],
    opened: bool,
) -> _Round:
    with tempfile.TemporaryDirectory(prefix="offhook-pages-") as folder:
        file = Path(folder) / "frames"
        async with _open(stack, pages if opened else [], file) as reader:
            await asyncio.sleep(SETTLE_S)
            own, before = psutil.Process().cpu_times(), rig.used(stack)
            reading = _cpu(reader)
            began = datetime.now(UTC)
            counts = await _calls(ports, callers_port, ROUND_S)
            ended = datetime.now(UTC)
            used = rig.used(stack) - before
            after = psutil.Process().cpu_times()
            others = {
                "sipp": counts.cpu_s,
                "phones": after.user + after.system - own.user - own.system,
                "pages": _cpu(reader) - reading,
            }
            await asyncio.sleep(LAST_S)
        arrived = [json.loads(line) for line in _lines_of(file)]
    changes = await _changes(stack, began.timestamp(), ended.timestamp() - LAST_S)
    found = await settled(stack, phones)
    during = [each for each in arrived if each[1] >= began.timestamp()]
    return _Round(
        pages=opened,
        offers_ms=[one["entered"] for one in found if one["entered"] is not None],
        lags_s=lags(pages if opened else [], arrived, changes),
        used=used,
        others=others,
        seconds=(ended - began).total_seconds(),
        frames=len(during),
        kilobytes=sum(len(each[2]) for each in during) / 1024,
    )


@asynccontextmanager
async def _open(
    stack: Stack, pages: list[OpenPage], file: Path
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
            "url": stack.console_url.rstrip("/"),
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


async def _calls(ports: Ports, port: int, seconds: float) -> sipp.SippCounts:
    calls = int(CALLS_PER_S * seconds)
    outcome = await sipp.run(
        sipp.CALLER,
        ("127.0.0.1", ports.sip),
        source=("127.0.0.2", port),
        service="",
        services=_numbers(),
        calls=calls,
        rate=CALLS_PER_S,
        at_once=AGENTS,
        media_port=port + 1,
        timeout_s=300,
    )
    if outcome.failed:
        raise sipp.SippFailed(f"{outcome.failed} of {calls} calls failed")
    return outcome


async def _changes(stack: Stack, since: float, until: float) -> list[tuple[str, float]]:
    """Which agents changed, and when."""
    database = await asyncpg.connect(stack.dsn)
    try:
        rows = await database.fetch(
            "select agent, extract(epoch from at)::float8 as at from agent_facts"
            " where at between to_timestamp($1) and to_timestamp($2) order by at",
            *(since, until),
        )
    finally:
        await database.close()
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
    kinds = {"without_pages": [one for one in rounds if not one.pages], "with_pages": with_pages}
    offers = {kind: _offers(of) for kind, of in kinds.items()}
    shares = {kind: _shares(of) for kind, of in kinds.items()}
    seconds = sum(one.seconds for one in with_pages)
    return {
        "offers_ms": offers,
        "page_lag_s": {"p50": lag["p50"], "p99": lag["p99"], "max": lag["max"],
                       "changes": lag["offers"]},
        "cores_used": shares,
        "frames_per_s": round(sum(one.frames for one in with_pages) / seconds, 1),
        "kilobytes_per_s": round(sum(one.kilobytes for one in with_pages) / seconds, 1),
        "agents": AGENTS,
        "queues": QUEUES,
        "desks": AGENTS,
        "supervisors": SUPERVISORS,
        "calls_per_s": CALLS_PER_S,
        "talk_s": TALK_S,
        "rounds_of_each": ROUNDS,
        "round_s": ROUND_S,
        "processors": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "target": {"p99_ms": TARGET_MS, "lag_s": TARGET_LAG_S, "controller": TARGET_SHARE},
        "met": offers["with_pages"]["p99"]["median"] <= TARGET_MS
        and lag["max"] <= TARGET_LAG_S
        and shares["with_pages"]["controller"]["median"] <= TARGET_SHARE,
    }  # fmt: skip


def _offers(rounds: list[_Round]) -> dict[str, Any]:
    each = [quantiles(one.offers_ms) for one in rounds]
    return {
        "p50": rig.spread([one["p50"] for one in each], 2),
        "p99": rig.spread([one["p99"] for one in each], 2),
        "all_rounds": quantiles([offer for one in rounds for offer in one.offers_ms]),
    }


def _shares(rounds: list[_Round]) -> dict[str, Any]:
    """How much of one core each process used; far ends' as well."""
    found = {
        "controller": [one.used.controller / one.seconds for one in rounds],
        "asterisk": [one.used.asterisk / one.seconds for one in rounds],
        "postgres": [one.used.postgres / one.seconds for one in rounds],
    }
    for name in ("sipp", "phones", "pages"):
        found[name] = [one.others[name] / one.seconds for one in rounds]
    return {name: rig.spread(values, 3) for name, values in found.items()}
