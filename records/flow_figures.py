"""Counts how calls went through the nodes of their flows, and reads that again.

The counts are kept by quarters of an hour, in the transaction that stores the facts: a fact that
comes twice is counted once. A node that a call is still in is not counted yet.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import asyncpg
import structlog

from domain.facts import CallFact
from domain.flow_facts import NodePassed, WayTaken
from domain.stations import OWN_PHONES
from records.fold import CallRecord
from storage.database import connection
from storage.projects import Projects, as_array
from storage.queries import load

log = structlog.get_logger()

_SQL = load("flow_figures")
SLOT = timedelta(minutes=15)
KEPT = timedelta(days=35)
_LONGEST = 200
"""Characters of a name in the table's key."""

_SHORTEST_S = 0.05
_STEPS_AN_OCTAVE = 4
"""Lengths are counted in steps of a fourth of an octave, which is within 9 % of the truth."""
_MOST_STEPS = 100


class Span(StrEnum):
    """How far figures reach back."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        """The time before now that it is."""
        return {"hour": timedelta(hours=1), "day": timedelta(days=1)}.get(
            self.value, timedelta(days=7)
        )

    def since(self, now: datetime) -> datetime:
        """The beginning of the quarter of an hour in which it begins."""
        return slot_of(now - self.length)


class CountedAlike(NamedTuple):
    """What is counted alike: the table's key."""

    flow: str
    slot: datetime
    revision: int
    project: str
    node: str
    exit: str
    hung_up: bool
    lasted: int


@dataclass(slots=True)
class _Sums:
    calls: int = 0
    silent: int = 0
    seconds: float = 0.0


def slot_of(at: datetime) -> datetime:
    """The beginning of the quarter of an hour."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def step_of(seconds: float) -> int:
    """The step of a length."""
    if seconds <= _SHORTEST_S:
        return 0
    return min(_MOST_STEPS, round(_STEPS_AN_OCTAVE * math.log2(seconds / _SHORTEST_S)))


def seconds_of(step: int) -> float:
    """The length in the middle of a step; 0 for the shortest."""
    return 0.0 if step <= 0 else float(_SHORTEST_S * 2 ** (step / _STEPS_AN_OCTAVE))


def counted(
    facts: Iterable[CallFact], records: Iterable[CallRecord]
) -> Mapping[CountedAlike, _Sums]:
    """The counts of new facts of ways. Calls that try the centre out are in no figure."""
    of = {record.call: record for record in records}
    found: defaultdict[CountedAlike, _Sums] = defaultdict(_Sums)
    for fact in facts:
        record = of.get(fact.call)
        if not isinstance(fact.what, WayTaken) or (record and record.line == OWN_PHONES):
            continue
        for one in fact.what.nodes:
            key = _key(fact.at, fact.what, one, record)
            if key is not None:
                sums = found[key]
                sums.calls += 1
                sums.silent += one.silent
                sums.seconds += one.lasted_s
    return found


def _key(
    at: datetime, way: WayTaken, one: NodePassed, record: CallRecord | None
) -> CountedAlike | None:
    flow = one.flow or way.flow
    node = (one.node or "").rpartition(">")[2]
    if not flow or not node:
        return None
    left = at - timedelta(seconds=max(0.0, one.before_s - one.lasted_s))
    return CountedAlike(
        flow[:_LONGEST],
        slot_of(left),
        (one.revision if one.flow else way.revision) or 0,
        ((record.project if record else None) or "")[:_LONGEST],
        node[:_LONGEST],
        (one.exit or "")[:_LONGEST],
        one.exit is None,
        step_of(one.lasted_s),
    )


async def count(
    db: asyncpg.Connection, facts: Iterable[CallFact], records: Iterable[CallRecord]
) -> None:
    """Count new facts of ways, within the transaction that stores them."""
    try:
        found = counted(facts, records)
    except Exception:  # a bug in counting must not hold up the facts
        log.exception("the ways of calls could not be counted")
        return
    if not found:
        return
    sums = found.values()
    await db.execute(
        _SQL["count"],
        *map(list, zip(*found, strict=True)),
        [one.calls for one in sums],
        [one.silent for one in sums],
        [one.seconds for one in sums],
    )
    newest = max(key.slot for key in found)
    if (newest.hour, newest.minute) == (0, 0):
        await db.execute(_SQL["forget"], newest - KEPT)


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """How calls went through one node. ``entered`` = all ``exits`` + ``ended`` + ``hung_up``."""

    entered: int
    exits: Mapping[str, int]
    ended: int
    """It was the end of the flow, or of a flow within another."""
    hung_up: int
    silent: int
    """How many left a question unanswered at least once."""
    mean_s: float
    median_s: float
    """Within 9 %."""


@dataclass(frozen=True, slots=True)
class FlowFigures:
    """The figures of a flow. ``revisions``: how many calls came to each node of each, 0 if that is
    not known."""

    since: datetime
    nodes: Mapping[str, NodeFigures]
    revisions: Mapping[int, int]


@dataclass(slots=True)
class _Node:
    exits: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    hung_up: int = 0
    silent: int = 0
    seconds: float = 0.0
    steps: Counter[int] = field(default_factory=Counter)

    def figures(self) -> NodeFigures:
        entered = self.steps.total()
        half, median_s = entered / 2, 0.0
        for step in sorted(self.steps):
            half -= self.steps[step]
            if half <= 0:
                median_s = seconds_of(step)
                break
        mean_s = self.seconds / entered if entered else 0.0
        return NodeFigures(
            entered, dict(self.exits), self.ended, self.hung_up, self.silent, mean_s, median_s
        )


class FlowFigureStore:
    """Reads figures of flows. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of(
        self, flow: str, since: datetime, revision: int | None, *, projects: Projects
    ) -> FlowFigures:
        """The figures of a flow's nodes since a time; ``revision`` None: of all of them."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["figures"], flow, since, as_array(projects))
        nodes: defaultdict[str, _Node] = defaultdict(_Node)
        revisions: Counter[int] = Counter()
        for row in rows:
            revisions[row["revision"]] += row["calls"]
            if revision is not None and row["revision"] != revision:
                continue
            node = nodes[row["node"]]
            node.steps[row["lasted"]] += row["calls"]
            node.silent += row["silent"]
            node.seconds += row["seconds"]
            if row["hung_up"]:
                node.hung_up += row["calls"]
            elif row["exit"]:
                node.exits[row["exit"]] += row["calls"]
            else:
                node.ended += row["calls"]
        return FlowFigures(
            since, {name: node.figures() for name, node in nodes.items()}, dict(revisions)
        )
