"""Where agents are in their scripts, whatever is reported, and when."""

import pytest

from dialer.campaign_agents import STAGES, UNKNOWN_STAGE
from dialer.lessons import Talked, WrappedUp
from dialer.pacing_facts import (
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWantsBreak,
    AgentWrapUp,
    PacingFact,
    ScriptStage,
)
from dialer.under_way import UnderWay
from domain.identity import AgentCode, StageName

ANN, BOB, CYD = AgentCode("1001"), AgentCode("1002"), AgentCode("1003")
GREETING, OFFER = StageName("greeting"), StageName("offer")


class Staffed:
    """Ann, Bob and Cyd come in at 0; then these facts. ``talked``: what they taught about talks."""

    def __init__(self, *facts: tuple[float, PacingFact]) -> None:
        self.under_way = UnderWay(detection=False)
        for code in (ANN, BOB, CYD):
            self.under_way.fold(AgentReady(code), 0.0)
        self.talked: list[Talked] = []
        for now, fact in facts:
            self.tell(now, fact)

    def tell(self, now: float, fact: PacingFact) -> None:
        lessons = self.under_way.fold(fact, now)
        self.talked += [each for each in lessons if isinstance(each, Talked)]

    def stages(self, now: float) -> dict[AgentCode, tuple[StageName, float]]:
        """The stage of each who talks, and how long they have been at it."""
        under_way = self.under_way
        assert under_way.stages.keys == under_way.talking.keys
        kinds, ages = under_way.stages.kinds.tolist(), under_way.stages.ages(now).tolist()
        return {
            code: (under_way.stage_names[kind], age)
            for code, kind, age in zip(under_way.stages.keys, kinds, ages, strict=True)
        }


def test_a_stage_lasts_from_its_report_to_the_next() -> None:
    told = Staffed((10, AgentTalking(ANN)), (10, ScriptStage(ANN, GREETING)))
    told.tell(12, AgentTalking(BOB))
    assert told.stages(15) == {ANN: (GREETING, 5), BOB: (UNKNOWN_STAGE, 3)}
    told.tell(30, ScriptStage(ANN, OFFER))
    assert told.stages(37) == {ANN: (OFFER, 7), BOB: (UNKNOWN_STAGE, 25)}
    told.tell(60, AgentWrapUp(ANN))
    assert told.stages(60) == {BOB: (UNKNOWN_STAGE, 48)}
    assert told.talked == [Talked(50.0, ((GREETING, 0.0), (OFFER, 20.0)))]
    assert told.under_way.odd == 0


def test_a_stage_may_come_again_when_the_script_goes_back() -> None:
    told = Staffed((0, AgentTalking(ANN)))
    for now, stage in ((0, GREETING), (20, OFFER), (30, GREETING), (45, OFFER)):
        told.tell(now, ScriptStage(ANN, stage))
    assert told.stages(46) == {ANN: (OFFER, 1)}
    told.tell(50, AgentReady(ANN))
    stages = ((GREETING, 0.0), (OFFER, 20.0), (GREETING, 30.0), (OFFER, 45.0))
    assert told.talked == [Talked(50.0, stages)]


def test_a_wrap_up_teaches_which_stages_came_before_it() -> None:
    under_way = UnderWay(detection=False)
    lessons = [
        each
        for now, fact in (
            (0, AgentReady(ANN)),
            (0, AgentTalking(ANN)),
            (5, ScriptStage(ANN, OFFER)),
            (20, AgentWrapUp(ANN)),
            (26, AgentReady(ANN)),
            (30, AgentTalking(ANN)),
            (40, AgentWrapUp(ANN)),
            (41, ScriptStage(ANN, OFFER)),  # late
            (47, AgentReady(ANN)),
        )
        for each in under_way.fold(fact, now)
    ]
    talk = Talked(20.0, ((OFFER, 5.0),))
    assert lessons == [talk, WrappedUp(6.0, ANN, talk), Talked(10.0), WrappedUp(7.0, ANN)]


def test_a_stage_reported_twice_began_at_the_first_report() -> None:
    told = Staffed((0, AgentTalking(ANN)), (5, ScriptStage(ANN, OFFER)))
    told.tell(9, ScriptStage(ANN, OFFER))
    assert told.stages(10) == {ANN: (OFFER, 5)}
    assert told.under_way.odd == 1


@pytest.mark.parametrize(
    "before",
    [
        [],
        [AgentTalking(ANN), AgentWrapUp(ANN)],
        [AgentTalking(ANN), AgentReady(ANN)],
        [AgentGone(ANN)],
        [AgentTalking(ANN), AgentGone(ANN)],
    ],
    ids=["ready", "wrap-up", "ready again", "gone", "gone from a talk"],
)
def test_the_stage_of_an_agent_who_is_not_talking_changes_nothing(before: list[PacingFact]) -> None:
    told = Staffed(*((1.0 + n, fact) for n, fact in enumerate(before)))
    told.tell(5, ScriptStage(ANN, OFFER))
    assert told.stages(5) == {}
    assert told.under_way.odd == 1
    told.tell(6, AgentReady(ANN))
    told.tell(7, AgentTalking(ANN))
    assert told.stages(9) == {ANN: (UNKNOWN_STAGE, 2)}


def test_the_stage_of_a_stranger_changes_nothing() -> None:
    told = Staffed((5, ScriptStage(AgentCode("9999"), OFFER)))
    assert told.under_way.odd == 1
    assert told.under_way.agents == 3


def test_a_stage_is_of_one_talk_only() -> None:
    told = Staffed((0, AgentTalking(ANN)), (0, ScriptStage(ANN, OFFER)), (9, AgentReady(ANN)))
    told.tell(20, AgentTalking(ANN))
    assert told.stages(21) == {ANN: (UNKNOWN_STAGE, 1)}
    told.tell(30, AgentReady(ANN))
    assert told.talked == [Talked(9.0, ((OFFER, 0.0),)), Talked(10.0)]


def test_stages_stay_with_their_agents_when_others_end_their_talks() -> None:
    told = Staffed(*((n, AgentTalking(code)) for n, code in enumerate((ANN, BOB, CYD))))
    for now, code in ((3, CYD), (4, BOB), (5, ANN)):
        told.tell(now, ScriptStage(code, StageName(f"of {code}")))
    told.tell(6, AgentWrapUp(ANN))
    told.tell(7, AgentWantsBreak(BOB))
    assert told.stages(8) == {CYD: (StageName(f"of {CYD}"), 5)}
    told.tell(9, ScriptStage(BOB, OFFER))  # who leaves after this talk is not planned with
    assert told.stages(9) == {CYD: (StageName(f"of {CYD}"), 6)}
    told.tell(10, AgentWrapUp(BOB))
    assert told.talked[-1] == Talked(9.0, ((StageName(f"of {BOB}"), 3.0), (OFFER, 8.0)))


def test_a_new_word_for_every_call_is_not_remembered_for_ever() -> None:
    told = Staffed()
    for number in range(400):
        told.tell(number, AgentTalking(ANN))
        told.tell(number, ScriptStage(ANN, StageName(f"call {number}")))
        told.tell(number, AgentWrapUp(ANN))
        told.tell(number, AgentReady(ANN))
    assert len(told.under_way.stage_names) == 1 + STAGES
    assert len({stage for each in told.talked for stage, _ in each.stages}) == 1 + STAGES
    # Words that are known stay known; any other is not taken for one of them.
    told.tell(400, AgentTalking(ANN))
    told.tell(400, ScriptStage(ANN, StageName("call 7")))
    told.tell(403, AgentTalking(BOB))
    told.tell(403, ScriptStage(BOB, StageName("call 399")))
    assert told.stages(405) == {ANN: (StageName("call 7"), 5), BOB: (UNKNOWN_STAGE, 2)}


def test_a_talk_that_goes_round_and_round_is_not_remembered_for_ever() -> None:
    told = Staffed((0, AgentTalking(ANN)))
    for number in range(1, 1_000):
        told.tell(number, ScriptStage(ANN, (GREETING, OFFER)[number % 2]))
    assert told.stages(1_000) == {ANN: (OFFER, 1)}
    told.tell(1_000, AgentReady(ANN))
    assert len(told.talked[0].stages) <= 50
