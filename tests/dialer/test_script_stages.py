"""What the stage of a talk says about when its agent will be free."""

from bisect import bisect
from collections import defaultdict
from functools import cache
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import numpy as np
import pytest

import simulation
from dialer.ages import Floats
from dialer.busy import Busy
from dialer.campaign_agents import STAGES
from dialer.lessons import Lesson, Talked, WrappedUp
from dialer.pacing import Pacer, Settings
from dialer.pacing_facts import (
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWrapUp,
    PacingFact,
    ScriptStage,
)
from dialer.policies import make
from dialer.under_way import UnderWay
from domain.identity import AgentCode, StageName
from simulation.day import play_day
from simulation.scenario import PolicySettings, Scenario
from simulation.scenario_file import load
from simulation.talk_script import TalkScript
from tests.simulation.told import Told, played

CAMPAIGNS = Path(simulation.__file__).parent / "campaigns"
ANN, BOB = AgentCode("1001"), AgentCode("1002")
MOMENTS = np.array([2.0, 5.5, 10.0, 20.0, 40.0])
SCRIPT: dict[str, Any] = {
    "greeting": {
        "seconds": {"kind": "gamma", "mean": 15, "shape": 3},
        "next": {"refusal": 0.4, "offer": 0.4},
        "wrap_up": {"kind": "gamma", "mean": 5, "shape": 4},
    },
    "refusal": {"seconds": {"kind": "gamma", "mean": 8, "shape": 4},
                "wrap_up": {"kind": "gamma", "mean": 5, "shape": 4}},
    "offer": {"seconds": {"kind": "lognormal", "mean": 60, "sd": 40}, "next": {"offer2": 0.6},
              "wrap_up": {"kind": "gamma", "mean": 25, "shape": 6}},
    "offer2": {"seconds": {"kind": "lognormal", "mean": 30, "sd": 15},
               "next": {"offer": 0.3, "refusal": 0.2},
               "wrap_up": {"kind": "gamma", "mean": 25, "shape": 6}},
}  # fmt: skip


@cache
def drawn(count: int, seed: int) -> tuple[tuple[Talked, float], ...]:
    """So many talks of the script, each with its wrap-up."""
    rng = Random(seed)
    script = TalkScript.model_validate({"stages": SCRIPT})
    draws = {name: stage.seconds.draw() for name, stage in script.stages.items()}
    wrap_ups = {
        name: (stage.wrap_up or stage.seconds).draw() for name, stage in script.stages.items()
    }
    talks = []
    for _ in range(count):
        at, now, stages = "greeting", 0.0, []
        while at:
            stages.append((StageName(at), now))
            now += draws[at](rng)
            last, at, chance = at, "", rng.random()
            for name, share in script.stages[last].next.items():
                chance -= share
                if chance < 0.0:
                    at = name
                    break
        talks.append((Talked(now, tuple(stages)), wrap_ups[last](rng)))
    return tuple(talks)


def taught(talks: tuple[tuple[Talked, float], ...]) -> Busy:
    busy = Busy(MOMENTS)
    now = 0.0
    for talk, wrap_up in talks:
        now += 5.0
        busy.learn(talk, now)
        busy.learn(WrappedUp(wrap_up, ANN, talk), now)
    return busy


def still_busy(busy: Busy, facts: list[tuple[float, PacingFact]], now: float) -> Floats:
    """The chances that Ann is busy at each of the moments, after these facts."""
    under_way = UnderWay(detection=False)
    under_way.fold(AgentReady(ANN), -1e4)
    for at, fact in facts:
        under_way.fold(fact, at)
    busy.refresh(under_way, now, MOMENTS.copy())
    chances = np.zeros((1, 3 * len(MOMENTS)))
    busy.look(under_way, now, chances)
    return chances[0, : len(MOMENTS)]


def at_stage(stage: str, since_s: float, talks_s: float) -> list[tuple[float, PacingFact]]:
    """Ann has talked for so long, and has been at this stage for so long, at a time of 0."""
    return [(-talks_s, AgentTalking(ANN)), (-since_s, ScriptStage(ANN, StageName(stage)))]


def truly_busy(stage: str, since_s: float) -> Floats:
    """The same for an agent who has been at the stage for so long: of those that were, counted."""
    left = []
    for talk, wrap_up in drawn(40_000, 2):
        ends = [began for _, began in talk.stages[1:]] + [talk.seconds]
        left += [
            talk.seconds + wrap_up - began - since_s
            for (name, began), end in zip(talk.stages, ends, strict=True)
            if name == stage and end - began > since_s
        ]
    assert len(left) > 400
    return np.array([np.mean(np.array(left) > moment) for moment in MOMENTS])


@pytest.mark.parametrize(
    ("stage", "since_s"),
    [("greeting", 1.0), ("greeting", 14.0), ("greeting", 22.0), ("refusal", 0.0), ("refusal", 8.0),
     ("offer", 5.0), ("offer", 60.0), ("offer2", 2.0), ("offer2", 35.0)],
)  # fmt: skip
def test_the_chance_of_being_busy_is_that_of_those_who_were_at_the_stage_for_as_long(
    stage: str, since_s: float
) -> None:
    busy = taught(drawn(3_000, 1))
    chances = still_busy(busy, at_stage(stage, since_s, since_s + 30.0), 0.0)
    assert chances == pytest.approx(truly_busy(stage, since_s), abs=0.09)


@pytest.mark.parametrize(("stage", "mean", "shape"), [("refusal", 5, 4), ("offer", 25, 6)])
def test_the_wrap_up_is_that_after_talks_which_ended_at_the_stage(
    stage: str, mean: float, shape: float
) -> None:
    busy = taught(drawn(3_000, 1))
    facts = [*at_stage(stage, 20.0, 50.0), (-4.0, AgentWrapUp(ANN))]
    rng = np.random.default_rng(1)
    times = rng.gamma(shape, mean / shape, 200_000)
    times = times[times > 4.0] - 4.0
    true = [np.mean(times > moment) for moment in MOMENTS]
    assert still_busy(busy, facts, 0.0) == pytest.approx(true, abs=0.07)


def test_without_a_stage_or_at_one_never_heard_of_the_talks_age_decides() -> None:
    talks = drawn(1_500, 1)
    plain = taught(tuple((Talked(talk.seconds), wrap_up) for talk, wrap_up in talks))
    staged = taught(talks)
    silent: list[tuple[float, PacingFact]] = [(-25.0, AgentTalking(ANN))]
    usual = still_busy(plain, silent, 0.0)
    assert np.array_equal(still_busy(staged, silent, 0.0), usual)
    assert np.array_equal(still_busy(staged, at_stage("new", 3.0, 25.0), 0.0), usual)
    assert np.array_equal(still_busy(plain, at_stage("offer", 3.0, 25.0), 0.0), usual)
    assert not np.allclose(still_busy(staged, at_stage("refusal", 3.0, 25.0), 0.0), usual, atol=0.1)


def test_the_fewer_talks_are_known_the_less_a_stage_says() -> None:
    talks = tuple((Talked(talk.seconds), wrap_up) for talk, wrap_up in drawn(1_500, 1))
    said = []
    for count in (1, 4, 20, 200):
        brief = ((Talked(50.0, ((StageName("short"), 40.0),)), 0.0),) * count
        busy = taught((*talks, *brief))
        said.append(still_busy(busy, at_stage("short", 0.0, 40.0), 0.0)[3])
    usual = still_busy(busy, [(-40.0, AgentTalking(ANN))], 0.0)[3]
    assert said == sorted(said, reverse=True)
    assert said[0] > 0.7 * usual
    assert said[-1] < 0.1 * usual


def test_a_stage_that_lasts_longer_than_ever_says_nothing_more() -> None:
    """An agent whose screen has frozen must not be taken for free."""
    busy = taught(drawn(3_000, 1))
    frozen = still_busy(busy, at_stage("refusal", 100.0, 160.0), 0.0)
    usual = still_busy(busy, [(-160.0, AgentTalking(ANN))], 0.0)
    assert frozen == pytest.approx(usual, abs=0.1)
    assert still_busy(busy, at_stage("refusal", 10.0, 70.0), 0.0)[3] < usual[3] - 0.3


def followed(busy: Busy, talks: list[tuple[Talked, float]], now: float) -> float:
    """Teach these, and look now and then, as happens in a campaign; the time afterwards."""
    under_way = UnderWay(detection=False)
    for stage in sorted({name for talk, _ in talks for name, _ in talk.stages}):
        under_way.fold(AgentTalking(BOB), now)
        under_way.fold(ScriptStage(BOB, stage), now)
    for number, (talk, wrap_up) in enumerate(talks):
        now += 5.0
        busy.learn(talk, now)
        busy.learn(WrappedUp(wrap_up, ANN, talk), now)
        if number % 50 == 0:
            busy.refresh(under_way, now, MOMENTS.copy())
    return now


def test_pages_that_say_nothing_do_not_hide_how_long_a_talk_has_lasted() -> None:
    """Each talk takes 100 s, and the agent clicks about."""
    rng, talks = Random(1), []
    for _ in range(400):
        clicks, at = [], 0.0
        while at < 100.0:
            clicks.append((StageName(rng.choice("abc")), at))
            at += rng.expovariate(1 / 12)
        talks.append((Talked(100.0, tuple(clicks)), 10.0))
    busy = Busy(MOMENTS)
    now = followed(busy, talks, 0.0)
    for talked_s in (30.0, 85.0, 95.0):
        facts = [(now + at, fact) for at, fact in at_stage("b", 3.0, talked_s)]
        truly = np.where(talked_s + MOMENTS < 110.0, 1.0, 0.0)
        assert still_busy(busy, facts, now) == pytest.approx(truly, abs=0.15), talked_s


def test_a_page_that_means_something_else_since_noon_is_distrusted_after_a_few_talks() -> None:
    """It was the last one, of some seconds. Then the screen hangs, and shows it all the time."""
    late, hung, rng = StageName("refusal"), [], Random(1)
    for talk, wrap_up in drawn(30, 3):
        hung.append((Talked(talk.seconds, ((late, 0.0),)), wrap_up))
    busy = Busy(MOMENTS)
    now = followed(busy, list(drawn(1_500, 1)), 0.0)
    since: list[tuple[float, PacingFact]] = [
        (now, AgentTalking(ANN)),
        (now, ScriptStage(ANN, late)),
    ]
    usual = still_busy(busy, [(now, AgentTalking(ANN))], now)
    assert still_busy(busy, since, now)[3] < 0.5 * usual[3]
    for talk, wrap_up in hung[:12]:
        now += rng.uniform(1.0, 5.0)
        busy.learn(talk, now)
        busy.learn(WrappedUp(wrap_up, ANN, talk), now)
    assert still_busy(busy, since, now)[3] > 0.9 * usual[3]


def test_a_page_is_trusted_again_when_it_deserves_it() -> None:
    busy = Busy(MOMENTS)
    silent = [(Talked(talk.seconds, ((StageName("refusal"), 0.0),)), wrap_up)
              for talk, wrap_up in drawn(300, 3)]  # fmt: skip
    now = followed(busy, list(drawn(600, 1)), 0.0)
    now = followed(busy, silent, now)
    now = followed(busy, list(drawn(3_000, 1)), now)
    facts = [(now + at, fact) for at, fact in at_stage("refusal", 0.0, 30.0)]
    assert still_busy(busy, facts, now) == pytest.approx(truly_busy("refusal", 0.0), abs=0.09)


def test_a_new_word_for_every_call_costs_no_more_than_thirty() -> None:
    busy, under_way = Busy(MOMENTS), UnderWay(detection=False)
    rng = Random(1)
    now, rows, took = 0.0, [], []
    for code in (ANN, BOB):
        under_way.fold(AgentReady(code), now)
    for number in range(1_200):
        lessons: list[Lesson] = []
        for fact in (
            AgentTalking(ANN),
            ScriptStage(ANN, StageName(f"a{number}")),
            ScriptStage(ANN, StageName(f"b{number}")),
            AgentWrapUp(ANN),
            AgentReady(ANN),
        ):
            lessons += under_way.fold(fact, now)
            now += rng.uniform(1.0, 20.0)
        for lesson in lessons:
            if isinstance(lesson, Talked | WrappedUp):
                busy.learn(lesson, now)
        if number % 100 == 99:
            began = process_time()
            busy.refresh(under_way, now, MOMENTS.copy())
            took.append(process_time() - began)
            rows.append(busy.rows)
    assert len(under_way.stage_names) == STAGES + 1
    assert rows[0] == rows[-1] < 1_200 + STAGES * 220
    assert max(took) < 1.0


def test_stages_are_worth_something_in_a_day_of_script_yaml() -> None:
    """What is known of agents a few seconds ahead. (What that is worth in use of their time
    only long days show: see docs/pacing.md.)"""
    script = load(CAMPAIGNS / "script.yaml").script
    assert script is not None
    for seed in (1, 2):
        told, _, _ = played(
            script=script.model_dump(exclude_none=True), agents=30, hours=2.0, seed=seed
        )
        known = squared_error(told, stages=True)
        assert known < 0.85 * squared_error(told, stages=False)


def squared_error(told: Told, *, stages: bool) -> float:
    """The mean squared error (Brier 1950) of the chances that agents are busy, in the second hour
    of a day."""
    free: dict[AgentCode, list[float]] = defaultdict(list)
    for now, fact in told.of(AgentReady, AgentGone):
        free[fact.agent].append(now)
    under_way, busy, errors, look_at = UnderWay(detection=False), Busy(MOMENTS), [], 3_600.0
    for now, fact in told.facts:
        while look_at <= now and look_at < 7_000.0:
            busy.refresh(under_way, look_at, MOMENTS)
            agents = [*under_way.talking.keys, *under_way.wrapping_up.keys]
            chances = np.zeros((len(agents), 3 * len(MOMENTS)))
            busy.look(under_way, look_at, chances)
            for code, row in zip(agents, chances[:, : len(MOMENTS)], strict=True):
                place = bisect(free[code], look_at)
                if place < len(free[code]):
                    errors.append((row - (free[code][place] - look_at > MOMENTS)) ** 2)
            look_at += 10.0
        for lesson in under_way.fold(fact, now):
            if isinstance(lesson, WrappedUp) and not stages:
                lesson = WrappedUp(lesson.seconds, lesson.agent)
            if isinstance(lesson, Talked | WrappedUp):
                busy.learn(lesson, now)
    assert len(errors) > 1_000
    return float(np.mean(errors))


def test_a_policy_may_ignore_stages() -> None:
    """It then decides as if none were reported."""
    script = {"stages": SCRIPT}
    reasons = {}
    for stages in (True, False):
        told, _, _ = played("progressive", script=script)
        pacer = Pacer(make("foresight", stages=stages), Settings(), now=0.0)
        unstaged = Pacer(make("foresight"), Settings(), now=0.0)
        same = []
        for now, fact in told.facts[:6_000]:
            said = pacer.handle(fact, now)
            if isinstance(fact, ScriptStage):
                continue
            usual = unstaged.handle(fact, now)
            same.append(said == usual)
        reasons[stages] = all(same)
    assert reasons == {True: False, False: True}


def test_stages_reported_late_lost_and_by_few_break_no_limit() -> None:
    late = {"kind": "exponential", "mean": 8}
    script = TalkScript.model_validate(
        {"stages": SCRIPT, "agents": 0.5, "reported": 0.7, "late": late}
    )
    policy = PolicySettings(policy="foresight")
    day = play_day(Scenario(hours=1.5, script=script), "f", policy, agents=15, seed=1)
    assert day.share <= 0.03
    assert day.use > 0.7
