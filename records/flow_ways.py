"""Reads the ways of calls through a flow, to let them come again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import asyncpg

from domain.flow_facts import NodePassed, WayTaken
from domain.identity import CallId
from domain.stations import OWN_PHONES
from storage.database import connection
from storage.fact_codec import happening
from storage.projects import Projects, as_array
from storage.queries import load

_SQL = load("flow_figures")


@dataclass(frozen=True, slots=True)
class WalkedCall:
    """A call's whole way through a flow. ``before_s`` of its nodes is before the end of the way."""

    call: CallId
    entered_at: datetime
    caller: str | None
    hotline: str | None
    placed: bool
    revision: int | None
    nodes: tuple[NodePassed, ...]


class FlowWayStore:
    """Reads ways. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def newest(
        self, flow: str, since: datetime, most: int, *, projects: Projects
    ) -> tuple[CallId, ...]:
        """The newest calls that met this flow since a time, the newest first: as many as are in
        ``most`` facts."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                _SQL["newest_ways"], flow, since, as_array(projects), OWN_PHONES, most
            )
        return tuple(dict.fromkeys(CallId(row["call"]) for row in rows))

    async def walked(self, calls: Sequence[CallId]) -> tuple[WalkedCall, ...]:
        """The ways of these calls. A hundred take some milliseconds of the loop."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["ways"], [*calls])
        return tuple(
            _walked([*of_call]) for _, of_call in groupby(rows, key=lambda row: row["call"])
        )


def _walked(rows: list[asyncpg.Record]) -> WalkedCall:
    last, ways = rows[-1], [happening(WayTaken.kind, row["detail"]) for row in rows]
    nodes = [
        replace(node, before_s=node.before_s + (last["at"] - row["at"]).total_seconds())
        for row, way in zip(rows, ways, strict=True)
        if isinstance(way, WayTaken)
        for node in way.nodes
    ]
    revision = next((way.revision for way in ways if isinstance(way, WayTaken)), None)
    return WalkedCall(
        CallId(last["call"]),
        last["entered_at"],
        last["caller"],
        last["hotline"],
        last["placed"],
        revision,
        tuple(nodes),
    )
