"""Keeps drafts of flows: two people on one draft don't overwrite each other."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from documents.document import FLOW
from domain.roles import Actor, Role
from ivr_flows.flow_schema import NAME
from publishing.flow_titles import titles_in
from publishing.flow_words import FlowDraft, FlowOverview, FlowRefusal, FlowRefused
from storage.database import connection
from storage.queries import load

_SQL = load("flows")
_CHANGERS = frozenset((Role.ADMIN, Role.OPS))


class FlowDrafts:
    """The drafts of all flows. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def all(self, actor: Actor) -> tuple[FlowOverview, ...]:
        """The flows of the actor's projects, and those of all."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["all"], actor.reach)
        return tuple(
            FlowOverview(
                row["flow"],
                row["project"],
                row["version"],
                row["changed_at"],
                row["changed_by"],
                row["number"],
                row["published_at"],
                row["published_by"],
                row["edited"],
                row["due_at"],
                row["retired_at"] is not None,
                titles_in(row["titles"] or ""),
            )
            for row in rows
        )

    async def of(self, actor: Actor, flow: str) -> FlowDraft:
        """The draft of a flow. Raises FlowRefused."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["draft"], flow)
        return draft_for(actor, row)

    async def add(
        self, actor: Actor, project: str, flow: str, text: str, tests: str = ""
    ) -> FlowDraft:
        """Begin a flow. Raises FlowRefused."""
        check_project(actor, project)
        if not re.fullmatch(NAME, flow):
            raise FlowRefused(FlowRefusal.BAD_NAME, flow)
        _check_size(text, tests)
        async with connection(self._pool) as db:
            now = self._clock()
            version = await db.fetchval(_SQL["add"], flow, project, now, actor.name, text, tests)
            if version is None:
                raise FlowRefused(FlowRefusal.EXISTS, flow)
        return FlowDraft(flow, project, text, tests, version, now, actor.name)

    async def save(self, actor: Actor, flow: str, seen: int, text: str, tests: str) -> FlowDraft:
        """Put this in place of the draft's version ``seen``. Raises FlowRefused; if somebody else
        was quicker, ``about`` names them."""
        _check_size(text, tests)
        async with connection(self._pool) as db, db.transaction():
            before = await draft_to_change(db, actor, flow)
            if (before.text, before.tests) == (text, tests):
                return before
            if before.version != seen:
                raise FlowRefused(FlowRefusal.CHANGED_MEANWHILE, before.changed_by)
            now = self._clock()
            version = await db.fetchval(_SQL["save"], flow, text, tests, now, actor.name)
        return FlowDraft(flow, before.project, text, tests, version, now, actor.name)

    async def throw_away(self, actor: Actor, flow: str, seen: int) -> None:
        """Remove a flow of which nothing was ever published or planned; what was, stays. Raises
        FlowRefused, also if its draft is no longer the version ``seen``."""
        async with connection(self._pool) as db, db.transaction():
            draft = await draft_to_change(db, actor, flow)
            if draft.version != seen:
                raise FlowRefused(FlowRefusal.CHANGED_MEANWHILE, draft.changed_by)
            if await db.fetchval(_SQL["throw_away"], flow) is None:
                raise FlowRefused(FlowRefusal.HAS_REVISIONS)


def draft_for(actor: Actor, row: asyncpg.Record | None) -> FlowDraft:
    """The draft of a row, if the actor may see it. Raises FlowRefused."""
    if row is None or not (row["project"] == "" or actor.has(row["project"])):
        raise FlowRefused(FlowRefusal.UNKNOWN)
    return FlowDraft(
        row["flow"],
        row["project"],
        row["text"],
        row["tests"],
        row["version"],
        row["changed_at"],
        row["changed_by"],
        row["retired_at"] is not None,
    )


async def draft_to_change(db: asyncpg.Connection, actor: Actor, flow: str) -> FlowDraft:
    """The draft of a flow, which nobody else changes before the transaction ends. Raises
    FlowRefused if the actor may not change it."""
    draft = draft_for(actor, await db.fetchrow(_SQL["draft_to_change"], flow))
    check_project(actor, draft.project)
    return draft


def check_project(actor: Actor, project: str) -> None:
    """Raise FlowRefused if the actor may not change flows of this project."""
    if actor.role not in _CHANGERS or not (actor.has(project) if project else actor.everywhere):
        raise FlowRefused(FlowRefusal.FORBIDDEN)


def _check_size(text: str, tests: str) -> None:
    for each in (text, tests):
        if len(each) > FLOW.characters:
            raise FlowRefused(FlowRefusal.TOO_LARGE, f"{FLOW.characters:,}")
        if "\x00" in each:
            raise FlowRefused(FlowRefusal.NO_TEXT)
