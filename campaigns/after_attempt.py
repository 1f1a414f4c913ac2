"""Says what becomes of a lead once an attempt is over. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.campaign import CampaignSettings
from campaigns.stored_leads import LeadState, StoredLead
from dialer.rules import PastOutcome
from domain.identity import AgentCode
from domain.reasons import Cause

TRUNK_RETRY = timedelta(minutes=5)
"""When a lead is tried again whose call a trunk did not carry; twice as long each further time, for
it may be the number that no trunk carries."""
TRUNK_RETRY_MOST = timedelta(hours=2)
_MOST_DOUBLINGS = 10
CALLBACK_MISSED = "callback_missed"
"""Why a caller is finished whom nobody reached, as often as it was tried."""


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """What counts of an attempt that is over."""

    reserved_at: datetime
    ended_at: datetime
    outcome: PastOutcome | None
    cause: Cause | None
    disposed: bool = False
    """Whether an agent has said what came of it, which then holds."""
    of_caller: bool = False
    """Whether it called back somebody whom no campaign dials."""
    failures: int = 1
    """How many attempts of the lead in a row the trunk hasn't carried, if it hasn't this one."""


@dataclass(frozen=True, slots=True)
class LeadAfter:
    """How a lead goes on."""

    state: LeadState
    why: str | None
    next_at: datetime | None
    """None: as it was."""
    overdue_at: datetime | None
    callback_at: datetime | None
    callback_agent: AgentCode | None
    callback_tries: int = 0
    """How often the callback was tried in vain."""
    put_off_until: datetime | None = None
    """Before when nobody calls, as an agent said of the last call."""


def lead_after(
    lead: StoredLead, attempts: int, attempt: EndedAttempt, settings: CampaignSettings
) -> LeadAfter:
    """How the lead goes on after its last attempt; ``attempts`` is how many of it count by now.

    ``lead`` has its numbers as they are now, so that one that proved invalid isn't good any more.
    A callback that was kept is gone; one in which nobody was reached is tried again, as often as
    the campaign says. One that was promised since then stays, as does whatever an agent or an
    opt-out has decided.
    """
    callback_at, callback_agent = lead.callback_at, lead.callback_agent
    tries, called = lead.callback_tries, False
    if attempt.outcome and callback_at is not None:
        called = callback_at <= attempt.reserved_at
        # A late fact may say that somebody was reached after all.
        kept = attempt.outcome is PastOutcome.SPOKEN and (called or tries > 0)
        tries += called
        if kept or (called and tries >= settings.callback_tries):
            callback_at, callback_agent, tries = None, None, 0
        elif called:
            callback_at = attempt.ended_at + timedelta(seconds=settings.callback_again_s)

    def stays(next_at: datetime | None, overdue_at: datetime | None) -> LeadAfter:
        return LeadAfter(
            lead.state,
            lead.why,
            next_at,
            overdue_at,
            callback_at,
            callback_agent,
            tries,
            lead.put_off_until if attempt.disposed else None,
        )

    def over(state: LeadState, why: str) -> LeadAfter:
        return LeadAfter(state, why, None, None, None, None)

    if lead.state is not LeadState.OPEN or attempt.disposed:
        return stays(None, lead.overdue_at)
    if attempt.outcome is None:
        doublings = min(attempt.failures - 1, _MOST_DOUBLINGS)
        again = min(TRUNK_RETRY * 2**doublings, TRUNK_RETRY_MOST)
        return stays(attempt.ended_at + again, lead.overdue_at)
    if not any(number.good for number in lead.numbers):
        return over(LeadState.INVALID, Cause.INVALID.value)
    overdue_at = attempt.reserved_at + timedelta(seconds=settings.overdue_s)
    if callback_at is not None:
        return stays(callback_at, overdue_at)
    if attempt.outcome is PastOutcome.SPOKEN:
        return over(LeadState.FINISHED, PastOutcome.SPOKEN.value)
    if attempt.of_caller:
        return over(LeadState.FINISHED, CALLBACK_MISSED)
    if attempts >= settings.most_attempts:
        return over(LeadState.FINISHED, "attempts")
    gap_s = settings.gap_s
    if attempt.cause is not None:
        gap_s = settings.gap_after_s.get(attempt.cause, gap_s)
    return stays(attempt.reserved_at + timedelta(seconds=gap_s), overdue_at)
