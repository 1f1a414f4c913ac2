"""The list of attempts and its files: in the words of the project, and by what was typed."""

import csv
import io
import re
from html import unescape

import pytest
from openpyxl import load_workbook

from campaigns.attempt_pages import CameGroup, ResultGroup
from campaigns.dispositions import Disposal, Disposition, Dispositions
from campaigns.outbound_figures import CameTo
from console.campaigns import attempt_words
from console.campaigns.attempt_filters import read_attempts
from records.call_filters import FilterMistake
from tests.campaigns.attempt_facts import ANN, spoken
from tests.campaigns.campaigns_scene import NOON, ZONE
from tests.console.browserless import Client
from tests.console.campaigns.called_campaign import called_campaign
from tests.console.conftest import Console, Visit


def test_each_code_has_its_words() -> None:
    assert set(attempt_words.CAME) == {*CameTo, *CameGroup}
    assert set(attempt_words.RESULTS) == set(ResultGroup)


@pytest.mark.parametrize(
    ("typed", "mistakes"),
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, {FilterMistake.BACKWARDS}),
        ({"from": "x", "came": "y"}, {FilterMistake.NOT_A_DATE, FilterMistake.NO_SUCH_OUTCOME}),
        ({"to": "9999-12-31"}, {FilterMistake.NOT_A_DATE}),
        ({"result": "of the project's own", "agent": "' or 1=1", "before": "x~y"}, set()),
    ],
)
def test_what_makes_no_sense_is_named(typed: dict[str, str], mistakes: set[FilterMistake]) -> None:
    assert set(read_attempts(typed, ZONE).mistakes) == mistakes


def test_a_day_is_whole() -> None:
    asked = read_attempts({"from": "2026-03-02", "to": "2026-03-02"}, ZONE).asked
    assert asked.start is not None and asked.end is not None
    assert (asked.end - asked.start).total_seconds() == 86_400
    assert asked.start <= NOON < asked.end


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def test_results_are_in_the_words_of_the_project(console: Console, visit: Visit) -> None:
    called = await called_campaign(console.database)
    await called.scene.happened(*spoken(called.attempt))
    said = Disposal(Disposition.REFUSED, "price", "=HYPERLINK(1)", choice="refused")
    await Dispositions(console.database.pool).dispose(called.attempt, ANN, said)
    cleo = await english(visit, "cleo")
    text = unescape(await (await cleo.get("/attempts?came=talked&result=refused")).text())
    for part in ("Refused", "Price", "Ms Li", "Spring"):
        assert part in text, part
    assert "/calls/pbx1" not in text
    assert "Daily report" in await (await cleo.get("/campaigns/spring")).text()
    answer = await cleo.get("/campaigns/spring/attempts.csv?agent=1001")
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    row = dict(zip(rows[0], rows[1], strict=True))
    assert (row["Result"], row["Reason"], row["Note"]) == ("Refused", "Price", "'=HYPERLINK(1)")
    assert (row["Number"], row["Campaign"]) == ("'+8613800000001", "Spring")
    assert row["What came of it"] == "Talked with an agent"
    assert row["Time"] == "2026-03-02 12:00:00"
    answer = await cleo.get("/attempts.xlsx")
    book = load_workbook(io.BytesIO(await answer.read()))
    assert book.active is not None
    values = [cell.value for cell in book.active[2]]
    assert "=HYPERLINK(1)" in values and "+8613800000001" in values
    assert all(cell.data_type in "sn" for cell in book.active[2])
    nobody = await (await cleo.get("/attempts?agent=-&campaign=-")).text()
    assert "No attempts here" in nobody
    assert re.search(r'value="-" selected', nobody)
