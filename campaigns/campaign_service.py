"""Makes, changes, starts and stops campaigns: what pages, the API and the engine use.

Each change is one transaction, checked, and kept with what was before, so that it can be looked at
and taken back. Whoever changes a campaign says which change they saw last; if somebody else has
changed it since, nothing is changed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg

from campaigns.campaign import (
    CAMPAIGN_NAME,
    MAY_ABANDON,
    NEXT,
    CampaignSettings,
    CampaignState,
)
from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.stored_campaign import (
    Campaign,
    CampaignChange,
    CampaignContent,
    campaign_of_row,
    content_of,
    kept_content,
    plain_settings,
)
from dialer.rules import PRESETS
from domain.identity import CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import connection
from storage.queries import load

_SQL, _LEADS = load("campaigns"), load("leads")
_JUDGED_BY = (
    "rules", "most_attempts", "gap_s", "gap_after_s", "number_gap_s", "hours", "closed_on",
    "calendar",
)  # fmt: skip
"""The settings by which leads are judged."""
_CHANGERS = frozenset((Role.ADMIN, Role.OPS))
_DRIVERS = _CHANGERS | {Role.SUPERVISOR}
"""Who may start, pause and stop."""
MOST_CHANGES = 50
"""Of a page of the history."""


FindFaults = Callable[[ProjectName, CampaignSettings], Iterable[CampaignRefused]]
"""Finds what a campaign's settings name that the centre doesn't have, or that doesn't fit."""


class Campaigns:
    """All campaigns. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed.

    ``check`` looks settings over; ``on_change`` is given the name of each campaign that has been
    changed, once it is committed.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        check: FindFaults = lambda *_: (),
        on_change: Callable[[CampaignName], None] = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._check = check
        self._on_change = on_change
        self._clock = clock

    async def seen_by(self, actor: Actor, *, removed: bool = False) -> list[Campaign]:
        """Those that ``actor`` sees, the newest first."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["campaigns"], actor.reach, None, removed)
        return [campaign_of_row(row) for row in rows]

    async def get(self, actor: Actor, name: str) -> Campaign:
        """One of them. Raises CampaignRefused, also if they don't see it."""
        async with connection(self._pool) as db:
            return await self._get(db, actor, name)

    async def make(
        self, actor: Actor, name: str, project: ProjectName, settings: CampaignSettings
    ) -> Campaign:
        """Make a draft. Raises CampaignRefused."""
        _must(actor, project, _CHANGERS)
        if not CAMPAIGN_NAME.fullmatch(name):
            raise CampaignRefused(CampaignRefusal.NAME_MALFORMED, "name", name)
        self._known(project, settings)
        after = CampaignContent(CampaignState.DRAFT, settings)
        async with connection(self._pool) as db, db.transaction():
            made = await db.fetchval(
                _SQL["insert_campaign"], name, project, plain_settings(settings)
            )
            if made is None:
                raise CampaignRefused(CampaignRefusal.NAME_TAKEN, "name", name)
            await self._noted(db, name, actor, None, after)
            campaign = await self._get(db, actor, name)
        self._on_change(campaign.name)
        return campaign

    async def change(
        self,
        actor: Actor,
        name: str,
        seen: int,
        *,
        settings: CampaignSettings | None = None,
        lists: Sequence[int] | None = None,
    ) -> Campaign:
        """Change settings or lists of the campaign, which was last seen after the change ``seen``.

        Both may change while it runs. Raises CampaignRefused.
        """

        def wish(now: CampaignContent) -> CampaignContent:
            changed = replace(now, settings=settings or now.settings)
            return changed if lists is None else replace(changed, lists=tuple(dict.fromkeys(lists)))

        return await self._changed(actor, name, _CHANGERS, seen, wish)

    async def copy(
        self, actor: Actor, name: str, new_name: str, *, project: ProjectName | None = None
    ) -> Campaign:
        """Make a draft with the settings of another campaign, and without its lists, so that nobody
        is called twice by accident. Raises CampaignRefused."""
        original = await self.get(actor, name)
        return await self.make(actor, new_name, project or original.project, original.settings)

    async def move(
        self, actor: Actor, name: str, state: CampaignState, *, seen: int | None = None
    ) -> Campaign:
        """Start, pause, drain or stop. To where it is already changes nothing. With ``seen``, only
        if it hasn't been changed since that change.

        Raises CampaignRefused.
        """

        def wish(now: CampaignContent) -> CampaignContent:
            if state is not now.state and state not in NEXT[now.state]:
                raise CampaignRefused(CampaignRefusal.NOT_FROM_HERE, "state", now.state)
            return replace(now, state=state)

        return await self._changed(actor, name, _DRIVERS, seen, wish)

    async def remove(self, actor: Actor, name: str, seen: int) -> None:
        """Remove it; its calls keep its name, and nobody else gets that. Raises CampaignRefused."""

        def wish(now: CampaignContent) -> CampaignContent:
            if now.state not in (CampaignState.DRAFT, CampaignState.STOPPED):
                raise CampaignRefused(CampaignRefusal.STILL_RUNNING, "state", now.state)
            return replace(now, removed=True)

        await self._changed(actor, name, _CHANGERS, seen, wish)

    async def undo(self, actor: Actor, name: str, change: int) -> Campaign:
        """Put settings and lists back to what they were before this change. Its state stays.

        Raises CampaignRefused.
        """
        async with connection(self._pool) as db:
            await self._get(db, actor, name)
            row = await db.fetchrow(_SQL["change"], name, change)
        if row is None or row["before"] is None:
            raise CampaignRefused(CampaignRefusal.NO_SUCH_CHANGE, "change", str(change))
        before = content_of(row["before"])

        def wish(now: CampaignContent) -> CampaignContent:
            return replace(now, settings=before.settings, lists=before.lists)

        return await self._changed(actor, name, _CHANGERS, None, wish)

    async def history(
        self, actor: Actor, name: str, before: int | None = None
    ) -> Sequence[CampaignChange]:
        """The changes, the newest first, at most MOST_CHANGES. Raises CampaignRefused."""
        async with connection(self._pool) as db:
            await self._get(db, actor, name)
            rows = await db.fetch(_SQL["changes"], name, before, MOST_CHANGES)
        return [
            CampaignChange(
                row["id"],
                row["at"],
                row["by"],
                None if row["before"] is None else content_of(row["before"]),
                content_of(row["after"]),
            )
            for row in rows
        ]

    async def _changed(
        self,
        actor: Actor,
        name: str,
        roles: frozenset[Role],
        seen: int | None,
        wish: Callable[[CampaignContent], CampaignContent],
    ) -> Campaign:
        async with connection(self._pool) as db, db.transaction():
            await db.fetchval(_SQL["lock_campaign"], name)
            campaign = await self._get(db, actor, name)
            _must(actor, campaign.project, roles)
            if seen is not None and seen != campaign.change:
                raise CampaignRefused(CampaignRefusal.CHANGED_MEANWHILE)
            now = CampaignContent(campaign.state, campaign.settings, campaign.lists)
            after = wish(now)
            if after == now:
                return campaign
            if after.state is CampaignState.RUNNING and not (
                now.state is CampaignState.RUNNING and after.settings == now.settings
            ):
                _may_run(after.settings)
            if after.settings != now.settings:
                self._known(campaign.project, after.settings)
            if after.lists != now.lists:
                await self._put_lists(db, campaign, after.lists)
            at = self._clock()
            columns = (name, plain_settings(after.settings), after.state.value, at, after.removed)
            await db.execute(_SQL["update_campaign"], *columns)
            if _judges_anew(now, after):
                await db.execute(_LEADS["look_again"], name, at, after.settings.most_attempts)
            change = await self._noted(db, name, actor, now, after)
        self._on_change(campaign.name)
        return replace(
            campaign,
            state=after.state,
            settings=after.settings,
            lists=after.lists,
            change=change,
            changed_at=at,
            removed=after.removed,
        )

    async def _put_lists(
        self, db: asyncpg.Connection, campaign: Campaign, lists: Sequence[int]
    ) -> None:
        found = await db.fetch(_SQL["lists_of_project"], list(lists), campaign.project)
        if missing := set(lists) - {row["list"] for row in found}:
            raise CampaignRefused(CampaignRefusal.NO_LIST, "lists", str(min(missing)))
        await db.execute(_SQL["forget_lists"], campaign.name)
        await db.execute(_SQL["insert_lists"], campaign.name, list(lists))

    async def _noted(
        self,
        db: asyncpg.Connection,
        name: str,
        actor: Actor,
        before: CampaignContent | None,
        after: CampaignContent,
    ) -> int:
        kept = None if before is None else kept_content(before)
        columns = (name, self._clock(), actor.name, kept, kept_content(after))
        change: int = await db.fetchval(_SQL["insert_change"], *columns)
        return change

    async def _get(self, db: asyncpg.Connection, actor: Actor, name: str) -> Campaign:
        row = await db.fetchrow(_SQL["campaigns"], None, name, False)
        if row is None or not actor.has(row["project"]):
            raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", name)
        return campaign_of_row(row)

    def _known(self, project: ProjectName, settings: CampaignSettings) -> None:
        for fault in self._check(project, settings):
            raise fault


def _must(actor: Actor, project: str, roles: frozenset[Role]) -> None:
    if actor.role not in roles or not actor.has(project):
        raise CampaignRefused(CampaignRefusal.FORBIDDEN, "project", project)


def _may_run(settings: CampaignSettings) -> None:
    """Refuse a campaign whose customers would hear nothing if nobody is free, though its rules want
    a message. What that says nobody here can judge."""
    wanted = PRESETS[settings.rules].message.must_say
    told = any(text.strip() for text in settings.message.values())
    if settings.mode in MAY_ABANDON and wanted and not told:
        raise CampaignRefused(CampaignRefusal.NO_MESSAGE, "message")


def _judges_anew(before: CampaignContent, after: CampaignContent) -> bool:
    """Whether leads that are held must be looked at again: what holds them may not any more."""
    if after.lists != before.lists:
        return True
    return any(
        getattr(after.settings, name) != getattr(before.settings, name) for name in _JUDGED_BY
    )
