"""Reads the numbers in a cell of a list of leads, as people write them. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)
from phonenumbers.timezone import time_zones_for_number

from documents.sheets import ROUNDED_NUMBER, CellKind, SheetCell


class LeadFault(StrEnum):
    """What is wrong with a cell or a row of a list of leads."""

    NO_NUMBER = "no_number"  # no phone column of the row has anything in it
    NO_COUNTRY = "no_country"  # the number has no country's code, and no country was chosen
    NOT_A_NUMBER = "not_a_number"  # letters, a decimal fraction, or too few digits to be one
    TOO_SHORT = "too_short"  # for its country
    TOO_LONG = "too_long"  # for its country
    NOT_IN_USE = "not_in_use"  # its country has no numbers that begin like this
    EXTENSION = "extension"  # a number with an extension: nobody would dial that
    PREMIUM = "premium"  # a call to it costs extra
    ROUNDED = "rounded"  # 1.38E+10: the spreadsheet has lost digits; make the column text
    DATE = "date"  # the spreadsheet took the number for a date
    FORMULA_FAILED = "formula_failed"  # the cell is #N/A or so, or was never worked out
    TOO_MANY_NUMBERS = "too_many_numbers"  # in one row
    ZONE_UNKNOWN = "zone_unknown"  # no zone, no offset, no region with one zone
    LANGUAGE_UNKNOWN = "language_unknown"
    CONSENT_UNREADABLE = "consent_unreadable"  # neither a date nor yes or no
    CONSENT_AHEAD = "consent_ahead"  # dated later than today
    SINCE_UNREADABLE = "since_unreadable"  # of a do-not-call list: not a date
    TOO_MUCH_TEXT = "too_much_text"  # in a cell
    UNPRINTABLE = "unprintable"  # control characters in a cell
    MORE_THAN_HEADINGS = "more_than_headings"  # a cell beyond the last heading: a comma too many
    HEADINGS_AGAIN = "headings_again"  # the row repeats the headings
    TWICE_IN_FILE = "twice_in_file"  # an earlier row has this key, or one of these numbers
    IN_OTHER_LIST = "in_other_list"  # of the project; skipped as the policy says


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A number in E.164, its kind, and its time zone if it has just one."""

    e164: str
    kind: str
    zone: str | None


_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
_BETWEEN = re.compile(r"[,;、|\n\r]+|\s+/\s+|(?<=[0-9]{7})/(?=\+?[0-9]{7})")
_EXTENSION = re.compile(r"(?:ext(?:ension|n)?\.?|x|#|转|分机)\s*[0-9]+", re.IGNORECASE)
_WRITTEN = re.compile(r"\+?[0-9 ()\-.\t\u00a0/]{3,60}")
_DASHES = re.compile(r"[\u2010-\u2015\u2212\u30fc]")
_FRACTION_OF_ZERO = re.compile(r"\+?[0-9]+\.0+")
_ROUNDED = re.compile(ROUNDED_NUMBER)
_BY_KIND = {
    CellKind.ROUNDED: LeadFault.ROUNDED,
    CellKind.DATE: LeadFault.DATE,
    CellKind.FAILED: LeadFault.FORMULA_FAILED,
    CellKind.BOOLEAN: LeadFault.NOT_A_NUMBER,
}
_MOST_CHARACTERS = 400


def numbers_in(cell: SheetCell, country: str) -> list[FoundNumber | LeadFault]:
    """The numbers in a cell, which may be several with commas between, and what isn't one.

    ``country`` is where numbers without a country's code are, such as CN; "" if none was chosen.
    """
    if not cell.text:
        return []
    if cell.kind in _BY_KIND:
        return [_BY_KIND[cell.kind]]
    if len(cell.text) > _MOST_CHARACTERS:
        return [LeadFault.TOO_MUCH_TEXT]
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", cell.text)).strip()
    return [number_of(part.strip(), country) for part in _BETWEEN.split(text) if part.strip()]


def number_of(text: str, country: str) -> FoundNumber | LeadFault:
    """One number, however it is written."""
    if _ROUNDED.fullmatch(text):
        return LeadFault.ROUNDED
    if _EXTENSION.search(text):
        return LeadFault.EXTENSION
    if _FRACTION_OF_ZERO.fullmatch(text):  # a program took the number for one to reckon with
        text = text.partition(".")[0]
    if not _WRITTEN.fullmatch(text) or re.fullmatch(r"[0-9]+\.[0-9]+", text):
        return LeadFault.NOT_A_NUMBER
    if not (country or text.startswith("+")):
        return LeadFault.NO_COUNTRY
    try:
        found = phonenumbers.parse(text, country or None)
    except NumberParseException as error:
        return _BY_ERROR.get(error.error_type, LeadFault.NOT_A_NUMBER)
    length = phonenumbers.is_possible_number_with_reason(found)
    if length == ValidationResult.TOO_LONG:
        return LeadFault.TOO_LONG
    if length in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return LeadFault.TOO_SHORT
    kind = phonenumbers.number_type(found)
    if kind == PhoneNumberType.PREMIUM_RATE:
        return LeadFault.PREMIUM
    if kind == PhoneNumberType.UNKNOWN:
        return LeadFault.NOT_IN_USE
    e164 = phonenumbers.format_number(found, PhoneNumberFormat.E164)
    return FoundNumber(e164, _KINDS.get(kind, ""), _zone(found))


_BY_ERROR = {
    NumberParseException.INVALID_COUNTRY_CODE: LeadFault.NOT_IN_USE,
    NumberParseException.TOO_SHORT_NSN: LeadFault.TOO_SHORT,
    NumberParseException.TOO_SHORT_AFTER_IDD: LeadFault.TOO_SHORT,
    NumberParseException.TOO_LONG: LeadFault.TOO_LONG,
}


def _zone(number: PhoneNumber) -> str | None:
    zones = time_zones_for_number(number)
    return zones[0] if len(zones) == 1 and "/" in zones[0] and "Unknown" not in zones[0] else None
