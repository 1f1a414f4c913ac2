"""Takes in single leads that somebody types, judged as the rows of a sheet are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from campaigns.import_progress import DuplicatePolicy, RowFate
from campaigns.judging import CentresZone
from campaigns.lead_columns import ColumnMapping, ColumnUse
from campaigns.lead_lists import LIST_CHANGERS, read_list
from campaigns.lead_rows import RowFault, lead_of_row
from campaigns.lead_storing import LeadTarget, store_rows
from campaigns.list_files import FileRow
from documents.sheets import SheetCell
from domain.roles import Actor
from storage.database import connection


@dataclass(frozen=True, slots=True)
class AddedLead:
    """What came of a typed lead. ``lead`` None: nothing was stored, for its fate and faults.

    ``barred``: one of its numbers is on a do-not-call list, so it won't be dialled.
    """

    fate: RowFate
    lead: int | None
    faults: tuple[RowFault, ...] = ()
    barred: bool = False


class TypedLeads:
    """Leads by form. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed. ``zone`` is the centre's."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        zone: CentresZone,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._zone = zone
        self._clock = clock

    async def add(
        self,
        actor: Actor,
        number: int,
        *,
        phones: Sequence[str],
        values: Mapping[ColumnUse, str] | None = None,
        fields: Mapping[str, str] | None = None,
        duplicates: DuplicatePolicy = DuplicatePolicy.SKIP,
    ) -> AddedLead:
        """Store one lead as somebody typed it, judged as a row of a sheet is.

        ``values`` has its name, key and so on; in faults a column is named by its use (``phone``,
        ``phone 2``, ``name``) or its field's heading. Raises ListRefused.
        """
        typed: list[tuple[str, ColumnUse, str]] = [
            (f"phone {place}" if place > 1 else "phone", ColumnUse.PHONE, text)
            for place, text in enumerate(phones or ("",), 1)
        ]
        typed += [(use.value, use, text) for use, text in (values or {}).items()]
        typed += [(heading, ColumnUse.FIELD, text) for heading, text in (fields or {}).items()]
        mapping = ColumnMapping(
            tuple(heading for heading, _, _ in typed), tuple(use for _, use, _ in typed)
        )
        cells = [SheetCell(text.strip()) for _, _, text in typed]
        now = self._clock()
        async with connection(self._pool) as db, db.transaction():
            found = await read_list(db, actor, number, LIST_CHANGERS)
            judged = lead_of_row(cells, mapping, country=found.country, now=now, zone=self._zone())
            if judged.faults:  # somebody is there to correct them
                return AddedLead(RowFate.REJECTED, None, judged.faults)
            target = LeadTarget(number, found.project, None, duplicates)
            stored = await store_rows(db, target, [FileRow(0, judged, ())], now)
        return AddedLead(stored.fates[0], stored.leads[0], (), stored.do_not_call > 0)
