"""The world keeps its own rules, whoever dials in it."""

from collections import Counter, defaultdict
from math import log
from statistics import fmean, stdev
from typing import Any

import pytest

from dialer.causes import Cause
from dialer.pacing_facts import (
    Abandoned,
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWrapUp,
    Answered,
    Dialled,
    GivenMachine,
    Hopper,
    Machine,
    NotAnswered,
    Person,
    PersonConnected,
    Ringing,
)
from simulation.day import play_day
from simulation.scenario import PolicySettings, Scenario
from tests.simulation.told import played

NO_HARD_STOP = {"hard_stop": False}
WORLDS: dict[str, dict[str, Any]] = {
    "standard": {},
    "greedy": {"policy": "fixed_ratio", "options": {"ratio": 6.0}, "limit": NO_HARD_STOP},
    "lines": {"policy": "fixed_ratio", "options": {"ratio": 6.0}, "lines": 12,
              "limit": NO_HARD_STOP},
    "detection": {"machines": 0.3, "detection": {"on": True},
                  "limit": {"clock": "greeting_end", "people_taken_for_machines": 0.01}},
    "machines unheard": {"machines": 0.3},
    "paces": {"paces": {"wrap_up": 0.6, "talk": 0.15}},
    "no wrap-up": {"wrap_up": {"kind": "constant", "value": 0}},
    "comings and goings": {"changes": [{"at_h": 0.2, "staff": 0}, {"at_h": 0.4, "agents": 5}],
                           "breaks": {"every_s": 300.0, "last_s": 120.0}},
}  # fmt: skip

world = pytest.mark.parametrize("kind", WORLDS)


@world
def test_each_call_goes_its_way_and_ends_once(kind: str) -> None:
    told, _, _ = played(**WORLDS[kind])
    facts: dict[str, list[type]] = defaultdict(list)
    for _, fact in told.of(Dialled, Ringing, Answered, NotAnswered, Person, Machine,
                           PersonConnected, Abandoned):  # fmt: skip
        facts[fact.attempt].append(type(fact))
    assert len(facts) > 100
    ends = (NotAnswered, Machine, PersonConnected, Abandoned)
    under_way = 0
    for ways in facts.values():
        assert ways[0] is Dialled
        assert len(set(ways)) == len(ways)
        assert [way for way in ways[:-1] if way in ends] == []
        under_way += ways[-1] not in ends
        assert (Answered in ways) or ways[-1] not in (Machine, PersonConnected, Abandoned)
    assert under_way <= 200  # what the day's end has cut off


@world
def test_there_are_never_more_calls_than_lines(kind: str) -> None:
    told, _, scenario = played(**WORLDS[kind])
    agents: dict[str, str] = {}
    used: set[str] = set()
    most = 0
    for _, fact in told.facts:
        match fact:
            case Dialled(attempt):
                used.add(attempt)
            case NotAnswered(attempt) | Machine(attempt) | Abandoned(attempt):
                used.discard(attempt)
            case PersonConnected(attempt, agent):
                agents[agent] = attempt
            case AgentReady(agent) | AgentWrapUp(agent) | AgentGone(agent):
                used.discard(agents.pop(agent, ""))
        most = max(most, len(used))
    assert most <= scenario.lines
    assert kind != "lines" or most == scenario.lines


def test_a_call_for_which_there_is_no_line_fails_at_once() -> None:
    told, _, _ = played(**WORLDS["lines"], believed_lines=100)
    dialled = {fact.attempt: now for now, fact in told.of(Dialled)}
    failed = [(now, fact) for now, fact in told.of(NotAnswered) if fact.cause is Cause.CONGESTION]
    assert failed
    assert all(now - dialled[fact.attempt] < 1.0 for now, fact in failed)
    told, _, _ = played(**WORLDS["lines"])
    assert not [fact for _, fact in told.of(NotAnswered) if fact.cause is Cause.CONGESTION]


@world
def test_agents_times_add_up(kind: str) -> None:
    told, seen, scenario = played(**WORLDS[kind], agents=8)
    end = scenario.hours * 3_600.0
    names = {AgentReady: "ready", AgentTalking: "talking", AgentWrapUp: "wrap_up",
             AgentGone: "gone"}  # fmt: skip
    since: dict[str, tuple[float, str]] = {}
    seconds: Counter[str] = Counter()
    for now, fact in told.of(*names):
        then, state = since.get(fact.agent, (now, "gone"))
        seconds[state] += now - then  # type: ignore[assignment]
        since[fact.agent] = (now, names[type(fact)])
    for then, state in since.values():
        seconds[state] += end - then  # type: ignore[assignment]
    assert len(since) == 8
    assert sum(seconds.values()) == pytest.approx(8 * end)
    # What the observer saw is the same.
    count: Counter[str | None] = Counter()
    observed: Counter[str | None] = Counter()
    moved = 0.0
    for now, before, after in seen.moves:
        for name, number in count.items():
            observed[name] += number * (now - moved)  # type: ignore[assignment]
        moved = now
        count[before] -= 1
        count[after] += 1
    for name in ("ready", "talking", "wrap_up"):
        assert observed[name] == pytest.approx(seconds[name]), name


@world
def test_the_days_figures_are_what_happened(kind: str) -> None:
    own = dict(WORLDS[kind])
    policy = own.pop("policy", "progressive")
    options = own.pop("options", {})
    told, seen, scenario = played(policy, options=options, **own)
    chosen = PolicySettings(policy=policy, options=options)
    day = play_day(scenario, policy, chosen, agents=8, seed=1)
    assert day.dialled == len(told.of(Dialled))
    assert day.served == sum(not lost for _, lost, _ in seen.persons)
    # Machines that detection took for people are put through, and are nobody served.
    machines = len(told.of(PersonConnected)) - day.served
    assert machines > 0 if scenario.detection.on else machines == 0
    assert day.abandoned == sum(lost for _, lost, _ in seen.persons)
    assert day.taken_for_machines == seen.machines
    assert day.idle_s == pytest.approx(sum(seen.idle))
    assert 0 < day.busy_s <= day.logged_in_s <= 8 * 3_600.0 + 1e-6


def test_an_agent_reports_a_machine_when_they_have_noticed() -> None:
    told, seen, _ = played(**WORLDS["detection"], machine_talk={"kind": "constant", "value": 7.0})
    connected = {fact.attempt: (now, fact.agent) for now, fact in told.of(PersonConnected)}
    noticed = told.of(GivenMachine)
    assert len(noticed) > 5
    wrap_ups = {(now, fact.agent) for now, fact in told.of(AgentWrapUp)}
    for now, fact in noticed:
        began, agent = connected[fact.attempt]
        assert now == pytest.approx(began + 7.0)
        assert (now, agent) in wrap_ups
    still = len([began for began, _ in connected.values() if began > 3_600.0 - 7.0])
    machines = len(connected) - sum(not lost for _, lost, _ in seen.persons)
    assert machines - still <= len(noticed) <= machines


def test_the_day_shows_the_dialers_estimate_beside_the_truth() -> None:
    _, seen, scenario = played(**WORLDS["detection"])
    day = play_day(scenario, "x", PolicySettings(policy="progressive"), agents=8, seed=1)
    found = day.served + day.abandoned
    assert day.taken_for_machines == seen.machines > 0
    assert day.reckoned_unseen == pytest.approx(found * 0.01 / 0.99, rel=0.05)
    assert day.reckoned_share == pytest.approx(0.01, abs=0.002)


def test_who_has_no_agent_goes_when_his_patience_ends() -> None:
    own = {**WORLDS["greedy"], "patience": {"kind": "constant", "value": 1.5}}
    told, _, _ = played(**own)
    answered = {fact.attempt: now for now, fact in told.of(Answered)}
    waited = [now - answered[fact.attempt] for now, fact in told.of(Abandoned)]
    assert len(waited) > 50
    assert waited == pytest.approx([1.5] * len(waited))
    connected = [now - answered[fact.attempt] for now, fact in told.of(PersonConnected)]
    assert max(connected) <= 1.5
    assert min(connected) == 0


def test_an_agent_who_comes_after_the_grace_comes_too_late() -> None:
    scenario = Scenario.model_validate(
        {"hours": 1.0, "patience": {"kind": "constant", "value": 20.0}, "limit": NO_HARD_STOP}
    )
    told, seen, _ = played("fixed_ratio", options={"ratio": 4.0}, hours=1.0,
                           patience={"kind": "constant", "value": 20.0},
                           limit=NO_HARD_STOP)  # fmt: skip
    late = sum(not lost and waited > 2.0 for _, lost, waited in seen.persons)
    assert late > 10
    chosen = PolicySettings(policy="fixed_ratio", options={"ratio": 4.0})
    day = play_day(scenario, "x", chosen, agents=8, seed=1)
    assert day.abandoned == len(told.of(Abandoned)) + late
    assert day.served + day.abandoned == len(seen.persons)


def test_the_graces_clock_may_begin_with_the_end_of_the_greeting() -> None:
    shares = {}
    for clock in ("answer", "greeting_end"):
        scenario = Scenario.model_validate(
            {"hours": 1.0, "detection": {"on": True, "people_taken_for_machines": 0.0},
             "limit": {"clock": clock, "grace_s": 1.0, "people_taken_for_machines": 0.0}}
        )  # fmt: skip
        chosen = PolicySettings(policy="progressive")
        shares[clock] = play_day(scenario, "x", chosen, agents=8, seed=1).share
    assert shares["greeting_end"] < 0.02
    assert shares["answer"] > 0.5  # to listen takes longer than the grace


def test_all_leave_even_those_on_a_break_and_come_back_when_told() -> None:
    told, _, _ = played(
        agents=30,
        breaks={"every_s": 600.0, "last_s": 300.0},
        changes=[{"at_h": 0.3, "staff": 0}, {"at_h": 0.7, "staff": 1}],
    )
    left, back = 0.3 * 3_600.0, 0.7 * 3_600.0
    assert not [now for now, _ in told.of(AgentReady) if left < now < back]
    assert len({fact.agent for now, fact in told.of(AgentReady) if now == back}) == 30
    # Whoever talked has ended their talk first.
    assert [now for now, _ in told.of(AgentWrapUp) if left < now < back]
    assert not [now for now, _ in told.of(Dialled) if left + 60.0 < now < back]


def test_breaks_come_as_often_as_said_also_after_all_were_away() -> None:
    told, _, _ = played(
        agents=40,
        hours=4.0,
        breaks={"every_s": 1_200.0, "last_s": 60.0},
        changes=[{"at_h": h / 10, "staff": h % 2} for h in range(1, 10)],
    )
    gone = len([now for now, _ in told.of(AgentGone) if now > 3_600.0])
    expected = 40 * 3 * 3_600.0 / (1_200.0 + 60.0)
    assert gone == pytest.approx(expected, rel=0.15)


def test_a_list_ends_and_its_segments_answer_as_said() -> None:
    segments = {
        "no": {"share": 0.5, "answer_rate": 0.0},
        "yes": {"share": 0.5, "answer_rate": 1.0},
    }
    told, _, _ = played(
        agents=20,
        lists=[{"name": "a", "leads": 300, "segments": segments}],
        ring={"kind": "constant", "value": 3.0},
    )
    dialled = {fact.attempt: fact.lead.segment for _, fact in told.of(Dialled)}
    answered = [dialled[fact.attempt] for _, fact in told.of(Answered)]
    assert len(dialled) == 300
    assert set(answered) == {"yes"}
    assert len(answered) == list(dialled.values()).count("yes")
    assert told.of(Hopper)[-1][1].leads == ()


def test_a_change_of_the_answer_rate_is_felt_from_then_on() -> None:
    told, _, _ = played(agents=30, changes=[{"at_h": 0.5, "answer_rate": 0}])
    assert len([now for now, _ in told.of(Answered) if now < 1_800.0]) > 100
    assert not [now for now, _ in told.of(Answered) if now > 1_800.0 + 60.0]


def test_a_world_in_which_nothing_takes_time_still_ends() -> None:
    nothing = {"kind": "constant", "value": 0.0}
    told, _, _ = played(
        agents=1,
        hours=0.002,
        delay=nothing,
        ring=nothing,
        talk=nothing,
        wrap_up=nothing,
        lists=[{"name": "a", "answer_rate": 1.0}],
    )
    assert len(told.of(PersonConnected)) > 100


@pytest.mark.parametrize("agents", [0, 1])
def test_an_empty_campaign_and_one_agent(agents: int) -> None:
    told, _, _ = played(agents=agents)
    assert bool(told.of(PersonConnected)) is bool(agents)
    assert not played(agents=agents, lists=[{"name": "a", "answer_rate": 0.3, "leads": 0}])[0].of(
        Dialled
    )


def times_of_work(**scenario: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Each agent's talk and wrap-up. Both always take the same by themselves."""
    constant = {"kind": "constant", "value": 20}
    told, _, _ = played(agents=40, talk=constant, wrap_up=constant, breaks=None, **scenario)
    since: dict[str, tuple[float, str]] = {}
    talks: dict[str, set[float]] = defaultdict(set)
    wrap_ups: dict[str, set[float]] = defaultdict(set)
    for now, fact in told.of(AgentTalking, AgentWrapUp, AgentReady):
        before, did = since.get(fact.agent, (now, "AgentReady"))
        if did == "AgentTalking":
            talks[fact.agent].add(round(now - before, 6))
        if did == "AgentWrapUp":
            wrap_ups[fact.agent].add(round(now - before, 6))
        since[fact.agent] = now, type(fact).__name__
    assert len(talks) == len(wrap_ups) == 40
    assert all(len(each) == 1 for each in (*talks.values(), *wrap_ups.values()))
    return {who: min(each) for who, each in talks.items()}, {
        who: min(each) for who, each in wrap_ups.items()
    }


def test_agents_differ_as_the_scenario_says_and_each_keeps_his_pace() -> None:
    talks, wrap_ups = times_of_work(paces={"wrap_up": 0.6, "talk": 0.15})
    for times, spread in ((talks, 0.15), (wrap_ups, 0.6)):
        logs = [log(seconds / 20.0) for seconds in times.values()]
        assert stdev(logs) == pytest.approx(spread, rel=0.35)
        assert fmean(times.values()) == pytest.approx(20.0, rel=0.25)
    assert times_of_work(paces={"wrap_up": 0.6})[0] == times_of_work()[0]


def test_agents_who_are_alike_draw_nothing() -> None:
    day, same, other = (
        played(**paces)[0].facts
        for paces in ({}, {"paces": {"wrap_up": 0, "talk": 0}}, {"paces": {"talk": 0.1}})
    )
    assert day == same != other
