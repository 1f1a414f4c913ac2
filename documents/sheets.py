"""What sheets are made of: cells and rows as people have them in CSV and XLSX files, and why a file
can't be read. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import OffhookError

MOST_BYTES = 4 * 1024 * 1024
"""Of a file."""
MOST_UNPACKED = 24 * 1024 * 1024
"""Of the XML in an XLSX file."""
MOST_TAGS = 1_500_000
"""In the XML of an XLSX file; 5,000 agents have a fifth of them."""
MOST_COLUMNS = 60
"""Those to the right are not read."""

ROUNDED_NUMBER = r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+"
_FORMULAS = "=+-@＝＋－＠"
ESCAPED = re.compile(rf"'+(?:[{re.escape(_FORMULAS)}]|{ROUNDED_NUMBER}\Z)")
"""How text in a CSV file of ours begins that a spreadsheet would take for something else."""


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """How much of a file is read at most. The defaults fit a sheet that is taken in at one go."""

    bytes: int = MOST_BYTES
    unpacked: int = MOST_UNPACKED
    tags: int = MOST_TAGS
    columns: int = MOST_COLUMNS
    characters: int = 4 * 1024 * 1024
    """In a line of a CSV file."""


SMALL_SHEET = SheetLimits()


class Unreadable(StrEnum):
    """Why nothing can be read of a file."""

    TOO_LARGE = "too large"
    OLD_OR_LOCKED = "old or locked"
    """An .xls file of Excel 2003 and before, or one with a password."""
    BROKEN = "broken"
    ENCODING_UNKNOWN = "encoding unknown"
    QUOTE_LEFT_OPEN = "quote left open"
    EMPTY = "empty"
    NO_HEADINGS = "no headings"
    """None of the first rows names the columns."""
    HEADING_TWICE = "heading twice"
    TOO_MANY_ROWS = "too many rows"
    TOO_MANY_COLUMNS = "too many columns"
    LINE_TOO_LONG = "line too long"
    """A line of a CSV file goes on and on: its line breaks are lost, or it is no CSV file."""


class SheetUnreadable(OffhookError):  # noqa: N818
    """Nothing can be read of a file. ``name`` is the heading or the limit in question."""

    def __init__(self, code: Unreadable, name: str = "") -> None:
        super().__init__(code, name)
        self.code = code
        self.name = name


class CellKind(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    NUMBER = "number"
    """``text`` has it in digits, with the zeros in front that the cell's format shows."""
    ROUNDED = "rounded"
    """A number that may have lost digits: 1.38E+10 in a CSV file, or 16 digits in Excel."""
    DATE = "date"
    BOOLEAN = "boolean"
    FAILED = "failed"
    """A formula that came to nothing, such as #N/A, or that was never worked out."""


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell, without space around its text."""

    text: str = ""
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A row that has something in it, with the number that a spreadsheet shows for it."""

    number: int
    cells: tuple[SheetCell, ...]
