"""Typed keys for what the application was built with and what each request carries."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from centre.directory_service import DirectoryService
from centre.phone_setups import PhoneSetups
from console.kit.browser_sessions import RememberedSessions
from console.kit.features import Entry, Key
from console.kit.permissions import Rule
from console.kit.rarely import Rarely
from domain.identity import ProjectName
from engine.centre_ports import LiveCentre
from engine.desk_ports import LiveDesks
from engine.trial_ports import LiveTrials
from machine.local_zone import zone_here
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory
from publishing.flow_transfers import FlowTransfers
from publishing.look_up_rights import LookUpRights
from publishing.publications import Publications
from records.call_queries import CallStore
from records.entry_figures import EntryFigures
from storage.agent_history import AgentStore
from storage.audit import AuditLog
from storage.logins import LoginStore
from storage.users import User, UserStore


@dataclass(frozen=True, slots=True)
class Installation:
    """How this console is installed."""

    recordings_root: Path
    public_url: str | None
    """The origin where browsers find it behind a proxy; None: the request's own Host."""
    proxies: frozenset[str]
    """Addresses of the proxies in front, which are trusted to say who asked."""


@dataclass(frozen=True, slots=True)
class ConsoleTiming:
    """How long the console waits for what; all in seconds."""

    body_s: float = 20.0
    """For a form to arrive."""
    file_s: float = 60.0
    """For a form with a file to arrive."""
    ask_again_s: float = 15.0
    """Between two checks of a live page's session, besides those after every change."""
    in_force_s: float = 5.0
    """For the running centre to take a change, which it does within one; then the page says so."""
    beat_s: float = 4.0
    """Between two frames of a live page at most; after three beats without one, the page calls
    itself stale."""


@dataclass(frozen=True, slots=True)
class PhoneAccess:
    """Where phones register, as the console tells those who set them up."""

    host: str | None = None
    """None: the host under which the browser found the console."""
    port: int = 5060
    tls_port: int = 5061
    transport: str = "UDP"


DIRECTORY: web.AppKey[DirectoryService] = web.AppKey("directory")
FlowNames = Callable[[Collection[str] | None], Iterable[str]]
"""Names the flows that the numbers of these projects may have; None: all."""

FLOWS: web.AppKey[FlowNames] = web.AppKey("flows")
ENTRY_FIGURES: web.AppKey[EntryFigures] = web.AppKey("entry_figures")
FLOW_FILES: web.AppKey[Callable[[], Mapping[str, str]]] = web.AppKey("flow_files")
"""Flows that were changed here, and their files, which have changed too and are left alone."""
FLOW_DRAFTS: web.AppKey[FlowDrafts] = web.AppKey("flow_drafts")
TRIALS: web.AppKey[LiveTrials] = web.AppKey("trials")
FLOW_HISTORY: web.AppKey[FlowHistory] = web.AppKey("flow_history")
PUBLICATIONS: web.AppKey[Publications] = web.AppKey("publications")
FLOW_TRANSFERS: web.AppKey[FlowTransfers] = web.AppKey("flow_transfers")
LOOK_UP_RIGHTS: web.AppKey[LookUpRights] = web.AppKey("look_up_rights")
PHONES: web.AppKey[PhoneAccess] = web.AppKey("phones")
LIVE: web.AppKey[LiveCentre] = web.AppKey("live")
DESKS: web.AppKey[LiveDesks] = web.AppKey("desks")
CALLS: web.AppKey[CallStore] = web.AppKey("calls")
AGENTS: web.AppKey[AgentStore] = web.AppKey("agents")
USERS: web.AppKey[UserStore] = web.AppKey("users")
LOGINS: web.AppKey[LoginStore] = web.AppKey("logins")
PHONE_SETUPS: web.AppKey[PhoneSetups] = web.AppKey("phone_setups")
AUDIT: web.AppKey[AuditLog] = web.AppKey("audit")
INSTALLATION: web.AppKey[Installation] = web.AppKey("installation")
TIMING: web.AppKey[ConsoleTiming] = web.AppKey("timing")
SESSIONS: web.AppKey[RememberedSessions] = web.AppKey("sessions")
RARELY: web.AppKey[Rarely] = web.AppKey("rarely")
RULES: web.AppKey[dict[Key, Rule]] = web.AppKey("rules")
ENTRIES: web.AppKey[list[Entry]] = web.AppKey("entries")
LARGEST_FILES: web.AppKey[dict[Key, int]] = web.AppKey("largest_files")
"""Of the routes whose form has a file, how large it may be, in bytes."""
UPLOADS: web.AppKey[asyncio.Semaphore] = web.AppKey("uploads")
"""Held by each request whose file is on its way."""

USER: web.RequestKey[User | None] = web.RequestKey("user")
LANGUAGE: web.RequestKey[str] = web.RequestKey("language")
RULE: web.RequestKey[Rule] = web.RequestKey("rule")
PROJECTS_ASKED: web.RequestKey[bool] = web.RequestKey("projects_asked")
"""Whether the page has asked which projects its user may see."""
FORM_COOKIE: web.RequestKey[str] = web.RequestKey("form_cookie")
"""The cookie that this request's forms are bound to."""


def user_of(request: web.Request) -> User:
    """The signed-in user; only for routes whose rule requires one."""
    user = request[USER]
    if user is None:
        raise web.HTTPForbidden
    return user


def zone_for(request: web.Request) -> ZoneInfo:
    """The time zone of all times and dates that the request is shown: the centre's."""
    return zone_here(request.app[LIVE].centre().timezone)


def typed_moment(request: web.Request, typed: str) -> datetime | None:
    """A time in ISO 8601 that somebody typed by the clock that the request is shown; None if it is
    none."""
    return moment_by(zone_for(request), typed)


def moment_by(zone: ZoneInfo, typed: str) -> datetime | None:
    """A time in ISO 8601 by the clock of a zone, in UTC; None if it is none.

    Of an hour that comes twice it is in the first, and of one that is left out it is as long after
    the gap. With a distance from UTC (a script may send it) it is what it says.
    """
    try:
        at = datetime.fromisoformat(typed)
        return (at if at.tzinfo else at.replace(tzinfo=zone, fold=0)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def lacks_project(request: web.Request, project: str) -> bool:
    """Whether a project is named that isn't there; "" names none."""
    return project != "" and project not in project_titles(request, None)


def project_titles(
    request: web.Request, projects: frozenset[ProjectName] | None
) -> dict[ProjectName, str]:
    """The titles of these projects by name, and of no others; None: of all projects."""
    centre = request.app[LIVE].centre()
    return {p.name: p.title for p in centre.projects if projects is None or p.name in projects}
