"""Makes the PINs, first passwords and phones' passwords of many new agents at once."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from centre.directory import Edit
from centre.directory_store import ThingKey
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from centre.pins import hash_pin, new_pin
from console.centre import words
from console.centre.credentials import new_password
from domain.identity import AgentCode, ProjectName
from machine.quiet_threads import quiet_threads
from storage.first_users import FirstUser
from storage.password_hashing import hash_first_password
from telephony.asterisk.digests import digest

THREADS = 2
_AT_ONCE = 20
"""So many are hashed before a thread says that it has got on."""


@dataclass(frozen=True, slots=True)
class PhoneServer:
    """Where the new phones register."""

    host: str
    port: int
    transport: str


@dataclass(frozen=True, slots=True)
class FirstAccess:
    """What new agents need to begin, in plain text."""

    agents: Sequence[AgentSettings]
    """Those who are new, or whose phone is."""
    pins: Mapping[str, str]
    """By agent's code."""
    passwords: Mapping[str, str]
    """Of console users, who are named after the agent's code."""
    phones: Mapping[str, str]
    """Passwords of new phones."""

    def __repr__(self) -> str:
        return f"FirstAccess({len(self.agents)})"

    def without_users(self, codes: Collection[str]) -> "FirstAccess":
        """The same, if these agents got no console user."""
        kept = {code: text for code, text in self.passwords.items() if code not in codes}
        return replace(self, passwords=kept)

    def table(self, says: Callable[[str], str], server: PhoneServer) -> list[list[str]]:
        """The headings and a row for each agent; only the columns that have something."""
        headings = [words.CODE, words.NAME]
        headings += [words.PIN] if self.pins else []
        headings += [words.USER, words.PASSWORD] if self.passwords else []
        if self.phones:
            headings += [words.SIP_NAME_OF_PHONE, words.PASSWORD_OF_PHONE]
            headings += [words.SIP_SERVER, words.SIP_PORT, words.SIP_TRANSPORT]
        return [[says(text) for text in headings], *(self._row(a, server) for a in self.agents)]

    def _row(self, agent: AgentSettings, server: PhoneServer) -> list[str]:
        row = [agent.code, agent.name]
        if self.pins:
            row.append(self.pins.get(agent.code, ""))
        if self.passwords:
            password = self.passwords.get(agent.code)
            row += ["", ""] if password is None else [agent.code, password]
        if self.phones:
            password = self.phones.get(agent.station or "")
            place = [server.host, str(server.port), server.transport]
            row += [""] * 5 if password is None else [agent.station or "", password, *place]
        return row


@dataclass(frozen=True, slots=True)
class HashedAccess:
    """What is kept of a ``FirstAccess``."""

    secrets: Mapping[ThingKey, str]
    users: Sequence[FirstUser]

    def __repr__(self) -> str:
        return f"HashedAccess({len(self.secrets)}, {len(self.users)})"


def first_access(edits: Sequence[Edit], users: Callable[[AgentSettings], bool]) -> FirstAccess:
    """New PINs and passwords for the agents and phones that these edits make; ``users`` says which
    agents get a console user."""
    pins, passwords, agents = {}, {}, []
    phones: dict[str, str] = {}
    for edit in edits:
        if edit.kind is Kind.STATION and edit.before is None:
            phones[edit.key] = new_password()
    for edit in edits:
        if not isinstance(edit.after, AgentSettings):
            continue
        if edit.before is None:
            pins[edit.key] = new_pin()
            if users(edit.after):
                passwords[edit.key] = new_password(12)
        if edit.before is None or edit.after.station in phones:
            agents.append(edit.after)
    return FirstAccess(tuple(agents), pins, passwords, phones)


async def hash_access(access: FirstAccess, step: Callable[[int], object]) -> HashedAccess:
    """What is kept of it. A PIN or password takes some milliseconds; ``step`` is called with how
    many have been done since. Two at a time, in threads that leave the machine to calls."""
    names = list(access.pins)
    pins = await _hashed(list(access.pins.values()), hash_pin, step)
    secrets: dict[ThingKey, str] = {
        (Kind.AGENT, code): hashed for code, hashed in zip(names, pins, strict=True)
    }
    for station, password in access.phones.items():
        secrets[Kind.STATION, station] = digest(station, password)
    hashes = await _hashed(list(access.passwords.values()), hash_first_password, step)
    hash_of = dict(zip(access.passwords, hashes, strict=True))
    users = [
        FirstUser(AgentCode(a.code), hash_of.get(a.code), tuple(map(ProjectName, a.projects)))
        for a in access.agents
        if a.code in access.pins
    ]
    return HashedAccess(secrets, users)


async def _hashed(
    texts: Sequence[str], kept: Callable[[str], str], step: Callable[[int], object]
) -> list[str]:
    def some(part: Sequence[str]) -> list[str]:
        return [kept(text) for text in part]

    found: list[str] = []
    parts = [texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE)]
    threads = quiet_threads(THREADS, "first access")
    try:
        loop = asyncio.get_running_loop()
        for coming in [loop.run_in_executor(threads, some, part) for part in parts]:
            hashes = await coming
            found += hashes
            step(len(hashes))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return found
