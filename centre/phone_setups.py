"""Hands a phone its own settings, once, for a code that somebody was shown as a QR code.

The code is good for a while, for one use, and until the phone's password is renewed. Of a station
whose code was not used, only the newest is good.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypedDict

import asyncpg

from centre.directory import Content, thing_of
from centre.endpoint_settings import StationSettings
from centre.kinds import Kind
from domain.errors import OffhookError
from storage.database import connection
from storage.queries import load
from storage.users import token_hash

VALID_FOR = timedelta(minutes=30)
KEPT_FOR = timedelta(days=30)
"""How long what became of a code can be looked up."""

_SQL = load("phone_setups")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class PhoneWithoutPassword(OffhookError):  # noqa: N818
    """The station doesn't exist, or has no password yet."""


@dataclass(frozen=True, slots=True)
class TakenSetup:
    """What a phone may have for its code."""

    station: StationSettings
    digest: str = field(repr=False)
    """``MD5(name:realm:password)``. Whoever has it can register, so it goes to the phone alone."""


@dataclass(frozen=True, slots=True)
class SetupStatus:
    """What has become of the last code of a station."""

    made_at: datetime
    made_by: str
    expires_at: datetime
    used_at: datetime | None
    used_from: str | None
    """The address from which it was used."""


class _TakenRow(TypedDict):
    content: Content
    secret: str


class PhoneSetups:
    """The codes. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        valid_for: timedelta = VALID_FOR,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._valid_for = valid_for

    async def offer(self, station: str, by: str) -> str:
        """A new code for a station. Raises PhoneWithoutPassword."""
        async with connection(self._pool) as db, db.transaction():
            return await self.offer_with(db, station, by)

    async def offer_with(self, db: asyncpg.Connection, station: str, by: str) -> str:
        """The same, in a transaction such as the change that gives the station its password."""
        now, token = self._clock(), secrets.token_urlsafe(32)
        await db.execute(_SQL["drop_others"], station, now - KEPT_FOR)
        made = await db.fetchval(
            _SQL["offer"], token_hash(token), station, now, by, now + self._valid_for
        )
        if made is None:
            raise PhoneWithoutPassword(station)
        return token

    async def take(self, token: str, address: str) -> TakenSetup | None:
        """Use a code; None if it is not, or no longer, good."""
        if not is_code(token):
            return None
        async with connection(self._pool) as db:
            row: _TakenRow | None = await db.fetchrow(
                _SQL["take"], token_hash(token), self._clock(), address
            )
        if row is None:
            return None
        station = thing_of(Kind.STATION, row["content"])
        assert isinstance(station, StationSettings)  # noqa: S101 - of that kind
        return TakenSetup(station, row["secret"])

    async def status(self, station: str) -> SetupStatus | None:
        """What has become of a station's last code; None if it had none for a month."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["last"], station)
        return None if row is None else SetupStatus(**row)


def is_code(text: str) -> bool:
    """Whether it has the form of a code."""
    return _TOKEN.fullmatch(text) is not None
