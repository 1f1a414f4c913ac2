"""Makes, changes, starts and stops campaigns: what pages, the API and the engine use.

Each change is one transaction, checked, and kept with what was before, so that it can be looked at
and taken back. Whoever changes a campaign says which change they saw last; if somebody else has
changed it since, nothing is changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypedDict

import asyncpg
from pydantic import ValidationError

from campaigns.campaign import (
    CAMPAIGN_NAME,
    MAY_ABANDON,
    NEXT,
    CampaignSettings,
    CampaignState,
)
from dialer.rules import PRESETS
from domain.errors import OffhookError
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


class CampaignRefusal(StrEnum):
    """Why a campaign was not made or changed."""

    FORBIDDEN = "forbidden"  # not their role, or not their project
    NO_SUCH = "no_such"  # there is none of this name, or it was removed
    NAME_TAKEN = "name_taken"  # also by one that was removed: its calls keep the name
    NAME_MALFORMED = "name_malformed"
    CHANGED_MEANWHILE = "changed_meanwhile"
    NOT_FROM_HERE = "not_from_here"  # its state can't follow the present one
    NO_MESSAGE = "no_message"  # the rules want one for whom nobody is free
    STILL_RUNNING = "still_running"  # stop it before it is removed
    NO_LIST = "no_list"  # of its project; a campaign without leads may start, and says so
    UNKNOWN = "unknown"  # a queue, line, calendar or flow that the centre doesn't have
    FLOW_NEEDS_QUEUE = "flow_needs_queue"  # it leads to the campaign's queue, and there is none
    FLOW_LEADS_NOWHERE = "flow_leads_nowhere"  # to a queue that the centre doesn't have
    FLOW_WITHOUT_OPT_OUT = "flow_without_opt_out"  # customers couldn't ask for no more calls
    SHARE_OVER_RULE = "share_over_rule"  # the value is the most that the rules allow, in percent
    GRACE_OVER_RULE = "grace_over_rule"  # the same, in seconds
    NO_OPT_OUT_KEY = "no_opt_out_key"  # the rules want one for customers whom nobody is free for
    NO_SUCH_CHANGE = "no_such_change"


class CampaignRefused(OffhookError):  # noqa: N818
    """Nothing was changed. ``setting`` and ``value`` say what it is about, if it is one setting."""

    def __init__(self, why: CampaignRefusal, setting: str = "", value: str = "") -> None:
        super().__init__(why, setting, value)
        self.why = why
        self.setting = setting
        self.value = value


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is now; ``change`` is the last change of it."""

    name: CampaignName
    project: ProjectName
    state: CampaignState
    settings: CampaignSettings
    lists: tuple[int, ...]
    change: int
    made_at: datetime
    changed_at: datetime
    removed: bool = False


@dataclass(frozen=True, slots=True)
class CampaignChange:
    """A change that was made; ``before`` None: the campaign was made."""

    id: int
    at: datetime
    by: str
    before: "CampaignContent | None"
    after: "CampaignContent"


@dataclass(frozen=True, slots=True)
class CampaignContent:
    """What a change changes."""

    state: CampaignState
    settings: CampaignSettings
    lists: tuple[int, ...] = ()
    removed: bool = False


class _CampaignRow(TypedDict):
    campaign: str
    project: str
    state: str
    settings: dict[str, Any]
    lists: list[int]
    change: int | None
    made_at: datetime
    changed_at: datetime
    removed_at: datetime | None


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
        return [_campaign(row) for row in rows]

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
            made = await db.fetchval(_SQL["insert_campaign"], name, project, _plain(settings))
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
        before = _content(row["before"])

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
                None if row["before"] is None else _content(row["before"]),
                _content(row["after"]),
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
            columns = (name, _plain(after.settings), after.state.value, at, after.removed)
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
        kept = None if before is None else _kept(before)
        columns = (name, self._clock(), actor.name, kept, _kept(after))
        change: int = await db.fetchval(_SQL["insert_change"], *columns)
        return change

    async def _get(self, db: asyncpg.Connection, actor: Actor, name: str) -> Campaign:
        row = await db.fetchrow(_SQL["campaigns"], None, name, False)
        if row is None or not actor.has(row["project"]):
            raise CampaignRefused(CampaignRefusal.NO_SUCH, "name", name)
        return _campaign(row)

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


def _plain(settings: CampaignSettings) -> dict[str, Any]:
    return settings.model_dump(mode="json")


def _kept(content: CampaignContent) -> dict[str, Any]:
    return {
        "state": content.state.value,
        "settings": _plain(content.settings),
        "lists": list(content.lists),
        "removed": content.removed,
    }


def _content(kept: dict[str, Any]) -> CampaignContent:
    return CampaignContent(
        CampaignState(kept["state"]),
        settings_of(kept["settings"]),
        tuple(kept["lists"]),
        kept["removed"],
    )


def _campaign(row: _CampaignRow) -> Campaign:
    return Campaign(
        CampaignName(row["campaign"]),
        ProjectName(row["project"]),
        CampaignState(row["state"]),
        settings_of(row["settings"]),
        tuple(row["lists"]),
        row["change"] or 0,
        row["made_at"],
        row["changed_at"],
        row["removed_at"] is not None,
    )


def settings_of(kept: Mapping[str, Any]) -> CampaignSettings:
    """What was stored. What this version doesn't have, or takes no more, is as if never set."""
    known = {key: value for key, value in kept.items() if key in CampaignSettings.model_fields}
    wrong: set[Any] = set(known)
    while wrong:
        try:
            return CampaignSettings.model_validate(known)
        except ValidationError as error:
            wrong = {
                fault["loc"][0] if fault["loc"] else _setting_named(fault["msg"])
                for fault in error.errors()
            } & set(known)
            known = {key: value for key, value in known.items() if key not in wrong}
    sound = {key: kept[key] for key in ("title", "queue", "line", "mode") if key in kept}
    return CampaignSettings.model_validate(sound)


def _setting_named(fault: str) -> str:
    """The setting that a fault of the whole names first."""
    return fault.removeprefix("Value error, ").partition(":")[0]
