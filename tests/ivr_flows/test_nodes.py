"""The nodes one by one: what they ask for, and which exit they take."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from domain.flow_facts import Scored
from domain.identity import QueueName
from ivr_flows.flow import Flow
from ivr_flows.interpreter import Conversation
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
    Note,
    Opening,
    OpeningState,
    Play,
    QueueExit,
    RecordVoice,
    Step,
    StepOutcome,
    VoiceRecorded,
)
from ivr_flows.walkable import FlowContext

HEAD = """
flow: little
languages: [en]
start: a
variables:
  order: {type: digits}
  pin: {type: digits, secret: true}
  state: {type: text}
  amount: {type: money}
  day: {type: date}
  at: {type: time}
prompts:
  hello: {en: Hello}
  ask: {en: Your number}
  say_order: {en: "Order {order}, {amount}"}
nodes:
"""


def flow_of(nodes: str, head: str = HEAD) -> Flow:
    return load(head + nodes, "little.yaml")


def walked(
    flow: Flow, outcomes: list[StepOutcome], context: FlowContext | None = None
) -> tuple[list[Step], Conversation]:
    """The steps until the flow is over, or the outcomes are used up."""
    talk = Conversation(flow, context or FlowContext(answered=True))
    step: Step | None = talk.begin()
    steps = []
    while step is not None:
        steps.append(step)
        plain = isinstance(step, Note | Hangup | Apologise) or (
            isinstance(step, Play) and not step.waiting
        )
        if not plain and not outcomes:
            break
        step = talk.go_on(Done() if plain else outcomes.pop(0))
    return steps, talk


def said(steps: list[Step]) -> list[str]:
    return [p.text for step in steps if isinstance(step, Play | Collect) for p in step.prompts]


def end(steps: list[Step]) -> str:
    last = steps[-1]
    assert isinstance(last, Hangup), last
    return last.why


ENDS = "".join(f"  {why}: {{kind: hangup, why: {why}}}\n" for why in ("good", "bad", "other"))

COLLECT = """
  a:
    kind: collect
    prompts: ask
    variable: order
    shortest: 3
    longest: 5
    exits: {done: b, exhausted: bad}
  b: {kind: set, values: {amount: 12.5}, exits: {next: c}}
  c: {kind: say, prompts: say_order, exits: {next: good}}
""" + ENDS.replace("  other: {kind: hangup, why: other}\n", "")


def test_what_is_keyed_in_is_read_back_digit_by_digit() -> None:
    steps, talk = walked(flow_of(COLLECT), [Digits("12"), Digits("1234")])
    assert said(steps)[-1] == "Order one two three four, 12 yuan and 50 cents"
    assert end(steps) == "good"
    assert [left.exit for left in talk.passed()] == ["done", "next", "next", None]


def test_too_few_digits_use_up_the_tries() -> None:
    steps, _ = walked(flow_of(COLLECT), [Digits("12"), Digits("", timed_out=True), Digits("1")])
    assert end(steps) == "bad"


@pytest.mark.parametrize(
    ("check", "digits", "fits"),
    [
        ("id_number", "11010519491231002*", True),
        ("id_number", "110105194912310021", False),
        ("id_number", "11010519491331002*", False),
        ("card_number", "6222020000000000003", False),
        ("card_number", "4539578763621486", True),
        ("mobile", "13800138000", True),
        ("mobile", "23800138000", False),
        ("date", "20260229", False),
        ("date", "20280229", True),
        ("time", "2359", True),
        ("time", "2400", False),
        ("time", "1260", False),
        ("time", "930", False),
        ("digits", "12*", False),
    ],
)
def test_digits_are_checked_before_they_are_taken(check: str, digits: str, fits: bool) -> None:
    node = f"  a: {{kind: collect, prompts: ask, variable: order, check: {check}, tries: 1,"
    flow = flow_of(node + " exits: {done: good, exhausted: bad}}\n" + ENDS.split("  other")[0])
    steps, _ = walked(flow, [Digits(digits)])
    assert end(steps) == ("good" if fits else "bad")


def test_secret_digits_are_in_no_note_and_not_kept() -> None:
    node = "  a: {kind: collect, prompts: ask, variable: pin, shortest: 4, tries: 2,"
    flow = flow_of(node + " exits: {done: good, exhausted: bad}}\n" + ENDS.split("  other")[0])
    steps, talk = walked(flow, [Digits("12"), Digits("4711")])
    asked = [step for step in steps if isinstance(step, Collect)]
    assert all(step.secret for step in asked) and len(asked) == 2
    assert "12" not in str([step for step in steps if isinstance(step, Note)])
    assert talk.kept == {} and "4711" not in repr(steps)


CHOOSE = (
    """
  a: {kind: set, values: {state: Sent, amount: "99.90", day: "2026-11-27"}, exits: {next: b}}
  b:
    kind: choose
    cases:
      - when: [{variable: amount, at_least: 100}, {variable: state, is: sent}]
        exit: large
      - when: {variable: state, one_of: [SENT, packed]}
        exit: small
    exits: {large: bad, small: good, otherwise: other}
"""
    + ENDS
)


def test_the_first_case_that_holds_is_taken() -> None:
    flow = flow_of(CHOOSE)
    assert end(walked(flow, [])[0]) == "good"
    more = flow_of(CHOOSE.replace('"99.90"', "100"))
    assert end(walked(more, [])[0]) == "bad"
    none = flow_of(CHOOSE.replace("state: Sent", 'state: ""'))
    assert end(walked(none, [])[0]) == "other"


DAY = (
    """
  a: {kind: set, values: {day: "2026-11-27"}, exits: {next: b}}
  b:
    kind: choose
    cases: [{when: {variable: day, at_least: "{today}"}, exit: to_come}]
    exits: {to_come: good, otherwise: other}
"""
    + ENDS.split("  bad")[0]
    + "  other: {kind: hangup, why: other}\n"
)


@pytest.mark.parametrize(
    ("today", "why"), [(date(2026, 11, 27), "good"), (date(2026, 11, 28), "other"), (None, "other")]
)
def test_a_variable_is_compared_with_another(today: date | None, why: str) -> None:
    context = FlowContext(answered=True, known={"today": today})
    assert end(walked(flow_of(DAY), [], context)[0]) == why


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ("{now}", '"day" is of type date and "now" of type time; expected the same'),
        ("{yesterday}", 'there is no variable "yesterday"'),
    ],
)
def test_a_variable_is_compared_with_one_of_its_type(other: str, fault: str) -> None:
    errors = check(HEAD + DAY.replace("{today}", other), "little.yaml").errors
    assert fault in str(errors[0])


HOURS = (
    "  a: {kind: hours, calendar: shop, exits: {open: good, closed: bad, holiday: other}}\n" + ENDS
)


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Opening(OpeningState.OPEN), "good"),
        (Opening(OpeningState.CLOSED), "bad"),
        (Opening(OpeningState.HOLIDAY), "other"),
        (NotDone(), "good"),
    ],
)
def test_hours_are_asked_when_the_call_comes_there(outcome: StepOutcome, why: str) -> None:
    steps, _ = walked(flow_of(HOURS), [outcome])
    assert steps[0] == AskHours("a", "shop")
    assert end(steps) == why


LOOK_UP = (
    """
  a:
    kind: look_up
    url: "https://shop.example/orders/{order}"
    secrets: {Authorization: shop_token}
    take: {state: orders.0.state, amount: orders.0.total}
    exits: {found: b, not_found: other, failed: bad}
  b: {kind: choose, cases: [{when: {variable: state, is: sent}, exit: sent}],
      exits: {sent: good, otherwise: other}}
"""
    + ENDS
)


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (LookedUp({"orders": [{"state": "sent", "total": 12}]}), "good"),
        (LookedUp({"orders": [{"state": "<b>sent</b>", "total": "12.00"}]}), "other"),
        (LookedUp({"orders": []}), "other"),
        (LookedUp({"orders": [{"state": {"x": 1}, "total": 12}]}), "other"),
        (LookedUp({"orders": [{"state": "sent", "total": "much"}]}), "other"),
        (LookedUp([1, 2]), "other"),
        (LookUpFailed(LookUpFault.NOT_FOUND), "other"),
        (LookUpFailed(LookUpFault.TIMEOUT), "bad"),
    ],
)
def test_an_answer_is_used_or_the_exit_for_none_is_taken(outcome: StepOutcome, why: str) -> None:
    steps, _ = walked(flow_of(LOOK_UP), [outcome])
    (asked,) = [step for step in steps if isinstance(step, LookUp)]
    assert asked.url == "https://shop.example/orders/" and asked.secrets == {
        "Authorization": "shop_token"
    }
    assert end(steps) == why


def test_lots_send_a_share_each_way() -> None:
    flow = flow_of(
        "  a: {kind: split, shares: {x: 30, y: 50, z: 20}, exits: {x: good, y: bad, z: other}}\n"
        + ENDS
    )
    for number, why in (
        (0.0, "good"),
        (0.29, "good"),
        (0.3, "bad"),
        (0.79, "bad"),
        (0.99, "other"),
    ):
        steps, _ = walked(flow, [Drawn(number)])
        assert isinstance(steps[0], DrawLots) and end(steps) == why


QUEUE = (
    """
  a:
    kind: queue
    queue: sales
    keys: {"*": voicemail}
    most_waiting: 20
    meanwhile: offer
    every: 30
    leaves: {callback: the caller wants to be called}
    exits: {talked: good, timeout: bad, overflow: bad, voicemail: other, callback: book}
  offer: {kind: menu, prompts: ask, keys: {"1": yes}, tries: 1, exits: {yes: away, exhausted: stay}}
  away: {kind: return, exit: callback}
  stay: {kind: return}
  book: {kind: callback, queue: sales, exits: {booked: good, refused: bad}}
"""
    + ENDS
)


def test_the_in_queue_flow_keeps_the_callers_place() -> None:
    known = FlowContext(answered=True, known={"caller": "13800138000", "today": date(2026, 11, 27)})
    outcomes: list[StepOutcome] = [
        MenuIsDue(),
        Digits("", timed_out=True),
        MenuIsDue(),
        Digits("1"),
        Done(),
        Done(),
    ]
    steps, _ = walked(flow_of(QUEUE), outcomes, known)
    waits = [step for step in steps if isinstance(step, Enqueue)]
    assert [step.goes_on for step in waits] == [False, True]
    assert (waits[0].keys, waits[0].most_waiting, waits[0].every_s) == ("*", 20, 30.0)
    assert all(step.waiting for step in steps if isinstance(step, Collect))
    assert any(isinstance(step, LeaveQueue) for step in steps)
    (booked,) = [step for step in steps if isinstance(step, BookCallback)]
    assert (booked.number, booked.at) == ("13800138000", None)
    assert end(steps) == "good"


def test_an_agent_who_is_found_ends_the_in_queue_flow_at_once() -> None:
    outcomes: list[StepOutcome] = [MenuIsDue(), AgentFound(), Left(QueueExit.TALKED)]
    steps, _ = walked(flow_of(QUEUE), outcomes)
    assert [type(step).__name__ for step in steps if not isinstance(step, Note)] == [
        "Enqueue", "Collect", "Enqueue", "Hangup",
    ]  # fmt: skip
    assert end(steps) == "good"
    outcomes = [MenuIsDue(), Digits("1"), AgentFound(), Left(QueueExit.TALKED)]
    assert end(walked(flow_of(QUEUE), outcomes)[0]) == "good", "an agent was quicker than the key"


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (Left(QueueExit.KEY, "*"), "other"),
        (Left(QueueExit.OVERFLOW), "bad"),
        (Left(QueueExit.TIMEOUT), "bad"),
        (Left(QueueExit.NOBODY), "bad"),
        (Left(QueueExit.TALKED), "good"),
    ],
)
def test_each_end_of_a_wait_has_its_exit(left: Left, why: str) -> None:
    assert end(walked(flow_of(QUEUE), [left])[0]) == why


def test_a_callback_at_a_time_names_it() -> None:
    flow = flow_of(
        '  a: {kind: set, values: {order: "13800138000", day: "20261201", at: "0930"},'
        " exits: {next: b}}\n"
        "  b: {kind: callback, number: order, queue: sales, date: day, time: at,"
        " exits: {booked: good, refused: bad}}\n" + ENDS.split("  other")[0]
    )
    steps, _ = walked(flow, [NotDone()])
    assert steps[0] == BookCallback(
        "b", "13800138000", datetime(2026, 12, 1, 9, 30), QueueName("sales")
    )
    assert end(steps) == "bad"


def test_a_message_is_left_empty_or_not_at_all() -> None:
    flow = flow_of(
        "  a: {kind: voicemail, prompts: hello, queue: sales,"
        " exits: {done: good, empty: bad, failed: other}}\n" + ENDS
    )
    for outcome, why in (
        (VoiceRecorded("m1", 4.2), "good"),
        (VoiceRecorded("m2", 0.0), "bad"),
        (NotDone(), "other"),
    ):
        steps, _ = walked(flow, [outcome])
        assert isinstance(steps[1], RecordVoice) and steps[1].box == "sales"
        assert end(steps) == why


def test_a_survey_asks_each_question_and_stops_at_one_that_is_not_answered() -> None:
    flow = flow_of(
        "  a: {kind: survey, tries: 1, questions: {agent: {prompts: hello}, shop: {prompts: ask}},"
        " exits: {answered: good, unanswered: bad}}\n" + ENDS.split("  other")[0]
    )
    steps, _ = walked(flow, [Digits("4"), Digits("5")])
    assert [s.what for s in steps if isinstance(s, Note)] == [Scored(4, "agent"), Scored(5, "shop")]
    assert end(steps) == "good"
    assert end(walked(flow, [Digits("4"), Digits("9")])[0]) == "bad"


SUB = load(
    """
flow: identify
languages: [en]
start: a
variables: {number: {type: digits}, customer: {type: digits}}
prompts: {ask: {en: Who are you}}
nodes:
  a: {kind: collect, prompts: ask, variable: customer, tries: 1, exits: {done: b, exhausted: c}}
  b: {kind: return, exit: known}
  c: {kind: return, exit: stranger}
""",
    "identify.yaml",
)
CALLS_SUB = (
    "  a: {kind: flow, flow: identify, give: {number: caller}, take: {order: customer},"
    " returns: [known, stranger], exits: {known: b, stranger: bad}}\n"
    "  b: {kind: say, prompts: say_order, exits: {next: good}}\n" + ENDS.split("  other")[0]
)


def test_a_sub_flow_gives_back_what_it_found() -> None:
    context = FlowContext(answered=True, flows={"identify": SUB})
    steps, talk = walked(flow_of(CALLS_SUB), [Digits("77")], context)
    assert [step.node for step in steps if isinstance(step, Collect)] == ["a>a"]
    assert said(steps)[-1] == "Order seven seven, "
    assert end(steps) == "good"
    assert [left.node for left in talk.passed()] == ["a>a", "a>b", "a", "b", "good"]
    assert end(walked(flow_of(CALLS_SUB), [Digits("", timed_out=True)], context)[0]) == "bad"


def test_a_call_goes_on_within_a_sub_flow_with_what_was_kept() -> None:
    context = FlowContext(
        answered=True, flows={"identify": SUB}, kept={"order": "5", "1.number": "1234"}
    )
    talk = Conversation(flow_of(CALLS_SUB), context, "a>a")
    step = talk.begin()
    assert isinstance(step, Collect) and step.node == "a>a"
    assert talk.kept == {"order": "5", "1.number": "1234"}


def test_flows_that_enter_each_other_for_ever_are_stopped() -> None:
    texts = {
        name: load(
            f"flow: {name}\nlanguages: [en]\nstart: a\nnodes:\n"
            f"  a: {{kind: flow, flow: {other}, exits: {{done: b}}}}\n  b: {{kind: hangup}}\n",
            f"{name}.yaml",
        )
        for name, other in (("one", "two"), ("two", "one"))
    }
    steps, _ = walked(texts["one"], [], FlowContext(answered=True, flows=texts))
    assert [type(step).__name__ for step in steps] == ["Apologise", "Hangup"]
    gone, _ = walked(texts["one"], [], FlowContext(answered=True))
    assert isinstance(gone[0], Apologise) and gone[0].why == "no_flow"


def test_a_caller_who_has_gone_silent_does_not_go_round_for_ever() -> None:
    flow = flow_of(
        "  a: {kind: menu, prompts: ask, keys: {'1': on}, exits: {on: good, exhausted: a}}\n"
        "  good: {kind: hangup}\n"
    )
    talk = Conversation(flow, FlowContext(answered=True))
    step: Step | None = talk.begin()
    count = 0
    while step is not None:
        count += 1
        assert count < 10_000
        silent: StepOutcome = Digits("", timed_out=True) if isinstance(step, Collect) else Done()
        last, step = step, talk.go_on(silent)
    assert isinstance(last, Hangup) and last.why == "went_round"


@pytest.mark.parametrize("url", ["https://a.example:99999/", "https://[::1", "https://a:x/"])
def test_an_address_that_cannot_be_asked_is_a_fault(url: str) -> None:
    nodes = f"  a: {{kind: look_up, url: '{url}', exits: {{found: b, failed: b}}}}\n"
    found = check(HEAD + nodes + "  b: {kind: hangup}\n", "little.yaml")
    assert "not an address" in found.errors[0].message


def test_who_waits_for_hours_is_asked_for_as_long() -> None:
    flow = flow_of(
        "  a: {kind: queue, queue: q, meanwhile: b, exits: {talked: c, timeout: c}}\n"
        "  b: {kind: say, prompts: ask, exits: {next: r}}\n"
        "  r: {kind: return}\n"
        "  c: {kind: hangup}\n"
    )
    talk = Conversation(flow, FlowContext(answered=True))
    step: Step | None = talk.begin()
    for _ in range(1_000):
        assert isinstance(step, Enqueue)
        assert isinstance(talk.go_on(MenuIsDue()), Play)
        step = talk.go_on(Done())
    assert talk.go_on(Left(QueueExit.TALKED)) == Hangup("c", "done")


def test_nobody_is_kept_in_silence() -> None:
    flow = flow_of(
        "  a: {kind: pause, seconds: 60, exits: {next: b}}\n"
        "  b:\n    kind: look_up\n    url: https://a.example/\n    timeout: 30\n"
        "    exits: {found: c, failed: a}\n"
        "  c: {kind: hangup}\n"
    )
    talk = Conversation(flow, FlowContext(answered=True))
    step: Step | None = talk.begin()
    hung = LookUpFailed(LookUpFault.TIMEOUT)
    for _ in range(2):
        assert isinstance(step, Collect)
        assert isinstance(talk.go_on(Digits("", timed_out=True)), LookUp)
        step = talk.go_on(hung)
    assert isinstance(step, Apologise) and step.why == "went_round"


def test_values_have_their_type_whatever_comes() -> None:
    steps, talk = walked(
        flow_of(
            "  a: {kind: set, values: {amount: 3, day: '2026-11-27', at: '18:05'},"
            " exits: {next: b}}\n  b: {kind: hangup}\n"
        ),
        [],
    )
    assert isinstance(steps[-1], Hangup)
    assert talk.kept == {"amount": "3.00", "day": "2026-11-27", "at": "18:05"}
    assert (Decimal("3.00"), time(18, 5)) == (Decimal(talk.kept["amount"]), time(18, 5))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("returns: [known, stranger], exits: {known: b, stranger: bad}",
         "returns: [known], exits: {known: b}",
         'the flow "identify" returns with the exit "stranger" too'),
        ("give: {number: caller}", "give: {nubmer: caller}",
         'the flow "identify" has no variable "nubmer"; expected "number", "customer"; '
         'did you mean "number"?'),
        ("take: {order: customer}", "take: {state: customer}",
         '"state" is of type text and "customer" of the other flow of type digits'),
        ("take: {order: customer}", "take: {pin: customer}",
         '"pin" and "customer" of the other flow are not both secret'),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_sub_flow_is_found(old: str, new: str, expected: str) -> None:
    assert old in CALLS_SUB
    outside = Outside(flows={"identify": SUB})
    assert check(HEAD + CALLS_SUB, "little.yaml", outside).errors == ()
    (error,) = check(HEAD + CALLS_SUB.replace(old, new), "little.yaml", outside).errors[:1]
    assert expected in str(error)


def test_a_flow_that_comes_back_into_itself_is_refused() -> None:
    text = (
        "flow: identify\nlanguages: [en]\nstart: a\nnodes:\n"
        "  a: {kind: flow, flow: little, exits: {done: b}}\n  b: {kind: return}\n"
    )
    round_trip = load(text, "identify.yaml")
    nodes = "  a: {kind: flow, flow: identify, exits: {done: b}}\n  b: {kind: hangup}\n"
    outside = Outside(flows={"identify": round_trip})
    (error,) = check(HEAD + nodes, "little.yaml", outside).errors
    assert 'the flow "identify" leads back into this one' in str(error)


GOES_ON = "flow: {name}\nlanguages: [en]\nprompts: {{p: {{en: Hi}}}}\nstart: a\nnodes:\n{nodes}"
AT_ONCE = "  a: {{kind: go_on, flow: {to}}}\n"
ASKS = (
    "  a: {{kind: menu, prompts: p, keys: {{'1': b}}, exits: {{b: b, exhausted: b}}}}\n"
    "  b: {{kind: go_on, flow: {to}}}\n"
)


@pytest.mark.parametrize(
    ("here", "there", "spins"),
    [(AT_ONCE, AT_ONCE, True), (ASKS, AT_ONCE, False), (AT_ONCE, ASKS, False)],
)
def test_flows_that_go_on_in_each_other_for_ever_are_refused(
    here: str, there: str, *, spins: bool
) -> None:
    def written(name: str, nodes: str, to: str) -> str:
        return GOES_ON.format(name=name, nodes=nodes.format(to=to)).replace(
            "prompts: {p: {en: Hi}}\n" if nodes is AT_ONCE else "\0", ""
        )

    other = load(written("other", there, "one"), "other.yaml")
    found = check(written("one", here, "other"), "one.yaml", Outside(flows={"other": other}))
    said = [str(error) for error in found.errors]
    assert ["leads back here, and never waits" in one for one in said] == [True] * spins
    itself = check(written("one", here, "one"), "one.yaml").errors
    assert bool(itself) is (here is AT_ONCE)
