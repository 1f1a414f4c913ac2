"""The admin's pages for users: create, change, disable, reset a password."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console.kit.context import LIVE, SESSIONS, USERS, user_of
from console.kit.rendering import render, says
from console.kit.translations import LANGUAGES, N_
from console.kit.words import ACCOUNT_REFUSALS
from console.users import words
from domain.identity import AgentCode, ProjectName, TeamName
from domain.roles import Role
from storage.account_errors import AccountRefusal, AccountRefused
from storage.password_hashing import SHORTEST
from storage.users import User, user_key

_NAME = re.compile(r"\w[\w.@-]{0,63}")
_NOTICES = {
    "created": N_("User created."),
    "changed": N_("User updated."),
    "disabled": N_("User disabled and signed out."),
    "enabled": N_("User enabled."),
    "password": N_("Password set. The user has been signed out everywhere."),
}


ALL_PROJECTS = frozenset({Role.OPS, Role.SUPERVISOR})
"""Roles that may be given all projects, those to come too."""


class _Mistake(Exception):  # noqa: N818
    """A mistake in the form, as a marked text."""


@dataclass(frozen=True, slots=True)
class _Asked:
    role: Role
    projects: frozenset[ProjectName] | None
    agent: AgentCode | None
    language: str | None
    teams: frozenset[TeamName]


async def page(request: web.Request) -> web.Response:
    """GET /users"""
    return await _list(request)


async def _list(
    request: web.Request,
    *,
    mistake: str = "",
    typed: Mapping[str, Any] | None = None,
    status: int = 200,
) -> web.Response:
    found = await request.app[USERS].list()
    values = _choices(request) | {
        "users": found,
        "mistake": mistake,
        "notice": _notice(request),
        "typed": typed or {},
    }
    return render(request, "users/users.html", values, status=status)


def _choices(request: web.Request) -> dict[str, Any]:
    centre = request.app[LIVE].centre()
    return {
        "projects": centre.projects,
        "agents": centre.agents,
        "teams": centre.teams,
        "roles": list(Role),
        "shortest": SHORTEST,
    }


def _notice(request: web.Request) -> str:
    text = _NOTICES.get(request.query.get("done", ""))
    return says(request, text) if text else ""


async def create(request: web.Request) -> web.Response:
    """POST /users"""
    form = await request.post()
    name = user_key(str(form.get("name", "")))  # as it will be stored: "½" becomes "1⁄2"
    try:
        asked = _read(request, form)
        if not _NAME.fullmatch(name):
            raise _Mistake(ACCOUNT_REFUSALS[AccountRefusal.NAME_MALFORMED])
        made = await request.app[USERS].create(
            name,
            str(form.get("password", "")),
            asked.role,
            by=user_of(request).name,
            projects=asked.projects,
            agent=asked.agent,
            language=asked.language,
            teams=asked.teams,
        )
    except (_Mistake, AccountRefused) as wrong:
        return await _list(request, mistake=_said(request, wrong), typed=_typed(form), status=400)
    raise web.HTTPSeeOther(f"/users/{made.name}?done=created")


async def edit_page(request: web.Request) -> web.Response:
    """GET /users/{name}"""
    return _edit(request, await _user(request))


def _edit(
    request: web.Request, user: User, *, mistake: str = "", status: int = 200
) -> web.Response:
    values = _choices(request) | {
        "edited": user,
        "mistake": mistake,
        "notice": _notice(request),
        "typed": {
            "role": user.role.value,
            "projects": user.projects,
            "agent": user.agent or "",
            "language": user.language or "",
            "teams": user.teams,
            "all": user.projects is None,
        },
    }
    return render(request, "users/user.html", values, status=status)


async def change(request: web.Request) -> web.Response:
    """POST /users/{name}: role, projects, agent's code, language"""
    user = await _user(request)
    try:
        asked = _read(request, await request.post())
        await _apply(request, user, asked)
    except (_Mistake, AccountRefused) as wrong:
        return _edit(request, user, mistake=_said(request, wrong), status=400)
    raise web.HTTPSeeOther(f"/users/{user.name}?done=changed")


async def set_enabled(request: web.Request) -> web.Response:
    """POST /users/{name}/enabled: enabled=yes or no"""
    user = await _user(request)
    form = await request.post()
    enabled = form.get("enabled") == "yes"
    by = user_of(request).name
    try:
        await request.app[USERS].set_disabled(user.name, not enabled, by=by)
    except AccountRefused as refused:
        return _edit(request, user, mistake=_said(request, refused), status=400)
    request.app[SESSIONS].forget_user(user.name)
    raise web.HTTPSeeOther(f"/users/{user.name}?done={'enabled' if enabled else 'disabled'}")


async def set_password(request: web.Request) -> web.Response:
    """POST /users/{name}/password"""
    user = await _user(request)
    form = await request.post()
    own = user_of(request)
    try:
        await request.app[USERS].set_password(user.name, str(form.get("password", "")), by=own.name)
    except AccountRefused as refused:
        return _edit(request, user, mistake=_said(request, refused), status=400)
    request.app[SESSIONS].forget_user(user.name)
    raise web.HTTPSeeOther(f"/users/{user.name}?done=password")


async def _user(request: web.Request) -> User:
    found = await request.app[USERS].get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    return found


async def _apply(request: web.Request, user: User, asked: _Asked) -> None:
    await request.app[USERS].change(
        user.name,
        by=user_of(request).name,
        role=asked.role,
        projects=asked.projects,
        agent=asked.agent,
        language=asked.language,
        teams=asked.teams,
    )
    request.app[SESSIONS].forget_user(user.name)


def _read(request: web.Request, form: Any) -> _Asked:
    centre = request.app[LIVE].centre()
    try:
        role = Role(str(form.get("role", "")))
    except ValueError:
        raise _Mistake(words.NO_ROLE) from None
    known = {p.name for p in centre.projects}
    chosen = frozenset(ProjectName(str(p)) for p in form.getall("projects", ())) & known
    projects: frozenset[ProjectName] | None = chosen
    everywhere = form.get("all") == "yes" and role in ALL_PROJECTS
    if role is Role.ADMIN or everywhere:
        projects = None
    elif not chosen and role is not Role.AGENT:
        raise _Mistake(words.NO_PROJECT)
    agent = str(form.get("agent", "")) or None
    found = next((a for a in centre.agents if a.code == agent), None)
    if found is None and (agent is not None or role is Role.AGENT):
        raise _Mistake(ACCOUNT_REFUSALS[AccountRefusal.AGENT_MISSING])
    if found is not None and role is Role.AGENT:
        projects = frozenset(found.projects)  # and they stay the agent's: see ``console_users``
    language = str(form.get("language", ""))
    return _Asked(
        role,
        projects,
        AgentCode(agent) if agent else None,
        language if language in LANGUAGES else None,
        frozenset(TeamName(str(t)) for t in form.getall("teams", ())) & set(centre.teams),
    )


def _typed(form: Any) -> dict[str, Any]:
    """What the form shows again; never the password."""
    fields = {name: str(form.get(name, "")) for name in ("name", "role", "agent", "language")}
    chosen = {name: {str(p) for p in form.getall(name, ())} for name in ("projects", "teams")}
    return {**fields, **chosen, "all": form.get("all") == "yes"}


def _said(request: web.Request, wrong: _Mistake | AccountRefused) -> str:
    if isinstance(wrong, AccountRefused):
        values = {"name": wrong.name, "code": wrong.agent}
        return says(request, ACCOUNT_REFUSALS[wrong.why], values)
    return says(request, str(wrong))
