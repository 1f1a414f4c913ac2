"""Finds which flows name a thing that is kept outside them: a queue, a secret, a recording ..."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from ivr_flows.kind import NameOf
from ivr_flows.named_outside import named_in
from storage.database import connection
from storage.queries import load

_SQL = load("flows")


@dataclass(frozen=True, slots=True, order=True)
class FlowUse:
    """A flow that names something, in what calls meet (``met``), in its draft, or in both."""

    flow: str
    project: str
    met: bool
    in_draft: bool


async def uses_of(pool: asyncpg.Pool, of: NameOf) -> Mapping[str, tuple[FlowUse, ...]]:
    """The flows that name each thing of a kind, by its name. Raises one of
    ``storage.database_errors.AWAY``."""
    async with connection(pool) as db:
        rows = await db.fetch(_SQL["texts"])
    found: dict[str, list[FlowUse]] = defaultdict(list)
    for row in rows:
        met, drafted = ({one.name for one in named_in(text or "") if one.of is of}
                        for text in (row["met"], row["draft"]))  # fmt: skip
        for name in met | drafted:
            use = FlowUse(row["flow"], row["project"], name in met, name in drafted)
            found[name].append(use)
    return {name: tuple(sorted(uses)) for name, uses in found.items()}
