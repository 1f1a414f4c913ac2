"""Numbers as they are said in mainland China. Pure.

Our own rather than cn2an's (MIT, kept): it knows neither 两 nor 幺, and leaves out a 零 where a
whole group of four is empty (1100005000 as 十一亿五千). The tests compare the two.
"""

from decimal import Decimal

_DIGITS = "零一二三四五六七八九"
_DICTATED = "零幺二三四五六七八九"
_TENS = ("", "十", "百", "千")
LARGEST = 10**16
"""From here on a number is said digit by digit."""


def cardinal(value: Decimal | int) -> str:
    """How many: 10205.3 is 一万零二百零五点三. A leading 2 before 千, 万 and 亿 is 两."""
    number = Decimal(value)
    if abs(number) >= LARGEST:
        return ("负" if number < 0 else "") + digits(f"{abs(number):f}".partition(".")[0])
    whole, _, rest = f"{abs(number):f}".partition(".")
    said = _whole(int(whole))
    if said.startswith(("二千", "二万", "二亿")):
        said = "两" + said[1:]
    if rest:
        said = f"{said}点{digits(rest)}"
    return ("负" if number < 0 else "") + said


def counted(value: Decimal | int) -> str:
    """How many of something that is counted: as ``cardinal``, but 2 by itself is 两."""
    return "两" if value == 2 else cardinal(value)


def digits(text: str) -> str:
    """Figures one by one, as those of years and after the point: 2026 is 二零二六."""
    return "".join(_DIGITS[int(each)] for each in text)


def dictated(text: str) -> str:
    """Figures one by one as numbers are dictated: 1 is 幺 (yao), which nobody takes for 7."""
    return "".join(_DICTATED[int(each)] for each in text)


def _whole(value: int) -> str:
    if value < 10**4:
        return _below_ten_thousand(value, leading=True)
    for unit, name in ((10**8, "亿"), (10**4, "万")):
        if value >= unit:
            high, low = divmod(value, unit)
            said = _whole(high) + name
            if low == 0:
                return said
            gap = "零" if low < unit // 10 else ""
            return said + gap + _inner(low)
    raise AssertionError(value)


def _inner(value: int) -> str:
    """A number after a larger unit: its ten is 一十, not 十."""
    if value < 10**4:
        return _below_ten_thousand(value, leading=False)
    said = _whole(value)
    return f"一{said}" if said.startswith("十") else said


def _below_ten_thousand(value: int, *, leading: bool) -> str:
    if value == 0:
        return _DIGITS[0]
    said, gap = "", False
    for power in (3, 2, 1, 0):
        digit = value // 10**power % 10
        if digit == 0:
            gap = bool(said)
            continue
        if gap:
            said, gap = said + _DIGITS[0], False
        said += _DIGITS[digit] + _TENS[power]
    return said[1:] if leading and said.startswith("一十") else said
