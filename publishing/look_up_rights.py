"""Keeps what flows' look-ups may use: secrets by name, and services inside the centre.

Secrets are encrypted in the database. The key is in the state folder, so that a copy of the
database alone discloses none. A value is handed to the look-up that names it, and to nobody else.
"""

import asyncio
import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import structlog
from cryptography.fernet import Fernet, InvalidToken

from domain.roles import Actor, Role
from ivr_flows.kind import NameOf
from machine.private_files import write_private
from publishing.inner_services import InnerService, NotAService, ServiceConcern, service_of
from publishing.right_words import (
    AllowedService,
    KeptSecret,
    RightsChange,
    RightsRefusal,
    RightsRefused,
)
from publishing.uses import FlowUse, uses_of
from storage.audit import AuditAction, AuditLog
from storage.database import connection
from storage.database_errors import AWAY
from storage.queries import load

log = structlog.get_logger()

_SQL = load("look_up_rights")

COPY_FILE = "look-ups.json"
"""In the state folder: for a start without the database. Secrets are encrypted there too."""
SECRET_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
LONGEST_SECRET = 4000
LONGEST_NOTE = 300
MOST = 500
"""Secrets, and services."""
MOST_CHANGES = 30
LOOK_EVERY_S = 30.0
_ACTIONS = (
    AuditAction.FLOW_SECRET_SET,
    AuditAction.FLOW_SECRET_REMOVED,
    AuditAction.SERVICE_ALLOWED,
    AuditAction.SERVICE_DISALLOWED,
)


@dataclass(frozen=True, slots=True)
class _Known:
    sealed: Mapping[tuple[str, str], bytes]
    services: tuple[InnerService, ...]


class LookUpRights:
    """What look-ups may use. ``secret``, ``names`` and ``services`` answer from memory, which
    ``keep`` keeps up to date; the other calls raise one of ``storage.database_errors.AWAY`` while
    the database is away."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        key: str,
        copy: Path | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """``key`` is one of Fernet's; ``copy`` the file for a start without the database."""
        self._pool = pool
        self._seal = Fernet(key)
        self._copy = copy
        self._clock = clock
        self._look_every_s = look_every_s
        self._audit = AuditLog(pool, clock=clock)
        self._known = _Known({}, ())

    # --- what a look-up asks

    def secret(self, project: str, name: str) -> str | None:
        """A secret of the project, or else every project's; None if there is none."""
        known = self._known.sealed
        sealed = known.get((name, project)) or known.get((name, ""))
        return None if sealed is None else self._opened(sealed)

    def names(self, project: str) -> frozenset[str]:
        """The secrets that flows of the project ("": of all projects) may name."""
        return frozenset(name for name, of in self._known.sealed if of in ("", project))

    def services(self) -> tuple[InnerService, ...]:
        """The services inside the centre that look-ups may reach."""
        return self._known.services

    # --- keeping up to date

    async def begin(self) -> None:
        """Read them; without the database, what this machine remembers."""
        try:
            await self.look()
        except (*AWAY, asyncpg.PostgresError):
            self._known = await asyncio.to_thread(self._remembered)

    async def keep(self) -> None:
        """Look now and then what somebody else has changed, until cancelled."""
        while True:
            await asyncio.sleep(self._look_every_s)
            try:
                await self.look()
            except AWAY:
                continue  # reported elsewhere: the outbox needs the same database
            except asyncpg.PostgresError as error:
                log.error("the secrets of look-ups can't be read", why=type(error).__name__)

    async def look(self) -> None:
        """Read them from the database."""
        async with connection(self._pool) as db:
            secrets = await db.fetch(_SQL["secrets"])
            services = await db.fetch(_SQL["services"])
        before = self._known
        self._known = _Known(
            {(row["name"], row["project"]): row["sealed"] for row in secrets},
            tuple(_services(row["address"] for row in services)),
        )
        if self._copy is not None and (self._known != before or not self._copy.exists()):
            await asyncio.to_thread(self._remember, self._copy)

    # --- what admins do

    async def secrets(self) -> tuple[KeptSecret, ...]:
        """All secrets, without their values."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["secrets"])
        return tuple(
            KeptSecret(
                row["name"],
                row["project"],
                row["note"],
                row["changed_at"],
                row["changed_by"],
                self._opened(row["sealed"]) is not None,
            )
            for row in rows
        )

    async def allowed(self) -> tuple[AllowedService, ...]:
        """All services that are allowed."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["services"])
        return tuple(AllowedService(*row.values()) for row in rows)

    async def changes(self) -> tuple[RightsChange, ...]:
        """Who changed what, the newest first."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["changes"], [one.value for one in _ACTIONS], MOST_CHANGES)
        return tuple(
            RightsChange(
                row["at"],
                row["by"],
                AuditAction(row["action"]),
                row["target"],
                str(row["detail"].get("of", "")),
            )
            for row in rows
        )

    async def uses(self, of: NameOf) -> Mapping[str, tuple[FlowUse, ...]]:
        """The flows that name each thing of a kind."""
        return await uses_of(self._pool, of)

    async def put_secret(
        self, actor: Actor, name: str, project: str, value: str, note: str = ""
    ) -> None:
        """Keep a secret, in place of the one of that name and project. Raises RightsRefused."""
        _check_admin(actor)
        if not SECRET_NAME.fullmatch(name):
            raise RightsRefused(RightsRefusal.BAD_NAME)
        # It goes into a header, which takes nothing else.
        if not 0 < len(value) <= LONGEST_SECRET or not value.isprintable() or not value.isascii():
            raise RightsRefused(RightsRefusal.BAD_VALUE)
        sealed = self._seal.encrypt(value.encode())
        async with connection(self._pool) as db, db.transaction():
            if len(await db.fetch(_SQL["secrets"])) >= MOST:
                raise RightsRefused(RightsRefusal.TOO_MANY)
            replaced = await db.fetchval(
                _SQL["put_secret"], name, project, sealed, note[:LONGEST_NOTE], self._clock(),
                actor.name,
            )  # fmt: skip
            await self._audit.write_with(
                db, actor.name, AuditAction.FLOW_SECRET_SET, name,
                detail={"of": project, "replaced": bool(replaced)},
            )  # fmt: skip
        await self.look()

    async def remove_secret(self, actor: Actor, name: str, project: str) -> None:
        """Forget a secret: look-ups that name it fail. Raises RightsRefused."""
        _check_admin(actor)
        async with connection(self._pool) as db, db.transaction():
            if await db.fetchval(_SQL["remove_secret"], name, project) is None:
                raise RightsRefused(RightsRefusal.UNKNOWN)
            await self._audit.write_with(
                db, actor.name, AuditAction.FLOW_SECRET_REMOVED, name, detail={"of": project}
            )
        await self.look()

    async def allow(
        self, actor: Actor, address: str, note: str = "", *, confirmed: bool = False
    ) -> InnerService:
        """Let look-ups reach a service inside the centre; ``confirmed``: also one that may be a
        mistake. Raises RightsRefused."""
        _check_admin(actor)
        try:
            service = service_of(address)
        except NotAService:
            raise RightsRefused(RightsRefusal.BAD_ADDRESS) from None
        concern = service.concern
        if concern is ServiceConcern.TOO_WIDE:
            raise RightsRefused(RightsRefusal.TOO_WIDE, concern)
        if concern is not None and not confirmed:
            raise RightsRefused(RightsRefusal.UNCONFIRMED, concern)
        async with connection(self._pool) as db, db.transaction():
            if len(await db.fetch(_SQL["services"])) >= MOST:
                raise RightsRefused(RightsRefusal.TOO_MANY)
            values = (str(service), note[:LONGEST_NOTE], self._clock(), actor.name)
            if await db.fetchval(_SQL["allow"], *values) is None:
                raise RightsRefused(RightsRefusal.EXISTS)
            await self._audit.write_with(db, actor.name, AuditAction.SERVICE_ALLOWED, str(service))
        await self.look()
        return service

    async def disallow(self, actor: Actor, address: str) -> None:
        """Let look-ups no longer reach a service. Raises RightsRefused."""
        _check_admin(actor)
        async with connection(self._pool) as db, db.transaction():
            if await db.fetchval(_SQL["disallow"], address) is None:
                raise RightsRefused(RightsRefusal.UNKNOWN)
            await self._audit.write_with(db, actor.name, AuditAction.SERVICE_DISALLOWED, address)
        await self.look()

    # --- the copy on this machine

    def _opened(self, sealed: bytes) -> str | None:
        try:
            return self._seal.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def _remember(self, copy: Path) -> None:
        whole = {
            "secrets": [
                [name, project, base64.b64encode(sealed).decode()]
                for (name, project), sealed in self._known.sealed.items()
            ],
            "services": [str(service) for service in self._known.services],
        }
        try:
            write_private(copy, json.dumps(whole).encode())
        except OSError as error:
            log.error("the copy for a start without the database can't be written",
                      file=str(copy), why=error.strerror)  # fmt: skip

    def _remembered(self) -> _Known:
        try:
            whole = json.loads(self._copy.read_bytes()) if self._copy is not None else {}
            sealed = {
                (str(name), str(project)): base64.b64decode(value)
                for name, project, value in whole.get("secrets", ())
            }
            return _Known(sealed, tuple(_services(whole.get("services", ()))))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return _Known({}, ())

    def __repr__(self) -> str:
        return f"LookUpRights({len(self._known.sealed)} secrets)"


def _services(addresses: Iterable[str]) -> Iterable[InnerService]:
    for address in addresses:
        try:
            yield service_of(address)
        except NotAService:  # somebody's hands were in the table
            log.error("what look-ups may reach can't be read; it is left out", address=address[:80])


def _check_admin(actor: Actor) -> None:
    if actor.role is not Role.ADMIN:
        raise RightsRefused(RightsRefusal.FORBIDDEN)
