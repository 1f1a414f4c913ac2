"""Makes the passwords and PINs of things, which a page shows once and of which a digest is kept."""

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from aiohttp import web

from centre.directory_service import Also
from centre.directory_store import ThingKey
from centre.endpoint_settings import LineSettings, StationSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings
from centre.pins import hash_pin, new_pin
from console.centre import words
from console.centre.drafts import Draft
from console.kit.context import PHONES, SESSIONS, USERS, user_of
from console.kit.rendering import says
from domain.identity import AgentCode, ProjectName
from domain.roles import Role
from storage.users import user_key
from telephony.asterisk.digests import digest

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that look alike: people type passwords into phones."""
LENGTH = 20
_USER_NAME = re.compile(r"\w[\w.@-]{0,63}")
MOST_CARRIER_PASSWORD = 256


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a page shows once, and what is kept of it."""

    shown: Sequence[tuple[str, str]] = ()
    """What each is called, in English, and what it is."""
    kept: Mapping[ThingKey, str] = field(default_factory=lambda: MappingProxyType({}))
    also: Also | None = None
    """What is done in the same transaction."""


NONE = Credentials()


async def fresh_credentials(
    request: web.Request,
    draft: Draft,
    thing: Thing,
    base: Thing | None = None,
    *,
    is_new: bool = False,
    renewed: str = "",
) -> Credentials:
    """The credentials that a thing needs once it is saved, or those that are to be ``renewed``
    (``password`` or ``pin``). ``is_new``: there is none of its name. Notes in the draft what is
    missing."""
    match thing:
        case StationSettings() if is_new or renewed == "password":
            return _for_phone(request, Kind.STATION, thing.name)
        case LineSettings() if thing.host is None and (
            renewed == "password" or (not renewed and not _registers_here(base))
        ):
            return _for_phone(request, Kind.LINE, thing.name)
        case LineSettings() if thing.account is not None and not renewed:
            return _from_carrier(request, draft, thing, base)
        case AgentSettings() if is_new:
            return await _for_newcomer(request, draft, thing)
        case AgentSettings() if renewed == "pin":
            return await _pin(thing)
        case AgentSettings() if renewed == "password":
            return await _password_of_user(request, thing)
    return NONE


def new_password(length: int = LENGTH) -> str:
    """A password by chance."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _registers_here(base: Thing | None) -> bool:
    return isinstance(base, LineSettings) and base.host is None


def _for_phone(request: web.Request, kind: Kind, name: str) -> Credentials:
    password, phones = new_password(), request.app[PHONES]
    host = phones.host or (request.url.host or "")
    return Credentials(
        shown=(
            (words.SIP_SERVER, host),
            (words.SIP_PORT, str(phones.port)),
            (words.SIP_TRANSPORT, phones.transport),
            (words.SIP_NAME, name),
            (words.PASSWORD, password),
        ),
        kept={(kind, name): digest(name, password)},
    )


def _from_carrier(
    request: web.Request, draft: Draft, line: LineSettings, base: Thing | None
) -> Credentials:
    password = draft.typed.get("console.carrier_password")
    had_one = isinstance(base, LineSettings) and base.account is not None
    if not password:
        if not had_one:
            draft.wrong("console.carrier_password", says(request, words.MISTAKES["missing"]))
        return NONE
    if len(password) > MOST_CARRIER_PASSWORD or not password.isprintable():
        draft.wrong("console.carrier_password", says(request, words.OTHER_MISTAKE))
        return NONE
    return Credentials(kept={(Kind.LINE, line.name): password})


async def _pin(agent: AgentSettings) -> Credentials:
    pin = new_pin()
    hashed = await asyncio.to_thread(hash_pin, pin)
    return Credentials(shown=((words.PIN, pin),), kept={(Kind.AGENT, agent.code): hashed})


async def _for_newcomer(request: web.Request, draft: Draft, agent: AgentSettings) -> Credentials:
    """The PIN of a new agent, and their user unless that isn't wanted. Raises AccountRefused from
    within the transaction if there is such a user."""
    pin, password, name = await _pin(agent), new_password(12), None
    if draft.typed.get("console.with_user") == "yes":
        name = user_key(draft.typed.get("console.user") or agent.code)
        if not _USER_NAME.fullmatch(name):
            draft.wrong("console.user", says(request, words.USER_NAME))
            return NONE
    employ = await request.app[USERS].employing(
        AgentCode(agent.code),
        name,
        password,
        by=user_of(request).name,
        projects=[ProjectName(project) for project in agent.projects],
    )
    user = () if name is None else ((words.USER, name), (words.PASSWORD, password))
    return Credentials(shown=(*pin.shown, *user), kept=pin.kept, also=employ)


async def _password_of_user(request: web.Request, agent: AgentSettings) -> Credentials:
    """A new password for the agent's user, who is signed out everywhere.

    Only for a user who is no more than an agent: nobody may take over an admin's account this way.
    """
    user = await request.app[USERS].of_agent(AgentCode(agent.code))
    if user is None or user.role is not Role.AGENT:
        return NONE
    password = new_password(12)
    await request.app[USERS].set_password(user.name, password, by=user_of(request).name)
    request.app[SESSIONS].forget_user(user.name)
    return Credentials(shown=((words.USER, user.name), (words.PASSWORD, password)))
