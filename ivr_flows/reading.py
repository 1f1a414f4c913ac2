"""How values are read to a caller: digits one by one, amounts with their currency, dates. Pure.

Figures that are left are said as words by ``prompts.figures``, those of a text that somebody wrote,
too.
"""

from calendar import month_name
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from types import MappingProxyType

from domain.dictation import groups_of
from ivr_flows.values import Value, VariableType

MANDARIN = frozenset({"zh", "zh-CN"})

_ZH_DIGITS = MappingProxyType(
    dict(zip("0123456789", "零幺二三四五六七八九", strict=True)) | {"*": "星", "#": "井", "+": "加"}
)
"""As numbers are dictated: 1 is yao, which nobody takes for 7."""
_EN_DIGITS = MappingProxyType(
    dict(
        zip(
            "0123456789",
            "zero one two three four five six seven eight nine".split(),  # noqa: SIM905
            strict=True,
        )
    )
    | {"*": "star", "#": "pound", "+": "plus"}
)
_EN_MONTHS = tuple(month_name)[1:]
_LARGE = 10**7


def read_aloud(value: Value, how: VariableType, language: str) -> str:
    """What is said for a value; "" for one that isn't known.

    Chinese is as said in mainland China; any other language than Chinese is read as English.
    """
    if value is None:
        return ""
    zh = language in MANDARIN
    match how:
        case VariableType.DIGITS:
            return _digits(str(value), _ZH_DIGITS if zh else _EN_DIGITS, "" if zh else " ")
        case VariableType.MONEY if isinstance(value, Decimal):
            return _money_zh(value) if zh else _money_en(value)
        case VariableType.NUMBER if isinstance(value, Decimal):
            return _number(value)
        case VariableType.DATE if isinstance(value, date):
            if zh:
                return f"{value.year}年{value.month}月{value.day}日"
            return f"{_EN_MONTHS[value.month - 1]} {value.day}, {value.year}"
        case VariableType.TIME if isinstance(value, time):
            return _time_zh(value) if zh else _time_en(value)
        case VariableType.YES_NO if isinstance(value, bool):
            return ("是" if value else "否") if zh else ("yes" if value else "no")
        case _:
            return str(value)


def _number(value: Decimal) -> str:
    """As figures; large ones with commas, so that nobody takes them for a number to be dictated."""
    plain = value.normalize()
    return f"{plain:,f}" if abs(plain) >= _LARGE else f"{plain:f}" if value else "0"


def _digits(text: str, words: Mapping[str, str], between: str) -> str:
    known = "".join(each for each in text if each in words)
    sign = known[: len(known) - len(known.lstrip("+"))]
    groups = [*sign, *groups_of(known[len(sign) :])]
    pause = "，" if between == "" else ", "
    return pause.join(between.join(words[each] for each in group) for group in groups)


def _money_zh(value: Decimal) -> str:
    cents = int(abs(value) * 100)
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    parts = [f"{yuan}元" if yuan or cents == 0 else ""]
    if jiao:
        parts.append(f"{jiao}角")
    elif fen and yuan:
        parts.append("零")
    if fen:
        parts.append(f"{fen}分")
    return ("负" if value < 0 else "") + "".join(parts)


def _money_en(value: Decimal) -> str:
    cents = int(abs(value) * 100)
    whole, rest = divmod(cents, 100)
    said = f"{whole} yuan"
    if rest:
        said = f"{said} and {rest} cents" if whole else f"{rest} cents"
    return ("minus " if value < 0 else "") + said


def _time_zh(value: time) -> str:
    hour, minute = value.hour, value.minute
    part = (
        "凌晨" if hour < 6 else "上午" if hour < 12 else "中午" if hour == 12 else "下午"
        if hour < 18 else "晚上"
    )  # fmt: skip
    shown = hour if hour <= 12 else hour - 12
    spoken = "两" if shown == 2 else str(shown)
    if minute == 0:
        return f"{part}{spoken}点"
    if minute == 30:
        return f"{part}{spoken}点半"
    return f"{part}{spoken}点{'零' if minute < 10 else ''}{minute}分"


def _time_en(value: time) -> str:
    hour, half = value.hour % 12 or 12, "a.m." if value.hour < 12 else "p.m."
    if value.minute == 0:
        return f"{hour} {half}"
    return f"{hour} {'oh ' if value.minute < 10 else ''}{value.minute} {half}"
