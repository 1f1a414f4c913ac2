"""Whether digits that a caller keyed in can be right: dates, id numbers by their checksum. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType


class DigitCheck(StrEnum):
    """What digits must be, as a flow writes it after ``check:``."""

    DIGITS = "digits"  # any
    DATE = "date"  # eight digits: year, month, day
    TIME = "time"  # four digits: hour and minute
    ID_NUMBER = "id_number"  # a Chinese resident's, with its checksum
    CARD_NUMBER = "card_number"  # a bank card's, with its check digit
    MOBILE = "mobile"  # a Chinese mobile number


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10*98765432"


def _any(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal()


def _date(digits: str) -> bool:
    if len(digits) != 8 or not _any(digits):
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _time(digits: str) -> bool:
    return len(digits) == 4 and _any(digits) and digits[:2] < "24" and digits[2:] < "60"


def _id_number(digits: str) -> bool:
    """GB 11643-1999: 17 digits and a check character by ISO 7064 MOD 11-2; X is keyed as *."""
    if len(digits) != 18 or not _any(digits[:17]) or not _date(digits[6:14]):
        return False
    total = sum(int(each) * weight for each, weight in zip(digits[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == digits[17]


def _card_number(digits: str) -> bool:
    """ISO/IEC 7812-1: 12 to 19 digits, the last by Luhn's formula."""
    if not 12 <= len(digits) <= 19 or not _any(digits):
        return False
    total = 0
    for index, each in enumerate(reversed(digits)):
        doubled = int(each) * (2 if index % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _mobile(digits: str) -> bool:
    return len(digits) == 11 and _any(digits) and digits[0] == "1"


DIGIT_CHECKS: Mapping[DigitCheck, Callable[[str], bool]] = MappingProxyType(
    {
        DigitCheck.DIGITS: _any,
        DigitCheck.DATE: _date,
        DigitCheck.TIME: _time,
        DigitCheck.ID_NUMBER: _id_number,
        DigitCheck.CARD_NUMBER: _card_number,
        DigitCheck.MOBILE: _mobile,
    }
)
"""Whether digits can be right, by what they must be."""
