"""How far an import of a list is, and what came of its rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from campaigns.lead_columns import ColumnMapping, mapping_of


class ImportState(StrEnum):
    """What is happening with an uploaded file."""

    UPLOADED = "uploaded"  # somebody has to look at its columns and begin
    RUNNING = "running"  # or unfinished, if it isn't under way: then it can go on, or be undone
    FINISHED = "finished"
    FAILED = "failed"  # nothing more can be read of it; what was taken stays until it is undone
    UNDONE = "undone"


class DuplicatePolicy(StrEnum):
    """What to do with a row whose customer is in another list of the project."""

    SKIP = "skip"
    KEEP = "keep"  # import it; whatever list it comes from, a number's gaps and caps hold


class RowFate(StrEnum):
    """What became of a row."""

    IMPORTED = "imported"
    PARTLY = "partly"  # imported, without a number that was wrong
    KNOWN = "known"  # the list had this customer before the upload
    DUPLICATE = "duplicate"  # an earlier row of the file has the key or one of the numbers
    ELSEWHERE = "elsewhere"  # another list of the project has this customer
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """An import as it is now. Each row that was read has one of five fates: ``imported``,
    ``known``, ``duplicate``, ``elsewhere`` or ``rejected`` (see RowFate)."""

    number: int
    list: int | None
    """Into which list its leads go; None: its numbers go onto a do-not-call list."""
    project: str
    """Of a do-not-call list: whose it is; "" is the centre's."""
    country: str
    file_name: str
    sha256: str
    bytes: int
    mapping: ColumnMapping
    sample: tuple[tuple[str, ...], ...]
    """The first rows; long texts are cut."""
    duplicates: DuplicatePolicy
    state: ImportState
    under_way: bool
    """Whether it is going on in this process."""
    failed_why: str | None
    """A ``documents.sheets.Unreadable``."""
    rows: int
    """In the file, besides the headings."""
    at_row: int
    """The spreadsheet's number of the last row that was read."""
    rows_read: int
    imported: int
    partly: int
    """Of those imported: without a number that was wrong."""
    do_not_call: int
    """Of those imported: they won't be dialled."""
    known: int
    duplicate: int
    elsewhere: int
    rejected: int
    removed: int
    """Leads, by undoing it."""
    begun_at: datetime
    begun_by: str
    run_began_at: datetime | None
    run_began_with: int
    ended_at: datetime | None
    since: datetime | None
    """From when on the numbers of a do-not-call list are not called; None: from the import on."""
    since_column: str | None
    """The heading of the column that says it for each row."""
    reason: str

    def ends_at(self, now: datetime) -> datetime | None:
        """When it is likely to end, at the rate of this run so far; None: not known yet, or it
        isn't going on."""
        read = self.rows_read - self.run_began_with
        if not self.under_way or self.run_began_at is None or read <= 0:
            return None
        taken: timedelta = now - self.run_began_at
        return now + taken * ((self.rows - self.rows_read) / read)


def progress_of(row: Mapping[str, Any], under_way: bool) -> ImportProgress:
    """The progress that a row of ``list_imports`` tells."""
    return ImportProgress(
        row["import"],
        row["list"],
        row["project"],
        row["country"],
        row["file_name"],
        row["sha256"],
        row["bytes"],
        mapping_of(row["mapping"]),
        tuple(map(tuple, row["sample"])),
        DuplicatePolicy(row["duplicates"]),
        ImportState(row["state"]),
        under_way and row["state"] == ImportState.RUNNING,
        row["failed_why"],
        row["rows_expected"],
        row["at_row"],
        row["rows_read"],
        row["imported"],
        row["partly"],
        row["do_not_call"],
        row["known"],
        row["duplicate"],
        row["elsewhere"],
        row["rejected"],
        row["removed"],
        row["begun_at"],
        row["begun_by"],
        row["run_began_at"],
        row["run_began_with"],
        row["ended_at"],
        row["since"],
        row["since_column"],
        row["reason"],
    )
