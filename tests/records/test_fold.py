"""What facts add up to."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.call_facts import CallBlocked, CallEnded, ControllerLost, FellBack, TurnedAway
from domain.facts import KINDS, CallFact
from domain.floor_facts import (
    Held,
    LeftQueue,
    Offered,
    OfferNotTaken,
    Queued,
    Resumed,
    TalkBegan,
    TalkEnded,
    Transferred,
)
from domain.recording_facts import Recorded, RecordingMissing
from records.fold import Outcome, fold
from records.legs import LegOutcome
from storage.fact_codec import happening
from tests.storage.days import NOON, abandoned, answered, entered, fact

PHONE = {"agent": "1001", "station": "s1"}


def test_a_call_that_was_answered() -> None:
    record = fold(answered("c", wait_s=6))
    assert record.outcome is Outcome.ANSWERED
    assert (record.project, record.hotline, record.caller) == ("acme", "4001", "13800138000")
    assert (record.queue, record.wait_s, record.talk_s, record.hold_s) == ("sales", 6, 30, 0)
    assert (record.agent, record.agents, record.score) == ("1001", ("1001",), 5)
    assert (record.ended_by, record.cause) == ("caller", 16)
    assert record.recording is not None and record.recording.whole
    [leg] = record.legs
    assert leg.outcome is LegOutcome.TALKED


def test_who_hangs_up_in_the_queue_has_abandoned() -> None:
    record = fold(abandoned("c", wait_s=30))
    assert (record.outcome, record.wait_s) == (Outcome.ABANDONED, 30)


@pytest.mark.parametrize("talks_before", [True, False])
def test_a_phone_that_answered_in_vain_has_not_served_the_caller(talks_before: bool) -> None:
    """Whether or not Asterisk showed the moment in which it was bridged."""
    moment = [
        fact("c", 5, TalkBegan, agent="1001", station="1001"),
        fact("c", 5.2, TalkEnded, agent="1001", station="1001", by="agent"),
    ]
    record = fold(
        [
            entered("c"),
            fact("c", 1, Queued, queue="sales"),
            fact("c", 4, Offered, agent="1001", station="1001", queue="sales"),
            *(moment if talks_before else []),
            fact("c", 5.3, OfferNotTaken, agent="1001", station="1001", why="dropped"),
            fact("c", 31, CallEnded, by="caller", cause=16),
        ]
    )
    assert (record.outcome, record.wait_s, record.talk_s) == (Outcome.ABANDONED, 30, 0)
    assert (record.agent, record.agents) == (None, ())
    [leg] = record.legs
    assert (leg.outcome, leg.ended_by) == (LegOutcome.DROPPED, None)
    assert record.talk_ended_by is None


@pytest.mark.parametrize(
    ("facts", "outcome", "wait_s"),
    [
        ([fact("c", 3, CallEnded, by="caller")], Outcome.SELF_SERVICE, None),
        ([fact("c", 3, CallEnded, by="system", why="Asterisk restarted")], Outcome.LOST, None),
        ([], Outcome.OPEN, None),
        ([fact("c", 1, Queued, queue="q")], Outcome.OPEN, None),
        (
            [fact("c", 1, Queued, queue="q"), fact("c", 9, CallEnded, by="system")],
            Outcome.LOST,
            8,
        ),
        (
            [
                fact("c", 1, Queued, queue="q"),
                fact("c", 61, LeftQueue, queue="q", why="timeout"),
                fact("c", 70, CallEnded, by="flow"),
            ],
            Outcome.UNSERVED,
            60,
        ),
        (
            [
                fact("c", 1, Queued, queue="q"),
                fact("c", 61, LeftQueue, queue="q", why="timeout"),
                fact("c", 62, Queued, queue="overflow"),
                fact("c", 70, CallEnded, by="caller"),
            ],
            Outcome.ABANDONED,
            69,
        ),
        (
            [fact("c", 1, FellBack, queue="sales"), fact("c", 4, CallEnded, by="caller")],
            Outcome.ABANDONED,
            3,
        ),
        # Came back from nowhere: the fact of queueing again was lost.
        (
            [
                fact("c", 1, LeftQueue, queue="sales"),
                fact("c", 2, Offered, agent="1001", station="s1"),
                fact("c", 5, CallEnded, by="caller"),
            ],
            Outcome.ABANDONED,
            3,
        ),
        (
            [
                fact("c", 0, CallBlocked, line="trunk"),
                fact("c", 0, CallEnded, by="system", cause=34),
            ],
            Outcome.BLOCKED,
            None,
        ),
        (
            [
                fact("c", 0, TurnedAway, why="caller_blocked"),
                fact("c", 0, CallEnded, by="system", cause=21, why="caller_blocked"),
            ],
            Outcome.REFUSED,
            None,
        ),
        (
            [fact("c", 0, TurnedAway, why="closed"), fact("c", 3, CallEnded, by="caller")],
            Outcome.CLOSED,
            None,
        ),
        (
            [fact("c", 0, TurnedAway, why="emergency"), fact("c", 9, CallEnded, by="flow")],
            Outcome.EMERGENCY,
            None,
        ),
        # A word of another version of Offhook.
        (
            [fact("c", 0, TurnedAway, why="later"), fact("c", 9, CallEnded, by="flow")],
            Outcome.SELF_SERVICE,
            None,
        ),
        # The fact of queueing was lost, the rest was not.
        (
            [
                fact("c", 5, TalkBegan, agent="1001", station="s1"),
                fact("c", 9, CallEnded, by="caller"),
            ],
            Outcome.ANSWERED,
            0,
        ),
    ],
)
def test_outcomes(facts: list[CallFact], outcome: Outcome, wait_s: float | None) -> None:
    record = fold([entered("c"), *facts])
    assert (record.outcome, record.wait_s) == (outcome, wait_s)


def test_a_restart_does_not_shorten_the_wait() -> None:
    record = fold(
        [
            entered("c"),
            fact("c", 1, Queued, queue="sales"),
            fact("c", 30, ControllerLost),
            fact("c", 35, Queued, queue="sales"),
            fact("c", 41, TalkBegan, agent="1001", station="s1"),
        ]
    )
    assert record.wait_s == 40
    assert record.adopted
    assert record.outcome is Outcome.OPEN


def test_a_missed_offer_and_the_next_agent() -> None:
    record = fold(
        [
            entered("c"),
            fact("c", 1, Queued, queue="sales"),
            fact("c", 2, Offered, agent="1001", station="s1"),
            fact("c", 17, OfferNotTaken, agent="1001", station="s1", why="no_answer"),
            fact("c", 17, Offered, agent="1002", station="s2"),
            fact("c", 20, TalkBegan, agent="1002", station="s2"),
            fact("c", 30, Held, agent="1002", by="agent"),
            fact("c", 40, Resumed, agent="1002", by="agent"),
            fact("c", 50, Held, agent="1002", by="agent"),
            fact("c", 60, CallEnded, by="caller", cause=16),
        ]
    )
    missed, talked = record.legs
    assert (missed.agent, missed.outcome) == ("1001", LegOutcome.NO_ANSWER)
    assert (talked.talk_s, talked.hold_s, talked.ended_at) == (20, 20, record.ended_at)
    assert record.agents == ("1002",)


def test_a_transfer_charges_each_agent_with_his_own_time() -> None:
    record = fold(
        [
            entered("c"),
            fact("c", 0, Queued, queue="sales"),
            fact("c", 0, TalkBegan, agent="1001", station="s1"),
            fact("c", 20, Transferred, from_agent="1001", to="s2", kind="attended"),
            fact("c", 20, TalkBegan, agent="1002", station="s2"),
            fact("c", 50, TalkEnded, agent="1002", station="s2"),
            fact("c", 50, CallEnded, by="agent"),
        ]
    )
    assert [(leg.agent, leg.talk_s, leg.outcome) for leg in record.legs] == [
        ("1001", 20, LegOutcome.TRANSFERRED),
        ("1002", 30, LegOutcome.TALKED),
    ]


def test_an_offer_still_ringing_when_the_system_ends_the_call_is_withdrawn() -> None:
    ended = [*abandoned("c")[:2], fact("c", 30, CallEnded, by="system")]
    record = fold([*ended, fact("c", 20, Offered, agent="1001", station="s1")])
    assert [leg.outcome for leg in record.legs] == [LegOutcome.WITHDRAWN]


def test_two_notes_of_the_end_are_one_end_and_the_telling_one_counts() -> None:
    record = fold(
        [
            entered("c"),
            fact("c", 8, CallEnded, by="unknown", why="reconciled"),
            fact("c", 9, CallEnded, by="agent", cause=16),
        ]
    )
    assert record.ended_at == NOON + timedelta(seconds=8)
    assert (record.ended_by, record.cause) == ("agent", 16)


def test_a_recording_found_later_is_no_longer_lost() -> None:
    late = fact("c", 90, Recorded, file="c.wav", whole=True)
    record = fold([entered("c"), fact("c", 80, RecordingMissing, why="disk full"), late])
    assert record.recording is not None
    assert record.recording_lost is None


@pytest.mark.parametrize(
    ("recordings", "kept"),
    [
        ([("c", 60, True), ("c.2", 5, False)], "c"),  # a stranger's file, after the call's own
        ([("c", 5, False), ("c.2", 60, True)], "c.2"),
        ([("c", 20, False), ("c.2", 40, False)], "c.2"),
        ([("c", 40, False), ("c.2", 20, False), ("c.3", 40, False)], "c"),
    ],
)
def test_of_several_recordings_the_record_names_the_whole_one_or_the_longest(
    recordings: list[tuple[str, float, bool]], kept: str
) -> None:
    facts = [
        fact("c", 90 + n, Recorded, file=name, duration_s=length, whole=whole)
        for n, (name, length, whole) in enumerate(recordings)
    ]
    record = fold([entered("c"), *facts])
    assert record.recording is not None
    assert record.recording.file == kept


def test_facts_of_two_calls_or_of_none_are_refused() -> None:
    with pytest.raises(ValueError, match="several"):
        fold([entered("a"), entered("b")])
    with pytest.raises(ValueError, match="without facts"):
        fold([])


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(["1001", "1002", "s1", "caller", "system", "no_answer", "sales", ""]),
    st.lists(st.integers(), max_size=2),
)
keys = st.sampled_from(
    [
        "agent",
        "station",
        "from_agent",
        "by",
        "why",
        "queue",
        "score",
        "file",
        "cause",
        "bytes",
        "project",
        "language",
    ]
)
facts = st.builds(
    CallFact,
    id=st.uuids().map(str),
    call=st.just("c"),
    at=st.integers(0, 20).map(lambda s: NOON + timedelta(seconds=s)),
    what=st.builds(
        happening, st.sampled_from(list(KINDS)), st.dictionaries(keys, values, max_size=4)
    ),
)


@given(st.lists(facts, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(timeline: list[CallFact], rng: random.Random) -> None:
    record = fold(timeline)
    shuffled = [*timeline, *rng.sample(timeline, len(timeline) // 2)]
    rng.shuffle(shuffled)
    assert fold(shuffled) == record


@given(st.lists(facts, min_size=1, max_size=25))
def test_whatever_was_written_makes_a_record_that_makes_sense(timeline: list[CallFact]) -> None:
    record = fold(timeline)
    assert (record.ended_at is None) == (record.outcome is Outcome.OPEN)
    assert record.answered_at is None or record.queued_at is not None
    assert record.wait_s is None or record.wait_s >= 0
    assert record.score is None or 1 <= record.score <= 5
    for stay in record.stays:
        assert (stay.wait_s is None) == (stay.outcome is Outcome.OPEN)
        assert stay.outcome is not Outcome.OPEN or record.ended_at is None
    outcomes = {stay.outcome for stay in record.stays}
    assert bool(record.stays) == (record.queued_at is not None)
    assert (Outcome.ANSWERED in outcomes) == (record.answered_at is not None)
    if record.answered_at is None and record.ended_at is not None and record.stays:
        assert record.outcome is record.stays[-1].outcome
    for leg in record.legs:
        assert leg.talk_s >= 0 and leg.hold_s >= 0
        assert (leg.outcome is LegOutcome.TALKING) <= (record.ended_at is None)
        assert record.ended_at is None or leg.ended_at is not None


def test_holds_from_both_sides_last_from_the_first_to_the_last_resume() -> None:
    [leg] = fold(
        [
            entered("c"),
            fact("c", 1, TalkBegan, **PHONE),
            fact("c", 10, Held, **PHONE, by="agent"),
            fact("c", 15, Held, **PHONE, by="caller"),
            fact("c", 20, Resumed, **PHONE, by="agent"),
            fact("c", 40, Resumed, **PHONE, by="caller"),
            fact("c", 61, TalkEnded, **PHONE, by="agent"),
        ]
    ).legs
    assert (leg.hold_s, leg.talk_s) == (30, 30)


def test_a_hold_whose_end_nobody_saw_lasts_until_the_controller_was_lost() -> None:
    """If nothing more is heard of it: it may have lasted, but long holds are rarer than talks."""
    began = [
        entered("c"),
        fact("c", 1, TalkBegan, **PHONE),
        fact("c", 10, Held, **PHONE, by="agent"),
        fact("c", 30, ControllerLost),
    ]
    parted = fact("c", 601, TalkEnded, **PHONE, by="agent")
    resumed = fact("c", 50, Resumed, **PHONE, by="agent")
    again = [
        fact("c", 100, Held, **PHONE, by="agent"),
        fact("c", 110, Resumed, **PHONE, by="agent"),
    ]
    holds = {
        fold([*began, *rest, parted]).hold_s: fold([*began, *rest, parted]).talk_s
        for rest in ([], [resumed], again, [resumed, *again])
    }
    assert holds == {20: 580, 40: 560, 30: 570, 50: 550}


@pytest.mark.parametrize("why", ["rejected", "caller_left"])
def test_an_offer_that_failed_says_why_as_the_timeline_does(why: str) -> None:
    offered = [
        entered("c"),
        fact("c", 1, Offered, **PHONE),
        fact("c", 3, OfferNotTaken, **PHONE, why=why),
    ]
    [leg] = fold(offered).legs
    assert leg.outcome == why


def test_a_caller_who_hangs_up_while_a_phone_rings_has_left() -> None:
    [leg] = fold([*abandoned("c", wait_s=9), fact("c", 5, Offered, **PHONE)]).legs
    assert leg.outcome == "caller_left"


@pytest.mark.parametrize(
    "next_known",
    [
        fact("c", 21, Offered, agent="1002", station="s2"),
        fact("c", 23, TalkBegan, agent="1002", station="s2"),
        fact("c", 21, FellBack, queue="sales"),
        fact("c", 61, LeftQueue, queue="sales", why="timeout"),
    ],
    ids=lambda fact: fact.what.kind,
)
def test_a_phone_that_rang_while_the_controller_died_rings_no_longer_than_it_can(
    next_known: CallFact,
) -> None:
    """Nobody saw how the offer ended; the caller has gone on, and leaves much later."""
    leg, *_ = fold(
        [
            *abandoned("c", wait_s=99),
            fact("c", 4, Offered, **PHONE),
            fact("c", 20, ControllerLost),
            next_known,
        ]
    ).legs
    assert (leg.agent, leg.outcome, leg.ended_at) == ("1001", "withdrawn", next_known.at)


def test_the_later_of_two_offers_to_a_phone_is_the_one_that_failed() -> None:
    """How the first ended was not seen; the second one's answer came to nothing."""
    record = fold(
        [
            *abandoned("c", wait_s=99),
            fact("c", 4, Offered, **PHONE),
            fact("c", 20, ControllerLost),
            fact("c", 30, Offered, **PHONE),
            fact("c", 35, TalkBegan, **PHONE),
            fact("c", 35.2, TalkEnded, **PHONE, by="agent"),
            fact("c", 35.3, OfferNotTaken, **PHONE, why="dropped"),
        ]
    )
    assert [leg.outcome for leg in record.legs] == ["withdrawn", "dropped"]
    assert (record.outcome, record.wait_s) == (Outcome.ABANDONED, 99)


def test_an_answer_in_vain_after_a_talk_does_not_say_who_ended_that() -> None:
    record = fold(
        [
            entered("c"),
            fact("c", 5, TalkBegan, **PHONE),
            fact("c", 50, TalkEnded, **PHONE, by="agent"),  # by a transfer that failed
            fact("c", 60, Offered, agent="1002", station="s2"),
            fact("c", 65, TalkBegan, agent="1002", station="s2"),
            fact("c", 65.3, OfferNotTaken, agent="1002", station="s2", why="dropped"),
            fact("c", 90, CallEnded, by="caller"),
        ]
    )
    assert (record.talk_ended_by, record.ended_by) == ("agent", "caller")


def test_who_ended_the_talk_and_who_ended_the_call() -> None:
    record = fold(
        [
            entered("c"),
            fact("c", 1, TalkBegan, **PHONE),
            fact("c", 9, TalkEnded, **PHONE, by="agent"),
            fact("c", 20, CallEnded, by="flow", cause=16, why="done"),
        ]
    )
    assert (record.talk_ended_by, record.ended_by) == ("agent", "flow")
    open_to_the_end = fold(
        [entered("c"), fact("c", 1, TalkBegan, **PHONE), fact("c", 9, CallEnded, by="system")]
    )
    assert open_to_the_end.talk_ended_by == "system"
    assert fold(abandoned("c")).talk_ended_by is None


def stays(*facts: CallFact) -> list[tuple[str | None, str, float | None]]:
    return [(stay.queue, str(stay.outcome), stay.wait_s) for stay in fold(facts).stays]


def test_each_queue_has_its_own_stay() -> None:
    """Given up by the first queue after a minute, answered in the second after 5 s."""
    assert stays(
        entered("c"),
        fact("c", 1, Queued, queue="sales"),
        fact("c", 61, LeftQueue, queue="sales", why="timeout"),
        fact("c", 70, Queued, queue="overflow"),
        fact("c", 74, Offered, queue="overflow", **PHONE),
        fact("c", 75, TalkBegan, **PHONE),
        fact("c", 90, TalkEnded, **PHONE, by="agent"),
        # The flow passes the caller on, who has enough of it.
        fact("c", 91, Queued, queue="complaints"),
        fact("c", 95, CallEnded, by="caller"),
    ) == [("sales", "unserved", 60), ("overflow", "answered", 5), ("complaints", "abandoned", 4)]


def test_answered_in_the_moment_in_which_the_second_queue_gives_up() -> None:
    assert stays(
        entered("c"),
        fact("c", 1, Queued, queue="sales"),
        fact("c", 5, TalkBegan, **PHONE),
        fact("c", 50, TalkEnded, **PHONE, by="agent"),
        fact("c", 51, Queued, queue="overflow"),
        fact("c", 60, LeftQueue, queue="overflow", why="timeout"),
        fact("c", 61, TalkBegan, agent="1002", station="s2"),
        fact("c", 70, CallEnded, by="caller"),
    ) == [("sales", "answered", 4), ("overflow", "answered", 10)]


def test_who_is_offered_after_leaving_a_queue_stands_in_one_again() -> None:
    """That they came to the second queue was not written down."""
    facts = [
        entered("c"),
        fact("c", 1, Queued, queue="sales"),
        fact("c", 61, LeftQueue, queue="sales", why="timeout"),
        fact("c", 70, Offered, queue="overflow", **PHONE),
        fact("c", 75, CallEnded, by="caller"),
    ]
    assert stays(*facts) == [("sales", "unserved", 60), ("overflow", "abandoned", 5)]
    assert fold(facts).queue == "overflow"


def test_a_stay_goes_on_in_asterisks_own_queue_and_after_a_failed_transfer() -> None:
    connected = fact("c", 20, TalkBegan, **PHONE)
    facts = [
        entered("c"),
        fact("c", 1, Queued, queue="sales"),
        fact("c", 9, FellBack, queue="sales"),
        connected,
        fact("c", 30, TalkEnded, **PHONE, by="agent"),
        fact("c", 60, Offered, queue="sales", **PHONE),
        fact("c", 61, TalkBegan, **PHONE),
        fact("c", 70, CallEnded, by="caller"),
    ]
    assert stays(*facts) == [("sales", "answered", 19)]
    assert stays(*facts[:3]) == [("sales", "open", None)]
    assert stays(entered("c"), fact("c", 4, FellBack, queue=None), connected) == [
        (None, "answered", 16)
    ]
    assert stays(*facts[:2], fact("c", 5, CallEnded, by="system")) == [("sales", "lost", 4)]
