"""Makes a lead of a row of a sheet or of a form, or says what is wrong with it. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from campaigns.lead_columns import ColumnMapping, ColumnUse
from campaigns.lead_numbers import FoundNumber, LeadFault, numbers_in
from campaigns.lead_places import CUSTOM_LANGUAGE, LANGUAGES, zone_named
from documents.sheets import CellKind, SheetCell

MOST_FAULTS = 10
"""Of a row; the first are told, and whoever mends those sees the others the next time."""
MOST_NUMBERS = 10
"""Of a lead."""
MOST_CHARACTERS = 2_000
"""In a cell."""
MOST_KEY = 200
"""Characters of a client's key."""

_YES = frozenset(("yes", "y", "true", "1", "ok", "是", "同意", "已同意", "已授权", "有", "√"))
_NO = frozenset(("no", "n", "false", "0", "否", "不同意", "未同意", "未授权", "无", "×"))
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")
_BLANK = SheetCell()


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a cell: the column's heading ("" for the row itself), and a code."""

    field: str
    why: LeadFault


@dataclass(frozen=True, slots=True)
class NewLead:
    """A lead to be stored. ``key`` is the client's own, or the numbers in their order."""

    key: str
    name: str
    numbers: tuple[FoundNumber, ...]
    timezone: str | None
    """By the sheet, or else by the first number that is in one zone only."""
    language: str | None
    consent_at: datetime | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row, judged. ``lead`` None: it is rejected for its faults; otherwise they tell of numbers
    that were left out."""

    lead: NewLead | None
    faults: tuple[RowFault, ...] = ()


def lead_of_row(
    cells: Sequence[SheetCell],
    mapping: ColumnMapping,
    *,
    country: str,
    now: datetime,
    zone: tzinfo,
) -> JudgedRow:
    """Judge a row of a sheet, or a form's fields in the order of ``mapping``.

    A row without one good number is rejected, and so is one with a fault elsewhere; one with a
    good number and a bad one is taken without the bad one. ``country`` ("" for none chosen) is
    where numbers without a country's code are; ``now`` is when those agreed who agreed without
    a date; a date is meant in the lead's zone, or else in ``zone``.
    """
    judged = _RowJudge(cells, mapping, country, now, zone).judge()
    return JudgedRow(judged.lead, judged.faults[:MOST_FAULTS])


class _RowJudge:
    """Collects the faults of one row."""

    def __init__(
        self,
        cells: Sequence[SheetCell],
        mapping: ColumnMapping,
        country: str,
        now: datetime,
        zone: tzinfo,
    ) -> None:
        self._cells = cells
        self._mapping = mapping
        self._country = country
        self._now = now
        self._zone = zone
        self._faults: list[RowFault] = []

    def judge(self) -> JudgedRow:
        if [cell.text for cell in self._cells] == list(self._mapping.headings[: len(self._cells)]):
            return JudgedRow(None, (RowFault("", LeadFault.HEADINGS_AGAIN),))
        self._texts()
        numbers, left_out = self._numbers()
        if not numbers:
            self._faults += left_out or [RowFault(self._first_phone(), LeadFault.NO_NUMBER)]
            left_out = []
        zone_name = self._timezone()
        language = self._language()
        consent_at = self._consent(zone_named(zone_name or ""))
        key = self._key() or ",".join(sorted(number.e164 for number in numbers))
        if self._faults:
            return JudgedRow(None, (*left_out, *self._faults))
        if zone_name is None:
            zone_name = next((number.zone for number in numbers if number.zone), None)
        lead = NewLead(
            key,
            self._text(ColumnUse.NAME),
            tuple(numbers),
            zone_name,
            language,
            consent_at,
            self._fields(),
        )
        return JudgedRow(lead, tuple(left_out))

    def _cell(self, place: int) -> SheetCell:
        return self._cells[place] if place < len(self._cells) else _BLANK

    def _one(self, use: ColumnUse) -> tuple[str, SheetCell]:
        for place in self._mapping.places(use):
            return self._mapping.headings[place], self._cell(place)
        return "", _BLANK

    def _text(self, use: ColumnUse) -> str:
        return self._one(use)[1].text

    def _fault(self, field: str, why: LeadFault) -> None:
        self._faults.append(RowFault(field, why))

    def _texts(self) -> None:
        """Find what can't be stored or shown, wherever it is."""
        headings, uses = self._mapping.headings, self._mapping.uses
        for place, cell in enumerate(self._cells):
            heading = headings[place] if place < len(headings) else ""
            if place >= len(headings):
                self._fault("", LeadFault.MORE_THAN_HEADINGS)
                return
            if uses[place] is ColumnUse.IGNORED:
                continue
            if len(cell.text) > MOST_CHARACTERS:
                self._fault(heading, LeadFault.TOO_MUCH_TEXT)
            elif not cell.text.isprintable() and any(map(_unprintable, cell.text)):
                self._fault(heading, LeadFault.UNPRINTABLE)
            elif cell.kind is CellKind.FAILED and uses[place] is not ColumnUse.PHONE:
                self._fault(heading, LeadFault.FORMULA_FAILED)

    def _first_phone(self) -> str:
        return self._mapping.headings[self._mapping.places(ColumnUse.PHONE)[0]]

    def _numbers(self) -> tuple[list[FoundNumber], list[RowFault]]:
        found: dict[str, FoundNumber] = {}
        left_out = []
        for place in self._mapping.places(ColumnUse.PHONE):
            heading = self._mapping.headings[place]
            for number in numbers_in(self._cell(place), self._country):
                if isinstance(number, LeadFault):
                    left_out.append(RowFault(heading, number))
                elif len(found) < MOST_NUMBERS:
                    found.setdefault(number.e164, number)
                elif number.e164 not in found:
                    left_out.append(RowFault(heading, LeadFault.TOO_MANY_NUMBERS))
        return list(found.values()), left_out

    def _timezone(self) -> str | None:
        heading, cell = self._one(ColumnUse.TIMEZONE)
        if not cell.text:
            return None
        zone = zone_named(cell.text)
        if zone is None:
            self._fault(heading, LeadFault.ZONE_UNKNOWN)
            return None
        return zone.key

    def _language(self) -> str | None:
        heading, cell = self._one(ColumnUse.LANGUAGE)
        text = unicodedata.normalize("NFKC", cell.text).strip()
        if not text:
            return None
        if known := LANGUAGES.get(text.casefold()):
            return known
        if not CUSTOM_LANGUAGE.fullmatch(text):
            self._fault(heading, LeadFault.LANGUAGE_UNKNOWN)
            return None
        return text

    def _key(self) -> str:
        heading, cell = self._one(ColumnUse.KEY)
        if cell.kind is CellKind.ROUNDED:
            self._fault(heading, LeadFault.ROUNDED)
        if len(cell.text) > MOST_KEY:
            self._fault(heading, LeadFault.TOO_MUCH_TEXT)
        return f"={cell.text}" if cell.text else ""  # no number's set begins with =

    def _consent(self, zone: tzinfo | None) -> datetime | None:
        heading, cell = self._one(ColumnUse.CONSENT)
        text = unicodedata.normalize("NFKC", cell.text).strip().casefold()
        if not text or text in _NO:
            return None
        if text in _YES:
            return self._now
        at = moment_in(text)
        if at is None:
            self._fault(heading, LeadFault.CONSENT_UNREADABLE)
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone or self._zone)
        if at > self._now:
            self._fault(heading, LeadFault.CONSENT_AHEAD)
            return None
        return at

    def _fields(self) -> dict[str, str]:
        fields = {}
        for place in self._mapping.places(ColumnUse.FIELD):
            if text := self._cell(place).text:
                fields[self._mapping.headings[place]] = text
        return fields


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\r\n"


def moment_in(text: str) -> datetime | None:
    """A date or a date and time; a date is its first moment. 1 January 1970 is the earliest."""
    found: datetime | None = None
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        for form in _DATES:
            for full in (form, f"{form} %H:%M", f"{form} %H:%M:%S"):
                if re.search(r"[0-9]", text) and found is None:
                    found = _parsed(text, full)
    if found is None or not 1970 <= found.year < 9000:
        return None
    return found


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None
