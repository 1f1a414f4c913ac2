"""What becomes of a lead after an attempt, and that the rules agree with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from campaigns.after_attempt import TRUNK_RETRY, EndedAttempt, LeadAfter, lead_after
from campaigns.campaign import CampaignSettings
from campaigns.dispositions import Disposal, Disposition, lead_disposed
from campaigns.judging import histories_of, judge_lead, rules_of, state_held_by
from campaigns.stored_leads import LeadNumber, LeadState, StoredLead, unstored_lead
from dialer.lead_rules import CallingRule, NumberHistory
from dialer.rules import Past, PastOutcome
from domain.identity import AgentCode, ProjectName
from domain.reasons import Cause
from tests.campaigns.campaigns_scene import NOON, ZONE, after

NUMBER, OTHER = "+8613800000001", "+8613800000002"
ANN = AgentCode("1001")
SETTINGS = CampaignSettings(
    title="Spring", queue="tea", line="carrier", rules="uk", gap_after_s={Cause.BUSY: 600.0}
)
LEAD = replace(
    unstored_lead(ProjectName("tea"), NUMBER, None, None),
    lead=1,
    list=1,
    key="1",
    numbers=(LeadNumber(NUMBER, 0), LeadNumber(OTHER, 1)),
)


def ended(
    outcome: PastOutcome | None, cause: Cause | None = None, disposed: bool = False
) -> EndedAttempt:
    return EndedAttempt(NOON, after(seconds=30), outcome, cause, disposed)


def became(lead: StoredLead, attempt: EndedAttempt, attempts: int = 1) -> LeadAfter:
    return lead_after(lead, attempts, attempt, SETTINGS)


@pytest.mark.parametrize(("cause", "seconds"), [(Cause.NO_ANSWER, 7_200), (Cause.BUSY, 600)])
def test_an_open_lead_is_tried_again_after_the_gap_of_its_outcome(
    cause: Cause, seconds: int
) -> None:
    found = became(LEAD, ended(PastOutcome.NOBODY, cause))
    assert (found.state, found.next_at) == (LeadState.OPEN, after(seconds=seconds))


def test_after_36_h_a_lead_is_overdue_and_not_expired() -> None:
    found = became(LEAD, ended(PastOutcome.NOBODY, Cause.BUSY))
    assert found.overdue_at == after(hours=36)
    assert verdict(replace(LEAD, attempts=1, last_attempt_at=NOON), after(days=30)) is None


def test_the_third_attempt_finishes_a_lead() -> None:
    found = became(LEAD, ended(PastOutcome.NOBODY, Cause.BUSY), attempts=3)
    assert (found.state, found.why) == (LeadState.FINISHED, "attempts")


@pytest.mark.parametrize("cause", [Cause.CONGESTION, Cause.FAILED])
def test_a_trunk_that_fails_uses_up_no_attempt(cause: Cause) -> None:
    found = became(LEAD, ended(None, cause), attempts=0)
    assert (found.state, found.next_at) == (LeadState.OPEN, after(seconds=30) + TRUNK_RETRY)


@pytest.mark.parametrize(("failures", "minutes"), [(2, 10), (4, 40), (6, 120), (100_000, 120)])
def test_a_number_that_no_trunk_carries_is_tried_less_and_less_often(
    failures: int, minutes: float
) -> None:
    again = replace(ended(None, Cause.FAILED), failures=failures)
    found = became(LEAD, again, attempts=0)
    assert found.next_at == after(seconds=30 + minutes * 60)


def test_who_was_spoken_with_is_finished() -> None:
    found = became(LEAD, ended(PastOutcome.SPOKEN))
    assert (found.state, found.why) == (LeadState.FINISHED, "spoken")


def test_a_lead_without_a_good_number_goes_back_to_the_data_team() -> None:
    bad = tuple(replace(number, good=False) for number in LEAD.numbers)
    found = became(replace(LEAD, numbers=bad), ended(PastOutcome.NOBODY, Cause.INVALID))
    assert (found.state, found.why) == (LeadState.INVALID, "invalid")
    one_left = replace(LEAD, numbers=(bad[0], LEAD.numbers[1]))
    assert became(one_left, ended(PastOutcome.NOBODY, Cause.INVALID)).state is LeadState.OPEN


@pytest.mark.parametrize("whose", [None, ANN])
def test_a_callback_that_was_promised_stays_with_whom_it_was_promised(
    whose: AgentCode | None,
) -> None:
    lead = replace(LEAD, callback_at=after(days=1), callback_agent=whose)
    found = became(lead, ended(PastOutcome.SPOKEN), attempts=3)
    assert (found.state, found.next_at) == (LeadState.OPEN, after(days=1))
    assert (found.callback_at, found.callback_agent) == (after(days=1), whose)
    kept = became(replace(lead, callback_at=NOON), ended(PastOutcome.SPOKEN))
    assert (kept.callback_at, kept.callback_agent) == (None, None)


@pytest.mark.parametrize("whose", [None, ANN])
def test_a_callback_that_nobody_answered_is_tried_again(whose: AgentCode | None) -> None:
    lead = replace(LEAD, callback_at=NOON, callback_agent=whose, attempts=9)
    for tries in (1, 2):
        found = became(lead, ended(PastOutcome.NOBODY, Cause.BUSY), attempts=9 + tries)
        again = after(seconds=30 + SETTINGS.callback_again_s)
        assert (found.state, found.next_at, found.callback_at) == (LeadState.OPEN, again, again)
        assert (found.callback_agent, found.callback_tries) == (whose, tries)
        lead = replace(lead, callback_tries=tries)
    last = became(lead, ended(PastOutcome.NOBODY, Cause.BUSY), attempts=12)
    assert (last.state, last.why, last.callback_at) == (LeadState.FINISHED, "attempts", None)


def test_a_late_fact_that_they_were_reached_after_all_ends_the_tries() -> None:
    lead = replace(LEAD, callback_at=after(minutes=15), callback_tries=1)
    assert became(lead, ended(PastOutcome.SPOKEN)).callback_at is None


def test_a_caller_whom_nobody_reached_is_finished() -> None:
    lead = replace(LEAD, callback_at=NOON, callback_tries=2)
    attempt = replace(ended(PastOutcome.NOBODY, Cause.NO_ANSWER), of_caller=True)
    assert (became(lead, attempt).state, became(lead, attempt).why) == (
        LeadState.FINISHED,
        "callback_missed",
    )


@pytest.mark.parametrize("outcome", PastOutcome)
def test_no_outcome_undoes_a_do_not_call_request(outcome: PastOutcome) -> None:
    lead = replace(LEAD, state=LeadState.DO_NOT_CALL, why="do_not_call")
    found = became(lead, ended(outcome))
    assert (found.state, found.why, found.next_at) == (LeadState.DO_NOT_CALL, "do_not_call", None)


@pytest.mark.parametrize("disposition", Disposition)
def test_no_later_disposition_undoes_a_do_not_call_request(disposition: Disposition) -> None:
    lead = replace(LEAD, state=LeadState.DO_NOT_CALL, why="do_not_call")
    said = Disposal(disposition, callback_at=after(days=1))
    assert lead_disposed(lead, SETTINGS, ANN, said, NOON) is None


@pytest.mark.parametrize("cause", [None, *(each for each in Cause if not each.of_trunk)])
def test_when_a_lead_is_looked_at_again_no_gap_holds_it(cause: Cause | None) -> None:
    """``lead_after`` and the rules have the gap from the same settings, and must agree."""
    outcome = PastOutcome.ABANDONED if cause is None else PastOutcome.NOBODY
    next_at = became(LEAD, ended(outcome, cause)).next_at
    assert next_at is not None
    called = replace(LEAD, attempts=1, last_attempt_at=NOON, last_cause=cause)
    assert verdict(called, next_at - timedelta(seconds=1)) is CallingRule.GAP
    assert verdict(called, next_at) is None


def verdict(lead: StoredLead, now: datetime) -> CallingRule | None:
    """What holds a lead whose numbers nobody else has called."""
    return judge_lead(lead, {}, rules_of(SETTINGS), ZONE, now).rule


def judged(*histories: NumberHistory) -> tuple[str | None, CallingRule | None, bool, LeadState]:
    """What is said of a lead whose numbers have these histories."""
    known: Sequence[str] = (NUMBER, OTHER)
    found = judge_lead(
        LEAD, dict(zip(known, histories, strict=True)), rules_of(SETTINGS), ZONE, NOON
    )
    number = None if found.number is None else found.number.number
    return number, found.rule, found.guaranteed, state_held_by(found)


def test_what_an_agent_said_of_an_open_lead_holds() -> None:
    for outcome in PastOutcome:
        found = became(LEAD, ended(outcome, disposed=True), attempts=3)
        assert (found.state, found.why, found.next_at) == (LeadState.OPEN, None, None)


def test_of_numbers_that_are_all_held_the_one_that_is_free_first_says_until_when() -> None:
    def called(hours: float) -> NumberHistory:
        return NumberHistory((Past(after(hours=hours), PastOutcome.NOBODY),))

    for hours in ((-1.5, -0.5), (-0.5, -1.5)):
        histories = dict(zip((NUMBER, OTHER), map(called, hours), strict=True))
        found = judge_lead(LEAD, histories, rules_of(SETTINGS), ZONE, NOON)
        assert (found.number, found.until) == (None, after(hours=0.5))


def test_of_two_lists_with_a_number_the_one_that_holds_first_counts() -> None:
    centre = {"number": NUMBER, "since": after(hours=-1)}
    project = {"number": NUMBER, "since": after(days=9)}
    for listed in ([centre, project], [project, centre]):
        assert histories_of([], listed)[NUMBER].do_not_call_since == after(hours=-1)


def test_of_a_lead_s_numbers_the_first_that_is_free_is_called() -> None:
    free, listed = NumberHistory(), NumberHistory(do_not_call_since=NOON)
    abandoned = NumberHistory((Past(after(hours=-9), PastOutcome.ABANDONED),))
    opened = LeadState.OPEN
    assert judged(free, free) == (NUMBER, None, False, opened)
    assert judged(listed, free) == (OTHER, None, False, opened)
    assert judged(abandoned, free) == (OTHER, None, False, opened)
    assert judged(listed, abandoned) == (OTHER, CallingRule.AFTER_ABANDONED, True, opened)
    assert judged(listed, listed) == (None, CallingRule.DO_NOT_CALL, False, LeadState.DO_NOT_CALL)
