"""Judges a sheet of agents, row by row, before anything is changed: what is new, what differs, and
what is wrong where. Nothing of a sheet with a fault is taken."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from centre.agent_cells import AgentCells, SheetFault, SheetFaultCode
from centre.agent_columns import setting_of
from centre.directory import Directory, Edit
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings
from documents.sheets import SheetLine, SheetUnreadable, Unreadable

MOST_AGENTS = 5_000
"""In one sheet."""

_MOST_SHOWN = 80
_HEADINGS_WITHIN = 10  # the first rows may hold a title


class RowRemark(StrEnum):
    """What to look at in a row that can be taken."""

    SHORTER = "shorter"
    """The code has fewer digits than others of its column: it may have lost zeros in front."""


class RowState(StrEnum):
    """What taking a row does."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class AgentRow:
    """A row, judged. ``after`` is None if it is wrong."""

    number: int
    state: RowState
    code: str
    before: AgentSettings | None
    after: AgentSettings | None
    faults: tuple[SheetFault, ...] = ()
    remarks: tuple[RowRemark, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentSheet:
    """A sheet, judged."""

    rows: tuple[AgentRow, ...]
    unknown: Mapping[Kind, tuple[str, ...]]
    """Skills and stations that are not there and could be made."""
    made: tuple[Thing, ...]
    """Those of them that will be made."""
    ignored: tuple[str, ...]
    """Headings of columns that are not read."""

    @property
    def counts(self) -> Mapping[RowState, int]:
        """How many rows are in each state."""
        return Counter(row.state for row in self.rows)

    @property
    def faults(self) -> tuple[SheetFault, ...]:
        """All faults, in the order of the rows."""
        return tuple(fault for row in self.rows for fault in row.faults)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What taking it changes; nothing if anything is wrong. Agents that are not in the sheet
        stay as they are."""
        if any(row.after is None for row in self.rows):
            return ()
        made = [Edit(thing.KIND, thing.key, None, thing) for thing in self.made]
        agents = [
            Edit(Kind.AGENT, row.code, row.before, row.after)
            for row in self.rows
            if row.after != row.before
        ]
        return (*made, *agents)


MayNot = Callable[[Edit], bool]
"""Whether whoever imports may not make an edit (``centre.authority.refused``)."""


def judge(
    lines: Iterable[SheetLine],
    directory: Directory,
    *,
    make: Collection[Kind] = (),
    may_not: MayNot = lambda _: False,
    hidden: Collection[str] = (),
) -> AgentSheet:
    """Judge a sheet against what is there. Raises SheetUnreadable if it is not a sheet of agents.

    Columns that it lacks leave an agent's settings as they are; an empty cell empties a setting.
    Unknown skills and stations are made if ``make`` has their kind. ``directory`` is what whoever
    imports sees, ``hidden`` are the codes of agents that are there without their seeing them.
    """
    coming = iter(lines)
    headings = _headings(coming)
    found = list(islice(coming, MOST_AGENTS + 1))
    if len(found) > MOST_AGENTS:
        raise SheetUnreadable(Unreadable.TOO_MANY_ROWS, str(MOST_AGENTS))
    if not found:
        raise SheetUnreadable(Unreadable.EMPTY)
    judging = _Judging(AgentCells(directory, headings, make), directory, may_not, hidden)
    rows = tuple(map(judging.row, found))
    longest = max((len(row.code) for row in rows if row.after is not None), default=0)
    return AgentSheet(
        tuple(_remarked(row, longest) for row in rows),
        judging.cells.unknown,
        judging.cells.made,
        tuple(text for text in headings if text and setting_of(text) is None),
    )


def _headings(lines: Iterator[SheetLine]) -> tuple[str, ...]:
    """The headings; what comes before them is a title."""
    for line in islice(lines, _HEADINGS_WITHIN):
        headings = tuple(cell.text[:_MOST_SHOWN] for cell in line.cells)
        known = Counter(setting for text in headings if (setting := setting_of(text)))
        if known["code"] and len(known) > 1:
            for setting, times in known.items():
                if times > 1:
                    twice = (text for text in headings if setting_of(text) == setting)
                    raise SheetUnreadable(Unreadable.HEADING_TWICE, next(twice))
            return headings
    raise SheetUnreadable(Unreadable.NO_HEADINGS)


def _remarked(row: AgentRow, longest: int) -> AgentRow:
    shorter = row.code.isdecimal() and not row.code.startswith("0") and len(row.code) < longest
    return replace(row, remarks=(RowRemark.SHORTER,)) if shorter else row


class _Judging:
    """Judges rows one after the other: a code may come once."""

    def __init__(
        self, cells: AgentCells, directory: Directory, may_not: MayNot, hidden: Collection[str]
    ) -> None:
        self.cells = cells
        self._hidden = frozenset(hidden)
        self._agents = directory.of(AgentSettings)
        self._may_not = may_not
        self._rows: dict[str, int] = {}

    def row(self, line: SheetLine) -> AgentRow:
        """A row's judgement."""
        code, faults = self.cells.code_of(line)
        before = self._agents.get(code)
        first = self._rows.setdefault(code, line.number)
        if code and first != line.number:
            faults.append(self.cells.fault(line, "code", SheetFaultCode.CODE_TWICE, str(first)))
        if code in self._hidden:  # the rest would only say how they differ
            faults.append(self.cells.fault(line, "code", SheetFaultCode.NOT_YOURS))
            return AgentRow(line.number, RowState.WRONG, code, None, None, tuple(faults))
        after, others = self.cells.agent(line, code, before)
        faults += others
        made = [Edit(thing.KIND, thing.key, None, thing) for thing in self.cells.made_by(line)]
        for edit in made:
            if self._may_not(edit):
                setting = _SETTING_OF[edit.kind]
                faults.append(
                    self.cells.fault(
                        line, setting, SheetFaultCode.NOT_YOURS, value=edit.key, kind=edit.kind
                    )
                )
        changes = after is not None and after != before
        if changes and self._may_not(Edit(Kind.AGENT, code, before, after)):
            faults.append(self.cells.fault(line, "code", SheetFaultCode.NOT_YOURS))
        if faults or after is None:
            return AgentRow(line.number, RowState.WRONG, code, before, None, tuple(faults))
        state = RowState.NEW if before is None else RowState.CHANGED
        if after == before:
            state = RowState.UNCHANGED
        return AgentRow(line.number, state, code, before, after)


_SETTING_OF = {Kind.SKILL: "skills", Kind.STATION: "station"}
