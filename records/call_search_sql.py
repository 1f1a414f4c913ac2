"""Writes the queries that find calls: by which index they go in, and how far they look.

Each *way in* is an index whose keys begin with a condition and the project, followed by the
call's time. So what one condition and any set of projects ask for comes out in order, project by
project, and is merged. The texts consist of the fragments below alone; whatever comes from outside
is a parameter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.identity import CallId, ProjectName


class Way(StrEnum):
    """A way in, the one that leads to the fewest calls as a rule first."""

    AGENT = "agent"
    QUEUE = "queue"
    HOTLINE = "hotline"
    WITHHELD = "withheld"
    OUTCOME = "outcome"
    PROJECT = "project"
    """All calls of some projects."""
    ALL = "all"
    """All calls."""


class Direction(StrEnum):
    """In which direction calls are looked at, from a place on or from the end."""

    NEWEST_FIRST = "desc"
    OLDEST_FIRST = "asc"


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A place in the list: between this call and its neighbour."""

    entered_at: datetime
    call: CallId


@dataclass(frozen=True, slots=True)
class Condition:
    """What a call must fulfil, of the row ``{c}`` of ``calls`` and with the value as ``{v}``.

    ``gate`` is the way in that it offers, with what its index says of ``{k}``; None if it has none.
    """

    text: str
    value: str | None = None
    gate: tuple[Way, str] | None = None
    by_grams: str | None = None
    """What the indexes of numbers' parts know about it; asked only if looking at some calls did not
    find enough."""


def by_hotline(number: str) -> Condition:
    """Came in on this number."""
    return Condition("{c}.hotline = {v}", number, (Way.HOTLINE, "{k}.hotline = {v}"))


def by_outcome(outcome: str) -> Condition:
    """Ended, or is, like this."""
    return Condition("{c}.outcome = {v}", outcome, (Way.OUTCOME, "{k}.outcome = {v}"))


def by_queue(queue: str) -> Condition:
    """The caller stood in this queue."""
    return Condition("{c}.queues @> array[{v}]", queue, (Way.QUEUE, "{k}.queue = {v}"))


def by_agent(agent: str) -> Condition:
    """This agent spoke in it."""
    return Condition("{c}.agents @> array[{v}]", agent, (Way.AGENT, "{k}.agent = {v}"))


def withheld() -> Condition:
    """The caller has no number."""
    return Condition("{c}.caller is null", None, (Way.WITHHELD, "{k}.caller is null"))


def by_part_of_number(part: str) -> Condition:
    """The caller's number contains this."""
    found = "caller_grams({c}.caller) @> caller_grams({v})"
    if not _DIGITS.issuperset(part):
        found += " and {c}.caller ~ '[^0-9]' and caller_signs({c}.caller) @> caller_signs({v})"
    return Condition("strpos({c}.caller, {v}) > 0", part, by_grams=found)


_DIGITS = frozenset("0123456789")
_TABLES = {Way.AGENT: "call_agents", Way.QUEUE: "call_queues"}


class Search:
    """The conditions of one search, with the parameters of the query that is being written."""

    def __init__(
        self,
        conditions: Iterable[Condition],
        projects: Sequence[ProjectName] | None,
        start: datetime | None,
        end: datetime | None,
    ) -> None:
        self.conditions = tuple(conditions)
        self.projects = projects
        """Only calls of these, and only these; None: calls of all projects and of none."""
        self.start, self.end = start, end

    def within(self, projects: Sequence[ProjectName]) -> "Search":
        """The same search in these projects."""
        return Search(self.conditions, projects, self.start, self.end)

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways in that conditions offer, the likeliest to be short first."""
        found = [one.gate[0] for one in self.conditions if one.gate is not None]
        return tuple(way for way in Way if way in found)

    def is_whole(self, way: Way) -> bool:
        """Whether the way in fulfils all conditions by itself."""
        return all(one.gate is not None and one.gate[0] is way for one in self.conditions)


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
        v = "" if value is None else self.value(value, "text")
        return text.format(c=row, k=row, v=v)

    def gate(self, way: Way) -> list[str]:
        """What the way's index says of row ``k``, without projects and days."""
        return [
            self._said(one.gate[1], "k", one.value)
            for one in self.search.conditions
            if one.gate is not None and one.gate[0] is way
        ]

    def others(self, way: Way, row: str) -> list[str]:
        """The conditions that the way leaves open, of a row of ``calls``."""
        return [
            self._said(one.text, row, one.value)
            for one in self.search.conditions
            if one.gate is None or one.gate[0] is not way
        ]

    def everything(self, row: str) -> list[str]:
        """All conditions, for whichever indexes the planner finds best together."""
        found = [self._said(one.text, row, one.value) for one in self.search.conditions]
        found += [
            self._said(one.by_grams, row, one.value)
            for one in self.search.conditions
            if one.by_grams is not None
        ]
        if self.search.projects is not None:
            found.append(f"{row}.project = any({self.projects})")
        return [*found, *self.days(row)]

    def stream(self, way: Way, *, looks: bool) -> tuple[str, list[str], str]:
        """Where a way's rows come from, their conditions, and which row has the call's columns.

        ``looks``: whether the call's columns are needed.
        """
        table = _TABLES.get(way, "calls")
        rows, row = f"{table} k", "k"
        if looks and table != "calls":
            rows, row = f"{table} k join calls c on c.call = k.call", "c"
        of_project = [] if way is Way.ALL else ["k.project = p.project"]
        return rows, [*of_project, *self.gate(way), *self.days("k")], row

    def each(self, way: Way, inner: str) -> str:
        """The rows of ``inner`` for each project ``p``, or once if the way asks for none."""
        outer = (
            "(select '' as project) p" if way is Way.ALL else f"unnest({self.projects}) p (project)"
        )
        return f"{outer} cross join lateral ({inner}) k"


def _where(conditions: Iterable[str]) -> str:
    text = " and ".join(conditions)
    return f"where {text}" if text else ""


def _sorted(order: Direction, limit: str) -> str:
    return f"order by k.entered_at {order}, k.call {order} limit {limit}"


def _answer(hits: str, whole: str, page: str, order: Direction) -> str:
    """The end of each search: a page's calls, each with ``hits`` and ``whole``; one row that has no
    call if there are none."""
    return f"""
        select {hits} as hits, {whole} as whole, c.*
        from (select) as always
        left join (({page}) as k join calls c on c.call = k.call) on true
        order by k.entered_at {order}, k.call {order}"""


def projects_there(search: Search) -> Query:
    """In which projects each condition that is a way in is fulfilled by some call at all.

    What can't come together (a hotline of one project, a queue of another) is known at once.
    """
    writing = _Writing(search)
    exist = []
    for way in search.ways:
        rows, conditions, _ = writing.stream(way, looks=False)
        exist.append(f"exists (select from {rows} {_where(conditions)})")
    if search.projects is not None:
        return writing.query(
            f"select p.project from unnest({writing.projects}) p (project) {_where(exist)}"
        )
    # The projects of the first way's index, from one to the next.
    table, mine = _TABLES.get(search.ways[0], "calls"), writing.gate(search.ways[0])
    first = f"select k.project from {table} k {_where(mine)} order by k.project limit 1"
    beyond = _where([*mine, "k.project > p.project"])
    following = f"select k.project from {table} k {beyond} order by k.project limit 1"
    return writing.query(f"""
        with recursive p (project) as (
            ({first})
            union all
            select ({following}) from p where p.project is not null
        )
        select p.project from p {_where(["p.project is not null", *exist])}""")


def sizes(search: Search, ways: Iterable[Way], most: int) -> Query:
    """How many calls each way leads to, counted up to ``most``: a column for each way."""
    writing = _Writing(search)
    limit = writing.value(most, "int8")
    columns = []
    for way in ways:
        rows, conditions, _ = writing.stream(way, looks=False)
        inner = f"select from {rows} {_where(conditions)} limit {limit}"
        all_of_them = f"select from {writing.each(way, inner)} limit {limit}"
        columns.append(f'(select count(*) from ({all_of_them}) n) as "{way}"')
    return writing.query(f"select {', '.join(columns)}")


def direct(search: Search, way: Way, place: ListPlace | None, order: Direction, n: int) -> Query:
    """A page of a search that its way in answers by itself; ``hits`` is null."""
    writing = _Writing(search)
    rows, conditions, _ = writing.stream(way, looks=False)
    conditions += writing.beyond("k", place, order)
    by_time = _sorted(order, writing.value(n, "int8"))
    inner = f"select k.entered_at, k.call from {rows} {_where(conditions)} {by_time}"
    page = f"select k.entered_at, k.call from {writing.each(way, inner)} {by_time}"
    return writing.query(_answer("null::int8", "true", page, order))


def walk(
    search: Search, way: Way, place: ListPlace | None, order: Direction, n: int, *, looks: int
) -> Query:
    """A page of the calls that are found by looking at the way's next calls, at most ``looks`` of
    each project.

    ``hits`` is how many were found. ``whole`` says that there were no more calls to look at; if
    there were, ``hits`` is the least there can be, and the page ends where looking at any project
    ended.
    """
    writing = _Writing(search)
    rows, conditions, row = writing.stream(way, looks=True)
    conditions += writing.beyond("k", place, order)
    others = writing.others(way, row)
    if way is Way.ALL and search.projects is not None:
        others.append(f"{row}.project = any({writing.projects})")
    hit = " and ".join(others) or "true"
    most = writing.value(looks, "int8")
    inner = f"""
        select k.entered_at, k.call, ({hit}) is true as hit
        from {rows} {_where(conditions)} {_sorted(order, most)}"""
    last, furthest, sign = (
        ("min", "max", ">") if order is Direction.NEWEST_FIRST else ("max", "min", "<")
    )
    page = f"""
        select k.entered_at, k.call from looked k
        where k.hit and ((select at from ends) is null or k.entered_at {sign} (select at from ends))
        {_sorted(order, writing.value(n, "int8"))}"""
    answer = _answer(
        "(select count(*) from looked where hit)", "(select at is null from ends)", page, order
    )
    return writing.query(f"""
        with looked as materialized (
            select p.project, k.entered_at, k.call, k.hit from {writing.each(way, inner)}
        ), ends as materialized (
            select {furthest}(last) as at from (
                select {last}(entered_at) as last from looked group by project
                having count(*) >= {most}
            ) as unfinished
        )
        {answer}""")


def intersection(search: Search, place: ListPlace | None, order: Direction, n: int) -> Query:
    """A page of the calls that fulfil everything, by whichever indexes the planner combines; all
    are found, and ``hits`` counts them."""
    writing = _Writing(search)
    page = f"""
        select k.entered_at, k.call from found k {_where(writing.beyond("k", place, order))}
        {_sorted(order, writing.value(n, "int8"))}"""
    answer = _answer("(select count(*) from found)", "true", page, order)
    return writing.query(f"""
        with found as materialized (
            select c.entered_at, c.call from calls c {_where(writing.everything("c"))}
        )
        {answer}""")
