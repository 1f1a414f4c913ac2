"""Announcements and the catalogues of phrases."""

import math

import pytest

from configuration.flows import LIBRARY
from documents.document_errors import DocumentError
from ivr_flows.announcements import announcement, texts_to_prepare
from ivr_flows.phrases import DialplanPhrase, Phrases, StationPhrase, load_phrases
from ivr_flows.texts import Prompt
from ivr_flows.values import counts
from tests.ivr_flows.caller import hotline


def spoken(position: int | None, wait: float | None, language: str = "en") -> list[str]:
    return [text.text for text in announcement(hotline(), position, wait, language)]


@pytest.mark.parametrize(
    ("position", "wait", "said"),
    [
        (1, None, ["You are next. Please stay on the line."]),
        (2, None, ["You are number 2 in the queue."]),
        (3, 59.0, ["You are number 3 in the queue.", "Your wait should be less than a minute."]),
        (None, 61.0, ["Your wait should be about 2 minutes."]),
        (None, 600.0, ["Your wait should be about 10 minutes."]),
        (None, 601.0, ["Your wait should be about 15 minutes."]),
        (None, 0.0, ["Your wait should be less than a minute."]),
        (None, math.inf, []),
        (None, math.nan, []),
        (None, None, []),
    ],
)
def test_the_place_and_the_wait_are_said_in_round_figures(
    position: int | None, wait: float | None, said: list[str]
) -> None:
    assert spoken(position, wait) == said


def test_a_language_the_flow_lacks_is_replaced() -> None:
    assert spoken(2, None, "fr") == spoken(2, None, "zh-CN") == ["您现在排在第2位。"]


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (120.0, "预计等待时间大约两分钟。"),
        (180.0, "预计等待时间大约3分钟。"),
        (1300.0, "预计等待时间大约25分钟。"),
    ],
)
def test_two_minutes_are_said_as_mandarin_says_them(wait: float, said: str) -> None:
    assert spoken(None, wait, "zh-CN") == [said]
    assert spoken(None, 120.0, "en") == ["Your wait should be about 2 minutes."]


@pytest.mark.parametrize(
    ("language", "text", "n", "said"),
    [
        ("zh-CN", "您前面还有{n}位客户。", 2, "您前面还有两位客户。"),
        ("zh-CN", "您前面还有{n}位客户。", 12, "您前面还有12位客户。"),
        ("zh-CN", "您前面还有{n}位客户。", 22, "您前面还有22位客户。"),
        ("zh-CN", "您前面还有{n}位客户。", 20, "您前面还有20位客户。"),
        ("zh-CN", "您现在排在第{n}位。", 2, "您现在排在第2位。"),
        ("zh-CN", "您现在排在第 {n} 位。", 2, "您现在排在第 2 位。"),
        ("zh-CN", "大约 {n} 分钟，或1.2小时。", 2, "大约 两 分钟，或1.2小时。"),
        ("zh-CN", "售后服务请按{n}，{n}个月内有效。", 2, "售后服务请按2，两个月内有效。"),
        ("zh-CN", "{n}月{n}日{n}点", 2, "2月2日两点"),
        ("zh-CN", "{n}年级，窗口{n}位于一楼", 2, "2年级，窗口2位于一楼"),
        ("ja", "{n}人", 2, "2人"),
    ],
)
def test_two_is_another_word_before_a_measure_word_only(
    language: str, text: str, n: int, said: str
) -> None:
    assert Prompt("p", {language: text}).spoken(language, counts({"n": n})).text == said


def test_two_minutes_are_prepared_as_they_are_said() -> None:
    (said,) = announcement(hotline(), None, 120.0, "zh-CN")
    assert said.text.endswith("两分钟。") and said in texts_to_prepare(hotline())


def test_values_are_part_of_the_name_so_that_no_upload_is_taken_for_another() -> None:
    (text,) = announcement(hotline(), 7, None, "en")
    assert text.name == "your_position-7"


def test_all_that_can_be_known_beforehand_is_prepared() -> None:
    flow = hotline()
    texts = texts_to_prepare(flow)
    assert len(texts) == len(set(texts))
    assert {t.name for t in texts} >= {n for n, p in flow.prompts.items() if p.fixed}
    assert {f"your_position-{n}" for n in range(2, 11)} <= {t.name for t in texts}
    assert not any("{" in t.text for t in texts)


def catalogue(name: str, wanted: type[StationPhrase] | type[DialplanPhrase]) -> Phrases:
    path = LIBRARY / f"{name}.yaml"
    return load_phrases(path.read_bytes(), path.name, wanted)


def test_every_phrase_offhook_speaks_is_there_in_both_languages() -> None:
    for phrases in (catalogue("station", StationPhrase), catalogue("dialplan", DialplanPhrase)):
        assert phrases.languages == ("zh-CN", "en")
        for prompt in phrases.prompts.values():
            assert set(prompt.texts) == {"zh-CN", "en"}
    station = catalogue("station", StationPhrase)
    text = station.text(StationPhrase.WRAP_UP_EXTENDED, "en", seconds=30)
    assert text.text == "You have 30 more seconds of after call work."
    assert station.text(StationPhrase.READY, "fr").language == "zh-CN"
    others = [p for p in StationPhrase if p is not StationPhrase.WRAP_UP_EXTENDED]
    assert all(station.prompts[phrase].fixed for phrase in others)


def test_a_phrase_that_is_missing_is_named_with_the_nearest() -> None:
    text = "languages: [en]\nprompts:\n  redy: {en: You are ready.}\n"
    with pytest.raises(DocumentError) as caught:
        load_phrases(text, "station.yaml", ["ready"])
    assert str(caught.value) == (
        'station.yaml:2:1: there is no prompt "ready", which Offhook speaks; did you mean "redy"?'
    )
