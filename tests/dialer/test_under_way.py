"""What is under way, folded from facts in order and out of order."""

import pytest

from dialer.ages import Ages
from dialer.causes import Cause
from dialer.lessons import (
    CutShort,
    Detected,
    Lesson,
    LetGo,
    Reached,
    Served,
    Talked,
    WrappedUp,
)
from dialer.pacing_facts import (
    Abandoned,
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWantsBreak,
    AgentWrapUp,
    Answered,
    Dialled,
    GreetingEnded,
    Lead,
    Machine,
    NotAnswered,
    PacingFact,
    Person,
    PersonConnected,
    Ringing,
    SpeechBegan,
)
from dialer.under_way import KEPT_OF, LOST_AFTER_S, REMEMBERED, UnderWay
from domain.identity import AgentCode, AttemptId, ListName
from tests.dialer.campaign import LEAD
from tests.memory import kept

A, B = AttemptId("a"), AttemptId("b")
ANN, BOB = AgentCode("1001"), AgentCode("1002")


class Told:
    """Facts at their times, and the lessons."""

    def __init__(self, *facts: tuple[float, PacingFact], detection: bool = False) -> None:
        self.under_way = UnderWay(detection=detection)
        self.lessons: list[Lesson] = []
        for now, fact in facts:
            self.lessons.extend(self.under_way.fold(fact, now))

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Ringing, listened to, waiting, connected."""
        now = self.under_way
        return len(now.ringing), len(now.listened), len(now.waiting), now.connected

    @property
    def people(self) -> tuple[int, int, int, int]:
        """Ready, talking, in wrap-up, leaving."""
        now = self.under_way
        return now.ready, len(now.talking), len(now.wrapping_up), now.leaving


# In order


def test_a_call_from_the_dial_to_the_end_of_wrap_up() -> None:
    told = Told(
        (0, AgentReady(ANN)),
        (0, Dialled(A, LEAD)),
        (2, Ringing(A)),
        (9, Answered(A)),
        (10, PersonConnected(A, ANN)),
        (10, AgentTalking(ANN)),
        (70, AgentWrapUp(ANN)),
        (85, AgentReady(ANN)),
    )
    assert told.lessons == [
        Reached(LEAD, 9, True, kept=False),
        Served(9, None, None, A),
        Talked(60),
        WrappedUp(15, ANN),
    ]
    assert told.counts == (0, 0, 0, 0)
    assert told.people == (1, 0, 0, 0)
    assert told.under_way.odd == 0


def test_detection_listens_before_there_is_a_person() -> None:
    told = Told(
        (0, Dialled(A, LEAD)),
        (9, Answered(A)),
        (9.5, SpeechBegan(A)),
        (10, GreetingEnded(A)),
        (11, Person(A)),
        (13, Abandoned(A)),
        detection=True,
    )
    assert told.lessons == [
        Reached(LEAD, 11, True, kept=False), Detected(2, True),
        LetGo(9, 9.5, 10, heard=True, by_customer=False),
    ]  # fmt: skip


def test_a_machine_is_no_person() -> None:
    told = Told(
        (0, Dialled(A, LEAD)), (9, Answered(A)), (11, Machine(A)), detection=True
    )  # fmt: skip
    assert told.lessons == [
        Reached(LEAD, 11, False, kept=False),
        Detected(2, False),
    ]
    assert told.counts == (0, 0, 0, 0)


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.NO_ANSWER, Cause.REJECTED, Cause.INVALID])
def test_not_answered_is_no_person(cause: Cause) -> None:
    told = Told((0, Dialled(A, LEAD)), (5, NotAnswered(A, cause)))
    assert told.lessons == [Reached(LEAD, 5, False, kept=False)]


@pytest.mark.parametrize("cause", [Cause.CONGESTION, Cause.FAILED])
def test_a_call_that_the_trunk_refused_says_nothing_about_its_list(cause: Cause) -> None:
    told = Told((0, Dialled(A, LEAD)), (5, NotAnswered(A, cause)))
    assert told.lessons == []
    assert told.counts == (0, 0, 0, 0)
    told = Told((0, Dialled(A, LEAD)), (2, Ringing(A)), (5, NotAnswered(A, cause)))
    assert told.lessons == []


def test_some_calls_are_kept_from_being_cut_to_learn_from() -> None:
    under_way = UnderWay(detection=False)
    under_way.fold(AgentReady(ANN), 0)
    for number in range(3 * KEPT_OF):
        under_way.fold(Dialled(AttemptId(str(number)), LEAD), 0)
        under_way.fold(Ringing(AttemptId(str(number))), 0)
    may_be_cut = [under_way.may_be_cut(each, 15, least_s=15) for each in under_way.ringing.keys]
    assert may_be_cut.count(False) == 3
    assert not under_way.may_be_cut(A, 15, least_s=15)
    assert not any(under_way.may_be_cut(each, 14, least_s=15) for each in under_way.ringing.keys)


def test_a_cut_call_says_how_long_it_rang() -> None:
    told = Told((0, Dialled(A, LEAD)), (3, Ringing(A)), (19, NotAnswered(A, Cause.CUT)))
    assert told.lessons == [CutShort(LEAD, 19, 16)]


def test_each_agent_has_a_number_and_keeps_it() -> None:
    told = Told((0, AgentReady(ANN)), (1, AgentTalking(BOB)), (2, AgentGone(ANN)),
                (3, AgentReady(ANN)), (4, AgentTalking(ANN)))  # fmt: skip
    under_way = told.under_way
    assert under_way.agent_codes == [ANN, BOB]
    numbers = zip(under_way.talking.keys, under_way.talking.kinds.tolist(), strict=True)
    assert dict(numbers) == {ANN: 0, BOB: 1}


def test_no_wrap_up_is_wrap_up_of_no_length() -> None:
    told = Told((0, AgentTalking(ANN)), (30, AgentReady(ANN)))
    assert told.lessons == [Talked(30), WrappedUp(0, ANN)]


def test_an_agent_who_wants_a_break_is_not_planned_with() -> None:
    told = Told((0, AgentTalking(ANN)), (0, AgentReady(BOB)), (5, AgentWantsBreak(ANN)))
    assert told.people == (1, 0, 0, 1)
    assert told.under_way.agents == 1
    told = Told((0, AgentReady(ANN)), (5, AgentWantsBreak(ANN)))
    assert told.people == (0, 0, 0, 0)


def test_an_agent_who_is_ready_again_has_changed_his_mind() -> None:
    told = Told((0, AgentReady(ANN)), (1, AgentWantsBreak(ANN)), (2, AgentReady(ANN)))
    assert told.people == (1, 0, 0, 0)
    told = Told((0, AgentTalking(ANN)), (1, AgentWantsBreak(ANN)), (2, AgentReady(ANN)))
    assert told.people == (1, 0, 0, 0)


def test_lines_are_all_calls_talks_included() -> None:
    told = Told(
        (0, AgentReady(ANN)), (0, Dialled(A, LEAD)), (0, Dialled(B, LEAD)),
        (5, Answered(A)), (5, PersonConnected(A, ANN)),
    )  # fmt: skip
    assert told.under_way.lines == 2
    assert told.under_way.open == 1
    told.under_way.fold(AgentWrapUp(ANN), 9)
    assert told.under_way.lines == 1


def test_leads_of_a_kind_share_a_number() -> None:
    other = Lead(ListName("leads"), "evening")
    told = Told(
        (0, Dialled(A, LEAD)), (0, Dialled(B, other)), (1, Dialled(AttemptId("c"), LEAD))
    )  # fmt: skip
    assert told.under_way.leads == [LEAD, other]
    assert told.under_way.ringing.kinds.tolist() == [0, 1, 0]


# Out of order, late and twice


def test_each_fact_twice_changes_nothing() -> None:
    facts: list[PacingFact] = [
        AgentReady(ANN), Dialled(A, LEAD), Ringing(A), Answered(A), Person(A),
        PersonConnected(A, ANN), AgentTalking(ANN), AgentWrapUp(ANN), AgentReady(ANN),
        AgentWantsBreak(ANN), AgentGone(ANN),
    ]  # fmt: skip
    once = Told(*((now, fact) for now, fact in enumerate(facts)), detection=True)
    twice = Told(*((now, fact) for now, fact in enumerate(facts) for _ in range(2)), detection=True)
    assert twice.lessons == once.lessons
    assert (twice.counts, twice.people) == (once.counts, once.people)
    assert twice.under_way.odd > 0


def test_a_call_that_answers_twice_wants_one_agent() -> None:
    told = Told((0, Dialled(A, LEAD)), (5, Answered(A)), (6, Answered(A)))
    assert told.counts == (0, 0, 1, 0)
    told = Told(
        (0, AgentReady(ANN)), (0, AgentReady(BOB)), (0, Dialled(A, LEAD)), (5, Answered(A)),
        (5, PersonConnected(A, ANN)), (6, Answered(A)), (6, PersonConnected(A, BOB)),
    )  # fmt: skip
    assert told.counts == (0, 0, 0, 1)
    assert told.people == (1, 1, 0, 0)


def test_who_is_connected_has_answered() -> None:
    told = Told((0, AgentReady(ANN)), (0, Dialled(A, LEAD)), (7, PersonConnected(A, ANN)))
    assert told.lessons == [Reached(LEAD, 7, True, kept=False), Served(7, None, None, A)]
    told.under_way.fold(Answered(A), 7.1)
    told.under_way.fold(Ringing(A), 7.2)
    assert told.counts == (0, 0, 0, 1)


def test_a_late_fact_brings_no_call_back_to_life() -> None:
    told = Told(
        (0, Dialled(A, LEAD)), (5, NotAnswered(A, Cause.BUSY)),
        (6, Dialled(A, LEAD)), (6, Ringing(A)), (7, Answered(A)),
    )  # fmt: skip
    assert told.counts == (0, 0, 0, 0)


def test_a_call_that_is_over_before_it_was_dialled_never_rings() -> None:
    for over in (NotAnswered(A, Cause.BUSY), Machine(A), Abandoned(A)):
        told = Told((0, over), (1, Dialled(A, LEAD)), (1, Ringing(A)))
        assert told.counts == (0, 0, 0, 0)


def test_a_person_let_go_is_counted_though_nobody_told_of_the_dial() -> None:
    told = Told((50, Abandoned(A)), (51, Abandoned(A)), (52, Dialled(A, LEAD)))
    (let_go,) = told.lessons
    assert isinstance(let_go, LetGo)
    # Nobody knows how long they waited: it counts as too long.
    by_customer = Told((50, Abandoned(A, by_customer=True))).lessons
    assert isinstance(by_customer[0], LetGo)
    assert by_customer[0].answered_at < 0


def test_a_person_served_is_counted_though_nobody_told_of_the_dial() -> None:
    told = Told((0, AgentReady(ANN)), (50, PersonConnected(A, ANN)), (51, Dialled(A, LEAD)))
    assert told.lessons == [Served(50, None, None, A)]
    assert told.counts == (0, 0, 0, 1)
    assert told.people == (0, 1, 0, 0)
    told.under_way.fold(AgentWrapUp(ANN), 60)
    assert told.counts == (0, 0, 0, 0)


def test_a_dial_is_known_once_however_it_is_told() -> None:
    under_way = UnderWay(detection=False)
    assert not under_way.has_gone_out(A)
    under_way.fold(NotAnswered(A, Cause.BUSY), 0)
    assert not under_way.has_gone_out(A)  # its Dialled is still to come
    under_way.fold(Dialled(A, LEAD), 1)
    assert under_way.has_gone_out(A)
    under_way.fold(Dialled(B, LEAD), 1)
    under_way.fold(NotAnswered(B, Cause.BUSY), 2)
    assert under_way.has_gone_out(B)


def test_agents_who_vanish_take_their_call_with_them() -> None:
    told = Told(
        (0, AgentReady(ANN)), (0, Dialled(A, LEAD)), (5, PersonConnected(A, ANN)),
        (9, AgentGone(ANN)), (9, AgentGone(ANN)),
    )  # fmt: skip
    assert told.counts == (0, 0, 0, 0)
    assert told.people == (0, 0, 0, 0)


def test_a_call_for_an_agent_who_has_vanished_is_no_line() -> None:
    told = Told((0, Dialled(A, LEAD)), (5, Answered(A)), (6, PersonConnected(A, ANN)))
    assert told.counts == (0, 0, 0, 0)
    assert told.lessons[-1] == Served(5, None, None, A)


IN_A_TALK: tuple[tuple[float, PacingFact], ...] = (
    (0, AgentReady(ANN)), (0, Dialled(A, LEAD)), (5, Answered(A)), (5, PersonConnected(A, ANN)),
    (5, AgentTalking(ANN)),
)  # fmt: skip


def test_a_wrap_up_told_after_its_end_is_over() -> None:
    told = Told(*IN_A_TALK, (60, AgentReady(ANN)), (61, AgentWrapUp(ANN)))
    assert told.people == (1, 0, 0, 0)
    assert told.under_way.odd == 1
    # The next is no late one.
    told.under_way.fold(AgentWrapUp(ANN), 90)
    assert told.people == (0, 0, 1, 0)


@pytest.mark.parametrize(
    "begins",
    [AgentTalking(ANN), PersonConnected(B, ANN), AgentGone(ANN)],
    ids=lambda fact: str(fact),
)
def test_a_wrap_up_after_another_talk_is_none_of_the_talk_before(begins: PacingFact) -> None:
    told = Told(*IN_A_TALK, (60, AgentReady(ANN)), (62, begins), (62, AgentReady(BOB)))
    if isinstance(begins, AgentGone):  # and is back, and talks to somebody whom nobody reported
        told.under_way.fold(AgentReady(ANN), 70)
    told.under_way.fold(AgentWrapUp(ANN), 90)
    assert told.people == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("heals", "people"),
    [
        (AgentReady(ANN), (1, 0, 0, 0)),
        (AgentWrapUp(ANN), (0, 0, 1, 0)),
        (AgentGone(ANN), (0, 0, 0, 0)),
        (PersonConnected(B, ANN), (0, 1, 0, 0)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_talk_told_after_its_end_lasts_until_the_next_fact(
    heals: PacingFact, people: tuple[int, int, int, int]
) -> None:
    """It may be a talk with somebody else: nothing shows the difference."""
    for late_after in (AgentWrapUp(ANN), AgentReady(ANN)):
        told = Told(*IN_A_TALK, (60, late_after), (61, AgentTalking(ANN)))
        assert told.people == (0, 1, 0, 0)
        assert told.counts == (0, 0, 0, 0)  # no line is taken for it
        told.under_way.fold(Dialled(B, LEAD), 62)
        told.under_way.fold(heals, 75)
        assert told.people == people


@pytest.mark.parametrize("late", [AgentTalking(ANN), AgentWrapUp(ANN), AgentWantsBreak(ANN)])
def test_a_late_fact_brings_no_agent_back(late: PacingFact) -> None:
    told = Told((0, AgentReady(ANN)), (5, AgentGone(ANN)), (6, late))
    assert told.people == (0, 0, 0, 0)
    told.under_way.fold(AgentReady(ANN), 9)
    told.under_way.fold(AgentTalking(ANN), 10)
    assert told.people == (0, 1, 0, 0)


def test_an_agent_never_seen_may_talk_already() -> None:
    assert Told((0, AgentTalking(ANN)), (0, AgentWrapUp(BOB))).people == (0, 1, 1, 0)


def test_a_second_call_ends_the_first() -> None:
    told = Told(
        (0, AgentReady(ANN)), (0, Dialled(A, LEAD)), (0, Dialled(B, LEAD)),
        (5, PersonConnected(A, ANN)), (9, PersonConnected(B, ANN)),
    )  # fmt: skip
    assert told.counts == (0, 0, 0, 1)
    told.under_way.fold(AgentReady(ANN), 20)
    assert told.counts == (0, 0, 0, 0)


def test_what_nobody_speaks_of_is_lost() -> None:
    told = Told((0, Dialled(A, LEAD)), (100, Dialled(B, LEAD)), (120, Answered(B)))
    assert told.under_way.forget_lost(LOST_AFTER_S) == 0
    assert told.under_way.forget_lost(LOST_AFTER_S + 1) == 1
    assert told.counts == (0, 0, 1, 0)
    assert told.under_way.forget_lost(LOST_AFTER_S + 121) == 1
    assert told.under_way.open == 0


def test_memory_has_an_end() -> None:
    under_way = UnderWay(detection=False)
    for number in range(3 * REMEMBERED):
        attempt = AttemptId(str(number))
        if number % 2:
            under_way.fold(Dialled(attempt, LEAD), number)
        under_way.fold(NotAnswered(attempt, Cause.BUSY), number)
    assert max(len(one) for one in kept(under_way) if isinstance(one, dict)) <= REMEMBERED


# Ages


def test_ages_keep_starts_and_kinds_as_keys_come_and_go() -> None:
    ages: Ages[int] = Ages()
    for key in range(200):
        ages.add(key, float(key), key % 7)
    for key in range(0, 200, 2):
        assert ages.remove(key) == float(key)
        assert ages.remove(key) is None
    assert sorted(ages.keys) == list(range(1, 200, 2))
    assert ages.ages(500.0).tolist() == [500.0 - key for key in ages.keys]
    assert ages.kinds.tolist() == [key % 7 for key in ages.keys]
    assert len(ages) == 100
