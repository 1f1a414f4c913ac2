"""Calls that come again: where they went, where a draft would bring them, what can't be said."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from domain.flow_facts import NodePassed
from ivr_flows.flow import Flow
from ivr_flows.loader import check
from ivr_flows.steps import OpeningState
from ivr_flows.trying.acting import always_open
from ivr_flows.trying.replay import CantReplay, Destination, MadeCall, PlaceKind, Replayed, replay

AT = datetime(2026, 11, 20, 10)
FLOW = """\
flow: tea
languages: [en]
start: hello
prompts: {hello: {en: Hello}}
variables: {pin: {type: digits, secret: true}, number: {type: digits}, state: {type: text}}
nodes:
  hello: {kind: say, prompts: hello, exits: {next: hours}}
  hours: {kind: hours, calendar: shop, exits: {open: menu, closed: bye}}
  menu:
    kind: menu
    prompts: hello
    keys: {"1": sales, "2": service, "3": pin, "4": order, "5": half, "6": box}
    exits: {sales: sales, service: service, pin: pin, order: order, half: half, box: box,
      exhausted: bye}
  sales: {kind: queue, queue: sales, meanwhile: menu2, every: 30, keys: {"9": away},
    exits: {talked: bye, timeout: box, away: bye}}
  menu2: {kind: menu, prompts: hello, keys: {"8": stay}, exits: {stay: stay, exhausted: stay}}
  stay: {kind: return}
  service: {kind: queue, queue: service, exits: {talked: bye, timeout: bye}}
  pin: {kind: collect, prompts: hello, variable: pin, exits: {done: sales, exhausted: bye}}
  order: {kind: look_up, url: "https://a.example/", take: {state: state},
    exits: {found: sales, failed: service}}
  half: {kind: split, shares: {a: 50, b: 50}, exits: {a: sales, b: service}}
  box: {kind: voicemail, queue: shop, prompts: hello, exits: {done: bye, empty: bye, failed: bye}}
  bye: {kind: hangup}
"""
SWAPPED = FLOW.replace('"1": sales, "2": service', '"2": sales, "1": service')


def flow(text: str) -> Flow:
    found = check(text, "tea.yaml")
    assert found.flow is not None, found.errors
    return found.flow


def node(name: str, out: str | None, answers: str | None = None, before_s: float = 0) -> NodePassed:
    return NodePassed(name, out, before_s, 1.0, answers)


def made(*nodes: NodePassed, opening: str = "open") -> MadeCall:
    return MadeCall(
        "pbx1-1.1", AT, "138", "4001",
        (node("hello", "next", None, 90), node("hours", opening, f"={opening}", 80), *nodes),
    )  # fmt: skip


SALES = made(node("menu", "sales", "7,1", 70), node("sales", "talked", None, 60))
HUNG_UP = made(node("menu", None, "7", 70))


def again(call: MadeCall, text: str = SWAPPED, before: str = FLOW) -> Replayed:
    flows: Mapping[str, Flow] = {}
    return replay(call, flow(before), flow(text), flows, always_open)


def queue(name: str) -> Destination:
    return Destination(PlaceKind.QUEUE, name)


def test_who_pressed_a_key_that_means_something_else_now_goes_elsewhere() -> None:
    assert again(SALES) == Replayed("pbx1-1.1", AT, "138", (queue("sales"),), (queue("service"),))
    assert again(SALES).elsewhere
    assert not again(SALES, FLOW).elsewhere


def test_who_hung_up_at_a_question_hangs_up_at_it_again() -> None:
    found = again(HUNG_UP)
    assert found.went == found.would_go == (Destination(PlaceKind.HUNG_UP, "menu"),)
    early = MadeCall("c", AT, None, None, (node("hello", None),))
    assert again(early).went == (Destination(PlaceKind.HUNG_UP, "menu"),), "there they'd be asked"


def test_a_wait_ends_as_it_ended_and_what_comes_after_counts() -> None:
    call = made(
        node("menu", "sales", "1", 70), node("sales>menu2", "stay", "8", 30),
        node("sales>stay", "", None, 28), node("sales>menu2", "", "=agent", 5),
        node("sales", "timeout", "=menu,=menu", 60), node("box", "done", "=4.0", 3),
    )  # fmt: skip
    found = again(call, FLOW)
    assert found.went == (queue("sales"), Destination(PlaceKind.VOICEMAIL, "shop")), found
    assert not found.elsewhere
    without = FLOW.replace("timeout: box, away", "timeout: bye, away")
    assert again(call, without).would_go == (queue("sales"), Destination(PlaceKind.ENDED, "done"))
    key = made(node("menu", "sales", "1", 70), node("sales", "away", "9", 60), node("bye", ""))
    assert again(key, FLOW).went == (queue("sales"), Destination(PlaceKind.ENDED, "done"))


def test_lots_and_hours_are_those_of_the_call() -> None:
    drawn = made(node("menu", "half", "5", 70), node("half", "b", "=0.7312", 60),
                 node("service", "talked", None, 60))  # fmt: skip
    more = FLOW.replace("a: 50, b: 50", "a: 80, b: 20")
    assert again(drawn, more).would_go == (queue("sales"),)
    assert again(drawn, more).went == (queue("service"),)
    shut = made(node("bye", "", None, 70), opening="closed")
    assert again(shut, FLOW).went == (Destination(PlaceKind.ENDED, "done"),)


def test_a_question_with_another_name_takes_the_keys_of_the_one_that_is_gone() -> None:
    renamed = FLOW.replace("menu:\n", "choice:\n").replace("open: menu", "open: choice")
    assert not again(SALES, renamed).elsewhere


@pytest.mark.parametrize(
    ("call", "text", "why", "where"),
    [
        (made(node("menu", "pin", "3", 70), node("pin", "done", "?", 60)), FLOW,
         CantReplay.SECRET, "pin"),
        (made(node("menu", "order", "4", 70), node("order", "found", "=found", 60)), FLOW,
         CantReplay.LOOKED_UP, "order"),
        (SALES, FLOW.replace("start: hello", "start: more").replace(
            "nodes:\n", "nodes:\n  more: {kind: collect, prompts: hello, variable: number, "
            "exits: {done: hello, exhausted: hello}}\n"), CantReplay.ASKED_MORE, "more"),
        (made(node("menu", "service", "1", 70), node("service", "talked")), FLOW,
         CantReplay.NOT_RECORDED, "sales"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_said(
    call: MadeCall, text: str, why: CantReplay, where: str
) -> None:
    found = again(call, text)
    assert (found.why_not, found.node) == (why, where)
    assert not found.elsewhere


def test_a_failed_look_up_fails_again() -> None:
    failed = made(node("menu", "order", "4", 70), node("order", "failed", "=timeout", 60),
                  node("service", None, None, 55))  # fmt: skip
    assert again(failed, FLOW).went == (queue("service"),)


def test_a_flow_that_is_gone_says_nothing() -> None:
    found = replay(SALES, None, flow(FLOW), {}, always_open)
    assert found.why_not is CantReplay.NO_FLOW


def test_whatever_is_recorded_comes_to_an_end() -> None:
    odd = made(node("menu", "sales", "=x,=agent,,1", 70), node("sales", "menu", "=menu," * 90, 60))
    again(odd, FLOW)
    assert OpeningState.OPEN  # always_open's


@pytest.mark.parametrize("answer", ["=status", "=status:500"])
def test_a_status_is_read_with_its_number_and_without(answer: str) -> None:
    failed = made(node("menu", "order", "4", 70), node("order", "failed", answer, 60),
                  node("service", None, None, 55))  # fmt: skip
    assert again(failed, FLOW).went == (queue("service"),)
