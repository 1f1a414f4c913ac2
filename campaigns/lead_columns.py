"""What the columns of a list of leads are for: guessed by headings, changed by people. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from documents.sheets import SheetLine, SheetUnreadable, Unreadable
from domain.errors import OffhookError

MOST_COLUMNS = 100
"""A list with more is refused: something else was exported, or its separators are in the text."""
MOST_HEADING = 80
"""Characters."""
HEADINGS_WITHIN = 10
"""The first rows may hold a title."""


class ColumnUse(StrEnum):
    """What a column of a list is for."""

    PHONE = "phone"  # one or several; their order is that in which they are dialled
    NAME = "name"
    TIMEZONE = "timezone"  # a zone's name, an offset such as +08:00, or a region that has one zone
    LANGUAGE = "language"
    KEY = "key"  # the client's own number of this customer: by it an upload finds them again
    CONSENT = "consent"  # when they agreed to be called, or yes or no
    FIELD = "field"  # kept, and shown to the agent under its heading
    IGNORED = "ignored"


_DIGITS_OF_DATA = 5

_SEVERAL = frozenset((ColumnUse.PHONE, ColumnUse.FIELD, ColumnUse.IGNORED))

_KNOWN: Mapping[ColumnUse, tuple[str, ...]] = {
    ColumnUse.PHONE: (
        *("phone", "phone number", "telephone", "telephone number", "tel", "mobile", "cell"),
        *("mobile phone", "mobile number", "cell phone", "cellphone", "contact number", "number"),
        *("home phone", "work phone", "office phone", "business phone", "landline", "msisdn"),
        *("电话", "电话号码", "手机", "手机号", "手机号码", "联系电话", "联系方式", "移动电话"),
        *("固定电话", "固话", "座机", "家庭电话", "办公电话", "备用电话", "号码", "客户电话"),
        *("主叫号码", "被叫号码", "客户手机", "客户手机号", "本人电话", "单位电话"),
    ),
    ColumnUse.NAME: (
        *("name", "full name", "customer", "customer name", "client name", "contact name"),
        *("contact", "姓名", "名字", "客户姓名", "客户名称", "客户", "联系人", "称呼", "用户姓名"),
    ),
    ColumnUse.TIMEZONE: (
        *("time zone", "timezone", "tz", "region", "province", "state"),
        *("时区", "地区", "省份", "省", "所在地", "归属地", "区域"),
    ),
    ColumnUse.LANGUAGE: ("language", "lang", "preferred language", "语言", "语种", "首选语言"),
    ColumnUse.KEY: (
        *("id", "customer id", "client id", "external id", "key", "customer key", "account"),
        *("account number", "reference", "lead id", "crm id"),
        *("编号", "客户编号", "客户号", "客户id", "账号", "户号", "合同号", "唯一标识", "外部编号"),
    ),
    ColumnUse.CONSENT: (
        *("consent", "consent at", "consent date", "opt in", "opt in date", "agreed", "agreed at"),
        *("同意", "授权", "同意时间", "授权时间", "同意日期", "授权日期", "是否同意", "是否授权"),
    ),
}
_PARENTHESES = re.compile(r"\([^()]*\)")
_NUMBERED = re.compile(r"[0-9一二三四五六七八九]+$")


class MappingFault(StrEnum):
    """Why columns can't be read as somebody says."""

    NO_PHONE = "no_phone"  # no column is for numbers
    TWICE = "twice"  # two columns are for the same; only phones and fields may be several
    NO_SUCH_COLUMN = "no_such_column"  # the file has no column of this heading


class MappingRefused(OffhookError):  # noqa: N818
    """``heading`` is the column it is about, if it is one."""

    def __init__(self, fault: MappingFault, heading: str = "") -> None:
        super().__init__(fault, heading)
        self.fault = fault
        self.heading = heading


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The headings of a list in their order, and what each column is for."""

    headings: tuple[str, ...]
    uses: tuple[ColumnUse, ...]

    @property
    def plain(self) -> list[list[str]]:
        """As it is stored: pairs of a heading and a use."""
        return [[heading, use.value] for heading, use in zip(self.headings, self.uses, strict=True)]

    def places(self, use: ColumnUse) -> tuple[int, ...]:
        """Where the columns for this are, counted from 0."""
        return tuple(place for place, found in enumerate(self.uses) if found is use)


def mapping_of(plain: Iterable[Sequence[str]]) -> ColumnMapping:
    """A mapping as it was stored."""
    pairs = list(plain)
    return ColumnMapping(
        tuple(heading for heading, _ in pairs), tuple(ColumnUse(use) for _, use in pairs)
    )


def chosen(headings: Sequence[str], uses: Mapping[str, ColumnUse]) -> ColumnMapping:
    """The mapping that somebody chose; columns they say nothing of are kept as fields.

    Raises MappingRefused.
    """
    for heading in uses:
        if heading not in headings:
            raise MappingRefused(MappingFault.NO_SUCH_COLUMN, heading)
    mapping = ColumnMapping(
        tuple(headings), tuple(uses.get(heading, ColumnUse.FIELD) for heading in headings)
    )
    if not mapping.places(ColumnUse.PHONE):
        raise MappingRefused(MappingFault.NO_PHONE)
    seen: set[ColumnUse] = set()
    for heading, use in zip(mapping.headings, mapping.uses, strict=True):
        if use in seen and use not in _SEVERAL:
            raise MappingRefused(MappingFault.TWICE, heading)
        seen.add(use)
    return mapping


def guessed(
    headings: Sequence[str], remembered: Mapping[str, ColumnUse] | None = None
) -> ColumnMapping:
    """What each column may be for: as was chosen for these headings before, or by their words.

    A use that may come once goes to the first column that has one of its words.
    """
    taken: set[ColumnUse] = set()
    uses: list[ColumnUse] = []
    for heading in headings:
        use = (remembered or {}).get(heading) or use_of(heading)
        if use is None or (use in taken and use not in _SEVERAL):
            use = ColumnUse.FIELD
        taken.add(use)
        uses.append(use)
    return ColumnMapping(tuple(headings), tuple(uses))


def numbers_alone(mapping: ColumnMapping) -> ColumnMapping:
    """The same columns, with everything but phone numbers left out."""
    uses = (use if use is ColumnUse.PHONE else ColumnUse.IGNORED for use in mapping.uses)
    return ColumnMapping(mapping.headings, tuple(uses))


def use_of(heading: str) -> ColumnUse | None:
    """What a column of this heading is usually for; None if its words tell nothing."""
    plain = _plain(heading)
    return _BY_WORDS.get(plain) or (
        ColumnUse.PHONE if _BY_WORDS.get(_NUMBERED.sub("", plain)) is ColumnUse.PHONE else None
    )


def is_heading(text: str) -> bool:
    """Whether it is a usual heading of a list of leads."""
    return use_of(text) is not None


def headings_of(lines: Sequence[SheetLine]) -> tuple[int, tuple[str, ...]]:
    """The number of the row with the headings, and the headings; those of columns that have none
    are the columns' letters. What comes before that row is a title.

    Raises SheetUnreadable: none of the first rows has a usual heading and none looks like
    headings, one heading is there twice, or there are more than MOST_COLUMNS.
    """
    first = lines[:HEADINGS_WITHIN]
    if not first:
        raise SheetUnreadable(Unreadable.EMPTY)
    line = max(first, key=lambda line: sum(is_heading(cell.text) for cell in line.cells))
    known = any(is_heading(cell.text) for cell in line.cells)
    if not known and any(_is_data(cell.text) for cell in line.cells):
        raise SheetUnreadable(Unreadable.NO_HEADINGS)  # it begins with the first customer
    if len(line.cells) > MOST_COLUMNS:
        raise SheetUnreadable(Unreadable.TOO_MANY_COLUMNS, str(MOST_COLUMNS))
    headings = tuple(
        cell.text[:MOST_HEADING] or letters(place) for place, cell in enumerate(line.cells)
    )
    for heading, times in Counter(headings).items():
        if times > 1:
            raise SheetUnreadable(Unreadable.HEADING_TWICE, heading)
    return line.number, headings


def _is_data(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    return digits >= _DIGITS_OF_DATA and digits > sum(map(str.isalpha, text))


def letters(place: int) -> str:
    """A column as a spreadsheet names it: A for 0, AA for 26."""
    name = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def heading_set(headings: Iterable[str]) -> str:
    """What a mapping is remembered by: the headings, in whatever order."""
    return "\n".join(sorted(set(headings)))


def _plain(heading: str) -> str:
    text = unicodedata.normalize("NFKC", heading).strip().casefold()[:MOST_HEADING]
    return "".join(filter(str.isalnum, _PARENTHESES.sub("", text)))


_BY_WORDS = {_plain(word): use for use, words in _KNOWN.items() for word in words}
