"""Judges whether a lead may be called now, at one of its numbers. Pure; docs/calling-rules.md has
the rules as a table.

A verdict is honest: nothing else having happened by then, nothing holds the lead at ``until``. So
it is not merely when the rule that is named ends, but the first moment at which none holds. Three
ends can't be foreseen: a call under way ends when it ends, a request not to be called is for good,
and so are used attempts; consent may come at any time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dialer.calling_times import CallingTimes, Quiet, WeekHours, in_utc, next_midnight
from dialer.rules import AtMost, Past, PastOutcome, Rules
from domain.reasons import Cause

IN_CALL_FOR = timedelta(seconds=60)
"""After which to look again at a number that is in a call."""
_A_DAY = timedelta(days=1)


class CallingRule(StrEnum):
    """What holds a lead, in the order in which the rules are asked. The values are stored in
    ``leads.held_by``; the console has words for them."""

    INVALID = "invalid"  # none of its numbers exists
    DO_NOT_CALL = "do_not_call"
    ATTEMPTS = "attempts"  # all are used
    CONSENT = "consent"  # there is none, and the preset asks for it
    IN_CALL = "in_call"  # the number is in a call now
    CALLBACK = "callback"  # the customer asked to be called later
    PUT_OFF = "put_off"  # an agent said not to call again before that
    GAP = "gap"  # the lead was called a short time ago
    NUMBER_GAP = "number_gap"  # the number was, by whomever
    CAP = "cap"  # the number was called too often
    QUIET = "window"  # the preset's quiet time
    CLOSED = "holiday"  # a day on which nobody is called
    HOURS = "hours"  # the campaign's
    AFTER_ABANDONED = "agent"  # only with an agent, for some time after an abandoned call
    AFTER_MACHINE = "agent_machine"  # only with an agent, on the day of a call taken for a machine


RuleFigure = Quiet | AtMost | date | timedelta | int | None
"""The part of a rule that people want to know, such as the gap's length or the cap."""


@dataclass(frozen=True, slots=True)
class CampaignRules:
    """All rules of a campaign: those of its preset, and its own."""

    preset: Rules
    most_attempts: int = 3
    """For each lead, over all its numbers."""
    gap: timedelta = timedelta(hours=2)
    """Between the beginnings of two attempts of a lead."""
    gap_after: Mapping[str, timedelta] = field(default_factory=dict)
    """The gap after an attempt that ended for this cause, where it is another."""
    number_gap: timedelta = timedelta(hours=2)
    """Between the beginnings of two calls to a number, whoever places them."""
    hours: tuple[WeekHours, ...] = ()
    closed_on: frozenset[date] = frozenset()
    """Days, by the customer's calendar, on which nobody is called."""

    @property
    def times(self) -> CallingTimes:
        """When customers may be called."""
        return CallingTimes(self.preset.quiet, self.hours, self.closed_on)

    @property
    def looks_back(self) -> timedelta:
        """How far back a number's calls must be known."""
        preset = self.preset
        spans = [cap.within or _A_DAY for cap in preset.at_most]
        return max(self.number_gap, preset.agent_after_abandoned, _A_DAY, *spans) + _A_DAY

    def gap_for(self, cause: str | None) -> timedelta:
        """Return the gap after an attempt that ended for this cause; None: it was answered."""
        return self.gap if cause is None else self.gap_after.get(cause, self.gap)


@dataclass(frozen=True, slots=True)
class JudgedLead:
    """What the rules ask about a lead. Times have zones."""

    attempts: int = 0
    """Those that count: not the ones that a trunk didn't carry."""
    last_attempt_at: datetime | None = None
    last_cause: Cause | str | None = None
    callback_at: datetime | None = None
    """When the customer asked to be called, by the team or by one agent."""
    put_off_until: datetime | None = None
    """Before when an agent said not to call again."""
    consent: bool = False


NEW_LEAD = JudgedLead()
"""A lead that has never been called, and a number that somebody types."""


@dataclass(frozen=True, slots=True)
class NumberHistory:
    """What is known about a number, across all campaigns, callbacks and calls by hand."""

    calls: tuple[Past, ...] = ()
    """Those of ``CampaignRules.looks_back``, in any order, without those a trunk didn't carry."""
    do_not_call_since: datetime | None = None
    """From when on it is on a do-not-call list that counts: the centre's or the project's."""
    in_call: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """The number may be called."""


@dataclass(frozen=True, slots=True)
class OnlyWithAgent:
    """The number may be called only with a free agent reserved for it
    (``dialer.pacing_facts.Lead.guaranteed``), until then."""

    rule: CallingRule
    until: datetime
    figure: RuleFigure = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The number may not be called before ``until``; judge again then. None: not at all, unless
    somebody changes something."""

    rule: CallingRule
    until: datetime | None
    figure: RuleFigure = None


CallingVerdict = Allowed | OnlyWithAgent | HeldBack
_ALLOWED = Allowed()


def judge(
    lead: JudgedLead, number: NumberHistory, rules: CampaignRules, now: datetime, zone: ZoneInfo
) -> CallingVerdict:
    """Judge whether a lead may be called now at a number with this history; ``zone`` is the
    customer's. Raises ValueError for a time without a zone.

    A callback that the customer asked for needs no attempts left and no gap, but keeps all other
    rules. The number's least gap then counts from calls of others alone: to make a customer wait
    for what was promised in our last call to them, because of that call, would be absurd.
    """
    now = in_utc(now)
    since = None if number.do_not_call_since is None else in_utc(number.do_not_call_since)
    if since is not None and since <= now:
        return HeldBack(CallingRule.DO_NOT_CALL, None)
    if lead.callback_at is None and lead.attempts >= rules.most_attempts:
        return HeldBack(CallingRule.ATTEMPTS, None, rules.most_attempts)
    if rules.preset.needs_consent and not lead.consent:
        return HeldBack(CallingRule.CONSENT, None)
    if number.in_call:
        return HeldBack(CallingRule.IN_CALL, now + IN_CALL_FOR)
    held = _held_by_time(lead, number, rules, now, zone)
    if held is not None:
        if since is not None and held.until is not None and since < held.until:
            return HeldBack(held.rule, since, held.figure)  # which then holds it for good
        return held
    return _only_with_agent(number.calls, rules.preset, now, zone) or _ALLOWED


def _held_by_time(
    lead: JudgedLead, number: NumberHistory, rules: CampaignRules, now: datetime, zone: ZoneInfo
) -> HeldBack | None:
    """Return the first of the rules that end by themselves, and when all of them are over."""
    held: tuple[CallingRule, RuleFigure] | None = None
    over = now
    for rule, until, figure in _waits(lead, number.calls, rules, zone):
        if until > now:
            held = held or (rule, figure)
            over = max(over, until)
    times = rules.times
    opens = times.opens_at(over, zone)
    if opens is None or (held is None and opens > now):
        held = _closed(times, now.astimezone(zone))
    return None if held is None else HeldBack(held[0], opens, held[1])


def _waits(
    lead: JudgedLead,
    calls: tuple[Past, ...],
    rules: CampaignRules,
    zone: ZoneInfo,
) -> list[tuple[CallingRule, datetime, RuleFigure]]:
    """Return until when each rule holds that looks back, in their order; it may be in the past."""
    waits: list[tuple[CallingRule, datetime, RuleFigure]] = []
    last = None if lead.last_attempt_at is None else in_utc(lead.last_attempt_at)
    if lead.callback_at is not None:
        waits.append((CallingRule.CALLBACK, in_utc(lead.callback_at), None))
    elif lead.put_off_until is not None:
        waits.append((CallingRule.PUT_OFF, in_utc(lead.put_off_until), None))
    if last is not None and lead.callback_at is None:
        gap = rules.gap_for(lead.last_cause)
        waits.append((CallingRule.GAP, last + gap, gap))
    if not calls:
        return waits
    latest = max(in_utc(past.at) for past in calls)
    if lead.callback_at is None or last is None or latest > last:
        waits.append((CallingRule.NUMBER_GAP, latest + rules.number_gap, rules.number_gap))
    for cap in rules.preset.at_most:
        # Compare instants, not wall clocks: the day of a clock change has 23 or 25 hours.
        ends = sorted(
            next_midnight(past.at, zone) if cap.within is None else in_utc(past.at) + cap.within
            for past in calls
            if past.outcome is PastOutcome.SPOKEN or not cap.effective
        )
        if len(ends) >= cap.calls:
            waits.append((CallingRule.CAP, ends[-cap.calls], cap))
    return waits


def _closed(times: CallingTimes, local: datetime) -> tuple[CallingRule, RuleFigure]:
    if (quiet := times.quiet_at(local)) is not None:
        return CallingRule.QUIET, quiet
    if local.date() in times.closed_on:
        return CallingRule.CLOSED, local.date()
    return CallingRule.HOURS, None


def _only_with_agent(
    calls: tuple[Past, ...], preset: Rules, now: datetime, zone: ZoneInfo
) -> OnlyWithAgent | None:
    """Return whether the number may be called only with an agent, and for how long."""
    kept: OnlyWithAgent | None = None
    for past in calls:
        if past.outcome is PastOutcome.ABANDONED:
            span = preset.agent_after_abandoned
            one = OnlyWithAgent(CallingRule.AFTER_ABANDONED, in_utc(past.at) + span, span)
        elif past.outcome is PastOutcome.MACHINE and preset.agent_after_machine:
            one = OnlyWithAgent(CallingRule.AFTER_MACHINE, next_midnight(past.at, zone))
        else:
            continue
        if one.until > now and (kept is None or one.until > kept.until):
            kept = one
    return kept
