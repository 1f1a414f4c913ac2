"""Each rule of the presets in ``dialer.rules`` and ``dialer.limit``, by its name."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer import rules
from dialer.abandon_count import AbandonCount, History, Tally
from dialer.calling_times import Quiet
from dialer.causes import Cause
from dialer.lead_rules import (
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
from dialer.limit import CAUTIOUS, UK, US, Limit, Window
from dialer.pacing import Settings
from dialer.pacing_facts import (
    Abandoned,
    AgentReady,
    Answered,
    GreetingEnded,
    Machine,
    NotAnswered,
    Person,
    PersonConnected,
    SpeechBegan,
)
from dialer.rules import AtMost, Kept, MessagePart, Past, PastOutcome
from tests.dialer.campaign import Campaign, Wishing, agent

LONDON, SHANGHAI = ZoneInfo("Europe/London"), ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")


EVENING = Quiet(time(21), time(8))


def may_dial(
    history: Collection[Past], local: datetime, preset: rules.Rules, *, consent: bool = False
) -> CallingVerdict:
    """What a preset alone says."""
    judged_by = CampaignRules(preset, number_gap=timedelta(0))
    zone = local.tzinfo if isinstance(local.tzinfo, ZoneInfo) else LONDON
    number = NumberHistory(tuple(history))
    return judge(JudgedLead(consent=consent), number, judged_by, local, zone)


def campaign(limit: Limit, *, detection: bool = False) -> Campaign:
    return Campaign(Wishing(), Settings(limit=limit, detection=detection))


def counted(with_: Campaign, window: Window = Window.DAY) -> tuple[float, float]:
    tally = with_.pacer.limit.tally(window, with_.now)
    return tally.abandoned, tally.base


def connected_after(limit: Limit, seconds: float) -> tuple[float, float]:
    """Answered at 0, speaks at 1 s, greeting over at 3 s, and an agent after so many seconds."""
    with_ = campaign(limit)
    with_.agents(1)
    (call,) = with_.dial()
    with_.tell(Answered(call))
    for at, fact in ((1.0, SpeechBegan(call)), (3.0, GreetingEnded(call))):
        if at <= seconds:
            with_.now = at
            with_.tell(fact)
    with_.now = seconds
    with_.tell(PersonConnected(call, agent(0)))
    return counted(with_)


# What is counted


def test_us_numerator_no_representative_within_2_s_of_the_completed_greeting() -> None:
    assert connected_after(US, 5.0) == (0.0, 1.0)
    assert connected_after(US, 5.1) == (1.0, 1.0)


def test_us_denominator_is_calls_that_a_person_answered() -> None:
    with_ = campaign(replace(US, people_taken_for_machines=0.0), detection=True)
    with_.agents(1)
    with_.miss(5)
    machine, served, lost = with_.dial(3)
    for call in (machine, served, lost):
        with_.tell(Answered(call))
    with_.tell(Machine(machine))
    with_.tell(Person(served))
    with_.tell(PersonConnected(served, agent(0)))
    with_.tell(Person(lost))
    with_.now = 9.0
    with_.tell(Abandoned(lost))
    assert counted(with_) == (1.0, 2.0)


def test_us_share_is_3_percent_over_the_campaign_if_it_is_under_30_days() -> None:
    count = AbandonCount(US, day=1)
    for day in range(1, 29):
        count.day_began(day)
        for _ in range(100):
            count.connected(0.0, late_s=-1.0)
    for _ in range(86):
        count.abandoned(0.0, late_s=1.0, by_customer=False, heard=True)
    tally = count.worst(0.0)
    assert (tally.abandoned, tally.base) == (86.0, 2_886.0)  # 2.98 %, all on one day
    assert count.room(0.0) == pytest.approx((0.03 * 2_886 - 86) / 0.97)


def test_us_window_is_30_days_then() -> None:
    count = AbandonCount(US, day=0, history=History({0: Tally(50.0, 50.0)}))
    count.day_began(29)
    assert count.worst(0.0).abandoned == 50.0
    count.day_began(30)
    assert count.worst(0.0).abandoned == 0.0


def test_us_clock_starts_at_the_end_of_the_greeting() -> None:
    assert US.due_at(10.0, 11.0, 13.0) == 15.0
    assert US.due_at(10.0, 11.0, None) == 12.0  # not heard: from the answer, the stricter


def test_uk_numerator_is_no_agent_plus_people_taken_for_machines() -> None:
    # One in 25 is taken for a machine: for each 24 found, one is not.
    with_ = campaign(replace(UK, people_taken_for_machines=0.04), detection=True)
    for call in with_.dial(50):
        with_.tell(Answered(call))
        with_.tell(Machine(call))
    for lost in with_.dial(24):
        with_.tell(Answered(lost))
        with_.tell(Person(lost))
        with_.tell(Abandoned(lost))
    abandoned, base = counted(with_)
    assert abandoned == pytest.approx(24.0 + 1.0)
    assert base == pytest.approx(24.0 + 1.0)


def test_uk_numerator_without_detection_is_less_the_machines_among_the_abandoned() -> None:
    with_ = campaign(replace(UK, machines_abandoned=0.25))
    with_.lose(4)
    assert counted(with_) == (3.0, 3.0)


def test_uk_detection_takes_no_machines_off_people_it_has_heard() -> None:
    count = AbandonCount(replace(UK, machines_abandoned=0.25))
    assert count.abandoned(0.0, late_s=1.0, by_customer=False, heard=True).abandoned == 1.0


def test_uk_denominator_is_no_agent_plus_taken_for_machines_plus_passed_to_an_agent() -> None:
    with_ = campaign(replace(UK, people_taken_for_machines=0.5), detection=True)
    with_.agents(1)
    with_.miss(7)
    taken, served, lost = with_.dial(3)
    for call in (taken, served, lost):
        with_.tell(Answered(call))
    with_.tell(Machine(taken))
    for call in (served, lost):
        with_.tell(Person(call))
    with_.tell(PersonConnected(served, agent(0)))
    with_.tell(Abandoned(lost))
    assert counted(with_) == (1.0 + 2.0, 2.0 + 2.0)


def test_uk_share_is_3_percent_from_midnight_to_midnight() -> None:
    assert UK.share == 0.03
    count = AbandonCount(UK, day=7)
    for _ in range(9):
        count.abandoned(86_399.0, late_s=1.0, by_customer=False, heard=True)
    assert count.room(86_399.0) < 1.0
    count.day_began(8)
    assert count.worst(86_400.0).base == 0.0


def test_uk_clock_starts_when_speech_begins() -> None:
    assert UK.due_at(10.0, 11.0, 13.0) == 13.0
    assert connected_after(UK, 2.9) == (0.0, 1.0)
    assert connected_after(UK, 3.1) == (1.0, 1.0)


def test_who_hangs_up_within_the_grace_is_not_abandoned_but_for_the_cautious() -> None:
    for limit, expected in ((UK, 0.0), (US, 0.0), (CAUTIOUS, 1.0)):
        with_ = campaign(limit)
        (call,) = with_.dial()
        with_.tell(Answered(call))
        with_.now = 1.5
        with_.tell(Abandoned(call, by_customer=True))
        assert counted(with_) == (expected, expected)


def test_who_hangs_up_after_the_grace_is_abandoned() -> None:
    for limit in (UK, US, CAUTIOUS):
        with_ = campaign(limit)
        (call,) = with_.dial()
        with_.tell(Answered(call))
        with_.now = 2.5
        with_.tell(Abandoned(call, by_customer=True))
        assert counted(with_) == (1.0, 1.0)


def test_cautious_clock_starts_at_the_answer() -> None:
    assert CAUTIOUS.due_at(10.0, 11.0, 13.0) == 12.0


def test_cautious_holds_the_day_and_the_30_days() -> None:
    bad_yesterday = AbandonCount(CAUTIOUS, day=8, history=History({7: Tally(90.0, 1_000.0)}))
    for _ in range(1_000):
        bad_yesterday.connected(0.0, late_s=-1.0)
    assert bad_yesterday.room(0.0) == pytest.approx((0.03 * 2_000 - 90) / 0.97)
    good_yesterday = AbandonCount(CAUTIOUS, day=8, history=History({7: Tally(0.0, 9_000.0)}))
    assert good_yesterday.room(0.0) == 0.0


def test_cautious_hang_up_before_15_s_of_ringing_is_abandoned() -> None:
    for limit, rang, expected in ((CAUTIOUS, 14.9, 1.0), (CAUTIOUS, 15.0, 0.0), (UK, 5.0, 0.0)):
        with_ = campaign(limit)
        (call,) = with_.ring()
        with_.now = rang
        with_.tell(NotAnswered(call, Cause.CUT))
        assert counted(with_) == (expected, expected)


# Ringing


@pytest.mark.parametrize("preset", rules.PRESETS.values(), ids=rules.PRESETS)
def test_ringing_is_at_least_15_s_before_we_hang_up(preset: rules.Rules) -> None:
    policy = Wishing()
    with_ = Campaign(policy, Settings(limit=preset.limit))
    with_.agents(1)
    (dialled,) = with_.dial()
    with_.now = 4.0
    (rings,) = with_.ring()
    policy.hang_up = (dialled, rings)
    with_.now = 18.9
    assert with_.asked(AgentReady(agent(1))).hang_up == ()
    with_.now = 19.0
    # It has rung for 15 s; the other was dialled longer ago, but has never been heard to ring.
    assert with_.asked(AgentReady(agent(2))).hang_up == (rings,)


def test_ringing_is_never_ended_by_us_once_answered() -> None:
    policy = Wishing()
    with_ = Campaign(policy, Settings(limit=UK))
    with_.agents(1)
    (call,) = with_.ring()
    policy.hang_up = (call,)
    with_.now = 20.0
    with_.tell(Answered(call))
    assert with_.asked(AgentReady(agent(1))).hang_up == ()


# The message


def test_us_message_is_prompt_and_says_name_number_purpose_and_opt_out() -> None:
    message = rules.US.message
    whole = {MessagePart.NAME, MessagePart.NUMBER, MessagePart.PURPOSE, MessagePart.OPT_OUT}
    assert message.must_say == whole
    assert message.within_s == 2.0


def test_uk_message_within_2_s_says_who_and_where_to_opt_out() -> None:
    message = rules.UK.message
    assert message.must_say == {MessagePart.NAME, MessagePart.OPT_OUT_NUMBER}
    assert message.within_s == 2.0


def test_the_grace_is_over_before_the_message_is_late() -> None:
    late = replace(rules.US, limit=replace(rules.US.limit, grace_s=5.0))
    assert (rules.US.most_grace_s, late.most_grace_s) == (2.0, 2.0)
    prompt = replace(rules.US, message=replace(rules.US.message, within_s=1.0))
    assert prompt.most_grace_s == 1.0


def test_the_cautious_message_serves_everywhere() -> None:
    for preset in rules.PRESETS.values():
        assert preset.message.must_say <= rules.CAUTIOUS.message.must_say
        assert preset.message.within_s >= rules.CAUTIOUS.message.within_s


# Again


def london(hour: float, day: int = 1) -> datetime:
    return datetime(2026, 6, day, tzinfo=LONDON) + timedelta(hours=hour)


def test_uk_again_after_an_abandoned_call_72_h_only_with_an_agent() -> None:
    abandoned = [Past(london(10), PastOutcome.ABANDONED)]
    within = may_dial(abandoned, london(9.9, day=4), rules.UK)
    assert within == OnlyWithAgent(
        CallingRule.AFTER_ABANDONED, london(10, day=4), timedelta(hours=72)
    )
    assert may_dial(abandoned, london(10, day=4), rules.UK) == Allowed()


def test_uk_again_counts_72_hours_and_not_the_clock_on_the_wall() -> None:
    before_the_change = datetime(2026, 3, 27, 12, tzinfo=LONDON)  # summer time begins on the 29th
    past = [Past(before_the_change, PastOutcome.ABANDONED)]
    noon = datetime(2026, 3, 30, 12, 30, tzinfo=LONDON)  # 71.5 h later
    assert isinstance(may_dial(past, noon, rules.UK), OnlyWithAgent)
    assert may_dial(past, noon + timedelta(minutes=30), rules.UK) == Allowed()


def test_uk_again_after_machine_the_same_day_only_with_an_agent() -> None:
    machine = [Past(london(9), PastOutcome.MACHINE)]
    assert may_dial(machine, london(23.9), rules.UK) == OnlyWithAgent(
        CallingRule.AFTER_MACHINE, london(0, day=2)
    )
    assert may_dial(machine, london(0, day=2), rules.UK) == Allowed()


def test_us_again_has_no_such_rule() -> None:
    past = [Past(london(14), PastOutcome.ABANDONED), Past(london(14), PastOutcome.MACHINE)]
    assert may_dial(past, london(15), rules.US) == Allowed()


# Hours


@pytest.mark.parametrize("preset", [rules.US, rules.CN, rules.CAUTIOUS])
def test_hours_08_to_21_at_the_called_party(preset: rules.Rules) -> None:
    for hour, allowed in ((7.99, False), (8.0, True), (20.99, True), (21.0, False), (3, False)):
        local = datetime(2026, 6, 1, tzinfo=SHANGHAI) + timedelta(hours=hour)
        assert isinstance(may_dial((), local, preset, consent=True), Allowed) is allowed


def test_hours_are_the_called_partys_wherever_we_are() -> None:
    instant = datetime(2026, 6, 1, 1, tzinfo=UTC)  # 9 in the morning, and 9 in the evening before
    assert may_dial((), instant.astimezone(SHANGHAI), rules.CN, consent=True) == Allowed()
    evening = may_dial((), instant.astimezone(NEW_YORK), rules.US)
    assert evening == HeldBack(CallingRule.QUIET, datetime(2026, 6, 1, 8, tzinfo=NEW_YORK), EVENING)


def test_hours_end_this_morning_after_midnight() -> None:
    early = may_dial((), datetime(2026, 6, 2, 3, tzinfo=NEW_YORK), rules.US)
    assert isinstance(early, HeldBack)
    assert early.until == datetime(2026, 6, 2, 8, tzinfo=NEW_YORK)


def test_uk_hours_have_no_rule() -> None:
    assert may_dial((), london(23), rules.UK) == Allowed()


def test_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        may_dial((), datetime(2026, 6, 1, 12), rules.US)


# Records


def test_us_records_are_kept_5_years() -> None:
    made = datetime(2026, 6, 1, tzinfo=UTC)
    assert not rules.US.records.may_go(made, datetime(2031, 6, 1, tzinfo=UTC))
    assert rules.US.records.may_go(made, datetime(2031, 6, 10, tzinfo=UTC))
    assert Kept.OUTCOME in rules.US.records.what


def test_uk_records_are_kept() -> None:
    made = datetime(2026, 6, 1, tzinfo=UTC)
    assert not rules.UK.records.may_go(made, made + timedelta(days=180))
    assert Kept.OUTCOME in rules.UK.records.what


def test_china_records_recording_numbers_times_and_consent_at_least_30_days() -> None:
    assert rules.CN.records.what == {Kept.RECORDING, Kept.NUMBERS, Kept.TIMES, Kept.CONSENT}
    made = datetime(2026, 6, 1, tzinfo=UTC)
    assert not rules.CN.records.may_go(made, made + timedelta(days=29, hours=23))
    assert rules.CN.records.may_go(made, made + timedelta(days=30))


# China


def beijing(hour: int, minute: float = 0, day: int = 1) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=SHANGHAI) + timedelta(minutes=minute)


def test_china_no_commercial_call_without_consent() -> None:
    assert may_dial((), beijing(10), rules.CN) == HeldBack(CallingRule.CONSENT, None)
    assert may_dial((), beijing(10), rules.CN, consent=True) == Allowed()


def test_china_rest_hours_are_a_projects_setting() -> None:
    rest = rules.Rules(
        limit=rules.CN.limit,
        message=rules.CN.message,
        records=rules.CN.records,
        quiet=(*rules.CN.quiet, Quiet(time(12), time(14))),
    )
    lunch = HeldBack(CallingRule.QUIET, beijing(14), Quiet(time(12), time(14)))
    assert may_dial((), beijing(13), rest) == lunch
    assert may_dial((), beijing(14), rest) == Allowed()


def test_china_frequency_at_most_5_calls_a_callee_in_24_h() -> None:
    past = [Past(beijing(9 + number), PastOutcome.NOBODY) for number in range(5)]
    assert may_dial(past[:4], beijing(15), rules.CN, consent=True) == Allowed()
    assert may_dial(past, beijing(15), rules.CN, consent=True) == HeldBack(
        CallingRule.CAP, beijing(9, day=2), AtMost(5, timedelta(hours=24))
    )
    assert may_dial(past, beijing(9, day=2), rules.CN, consent=True) == Allowed()


def test_china_frequency_at_most_3_calls_a_callee_in_5_minutes() -> None:
    past = [Past(beijing(9, minute), PastOutcome.NOBODY) for minute in (0, 1, 2)]
    assert may_dial(past[:2], beijing(9, 3), rules.CN, consent=True) == Allowed()
    assert may_dial(past, beijing(9, 4.9), rules.CN, consent=True) == HeldBack(
        CallingRule.CAP, beijing(9, 5), AtMost(3, timedelta(minutes=5))
    )
    assert may_dial(past, beijing(9, 5), rules.CN, consent=True) == Allowed()


def test_china_debt_collection_at_most_3_effective_calls_a_day() -> None:
    spoken = [Past(beijing(hour), PastOutcome.SPOKEN) for hour in (9, 11, 13)]
    missed = [Past(beijing(14), PastOutcome.NOBODY)]
    assert may_dial([*spoken[:2], *missed], beijing(16), rules.CN_DEBT) == Allowed()
    third = may_dial(spoken, beijing(16), rules.CN_DEBT)
    cap = AtMost(3, None, effective=True)
    assert third == HeldBack(CallingRule.CAP, beijing(8, day=2), cap)  # 00:00 would be quiet time
    all_night = replace(rules.CN_DEBT, quiet=())
    assert may_dial(spoken, beijing(16), all_night) == HeldBack(
        CallingRule.CAP, beijing(0, day=2), cap
    )
    assert may_dial(spoken, beijing(8, day=2), rules.CN_DEBT) == Allowed()


def test_china_debt_collection_none_from_22_to_08() -> None:
    late = rules.Rules(
        limit=rules.CN.limit,
        message=rules.CN.message,
        records=rules.CN.records,
        quiet=rules.CN_DEBT.quiet[1:],  # beside the carriers' terms, which are stricter
    )
    for hour, allowed in ((7, False), (8, True), (21, True), (22, False), (23, False), (0, False)):
        assert isinstance(may_dial((), beijing(hour), late), Allowed) is allowed


def test_china_no_share_in_any_text_so_the_cautious_limit_is_taken() -> None:
    assert rules.CN.limit == rules.CN_DEBT.limit == CAUTIOUS


# Together


def test_of_two_refusals_the_first_is_said_and_the_end_of_both() -> None:
    past = [Past(beijing(20, minute), PastOutcome.NOBODY) for minute in (56, 57, 58)]
    said = may_dial(past, beijing(21), rules.CN, consent=True)
    assert said == HeldBack(CallingRule.CAP, beijing(8, day=2), AtMost(3, timedelta(minutes=5)))


def test_a_refusal_comes_before_only_with_an_agent() -> None:
    past = [Past(beijing(20), PastOutcome.ABANDONED)]
    assert isinstance(may_dial(past, beijing(22), rules.CAUTIOUS, consent=True), HeldBack)
    next_day = may_dial(past, beijing(9, day=2), rules.CAUTIOUS, consent=True)
    assert next_day == OnlyWithAgent(
        CallingRule.AFTER_ABANDONED, beijing(20, day=4), timedelta(hours=72)
    )


def test_a_frequency_of_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"at_most\.calls is 0"):
        AtMost(0, timedelta(hours=1))


def test_each_preset_holds_its_limit() -> None:
    assert rules.US.limit == US
    assert rules.UK.limit == UK
    assert rules.CAUTIOUS.limit == CAUTIOUS
