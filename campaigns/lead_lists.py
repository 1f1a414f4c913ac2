"""Makes lists of leads, pauses them and removes them. What is in them, ``campaigns.lead_service``
changes and an import brings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import asyncpg
import phonenumbers

from campaigns.stored_leads import ListState
from domain.errors import OffhookError
from domain.identity import ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL = load("lead_service")
LIST_CHANGERS = frozenset((Role.ADMIN, Role.OPS))
_PAUSERS = LIST_CHANGERS | {Role.SUPERVISOR}
LIST_VIEWERS = _PAUSERS | {Role.QA, Role.CLIENT}
"""Who may look at imports. The client's own people have sent the files."""
MOST_TITLE = 200


class ListRefusal(StrEnum):
    """Why a list or a lead was not changed."""

    FORBIDDEN = "forbidden"  # not their role, or not their project
    NO_SUCH = "no_such"  # there is none, it was removed, or it isn't theirs to see
    NO_TITLE = "no_title"  # empty, or longer than MOST_TITLE
    NO_NUMBER = "no_number"  # a lead needs one
    NOT_A_NUMBER = "not_a_number"  # not E.164 with +
    TWICE = "twice"  # the lead has this number already
    NO_ZONE = "no_zone"  # no time zone has this name
    NOT_FROM_HERE = "not_from_here"  # not with a lead in this state
    CHANGED_MEANWHILE = "changed_meanwhile"
    NO_SUCH_COUNTRY = "no_such_country"  # neither empty nor two letters such as CN
    UNDER_WAY = "under_way"  # this import is going on already
    TOO_MANY = "too_many"  # files are being read; try it again soon


class ListRefused(OffhookError):  # noqa: N818
    """Nothing was changed. ``value`` is what it is about."""

    def __init__(self, why: ListRefusal, value: str = "") -> None:
        super().__init__(why, value)
        self.why = why
        self.value = value


@dataclass(frozen=True, slots=True)
class ListOfLeads:
    """A list of leads."""

    list: int
    project: ProjectName
    title: str
    state: ListState
    country: str
    """Where numbers without a country's code are; "" if none was chosen, then they are refused."""
    made_at: datetime
    made_by: str
    campaigns: tuple[str, ...]
    """Those that dial it."""


class LeadLists:
    """The lists. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed.

    ``on_change`` is given the campaigns whose leads have changed, once that is committed.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        on_change: Callable[[tuple[str, ...]], None] = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._on_change = on_change
        self._clock = clock

    async def seen_by(self, actor: Actor) -> tuple[ListOfLeads, ...]:
        """The lists that ``actor`` sees, the newest first."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["lists"], actor.reach, None)
        return tuple(_list(row) for row in rows)

    async def get(self, actor: Actor, number: int) -> ListOfLeads:
        """One of them. Raises ListRefused, also if they don't see it."""
        async with connection(self._pool) as db:
            return await _get(db, actor, number)

    async def make(
        self, actor: Actor, project: ProjectName, title: str, country: str = "CN"
    ) -> ListOfLeads:
        """Make an empty list. Raises ListRefused."""
        if actor.role not in LIST_CHANGERS or not actor.has(project):
            raise ListRefused(ListRefusal.FORBIDDEN, project)
        _check_country(country)
        async with connection(self._pool) as db:
            number = await db.fetchval(
                _SQL["insert_list"], project, _title(title), country, actor.name
            )
            return await _get(db, actor, number)

    async def change(
        self,
        actor: Actor,
        number: int,
        *,
        state: ListState | None = None,
        title: str | None = None,
        country: str | None = None,
    ) -> ListOfLeads:
        """Pause, activate, remove or rename a list, or choose its country. Raises ListRefused.

        Nothing more of a paused or removed list is dialled; calls under way go on. A removed list
        doesn't come back, but the stories of its leads stay.
        """
        pausing = title is None and country is None and state is not ListState.REMOVED
        may = _PAUSERS if pausing else LIST_CHANGERS
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock_list"], number)
            found = await _get(db, actor, number)
            if actor.role not in may:
                raise ListRefused(ListRefusal.FORBIDDEN, found.project)
            wanted = state or found.state
            named = found.title if title is None else _title(title)
            where = found.country if country is None else country
            _check_country(where)
            await db.execute(_SQL["set_list"], number, wanted.value, named, where)
            if wanted is not ListState.ACTIVE:
                await db.execute(_SQL["let_go"], number)
            (row,) = await db.fetch(_SQL["lists"], None, number)
        self._on_change(found.campaigns)
        return _list(row)


async def read_list(
    db: asyncpg.Connection, actor: Actor, number: int, roles: frozenset[Role]
) -> ListOfLeads:
    """A list that ``actor`` sees with one of these roles. Raises ListRefused."""
    found = await _get(db, actor, number)
    if actor.role not in roles:
        raise ListRefused(ListRefusal.FORBIDDEN, found.project)
    return found


async def _get(db: asyncpg.Connection, actor: Actor, number: int) -> ListOfLeads:
    row = await db.fetchrow(_SQL["lists"], None, number)
    if row is None or row["state"] == ListState.REMOVED or not actor.has(row["project"]):
        raise ListRefused(ListRefusal.NO_SUCH, str(number))
    return _list(row)


def _list(row: asyncpg.Record) -> ListOfLeads:
    return ListOfLeads(
        row["list"],
        ProjectName(row["project"]),
        row["title"],
        ListState(row["state"]),
        row["country"],
        row["made_at"],
        row["made_by"],
        tuple(row["campaigns"]),
    )


def _check_country(country: str) -> None:
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        raise ListRefused(ListRefusal.NO_SUCH_COUNTRY, country)


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not 0 < len(title) <= MOST_TITLE or "\x00" in title:
        raise ListRefused(ListRefusal.NO_TITLE)
    return title
