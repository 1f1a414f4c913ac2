"""Each rule on when a lead may be called, by its name. The presets' own are in ``test_rules``."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer import rules
from dialer.calling_times import Quiet, WeekHours
from dialer.lead_rules import (
    IN_CALL_FOR,
    NEW_LEAD,
    Allowed,
    CallingRule,
    CallingVerdict,
    CampaignRules,
    HeldBack,
    JudgedLead,
    NumberHistory,
    OnlyWithAgent,
    judge,
)
from dialer.rules import AtMost, Past, PastOutcome
from domain.reasons import Cause

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 12, tzinfo=ZONE).astimezone(UTC)  # a Monday
OPEN = CampaignRules(replace(rules.CAUTIOUS, quiet=(), at_most=(), needs_consent=False))
CAUTIOUS = CampaignRules(rules.CAUTIOUS)
UNKNOWN = NumberHistory()


def ago(**span: float) -> datetime:
    return NOON - timedelta(**span)


def later(**span: float) -> datetime:
    return NOON + timedelta(**span)


def called(*at: datetime, outcome: PastOutcome = PastOutcome.NOBODY) -> NumberHistory:
    return NumberHistory(tuple(Past(each, outcome) for each in at))


def said(
    lead: JudgedLead = NEW_LEAD,
    number: NumberHistory = UNKNOWN,
    by: CampaignRules = OPEN,
    now: datetime = NOON,
    zone: ZoneInfo = ZONE,
) -> CallingVerdict:
    return judge(lead, number, by, now, zone)


# Attempts


def test_at_most_3_attempts_for_a_lead_over_all_its_numbers() -> None:
    assert said(JudgedLead(attempts=2)) == Allowed()
    for number in (UNKNOWN, called(ago(days=3))):
        assert said(JudgedLead(attempts=3), number) == HeldBack(CallingRule.ATTEMPTS, None, 3)
    assert said(JudgedLead(attempts=3), by=replace(OPEN, most_attempts=4)) == Allowed()


@pytest.mark.parametrize("cause", Cause)
def test_failures_of_a_trunk_are_those_that_say_nothing_about_the_customer(cause: Cause) -> None:
    """Such a call has no outcome, so it is neither an attempt nor counted by any cap."""
    assert cause.of_trunk is (cause in (Cause.CONGESTION, Cause.FAILED))


# The gaps


def test_2_h_between_attempts_of_a_lead() -> None:
    lead = JudgedLead(1, last_attempt_at=ago(minutes=30))
    gap = timedelta(hours=2)
    assert said(lead) == HeldBack(CallingRule.GAP, later(minutes=90), gap)
    assert said(lead, now=later(minutes=90)) == Allowed()


def test_a_campaign_shortens_the_gap_after_one_outcome() -> None:
    ten = timedelta(minutes=10)
    by = replace(OPEN, gap_after={Cause.BUSY.value: ten})
    busy = JudgedLead(1, last_attempt_at=ago(minutes=5), last_cause=Cause.BUSY)
    assert said(busy, by=by) == HeldBack(CallingRule.GAP, later(minutes=5), ten)
    missed = replace(busy, last_cause="no_answer")
    assert said(missed, by=by) == HeldBack(CallingRule.GAP, later(minutes=115), by.gap)


def test_a_least_gap_for_each_number_across_all_campaigns_and_calls_by_hand() -> None:
    elsewhere = called(ago(minutes=2))
    held = HeldBack(CallingRule.NUMBER_GAP, later(minutes=118), timedelta(hours=2))
    assert said(number=elsewhere) == held
    assert said(number=elsewhere, now=later(minutes=118)) == Allowed()
    assert said(JudgedLead(1, ago(hours=3)), elsewhere) == held  # another lead of this number


def test_the_shorter_gap_of_one_outcome_does_not_shorten_the_number_s() -> None:
    by = replace(OPEN, gap_after={"busy": timedelta(minutes=1)})
    lead = JudgedLead(1, ago(minutes=5), "busy")
    found = said(lead, called(ago(minutes=5)), by)
    assert found == HeldBack(CallingRule.NUMBER_GAP, later(minutes=115), by.number_gap)


def test_whom_an_agent_put_off_is_not_called_before_that() -> None:
    lead = JudgedLead(1, ago(hours=3), put_off_until=later(days=7))
    assert said(lead, called(ago(hours=3))) == HeldBack(CallingRule.PUT_OFF, later(days=7))
    assert said(lead, called(ago(hours=3)), now=later(days=7)) == Allowed()
    soon = replace(lead, last_attempt_at=ago(hours=1), put_off_until=later(minutes=1))
    assert said(soon) == HeldBack(CallingRule.PUT_OFF, later(hours=1)), "the gap holds, too"
    promised = replace(lead, callback_at=ago(minutes=1))
    assert said(promised) == Allowed(), "they have asked for a call since"


# Callbacks


def test_a_callback_is_held_until_its_time() -> None:
    lead = JudgedLead(1, ago(minutes=5), callback_at=later(minutes=20))
    assert said(lead, called(ago(minutes=5))) == HeldBack(CallingRule.CALLBACK, later(minutes=20))


def test_a_callback_needs_no_attempts_left_and_no_gap() -> None:
    lead = JudgedLead(3, ago(minutes=5), callback_at=NOON)
    assert said(lead, called(ago(minutes=5))) == Allowed()


def test_a_callback_is_not_held_by_the_call_in_which_it_was_promised() -> None:
    lead = JudgedLead(1, ago(minutes=30), callback_at=NOON)
    assert said(lead, called(ago(minutes=30), outcome=PastOutcome.SPOKEN)) == Allowed()


def test_a_callback_keeps_the_least_gap_from_calls_of_others() -> None:
    lead = JudgedLead(1, ago(hours=1), callback_at=NOON)
    other = called(ago(hours=1), ago(minutes=1))
    assert said(lead, other) == HeldBack(
        CallingRule.NUMBER_GAP, later(minutes=119), OPEN.number_gap
    )


def test_a_callback_obeys_do_not_call_lists_caps_and_hours() -> None:
    lead = JudgedLead(1, ago(hours=9), callback_at=NOON, consent=True)
    listed = NumberHistory(do_not_call_since=NOON)
    assert said(lead, listed, CAUTIOUS) == HeldBack(CallingRule.DO_NOT_CALL, None)
    often = called(*(ago(hours=hours) for hours in (9, 10, 11, 12, 13)))
    capped = said(lead, often, CAUTIOUS)
    assert isinstance(capped, HeldBack) and capped.rule is CallingRule.CAP
    night = said(lead, UNKNOWN, CAUTIOUS, now=later(hours=11))
    assert night == HeldBack(CallingRule.QUIET, later(hours=20), Quiet(time(21), time(8)))
    closed = replace(CAUTIOUS, hours=(WeekHours(frozenset((1,)), time(9), time(17)),))
    assert said(lead, UNKNOWN, closed) == HeldBack(CallingRule.HOURS, later(hours=21))


# Do-not-call lists and consent


def test_a_do_not_call_list_holds_from_its_date_on() -> None:
    listed = NumberHistory(do_not_call_since=later(days=1))
    assert said(number=listed) == Allowed()
    assert said(number=listed, now=later(days=1)) == HeldBack(CallingRule.DO_NOT_CALL, None)


def test_a_do_not_call_list_comes_before_every_other_rule() -> None:
    listed = NumberHistory((Past(NOON, PastOutcome.NOBODY),), NOON, in_call=True)
    lead = JudgedLead(9, NOON, callback_at=NOON)
    assert said(lead, listed, CAUTIOUS) == HeldBack(CallingRule.DO_NOT_CALL, None)


def test_who_is_held_until_after_that_date_is_looked_at_when_it_comes() -> None:
    listed = replace(called(NOON), do_not_call_since=later(hours=1))
    held = said(number=listed)
    assert held == HeldBack(CallingRule.NUMBER_GAP, later(hours=1), OPEN.number_gap)
    assert said(number=listed, now=later(hours=1)) == HeldBack(CallingRule.DO_NOT_CALL, None)


def test_without_consent_nobody_is_called_where_the_preset_asks_for_it() -> None:
    assert said(by=CAUTIOUS) == HeldBack(CallingRule.CONSENT, None)
    assert said(JudgedLead(consent=True), by=CAUTIOUS) == Allowed()


# Caps


def test_a_call_under_way_holds_its_number() -> None:
    held = said(number=NumberHistory(in_call=True))
    assert held == HeldBack(CallingRule.IN_CALL, NOON + IN_CALL_FOR)


def test_at_most_5_calls_to_a_number_in_24_h() -> None:
    by = replace(OPEN, preset=replace(OPEN.preset, at_most=rules.CN.at_most))
    five = called(*(ago(hours=hours) for hours in (23, 20, 10, 5, 3)))
    cap = AtMost(5, timedelta(hours=24))
    assert said(number=five, by=by) == HeldBack(CallingRule.CAP, later(hours=1), cap)
    assert said(number=NumberHistory(five.calls[1:]), by=by) == Allowed()


def test_at_most_3_calls_to_a_number_in_5_minutes() -> None:
    by = CampaignRules(replace(rules.CN, needs_consent=False), number_gap=timedelta(0))
    three = called(*(ago(minutes=minutes) for minutes in (4, 2, 1)))
    cap = AtMost(3, timedelta(minutes=5))
    assert said(number=three, by=by) == HeldBack(CallingRule.CAP, later(minutes=1), cap)


def test_effective_calls_a_day_are_counted_in_the_customer_s_day() -> None:
    preset = replace(OPEN.preset, at_most=(AtMost(1, None, effective=True),))
    by = CampaignRules(preset, number_gap=timedelta(0))
    spoken = called(ago(hours=1), outcome=PastOutcome.SPOKEN)  # 22:00 on Sunday in New York
    held = said(number=spoken, by=by)
    assert isinstance(held, HeldBack) and held.until == later(hours=12)
    there = said(number=spoken, by=by, zone=ZoneInfo("America/New_York"))
    assert isinstance(there, HeldBack) and there.until == later(hours=1)
    assert said(number=called(ago(hours=1)), by=by) == Allowed()


# With an agent


def test_72_h_only_with_an_agent_after_an_abandoned_call() -> None:
    abandoned = called(ago(hours=71), outcome=PastOutcome.ABANDONED)
    span = timedelta(hours=72)
    assert said(number=abandoned) == OnlyWithAgent(
        CallingRule.AFTER_ABANDONED, later(hours=1), span
    )
    assert said(number=abandoned, now=later(hours=1)) == Allowed()


@pytest.mark.parametrize("hours", [(71, 10), (10, 71)])
def test_of_several_abandoned_calls_the_last_one_decides(hours: tuple[int, int]) -> None:
    abandoned = called(*(ago(hours=each) for each in hours), outcome=PastOutcome.ABANDONED)
    found = said(number=abandoned)
    assert isinstance(found, OnlyWithAgent)
    assert found.until == later(hours=62)


def test_the_same_day_only_with_an_agent_after_a_machine() -> None:
    machine = called(ago(hours=3), outcome=PastOutcome.MACHINE)
    assert said(number=machine) == OnlyWithAgent(CallingRule.AFTER_MACHINE, later(hours=12))
    assert said(number=machine, now=later(hours=12)) == Allowed()


# Hours and holidays


def test_calling_windows_are_the_customer_s_wherever_we_are() -> None:
    lead = JudgedLead(consent=True)
    assert said(lead, by=CAUTIOUS) == Allowed()
    berlin = said(lead, by=CAUTIOUS, zone=ZoneInfo("Europe/Berlin"))  # 05:00 there
    assert berlin == HeldBack(CallingRule.QUIET, later(hours=3), Quiet(time(21), time(8)))


def test_nobody_is_called_on_a_holiday() -> None:
    by = replace(OPEN, closed_on=frozenset((date(2026, 3, 2),)))
    assert said(by=by) == HeldBack(CallingRule.CLOSED, later(hours=12), date(2026, 3, 2))
    assert said(by=by, zone=ZoneInfo("America/New_York")) == Allowed()  # still Sunday


def test_hours_that_never_come_hold_until_somebody_changes_them() -> None:
    by = replace(CAUTIOUS, hours=(WeekHours(frozenset((0,)), time(22), time(23)),))
    assert said(JudgedLead(1, NOON, consent=True), by=by) == HeldBack(CallingRule.HOURS, None)


# Together


def test_the_first_rule_is_said_and_when_none_holds_any_more() -> None:
    """A gap that ends at night holds until the morning, and longer on a holiday."""
    by = replace(CAUTIOUS, closed_on=frozenset((date(2026, 3, 3),)))
    lead = JudgedLead(1, later(hours=8), consent=True)
    found = said(lead, now=later(hours=8.5), by=by)
    assert found == HeldBack(CallingRule.GAP, later(hours=44), by.gap)


def test_a_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        said(now=NOON.replace(tzinfo=None))


MINUTES = st.integers(-6_000, 3_000)
MOMENTS = MINUTES.map(lambda minutes: NOON + timedelta(minutes=minutes))
QUARTERS = st.integers(0, 95).map(lambda count: time(count // 4, count % 4 * 15))
SPANS = st.integers(0, 3_000).map(lambda minutes: timedelta(minutes=minutes))
LEADS = st.builds(
    JudgedLead,
    attempts=st.integers(0, 3),
    last_attempt_at=st.none() | MOMENTS,
    last_cause=st.sampled_from([None, "busy", "no_answer"]),
    callback_at=st.none() | MOMENTS,
    consent=st.booleans(),
)
NUMBERS = st.builds(
    NumberHistory,
    calls=st.lists(st.builds(Past, MOMENTS, st.sampled_from(PastOutcome)), max_size=6).map(tuple),
    do_not_call_since=st.none() | MOMENTS,
)
RULES = st.builds(
    CampaignRules,
    preset=st.builds(
        replace,
        st.sampled_from(list(rules.PRESETS.values())),
        quiet=st.lists(st.builds(Quiet, QUARTERS, QUARTERS), max_size=2).map(tuple),
        needs_consent=st.just(False),
    ),
    gap=SPANS,
    gap_after=st.dictionaries(st.just("busy"), SPANS),
    number_gap=SPANS,
    hours=st.lists(
        st.builds(WeekHours, st.frozensets(st.integers(0, 6), min_size=1), QUARTERS, QUARTERS),
        max_size=2,
    ).map(tuple),
    closed_on=st.frozensets(
        st.integers(0, 9).map(lambda ahead: date(2026, 3, 1) + timedelta(days=ahead)), max_size=4
    ),
)
ZONES = st.sampled_from(
    ["Asia/Shanghai", "Asia/Kathmandu", "Asia/Kolkata", "America/New_York", "America/Havana"]
).map(ZoneInfo)


@given(LEADS, NUMBERS, RULES, ZONES)
def test_a_verdict_is_honest(
    lead: JudgedLead, number: NumberHistory, by: CampaignRules, zone: ZoneInfo
) -> None:
    """At ``until`` nothing holds the lead any more, but a do-not-call date that has come; and a
    minute earlier something still does."""
    found = judge(lead, number, by, NOON, zone)
    if isinstance(found, Allowed) or found.until is None:
        return
    assert found.until > NOON
    then = judge(lead, number, by, found.until, zone)
    if isinstance(found, OnlyWithAgent):
        assert not isinstance(then, OnlyWithAgent) or then.rule is not found.rule
        return
    assert not isinstance(then, HeldBack) or then.rule is CallingRule.DO_NOT_CALL
    before = found.until - timedelta(seconds=1)
    assert before <= NOON or isinstance(judge(lead, number, by, before, zone), HeldBack)


@given(LEADS, NUMBERS, RULES, ZONES, st.randoms(use_true_random=False))
def test_the_order_of_the_calls_makes_no_difference(
    lead: JudgedLead, number: NumberHistory, by: CampaignRules, zone: ZoneInfo, chance: object
) -> None:
    calls = list(number.calls)
    chance.shuffle(calls)  # type: ignore[attr-defined]
    mixed = replace(number, calls=tuple(calls))
    assert judge(lead, mixed, by, NOON, zone) == judge(lead, number, by, NOON, zone)


@given(LEADS, NUMBERS, RULES, ZONES)
def test_calls_that_are_older_than_the_rules_look_back_make_no_difference(
    lead: JudgedLead, number: NumberHistory, by: CampaignRules, zone: ZoneInfo
) -> None:
    old = Past(NOON - by.looks_back, PastOutcome.ABANDONED)
    older = replace(number, calls=(*number.calls, old))
    assert judge(lead, older, by, NOON, zone) == judge(lead, number, by, NOON, zone)
