"""A whole Offhook with its far end, as the fault tests use it: by its board and its records."""

import asyncio
import contextlib
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg

from centre.authority import SYSTEM
from centre.directory import Directory
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryChange, DirectoryStore
from centre.kinds import Kind, Thing
from domain.agent_facts import AgentFact, AgentState
from domain.call_facts import CallEnded, CallEntered
from domain.floor_facts import TalkBegan, TalkEnded
from domain.identity import AgentCode, CallId, ChannelId, LineName, StationName
from domain.recording_facts import Recorded, RecordingMissing
from farend.console_client import ConsoleClient, ConsoleRefused
from farend.network import FarEnd
from offhook.stack import Stack
from publishing.flow_checks import anywhere, warning_key
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory
from publishing.publications import Publications
from recordings.raw_to_wav import TOLERANCE_S
from records.call_queries import CallStore, StoredCall
from records.call_rows import CallRow
from records.call_search import CallFilter
from records.call_search_sql import ListPlace
from records.fold import CallRecord
from records.writing import write
from storage.database import connection, make_pool, open_database
from storage.database_errors import AWAY
from tests.waiting import until

HOTLINE = "4008001000"
LINE = LineName("carrier")
LOOK_S = 0.1
NO_SPARE_S = 3600.0
"""No controller stands by. Where none dies, loading another's code is seconds of a core lost."""

FLOW = """\
flow: straight
languages: [en]
start: tea
prompts:
  back: {en: We are back.}
announcements: {back: back}
nodes:
  tea: {kind: queue, queue: tea, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup, why: done}
"""
"""From the ringing line into the queue, and away after the talk."""

Board = dict[str, Any]


def write_centre(
    folder: Path,
    *,
    agents: int,
    flow: str = "straight",
    ami_port: int | None = None,
    stations: Mapping[str, Mapping[str, str]] | None = None,
    channels: int = 200,
    line: Mapping[str, Any] | None = None,
    **queue: float,
) -> Path:
    """A centre with one queue, ``agents`` agents 1001... at phones of the same names.

    ``stations`` is what is said of phones besides, ``line`` of the line.
    """
    settings = {"wrap_up_s": 1, "ring_s": 15, "announce_first_s": 0, "announce_every_s": 0}
    names = [str(1001 + number) for number in range(agents)]
    skills = ("tea", "sales", "service", "operator")
    centre: dict[str, Any] = {
        "projects": [{"name": "tea", "title": "Tea"}],
        "hotlines": [{"number": HOTLINE, "project": "tea", "flow": flow}],
        "queues": [
            {"name": name, "project": "tea", "skill": name, **settings, **queue} for name in skills
        ],
        "agents": [
            {
                "code": name,
                "name": f"Agent {name}",
                "projects": ["tea"],
                "station": name,
                "skills": dict.fromkeys(skills, 3),
            }
            for name in names
        ],
        "stations": [{"name": name, **(stations or {}).get(name, {})} for name in names],
        "lines": [{"name": LINE, "kind": "trunk", "channels": channels, **(line or {})}],
        "flows": "flows",
    }
    if ami_port is not None:
        centre["asterisk"] = {"ami_port": ami_port}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "flows" / "straight.yaml").write_text(FLOW)
    file = folder / "centre.yaml"
    file.write_text(json.dumps(centre))  # JSON is YAML
    return file


async def seat(dsn: str, agents: Iterable[str], state: AgentState = AgentState.READY) -> None:
    """Write down that these agents are at their phones, as a controller before us would have."""
    database = await open_database(dsn, pool_size=1)
    now = datetime.now(UTC) - timedelta(seconds=60)
    facts = [
        AgentFact(
            str(uuid4()), AgentCode(agent), now + timedelta(milliseconds=number), state, None,
            StationName(agent),
        )
        for number, agent in enumerate(agents)
    ]  # fmt: skip
    async with connection(database.pool) as db:
        await write(db, facts)
    await database.close()


@dataclass
class Scene:
    """A running stack, its far end, its console, and its database."""

    stack: Stack
    far: FarEnd
    console: ConsoleClient
    pool: asyncpg.Pool
    boards: list[Board] = field(default_factory=list)

    @property
    def calls(self) -> CallStore:
        return CallStore(self.pool)

    # Acting

    async def customer(self, steps: str, caller: str, *, patience_s: float = 300.0) -> str:
        return await self.far.customer(
            HOTLINE, steps, line=LINE, caller=caller, patience_s=patience_s
        )

    async def phones(self, steps: str, agents: Iterable[str] | None = None) -> None:
        """What these phones do with calls (all of them, if none is named)."""
        names = agents or [station.name for station in self.stack.centre.stations]
        for name in names:
            await self.far.phone(StationName(name), steps)

    async def command(self, agent: str, verb: str, **form: str) -> None:
        """A supervisor's command on the board."""
        status, said = await self.console.submit(f"agents/{agent}/{verb}", on="board", **form)
        assert status == 200, said

    async def change(
        self, edit: Callable[[Directory], Iterable[Thing | tuple[Kind, str]]]
    ) -> DirectoryChange:
        """Change the directory, as an admin would: to the things that ``edit`` makes of it; a kind
        and a key are a thing to remove."""
        service = DirectoryService(DirectoryStore(self.pool))
        now = (await service.read()).directory
        wishes = [
            WishedThing(*wish, None, ANY)
            if isinstance(wish, tuple)
            else WishedThing(wish.KIND, wish.key, wish, ANY)
            for wish in edit(now)
        ]
        return await service.change(SYSTEM, wishes)

    async def undo(self, change: DirectoryChange) -> None:
        """Take a change of the directory back."""
        await DirectoryService(DirectoryStore(self.pool)).undo(SYSTEM, change.id)

    # Looking

    async def until(
        self, true: Callable[[Board], object], seconds: float = 60.0, what: str = ""
    ) -> Board:
        """The first board for which something is true. The controller may be away meanwhile."""
        board: Board = {}

        async def so() -> bool:
            nonlocal board
            with contextlib.suppress(aiohttp.ClientError, ConsoleRefused):
                board = await self.console.board()
                return bool(true(board))
            return False

        async def seen() -> str:
            calls = await self.told_calls()
            return f"{told(board)}\n{calls}\nthe far end: {self.far.failures()}"

        await until(so, seconds, what, seen=seen, every_s=LOOK_S)
        return board

    async def until_stages(self, seconds: float = 90.0, **stages: int) -> Board:
        """Until there are exactly so many calls in these stages, and none in others."""

        def so(board: Board) -> bool:
            return counted(board["calls"], "stage") == {k: n for k, n in stages.items() if n}

        return await self.until(so, seconds, f"stages {stages}")

    async def talk_on(self) -> None:
        """Let those who talk go on for as long as it takes to count as a talk, and a bit."""
        await asyncio.sleep(1.2)

    async def told_calls(self) -> str:
        """All calls of the record with their timelines, for a failed test."""
        with contextlib.suppress(*AWAY):
            page = await self.calls.list(CallFilter(), projects=None, per_page=500)
            found = [await self.calls.get(row.call, projects=None) for row in page.rows]
            return "\n".join(story(one) for one in found if one is not None)
        return "(no database)"

    async def stored(self, caller: str, seconds: float = 90.0) -> StoredCall:
        """The one call of this caller, with its end and all that was recorded by then."""
        (found,) = await self.all_ended([caller], seconds)
        return found

    async def call_of(self, caller: str) -> str:
        """The id of this caller's one call, as soon as it is in the record."""
        found: list[str] = []

        async def there() -> bool:
            found[:] = [row.call for row in await self._all_rows() if row.caller == caller]
            return bool(found)

        await until(there, what=f"a call of {caller}", every_s=LOOK_S)
        (call,) = found
        return call

    async def all_ended(self, callers: Sequence[str], seconds: float = 90.0) -> list[StoredCall]:
        """The calls of these callers, one each, when all of them have an end."""
        rows: list[CallRow] = []

        async def ended() -> bool:
            nonlocal rows
            with contextlib.suppress(*AWAY):
                rows = [row for row in await self._all_rows() if row.caller in callers]
                return len(rows) >= len(callers) and all(row.ended_at for row in rows)
            return False

        what = f"{len(callers)} calls to be recorded, each with its end"
        await until(ended, seconds, what, seen=self.told_calls, every_s=LOOK_S)
        by_caller = {row.caller or "": row.call for row in rows}
        assert len(rows) == len(by_caller), f"twice: {rows}"
        assert sorted(by_caller) == sorted(callers), "not all are recorded"
        found = [await self.calls.get(by_caller[caller], projects=None) for caller in callers]
        stored = [one for one in found if one is not None]
        still_open = [one for one in stored if one.record.ended_at is None]
        assert not still_open, "\n".join(story(one) for one in still_open)
        return stored

    async def _all_rows(self) -> list[CallRow]:
        rows: list[CallRow] = []
        place: ListPlace | None = None
        while True:
            page = await self.calls.list(CallFilter(), projects=None, before=place, per_page=500)
            rows += page.rows
            if (place := page.older) is None:
                return rows

    async def until_recorded(
        self, callers: Sequence[str], seconds: float = 120.0, *, strangers: Sequence[Path] = ()
    ) -> None:
        """Until each of these calls has a whole recording, and no raw file is left but these.

        Nothing is expected of a talk that was over as it began: the caller hung up in the moment
        in which the agent answered, which happens on a busy machine.
        """
        stored: list[StoredCall] = []
        lacking: list[StoredCall] = []
        raw: set[Path] = set()

        async def whole() -> bool:
            nonlocal stored, lacking, raw
            stored = await self.all_ended(callers)
            lacking = [
                one
                for one in stored
                if one.record.bridged_s >= TOLERANCE_S
                and not (one.record.recording and one.record.recording.whole)
            ]
            raw = set((self.stack.instance.spool / "monitor").glob("*.raw")) - set(strangers)
            return not lacking and not raw

        def seen() -> str:
            return "\n".join([*map(story, lacking), str(raw)])

        await until(whole, seconds, "whole recordings of all calls", seen=seen, every_s=LOOK_S)
        root = self.stack.state / "recordings"
        for one in stored:
            if one.record.recording is None:
                continue
            assert (root / one.record.recording.file).stat().st_size == one.record.recording.bytes

    async def channels(self) -> list[str]:
        """Names of the channels that Asterisk has."""
        text = await self.stack.instance.process.console("core show channels concise")
        return [line.split("!")[0] for line in text.splitlines() if "!" in line]

    async def until_quiet(self, seconds: float = 90.0) -> None:
        """Until Asterisk has no channel."""

        async def quiet() -> bool:
            return not await self.channels()

        await until(quiet, seconds, "no channel to be left", seen=self.channels, every_s=LOOK_S)


def counted(items: Iterable[dict[str, Any]], key: str) -> dict[str, int]:
    """How many have which value."""
    result: dict[str, int] = {}
    for item in items:
        result[item[key]] = result.get(item[key], 0) + 1
    return result


def told(board: Board) -> str:
    """A board in a few lines, for a failed test."""
    if not board:
        return "(no board)"
    calls = [f"{c['caller']}:{c['stage']}:{c.get('agent')}" for c in board["calls"]]
    agents = [
        f"{a['code']}:{a['state']}:{a.get('reason')}:{a['station_state']}" for a in board["agents"]
    ]
    return f"calls {calls}\nagents {agents}\nnodes {board['nodes']}"


def story(stored: StoredCall) -> str:
    """A call's timeline in lines, for a failed test."""
    start = stored.record.entered_at
    lines = [f"{stored.record.call} {stored.record.caller}"]
    for fact in stored.timeline:
        after = (fact.at - start).total_seconds()
        lines.append(f"  {after:7.2f} {fact.what}")
    return "\n".join(lines)


def bridged_s(scene: Scene, call: str, station: str | None) -> float:
    """How long Asterisk's own log has this phone in a bridge with the caller's call (one talk)."""
    uniqueid, since, total = ChannelId.of(CallId(call)).uniqueid, None, 0.0
    with scene.stack.instance.cel.open() as log:
        for at, event, _, _, linkedid, channel, *_rest in csv.reader(log):
            if linkedid != uniqueid or not channel.startswith(f"PJSIP/{station}-"):
                continue
            if event == "BRIDGE_ENTER":
                since = float(at)
            elif event == "BRIDGE_EXIT" and since is not None:
                total, since = total + float(at) - since, None
    return total


def kinds(stored: StoredCall) -> list[str]:
    return [fact.what.kind for fact in stored.timeline]


def assert_right(stored: StoredCall) -> CallRecord:
    """What must be so in every record, whatever happened."""
    record, text = stored.record, story(stored)
    count = Counter(type(fact.what) for fact in stored.timeline)
    assert count[CallEntered] == 1, text
    assert count[CallEnded] == 1, text
    assert count[TalkBegan] == count[TalkEnded], text
    assert count[Recorded] <= 1, text
    assert isinstance(stored.timeline[-1].what, CallEnded | Recorded | RecordingMissing), text
    assert record.ended_at is not None
    return record


async def open_pool(dsn: str) -> asyncpg.Pool:
    return await make_pool(dsn, pool_size=2)


async def publish(pool: asyncpg.Pool, flow: str, text: str) -> int:
    """Publish this in place of a flow; the edition."""
    drafts, publications = FlowDrafts(pool), Publications(pool, anywhere)
    draft = await drafts.of(SYSTEM, flow)
    draft = await drafts.save(SYSTEM, flow, draft.version, text, draft.tests)
    found = await publications.checked(SYSTEM, flow)
    confirmed = [warning_key(one) for one in found.warnings]
    await publications.publish(SYSTEM, flow, draft.version, "", confirmed)
    return await FlowHistory(pool).newest_number()
