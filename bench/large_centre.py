"""A large centre for a benchmark: its agents at their phones, its calls, and what they cost.

350 agents are at SIP phones, 100 queues in 20 projects ask for 10 skills, an agent serves some
thirty queues, and SIPp makes 4 calls a second on a real Asterisk; talks are of 8 s on the mean.

An offer's time is from the entry into the queue to the INVITE at the phone's socket, as in
``bench_offers``.
"""

import asyncio
import os
import random
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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

AGENTS, QUEUES, PROJECTS, SKILLS = 350, 100, 20, 10
CALLS_PER_S, TALK_S = 4.0, 8.0
ROUND_S = float(os.environ.get("OFFHOOK_BENCH_ROUND_S", "60"))
ROUNDS = int(os.environ.get("OFFHOOK_BENCH_ROUNDS", "5"))
"""Of each kind."""
WARM_S = 10.0
LAST_S = 2.0
"""What happens so shortly before the end of a round may show only after it."""

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
class Load:
    """A round of calls: how fast they were offered, and what it cost."""

    offers_ms: list[float]
    decided_ms: list[float]
    """The part of each until the controller had decided; the rest is its order's way through the
    event loop, and Asterisk's work."""
    calls: int
    lost: int
    """Calls that no agent talked to."""
    used: rig.Used
    far: Mapping[str, float]
    """CPU seconds of the far end's processes."""
    began: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.ended - self.began).total_seconds()


@dataclass(slots=True)
class LargeCentre:
    """The running centre, with everybody at their phones."""

    stack: Stack
    ports: Ports
    phones: Phones
    configuration: Mapping[str, Any]

    @property
    def url(self) -> str:
        """The console's address, without a slash at the end."""
        return self.stack.console_url.rstrip("/")

    async def calls(self, seconds: float) -> sipp.SippCounts:
        """Make calls for so long, and wait until they are over. Raises SippFailed if one fails."""
        port = self.ports.rtp_end + 4
        calls = int(CALLS_PER_S * seconds)
        outcome = await sipp.run(
            sipp.CALLER,
            ("127.0.0.1", self.ports.sip),
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

    async def load(self, far: Callable[[], Mapping[str, float]] = dict) -> Load:
        """A round of calls. ``far`` are the CPU seconds that other processes of the far end have
        used so far. Forgets the calls at the end; the record keeps what agents did."""
        self.phones.invited.clear()
        own, others, before = psutil.Process().cpu_times(), far(), rig.used(self.stack)
        began = datetime.now(UTC)
        counts = await self.calls(ROUND_S)
        ended = datetime.now(UTC)
        used, after = rig.used(self.stack) - before, psutil.Process().cpu_times()
        spent = {name: seconds - others[name] for name, seconds in far().items()}
        spent["sipp"] = counts.cpu_s
        spent["phones"] = after.user + after.system - own.user - own.system
        await asyncio.sleep(LAST_S)
        served = await self._served()
        found = [one for one in await settled(self.stack, self.phones) if one["entered"]]
        return Load(
            offers_ms=[one["entered"] for one in found],
            decided_ms=[one["entered"] - one["decided"] for one in found],
            calls=counts.succeeded,
            lost=counts.succeeded - served,
            used=used,
            far=spent,
            began=began,
            ended=ended,
        )

    async def _served(self) -> int:
        """To how many calls of this round somebody talked."""
        rows = await self.fetch(
            "select count(distinct call) as served from call_facts where kind = 'connected'"
        )
        return int(rows[0]["served"])

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """What the centre's database answers."""
        database = await asyncpg.connect(self.stack.dsn)
        try:
            found: list[asyncpg.Record] = await database.fetch(query, *values)
        finally:
            await database.close()
        return found


@asynccontextmanager
async def large_centre() -> AsyncIterator[LargeCentre]:
    """The centre, after its first calls."""
    ports = rig.free_ports(6, rtp=1_400)
    phones_port, callers_port = ports.rtp_end + 1, ports.rtp_end + 4
    centre, flows = configuration(f"127.0.0.2:{callers_port}")
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
            one = LargeCentre(stack, ports, phones, centre)
            await one.calls(WARM_S)
            await settled(stack, phones)
            yield one
        finally:
            phones.close()


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


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user whose session is to be there as if they had signed in."""

    name: str
    role: Role
    projects: Iterable[str] | None
    """None: all."""
    agent: str | None = None


async def sign_in(stack: Stack, users: Sequence[NewUser]) -> list[str]:
    """Makes these users, and returns the tokens of their sessions."""
    pool = await make_pool(stack.dsn, pool_size=2)
    try:
        model = f"model-{secrets.token_hex(4)}"  # its password is hashed once for all
        await accounts_of(pool).users.create(
            model, secrets.token_urlsafe(16), Role.QA, by="bench", projects=None
        )
        return [await _session(pool, user, model) for user in users]
    finally:
        await pool.close()


async def _session(pool: asyncpg.Pool, user: NewUser, model: str) -> str:
    token = secrets.token_urlsafe(32)
    own = None if user.projects is None else sorted({ProjectName(p) for p in user.projects})
    agent = None if user.agent is None else AgentCode(user.agent)
    await pool.execute(
        "insert into users (name, password_hash, role, projects, agent, created_at,"
        " password_changed_at) select $1, password_hash, $2, $3, $4, created_at,"
        " password_changed_at from users where name = $5",
        *(user.name, str(user.role), own, agent, model),
    )
    await pool.execute(
        "insert into sessions (token_hash, name, created_at, expires_at, seen_at)"
        " values ($1, $2, now(), now() + interval '12 hours', now())",
        *(token_hash(token), user.name),
    )
    return token


def conditions() -> dict[str, Any]:
    """What was measured, for the figures."""
    return {
        "agents": AGENTS,
        "queues": QUEUES,
        "calls_per_s": CALLS_PER_S,
        "talk_s": TALK_S,
        "rounds_of_each": ROUNDS,
        "round_s": ROUND_S,
        "processors": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def offers(rounds: Sequence[Load]) -> dict[str, Any]:
    """Offers' times in these rounds, in milliseconds."""
    each = [quantiles(one.offers_ms) for one in rounds]
    return {
        "p50": rig.spread([one["p50"] for one in each], 2),
        "p99": rig.spread([one["p99"] for one in each], 2),
        "p99_until_decided": rig.spread([quantiles(one.decided_ms)["p99"] for one in rounds], 2),
        "all_rounds": quantiles([offer for one in rounds for offer in one.offers_ms]),
    }


def shares(rounds: Sequence[Load]) -> dict[str, Any]:
    """How much of one core each process used; those of the far end as well."""
    found = {
        "controller": [one.used.controller / one.seconds for one in rounds],
        "asterisk": [one.used.asterisk / one.seconds for one in rounds],
        "postgres": [one.used.postgres / one.seconds for one in rounds],
    }
    for name in rounds[0].far:
        found[name] = [one.far[name] / one.seconds for one in rounds]
    return {name: rig.spread(values, 3) for name, values in found.items()}


def turns() -> Iterable[bool]:
    """For each round whether it is of the second kind: they take turns to begin, so that a drift of
    the machine hits both."""
    return (bool(number % 2) ^ bool(number // 2 % 2) for number in range(2 * ROUNDS))
