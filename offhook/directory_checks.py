"""Checks changes of the directory with the flows that calls meet at that moment."""

import asyncio
from collections.abc import Callable, Mapping

import asyncpg

from centre.directory_service import Check, CheckOfNow
from configuration.flows import directory_check
from engine.flows_in_force import FlowsOfEdition, loaded
from publishing.flow_checks import unpublished_flows
from publishing.flow_history import FlowHistory


def check_with(flows: FlowsOfEdition, drafts: Mapping[str, str]) -> Check:
    """What a directory is checked with, with these flows; ``drafts`` are those that are not
    published, each with its project."""
    return directory_check(flows.flows, lambda name: flows.projects.get(name, ""), drafts)


def check_of_now(history: FlowHistory, known: Callable[[], FlowsOfEdition]) -> CheckOfNow:
    """What a change of the directory is checked with in its own transaction: the flows that were
    published last, perhaps a moment ago or by another process. ``known`` are those that this
    process knows."""

    async def check(db: asyncpg.Connection) -> Check:
        flows = known()
        if (other := await history.other_than(flows.edition, db)) is not None:
            flows = await asyncio.to_thread(loaded, other)
        return check_with(flows, await unpublished_flows(db))

    return check
