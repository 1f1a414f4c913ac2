"""Tests that are written beside a flow, and the call that is played for them."""

from datetime import datetime

import pytest

from configuration.flows import LIBRARY
from documents.document_errors import DocumentError
from ivr_flows.steps import LookedUp, OpeningState, QueueExit
from ivr_flows.trying.conversing import conversed, with_test
from ivr_flows.trying.playing import play_all
from ivr_flows.trying.rehearsal import DoesNotFit, Rehearsal
from ivr_flows.trying.rehearsed import CallBegins, Happened, HeardPrompt
from ivr_flows.trying.scripts import ScriptBeginning, Scripts, ScriptStep, load_scripts
from tests.ivr_flows.caller import hotline
from tests.ivr_flows.test_nodes import ENDS, HEAD, HOURS, LOOK_UP, QUEUE, flow_of

HOTLINE = (LIBRARY / "hotline.tests.yaml").read_text()
MORNING = CallBegins(datetime(2026, 11, 27, 9, 59, 58))


def scripts(*steps: str, more: str = "") -> Scripts:
    lines = "".join(f"      - {step}\n" for step in steps)
    return load_scripts(f"flow: little\ntests:\n  one:\n{more}    steps:\n{lines}", "t.yaml")


def open_always(_calendar: str | None, _at: datetime) -> OpeningState:
    return OpeningState.OPEN


def test_tests_say_which_exits_they_leave_out() -> None:
    first = HOTLINE[: HOTLINE.index("\n  sales:")]
    came = play_all(hotline(), load_scripts(first, "hotline.tests.yaml"), {})
    assert came.faults == ()
    assert ("menu", "service") in came.coverage.taken
    assert ("menu", "sales") in came.coverage.missed


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("waits_in: service", "waits_in: sales",
         'expected the caller to wait in "sales"; at "service" the caller waits in "service"'),
        ("hears: please_score", "hears: thanks",
         'the caller does not hear "thanks"; they hear: Please rate our service'),
        ("ends: done", "ends: no_agent",
         'expected the call to end with "no_agent"; the call has ended with "done"'),
        ("      - queue: talked\n", "",
         'the caller does not hear "please_score"; they hear: Please hold'),
        ("      - queue: talked\n", '      - presses: "1"\n',
         '"presses" does not fit here; at "service" the caller waits in "service"'),
        ("      - hears: thanks\n      - ends: done\n\n", "\n", None),
        ('      - presses: "5"\n      - hears: thanks\n      - ends: done\n\n', "\n",
         'the test ends here, but the call goes on: at "score" a key of the caller is awaited'),
    ],
)  # fmt: skip
def test_a_test_that_fails_says_at_which_step_and_what_happens_there(
    old: str, new: str, expected: str | None
) -> None:
    assert old in HOTLINE
    faults = play_all(hotline(), load_scripts(HOTLINE.replace(old, new, 1), "t.yaml"), {}).faults
    if expected is None:
        assert faults == ()
    else:
        (fault,) = faults
        assert expected in str(fault) and str(fault).startswith("t.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("- hears: greeting", "- heers: greeting", 'did you mean "hears"?'),
        ("- hears: greeting", "- {hears: greeting, silent: true}", "a step says one thing"),
        ('presses: "2"', "presses: zwei", '"steps.1.presses"'),
        ("flow: hotline", "flow: Hot line", "the name of the flow that is tested"),
        ("    note: Whoever presses 2", "    at: tomorrow\n    note: Whoever presses 2", '"at"'),
    ],
)
def test_a_fault_in_a_file_of_tests_has_its_place(old: str, new: str, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load_scripts(HOTLINE.replace(old, new, 1), "t.yaml")
    every = " ".join(map(str, (caught.value, *caught.value.others)))
    assert expected in every


def test_hours_and_lots_are_as_the_test_says() -> None:
    closed = scripts("ends: bad", more="    hours: {shop: closed}\n")
    assert play_all(flow_of(HOURS), closed, {}).faults == ()
    split = flow_of(
        "  a: {kind: split, shares: {x: 30, y: 70}, exits: {x: good, y: bad}}\n"
        + ENDS.split("  other")[0]
    )
    assert play_all(split, scripts("ends: bad", more="    lots: 30\n"), {}).faults == ()
    assert play_all(split, scripts("ends: good", more="    lots: 29\n"), {}).faults == ()


def test_a_look_up_answers_what_the_test_says() -> None:
    flow = flow_of(LOOK_UP)
    sent = scripts("answers: {orders: [{state: sent, total: 3}]}", "ends: good")
    assert play_all(flow, sent, {}).faults == ()
    assert play_all(flow, scripts("fails: timeout", "ends: bad"), {}).faults == ()
    assert play_all(flow, scripts("answers: null", "ends: other"), {}).faults == ()


def test_the_in_queue_flow_is_tried_too() -> None:
    flow = flow_of(QUEUE)
    stays = scripts("waits_in: sales", "menu: true", "silent: true", "waits_in: sales",
                    "queue: talked", "ends: good")  # fmt: skip
    assert play_all(flow, stays, {}).faults == ()
    leaves = scripts("menu: true", 'presses: "1"', "books: true", "ends: good")
    assert play_all(flow, leaves, {}).faults == ()
    found = scripts("menu: true", "agent_found: true", "queue: talked", "ends: good")
    assert play_all(flow, found, {}).faults == ()
    key = scripts('presses: "*"', "ends: other")
    assert play_all(flow, key, {}).faults == ()


def test_time_passes_by_what_is_said() -> None:
    flow = flow_of(
        "  a: {kind: say, prompts: [hello, hello, hello, hello, ask, ask], exits: {next: b}}\n"
        "  b: {kind: choose, cases: [{when: {variable: now, at_least: '10:00'}, exit: late}],"
        " exits: {late: good, otherwise: bad}}\n" + ENDS.split("  other")[0]
    )
    call = Rehearsal(flow, MORNING, open_always)
    assert call.ended == "good" and call.at > MORNING.at
    times = [one.at for one in call.told if isinstance(one, HeardPrompt)]
    assert times == sorted(times) and len(set(times)) == len(times)


def test_what_does_not_fit_is_refused_and_nothing_changes() -> None:
    call = Rehearsal(hotline(), MORNING, open_always)
    before = call.awaits
    with pytest.raises(DoesNotFit):
        call.leave_queue(QueueExit.TALKED)
    with pytest.raises(DoesNotFit):
        call.speak(3)
    assert call.awaits is before
    call.hang_up()
    assert call.ended == "hung_up"
    with pytest.raises(DoesNotFit):
        call.press("1")


MENUS = (
    """
  a: {kind: menu, prompts: ask, keys: {"1": x, "2": y}, exits: {x: b, y: other, exhausted: bad}}
  b: {kind: menu, prompts: hello, keys: {"1": x, "2": y}, exits: {x: good, y: bad, exhausted: bad}}
"""
    + ENDS
)


def test_keys_pressed_ahead_answer_the_next_question_too() -> None:
    both = play_all(flow_of(MENUS), scripts('presses: "12"', "ends: bad"), {})
    assert both.faults == ()
    assert not any(isinstance(one, HeardPrompt) and one.node == "b" for one in both.tests[0].told)
    said = "  a: {kind: say, prompts: hello, interruptible: false, exits: {next: b}}\n"
    first = MENUS.replace("  a: ", "  z: ").replace("x: b", "x: a")
    deaf = flow_of(first + said, HEAD.replace("start: a", "start: z"))
    assert play_all(deaf, scripts('presses: "12"', "silent: true", 'presses: "1"', "ends: good"), {}).faults == ()  # fmt: skip # noqa: E501


def test_what_is_kept_and_where_it_leads_can_be_expected() -> None:
    flow = flow_of(
        "  a: {kind: collect, prompts: ask, variable: order, exits: {done: b, exhausted: bad}}\n"
        "  b: {kind: collect, prompts: ask, variable: pin, exits: {done: c, exhausted: bad}}\n"
        "  c: {kind: agent, agent: '1001', exits: {talked: good, timeout: bad}}\n"
        + ENDS.split("  other")[0]
    )
    keyed = ('presses: "123#"', 'presses: "99#"')
    good = scripts(*keyed, 'holds: {order: "123"}', 'transfers_to: "1001"', "queue: talked",
                   "ends: good")  # fmt: skip
    assert play_all(flow, good, {}).faults == ()
    for step, expected in (
        ('holds: {order: "124"}', 'expected "order" to be "124"; it is "123"'),
        ('holds: {pin: "99"}', '"pin" is secret'),
        ("holds: {nothing: 1}", 'there is no variable "nothing" here'),
        ('transfers_to: "1002"', 'expected the caller to be brought to "1002"'),
        ("queue: key", '"queue" does not fit here'),
    ):
        (fault,) = play_all(flow, scripts(*keyed, step), {}).faults
        assert expected in str(fault)
        assert "99" not in str(play_all(flow, scripts(*keyed, step), {}).tests[0].told)


def test_tests_of_another_flow_are_not_played() -> None:
    others = load_scripts("flow: big\ntests: {one: {steps: [{ends: x}]}}", "t.yaml")
    came = play_all(flow_of(MENUS), others, {})
    assert came.tests == () and 'tests of the flow "big"' in str(came.faults[0])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("silent: false", '"silent" can only be true'),
        ("presses:", '"presses" says nothing'),
        ("queue: dinner", "queue"),
        ("says: .nan", "not a plain number"),
    ],
)
def test_a_step_that_says_nothing_is_a_fault(step: str, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        scripts(step)
    assert expected in str(caught.value) and caught.value.line == 5


@pytest.mark.parametrize(
    "text",
    ["", "flow: x\n", "flow: x\ntests: {}\n", "flow: x\ntests: {a: {steps: []}}", "&a [*a]", "\x00",
     "flow: x\ntests: {a: {at: 9999-12-31 23:59, steps: [{ends: x}]}}", "[" * 5000,
     "flow: x\ntests:\n" + "  a: {steps: [{ends: x}]}\n" * 2],
)  # fmt: skip
def test_a_file_of_tests_that_is_none_has_one_clear_error(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load_scripts(text, "t.yaml")
    assert str(caught.value).startswith("t.yaml:")


def test_a_conversation_that_never_ends_is_stopped() -> None:
    flow = flow_of(
        "  a: {kind: say, prompts: hello, exits: {next: b}}\n"
        "  b: {kind: menu, prompts: ask, keys: {'1': x, '2': y}, tries: 1,"
        " exits: {x: a, y: good, exhausted: a}}\n" + ENDS.split("  bad")[0]
    )
    quiet = play_all(flow, scripts(*["silent: true"] * 400), {})
    assert "the call has ended" in str(quiet.faults[0])  # nobody may be there any more
    many = [f"  t{n}: {{steps: [{', '.join(['{silent: true}'] * 40)}]}}" for n in range(120)]
    text = "flow: little\ntests:\n" + "\n".join(many)
    assert len(play_all(flow, load_scripts(text, "t.yaml"), {}).tests) == 120


def test_a_caller_waits_until_the_menu_is_due_or_they_have_waited_enough() -> None:
    flow = flow_of(QUEUE)
    step = flow.nodes["a"].settings.every  # type: ignore[attr-defined]
    waits = (f"waits: {step - 1:g}", "waits_in: sales", "waits: 1", "silent: true")
    assert play_all(flow, scripts(*waits, "waits_in: sales", "queue: talked", "ends: good"), {}).faults == ()  # fmt: skip # noqa: E501


def test_a_conversation_is_written_down_as_a_test_that_passes() -> None:
    steps = [ScriptStep(presses="2"), ScriptStep(presses="2"), ScriptStep(queue=QueueExit.TALKED)]
    flow, begins = hotline(), ScriptBeginning(caller="", at="2026-11-27 10:00")
    came = conversed(flow, begins, [*steps, ScriptStep(says=3)], {})
    assert came.done == tuple(steps) and not came.fitted
    for text in ("", HOTLINE, HOTLINE + "# the end\n", HOTLINE.replace("flow: hotline\n", "") + "flow: hotline\n"):  # fmt: skip # noqa: E501
        new = with_test(text, "hotline", "tried", came.as_test(begins))
        found = load_scripts(new, "t.yaml")
        assert play_all(flow, found, {}).faults == ()
        assert found.tests["tried"].caller == ""
        assert all(line in new.splitlines() for line in text.splitlines())
        with pytest.raises(DocumentError, match="there is a test"):
            with_test(new, "hotline", "tried", came.as_test(begins))
    with pytest.raises(DocumentError, match="by itself"):
        with_test("{flow: hotline, tests: {a: {steps: [{ends: x}]}}}", "hotline", "tried", came.as_test(begins))  # fmt: skip # noqa: E501


def test_what_an_answer_lacks_is_shown() -> None:
    call = Rehearsal(flow_of(LOOK_UP), MORNING, open_always)
    call.answer(LookedUp({"orders": [{"total": "none of your business"}]}))
    told = [(one.what, one.about) for one in call.told if isinstance(one, Happened)]
    assert ("lacks", "state") in told
    assert call.ended == "other"
