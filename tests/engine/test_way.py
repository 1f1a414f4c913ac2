"""A call's way through its flow, as it is written down: which nodes, how long, which keys."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from domain.call_facts import CallEnded
from domain.facts import CallFact
from domain.flow_facts import NodePassed, WayTaken
from domain.reasons import Party
from engine.calls.gap import Gap
from engine.calls.way import MOST_NODES, FlowWay
from engine.engine import Engine
from ivr_flows.flow import Flow
from ivr_flows.interpreter import Conversation
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.references import Outside
from ivr_flows.steps import (
    AgentFound,
    Collect,
    Digits,
    Done,
    Enqueue,
    Left,
    LookedUp,
    LookUpFailed,
    LookUpFault,
    MenuIsDue,
    NotDone,
    Play,
    QueueExit,
    Step,
    StepOutcome,
)
from ivr_flows.walkable import FlowContext
from storage.fact_lines import decode
from tests.engine.test_board import enter

START = datetime(2026, 11, 27, 8, tzinfo=UTC)

_HEAD = """\
version: 1
flow: {name}
languages: [en]
prompts:
  hello: {{en: Hello.}}
  which: {{en: Which one?}}
"""

PIN = (
    _HEAD.format(name="pin")
    + """\
variables:
  pin: {type: digits, secret: true}
start: ask
nodes:
  ask:
    kind: collect
    prompts: [which]
    variable: pin
    longest: 4
    exits: {done: back, exhausted: back}
  back: {kind: return}
"""
)

MAIN = (
    _HEAD.format(name="main")
    + """\
start: hello
nodes:
  hello: {kind: say, prompts: [hello], exits: {next: menu}}
  menu:
    kind: menu
    prompts: [which]
    keys: {"1": wait, "2": identify}
    exits: {wait: wait, identify: identify, exhausted: bye}
  identify: {kind: flow, flow: pin, exits: {done: wait}}
  wait:
    kind: queue
    queue: sales
    meanwhile: while
    every: 30
    leaves: {gone: has had enough}
    exits: {talked: bye, timeout: bye, gone: bye}
  while:
    kind: menu
    prompts: [which]
    keys: {"9": stay, "8": go}
    exits: {stay: stay, go: go, exhausted: stay}
  stay: {kind: return}
  go: {kind: return, exit: gone}
  bye: {kind: hangup}
"""
)


def flows() -> dict[str, Flow]:
    pin = load(PIN.encode(), "pin.yaml", Outside())
    outside = Outside({NameOf.QUEUE: {"sales"}, NameOf.FLOW: {"pin"}}, flows={"pin": pin})
    return {"pin": pin, "main": load(MAIN.encode(), "main.yaml", outside)}


class Walked:
    """A call that takes two seconds for each answer; ``outcomes`` answer what isn't just done."""

    def __init__(self, outcomes: Iterable[StepOutcome], *, secretive: bool = False) -> None:
        found = flows()
        self.at = START
        self.way = FlowWay("main", 7, 3, revisions={"pin": 5}, secretive=secretive)
        self.written: list[WayTaken] = []
        self.talk = Conversation(found["main"], FlowContext(flows=found))
        rest = iter(outcomes)
        step: Step | None = self.talk.begin()
        while step is not None:
            self.way.reached(self.talk, step, self.at)
            if self.way.is_due(self.at):
                self._write()
            outcome: StepOutcome | None = Done()
            if isinstance(step, Play | Collect | Enqueue):
                self.at += timedelta(seconds=2)
                outcome = next(rest, None)
                if outcome is None:  # the caller hangs up
                    return
            assert outcome is not None
            self.way.answered(step, outcome)
            step = self.talk.go_on(outcome)
        self.way.reached(self.talk, None, self.at)

    def _write(self) -> None:
        taken = self.way.take(self.at)
        assert taken is not None
        self.written.append(taken)

    def end(self, talked_at: datetime | None = None) -> "Walked":
        self.way.over(self.at, talked_at)
        if (taken := self.way.take(self.at)) is not None:
            self.written.append(taken)
        return self


def nodes(taken: WayTaken) -> list[tuple[str | None, str | None, float, str | None]]:
    return [(one.node, one.exit, one.lasted_s, one.answers) for one in taken.nodes]


def test_who_leaves_by_the_in_queue_flow_passed_each_node_once() -> None:
    walked = Walked([Done(), Digits("1"), MenuIsDue(), Digits("8")]).end()
    passed = [one for taken in walked.written for one in nodes(taken)]
    assert passed[2:] == [
        ("wait>while", "go", 2.0, "8"), ("wait>go", "gone", 0.0, None),
        ("wait", "gone", 4.0, "=menu"), ("bye", "", 0.0, None),
    ]  # fmt: skip


def test_a_short_menu_costs_one_fact() -> None:
    walked = Walked([Done(), Digits("7"), Digits("", timed_out=True), Digits("", True)]).end()
    assert [nodes(one) for one in walked.written] == [
        [("hello", "next", 2.0, None), ("menu", "exhausted", 6.0, "7,,"), ("bye", "", 0.0, None)]
    ]
    (taken,) = walked.written
    assert (taken.flow, taken.edition, taken.revision) == ("main", 7, 3)
    assert [one.before_s for one in taken.nodes] == [8.0, 6.0, 0.0]
    assert taken.nodes[1].silent


def test_who_hangs_up_is_counted_where_they_were_also_around_a_sub_flow() -> None:
    walked = Walked([Done(), Digits("2")]).end()
    assert [nodes(one) for one in walked.written] == [
        [
            ("hello", "next", 2.0, None),
            ("menu", "identify", 2.0, "2"),
            ("identify>ask", None, 2.0, None),
            ("identify", None, 2.0, None),
        ]
    ]
    assert [one.flow for one in walked.written[0].nodes] == [None, None, "pin", None]
    assert [one.revision for one in walked.written[0].nodes] == [None, None, 5, None]


def test_a_long_wait_writes_what_was_passed_before_it() -> None:
    walked = Walked([Done(), Digits("1"), Left(QueueExit.TIMEOUT)]).end()
    assert [nodes(one) for one in walked.written] == [
        [("hello", "next", 2.0, None), ("menu", "wait", 2.0, "1")],
        [("wait", "timeout", 2.0, None), ("bye", "", 0.0, None)],
    ]


def test_who_hangs_up_in_a_talk_has_not_left_the_flow_half_way() -> None:
    talked = Walked([Done(), Digits("1")]).end(START + timedelta(seconds=5))
    assert nodes(talked.written[-1]) == [("wait", "talked", 2.0, None)]
    earlier = Walked([Done(), Digits("1")]).end(START)
    assert nodes(earlier.written[-1]) == [("wait", None, 2.0, None)]


def test_an_in_queue_flow_is_part_of_the_wait_and_may_end_at_once() -> None:
    walked = Walked(
        [Done(), Digits("1"), MenuIsDue(), Digits("9"), MenuIsDue(), AgentFound(),
         Left(QueueExit.TALKED)]
    ).end()  # fmt: skip
    assert nodes(walked.written[-1]) == [
        ("wait>while", "stay", 2.0, "9"),
        ("wait>stay", "", 0.0, None),
        ("wait>while", "", 2.0, "=agent"),
        ("wait", "talked", 10.0, "=menu,=menu"),
        ("bye", "", 0.0, None),
    ]


def test_secret_keys_are_nowhere_however_they_were_pressed() -> None:
    plain = Walked([Done(), Digits("2"), Digits("4711"), Left(QueueExit.NOBODY)], secretive=True)
    pin = plain.end().written[0].nodes[2]
    assert (pin.node, pin.exit, pin.answers) == ("identify>ask", "done", "?")
    ahead = Walked([Digits("2"), Digits("4711")], secretive=True).end()  # the 2 cut the greeting
    assert ahead.written[0].nodes[1].answers == "2"
    assert "4711" not in repr(ahead.written)
    silent = Walked([Done(), Digits("2"), Digits("", timed_out=True)], secretive=True).end()
    assert silent.written[0].nodes[2] == NodePassed("identify>ask", None, 4.0, 4.0, "", "pin", 5)


def test_a_key_pressed_ahead_answers_the_question_to_come() -> None:
    walked = Walked([Digits("1"), Left(QueueExit.FAILED)]).end()
    assert nodes(walked.written[0]) == [("hello", "next", 2.0, None), ("menu", "wait", 0.0, "1")]


def test_a_long_way_is_written_in_pieces() -> None:
    round_again: list[StepOutcome] = [MenuIsDue(), Digits("9")]
    walked = Walked([Done(), Digits("1"), *(round_again * MOST_NODES)])
    assert max(len(one.nodes) for one in walked.written) <= MOST_NODES + 2
    assert sum(len(one.nodes) for one in walked.end().written) == 2 + 2 * MOST_NODES + 1


def test_what_could_not_be_done_is_no_key() -> None:
    way = FlowWay("main", None, None, revisions={}, secretive=False)
    way.answered(Play("hello", (), "en"), NotDone())
    assert way.take(START) is None


def test_a_call_has_one_way_whichever_session_drives_it(engine: Engine, tmp_path: Path) -> None:
    call = enter(engine)
    calls = engine.calls
    found = flows()
    talk = Conversation(found["main"], FlowContext(flows=found))
    first = calls.way_in(call, "main", 7, 3, revisions={}, secretive=False)
    first.reached(talk, talk.begin(), datetime.now(UTC))
    assert calls.way_in(call, "main", 7, 3, revisions={}, secretive=False) is first, (
        "its session was cut"
    )
    engine.talks.gone(call, Party.CALLER, 16)
    engine.talks.gone(call, Party.CALLER, 16)  # reported again
    facts = [decode(line) for line in (tmp_path / "outbox.jsonl").read_bytes().splitlines()]
    told = [fact.what for fact in facts if isinstance(fact, CallFact)]
    (way,) = (what for what in told if isinstance(what, WayTaken))
    assert [(one.node, one.exit) for one in way.nodes] == [("hello", None)]
    assert isinstance(told[-1], CallEnded), "the way is told before the end"


def test_who_left_in_a_gap_was_in_the_flow_until_the_log_says(
    engine: Engine, tmp_path: Path
) -> None:
    call = enter(engine)
    came = datetime.now(UTC)
    talk = Conversation(flows()["main"], FlowContext(flows=flows()))
    way = engine.calls.way_in(call, "main", 7, 3, revisions={}, secretive=False)
    way.reached(talk, talk.begin(), came)
    since, until = came + timedelta(seconds=2), came + timedelta(seconds=30)
    node, known = call.channel.node, frozenset({call.id})
    gap = Gap(node, since, until, until, first=False, restarted=False, known=known, agents={})
    engine.talks.gone(call, Party.UNKNOWN, 0, gap)
    end = CallEnded(Party.CALLER, 16, why=None)
    ended = CallFact(str(uuid4()), call.id, came + timedelta(seconds=5), end)
    engine.calls.write(call, [ended])
    facts = [decode(line) for line in (tmp_path / "outbox.jsonl").read_bytes().splitlines()]
    told, last = [fact for fact in facts if isinstance(fact, CallFact)][-2:]
    assert isinstance(told.what, WayTaken) and told.at == last.at == ended.at
    assert [(one.node, one.lasted_s) for one in told.what.nodes] == [("hello", 5.0)]


LOOKING = (
    _HEAD.format(name="looking")
    + """\
variables: {state: {type: text}, count: {type: number}, pin: {type: digits, secret: true}}
start: a
nodes:
  a: {kind: look_up, url: "https://a.example/", take: {state: s, count: c},
    exits: {found: b, not_found: b, failed: b}}
  b: {kind: look_up, url: "https://a.example/", take: {pin: p}, wanted: false,
    exits: {found: end, failed: end}}
  end: {kind: hangup}
"""
)


@pytest.mark.parametrize(
    ("came", "way"),
    [
        (LookedUp({"s": "sent", "c": 3}), ("found", "=found")),
        (LookedUp({"s": "sent"}), ("not_found", "=found,=lacks:count")),
        (LookedUp({"s": "sent", "c": "4711 secret"}), ("not_found", "=found,=lacks:count")),
        (LookUpFailed(LookUpFault.STATUS, 500), ("failed", "=status:500")),
        (LookUpFailed(LookUpFault.NOT_FOUND), ("not_found", "=not_found")),
        (LookUpFailed(LookUpFault.TIMEOUT), ("failed", "=timeout")),
    ],
)
def test_why_a_look_up_gave_nothing_is_kept_and_not_what_was_answered(
    came: StepOutcome, way: tuple[str, str]
) -> None:
    flow = load(LOOKING.encode(), "looking.yaml", Outside())
    talk = Conversation(flow, FlowContext())
    kept = FlowWay("looking", 1, 1, revisions={}, secretive=True)
    step: Step | None = talk.begin()
    for outcome in (came, LookedUp({"s": 1})):  # that lacks what the second one takes, but may
        kept.reached(talk, step, START)
        assert step is not None
        kept.answered(step, outcome)
        step = talk.go_on(outcome)
    kept.reached(talk, step, START)
    taken = kept.take(START)
    assert taken is not None
    assert [(one.exit, one.answers) for one in taken.nodes] == [way, ("found", "=found")]
