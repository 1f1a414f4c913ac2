"""Faults in flows: where, what, what was expected, and what to do."""

import time

import pytest

from documents.document_errors import DocumentError
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.references import Outside

WITH_QUEUES = Outside({NameOf.QUEUE: {"sales", "service"}})

GOOD = """\
flow: shop
languages: [zh-CN, en]
start: welcome
prompts:
  hello: {zh-CN: 您好, en: Hello}
  menu: {zh-CN: 请按1, en: Press 1}
  place: {zh-CN: "第{position}位", en: "You are number {position}"}
announcements: {position: place}
nodes:
  welcome:
    kind: say
    prompts: [hello]
    exits: {next: choose}
  choose:
    kind: menu
    prompts: menu
    keys: {"1": buy, "*": again}
    exits:
      buy: sales
      again: welcome
      exhausted: end
  sales:
    kind: queue
    queue: sales
    exits: {talked: rate, timeout: end}
  rate:
    kind: survey
    questions:
      service: {prompts: menu}
    exits: {answered: end}
  end: {kind: hangup}
"""


def fault(old: str, new: str, *, text: str = GOOD) -> str:
    assert old in text
    with pytest.raises(DocumentError) as caught:
        load(text.replace(old, new, 1), "shop.yaml", WITH_QUEUES)
    return str(caught.value)


def test_the_good_one_is_good_and_wires_what_was_left_out() -> None:
    flow = load(GOOD, "shop.yaml", WITH_QUEUES)
    assert flow.languages == ("zh-CN", "en")
    assert flow.nodes["sales"].exits == {
        "talked": "rate",
        "timeout": "end",
        "nobody": "end",
        "failed": "end",
    }
    assert flow.nodes["rate"].exits["unanswered"] == "end"
    assert flow.queues == {"sales"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("exhausted: end", "exhuasted: end",
         'shop.yaml:14:3: exit "exhausted" of node "choose" leads nowhere; expected a node; '
         'add "exhausted: ..." under its "exits:" (and 1 more in this file)'),
        ("again: welcome", "again: welcom",
         'shop.yaml:20:14: exit "again" of node "choose" leads to "welcom", which is not a node; '
         'expected "welcome", "choose", "sales", "rate", "end"; did you mean "welcome"?'),
        ("start: welcome", "start: wellcome",
         'shop.yaml:3:8: the flow starts at "wellcome", which is not a node; expected "welcome", '
         '"choose", "sales", "rate", "end"; did you mean "welcome"?'),
        ("prompts: [hello]", "prompts: [menu, helo]",
         'shop.yaml:12:21: there is no prompt "helo"; expected "hello", "menu", "place"; '
         'did you mean "hello"?'),
        ("kind: menu", "kind: mneu",
         'shop.yaml:15:11: node "choose" is of kind "mneu"; expected one of "say", "play", '
         '"language", "menu", "collect", "choose", "set", "hours", "split", "look_up", "queue", '
         '"agent" ...; did you mean "menu"?'),
        ("    queue: sales", "    queue: slaes",
         'shop.yaml:24:12: there is no queue "slaes"; expected'),
        ("    queue: sales", "    qeue: sales",
         'shop.yaml:24:5: node "sales" (queue) has no setting "qeue"; expected "note", "queue", '
         '"prompts", "music", "priority", "longest_wait", "most_waiting", "keys", "meanwhile", '
         '"every", "leaves"; did you mean "queue"?'),
        ("service: {prompts: menu}", "service: {}",
         'shop.yaml:29:7: "questions.service" of node "rate" (survey) lacks "prompts"; expected '
         'the question; add "prompts: ..."'),
        ("    prompts: menu\n    keys", "    promts: menu\n    prompts: menu\n    keys",
         'shop.yaml:16:5: node "choose" (menu) has no setting "promts"; expected "note", '
         '"prompts", "keys", "wrong_key", "silence", "timeout", "tries"; did you mean "prompts"?'),
        ("    prompts: menu\n    keys", "    prompts: menu\n    tries: 0\n    keys",
         'shop.yaml:17:12: "tries" of node "choose" (menu) is 0; expected greater than or equal '
         "to 1; it is how often to ask altogether"),
        ("    prompts: menu\n    keys", "    prompts: menu\n    timeout: \"6\"\n    keys",
         'shop.yaml:17:14: "timeout" of node "choose" (menu) is \'6\'; expected a number; '
         "it is seconds to wait for a key"),
        ('"*": again', '"12": again',
         'shop.yaml:17:22: "12" is not a key on a phone; expected one of 0 to 9, "*" or "#", '
         "in quotes"),
        ('"*": again', "1: again",
         'shop.yaml:17:22: "1" is here twice, first on line 17; remove one of them'),
        ('"*": again', '"*": exhausted',
         'shop.yaml:17:27: "exhausted" is the exit of callers who used up their tries'),
        ('"*": again', "*: again",
         'shop.yaml:17:22: an alias (*:) is not allowed; write the value out; the key * is '
         'written "*", in quotes'),
        ("{zh-CN: 您好, en: Hello}", "{zh-CN: 您好}",
         'shop.yaml:5:3: prompt "hello" has no text in en; expected one for each language; '
         'add "en: ..."'),
        ("{zh-CN: 您好, en: Hello}", "{zh-CH: 您好, en: Hello}",
         'shop.yaml:5:3: prompt "hello" has no text in zh-CN; expected one for each language; '
         'add "zh-CN: ..." (and 1 more in this file)'),
        ("en: Hello", "en: 5",
         'shop.yaml:5:26: prompt "hello" in en is not text; put it in quotes'),
        ("en: Hello", "en: ...",
         'shop.yaml:5:26: prompt "hello" in en has nothing to say; expected words'),
        ("en: Hello", 'en: "Hello {"',
         'shop.yaml:5:26: prompt "hello" in en has a brace that names no variable'),
        ("{zh-CN: 您好, en: Hello}", "Hello",
         'shop.yaml:5:10: prompt "hello" has no texts; expected one for each language; '
         'write "zh-CN: ...", "en: ..."'),
        ("number {position}", "number one",
         'shop.yaml:7:38: prompt "place" in en says no variable; expected {position}, as '
         "in zh-CN"),
        ("prompts: [hello]", "prompts: [place]",
         'shop.yaml:7:18: prompt "place" says {position}, which is not a variable here; expected '
         '"caller", "called", "known", "language", "today", "now"; declare it under "variables:"'),
        ("announcements: {position: place}", "announcements: {position: hello}",
         'shop.yaml:8:27: prompt "hello" in zh-CN doesn\'t say {position}; it is announced '
         "to waiting callers; say it"),
        ("announcements: {position: place}", "announcements: {postion: place}",
         'shop.yaml:8:17: "announcements" has no setting "postion"; expected "next", "position"'),
        ("languages: [zh-CN, en]", "languages: [zh-CN, en, en]",
         'shop.yaml:2:24: language "en" is here twice; expected each once'),
        ("languages: [zh-CN, en]", "languages: [zh-CN, English]",
         'shop.yaml:2:20: "English" is not a language tag; expected one such as zh-CN or en'),
        ("flow: shop\n", "", 'shop.yaml:1:1: the flow lacks "flow"; expected the flow\'s name'),
        ("    exits: {next: choose}", "    exits: choose",
         'shop.yaml:13:12: "exits" of node "welcome" is not a mapping; expected each as '
         "exit: node"),
        ("  end: {kind: hangup}", "  end: {kind: hangup}\n  lost: {kind: hangup}",
         'shop.yaml:32:3: no call can reach node "lost"; expected a way from "welcome"; let '
         "an exit lead to it, or remove it"),
        ("  end: {kind: hangup}", "  end: hangup",
         'shop.yaml:31:3: node "end" has no kind; expected one of "say"'),
        ("    prompts: [hello]", "\t prompts: [hello]", "shop.yaml:12:1: this is not YAML: "),
        ("kind: say", "kind: !!python/name:os.system say",
         "shop.yaml:11:11: a tag (tag:yaml.org,2002:python/name:os.system) is not allowed"),
        ("[hello]", "*x", "shop.yaml:12:14: an alias (*x) is not allowed"),
        ("flow: shop", "flow: shop\n---\nflow: shop",
         "shop.yaml:2:1: a second document (---); expected one flow per file"),
        ("您好", "您\x01好", "shop.yaml:5:19: character '\\x01' is not allowed in YAML; remove it"),
        ("start: welcome", "start: welcome\nstart: end",
         'shop.yaml:4:1: "start" is here twice, first on line 3'),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what_to_do(old: str, new: str, expected: str) -> None:
    assert fault(old, new).startswith(expected)


def test_a_loop_that_waits_for_nobody_is_refused() -> None:
    text = GOOD.replace("next: choose", "next: second").replace(
        "  choose:", "  second: {kind: say, prompts: hello, exits: {next: welcome}}\n  choose:"
    )
    with pytest.raises(DocumentError) as caught:
        load(text, "shop.yaml")
    every = [caught.value, *caught.value.others]
    assert any("never waits for the caller" in str(f) for f in every)
    assert any("second -> welcome -> second" in str(f) for f in every)


def test_a_queue_without_agents_may_not_send_callers_round() -> None:
    text = GOOD.replace("timeout: end}", "timeout: end, nobody: sorry}").replace(
        "  end:", "  sorry: {kind: say, prompts: hello, exits: {next: sales}}\n  end:"
    )
    with pytest.raises(DocumentError, match="sales -> sorry -> sales never waits"):
        load(text, "shop.yaml")
    load(text.replace("nobody: sorry", "nobody: end").replace("timeout: end", "timeout: sorry"), "")


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("kind: menu", "kind: mneu").replace("start: welcome", "start: nowhere")
    with pytest.raises(DocumentError) as caught:
        load(text.replace("en: Hello", "en: 5"), "shop.yaml")
    lines = [caught.value.line, *(other.line for other in caught.value.others)]
    assert lines == [3, 5, 15]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "42\n"])
def test_what_is_no_flow_at_all_is_said_to_be_none(text: str) -> None:
    with pytest.raises(DocumentError, match="expected settings, each as name: value"):
        load(text, "empty.yaml")


def test_bytes_that_are_not_utf8_are_named_by_place() -> None:
    with pytest.raises(DocumentError) as caught:
        load(GOOD.encode("gb18030"), "shop.yaml")
    assert (caught.value.line, caught.value.column) == (5, 18)
    assert "is not UTF-8; save the file as UTF-8" in str(caught.value)


def test_a_byte_order_mark_from_windows_is_no_fault() -> None:
    load(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), "shop.yaml")


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
        "a: " + "[" * 100_000,
        "a: " + "{b: " * 60_000,
        "x" * 300_000,
        "a: " + "9" * 5_000,
        "a: [" + "1," * 120_000 + "]",
    ],
    ids=["aliases", "lists", "mappings", "huge", "number", "wide"],
)
def test_bombs_are_refused_quickly(bomb: str) -> None:
    began = time.process_time()  # not what others on this machine have used
    with pytest.raises(DocumentError):
        load(bomb, "bomb.yaml")
    assert time.process_time() - began < 20


PLAYS = GOOD.replace(
    "kind: say\n    prompts: [hello]", "kind: play\n    recordings: [hello, jingle]"
)


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ({"hello": {"zh-CN", "en"}}, 'no recording "jingle"; expected "hello"'),
        (
            {"hello": {"en"}, "jingle": {"zh-CN", "en"}},
            'the recording "hello" is missing in zh-CN, which the flow speaks; it is there in "en"',
        ),
    ],
)
def test_what_is_played_has_to_be_recorded_in_every_language(
    recorded: dict[str, set[str]], expected: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        load(PLAYS, "shop.yaml", Outside(recorded=recorded))
    assert expected in str(caught.value)
    assert "upload it under Prompts" in str(caught.value)
    assert caught.value.line == PLAYS[: PLAYS.index("recordings:")].count("\n") + 1
    whole = {"hello": {"zh-CN", "en"}, "jingle": {"zh-CN", "en", "fr"}}
    assert load(PLAYS, "shop.yaml", Outside(recorded=whole)).name == "shop"
    assert load(PLAYS, "shop.yaml").name == "shop", "by itself, that isn't checked"
