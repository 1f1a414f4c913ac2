"""Checks whether a flow fits: among the flows that calls meet, and with all that leads to it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import asyncpg

from documents.document_errors import DocumentError
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.loader import Checked, check
from ivr_flows.references import ANYWHERE, Outside
from ivr_flows.trying.playing import AllPlayed, play_all
from ivr_flows.trying.scripts import load_scripts
from publishing.checked_texts import checked_once
from publishing.flow_words import FlowDraft, FlowEdition, FlowRefusal, FlowRefused
from storage.queries import load

_SQL = load("flows")

OutsideOf = Callable[[asyncpg.Connection, str], Awaitable[Outside]]
"""What the flows of a project ("": all projects) may name; its ``flows`` are filled in here. What
is in the database is read by the connection, which may be in the middle of a publication."""

UnfitOf = Callable[[asyncpg.Connection, str, Mapping[str, Flow]], Awaitable[FlowRefused | None]]
"""Why numbers and campaigns that lead to a flow would not fit it any more, if all flows were these;
None: they fit."""


async def anywhere(_db: asyncpg.Connection, _project: str) -> Outside:
    """Flows may name whatever they like."""
    return ANYWHERE


async def all_fit(
    _db: asyncpg.Connection, _flow: str, _flows: Mapping[str, Flow]
) -> FlowRefused | None:
    """Everything fits."""
    return None


@dataclass(frozen=True, slots=True)
class MetFlows:
    """The flows that calls meet now, by name; ``flows`` lacks those that can't be loaded."""

    texts: Mapping[str, str]
    flows: Mapping[str, Flow]
    projects: Mapping[str, str]


async def met_flows(db: asyncpg.Connection) -> MetFlows:
    """What calls meet now, as the connection sees it."""
    edition = await edition_of(db, await db.fetchval(_SQL["newest"]))
    return MetFlows(
        edition.texts, await asyncio.to_thread(_loadable, edition.texts), edition.projects
    )


def _loadable(texts: Mapping[str, str]) -> Mapping[str, Flow]:
    found = {name: checked_once(name, text).flow for name, text in texts.items()}
    return {name: flow for name, flow in found.items() if flow is not None}


async def edition_of(db: asyncpg.Connection, edition: int) -> FlowEdition:
    """An edition, perhaps an old one."""
    rows = [row for row in await db.fetch(_SQL["edition"], edition) if row["text"] is not None]
    return FlowEdition(
        edition,
        {row["flow"]: row["text"] for row in rows},
        {row["flow"]: row["number"] for row in rows},
        {row["flow"]: row["project"] for row in rows},
    )


async def unpublished_flows(db: asyncpg.Connection) -> Mapping[str, str]:
    """The flows that exist only as drafts, each with its project ("": every project's)."""
    return {row["flow"]: row["project"] for row in await db.fetch(_SQL["unpublished"])}


class FlowChecks:
    """What is asked of a flow before calls meet it, by a connection that may be in the middle of a
    publication."""

    def __init__(self, outside: OutsideOf, unfit: UnfitOf = all_fit) -> None:
        self._outside = outside
        self._unfit = unfit

    async def check(
        self, db: asyncpg.Connection, project: str, flow: str, text: str, met: MetFlows
    ) -> Checked:
        """What is wrong with a text that is to be a flow of the project."""
        around = await self.around(db, project, flow, met)
        # In a thread: a large text takes half a second, and calls go on meanwhile.
        return await asyncio.to_thread(check, text, f"{flow}.yaml", around)

    async def around(
        self, db: asyncpg.Connection, project: str, flow: str, met: MetFlows
    ) -> Outside:
        """What a text that is to be a flow of the project may name."""
        flows = {
            name: other
            for name, other in met.flows.items()
            if name != flow and met.projects.get(name) in ("", project)
        }
        drafts = await unpublished_flows(db)
        outside = await self._outside(db, project)
        return replace(
            outside,
            names={**outside.names, NameOf.FLOW: flows.keys()},
            flows=flows,
            drafts=frozenset(name for name, of in drafts.items() if of in ("", project)),
        )

    async def refused(
        self, db: asyncpg.Connection, flow: str, now: Flow, met: MetFlows
    ) -> FlowRefused | None:
        """Why what leads to this flow would not fit it any more; None: it would."""
        if broken := await asyncio.to_thread(self._broken, flow, now, met):
            return FlowRefused(FlowRefusal.BREAKS_OTHERS, broken)
        return await self._unfit(db, flow, {**met.flows, flow: now})

    def _broken(self, flow: str, now: Flow, met: MetFlows) -> str:
        """A published flow that enters this one and would not fit it any more; "" if none."""
        for name, other in met.flows.items():
            if name == flow or flow not in other.entered:
                continue
            after = Outside(flows={**met.flows, flow: now})
            found = check(met.texts[name], f"{name}.yaml", after)
            if found.flow is None:
                return str(found.errors[0])
        return ""


def warning_key(warning: DocumentError) -> str:
    """What a warning is recognised by when it is confirmed: its words, not its line."""
    return warning.message


def check_tests(draft: FlowDraft, flow: Flow, others: Mapping[str, Flow]) -> None:
    """Raise FlowRefused if the draft's tests fail, or can't be played."""
    try:
        played = play_tests(draft, flow, others)
    except DocumentError as error:
        raise FlowRefused(FlowRefusal.TESTS_FAIL, str(error)) from error
    if played is not None and played.faults:
        raise FlowRefused(FlowRefusal.TESTS_FAIL, str(played.faults[0]))


def play_tests(draft: FlowDraft, flow: Flow, others: Mapping[str, Flow]) -> AllPlayed | None:
    """What came of the draft's tests; None if it has none. Raises DocumentError."""
    if not draft.tests.strip():
        return None
    return play_all(flow, load_scripts(draft.tests, f"{flow.name}.tests.yaml"), others)
