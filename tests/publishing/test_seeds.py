"""Files of flows as seeds: sown once, again when they change, and never over somebody's work."""

from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from publishing.flow_checks import warning_key
from publishing.seeds import BY_FILE, FlowSeed, FlowSeeds
from storage.database import Database
from tests.publishing.test_publications import ADMIN, GOOD, SUB, FlowScene

CALLING = GOOD.replace(
    "sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}",
    "sales: {kind: flow, flow: identify, exits: {done: bye}}",
)


class Field:
    """Seeds, what is published, and who sows."""

    def __init__(self, database: Database) -> None:
        self.scene = FlowScene(database)
        self.seeds = FlowSeeds(database.pool, clock=lambda: self.scene.now)

    async def sow(self, **texts: str) -> tuple[str, ...]:
        return (await self.seeds.sow(seeds(texts))).published

    async def texts(self) -> Mapping[str, str]:
        return (await self.scene.history.newest()).texts


def seeds(texts: Mapping[str, str]) -> Mapping[str, FlowSeed]:
    return {name: FlowSeed(text, f"/flows/{name}.yaml") for name, text in texts.items()}


@pytest.fixture
def field(database: Database) -> Field:
    return Field(database)


async def test_a_file_is_published_once_and_again_when_it_changes(field: Field) -> None:
    assert await field.sow(menu=GOOD) == ("menu",)
    first = await field.scene.history.newest_number()
    assert await field.sow(menu=GOOD) == (), "nothing has changed"
    assert await field.scene.history.newest_number() == first
    assert await field.sow(menu=GOOD.replace("Hello}", "Hi}")) == ("menu",)
    assert await field.sow(menu=GOOD) == ("menu",), "the file was put back"
    assert await field.texts() == {"menu": GOOD}
    revisions = await field.scene.history.revisions(ADMIN, "menu")
    assert [(one.number, one.by, one.note) for one in revisions] == [
        (number, BY_FILE, "menu.yaml") for number in (3, 2, 1)
    ]


async def test_what_somebody_has_changed_stays(field: Field) -> None:
    await field.sow(menu=GOOD)
    draft = await field.scene.drafts.of(ADMIN, "menu")
    mine = GOOD.replace("Hello}", "Good morning}")
    draft = await field.scene.drafts.save(ADMIN, "menu", draft.version, mine, "")
    later = GOOD.replace("Hello}", "Hi}")
    with capture_logs() as logs:
        sown = await field.seeds.sow(seeds({"menu": later}))
    assert (sown.published, sown.left_alone) == ((), {"menu": "/flows/menu.yaml"})
    assert [line["flow"] for line in logs] == ["menu"]
    assert await field.texts() == {"menu": GOOD}, "the draft alone keeps the file off"
    found = await field.scene.published.checked(ADMIN, "menu")
    confirmed = [warning_key(one) for one in found.warnings]
    await field.scene.published.publish(ADMIN, "menu", draft.version, "", confirmed)
    assert (await field.seeds.sow(seeds({"menu": GOOD}))).left_alone == {}, "as it was sown"
    assert (await field.seeds.sow(seeds({"menu": later}))).left_alone == sown.left_alone
    await field.scene.published.roll_back(ADMIN, "menu", 1)
    assert await field.sow(menu=later) == (), "who rolled back meant it"
    assert await field.texts() == {"menu": GOOD}


async def test_flows_that_enter_each_other_are_sown_together(field: Field) -> None:
    assert set(await field.sow(menu=CALLING, identify=SUB)) == {"menu", "identify"}


async def test_a_faulty_file_is_left_out_with_those_that_need_it(field: Field) -> None:
    with capture_logs() as logs:
        sown = await field.sow(
            menu=CALLING, identify="flow: [", other=GOOD, binary="\x00", huge="x" * 5_000_000
        )
    assert sown == ("other",)
    assert len([line for line in logs if "left out" in line["event"]]) == 4
    assert await field.sow(menu=CALLING, identify=SUB) == ("menu", "identify"), "mended"


async def test_what_would_be_sown_can_be_asked(field: Field) -> None:
    await field.sow(menu=GOOD)
    assert await field.seeds.due(seeds({"menu": GOOD, "identify": SUB})) == {"identify"}
