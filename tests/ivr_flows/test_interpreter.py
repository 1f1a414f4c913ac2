"""The generator itself: its protocol, hang-up at any point, and callers who do anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.flow import Flow
from ivr_flows.interpreter import Conversation, UnknownNodeError
from ivr_flows.loader import load
from ivr_flows.steps import (
    AnswerCall,
    Collect,
    Digits,
    Done,
    Enqueue,
    Hangup,
    Left,
    Note,
    Play,
    QueueExit,
    Step,
    StepOutcome,
)
from ivr_flows.walkable import FlowContext
from storage.fact_codec import detail_of
from tests.ivr_flows.caller import Call, hotline

HOTLINE = hotline()
KEYS = st.text("0123456789*#", max_size=3)


def flow_of(nodes: str, start: str = "a") -> Flow:
    text = f"""
flow: little
languages: [en]
start: {start}
prompts:
  hello: {{en: Hello}}
  bye: {{en: Bye}}
nodes:
{nodes}
  end: {{kind: hangup}}
"""
    return load(text, "little.yaml")


@st.composite
def outcomes(draw: st.DrawFn, step: Step) -> StepOutcome:
    match step:
        case Collect():
            digits = draw(KEYS)[: step.max_digits]
            return Digits(digits, timed_out=not digits and draw(st.booleans()))
        case Play() if step.interruptible and draw(st.booleans()):
            return Digits(draw(KEYS))
        case Enqueue():
            return Left(draw(st.sampled_from(QueueExit)))
    return Done()


@given(st.data(), st.sampled_from(sorted(HOTLINE.nodes)), st.booleans())
def test_whatever_a_caller_does_the_flow_ends_in_a_hangup(
    data: st.DataObject, start: str, taken_back: bool
) -> None:
    walk = Conversation(HOTLINE, FlowContext(taken_back=taken_back), start)
    steps = [walk.begin()]
    while (step := walk.go_on(data.draw(outcomes(steps[-1])))) is not None:
        steps.append(step)
        assert len(steps) < 100
    assert isinstance(steps[-1], Hangup)
    assert all(step.node in HOTLINE.nodes for step in steps)
    heard = [n for n, step in enumerate(steps) if isinstance(step, Play | Collect | Enqueue)]
    answered = [n for n, step in enumerate(steps) if isinstance(step, AnswerCall)]
    assert len(answered) <= 1
    if heard:
        assert answered
        assert answered[0] < heard[0]


@pytest.mark.parametrize("after", range(12))
def test_hang_up_ends_it_at_any_step(after: int) -> None:
    walk = Conversation(HOTLINE, FlowContext())
    step = walk.begin()
    for _ in range(after):
        outcome: StepOutcome = Done()
        if isinstance(step, Collect):
            outcome = Digits("", timed_out=True)
        elif isinstance(step, Enqueue):
            outcome = Left(QueueExit.TALKED)
        came = walk.go_on(outcome)
        assert came is not None
        step = came
    walk.close()
    assert walk.go_on(Done()) is None


def test_an_outcome_that_does_not_fit_says_which_step_it_was() -> None:
    walk = Conversation(HOTLINE, FlowContext(answered=True))
    walk.begin()
    with pytest.raises(TypeError, match=r"Play of node 'greeting' got Left.*not Done or Digits"):
        walk.go_on(Left(QueueExit.TALKED))


def test_a_node_that_is_gone_is_refused_at_once() -> None:
    with pytest.raises(UnknownNodeError, match=r"'hotline' has no node 'saels'"):
        Conversation(HOTLINE, FlowContext(), "saels")


def test_a_language_the_flow_does_not_have_becomes_its_first() -> None:
    walk = Conversation(HOTLINE, FlowContext(language="fr", answered=True), "thanks")
    step = walk.begin()
    assert isinstance(step, Play)
    assert step.language == "zh-CN"


def test_a_call_that_is_only_ended_is_never_answered() -> None:
    call = Call(flow_of("  a: {kind: pause, seconds: 1, exits: {next: end}}"), start="end")
    assert [type(step) for step in call.steps] == [Hangup]


def test_a_pause_waits_and_its_key_means_nothing() -> None:
    flow = flow_of(
        "  a: {kind: pause, seconds: 2, exits: {next: b}}\n"
        "  b: {kind: say, prompts: [hello, bye], exits: {next: end}}"
    )
    call = Call(flow, keys="5")
    pause = call.steps[1]
    assert isinstance(pause, Collect)
    assert (pause.prompts, pause.first_timeout_s) == ((), 2.0)
    assert call.said == ["hello", "bye"]


def test_what_must_be_heard_is_heard_by_impatient_callers_too() -> None:
    flow = flow_of(
        "  a: {kind: say, prompts: hello, exits: {next: b}}\n"
        "  b: {kind: say, prompts: bye, interruptible: false, exits: {next: end}}"
    )
    call = Call(flow, during={"a": "1"})
    last = call.steps[-2]
    assert isinstance(last, Play)
    assert not last.interruptible
    assert call.said == ["hello", "bye"]


def test_every_note_is_a_plain_value_for_the_record() -> None:
    for step in Call(HOTLINE, keys=["9", "9", "9", "", "#", "9"]).steps:
        if isinstance(step, Note):
            assert all(isinstance(value, str | int) for value in detail_of(step.what).values())
