"""Replaying last week's calls through a draft, at the console."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import pytest

from console.flows.replay_runs import (
    MOST_WAITING,
    CallsToReplay,
    LeadsOne,
    ReplayFound,
    ReplayRuns,
    TooManyReplays,
    reasons,
)
from console.kit.context import FLOW_DRAFTS
from domain.flow_facts import NodePassed
from ivr_flows.trying.replay import CantReplay, Destination, PlaceKind, Replayed
from records.writing import write
from storage.database import connection
from storage.fact_codec import stored
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.flows.test_figures_page import FLOW, OTTO, called, facts_of, published
from tests.waiting import until

AT = datetime(2026, 11, 20, 10)


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def page(client: Client) -> str:
    answer = await client.get("/flows/tea/replay")
    assert answer.status == 200
    return await answer.text()


async def done(client: Client) -> str:
    text = ""

    async def ready() -> bool:
        nonlocal text
        text = await page(client)
        return 'hx-trigger="load' not in text

    await until(ready, what="the replay to be done")
    return text


async def test_a_replay_says_who_would_go_elsewhere(console: Console, visit: Visit) -> None:
    await published(console)
    await called(console)
    lost = facts_of("tea", 9, NodePassed("hello", "next", 9.0, 2.0))
    async with connection(console.database.pool) as db:
        await write(db, [stored(one) for one in lost])
    otto = await english(visit, "otto")
    assert "Replay last week" in await page(otto)
    draft = await console.app[FLOW_DRAFTS].of(OTTO, "tea")
    other = FLOW.replace("sales: wait, end: bye", "sales: bye, end: wait")
    await console.app[FLOW_DRAFTS].save(OTTO, "tea", draft.version, other, "")
    answer = await otto.post("/flows/tea/replay", {})
    assert answer.status == 303
    text = await done(otto)
    assert '<div class="h1 mb-0" id="elsewhere">2</div>' in text
    assert '<div class="h1 mb-0" id="same">1</div>' in text
    assert '<div class="h1 mb-0" id="unknown">1</div>' in text
    assert "<td>queue sales</td><td>ended by the flow: done</td>" in text
    assert "can&#39;t be read any more" in text or "can't be read any more" in text
    assert "Replay last week" in await page(await english(visit, "sue")) or "Replay again" in text


async def test_a_draft_with_errors_is_not_replayed(console: Console, visit: Visit) -> None:
    await published(console)
    draft = await console.app[FLOW_DRAFTS].of(OTTO, "tea")
    await console.app[FLOW_DRAFTS].save(OTTO, "tea", draft.version, FLOW + "  odd: {}\n", "")
    otto = await english(visit, "otto")
    answer = await otto.post("/flows/tea/replay", {})
    assert answer.status == 409
    assert "The draft has errors" in await answer.text()


async def test_nothing_to_replay_is_said(console: Console, visit: Visit) -> None:
    await published(console)
    await called(console, "other")  # whose calls otto may not see
    otto = await english(visit, "otto")
    await otto.post("/flows/tea/replay", {})
    assert "No call has been through this flow in the last week" in await done(otto)
    answer = await otto.post("/flows/tea/replay/cancel", {})
    assert answer.status == 303
    assert "Replay last week" in await page(otto)


def led(why_not: CantReplay | None = None, to: str = "sales") -> Replayed:
    went, would_go = (Destination(PlaceKind.QUEUE, "sales"),), (Destination(PlaceKind.QUEUE, to),)
    return Replayed("c", AT, "138", went, would_go, why_not, "menu" if why_not else "")


async def test_a_replay_gives_others_their_turn_and_can_be_cancelled() -> None:
    runs = ReplayRuns()
    seen = 0

    def lead() -> Replayed:
        nonlocal seen
        seen += 1
        return led(to="service")

    async def some() -> AsyncIterator[Sequence[LeadsOne]]:
        while True:
            yield [lead] * 100

    async def many() -> CallsToReplay:
        return CallsToReplay(10**6, some())

    run = runs.begin("a", many)
    assert runs.begin("a", many) is run
    await until(lambda: run.found.calls, what="the first calls to be replayed")
    assert (run.all, run.done) == (10**6, False)
    for number in range(MOST_WAITING - 1):
        runs.begin(number, many)
    with pytest.raises(TooManyReplays):
        runs.begin("one more", many)
    runs.cancel("a")
    await asyncio.wait([run.task])
    assert run.task.cancelled() and runs.of("a") is None
    assert seen > 0
    for number in range(MOST_WAITING - 1):
        runs.cancel(number)


async def test_what_went_wrong_is_kept_for_the_page() -> None:
    runs = ReplayRuns(kept_s=0.0)

    async def fails() -> CallsToReplay:
        raise OSError("no database")

    run = runs.begin("a", fails)
    await asyncio.wait([run.task])
    with pytest.raises(OSError, match="no database"):
        run.result()
    await until(lambda: runs.of("a") is None, what="it to be forgotten")


def test_pairs_and_reasons_are_counted() -> None:
    found = ReplayFound()
    for one in (led(), led(to="service"), led(to="service"), led(CantReplay.SECRET)):
        found.add(one)
    assert (found.calls, found.same, found.gone_elsewhere) == (4, 1, 2)
    assert reasons(found) == [(CantReplay.SECRET, 1, {"menu": 1})]
