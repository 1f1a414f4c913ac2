"""How many numbers a campaign without agents dials."""

import pytest

from dialer.line_rate import LineRateNow
from dialer.notice_pacing import NoticePacing
from dialer.pacing_facts import Answered, Dialled, Lead, NotAnswered, Ringing
from domain.identity import AttemptId, ListName
from domain.reasons import Cause

LEAD = Lead(ListName("may"))


def dialled(pacing: NoticePacing, *names: str, now: float = 0.0) -> None:
    for name in names:
        pacing.handle(Dialled(AttemptId(name), LEAD), now)


def test_it_dials_as_many_as_there_are_lines() -> None:
    pacing = NoticePacing(3, 10.0)
    assert pacing.decide(0.0, free=30, leads=30, going=0).count == 3
    assert pacing.decide(0.0, free=2, leads=30, going=0).count == 2, "others use the line too"
    assert pacing.decide(0.0, free=30, leads=1, going=0).count == 1
    assert pacing.decide(0.0, free=30, leads=30, going=2).count == 1
    dialled(pacing, "a", "b", "c")
    full = pacing.decide(5.0, free=30, leads=30, going=0)
    assert full.count == 0 and "as many as there are lines" in full.reason.text


def test_it_keeps_to_its_calls_a_second() -> None:
    pacing = NoticePacing(1_000, 2.0)
    gone = 0
    for tenth in range(100):
        now = tenth / 10
        count = pacing.decide(now, free=1_000, leads=1_000, going=0).count
        dialled(pacing, *(f"{tenth}-{number}" for number in range(count)), now=now)
        gone += count
    assert 18 <= gone <= 22


def test_it_keeps_to_what_its_line_takes_beside_others() -> None:
    pacing, line = NoticePacing(1_000, 50.0), LineRateNow(5.0, left=2, more_at=1.0)
    assert pacing.decide(0.9, free=30, leads=30, going=0, line=line).count == 2
    line = LineRateNow(5.0, left=0, more_at=1.0)
    none = pacing.decide(0.9, free=30, leads=30, going=0, line=line)
    assert none.count == 0 and "the line takes 5 calls a second" in str(none.reason)
    assert 0.0 < none.again_s <= 0.1
    overdue = LineRateNow(5.0, left=0, more_at=0.1)
    assert pacing.decide(0.9, free=30, leads=30, going=0, line=overdue).again_s > 0.0


def test_what_is_on_its_way_counts_for_the_rate() -> None:
    pacing = NoticePacing(1_000, 2.0)
    at_once = pacing.decide(0.0, free=1_000, leads=1_000, going=0).count
    assert pacing.decide(0.0, free=1_000, leads=1_000, going=at_once).count == 0


@pytest.mark.parametrize("cause", [None, Cause.BUSY, Cause.CUT, Cause.CONGESTION])
def test_a_call_that_is_over_leaves_its_line(cause: Cause | None) -> None:
    pacing = NoticePacing(1, 10.0)
    dialled(pacing, "a")
    pacing.handle(Ringing(AttemptId("a")), 1.0)
    if cause is None:
        pacing.handle(Answered(AttemptId("a")), 2.0)
        assert pacing.decide(3.0, free=9, leads=9, going=0).count == 0
        pacing.over(AttemptId("a"))
    else:
        pacing.handle(NotAnswered(AttemptId("a"), cause), 2.0)
    assert pacing.under_way == 0
    assert pacing.decide(3.0, free=9, leads=9, going=0).count == 1


def test_a_trunk_that_refuses_everything_is_only_tried_now_and_then() -> None:
    pacing = NoticePacing(100, 20.0)
    gone = 0
    for tenth in range(600):
        now = tenth / 10
        for number in range(pacing.decide(now, free=100, leads=100, going=0).count):
            name = f"{tenth}-{number}"
            dialled(pacing, name, now=now)
            pacing.handle(NotAnswered(AttemptId(name), Cause.CONGESTION), now)
            gone += 1
    assert gone < 100, "a minute at 20 calls a second would be 1,200"
    said = pacing.decide(60.0, free=100, leads=100, going=0)
    assert said.count or "the trunk refuses calls" in said.reason.text


def test_nobody_is_dialled_while_a_customer_of_the_flow_waits_for_an_agent() -> None:
    pacing = NoticePacing(30, 10.0)
    waits = pacing.decide(0.0, free=30, leads=30, going=0, waiting=1)
    assert waits.count == 0 and "waits for an agent" in waits.reason.text
    goes_on = pacing.decide(0.0, free=30, leads=30, going=0, waiting=0)
    assert goes_on.count > 0 and "enters the flow" in goes_on.reason.text


def test_without_leads_it_says_so() -> None:
    said = NoticePacing(30, 10.0).decide(0.0, free=30, leads=0, going=0)
    assert said.count == 0 and "no lead is due" in said.reason.text
