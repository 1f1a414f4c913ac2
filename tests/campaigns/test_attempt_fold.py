"""What an attempt's facts add up to, in any order."""

import re
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.attempt_fold import FoldedAttempt, fold_attempt
from campaigns.campaign import Mode
from dialer.attempt_stages import AttemptStage
from dialer.rules import PastOutcome
from domain.call_facts import CallEnded
from domain.facts import CallFact
from domain.floor_facts import Offered, OfferNotTaken, Queued, TalkBegan, TalkEnded
from domain.happening import Happening
from domain.identity import ProjectName, QueueName, StationName
from domain.outbound_facts import (
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    DetectionBegan,
    FateUnknown,
    MachineFound,
    MessagePlayed,
    NotReached,
    OptedOut,
    PersonFound,
)
from domain.reasons import Cause, OfferFailure, Party, Unlisted
from storage.queries import load
from tests.campaigns.attempt_facts import ANN, DESK, abandoned, at, missed, placed, spoken
from tests.campaigns.campaigns_scene import after

HAPPENINGS = st.sampled_from(
    [
        CustomerRang(),
        CustomerAnswered(),
        DetectionBegan(),
        PersonFound(),
        MachineFound(),
        CustomerAbandoned(True),
        CustomerAbandoned(None),
        MessagePlayed(True),
        OptedOut(ProjectName("tea")),
        OptedOut(None),
        FateUnknown(),
        NotReached(Cause.BUSY, 17, 486),
        NotReached(None, None, None),
        NotReached(Unlisted("new"), 34, None),
        Offered(ANN, DESK, QueueName("tea")),
        TalkBegan(ANN, DESK),
        TalkBegan(None, None),
        TalkEnded(ANN, DESK, Party.CALLER),
        OfferNotTaken(ANN, DESK, OfferFailure.DROPPED),
        CallEnded(Party.CALLER, 16, None),
        CallEnded(None, None, None),
    ]
)
FACTS = st.lists(st.tuples(st.integers(0, 90), HAPPENINGS), max_size=12)


def folded(facts: list[CallFact], mode: str = Mode.PREDICTIVE) -> FoldedAttempt:
    return fold_attempt(facts, mode=mode, requested=True)


@given(FACTS, st.randoms())
def test_order_and_repetition_make_no_difference(
    happenings: list[tuple[int, Happening]], chance: object
) -> None:
    facts = [at("c", at_s, what) for at_s, what in happenings]
    mixed = facts + facts[::2]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert folded(mixed) == folded(facts)


@given(FACTS)
def test_what_is_over_has_an_outcome_or_the_trunk_s_cause(
    happenings: list[tuple[int, Happening]],
) -> None:
    found = folded([at("c", at_s, what) for at_s, what in happenings])
    if found.ended_at is None:
        assert found.outcome is None
    else:
        of_trunk = found.cause is not None and found.cause.of_trunk
        assert (found.outcome is None) is (of_trunk and found.rang_at is None)
    if found.outcome is PastOutcome.SPOKEN:
        assert found.talk_at is not None


@pytest.mark.parametrize("facts", [missed("c"), spoken("c"), abandoned("c", opted_out_of="tea")])
def test_an_attempt_goes_through_its_stages(facts: list[CallFact]) -> None:
    stages = [folded(facts[:count]).stage for count in range(len(facts) + 1)]
    seen = [stage for stage, following in pairwise([*stages, ""]) if stage != following]
    assert seen[:2] == ["requested", "ringing"]
    assert seen[2:] in (
        ["not_reached"],
        ["answered", "offered", "talking", "ended"],
        ["answered", "abandoned", "message_played"],
    )


@pytest.mark.parametrize(
    ("happenings", "cause"),
    [
        ([NotReached(Cause.BUSY, 17, 486)], Cause.BUSY),
        ([NotReached(Unlisted("new"), 34, None)], Cause.CONGESTION),
        ([NotReached(None, None, 404)], Cause.INVALID),
        ([CallEnded(Party.SYSTEM, 1, None)], Cause.INVALID),
        ([CallEnded(Party.SYSTEM, None, None)], Cause.FAILED),
        ([NotReached(Cause.CUT, 16, None), CallEnded(Party.SYSTEM, 16, None)], Cause.CUT),
    ],
)
def test_why_nobody_was_reached(happenings: list[Happening], cause: Cause) -> None:
    found = folded([at("c", n, what) for n, what in enumerate(happenings)])
    assert (found.stage, found.cause) == ("not_reached", cause)
    assert found.outcome == (None if cause.of_trunk else PastOutcome.NOBODY)


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause.of_trunk])
def test_a_phone_that_rang_was_called_though_the_trunk_failed_then(cause: Cause) -> None:
    failed = [at("c", 20, NotReached(cause, None, None)), at("c", 20, CallEnded(None, None, None))]
    assert folded(failed).outcome is None
    found = folded([at("c", 1, CustomerRang()), *failed])
    assert (found.cause, found.outcome) == (cause, PastOutcome.NOBODY)


def test_a_talk_that_was_none_is_not_counted_as_one() -> None:
    dropped = [
        at("c", 9, CustomerAnswered()),
        at("c", 10, TalkBegan(ANN, DESK)),
        at("c", 10.3, OfferNotTaken(ANN, DESK, OfferFailure.DROPPED)),
        at("c", 12, CustomerAbandoned(False)),
        at("c", 20, CallEnded(Party.SYSTEM, 16, None)),
    ]
    assert folded(dropped).outcome is PastOutcome.ABANDONED


def test_another_phone_that_was_dropped_does_not_undo_a_talk() -> None:
    facts = [
        at("c", 9, CustomerAnswered()),
        at("c", 10, TalkBegan(ANN, DESK)),
        at("c", 11, OfferNotTaken(ANN, StationName("2002"), OfferFailure.DROPPED)),
    ]
    assert folded(facts).talk_at == facts[1].at


@pytest.mark.parametrize(("by_customer", "early"), [(True, True), (False, False), (None, False)])
def test_only_who_is_known_to_have_hung_up_left_early(
    by_customer: bool | None, early: bool
) -> None:
    left = [at("c", 9, CustomerAnswered()), at("c", 10, CustomerAbandoned(by_customer))]
    assert folded(left).left_early is early


def test_detection_settles_who_answered() -> None:
    picked_up = [at("c", 9, CustomerAnswered()), at("c", 9.1, DetectionBegan())]
    ended = at("c", 11.5, CallEnded(Party.SYSTEM, 16, None))
    assert folded(picked_up).stage is AttemptStage.DETECTING
    machine = folded([*picked_up, at("c", 11.4, MachineFound()), ended])
    assert (machine.stage, machine.outcome) == (AttemptStage.MACHINE, PastOutcome.MACHINE)
    person = [*picked_up, at("c", 11, PersonFound())]
    assert folded(person).stage is AttemptStage.ANSWERED
    assert folded(person).person_at == at("c", 11, PersonFound()).at
    went = folded([*picked_up, at("c", 10, CustomerAbandoned(True)), ended])
    assert (went.stage, went.outcome) == (AttemptStage.ABANDONED, PastOutcome.ABANDONED)
    assert went.left_early and went.person_at is None
    # A talk says more than a detection that was reported late, or twice.
    talk = [*person, at("c", 11.1, TalkBegan(ANN, DESK)), at("c", 12, MachineFound()), ended]
    assert folded(talk).outcome is PastOutcome.SPOKEN


def test_a_customer_who_hears_a_notice_has_been_reached() -> None:
    facts = [at("c", 9, CustomerAnswered()), at("c", 20, CallEnded(Party.CALLER, 16, None))]
    assert folded(facts, Mode.AGENTLESS).outcome is PastOutcome.SPOKEN
    assert folded(facts).outcome is PastOutcome.ABANDONED


def test_a_customer_who_asks_for_an_agent_in_a_flow_is_abandoned_if_none_comes() -> None:
    asked = [at("c", 9, CustomerAnswered()), at("c", 15, Queued(QueueName("tea"), None))]
    ended = at("c", 40, CallEnded(Party.CALLER, 16, None))
    for gave_up in (True, False, None):
        left = [] if gave_up is None else [at("c", 39, CustomerAbandoned(gave_up))]
        found = folded([*asked, *left, ended], Mode.AGENTLESS)
        assert (found.stage, found.outcome) == (AttemptStage.ABANDONED, PastOutcome.ABANDONED)
        assert found.left_early is (gave_up is True)
    talk = at("c", 20, TalkBegan(ANN, DESK))
    served = folded([*asked, talk, ended], Mode.AGENTLESS)
    assert (served.stage, served.outcome) == (AttemptStage.ENDED, PastOutcome.SPOKEN)
    late = [*asked, at("c", 18, CustomerAbandoned(False)), talk, ended]
    assert folded(late, Mode.AGENTLESS).outcome is PastOutcome.SPOKEN


def test_queries_name_only_stages_of_the_table() -> None:
    named = {
        stage
        for query in load("attempts").values()
        for stage in re.findall(r"\bstage = (?:case when stage = )?'(\w+)'", query)
    }
    assert named and named <= set(AttemptStage)


def ended(*happenings: Happening, given_up_at: datetime | None = None) -> FoldedAttempt:
    facts = [placed("c"), *(at("c", 30 + n, what) for n, what in enumerate(happenings))]
    return fold_attempt(facts, mode=Mode.PREDICTIVE, requested=True, given_up_at=given_up_at)


def test_an_unknown_fate_stays_open_until_it_is_known_or_given_up() -> None:
    gone = (FateUnknown(), CallEnded(Party.UNKNOWN, None, None))
    assert (ended(*gone).stage, ended(*gone).ended_at) == ("unknown", None)
    assert ended(*gone, given_up_at=after(days=1)).outcome is PastOutcome.NOBODY
    assert ended(*gone, CustomerAnswered()).outcome is PastOutcome.ABANDONED
    assert ended(*gone, NotReached(Cause.BUSY, 17, 486)).cause is Cause.BUSY
