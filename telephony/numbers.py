"""Writes telephone numbers as carriers do, and reads what carriers write. No I/O.

A number of the public network has one form in Offhook, whichever line it came over: E.164, such as
+8613800138000.
"""

import re

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
)

from domain.centre import Line, LineKind, NumberFormat

_DIGITS = re.compile(r"\+?[0-9]{3,32}")


def from_carrier(number: str, line: Line) -> str:
    """A caller's number in E.164, from how the line's carrier writes it.

    It stays as it is if the carrier's way is not known (``AS_SENT``), and if it is not a number of
    the public network, but a short one (10086) or a mistake.
    """
    if line.numbers_in is NumberFormat.AS_SENT:
        return number
    whole = number
    if line.numbers_in is NumberFormat.E164 and not number.startswith("+"):
        whole = f"+{number}"  # many leave it out
    found = _parsed(whole, line.country)
    return number if found is None else _format(found, PhoneNumberFormat.E164)


def for_carrier(number: str, line: Line) -> str:
    """A number to call, in E.164 or as it is dialled in the line's country, as the line's carrier
    wants it. Short numbers stay as they are. An analog line can't dial a ``+``: if it is told
    nothing else, such a number is dialled as within its country."""
    found = _parsed(number, line.country)
    if found is None:
        return number
    whole = _format(found, PhoneNumberFormat.E164)
    form = line.numbers_out
    if form is NumberFormat.AS_SENT and line.kind is LineKind.FXO and number.startswith("+"):
        form = NumberFormat.NATIONAL
    match form:
        case NumberFormat.AS_SENT:
            return number
        case NumberFormat.E164:
            return whole
        case NumberFormat.INTERNATIONAL:
            return _abroad(line.country) + whole.removeprefix("+")
        case NumberFormat.NATIONAL:
            if found.country_code != phonenumbers.country_code_for_region(line.country):
                return _abroad(line.country) + whole.removeprefix("+")
            return _national(found)


def whole(number: str, country: str) -> str | None:
    """A number in E.164, however it is dialled in a country or written there; None if it isn't one
    of the public network."""
    found = _parsed(number, country)
    return None if found is None else _format(found, PhoneNumberFormat.E164)


def ways_to_write(number: str, country: str) -> tuple[str, ...]:
    """A number as it is, and as it is written or dialled otherwise in a country, each way once."""
    found = _parsed(number, country)
    if found is None:
        return (number,)
    in_full = _format(found, PhoneNumberFormat.E164)
    digits = in_full.removeprefix("+")
    ways = [number, in_full, digits, _abroad(country) + digits]
    if found.country_code == phonenumbers.country_code_for_region(country):
        ways.append(_national(found))
    return tuple(dict.fromkeys(ways))


def spaced(number: str) -> str:
    """A number in E.164 as people read it, ``+86 138 0013 8000``; others as they are."""
    found = _parsed(number, "") if number.startswith("+") else None
    return number if found is None else _format(found, PhoneNumberFormat.INTERNATIONAL)


def _parsed(number: str, country: str) -> PhoneNumber | None:
    """The number; None if it isn't one of the public network by its length.

    By its length only, because operators get new ranges before we get the library that has them.
    """
    if not _DIGITS.fullmatch(number):
        return None
    try:
        found = phonenumbers.parse(number, country or None)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(found) != ValidationResult.IS_POSSIBLE:
        return None
    return found


def _national(number: PhoneNumber) -> str:
    return re.sub(r"[^0-9]", "", _format(number, PhoneNumberFormat.NATIONAL))


def _abroad(country: str) -> str:
    """What is dialled in a country before another country's code: 00 in most."""
    known = PhoneMetadata.metadata_for_region(country)
    if known is None:
        return "00"
    for prefix in (known.preferred_international_prefix, known.international_prefix):
        if prefix is not None and prefix.isdigit():
            return prefix
    return "00"


def _format(number: PhoneNumber, how: int) -> str:
    return phonenumbers.format_number(number, how)
