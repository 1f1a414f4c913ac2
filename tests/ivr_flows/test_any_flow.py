"""Flows and callers that nobody has thought of: what the checker passes never fails on a call."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr_flows.flow import Flow
from ivr_flows.interpreter import Conversation
from ivr_flows.kind import NameOf
from ivr_flows.loader import check, load
from ivr_flows.references import Outside
from ivr_flows.steps import (
    AgentFound,
    Apologise,
    AskHours,
    BookCallback,
    Collect,
    Digits,
    Done,
    DrawLots,
    Drawn,
    Enqueue,
    Hangup,
    LeaveQueue,
    Left,
    LookedUp,
    LookUp,
    LookUpFailed,
    LookUpFault,
    MenuIsDue,
    NotDone,
    Opening,
    OpeningState,
    OptOut,
    Play,
    QueueExit,
    RecordVoice,
    Step,
    StepOutcome,
    TransferToAgent,
    TransferToNumber,
    VoiceRecorded,
)
from ivr_flows.walk_limits import MOST_SILENT_S
from ivr_flows.walkable import FlowContext

NODES = [f"n{number}" for number in range(8)]
ASIDE = ["m0", "m1", "m2"]
"""Of in-queue flows."""
ENDS: dict[str, Any] = {"end": {"kind": "hangup"}}
RETURNS = [{"kind": "return"}, {"kind": "return", "exit": "out"}]
VARIABLES = {
    "digits": {"type": "digits"},
    "pin": {"type": "digits", "secret": True},
    "words": {"type": "text"},
    "money": {"type": "money", "initial": 5},
    "day": {"type": "date"},
}
PROMPTS = {
    "hello": {"en": "Hello"},
    "read": {"en": "It is {digits}, {money} and {day} {words:digits}"},
}
MOST_STEPS = 5_000

prompt = st.sampled_from(sorted(PROMPTS))
value = st.one_of(st.text(max_size=8), st.integers(-5, 10**6), st.booleans(), st.none())


def exits(*names: str) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(dict.fromkeys(names, st.just("end")))


def node(kind: str, *names: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"kind": st.just(kind), "exits": exits(*names), **fields})


ANY_NODE = st.one_of(
    node("say", "next", prompts=prompt, interruptible=st.booleans()),
    node("menu", "x", "y", "exhausted", prompts=prompt, keys=st.just({"1": "x", "2": "y"})),
    node(
        "collect", "done", "exhausted", prompts=prompt,
        variable=st.sampled_from(["digits", "pin", "words"]), tries=st.integers(1, 3),
    ),
    node(
        "choose", "x", "otherwise",
        cases=st.just([{"when": [{"variable": "money", "at_least": 3}], "exit": "x"}]),
    ),
    node(
        "set", "next",
        values=st.dictionaries(st.sampled_from(["words", "digits"]), value, min_size=1),
    ),
    node("hours", "open", "closed"),
    node("split", "x", "y", shares=st.just({"x": 50, "y": 50})),
    node(
        "look_up", "found", "failed", url=st.just("https://a.example/{digits}"),
        take=st.just({"words": "a.0", "money": "b"}),
    ),
    node("queue", "talked", "timeout", queue=st.just("q")),
    node(
        "queue", "talked", "timeout", "out", queue=st.just("q"), meanwhile=st.just("m0"),
        leaves=st.just({"out": "left"}), keys=st.just({"#": "out"}),
    ),
    node("agent", "talked", "timeout", agent=st.just("1001")),
    node("number", "talked", "timeout", number=st.just("+8610000000"), line=st.just("l")),
    node("callback", "booked", "refused", number=st.just("digits")),
    node("voicemail", "done", prompts=prompt, queue=st.just("q")),
    node("record", "done", variable=st.just("words")),
    node("survey", "answered", questions=st.just({"q": {"prompts": "hello"}})),
    node("pause", "next", seconds=st.sampled_from([1, 60])),
    node("flow", "done", "out", flow=st.just("inner"), returns=st.just(["done", "out"])),
    node("language", "next", prompts=prompt, keys=st.just({"1": "en"})),
    node("opt_out", "next"),
)  # fmt: skip


OUTSIDE = Outside(names={NameOf.FLOW: {"inner"}, NameOf.QUEUE: {"q"}})
INNER = load(
    """
flow: inner
languages: [en]
start: a
variables: {order: {type: digits}, pin: {type: digits, secret: true}}
prompts: {hello: {en: Hello}}
nodes:
  a: {kind: collect, prompts: hello, variable: pin, exits: {done: b, exhausted: e}}
  b:
    kind: queue
    queue: q
    meanwhile: c
    every: 5
    leaves: {left: the caller has had enough}
    exits: {talked: d, timeout: e, left: f}
  c: {kind: menu, prompts: hello, keys: {"1": l, "2": r}, exits: {l: l, r: r, exhausted: r}}
  l: {kind: return, exit: left}
  r: {kind: return}
  d: {kind: return}
  e: {kind: return, exit: out}
  f: {kind: go_on, flow: inner}
""",
    "inner.yaml",
    OUTSIDE,
)
OUTSIDE = replace(OUTSIDE, flows={"inner": INNER})
"""What the flows may lead to: it waits, returns in two ways, or begins anew."""


WHILE_WAITING = st.one_of(
    node("say", "next", prompts=prompt),
    node("menu", "x", "y", "exhausted", prompts=prompt, keys=st.just({"1": "x", "2": "y"})),
    node("collect", "done", "exhausted", prompts=prompt, variable=st.just("digits")),
    node("look_up", "found", "failed", url=st.just("https://a.example/")),
    node("pause", "next", seconds=st.just(60)),
)


AT_ONCE = st.one_of(
    node("split", "x", "y", shares=st.just({"x": 50, "y": 50})),
    node("set", "next", values=st.just({"words": "tea"})),
    node("language", "next", prompts=prompt, keys=st.just({"1": "en"})),
)
"""What leads on without the caller's hearing or doing anything."""


@st.composite
def flows(draw: st.DrawFn, kinds: st.SearchStrategy[Any] = ANY_NODE) -> str:
    """The text of a flow; JSON is YAML."""
    names = NODES[: draw(st.integers(1, len(NODES)))]
    nodes = {name: draw(kinds) for name in names}
    nodes |= {name: draw(WHILE_WAITING) for name in ASIDE} | ENDS
    nodes["back"] = draw(st.sampled_from(RETURNS))
    for place, (name, each) in enumerate(nodes.items()):
        # Mostly forward, so that most flows are good.
        onward = (names[place + 1 :] or ["end"]) if name in names else [*ASIDE[1:], "back"]
        anywhere = [*names, "end", "back"] if name in names else [*ASIDE, "back"]
        for exit in each.get("exits", ()):
            most = 1 if each["kind"] in ("pause", "look_up") else 5
            far = draw(st.integers(0, most)) == most
            each["exits"][exit] = draw(st.sampled_from(anywhere if far else onward))
    reached, todo = {"n0"}, ["n0"]
    while todo:
        each = nodes[todo.pop()]
        for where in (*each.get("exits", {}).values(), *filter(None, [each.get("meanwhile")])):
            if where not in reached:
                reached.add(where)
                todo.append(where)
    nodes = {name: each for name, each in nodes.items() if name in reached}
    return json.dumps(
        {"flow": "any", "languages": ["en"], "start": "n0", "variables": VARIABLES,
         "prompts": PROMPTS, "nodes": nodes}
    )  # fmt: skip


KEYS = st.text("0123456789*#", max_size=4)
JSON = st.fixed_dictionaries({"a": st.lists(value, max_size=2), "b": value}) | st.recursive(
    value,
    lambda some: st.lists(some, max_size=2) | st.dictionaries(st.sampled_from("ab"), some),
    max_leaves=4,
)


def outcome(draw: st.DataObject, step: Step) -> StepOutcome:
    def one(*strategies: Any) -> StepOutcome:
        came: StepOutcome = draw.draw(st.one_of(*strategies))
        return came

    match step:
        case Play() | Collect() if step.waiting and draw.draw(st.booleans()):
            return AgentFound()
        case Play(interruptible=True):
            return one(st.just(Done()), st.builds(Digits, KEYS))
        case Collect():
            digits = draw.draw(KEYS)[: step.max_digits]
            return Digits(digits, timed_out=not digits)
        case Enqueue():
            ways: list[st.SearchStrategy[Any]] = [
                st.builds(Left, st.sampled_from(QueueExit), st.sampled_from(["", "#", "1"]))
            ]
            if step.every_s is not None:
                ways.append(st.just(MenuIsDue()))
            return one(*ways)
        case LeaveQueue():
            return one(st.just(Done()), st.just(AgentFound()))
        case AskHours():
            return one(st.builds(Opening, st.sampled_from(OpeningState)), st.just(NotDone()))
        case LookUp():
            return one(
                st.builds(LookedUp, JSON), st.builds(LookUpFailed, st.sampled_from(LookUpFault))
            )
        case DrawLots():
            return one(st.builds(Drawn, st.floats(0, 0.999)))
        case RecordVoice():
            seconds = st.sampled_from([0.0, 2.5])
            return one(st.builds(VoiceRecorded, st.just("r1"), seconds), st.just(NotDone()))
        case BookCallback() | OptOut():
            return one(st.just(Done()), st.just(NotDone()))
        case TransferToAgent() | TransferToNumber():
            return one(st.builds(Left, st.sampled_from(QueueExit)), st.just(NotDone()))
        case _:
            return Done()


LONGEST_SILENCE_S = MOST_SILENT_S + 60.0


@settings(max_examples=300)
@given(flows(), st.data())
def test_what_the_checker_passes_never_fails_and_always_ends(
    text: str, data: st.DataObject
) -> None:
    checked = check(text, "any.yaml", OUTSIDE)
    if checked.flow is None:
        assert all(fault.message and fault.line for fault in checked.errors)
        return
    others = {"inner": INNER, "any": checked.flow}
    talk = Conversation(checked.flow, FlowContext(flows=others))
    step: Step | None = talk.begin()
    last: Step | None = None
    count, silent_s, back_to, waited = 0, 0.0, "", False
    while step is not None:
        count += 1
        assert count < MOST_STEPS, "the call never ends"
        if isinstance(step, Collect | Enqueue | RecordVoice) and not talk.waits:
            back_to, waited = step.node, isinstance(step, Enqueue)
        if back_to and count < 40 and data.draw(st.integers(0, 9)) == 9:
            # The controller is killed; the next one goes on by what the channel has.
            known = FlowContext(answered=True, taken_back=waited, kept=talk.kept, flows=others)
            talk.close()
            talk = Conversation(talk.outermost, known, back_to)
            step = talk.begin()
            continue
        # Callers grow tired: from some point on nobody presses anything any more.
        came = outcome(data, step) if count < 40 else _silence(step)
        silent_s = _silent_after(step, came, silent_s)
        assert silent_s <= LONGEST_SILENCE_S, "the caller hears nothing"
        last, step = step, talk.go_on(came)
    assert isinstance(last, Hangup)
    _nobody_is_there(checked.flow, FlowContext(flows=others))


@given(flows(AT_ONCE), st.sampled_from([0.0, 0.999]))
def test_no_flow_that_the_checker_passes_goes_round_while_its_caller_hears_nothing(
    text: str, lot: float
) -> None:
    flow = check(text, "any.yaml", OUTSIDE).flow
    if flow is None:
        return
    talk = Conversation(flow, FlowContext(flows={"any": flow}))
    step: Step | None = talk.begin()
    while step is not None:
        assert not isinstance(step, Apologise), "the call was stopped"
        step = talk.go_on(Drawn(lot) if isinstance(step, DrawLots) else _silence(step))


def _nobody_is_there(flow: Flow, context: FlowContext) -> None:
    """From the first step on nobody presses anything, and nothing answers."""
    talk = Conversation(flow, context)
    step: Step | None = talk.begin()
    silent_s, count = 0.0, 0
    while step is not None:
        count += 1
        assert count < MOST_STEPS, "the call never ends"
        came = _silence(step)
        silent_s = _silent_after(step, came, silent_s)
        assert silent_s <= LONGEST_SILENCE_S, "the caller hears nothing"
        step = talk.go_on(came)


def _silent_after(step: Step, came: StepOutcome, before_s: float) -> float:
    """For how many seconds the caller has heard nothing, nor done anything, after a step."""
    match step, came:
        case Collect(prompts=prompts), Digits(digits="", timed_out=True):
            return (0.0 if prompts else before_s) + step.first_timeout_s
        case LookUp(meanwhile=()), LookUpFailed(LookUpFault.TIMEOUT):
            return before_s + min(45.0, step.timeout_s * step.tries)
        case (Play() | Collect() | Enqueue() | RecordVoice() | TransferToAgent(), _) | (
            TransferToNumber() | LookUp(meanwhile=(_, *_)),
            _,
        ):
            return 0.0
        case _:
            return before_s


def _silence(step: Step) -> StepOutcome:
    match step:
        case Collect():
            return Digits("", timed_out=True)
        case Enqueue() | TransferToAgent() | TransferToNumber():
            return Left(QueueExit.TIMEOUT)
        case AskHours() | RecordVoice() | BookCallback() | OptOut() | DrawLots():
            return NotDone()
        case LookUp():
            return LookUpFailed(LookUpFault.TIMEOUT)
        case _:
            return Done()
