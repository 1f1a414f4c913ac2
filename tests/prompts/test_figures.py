"""What the speaking program is given in place of figures, and what it makes of it."""

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dictation import groups_of
from prompts.figures import in_words
from prompts.speech import voice_of

CHINESE = {
    "2026年": "二零二六年",
    "2026年11月27日": "二零二六年十一月二十七日",
    "2026-10-01": "二零二六年十月一日",
    "2026/1/2放假": "二零二六年一月二日放假",
    "2005 年": "二零零五 年",
    "保修2年": "保修两年",
    "合同12年": "合同十二年",
    "2年级": "二年级",
    "1000年": "一零零零年",
    "10:05": "十点零五分",
    "2:00": "两点",
    "14:30": "十四点三十分",
    "0:00": "零点",
    "8:00:05": "八点零分五秒",
    "9:00-18:00": "九点到十八点",
    "9:00～17:30营业": "九点到十七点三十分营业",
    "1.2.3": "一点二.三",
    "2点5分": "两点五分",
    "1234元5角": "一千二百三十四元五角",
    "5元2角": "五元两角",
    "下午2点05分": "下午两点零五分",
    "1,234.50": "一千二百三十四点五零",
    "1,234.50元": "一千二百三十四元五角",
    "￥0.05": "五分",
    "¥12.02": "十二元零两分",
    "2元": "两元",
    "0.2元": "两角",
    "0元": "零元",
    "-3.5元": "负三元五角",
    "3.145元": "三点一四五元",
    "2元旦": "二元旦",
    "50%": "百分之五十",
    "99.9％": "百分之九十九点九",
    "-3": "负三",
    "3.14": "三点一四",
    "12345": "一万二千三百四十五",
    "10005": "一万零五",
    "100,000,000": "一亿",
    "007": "零零七",
    "2个": "两个",
    "12个": "十二个",
    "22个": "二十二个",
    "第2位": "第二位",
    "第 2 个": "第二 个",
    "第12个": "第十二个",
    "3-5个工作日": "三到五个工作日",
    "1~2天": "一到两天",
    "您前面还有2位": "您前面还有两位",
    "请按1": "请按一",
    "按2": "按二",
    "13812345678": "幺三八，幺二三四，五六七八",
    "400-800-1000": "四零零，八零零，幺零零零",
    "010-61234567": "零幺零，六幺二三，四五六七",
    "+86 138": "+八十六 一百三十八",
    "+8613812345678": "加八六幺三，八幺二三，四五六七，八",
    "请拨打95588": "请拨打九五五八，八",
    "请拨打110": "请拨打幺幺零",
    "热线：10086": "热线：幺零零八，六",
    "工号1002": "工号幺零零二",
    "分机 12": "分机 幺二",
    "验证码是 041": "验证码是 零四幺",
    "电话 138 1234 5678": "电话 幺三八，幺二三四，五六七八",
    "没有数字": "没有数字",
}
ENGLISH = {
    "at 10:05": "at 10 oh 5",
    "at 10:00": "at 10 o'clock",
    "10:15 pm": "10 15 p.m.",
    "9:00 a.m. to 6:00 p.m.": "9 a.m. to 6 p.m.",
    "14:30": "2 30 p.m.",
    "0:05": "12 oh 5 a.m.",
    "24:00": "12 a.m.",
    "2026-10-01": "October 1, 2026",
    "$12.50": "12 dollars and 50 cents",
    "$1": "1 dollar",
    "$0.05": "5 cents",
    "£2.01": "2 pounds and 1 penny",
    "¥1,234.5": "1234.5 yuan",
    "-3 degrees": "-3 degrees",
    "1,234.50": "1,234.50",
    "100,000,000": "100,000,000",
    "4008001000": "4 0 0, 8 0 0, 1 0 0 0",
    "call 400-800-1000": "call 4 0 0, 8 0 0, 1 0 0 0",
    "1 800 555 0199": "1, 8 0 0, 5 5 5, 0 1 9 9",
    "+8613812345678": "plus 8 6 1 3, 8 1 2 3, 4 5 6 7, 8",
    "press 1": "press 1",
    "in 2026": "in 2026",
    "3-5 days": "3-5 days",
    "50%": "50%",
}


@pytest.mark.parametrize(("text", "said"), CHINESE.items())
def test_chinese(text: str, said: str) -> None:
    assert in_words(text, "zh-CN") == said


@pytest.mark.parametrize(("text", "said"), ENGLISH.items())
def test_english(text: str, said: str) -> None:
    assert in_words(text, "en") == said


def test_another_language_is_left_as_it_is() -> None:
    assert in_words("10:05 2026年", "fr") == "10:05 2026年"
    assert in_words("10:05", "zh-HK") == "10:05"


@given(st.text("0123456789.,:-/%¥$元年月第个+ 电话x", max_size=40))
def test_nothing_breaks_and_no_chinese_figure_is_left(text: str) -> None:
    assert not re.search("[0-9]", in_words(text, "zh-CN"))
    in_words(text, "en")


@given(st.text("0123456789", max_size=30))
def test_groups_are_the_number(number: str) -> None:
    assert "".join(groups_of(number)) == number


def _phonemes(text: str, language: str) -> str:
    command = ["espeak-ng", "-v", voice_of(language).names[0], "-q", "-x", "--stdin"]
    said = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    return " ".join(said.decode().split())


def test_espeak_says_the_words_that_it_did_not_say_of_the_figures() -> None:
    """What it makes of figures alone is why they are rewritten."""
    for figures, words, language in (
        ("2026年", "二零二六年", "zh-CN"),
        ("3.14", "三点一四", "zh-CN"),
        ("100,000,000", "一亿", "zh-CN"),
        ("10:05", "十点零五分", "zh-CN"),
        ("10:05", "10 oh 5", "en"),
        ("4008001000", "4 0 0, 8 0 0, 1 0 0 0", "en"),
    ):
        rewritten = in_words(figures, language)
        assert rewritten == words
        assert _phonemes(rewritten, language) != _phonemes(figures, language), figures
    assert _phonemes("二零零零年", "zh-CN").count("l'i35N") == 3
