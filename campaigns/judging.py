"""Judges whether a campaign may dial a lead now, and at which of its numbers. Pure.

Which rules there are and what they say is the dialer's (``dialer.rules``); here is what the rules
are asked about: the campaign's settings, and what is stored about the lead and its numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.calling_hours import opens_at
from campaigns.campaign import CampaignSettings
from campaigns.stored_leads import LeadNumber, LeadState, StoredLead
from dialer import rules
from dialer.rules import Allowed, OnlyWithAgent, Past, PastOutcome

HISTORY = timedelta(days=8)
"""How far back calls to a number are looked at: longer than the longest of the rules' periods."""
LATER = timedelta(seconds=60)
"""After which a lead is looked at again whose number is in a call now."""


@dataclass(frozen=True, slots=True)
class NumberHistory:
    """What is stored about a number, across everything."""

    calls: tuple[Past, ...] = ()
    do_not_call_since: datetime | None = None
    """From when on it is on a list that holds for the project."""
    in_call: bool = False


@dataclass(frozen=True, slots=True)
class LeadVerdict:
    """Whether a lead may be dialled now: at ``number`` (None: not now)."""

    number: LeadNumber | None
    rule: str | None = None
    """The rule that holds it, or that wants an agent kept for it."""
    until: datetime | None = None
    """Until when the rule holds; None with a number: it doesn't; without one: for good."""
    guaranteed: bool = False
    """Only with an agent kept for it."""


def judge_lead(
    lead: StoredLead,
    histories: Mapping[str, NumberHistory],
    settings: CampaignSettings,
    zone: ZoneInfo,
    now: datetime,
) -> LeadVerdict:
    """The first of the lead's numbers that may be dialled now, or what holds it longest or first.

    ``zone`` is the customer's. Of numbers that are all held, the one that is free first says until
    when.
    """
    best: LeadVerdict | None = None
    for number in sorted(lead.numbers, key=lambda one: (not one.good, one.place)):
        if not number.good:
            continue
        history = histories.get(number.number, NumberHistory())
        verdict = _judge(lead, number, history, settings, zone, now)
        if best is None or _better(verdict, best):
            best = verdict
    return best or LeadVerdict(None, "invalid", None)


def _better(one: LeadVerdict, other: LeadVerdict) -> bool:
    return _rank(one) < _rank(other)


def _rank(verdict: LeadVerdict) -> tuple[int, datetime]:
    far = datetime.max.replace(tzinfo=UTC)
    if verdict.number is not None:
        return (1 if verdict.guaranteed else 0, far)
    return (2, verdict.until or far)


def _judge(
    lead: StoredLead,
    number: LeadNumber,
    history: NumberHistory,
    settings: CampaignSettings,
    zone: ZoneInfo,
    now: datetime,
) -> LeadVerdict:
    """Ask the rules about one number."""
    since = history.do_not_call_since
    if since is not None and since <= now:
        return LeadVerdict(None, "do_not_call")
    callback = lead.callback_at is not None and lead.callback_at <= now
    if not callback and lead.attempts >= settings.most_attempts:
        return LeadVerdict(None, "attempts")
    if history.in_call:
        return LeadVerdict(None, "in_call", now + LATER)
    held: list[tuple[datetime, str]] = []
    if lead.callback_at is not None and not callback:
        held.append((lead.callback_at, "callback"))
    if not callback and (gap := _gap(lead, settings)) is not None and gap > now:
        held.append((gap, "gap"))
    last = max((past.at for past in history.calls), default=None)
    if not callback and last is not None:
        free = last + timedelta(seconds=settings.number_gap_s)
        if free > now:
            held.append((free, "number_gap"))
    local = now.astimezone(zone)
    preset = rules.PRESETS[settings.rules]
    found = rules.may_dial(history.calls, local, preset, consent=lead.consent_at is not None)
    if isinstance(found, rules.NotAllowed):
        if found.until is None:
            return LeadVerdict(None, "consent", None)
        held.append((found.until, "window" if found.reason.startswith("quiet") else "cap"))
    if (opens := opens_at(settings.hours, now, zone)) is not None:
        held.append((opens, "hours"))
    if held:
        return LeadVerdict(None, held[0][1], max(until for until, _ in held).astimezone(UTC))
    if isinstance(found, OnlyWithAgent):
        return LeadVerdict(number, "agent", found.until.astimezone(UTC), guaranteed=True)
    assert isinstance(found, Allowed)  # noqa: S101
    return LeadVerdict(number)


def _gap(lead: StoredLead, settings: CampaignSettings) -> datetime | None:
    if lead.last_attempt_at is None:
        return None
    seconds = settings.gap_s
    for cause, shorter in settings.gap_after_s.items():
        if lead.last_cause == cause.value:
            seconds = shorter
    return lead.last_attempt_at + timedelta(seconds=seconds)


def state_held_by(verdict: LeadVerdict) -> LeadState:
    """The state of a lead that this verdict holds; for good, unless somebody can still change what
    holds it."""
    if verdict.until is not None:
        return LeadState.OPEN
    match verdict.rule:
        case "do_not_call":
            return LeadState.DO_NOT_CALL
        case "attempts":
            return LeadState.FINISHED
        case "invalid":
            return LeadState.INVALID
    return LeadState.OPEN  # consent may come


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
