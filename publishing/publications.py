"""Publishes flows, now or when it is planned: makes revisions, and editions, which calls meet."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog

from documents.document_errors import DocumentError
from domain.roles import Actor
from ivr_flows.flow import Flow
from ivr_flows.loader import Checked
from ivr_flows.references import Outside
from publishing.checked_texts import checked_once
from publishing.flow_checks import (
    FlowChecks,
    MetFlows,
    OutsideOf,
    UnfitOf,
    all_fit,
    check_tests,
    met_flows,
    play_tests,
    warning_key,
)
from publishing.flow_drafts import check_project, draft_for, draft_to_change
from publishing.flow_history import FlowHistory, revision_of
from publishing.flow_words import (
    FlowDraft,
    FlowProspect,
    FlowRefusal,
    FlowRefused,
    FlowRevision,
    PlannedPublication,
)
from publishing.kept_sentences import sentences_as_json
from storage.database import connection
from storage.database_errors import AWAY
from storage.queries import load

log = structlog.get_logger()

_SQL = load("flows")
DUE_AT_ONCE = 100
DUE_WITHIN_S = 2.0
"""So many plans are carried out in one transaction, and no more once it has taken so long: others
who publish, or change the directory, wait for it."""

MOST_AHEAD = timedelta(days=20 * 366)
"""What is planned for later than in twenty years is a slip of the keyboard."""

UsersOf = Callable[[asyncpg.Connection, str], Awaitable[Collection[str]]]
"""Numbers and campaigns that lead to a flow, in words."""


Ahead = Callable[[Flow], Awaitable[object]]
"""Makes the sounds of a flow before calls meet it, as far as that is quick."""


async def silent(_flow: Flow) -> None:
    """Nothing is made."""


async def nobody(_db: asyncpg.Connection, _flow: str) -> Collection[str]:
    """Nothing leads to any flow."""
    return ()


class Publications:
    """What publishes flows, now or at a time. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        outside: OutsideOf,
        users: UsersOf = nobody,
        unfit: UnfitOf = all_fit,
        *,
        ahead: Ahead = silent,
        due_within_s: float = DUE_WITHIN_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._history = FlowHistory(pool)
        self._checks = FlowChecks(outside, unfit)
        self._users = users
        self._ahead = ahead
        self._due_within_s = due_within_s
        self._clock = clock

    # --- checking

    async def checked(self, actor: Actor, flow: str) -> Checked:
        """What is wrong with the draft of a flow. Raises FlowRefused if it isn't theirs."""
        async with connection(self._pool) as db:
            draft = draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            return await self._checks.check(
                db, draft.project, flow, draft.text, await met_flows(db)
            )

    async def check_text(self, project: str, flow: str, text: str) -> Checked:
        """What is wrong with a text that is to be a flow of the project."""
        async with connection(self._pool) as db:
            return await self._checks.check(db, project, flow, text, await met_flows(db))

    async def surroundings(self, project: str, flow: str) -> Outside:
        """What a text that is to be a flow of the project may name."""
        async with connection(self._pool) as db:
            return await self._checks.around(db, project, flow, await met_flows(db))

    async def prospect(self, actor: Actor, flow: str) -> FlowProspect:
        """What stands between the draft of a flow and its publication. Raises FlowRefused."""
        async with connection(self._pool) as db:
            draft = draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            periods = await db.fetch(_SQL["periods"], flow)
            number = periods[0]["number"] if periods else None
            row = await db.fetchrow(_SQL["revision"], flow, number)
            met = await met_flows(db)
            found = await self._checks.check(db, draft.project, flow, draft.text, met)
            refused = None
            if found.flow is not None:
                refused = await self._checks.refused(db, flow, found.flow, met)
        fault, played = None, None
        if found.flow is not None and found.flow.name != flow:
            raise FlowRefused(FlowRefusal.OTHER_NAME, found.flow.name)
        if found.flow is not None:
            try:
                played = await asyncio.to_thread(play_tests, draft, found.flow, met.flows)
            except DocumentError as error:
                fault = error
        now = None if row is None else replace(revision_of(flow, row), text=row["text"])
        return FlowProspect(draft, now, found, played, fault, refused)

    # --- publishing

    async def publish(
        self, actor: Actor, flow: str, seen: int, note: str, confirmed: Collection[str] = ()
    ) -> FlowRevision:
        """Let calls meet the draft's version ``seen`` from now on; ``confirmed`` are the warnings
        that the actor has seen. Raises FlowRefused. If calls meet exactly this already, as after
        a second click, nothing is done."""
        await self._get_ready(actor, flow)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            draft = await draft_to_change(db, actor, flow)
            number = await db.fetchval(_SQL["met_already"], flow, seen)
            if number is None:
                revision, number = await self._revise(db, actor, draft, seen, note, confirmed)
                await self._put(db, actor.name, flow, revision, "published")
        return await self._history.revision(actor, flow, number)

    async def plan(
        self,
        actor: Actor,
        flow: str,
        seen: int,
        note: str,
        due_at: datetime,
        confirmed: Collection[str] = (),
    ) -> PlannedPublication:
        """Publish the draft's version ``seen`` at this time, as it is now. Raises FlowRefused."""
        now = self._clock()
        if due_at <= now:
            raise FlowRefused(FlowRefusal.IN_THE_PAST)
        if due_at > now + MOST_AHEAD:
            raise FlowRefused(FlowRefusal.TOO_FAR)
        await self._get_ready(actor, flow)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            draft = await draft_to_change(db, actor, flow)
            revision, number = await self._revise(db, actor, draft, seen, note, confirmed)
            id = await db.fetchval(_SQL["plan"], flow, revision, due_at, actor.name, now)
            await db.execute(_SQL["announce"])
        return PlannedPublication(id, flow, number, due_at, actor.name)

    async def _get_ready(self, actor: Actor, flow: str) -> None:
        """Make the draft's prompts, before the lock that all publications wait for."""
        async with connection(self._pool) as db:
            draft = draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
        found = await asyncio.to_thread(checked_once, flow, draft.text)
        if found.flow is not None:
            await self._ahead(found.flow)

    async def planned(self, actor: Actor, flow: str) -> tuple[PlannedPublication, ...]:
        """What is to be published of a flow. Raises FlowRefused."""
        async with connection(self._pool) as db:
            draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            rows = await db.fetch(_SQL["planned"], flow)
        return tuple(
            PlannedPublication(row["id"], row["flow"], row["number"], row["due_at"], row["by"])
            for row in rows
        )

    async def given_up(self, actor: Actor, flow: str) -> tuple[PlannedPublication, ...]:
        """What was to be published of a flow and no longer fitted when it was due, since calls met
        something else of it. Raises FlowRefused."""
        async with connection(self._pool) as db:
            draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            rows = await db.fetch(_SQL["given_up"], flow)
        return tuple(
            PlannedPublication(row["id"], row["flow"], row["number"], row["due_at"], row["by"])
            for row in rows
        )

    async def call_off(self, actor: Actor, flow: str, id: int) -> None:
        """Don't publish that after all. Raises FlowRefused."""
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])  # or it is called off while it is being published
            draft = draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            check_project(actor, draft.project)
            if id not in {row["id"] for row in await db.fetch(_SQL["planned"], flow)}:
                raise FlowRefused(FlowRefusal.NOT_PLANNED)
            await db.execute(_SQL["done"], id, self._clock(), "cancelled")

    async def publish_due(self) -> tuple[str, ...]:
        """Publish what has become due, or as much of it as is done at once, in one transaction; the
        flows. A plan that no longer fits is given up, and logged: calls go on meeting what they
        met. So is one that can't be published because of a bug."""
        now = self._clock()
        published: list[str] = []
        time = asyncio.get_running_loop().time
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            until = time() + self._due_within_s
            for number, row in enumerate(await db.fetch(_SQL["due"], now, DUE_AT_ONCE)):
                if number and time() >= until:
                    break
                flow = row["flow"]
                outcome = "refused"
                try:
                    async with db.transaction():  # a savepoint: the others don't wait for this one
                        draft = await db.fetchrow(_SQL["draft"], flow)
                        await self._publish_again(db, draft["project"], row["by"], row, "scheduled")
                except AWAY:
                    raise
                except FlowRefused as refused:
                    faulty = refused.checked
                    why = refused if faulty is None else faulty.errors[0]
                    log.error("a flow is not published as planned", flow=flow, why=str(why))
                except Exception:
                    log.exception("a flow is not published as planned because of a bug", flow=flow)
                else:
                    outcome = "published"
                    published.append(flow)
                await db.execute(_SQL["done"], row["id"], now, outcome)
        return tuple(published)

    async def next_due(self) -> datetime | None:
        """When something is to be published next."""
        async with connection(self._pool) as db:
            due: datetime | None = await db.fetchval(_SQL["next_due"])
        return due

    async def roll_back(self, actor: Actor, flow: str, number: int) -> FlowRevision:
        """Let calls meet an old revision again. Raises FlowRefused; it is checked as a draft is,
        for queues and flows may be gone by now."""
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            draft = await draft_to_change(db, actor, flow)
            row = await db.fetchrow(_SQL["revision"], flow, number)
            if row is None:
                raise FlowRefused(FlowRefusal.UNKNOWN)
            await self._publish_again(db, draft.project, actor.name, row, "rolled_back")
        return await self._history.revision(actor, flow, number)

    async def _publish_again(
        self, db: asyncpg.Connection, project: str, by: str, row: asyncpg.Record, why: str
    ) -> None:
        """Let calls meet the row's revision of its flow, checked as a draft is. Raises
        FlowRefused."""
        flow, met = row["flow"], await met_flows(db)
        found = await self._checks.check(db, project, flow, row["text"], met)
        if found.flow is None:
            raise FlowRefused(FlowRefusal.FAULTY, checked=found)
        if refused := await self._checks.refused(db, flow, found.flow, met):
            raise refused
        await self._put(db, by, flow, row["revision"], why)

    async def users_of(self, actor: Actor, flow: str) -> tuple[str, ...]:
        """The numbers, campaigns and published flows that lead to a flow. Raises FlowRefused."""
        async with connection(self._pool) as db:
            draft_for(actor, await db.fetchrow(_SQL["draft"], flow))
            return await self._led_by(db, flow, await met_flows(db))

    async def _led_by(self, db: asyncpg.Connection, flow: str, met: MetFlows) -> tuple[str, ...]:
        others = [name for name, one in met.flows.items() if name != flow and flow in one.entered]
        return (*await self._users(db, flow), *others)

    async def retire(self, actor: Actor, flow: str) -> None:
        """Let no call meet the flow any more, what is planned of it included. Raises FlowRefused if
        something leads to it."""
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            await draft_to_change(db, actor, flow)
            met = await met_flows(db)
            if users := await self._led_by(db, flow, met):
                raise FlowRefused(FlowRefusal.IN_USE, ", ".join(users))
            now = self._clock()
            await db.execute(_SQL["publish"], now, actor.name, flow, None, "retired")
            for row in await db.fetch(_SQL["planned"], flow):
                await db.execute(_SQL["done"], row["id"], now, "cancelled")
            await db.execute(_SQL["announce"])
            await db.execute(_SQL["retire"], flow, now)

    async def _revise(
        self,
        db: asyncpg.Connection,
        actor: Actor,
        draft: FlowDraft,
        seen: int,
        note: str,
        confirmed: Collection[str],
    ) -> tuple[int, int]:
        """Make a revision of the draft's version ``seen``; its key and number."""
        if draft.version != seen:
            raise FlowRefused(FlowRefusal.CHANGED_MEANWHILE, draft.changed_by)
        flow = draft.flow
        met = await met_flows(db)
        found = await self._checks.check(db, draft.project, flow, draft.text, met)
        if found.flow is None:
            raise FlowRefused(FlowRefusal.FAULTY, checked=found)
        if found.flow.name != flow:
            raise FlowRefused(FlowRefusal.OTHER_NAME, found.flow.name)
        warnings = [warning_key(warning) for warning in found.warnings]
        if set(warnings) - set(confirmed):
            raise FlowRefused(FlowRefusal.UNCONFIRMED, checked=found)
        await asyncio.to_thread(check_tests, draft, found.flow, met.flows)
        if refused := await self._checks.refused(db, flow, found.flow, met):
            raise refused
        sentences = sentences_as_json(warning.what for warning in found.warnings)
        row = await db.fetchrow(
            _SQL["revise"], flow, draft.text, draft.tests, self._clock(), actor.name, note,
            warnings, sentences,
        )  # fmt: skip
        await db.execute(_SQL["drafted_from"], flow, row["revision"])
        return row["revision"], row["number"]

    async def _put(
        self, db: asyncpg.Connection, by: str, flow: str, revision: int, why: str
    ) -> None:
        await db.execute(_SQL["publish"], self._clock(), by, flow, revision, why)
        await db.execute(_SQL["announce"])
        await db.execute(_SQL["retire"], flow, None)
