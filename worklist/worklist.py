"""The worklist: which entries there are, who has one in hand, and that it is done.

Entries follow from calls, their facts and leads, so that late facts and a killed controller change
nothing; ``work_entries`` says what people have done with them. A missed call is one in which nobody
talked with the caller. It is done by itself as soon as somebody does in a later call of theirs.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import asyncpg

from campaigns.callbacks import (
    CallbackRefusal,
    CallbackRefused,
    close_promise,
    reopen_promise,
)
from domain.identity import AgentCode, CallId
from recordings.voice_files import read_name
from storage.audit import AuditAction, AuditLog
from storage.database import connection
from storage.queries import load
from worklist.entries import (
    WorkEntry,
    WorkKind,
    WorkRefusal,
    WorkRefused,
    WorkScope,
    entry_of,
)

_SQL = load("worklist")
MOST_OF_A_KIND = 300
MOST_NOTE = 2000
CLAIM_S = 900.0
"""So long an entry is in the hands of who has taken it; each thing they do begins it anew."""
_LEASE = "worklist:"


@dataclass(frozen=True, slots=True)
class NumberCalled:
    """The last call that we placed to a number."""

    number: str
    at: datetime
    outcome: str | None
    """None: it is going on."""
    agent: AgentCode | None


class Worklist:
    """Entries, and what becomes of them. Each method is given who asks, and what they may see.

    While the database is away, each call raises one of ``storage.database_errors.AWAY``, and
    nothing has been changed.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        audit: AuditLog,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        claim_s: float = CLAIM_S,
    ) -> None:
        self._pool = pool
        self._audit = audit
        self._clock = clock
        self._claim_s = claim_s
        self._moved = asyncio.Event()
        self.version = 0
        """It grows with each thing that is done here."""

    def touch(self) -> None:
        """Something has been done with an entry: whoever watches looks at once."""
        self.version += 1
        self._moved.set()
        self._moved = asyncio.Event()

    async def moved(self, seen: int, within_s: float) -> None:
        """Wait until something has been done here since version ``seen``, or so long: others may
        have done something."""
        if self.version != seen:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._moved.wait()

    async def entries(
        self,
        scope: WorkScope,
        since: datetime,
        *,
        kinds: Iterable[WorkKind] = tuple(WorkKind),
        done: bool = False,
    ) -> Mapping[WorkKind, tuple[WorkEntry, ...]]:
        """Those that are open, the oldest first, or done, the latest first: of each kind at most
        ``MOST_OF_A_KIND``."""
        suffix = "_done" if done else ""
        found: dict[WorkKind, tuple[WorkEntry, ...]] = {}
        async with connection(self._pool) as db:
            for kind in kinds:
                rows = await db.fetch(
                    _SQL[f"{kind.value}{suffix}"], *_seen(scope, since, done), MOST_OF_A_KIND
                )
                found[kind] = tuple(entry_of(row) for row in rows)
            if missed := found.get(WorkKind.MISSED):
                calls = [one.call for one in missed]
                often = {
                    row["call"]: row["missed"]
                    for row in await db.fetch(_SQL["missed_before"], calls, since)
                }
                found[WorkKind.MISSED] = tuple(
                    replace(one, missed=max(1, often.get(one.call or "", 1))) for one in missed
                )
        return found

    async def entry(
        self, scope: WorkScope, kind: WorkKind, ref: str, *, done: bool | None = None
    ) -> WorkEntry:
        """One of them, open or done. Raises WorkRefused."""
        async with connection(self._pool) as db:
            return await _one(db, scope, kind, ref, (False, True) if done is None else (done,))

    async def calls_to(self, numbers: Iterable[str], since: datetime) -> Mapping[str, NumberCalled]:
        """The last call that was placed to each of these numbers (E.164) since then."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["calls_to"], sorted(set(numbers)), since)
        return {
            row["number"]: NumberCalled(
                row["number"],
                row["reserved_at"],
                None if row["ended_at"] is None else row["outcome"],
                row["agent"],
            )
            for row in rows
        }

    async def claim(self, scope: WorkScope, kind: WorkKind, ref: str) -> WorkEntry:
        """Take an entry in hand, or keep it for longer. Raises WorkRefused."""
        now = self._clock()
        async with connection(self._pool) as db, db.transaction():
            entry = await _one(db, scope, kind, ref, (False,))
            holder = entry.in_hand_of(now)
            if holder not in (None, scope.user) and scope.overrides:
                await db.execute(_SQL["release"], kind.value, ref, holder)
            until = now + timedelta(seconds=self._claim_s)
            mine = await db.fetchval(
                _SQL["claim"], kind.value, ref, entry.project, scope.user, until, now
            )
            if mine is None:
                raise WorkRefused(WorkRefusal.TAKEN, holder or "")
            if kind is WorkKind.CALLBACK:
                kept = await db.fetchval(
                    _SQL["keep_lead"], _lead(ref), until, _LEASE + scope.user, now
                )
                if kept is None:
                    raise WorkRefused(WorkRefusal.IN_CALL)
        self.touch()
        return replace(entry, claimed_by=scope.user, claimed_until=until)

    async def release(self, scope: WorkScope, kind: WorkKind, ref: str) -> None:
        """Give an entry back that one has in hand, or, if one may take it from them, somebody else
        has. Raises WorkRefused; it is nobody's already: so be it."""
        now = self._clock()
        async with connection(self._pool) as db, db.transaction():
            await db.fetch(_SQL["entry"], kind.value, ref)
            entry = await _one(db, scope, kind, ref, (False,))
            holder = entry.in_hand_of(now) or scope.user
            if holder != scope.user and not scope.overrides:
                raise WorkRefused(WorkRefusal.TAKEN, holder)
            await db.fetchval(_SQL["release"], kind.value, ref, holder)
            if kind is WorkKind.CALLBACK:
                await db.execute(_SQL["give_lead_back"], _lead(ref), _LEASE + holder)
        self.touch()

    async def finish(
        self, scope: WorkScope, kind: WorkKind, ref: str, note: str = "", *, address: str = ""
    ) -> None:
        """It is done; nobody calls back any more. Raises WorkRefused."""
        note, now = note.strip(), self._clock()
        if len(note) > MOST_NOTE:
            raise WorkRefused(WorkRefusal.TOO_LONG)
        async with connection(self._pool) as db, db.transaction():
            await db.fetch(_SQL["entry"], kind.value, ref)
            entry = await _one(db, scope, kind, ref, (False,))
            holder = entry.in_hand_of(now)
            if holder not in (None, scope.user) and not scope.overrides:
                raise WorkRefused(WorkRefusal.TAKEN, holder or "")
            change = None
            if kind is WorkKind.CALLBACK:
                change = await _closed(db, _lead(ref), scope.user, now)
            values = (entry.project, now, scope.user, note, change)
            if await db.fetchval(_SQL["finish"], kind.value, ref, *values) is None:
                raise WorkRefused(WorkRefusal.DONE)
            await self._write(db, scope, AuditAction.WORK_DONE, entry, address)
        self.touch()

    async def reopen(
        self, scope: WorkScope, kind: WorkKind, ref: str, *, address: str = ""
    ) -> None:
        """It is not done after all. Raises WorkRefused."""
        async with connection(self._pool) as db, db.transaction():
            rows = await db.fetch(_SQL["entry"], kind.value, ref)
            if not rows or rows[0]["done_at"] is None:
                raise WorkRefused(WorkRefusal.OPEN)
            entry = await _done_one(db, scope, kind, ref)
            if kind is WorkKind.CALLBACK and rows[0]["change"] is not None:
                try:
                    await reopen_promise(db, rows[0]["change"], scope.user, self._clock())
                except CallbackRefused:
                    raise WorkRefused(WorkRefusal.CHANGED) from None
            await db.fetchval(_SQL["reopen"], kind.value, ref)
            await self._write(db, scope, AuditAction.WORK_REOPENED, entry, address)
        self.touch()

    async def _write(
        self,
        db: asyncpg.Connection,
        scope: WorkScope,
        action: AuditAction,
        entry: WorkEntry,
        address: str,
    ) -> None:
        await self._audit.write_with(
            db,
            scope.user,
            action,
            entry.call or entry.ref,
            project=entry.project,
            address=address,
            detail={"kind": entry.kind.value, "ref": entry.ref},
        )


def _seen(scope: WorkScope, since: datetime, done: bool) -> tuple[object, ...]:
    projects, queues = scope.projects, scope.queues
    return (
        None if projects is None else sorted(projects),
        since,
        None if queues is None else sorted(queues),
        done,
    )


_EVER = datetime(2000, 1, 1, tzinfo=UTC)


async def _one(
    db: asyncpg.Connection, scope: WorkScope, kind: WorkKind, ref: str, done: Iterable[bool]
) -> WorkEntry:
    belongs_to: object
    match kind:
        case WorkKind.VOICEMAIL:
            name = read_name(ref)
            belongs_to = None if name is None else name.call
        case WorkKind.CALLBACK:
            belongs_to = _lead(ref)
        case _:
            belongs_to = CallId(ref)
    for each in done if belongs_to is not None else ():
        given = (*_seen(scope, _EVER, each), ref, belongs_to)
        row = await db.fetchrow(_SQL[f"one_{kind.value}"], *given)
        if row is not None:
            return entry_of(row)
    raise WorkRefused(WorkRefusal.NO_SUCH)


async def _done_one(
    db: asyncpg.Connection, scope: WorkScope, kind: WorkKind, ref: str
) -> WorkEntry:
    if kind is not WorkKind.CALLBACK:
        return await _one(db, scope, kind, ref, (True,))
    row = await db.fetchrow(_SQL["one_callback_done"], *_seen(scope, _EVER, True), ref)
    if row is None:
        raise WorkRefused(WorkRefusal.NO_SUCH)
    return entry_of(row)


def _lead(ref: str) -> int | None:
    digits = ref.partition(":")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 17 else None


async def _closed(db: asyncpg.Connection, lead: int | None, by: str, now: datetime) -> int:
    try:
        return await close_promise(db, lead or 0, by, now)
    except CallbackRefused as refused:
        in_call = refused.why is CallbackRefusal.IN_CALL
        raise WorkRefused(WorkRefusal.IN_CALL if in_call else WorkRefusal.CHANGED) from None
