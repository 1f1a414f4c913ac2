"""The hotline's flow, heard from the caller's end."""

import pytest

from domain.flow_facts import ChoiceMade, LanguageChosen, Misdialled, Scored
from ivr_flows.steps import AnswerCall, Collect, Enqueue, Play, QueueExit
from ivr_flows.walkable import FlowContext
from tests.ivr_flows.caller import Call, hotline


def test_from_greeting_to_goodbye_in_english() -> None:
    call = Call(hotline(), keys="225")
    assert isinstance(call.steps[0], AnswerCall)
    greeting = call.steps[1]
    assert isinstance(greeting, Play)
    assert [(p.name, p.language) for p in greeting.prompts] == [
        ("greeting", "zh-CN"),
        ("greeting", "en"),
    ]
    assert call.queues == ["service"]
    assert call.notes == [
        LanguageChosen("en"),
        ChoiceMade("menu", "2", "service"),
        Scored(5, "service"),
    ]
    assert call.said[-2:] == ["thanks", "goodbye"]
    assert call.end == "done"
    assert call.answers == 1
    after_language = [s for s in call.steps if isinstance(s, Play | Collect)][2:]
    assert {p.language for s in after_language for p in s.prompts} == {"en"}


def test_a_caller_chooses_only_what_the_number_has() -> None:
    one = Call(hotline(), keys="25", context=FlowContext(languages=("en", "fr")))
    assert "choose_language" not in one.said  # nothing to choose
    assert one.notes == [
        LanguageChosen("en"),
        ChoiceMade("menu", "2", "service"),
        Scored(5, "service"),
    ]
    assert {p.language for s in one.steps if isinstance(s, Play | Collect) for p in s.prompts} == {
        "en"
    }
    both = ("en", "zh-CN")
    silent = Call(hotline(), context=FlowContext(languages=both, usual="en"))
    assert silent.notes[0] == LanguageChosen("en")
    assert Call(hotline(), context=FlowContext(languages=both)).notes[0] == LanguageChosen("zh-CN")
    none = Call(hotline(), keys="2", context=FlowContext(languages=("fr",)))
    assert none.notes[0] == LanguageChosen("en")  # as if the number had said nothing


@pytest.mark.parametrize(("key", "queue"), [("1", "sales"), ("2", "service"), ("0", "operator")])
def test_each_key_of_the_menu_leads_to_its_queue(key: str, queue: str) -> None:
    assert Call(hotline(), keys=["1", key]).queues == [queue]


def test_a_silent_caller_hears_chinese_and_reaches_the_operator_after_three_tries() -> None:
    call = Call(hotline())
    assert call.notes[0] == LanguageChosen("zh-CN")
    assert [n for n in call.notes if getattr(n, "node", None) == "menu"] == [
        Misdialled("menu", "", n) for n in (1, 2, 3)
    ]
    assert call.said.count("no_key") == 2
    assert "to_operator" in call.said
    assert call.queues == ["operator"]
    assert call.said.count("please_score") == 2, "asked once more, then left in peace"
    assert "thanks" not in call.said
    assert call.end == "done"


def test_wrong_keys_are_told_from_silence() -> None:
    call = Call(hotline(), keys=["1", "9", "", "1", "7", "3"])
    assert call.said.count("wrong_key") == 1
    assert call.said.count("no_key") == 1
    assert call.queues == ["sales"]
    assert call.said.count("score_again") == 1
    assert call.notes[-1] == Scored(3, "service")


def test_a_wrong_key_at_the_language_is_asked_again_and_ends_in_the_default() -> None:
    again = Call(hotline(), keys=["8", "2", "1"])
    assert LanguageChosen("en") in again.notes
    never = Call(hotline(), keys=["8", "9", "1"])
    assert LanguageChosen("zh-CN") in never.notes
    assert never.queues == ["sales"]


def test_a_hash_alone_is_a_wrong_key_and_not_silence() -> None:
    call = Call(hotline(), keys=["1", "#", "1"])
    assert "wrong_key" in call.said
    assert "no_key" not in call.said


def test_a_key_during_the_greeting_is_the_language() -> None:
    call = Call(hotline(), keys="1", during={"greeting": "2"})
    assert LanguageChosen("en") in call.notes
    assert "choose_language" not in call.said
    assert call.queues == ["sales"]


def test_keys_typed_ahead_answer_one_question_each() -> None:
    call = Call(hotline(), during={"greeting": "20"})
    assert call.queues == ["operator"]
    assert "main_menu" not in call.said
    assert "please_hold" in call.said, "nothing is left typed, so they listen again"


def test_keys_before_the_wait_are_no_score_after_it() -> None:
    call = Call(hotline(), keys=["1", "1"], during={"sales": "1"})
    assert call.said.count("please_score") == 2
    assert not any(isinstance(note, Scored) for note in call.notes)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (QueueExit.TIMEOUT, "all_busy"),
        (QueueExit.NOBODY, "nobody_here"),
        (QueueExit.FAILED, "all_busy"),
    ],
)
def test_callers_whom_no_agent_takes_are_told_so(why: QueueExit, said: str) -> None:
    call = Call(hotline(), keys="11", queue=why)
    assert call.said[-1] == said
    assert "please_score" not in call.said
    assert call.end == "no_agent"


def test_a_waiting_call_is_taken_back_without_its_greeting() -> None:
    context = FlowContext(language="en", answered=True, taken_back=True)
    call = Call(hotline(), context=context, start="service")
    first = call.steps[0]
    assert isinstance(first, Enqueue)  # the caller hears it in the queue, not before
    assert [(p.name, p.language) for p in first.back] == [("we_are_back", "en")]
    assert call.queues == ["service"]
    assert "please_hold" not in call.said
    assert call.answers == 0


def test_a_call_whose_agent_talked_while_the_controller_was_away_is_asked_for_its_score() -> None:
    flow = hotline()
    waiting = next(s for s in Call(flow, keys="11").steps if isinstance(s, Enqueue))
    context = FlowContext(language="en", answered=True)
    call = Call(flow, keys="4", context=context, start=waiting.exits["talked"])
    assert call.said[0] == "please_score"
    assert call.notes == [Scored(4, "service")]
