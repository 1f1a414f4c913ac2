"""Writes the queries that find calls: by which index they go in, and how far they look.

What one condition and any set of projects ask for comes out in order, project by project, and is
merged; likewise kind by kind. The texts consist of fragments of this code alone; whatever comes
from outside is a parameter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.identity import CallId
from records.call_conditions import Search, Way


class Direction(StrEnum):
    """In which direction calls are looked at, from a place on or from the end."""

    NEWEST_FIRST = "desc"
    OLDEST_FIRST = "asc"


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A place in the list: between this call and its neighbour."""

    entered_at: datetime
    call: CallId


_TABLES = {Way.AGENT: "call_agents", Way.QUEUE: "call_queues"}
_KIND = "call_kind(k.project, k.hotline, k.queues, k.outcome, k.caller is null, k.agents <> '{}')"
_OF_KINDS = "call_kind(k.project, k.hotline, k.queues, k.outcome, k.withheld, k.spoken)"


@dataclass(frozen=True, slots=True)
class Query:
    """A text and its parameters."""

    text: str
    values: tuple[object, ...]


class _Writing:
    """Collects the parameters of one query while its text is written."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.values: list[object] = []
        self._numbers: dict[tuple[str, object], str] = {}

    def value(self, value: object, kind: str) -> str:
        """The parameter that stands for a value; the same one for the same value."""
        key = (kind, tuple(value) if isinstance(value, list) else value)
        if key not in self._numbers:
            self.values.append(value)
            self._numbers[key] = f"${len(self.values)}::{kind}"
        return self._numbers[key]

    def query(self, text: str) -> Query:
        return Query(text, tuple(self.values))

    @property
    def projects(self) -> str:
        return self.value(list(self.search.projects or ()), "text[]")

    def days(self, row: str) -> list[str]:
        found = []
        if self.search.start is not None:
            found.append(f"{row}.entered_at >= {self.value(self.search.start, 'timestamptz')}")
        if self.search.end is not None:
            found.append(f"{row}.entered_at < {self.value(self.search.end, 'timestamptz')}")
        return found

    def beyond(self, row: str, place: ListPlace | None, order: Direction) -> list[str]:
        if place is None:
            return []
        sign = "<" if order is Direction.NEWEST_FIRST else ">"
        at, call = self.value(place.entered_at, "timestamptz"), self.value(place.call, "text")
        return [f"({row}.entered_at, {row}.call) {sign} ({at}, {call})"]

    def _said(self, text: str, row: str, value: str | None) -> str:
        v = "" if value is None or "{v}" not in text else self.value(value, "text")
        return text.format(c=row, k=row, v=v)

    def gate(self, way: Way) -> list[str]:
        """What the way's index says of row ``k``, without projects and days."""
        return [
            self._said(one.gate[1], "k", one.value)
            for one in self.search.conditions
            if one.gate is not None and one.gate[0] is way
        ]

    def of_kinds(self) -> list[str]:
        """What is asked of the row ``k`` of ``call_kinds``."""
        found = [self._said(one.of_kind, "k", one.value) for one in self.search.conditions]
        if self.search.projects is not None:
            found.append(f"k.project = any({self.projects})")
        return found

    def others(self, way: Way, row: str) -> list[str]:
        """The conditions that the way leaves open, of a row of ``calls``."""
        return [
            self._said(one.text, row, one.value)
            for one in self.search.conditions
            if not one.is_said_by(way)
        ]

    def sieves(self, row: str) -> list[str]:
        """What indexes of several values say of a row of ``calls``."""
        return [
            self._said(one.sieve, row, one.value)
            for one in self.search.conditions
            if one.sieve is not None
        ]

    def everything(self, row: str) -> list[str]:
        """All conditions of a row of ``calls``."""
        found = [self._said(one.text, row, one.value) for one in self.search.conditions]
        if self.search.projects is not None:
            found.append(f"{row}.project = any({self.projects})")
        return [*found, *self.days(row)]

    def table(self, way: Way, *, looks: bool) -> tuple[str, str]:
        """Where a way's rows come from, and which row has the call's columns.

        ``looks``: whether the call's columns are needed.
        """
        table = _TABLES.get(way, "calls")
        if looks and table != "calls":
            return f"{table} k join calls c on c.call = k.call", "c"
        return f"{table} k", "k"

    def stream(self, way: Way) -> tuple[str, list[str]]:
        """Where the rows of a way come from for each ``p``, and their conditions."""
        rows, _ = self.table(way, looks=False)
        part = {Way.ALL: [], Way.KIND: [f"{_KIND} = p.kind"]}.get(way, ["k.project = p.project"])
        return rows, [*part, *self.gate(way), *self.days("k")]

    def each(self, way: Way, inner: str) -> str:
        """The rows of ``inner`` for each project or kind ``p``, or once if it asks for none."""
        if way is Way.ALL:
            return f"({inner}) k"
        outer = (
            f"unnest({self.value(list(self.search.kinds or ()), 'int8[]')}) p (kind)"
            if way is Way.KIND
            else f"unnest({self.projects}) p (project)"
        )
        return f"{outer} cross join lateral ({inner}) k"

    def merged(self, way: Way, columns: str, more: Iterable[str], order: Direction) -> str:
        """A way's calls as they come, without reading more than are asked for: those of each kind
        or project are in order, and the planner merges what is in order."""
        if way is Way.ALL:
            parts: list[list[str]] = [[]]
        elif way is Way.KIND:
            kinds = self.search.kinds or ()
            parts = [[f"{_KIND} = {self.value(kind, 'int8')}"] for kind in kinds]
        else:
            projects = self.search.projects or ()
            parts = [[f"k.project = {self.value(project, 'text')}"] for project in projects]
        rows, _ = self.table(way, looks=True)
        rest = [*self.gate(way), *self.days("k"), *more]
        return " union all ".join(
            f"(select {columns} from {rows} {_where([*part, *rest])} {_sorted(order)})"
            for part in parts
        )


def _where(conditions: Iterable[str]) -> str:
    text = " and ".join(conditions)
    return f"where {text}" if text else ""


def _sorted(order: Direction, limit: str | None = None) -> str:
    by_time = f"order by k.entered_at {order}, k.call {order}"
    return by_time if limit is None else f"{by_time} limit {limit}"


def _answer(hits: str, whole: str, page: str, order: Direction) -> str:
    """The end of each search: a page's calls, each with ``hits`` and ``whole``; one row that has no
    call if there are none."""
    return f"""
        select {hits} as hits, {whole} as whole, c.*
        from (select) as always
        left join (({page}) as k join calls c on c.call = k.call) on true
        order by k.entered_at {order}, k.call {order}"""


def kinds_there(search: Search) -> Query:
    """The kinds of calls that the conditions leave: ``kinds`` of each ``project``.

    What can't come together, or never did, is known at once.
    """
    writing = _Writing(search)
    return writing.query(f"""
        select k.project, array_agg({_OF_KINDS}) as kinds
        from call_kinds k {_where(writing.of_kinds())} group by k.project order by k.project""")


def projects_there(search: Search) -> Query:
    """In which of its projects each condition that is a way in is fulfilled by some call at all, on
    the days that are asked for."""
    writing = _Writing(search)
    exist = []
    for way in search.ways:
        rows, conditions = writing.stream(way)
        exist.append(f"exists (select from {rows} {_where(conditions)})")
    return writing.query(
        f"select p.project from unnest({writing.projects}) p (project) {_where(exist)}"
    )


def sizes(search: Search, ways: Iterable[Way], most: int) -> Query:
    """How many calls each way leads to, counted up to ``most``: a column for each way."""
    writing = _Writing(search)
    limit = writing.value(most, "int8")
    columns = []
    for way in ways:
        rows, conditions = writing.stream(way)
        inner = f"select from {rows} {_where(conditions)} limit {limit}"
        all_of_them = f"select from {writing.each(way, inner)} limit {limit}"
        columns.append(f'(select count(*) from ({all_of_them}) n) as "{way}"')
    return writing.query(f"select {', '.join(columns)}")


def direct(search: Search, way: Way, place: ListPlace | None, order: Direction, n: int) -> Query:
    """A page of a search that its way in answers by itself; ``hits`` is null."""
    writing = _Writing(search)
    rows, conditions = writing.stream(way)
    conditions += writing.beyond("k", place, order)
    by_time = _sorted(order, writing.value(n, "int8"))
    inner = f"select k.entered_at, k.call from {rows} {_where(conditions)} {by_time}"
    page = f"select k.entered_at, k.call from {writing.each(way, inner)} {by_time}"
    return writing.query(_answer("null::int8", "true", page, order))


def walk(
    search: Search,
    way: Way,
    place: ListPlace | None,
    order: Direction,
    n: int,
    *,
    looks: int,
    until_full: bool = False,
) -> Query:
    """A page of the calls that are found by looking at the way's next calls, at most ``looks``.

    ``hits`` is how many were found. ``whole`` says that there were no more calls to look at; if
    there were, ``hits`` is the least there can be. With ``until_full``, no more calls are looked at
    once the page is full.
    """
    writing = _Writing(search)
    _, row = writing.table(way, looks=True)
    others = writing.others(way, row)
    if way is Way.ALL and search.projects is not None:
        others.append(f"{row}.project = any({writing.projects})")
    columns = f"k.entered_at, k.call, ({' and '.join(others) or 'true'}) is true as hit"
    merged = writing.merged(way, columns, writing.beyond("k", place, order), order)
    most, full = writing.value(looks, "int8"), writing.value(n, "int8")
    hits = "(select count(*) from looked where hit)"
    whole = f"(select count(*) < {most} from looked)"
    if until_full:
        hits = "(select count(*) from page)"
        whole = f"case when {hits} < {full} then {whole} else false end"
    answer = _answer(hits, whole, "select * from page", order)
    return writing.query(f"""
        with looked as materialized (
            select * from ({merged}) k {_sorted(order, most)}
        ), page as materialized (
            -- They are in order already; to sort them would be to look at all.
            select entered_at, call from looked where hit limit {full}
        )
        {answer}""")


def sieve(search: Search, place: ListPlace | None, order: Direction, n: int) -> Query:
    """A page of the calls that fulfil everything; all are found, and ``hits`` counts them.

    They go through the indexes of several values if there is one for a condition, and else through
    whichever the planner combines.
    """
    writing = _Writing(search)
    page = f"""
        select k.entered_at, k.call from found k {_where(writing.beyond("k", place, order))}
        {_sorted(order, writing.value(n, "int8"))}"""
    answer = _answer("(select count(*) from found)", "true", page, order)
    calls = "calls c"
    if sieves := writing.sieves("c"):
        # "offset 0" keeps the planner from adding indexes of conditions that most calls fulfil.
        calls = f"(select * from calls c {_where(sieves)} offset 0) c"
    return writing.query(f"""
        with found as materialized (
            select c.entered_at, c.call from {calls} {_where(writing.everything("c"))}
        )
        {answer}""")
