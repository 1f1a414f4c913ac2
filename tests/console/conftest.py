"""The console over a real PostgreSQL, with users of every role and a floor in memory."""

import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from aiohttp import web
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from playwright.async_api import Page

from api.resources import API
from campaigns.attempt_pages import AttemptPages
from campaigns.callbacks import Callbacks
from campaigns.caller_callbacks import CallerCallbacks
from campaigns.campaign_alarms import CampaignAlarms
from campaigns.campaign_samples import CampaignSamples
from campaigns.campaign_service import Campaigns
from campaigns.customer_cards import CustomerCards
from campaigns.daily_report import DailyReports
from campaigns.dispositions import Dispositions
from campaigns.do_not_call import DoNotCall
from campaigns.funnel import CampaignFunnel
from campaigns.lead_lists import LeadLists
from campaigns.lead_report import LeadReports
from campaigns.lead_service import LeadService
from campaigns.list_imports import ListImports
from campaigns.pacing_log import PacingLog
from campaigns.project_choices import ProjectChoices
from campaigns.rejected_rows import RejectedRows
from campaigns.rule_faults import rule_faults
from campaigns.typed_leads import TypedLeads
from centre.authority import SYSTEM
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryChange, DirectoryStore
from centre.kinds import Kind
from centre.phone_setups import PhoneSetups
from console.app import make_app
from console.campaigns.campaign_services import CampaignServices
from console.floor.disposing import DispositionServices
from console.floor.working import WorkServices
from console.flows.way_services import WayServices
from console.kit.context import ConsoleTiming
from console.lead_lists.list_services import ListServices
from console.prompts.prompt_services import PromptServices
from console.reports.report_services import ReportServices
from domain.call_facts import CallEnded, CallEntered
from domain.facts import CallFact
from domain.floor_facts import (
    Held,
    Offered,
    OfferNotTaken,
    PositionAnnounced,
    Queued,
    Resumed,
    TalkBegan,
    TalkEnded,
)
from domain.flow_facts import ChoiceMade, LanguageChosen, Misdialled, Scored
from domain.happening import Happening
from domain.identity import AgentCode, CallId, ProjectName
from domain.recording_facts import Recorded
from domain.roles import Actor, Role
from prompt_library.recorded_index import INDEX_FILE, RecordedIndex
from prompt_library.recording_library import RecordingLibrary
from prompts.sounds import Prompts
from publishing.flow_checks import anywhere
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory
from publishing.flow_transfers import FlowTransfers
from publishing.look_up_rights import LookUpRights
from publishing.publications import Publications
from records.call_queries import CallStore
from records.entry_figures import EntryFigures
from records.flow_figures import FlowFigureStore
from records.flow_ways import FlowWayStore
from records.writing import write
from storage.accounts import Accounts
from storage.agent_history import AgentStore
from storage.audit import AuditLog
from storage.database import Database
from storage.database_errors import DatabaseUnreachable
from storage.fact_codec import happening, stored
from storage.logins import LoginStore
from storage.password_hashing import Passwords
from storage.projects import Projects
from storage.users import User, UserStore
from tests.centre.small import small_directory
from tests.console.browserless import Client
from tests.console.browsing import Open, Served, a_browser
from tests.console.floor import BANK, TEA, Floor
from tests.console.small_trials import SmallTrials
from worklist.worklist import Worklist

PASSWORD = "correct horse battery"
CALL = CallId("pbx1-1767225600.17")
BANKS_CALL = CallId("pbx1-1767225600.99")
ENTERED = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
ROLES: dict[str, tuple[Role, frozenset[ProjectName] | None, str | None]] = {
    "amy": (Role.AGENT, frozenset({TEA}), "1001"),
    "sue": (Role.SUPERVISOR, frozenset({TEA}), None),
    "otto": (Role.OPS, frozenset({TEA}), None),
    "quinn": (Role.QA, frozenset({TEA}), None),
    "cleo": (Role.CLIENT, frozenset({TEA}), None),
    "ada": (Role.ADMIN, None, None),
    "ben": (Role.SUPERVISOR, frozenset({BANK}), None),
}


class Users(UserStore):
    """The users of a database, with what a test may want to come in between."""

    after_get: Callable[[], Awaitable[object]] | None = None
    """Done once, when a page has read a user and has not written yet."""
    breaks = False
    """A mistake of ours: no password can be set."""

    async def get(self, name: str, *, projects: Projects = None) -> User | None:
        found = await super().get(name, projects=projects)
        if self.after_get is not None:
            meanwhile, self.after_get = self.after_get, None
            await meanwhile()
        return found

    async def set_password(self, name: str, password: str, **about: Any) -> None:
        if self.breaks:
            raise RuntimeError("boom")
        await super().set_password(name, password, **about)


class Logins(LoginStore):
    """The logins of a database that may be away."""

    asked = 0
    """How many questions for a session it has had."""
    away_for: float = 0
    """So many of the next ones find nobody there."""

    async def session(self, token: str, **about: Any) -> User | None:
        self.asked += 1
        if self.away_for > 0:
            self.away_for -= 1
            raise DatabaseUnreachable("nobody answers")
        return await super().session(token, **about)


class DirectoryThatMayBeAway(DirectoryService):
    """The directory of a database that may be away."""

    away = False

    async def change(
        self, actor: Actor, wishes: Iterable[WishedThing], **about: Any
    ) -> DirectoryChange:
        if self.away:
            raise DatabaseUnreachable("nobody answers")
        return await super().change(actor, wishes, **about)


@dataclass(frozen=True, slots=True)
class Console:
    """A console that runs, and what is behind it."""

    app: web.Application
    floor: Floor
    users: Users
    logins: Logins
    audit: AuditLog
    database: Database
    recordings: Path
    directory: DirectoryThatMayBeAway


@pytest.fixture
def timing() -> ConsoleTiming:
    """How long the console waits; a test that needs another names its own by ``parametrize``.

    Nobody follows the directory here, so that waiting for it would be in vain."""
    return ConsoleTiming(in_force_s=0.3)


@pytest.fixture
async def console(
    database: Database,
    tmp_path: Path,
    timing: ConsoleTiming,
) -> AsyncIterator[Console]:
    """The application over a fresh database with one user a role; nothing has happened yet."""
    # Real argon2, with little memory: these tests are not about how slow it is.
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    audit = AuditLog(database.pool)
    users = Users(database.pool, audit, passwords)
    logins = Logins(database.pool, audit, passwords)
    for name, (role, projects, agent) in ROLES.items():
        await users.create(
            name,
            PASSWORD,
            role,
            by="test",
            projects=projects,
            agent=AgentCode(agent) if agent else None,
        )
    floor = Floor()
    imports = ListImports(database.pool, lambda: ZoneInfo("Asia/Shanghai"))
    agents = AgentStore(database.pool)
    await agents.remember(floor.centre().agents)
    directory = DirectoryThatMayBeAway(DirectoryStore(database.pool))
    recorded = RecordedIndex(database.pool, tmp_path / INDEX_FILE)
    app = make_app(
        floor,
        CallStore(database.pool),
        agents,
        Accounts(users, logins, audit),
        tmp_path,
        directory=directory,
        phone_setups=PhoneSetups(database.pool),
        campaigns=CampaignServices(
            Campaigns(database.pool, check=lambda _, made: rule_faults(made)),
            LeadLists(database.pool),
            CampaignFunnel(database.pool, lambda: ZoneInfo("Asia/Shanghai")),
            floor.campaigns,
            LeadService(database.pool),
            PacingLog(database.pool),
            AttemptPages(database.pool),
            CampaignSamples(database.pool),
            CampaignAlarms(database.pool),
            floor.campaigns,
        ),
        disposing=DispositionServices(
            Dispositions(database.pool),
            ProjectChoices(database.pool),
            CustomerCards(database.pool),
            Callbacks(database.pool),
        ),
        working=WorkServices(
            Worklist(database.pool, audit),
            CallerCallbacks(database.pool, lambda: ZoneInfo("Asia/Shanghai")),
        ),
        desks=floor.desks,
        flows=lambda _: ("greeting", "hotline"),
        flow_files=lambda: {"mine": "/centre/flows/mine.yaml"},
        entry_figures=EntryFigures(database.pool),
        flow_drafts=FlowDrafts(database.pool),
        flow_history=FlowHistory(database.pool),
        publications=Publications(database.pool, anywhere),
        ways=WayServices(FlowFigureStore(database.pool), FlowWayStore(database.pool)),
        flow_transfers=FlowTransfers(database.pool, anywhere),
        trials=SmallTrials(),
        look_up_rights=LookUpRights(database.pool, Fernet.generate_key().decode()),
        prompts=PromptServices(
            Prompts(tmp_path / "prompts", recorded=recorded),
            RecordingLibrary(database.pool, on_change=recorded.look),
            recorded,
        ),
        lead_lists=ListServices(
            LeadLists(database.pool),
            imports,
            RejectedRows(database.pool),
            TypedLeads(database.pool, lambda: ZoneInfo("Asia/Shanghai")),
            DoNotCall(database.pool),
        ),
        reports=ReportServices(
            DailyReports(database.pool),
            Campaigns(database.pool),
            LeadLists(database.pool),
            LeadReports(database.pool),
        ),
        api=API,
        timing=timing,
    )
    yield Console(app, floor, users, logins, audit, database, tmp_path, directory)
    await imports.close()


async def employ(console: Console, name: str) -> None:
    """Has the agent as whom the user works in the directory, without whom they can't sign in."""
    code = ROLES[name][2] if name in ROLES else None
    if code is not None and not (await console.directory.read()).directory.has(Kind.AGENT, code):
        await console.directory.change(
            SYSTEM, [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in small_directory()]
        )


@pytest.fixture
async def visit(console: Console) -> AsyncIterator["Visit"]:
    """``await visit("sue")`` is a client that is signed in; ``await visit()`` one that isn't."""
    visit = Visit(console)
    yield visit
    await visit.close()


class Visit:
    """Makes clients."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._clients: list[Client] = []

    async def __call__(self, name: str | None = None) -> Client:
        client = await Client.start(self._console.app)
        self._clients.append(client)
        if name is not None:
            await employ(self._console, name)
            answer = await client.sign_in(name, PASSWORD)
            assert answer.status == 303, await answer.text()
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


def fact(call: CallId, at_s: float, kind: type[Happening], /, **detail: object) -> CallFact:
    """A fact so many seconds after ``ENTERED``."""
    what = happening(kind.kind, detail)
    return CallFact(str(uuid4()), call, ENTERED + timedelta(seconds=at_s), what)


def a_call(call: CallId = CALL, *, at_s: float = 0, project: ProjectName = TEA) -> list[CallFact]:
    """An answered call with something of nearly everything."""
    lines: list[tuple[float, type[Happening], dict[str, object]]] = [
        (0, CallEntered, {
            "hotline": "4008001000" if project == TEA else "4008002000",
            "project": project, "line": "gateway-lines", "caller": "13800138000", "flow": "hotline",
        }),
        (4, LanguageChosen, {"language": "zh-CN"}),
        (9, Misdialled, {"node": "menu", "digits": "7", "try": 1}),
        (14, ChoiceMade, {"node": "menu", "digits": "1", "choice": "sales"}),
        (14.5, Queued, {"queue": "sales", "skill": "sales"}),
        (15, PositionAnnounced, {"position": 2, "expected_wait_s": 40}),
        (20, Offered, {"agent": "1002", "station": "1002", "queue": "sales"}),
        (35, OfferNotTaken, {"agent": "1002", "station": "1002", "why": "no_answer"}),
        (35.2, Offered, {"agent": "1001", "station": "1001", "queue": "sales"}),
        (39, TalkBegan, {"agent": "1001", "station": "1001"}),
        (60, Held, {"agent": "1001", "by": "agent"}),
        (72, Resumed, {"agent": "1001", "by": "agent"}),
        (110, TalkEnded, {"agent": "1001", "station": "1001"}),
        (118, Scored, {"score": 5}),
        (121, CallEnded, {"by": "caller", "cause": 16}),
        (123, Recorded, {
            "file": f"2026/03/02/{call}.wav", "sha256": "ab" * 32, "duration_s": 6.0,
            "bridged_s": 6.0, "whole": True, "bytes": 192044,
        }),
    ]  # fmt: skip
    return [fact(call, at_s + at, what, **detail) for at, what, detail in lines]


async def store(database: Database, facts: list[CallFact]) -> None:
    """Writes facts as the outbox's pump does."""
    async with database.pool.acquire() as db:
        await write(db, [stored(one) for one in facts])


def speak(path: Path, seconds: float = 6.0) -> None:
    """A stereo recording: the caller hums low in bursts, the agent high in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(int(8000 * seconds)) / 8000
    agents_turn = (t / 1.5).astype(int) % 2 == 1
    swell = abs(np.sin(t * 5)) * 12000
    caller = np.where(agents_turn, 0, swell * np.sin(2 * np.pi * 220 * t))
    agent = np.where(agents_turn, swell * np.sin(2 * np.pi * 440 * t), 0)
    samples = np.column_stack((caller, agent)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())


@pytest.fixture
async def recorded(console: Console) -> CallId:
    """A call of the tea project with its recording, and one of the bank's."""
    await store(console.database, a_call())
    await store(console.database, a_call(BANKS_CALL, at_s=60, project=BANK))
    for call in (CALL, BANKS_CALL):
        speak(console.recordings / f"2026/03/02/{call}.wav")
    return CALL


@pytest.fixture
async def served(console: Console) -> AsyncIterator[Served]:
    """The console behind a port."""
    served = Served(console.app)
    await served.start()
    yield served
    await served.close()


@pytest.fixture
async def open_page(chromium: str, served: Served, console: Console) -> AsyncIterator[Open]:
    """``await open_page("/board", "sue")``: a page of a browser of its own, signed in."""
    async with a_browser(chromium, PASSWORD, served.url) as opening:

        async def open_one(path: str, name: str, *about: Any, **more: Any) -> Page:
            await employ(console, name)
            return await opening(path, name, *about, **more)

        yield open_one
