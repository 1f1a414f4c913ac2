"""What ``up`` checks of flows in files, when the database has flows of its own."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from centre.directory import directory_of
from centre.inbound_settings import HotlineSettings
from configuration.flows import FlowSource, load_flows
from configuration.published_flows import PublishedFlows, flows_elsewhere, seeds_of
from documents.document_errors import DocumentError
from publishing.edition_copy import EDITIONS_FILE
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory
from publishing.seeds import FlowSeeds
from storage.database import Database, make_pool
from tests.centre.small import QUEUE, TEA
from tests.configuration.test_flow_surroundings import PLAIN, QUEUED, House
from tests.publishing.test_publications import ADMIN


def number(flow: str) -> HotlineSettings:
    return HotlineSettings(number="4008001000", project="tea", flow=flow)


def files(**texts: str) -> Mapping[str, FlowSource]:
    return {
        name: FlowSource(Path(f"/flows/{name}.yaml"), text.encode()) for name, text in texts.items()
    }


async def test_a_file_that_is_left_alone_stands_in_nobodys_way(
    database: Database, tmp_path: Path
) -> None:
    old = QUEUED.format(name="menu", queue="gone")
    ours = directory_of((TEA, QUEUE, number("menu")))
    seen = await flows_elsewhere(database.pool, files(menu=old), tmp_path)
    with pytest.raises(DocumentError, match='no queue "gone"'):
        load_flows(files(menu=old), ours, seen)  # it would be published
    await FlowSeeds(database.pool).sow(seeds_of(files(menu=old)))
    await House(database).publish("menu", PLAIN)
    seen = await flows_elsewhere(database.pool, files(menu=old), tmp_path)
    assert "menu" in load_flows(files(menu=old), ours, seen)
    broken = files(menu="flow: [")
    with pytest.raises(DocumentError):  # somebody is halfway through saving it
        load_flows(broken, ours, await flows_elsewhere(database.pool, broken, tmp_path))


async def test_a_published_flow_needs_no_file_also_while_the_database_is_away(
    database: Database, tmp_path: Path
) -> None:
    await House(database).publish("mine", PLAIN)
    history = FlowHistory(database.pool)
    ours = directory_of((TEA, number("mine")))
    load_flows({}, ours, await flows_elsewhere(database.pool, {}, tmp_path))

    file = tmp_path / EDITIONS_FILE
    await PublishedFlows(FlowSeeds(database.pool), history, file, {}).at_start(open_now=True)
    away = await make_pool("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    lost = FlowHistory(away)
    load_flows({}, ours, await flows_elsewhere(away, {}, tmp_path))
    found = await PublishedFlows(FlowSeeds(away), lost, file, {}).at_start(open_now=False)
    assert list(found.texts) == ["mine"], "nor does a start"
    first = PublishedFlows(FlowSeeds(away), lost, tmp_path / "none", seeds_of(files(menu="m")))
    assert (await first.at_start(open_now=True)).texts == {"menu": "m"}, "it has nothing else"
    await away.close()


async def test_a_start_says_of_a_draft_that_it_is_to_be_published(
    database: Database, tmp_path: Path
) -> None:
    await FlowDrafts(database.pool).add(ADMIN, "", "night", PLAIN.format(name="night"))
    seen = await flows_elsewhere(database.pool, {}, tmp_path)
    ours = directory_of((TEA, number("night")))
    with pytest.raises(DocumentError, match="is not published: there is only a draft; publish it"):
        load_flows({}, ours, seen)
    with pytest.raises(DocumentError, match='there is no flow "nigh"'):
        load_flows({}, directory_of((TEA, number("nigh"))), seen)
