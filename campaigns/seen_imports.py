"""Reads an import as its viewer may see it: a list's, or a do-not-call list's."""

import asyncpg

from campaigns.do_not_call import LISTERS, DoNotCallRefused, must
from campaigns.import_progress import ImportProgress, progress_of
from campaigns.lead_lists import LIST_VIEWERS, ListRefusal, ListRefused, read_list
from domain.roles import Actor, Role
from storage.queries import load

_SQL = load("lists")


async def read_import(
    db: asyncpg.Connection,
    actor: Actor,
    number: int,
    roles: frozenset[Role] = LIST_VIEWERS,
    *,
    under_way: bool = False,
) -> ImportProgress:
    """An import that ``actor`` sees with one of these roles; those of do-not-call lists are for
    LISTERS alone. Raises ListRefused."""
    row = await db.fetchrow(_SQL["imports"], number, None, 1, None)
    if row is None:
        raise ListRefused(ListRefusal.NO_SUCH, str(number))
    if row["list"] is not None:
        await read_list(db, actor, row["list"], roles)
        return progress_of(row, under_way)
    try:
        must(actor, row["listed_for"], LISTERS)
    except DoNotCallRefused as refused:
        raise ListRefused(ListRefusal.NO_SUCH, str(number)) from refused
    return progress_of(row, under_way)
