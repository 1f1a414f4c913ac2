"""Carries what became of attempts from their calls' facts to their rows and leads.

This runs in the transaction in which the facts are stored (``with_attempts``). An attempt's row is
the fold of its call's facts. Its lead is given its outcome once, and again only if a late fact
changes that; what is counted of a lead is counted anew from its attempts, so nothing counts twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from campaigns.after_attempt import EndedAttempt, lead_after
from campaigns.attempt_fold import FoldedAttempt, fold_attempt
from campaigns.campaign import CampaignSettings, Mode
from campaigns.do_not_call import CENTRE, ListingSource, put
from campaigns.number_locks import lock_numbers
from campaigns.stored_campaign import settings_of
from campaigns.stored_leads import StoredLead, lead_of, numbers_by_lead
from domain.agent_facts import AgentFact
from domain.facts import CallFact
from domain.identity import CallId
from domain.reasons import Cause
from storage.database import connection
from storage.fact_codec import StoredFact, happening
from storage.outbox import WriteFacts
from storage.queries import load

log = structlog.get_logger()

_SQL, _LEADS = load("attempts"), load("leads")
BY_KEY = "customer"
"""By whom a number is put on a list by a key."""


def with_attempts(write: WriteFacts) -> WriteFacts:
    """A ``write`` that also carries the facts on to attempts and leads, all or nothing."""

    async def write_all(db: asyncpg.Connection, facts: Sequence[StoredFact | AgentFact]) -> None:
        async with db.transaction():
            await write(db, facts)
            await carry_on(db, {fact.call for fact in facts if isinstance(fact, StoredFact)})

    return write_all


async def carry_on(db: asyncpg.Connection, calls: Iterable[CallId]) -> None:
    """Bring the attempts among these calls, and their leads, to where their facts are.

    An attempt that can't be is logged and left as it is, for a bug here must not hold up facts:
    its row stays open, and keeps its lead. Raises what a database raises that is away.
    """
    known = await db.fetch(_SQL["known_attempts"], sorted(calls))
    if not known:
        return
    numbers = [row["number"] for row in known]
    await lock_numbers(db, numbers)
    leads = [row["lead"] for row in known if row["lead"] is not None]
    await db.execute(_SQL["lock_leads"], leads, numbers)
    attempts = sorted(row["attempt"] for row in known)
    rows = await db.fetch(_SQL["lock_attempts"], attempts)
    facts: dict[str, list[CallFact]] = {}
    for fact in await db.fetch(_SQL["facts_of_attempts"], attempts):
        facts.setdefault(fact["call"], []).append(fact)
    for row in rows:
        try:
            async with db.transaction():
                await _carry_on(db, row, facts.get(row["attempt"], ()))
        except Exception as error:
            if isinstance(error, OSError | asyncpg.InterfaceError) or _of_server(error):
                raise
            log.exception("an attempt can't be brought to where its facts are", call=row["attempt"])


def _of_server(error: Exception) -> bool:
    """Whether it is about the database rather than about the attempt."""
    own_fault = ("22", "23", "54")  # bad data, a broken constraint, too big
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] not in own_fault


async def _carry_on(db: asyncpg.Connection, row: Mapping[str, Any], stored: Sequence[Any]) -> None:
    folded = fold_attempt(
        _facts(stored),
        mode=row["mode"],
        requested=row["requested_at"] is not None,
        given_up_at=row["given_up_at"],
    )
    if row["ended_at"] is not None and folded.ended_at is None:
        return  # it stays over
    await db.execute(
        _SQL["update_attempt"],
        row["attempt"],
        folded.stage,
        folded.rang_at,
        folded.answered_at,
        folded.talk_at,
        folded.ended_at,
        folded.cause,
        folded.q850,
        folded.sip,
        folded.ended_by,
        folded.outcome,
        folded.agent,
        folded.opted_out_at,
        folded.left_early,
        folded.person_at,
    )
    if folded.opted_out_at is not None and row["opted_out_at"] is None:
        await put(
            db,
            folded.opted_out_of or CENTRE,
            [row["number"]],
            at=folded.opted_out_at,
            since=folded.opted_out_at,
            source=ListingSource.KEY,
            by=BY_KEY,
            reason=row["attempt"],
        )
    if folded.ended_at is not None and row["lead"] is not None:
        outcome = f"{folded.outcome or 'trunk'}:{folded.cause or ''}"
        if outcome != row["applied"]:
            await _apply(db, row, folded)
            await db.execute(_SQL["applied"], row["attempt"], outcome)


async def _apply(db: asyncpg.Connection, row: Mapping[str, Any], folded: FoldedAttempt) -> None:
    """Give a lead the outcome of its attempt."""
    number: int = row["lead"]
    if folded.cause is Cause.INVALID:
        await db.execute(_SQL["invalid_number"], number, row["number"])
    books = await db.fetchrow(_SQL["books_of_lead"], number)
    counted = [
        books[name] for name in ("attempts", "last_attempt_at", "last_outcome", "last_cause")
    ]
    await db.execute(_SQL["count_in_lead"], number, *counted)
    if books["newest"] != row["attempt"] or folded.ended_at is None:
        return  # a later one has said how it goes on, or will
    lead = await lead_in(db, number)
    settings = None if row["settings"] is None else settings_of(row["settings"])
    attempt = EndedAttempt(
        row["reserved_at"],
        folded.ended_at,
        folded.outcome,
        folded.cause,
        disposed=row["disposition"] is not None,
        of_caller=row["campaign"] is None and row["mode"] == Mode.CALLBACK,
        failures=max(1, books["failures"]),
    )
    after = lead_after(lead, books["attempts"], attempt, settings or BY_HAND)
    await db.execute(
        _SQL["go_on_with_lead"],
        number,
        after.state.value,
        after.why,
        after.next_at,
        after.overdue_at,
        after.callback_at,
        after.callback_agent,
        after.callback_tries,
        after.put_off_until,
    )
    if row["campaign"] is not None and folded.outcome is not None and after.next_at is not None:
        await db.execute(_SQL["gap_of_campaign"], number, row["campaign"], after.next_at)


async def give_up(pool: asyncpg.Pool, attempt: CallId, at: datetime) -> bool:
    """Let an attempt's fate stay unknown: it counts as a call that nobody answered, and its lead
    goes on. False if it isn't unknown (any more).

    Only for calls so old that none of them can still be going on, and once they were looked up.
    """
    async with connection(pool) as db, db.transaction():
        known = await db.fetch(_SQL["known_attempts"], [attempt])
        await lock_numbers(db, [row["number"] for row in known])
        if await db.fetchval(_SQL["give_up"], attempt, at) is None:
            return False
        await carry_on(db, [attempt])
    return True


BY_HAND = CampaignSettings(title="by hand", queue="", line="")
"""How leads go on that were called by hand: as in a campaign whose settings nobody has changed."""


async def lead_in(db: asyncpg.Connection, lead: int) -> StoredLead:
    """A lead with its numbers, within a transaction."""
    row = await db.fetchrow(_SQL["locked_lead"], lead)
    numbers = numbers_by_lead(await db.fetch(_LEADS["numbers_of"], [lead]))
    return lead_of(row, numbers.get(lead, ()))


def _facts(rows: Sequence[Any]) -> list[CallFact]:
    """The facts that this version can read."""
    found: list[CallFact] = []
    for row in rows:
        try:
            what = happening(row["kind"], row["detail"])
        except ValueError:
            continue
        found.append(CallFact(str(row["id"]), CallId(row["call"]), row["at"], what))
    return found
