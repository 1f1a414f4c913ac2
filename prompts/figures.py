"""Writes the figures of a text as the words that are said, where a program reads them wrongly.

espeak-ng reads Chinese figures as other numbers (100000000 as "九百万", 3.14 as "三一四", the year
2026 as a number, 10:05 without its zero), and English times, prices and telephone numbers as loose
figures (10:05 as "ten zero five", 4008001000 as four billion). So it is given words. Pure.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from domain.dictation import groups_of
from prompts.chinese_numbers import cardinal, counted, dictated, digits

_Rule = tuple["re.Pattern[str]", Callable[["re.Match[str]"], str]]


def in_words(text: str, language: str) -> str:
    """The text as it is given to the program that speaks this language."""
    kind = language.lower()
    if kind in ("zh", "zh-cn", "zh-sg", "zh-hans"):
        return _changed(text, _CHINESE)
    if kind == "en" or kind.startswith("en-"):
        return _changed(text, _ENGLISH)
    return text


def _changed(text: str, rules: tuple[_Rule, ...]) -> str:
    for pattern, change in rules:
        text = pattern.sub(change, text)
    return text


_AMOUNT = r"(?P<amount>[-−]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?)"
_DATE = re.compile(r"(?<!\d)([12]\d{3})[-/](0?[1-9]|1[0-2])[-/](3[01]|[12]\d|0?[1-9])(?!\d)", re.A)
_TIME = r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])"


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-"))


# --- Chinese

_MEASURES = (
    "分钟|小时|秒|天|周|星期|年(?!级)|点(?![0-9])|块|个|位(?![于置])|名|人|通|次|遍|条|台|件|项|种|"
    "张|本|份|笔|角|层|间|家|辆|箱|盒|瓶|公里|米|斤|公斤|岁|倍"
)
_CALLED = "拨打|致电|来电|拨|电话|热线|分机|工号|尾号|号码|验证码|编号|单号|卡号|账号|代码|密码"
_YEAR = r"(?<!\d)([12]\d{3})(?= ?年(?!级|期|间))"


def _zh_dictated(figures: str) -> str:
    return "，".join(map(dictated, groups_of(figures)))


def _zh_called(found: "re.Match[str]") -> str:
    parts = [part for part in re.split(r"[- ]", found["number"]) if part]
    said = "，".join(map(_zh_dictated, parts)) if len(parts) > 1 else _zh_dictated(parts[0])
    return found["before"] + ("加" if found["plus"] else "") + said


def _zh_parts(found: "re.Match[str]") -> str:
    said = "，".join(map(_zh_dictated, found["number"].split("-")))
    return ("加" if found["plus"] else "") + said


def _zh_date(found: "re.Match[str]") -> str:
    return f"{digits(found[1])}年{cardinal(int(found[2]))}月{cardinal(int(found[3]))}日"


def _zh_time(found: "re.Match[str]") -> str:
    minute, second = int(found[2]), int(found[3] or 0)
    said = f"{counted(int(found[1]))}点"
    if minute or second:
        said += f"{'零' if minute < 10 else ''}{cardinal(minute)}分" if minute else "零分"
    return said + (f"{cardinal(second)}秒" if second else "")


def _zh_padded(minute: str) -> str:
    value = int(minute)
    return f"{'零' if value < 10 and len(minute) == 2 else ''}{cardinal(value)}"


def _zh_money(found: "re.Match[str]") -> str:
    amount = _decimal(found["amount"])
    cents = abs(amount) * 100
    if cents != int(cents):
        return f"{cardinal(amount)}元"
    yuan, jiao, fen = int(cents) // 100, int(cents) // 10 % 10, int(cents) % 10
    said = f"{counted(yuan)}元" if yuan or not cents else ""
    if jiao:
        said += f"{counted(jiao)}角"
    elif fen and yuan:
        said += "零"
    if fen:
        said += f"{counted(fen)}分"
    return ("负" if amount < 0 else "") + said


def _zh_number(found: "re.Match[str]") -> str:
    text = found["amount"]
    plain = text.lstrip("-−")
    if plain.isdecimal() and (len(plain) >= 8 or (len(plain) > 1 and plain.startswith("0"))):
        return ("负" if text != plain else "") + _zh_dictated(plain)
    return cardinal(_decimal(text))


_CHINESE: tuple[_Rule, ...] = (
    (_DATE, _zh_date),
    (re.compile(rf"{_TIME}\s*[-~～—–]\s*(?=\d{{1,2}}:)", re.A), lambda m: f"{_zh_time(m)}到"),
    (re.compile(_TIME, re.A), _zh_time),
    (
        re.compile(r"(?<![\d.])([01]?\d|2[0-4])点(\d{1,2})(?=分)", re.A),
        lambda m: f"{counted(int(m[1]))}点{_zh_padded(m[2])}",
    ),
    (re.compile(_YEAR, re.A), lambda m: digits(m[1])),
    (
        re.compile(
            rf"(?P<before>(?:{_CALLED})(?:[是为：:]|\s)*)(?P<plus>\+?)"
            r"(?P<number>\d{2,}(?:[- ]\d+)*)",
            re.A,
        ),
        _zh_called,
    ),
    (
        re.compile(
            r"(?<![\d.-])(?P<plus>\+?)(?P<number>\d{2,4}(?:-\d{3,8})+|(?<=\+)\d{8,15})(?![\d-])",
            re.A,
        ),
        _zh_parts,
    ),
    (re.compile(rf"{_AMOUNT}\s*[%％]", re.A), lambda m: f"百分之{cardinal(_decimal(m['amount']))}"),
    (re.compile(rf"[¥￥]\s*{_AMOUNT}(?:\s*元)?", re.A), _zh_money),
    (re.compile(rf"{_AMOUNT}\s*元(?!旦|素|老|首|件)", re.A), _zh_money),
    (
        re.compile(r"(?<![\d.:-])(\d{1,4})\s*[-~～—–]\s*(?=\d{1,4}(?![\d.:-]))", re.A),
        lambda m: f"{cardinal(int(m[1]))}到",
    ),
    (re.compile(r"第\s*(\d{1,7})(?!\d)", re.A), lambda m: f"第{cardinal(int(m[1]))}"),
    (
        re.compile(rf"(?<![\d.,:十百千万零点第-])2(?= ?(?:{_MEASURES}))", re.A),
        lambda _: "两",
    ),
    (re.compile(rf"(?<![\d.]){_AMOUNT}(?!\d)", re.A), _zh_number),
    (re.compile(r"\d+", re.A), lambda m: digits(m[0])),
)

# --- English

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONEY = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
    "¥": ("yuan", ""),
}


def _en_date(found: "re.Match[str]") -> str:
    return f"{_MONTHS[int(found[2]) - 1]} {int(found[3])}, {found[1]}"


def _en_time(found: "re.Match[str]") -> str:
    hour, minute, half = int(found[1]), int(found[2]), (found["half"] or "").strip().lower()
    if not half and hour > 12:
        hour, half = hour - 12, "p.m." if hour < 24 else "a.m."
    elif not half and hour == 0:
        hour, half = 12, "a.m."
    half = {"am": "a.m.", "pm": "p.m.", "a.m": "a.m.", "p.m": "p.m."}.get(half, half)
    said = str(hour)
    if minute:
        said += f" oh {minute}" if minute < 10 else f" {minute}"
    elif not half:
        said += " o'clock"
    return f"{said} {half}".rstrip()


def _en_money(found: "re.Match[str]") -> str:
    amount = _decimal(found["amount"])
    whole, part = _MONEY[found["sign"]]
    cents = abs(amount) * 100
    if not part or cents != int(cents):
        part = ""
    units, rest = divmod(int(cents), 100) if part else (abs(amount), 0)
    said = f"{units} {whole}{'' if units == 1 or whole == 'yuan' else 's'}"
    if rest:
        small = ("pence" if part == "penny" else f"{part}s") if rest != 1 else part
        said = f"{said} and {rest} {small}" if units else f"{rest} {small}"
    return ("minus " if amount < 0 else "") + said


def _en_called(found: "re.Match[str]") -> str:
    parts = [part for part in re.split(r"[- ]", found["number"]) if part]
    groups = parts if len(parts) > 1 else groups_of(parts[0])
    said = ", ".join(" ".join(group) for group in groups)
    return ("plus " if found["plus"] else "") + said


_ENGLISH: tuple[_Rule, ...] = (
    (_DATE, _en_date),
    (
        re.compile(rf"{_TIME}(?P<half>\s*[ap]\.?m\b\.?)?", re.A | re.I),
        _en_time,
    ),
    (re.compile(rf"(?P<sign>[$€£¥])\s*{_AMOUNT}", re.A), _en_money),
    (
        re.compile(
            r"(?<![\d.,-])(?P<plus>\+?)"
            r"(?P<number>\d{7,}|\d{1,4}(?:-\d{3,8})+|\d{1,4}(?: \d{3,4}){2,})"
            r"(?![\d,-]|\.\d)",
            re.A,
        ),
        _en_called,
    ),
)
