"""Takes down what agents say a call came to, and what becomes of the lead.

The last disposition of a call holds, with one exception: nothing an agent says later undoes a
do-not-call request. Inbound calls have dispositions, too, though they are no attempts. An inbound
caller's last disposition also says whether they were promised a callback, and at which number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import asyncpg

from campaigns.after_attempt import LeadAfter
from campaigns.attempt_outcomes import BY_HAND, lead_in
from campaigns.callback_promises import promise_caller, promise_lead, take_back
from campaigns.campaign import CampaignSettings
from campaigns.do_not_call import CENTRE, ListingSource, is_e164, put
from campaigns.number_locks import lock_numbers
from campaigns.stored_campaign import settings_of
from campaigns.stored_leads import LeadNumber, LeadState, StoredLead
from domain.errors import OffhookError
from domain.identity import AgentCode, CallId, ProjectName
from storage.database import connection
from storage.queries import load

_SQL, _ATTEMPTS, _LEADS = load("dispositions"), load("attempts"), load("lead_service")
MOST_NOTE = 10_000
MOST_SUB_REASON = 200
FARTHEST_CALLBACK = timedelta(days=366)


class Disposition(StrEnum):
    """What a call came to, by its agent."""

    SUCCESS = "success"
    REFUSED = "refused"
    APPOINTMENT = "appointment"
    DUPLICATE = "duplicate"  # the customer has been called for this before
    CALLBACK = "callback"  # the customer asks to be called at a time
    NOT_NOW = "not_now"  # somebody else picked up, or had no time: as if nobody had answered
    WRONG_NUMBER = "wrong_number"  # goes back to the data team, if the lead has no other
    DO_NOT_CALL = "do_not_call"  # the customer doesn't want to be called again
    RESOLVED = "resolved"  # of an inbound call: what they called for is done
    UNRESOLVED = "unresolved"  # of an inbound call: somebody has to follow it up


CLOSING = frozenset(
    (Disposition.SUCCESS, Disposition.REFUSED, Disposition.APPOINTMENT, Disposition.DUPLICATE)
)
"""Those that finish a lead."""


class DispositionRefusal(StrEnum):
    """Why a disposition was not taken down."""

    NO_SUCH_CALL = "no_such_call"
    NO_TIME = "no_time"  # a callback needs one
    TOO_FAR = "too_far"  # a callback in more than a year
    TOO_LONG = "too_long"  # the note or the sub-reason
    NO_NUMBER = "no_number"  # a callback or a do-not-call request of a caller who withholds it


class DispositionRefused(OffhookError):  # noqa: N818
    """Nothing was taken down."""

    def __init__(self, why: DispositionRefusal) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Disposal:
    """What an agent says about a call."""

    disposition: Disposition
    sub_reason: str = ""
    note: str = ""
    callback_at: datetime | None = None
    personal: bool = False
    """Whether the callback is the agent's own; otherwise anybody's of the campaign."""
    choice: str | None = None
    """Which of the project's choices it was (``campaigns.disposition_choices``)."""
    again_after_s: float | None = None
    """Of NOT_NOW: how long after the call the customer is called again; None: the campaign's
    gap."""
    callback_number: str | None = None
    """The number to call back, E.164 with +; None: the number of this call."""


@dataclass(frozen=True, slots=True)
class InboundCaller:
    """Who called, of a call that somebody knows to be there though it may not be stored yet."""

    project: ProjectName
    number: str | None
    """E.164 with +; None: withheld, or it can't be called."""
    lead: int | None = None
    """The project's lead with that number, in whose story the disposition is to be."""


@dataclass(frozen=True, slots=True)
class StoredDisposal:
    """A disposition that was taken down."""

    call: CallId
    at: datetime
    agent: AgentCode
    disposition: str
    sub_reason: str
    note: str
    callback_at: datetime | None
    personal: bool
    choice: str | None
    callback_number: str | None


class Dispositions:
    """Takes dispositions down, and shows them. The desk vouches for the agent.

    While the database is away, each call raises one of ``storage.database_errors.AWAY``; the desk
    keeps what was typed.
    """

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def dispose(
        self,
        call: CallId,
        agent: AgentCode,
        said: Disposal,
        caller: InboundCaller | None = None,
    ) -> None:
        """Take down what the agent says about this call, during it or later.

        ``caller``: who it is, of an inbound call. The same said twice, because an answer was lost,
        is taken down once. Raises DispositionRefused.
        """
        now = self._clock()
        _check(said, now)
        async with connection(self._pool) as db, db.transaction():
            row = await db.fetchrow(_SQL["call_disposed"], call)
            if row is None:
                await self._of_inbound(db, call, agent, said, caller, now)
                return
            lead = row["lead"]
            await lock_numbers(db, [row["number"], said.callback_number or row["number"]])
            await db.execute(
                _ATTEMPTS["lock_leads"], [] if lead is None else [lead], [row["number"]]
            )
            last = await db.fetchrow(_SQL["last_of_call"], call)
            if _is_same(last, agent, said):
                return
            texts = await self._write(db, call, lead, agent, said, said.callback_number, now)
            await db.execute(_SQL["on_attempt"], call, said.disposition.value, *texts)
            if lead is not None:
                before = None if last is None else last["disposition"]
                await self._go_on(db, row, agent, said, before, now)
            if said.disposition is Disposition.DO_NOT_CALL:
                await self._list(db, row, agent, now)

    async def _of_inbound(
        self,
        db: asyncpg.Connection,
        call: CallId,
        agent: AgentCode,
        said: Disposal,
        caller: InboundCaller | None,
        now: datetime,
    ) -> None:
        if caller is None and await db.fetchval(_SQL["inbound_call"], call) is None:
            raise DispositionRefused(DispositionRefusal.NO_SUCH_CALL)
        number = None if caller is None else caller.number
        wanted = said.callback_number or number
        promised = said.disposition is Disposition.CALLBACK
        barred = said.disposition is Disposition.DO_NOT_CALL
        if caller is not None and ((promised and wanted is None) or (barred and number is None)):
            raise DispositionRefused(DispositionRefusal.NO_NUMBER)
        numbers = {one for one in (number, wanted) if one is not None}
        await lock_numbers(db, numbers)
        await db.execute(_SQL["lock_call"], call)
        if _is_same(await db.fetchrow(_SQL["last_of_call"], call), agent, said):
            return
        lead = None if caller is None else caller.lead
        await take_back(db, call)
        if promised and caller is not None and wanted is not None and said.callback_at is not None:
            whose = agent if said.personal else None
            kept_by = await promise_caller(
                db, call, caller.project, wanted, whose, said.callback_at, now
            )
            lead = lead or kept_by
        await self._write(db, call, lead, agent, said, wanted if promised else None, now)
        if barred and caller is not None and number is not None:
            await put(
                db,
                caller.project,
                [number],
                at=now,
                since=now,
                source=ListingSource.AGENT,
                by=agent,
                reason=call,
            )

    async def _write(
        self,
        db: asyncpg.Connection,
        call: CallId,
        lead: int | None,
        agent: AgentCode,
        said: Disposal,
        callback_number: str | None,
        now: datetime,
    ) -> list[str]:
        """Add it to what was said about the call; returns sub-reason and note as stored."""
        texts = _stored(said)
        await db.execute(
            _SQL["insert"],
            call,
            lead,
            now,
            agent,
            said.disposition.value,
            *texts,
            said.callback_at,
            said.personal,
            said.choice,
            callback_number,
        )
        return texts

    async def of_call(self, call: CallId) -> tuple[StoredDisposal, ...]:
        """What agents have said about a call, the last first."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["of_call"], call)
        return tuple(StoredDisposal(**row) for row in rows)

    async def _go_on(
        self,
        db: asyncpg.Connection,
        row: Mapping[str, Any],
        agent: AgentCode,
        said: Disposal,
        before: str | None,
        now: datetime,
    ) -> None:
        lead: int = row["lead"]
        wrong = said.disposition is Disposition.WRONG_NUMBER
        if wrong:
            await db.execute(_ATTEMPTS["invalid_number"], lead, row["number"])
        elif before == Disposition.WRONG_NUMBER:  # it was a slip
            await db.execute(_SQL["good_number"], lead, row["number"])
        books = await db.fetchrow(_ATTEMPTS["books_of_lead"], lead)
        if books["newest"] != row["attempt"]:
            return  # the lead was called again since
        now_is = await lead_in(db, lead)
        if said.disposition is Disposition.CALLBACK and said.callback_number is not None:
            await self._call_first(db, now_is, said.callback_number)
        after = lead_disposed(now_is, _settings(row), agent, said, now)
        if after is not None:
            await db.execute(
                _ATTEMPTS["go_on_with_lead"],
                lead,
                after.state.value,
                after.why,
                after.next_at,
                after.overdue_at,
                after.callback_at,
                after.callback_agent,
                after.callback_tries,
                after.put_off_until,
            )
            if after.callback_at is not None:
                await promise_lead(db, lead, CallId(row["attempt"]))

    async def _call_first(self, db: asyncpg.Connection, lead: StoredLead, number: str) -> None:
        """Have this number of the lead's, or a new one, called before its others."""
        first = next((one for one in lead.numbers if one.number == number), LeadNumber(number, 0))
        others = [one for one in lead.numbers if one.number != number]
        numbers = [replace(first, good=True), *others]
        if lead.state in (LeadState.DO_NOT_CALL, LeadState.REMOVED) or numbers == [*lead.numbers]:
            return
        await db.execute(_LEADS["forget_numbers"], lead.lead)
        await db.execute(
            _LEADS["insert_numbers"],
            lead.lead,
            list(range(len(numbers))),
            [one.number for one in numbers],
            [one.kind for one in numbers],
            ["good" if one.good else "invalid" for one in numbers],
        )

    async def _list(
        self, db: asyncpg.Connection, row: Mapping[str, Any], agent: AgentCode, now: datetime
    ) -> None:
        whole = _settings(row).opt_out_of == "centre"
        await put(
            db,
            CENTRE if whole else ProjectName(row["project"]),
            [row["number"]],
            at=now,
            since=now,
            source=ListingSource.AGENT,
            by=agent,
            reason=row["attempt"],
        )


def lead_disposed(
    lead: StoredLead,
    settings: CampaignSettings,
    agent: AgentCode,
    said: Disposal,
    now: datetime,
) -> LeadAfter | None:
    """How a lead goes on after what an agent says about the last call to it. None: as it was, for
    it was removed, or is not to be called."""
    if lead.state in (LeadState.DO_NOT_CALL, LeadState.REMOVED):
        return None
    match said.disposition:
        case Disposition.DO_NOT_CALL:
            return None  # its list closes it
        case Disposition.CALLBACK:
            whose = agent if said.personal else None
            at = said.callback_at
            return LeadAfter(LeadState.OPEN, None, at, lead.overdue_at, at, whose)
        case Disposition.WRONG_NUMBER if not any(number.good for number in lead.numbers):
            return LeadAfter(LeadState.INVALID, said.disposition.value, None, None, None, None)
        case Disposition.WRONG_NUMBER | Disposition.NOT_NOW:
            # The attempt under way counts only once it is over.
            if lead.attempts >= settings.most_attempts:
                return LeadAfter(LeadState.FINISHED, "attempts", None, None, None, None)
            begun = lead.last_attempt_at or now
            gap_s = settings.gap_s if said.again_after_s is None else said.again_after_s
            again = max(now, begun + timedelta(seconds=gap_s))
            overdue_at = begun + timedelta(seconds=settings.overdue_s)
            put_off = None if said.again_after_s is None else again
            return LeadAfter(
                LeadState.OPEN, None, again, overdue_at, None, None, put_off_until=put_off
            )
    return LeadAfter(LeadState.FINISHED, said.disposition.value, None, None, None, None)


def _settings(row: Mapping[str, Any]) -> CampaignSettings:
    return BY_HAND if row["settings"] is None else settings_of(row["settings"])


def _check(said: Disposal, now: datetime) -> None:
    if len(said.note) > MOST_NOTE or len(said.sub_reason) > MOST_SUB_REASON:
        raise DispositionRefused(DispositionRefusal.TOO_LONG)
    if said.disposition is not Disposition.CALLBACK:
        return
    if said.callback_number is not None and not is_e164(said.callback_number):
        raise DispositionRefused(DispositionRefusal.NO_NUMBER)
    if said.callback_at is None or said.callback_at.tzinfo is None:
        raise DispositionRefused(DispositionRefusal.NO_TIME)
    if said.callback_at > now + FARTHEST_CALLBACK:
        raise DispositionRefused(DispositionRefusal.TOO_FAR)


def _is_same(last: Mapping[str, Any] | None, agent: AgentCode, said: Disposal) -> bool:
    """Whether the agent has already said just this."""
    return last is not None and (
        last["agent"],
        last["disposition"],
        last["choice"],
        last["sub_reason"],
        last["note"],
        last["callback_at"],
        last["personal"],
        last["callback_number"] if said.callback_number else None,
    ) == (
        agent,
        said.disposition.value,
        said.choice,
        *_stored(said),
        said.callback_at,
        said.personal,
        said.callback_number,
    )


def _stored(said: Disposal) -> list[str]:
    """Sub-reason and note as PostgreSQL takes them, which knows no NUL in a text."""
    return [text.replace("\x00", "") for text in (said.sub_reason, said.note)]
