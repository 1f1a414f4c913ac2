"""Books callbacks that callers ask for themselves, in a flow, and that somebody owes them.

A callback of a caller is a lead of its project's list of callers (``callback_promises``), as one
that an agent has promised: the same agents, rules and pages are for both. A caller has one in a
project; a second wish moves it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from campaigns.attempt_outcomes import BY_HAND
from campaigns.callback_promises import promise_caller
from campaigns.claims import number_histories, zone_of
from campaigns.dispositions import FARTHEST_CALLBACK
from campaigns.judging import CentresZone, judge_lead, rules_of
from campaigns.lead_numbers import FoundNumber, number_of
from campaigns.number_locks import lock_numbers
from campaigns.stored_leads import unstored_lead
from dialer.lead_rules import CallingRule
from domain.identity import AgentCode, CallId, ProjectName, QueueName
from domain.reasons import NoCallback
from storage.database import connection

_A_DAY = timedelta(days=1)
_JUST_NOW = timedelta(minutes=5)
"""So long the caller may have talked with the flow since they chose the time."""


@dataclass(frozen=True, slots=True)
class WishedCallback:
    """Who wants to be called, when, and by whom."""

    call: CallId
    """The call in which they said so: its line calls them, and they see the number that they had
    called."""
    project: ProjectName
    number: str
    """As it was keyed in, or as the line gave it."""
    country: str
    """Where numbers without a country's code are, such as CN."""
    queue: QueueName | None
    """Whose agents call; None: those of the queue that they stood in."""
    at: datetime | None = None
    """With a zone; None: as soon as an agent is free."""
    agent: AgentCode | None = None
    """Who is to call; None: anybody of the queue."""


@dataclass(frozen=True, slots=True)
class BookedCallback:
    """A callback that will be tried; ``at`` may be later than was wished, as the rules say."""

    lead: int
    number: str
    """E.164 with +."""
    at: datetime
    later: bool = False
    """Whether the rules have moved it."""


class CallerCallbacks:
    """Books callers' callbacks. ``zone``: of callers about whose zone nothing is known.

    While the database is away, ``book`` raises one of ``storage.database_errors.AWAY``.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        zone: CentresZone,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._zone = zone
        self._clock = clock

    async def book(self, wish: WishedCallback) -> BookedCallback | NoCallback:
        """Book it, or say why not.

        A time of day that is over today is tomorrow's. A time at which the rules don't allow the
        call (quiet times, the number's least gap, caps) becomes the first at which they do.
        """
        found = number_of(wish.number, wish.country)
        if not isinstance(found, FoundNumber):
            return NoCallback.NOT_DIALLABLE
        now = self._clock()
        wished = _in_future(wish.at, now)
        if wished is None or wished > now + FARTHEST_CALLBACK:
            return NoCallback.NO_SUCH_TIME
        async with connection(self._pool) as db, db.transaction():
            await lock_numbers(db, [found.e164])
            allowed = await self._allowed(db, wish.project, found, wished, now)
            if isinstance(allowed, NoCallback):
                return allowed
            lead = await promise_caller(
                db, wish.call, wish.project, found.e164, wish.agent, allowed, now, queue=wish.queue
            )
        return BookedCallback(lead, found.e164, allowed, allowed > wished)

    async def _allowed(
        self,
        db: asyncpg.Connection,
        project: ProjectName,
        found: FoundNumber,
        at: datetime,
        now: datetime,
    ) -> datetime | NoCallback:
        """When the rules allow the call, from this time on."""
        rules = rules_of(BY_HAND)
        # They have asked for the call, so they consent.
        lead = unstored_lead(project, found.e164, found.zone, consent_at=now, callback_at=at)
        histories = await number_histories(db, [lead], project, rules, now)
        verdict = judge_lead(lead, histories, rules, zone_of(found.zone, self._zone()), at)
        if verdict.number is not None or verdict.rule is CallingRule.IN_CALL:
            return at  # somebody is calling them; the dialer waits until that is over
        if verdict.until is not None:
            return verdict.until
        if verdict.rule is CallingRule.DO_NOT_CALL:
            return NoCallback.DO_NOT_CALL
        return NoCallback.FORBIDDEN


def _in_future(at: datetime | None, now: datetime) -> datetime | None:
    """The wished time; None if it was yesterday or earlier."""
    if at is None:
        return now
    if at >= now - _JUST_NOW:
        return max(at, now)
    return at + _A_DAY if at + _A_DAY >= now else None
