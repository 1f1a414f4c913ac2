"""Judges whether a campaign may dial a lead now, and at which of its numbers. Pure.

Which rules there are and what they say is the dialer's (``dialer.lead_rules``); here is what the
rules are asked about: the campaign's settings, and what is stored about the lead and its numbers.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.campaign import CallingHours, CampaignSettings
from campaigns.stored_leads import LeadNumber, LeadState, StoredLead
from dialer.calling_times import WeekHours
from dialer.lead_rules import (
    CallingRule,
    CampaignRules,
    HeldBack,
    JudgedLead,
    NumberHistory,
    OnlyWithAgent,
    judge,
)
from dialer.rules import PRESETS, Past, PastOutcome

_NEVER_CALLED = NumberHistory()

DaysOff = Callable[[str | None], Set[date]]
"""The days off of a calendar of this name; none for None, and for a calendar that isn't there."""


CentresZone = Callable[[], ZoneInfo]
"""Returns the centre's current time zone, which an admin may change at any time."""


def no_days_off(_calendar: str | None) -> Set[date]:
    """No calendar has days off."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class LeadVerdict:
    """Whether a lead may be dialled now: at ``number`` (None: not now)."""

    number: LeadNumber | None
    rule: CallingRule | None = None
    """The rule that holds it, or that wants an agent kept for it."""
    until: datetime | None = None
    """Until when it is held; None with a number: it isn't; without one: for good."""
    guaranteed: bool = False
    """Only with an agent kept for it."""


def rules_of(settings: CampaignSettings, days_off: DaysOff = no_days_off) -> CampaignRules:
    """The rules of a campaign with these settings. Made once for many leads."""
    return CampaignRules(
        preset=PRESETS[settings.rules],
        most_attempts=settings.most_attempts,
        gap=timedelta(seconds=settings.gap_s),
        gap_after={
            cause.value: timedelta(seconds=gap_s) for cause, gap_s in settings.gap_after_s.items()
        },
        number_gap=timedelta(seconds=settings.number_gap_s),
        hours=week_hours(settings.hours),
        closed_on=closed_days(settings, days_off),
    )


def week_hours(hours: Sequence[CallingHours]) -> tuple[WeekHours, ...]:
    """Hours as the dialer reads them."""
    return tuple(WeekHours(frozenset(each.days), each.start, each.end) for each in hours)


def closed_days(settings: CampaignSettings, days_off: DaysOff) -> frozenset[date]:
    """The days on which the campaign calls nobody."""
    return frozenset(settings.closed_on) | days_off(settings.calendar)


def judge_lead(
    lead: StoredLead,
    histories: Mapping[str, NumberHistory],
    rules: CampaignRules,
    zone: ZoneInfo,
    now: datetime,
) -> LeadVerdict:
    """The first of the lead's numbers that may be dialled now, or what holds it longest or first.

    ``zone`` is the customer's. Of numbers that are all held, the one that is free first says until
    when.
    """
    asked = JudgedLead(
        attempts=lead.attempts,
        last_attempt_at=lead.last_attempt_at,
        last_cause=lead.last_cause,
        callback_at=lead.callback_at,
        put_off_until=lead.put_off_until,
        consent=lead.consent_at is not None,
    )
    best: LeadVerdict | None = None
    for number in sorted(lead.numbers, key=lambda one: one.place):
        if not number.good:
            continue
        history = histories.get(number.number, _NEVER_CALLED)
        found = judge(asked, history, rules, now, zone)
        match found:
            case HeldBack():
                verdict = LeadVerdict(None, found.rule, found.until)
            case OnlyWithAgent():
                verdict = LeadVerdict(number, found.rule, found.until, guaranteed=True)
            case _:
                return LeadVerdict(number)
        if best is None or _rank(verdict) < _rank(best):
            best = verdict
    return best or LeadVerdict(None, CallingRule.INVALID)


def _rank(verdict: LeadVerdict) -> tuple[bool, datetime]:
    far = datetime.max.replace(tzinfo=UTC)
    return verdict.number is None, far if verdict.number else verdict.until or far


def state_held_by(verdict: LeadVerdict) -> LeadState:
    """The state of a lead that this verdict holds; for good, unless somebody can still change what
    holds it."""
    if verdict.until is not None:
        return LeadState.OPEN
    match verdict.rule:
        case CallingRule.DO_NOT_CALL:
            return LeadState.DO_NOT_CALL
        case CallingRule.ATTEMPTS:
            return LeadState.FINISHED
        case CallingRule.INVALID:
            return LeadState.INVALID
    return LeadState.OPEN  # consent may come, and hours may be changed


def histories_of(
    calls: Sequence[Mapping[str, object]], listed: Sequence[Mapping[str, object]]
) -> dict[str, NumberHistory]:
    """What rows of ``attempts`` and ``do_not_call`` say about each number."""
    past: dict[str, list[Past]] = {}
    busy: set[str] = set()
    since: dict[str, datetime] = {}
    for row in calls:
        number, at = str(row["number"]), row["reserved_at"]
        assert isinstance(at, datetime)  # noqa: S101
        if row["ended_at"] is None:
            busy.add(number)
        else:
            past.setdefault(number, []).append(Past(at, PastOutcome(str(row["outcome"]))))
    for row in listed:
        number, at = str(row["number"]), row["since"]
        assert isinstance(at, datetime)  # noqa: S101
        since[number] = min(at, since.get(number, at))
    return {
        number: NumberHistory(tuple(past.get(number, ())), since.get(number), number in busy)
        for number in {*past, *busy, *since}
    }
