"""The lead report's page and files, over a real database."""

import csv
import io
from html import unescape

from openpyxl import load_workbook

from campaigns.lead_report import Follows
from console.reports import words
from tests.campaigns.campaigns_scene import BANK, CampaignScene
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit


def test_each_code_has_its_words() -> None:
    assert set(words.FOLLOWS) == set(Follows)


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def test_a_row_a_lead_on_the_page_and_in_both_files(console: Console, visit: Visit) -> None:
    cleo = await english(visit, "cleo")
    assert "There are no lists yet" in await (await cleo.get("/reports/leads")).text()
    assert (await cleo.get("/reports/leads.csv")).status == 404
    scene = CampaignScene(console.database)
    into = await scene.new_list()
    fields = {"E-mail": "li@tea.cn", "Product": "@SUM(A1)"}
    await scene.lead(into, "+8613800000001", "+8613800000002", name="=Ms <b>Li", fields=fields)
    await scene.leads(into, 60)
    text = await (await cleo.get("/reports/leads")).text()
    assert "<b>Li" not in text
    shown = unescape(text)
    for part in (
        "=Ms <b>Li", "+8613800000002", "li@tea.cn", "@SUM(A1)", "Cold", "Next attempt when",
    ):  # fmt: skip
        assert part in shown, part
    assert shown.count("data-key=") == 50
    assert "Next page" in shown
    answer = await cleo.get(f"/reports/leads.csv?list={into}")
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert len(rows) == 62
    assert rows[0][:4] == ["Customer", "Cold or known", "Phone numbers", "E-mail"]
    (row,) = (one for one in rows if "Li" in one[0])
    assert row[:4] == ["'=Ms <b>Li", "Cold", "'+8613800000001 +8613800000002", "li@tea.cn"]
    assert row[6] == "'@SUM(A1)"
    answer = await cleo.get(f"/reports/leads.xlsx?list={into}")
    book = load_workbook(io.BytesIO(await answer.read()))
    assert book.active is not None
    assert book.active.max_row == 62
    assert {cell.data_type for line in book.active.iter_rows() for cell in line} <= {"s", "n"}
    called = await (await cleo.get(f"/reports/leads?list={into}&only=called")).text()
    assert "No leads here" in called


async def test_other_projects_lists_are_not_there(console: Console, visit: Visit) -> None:
    scene = CampaignScene(console.database)
    banks = await scene.new_list(BANK)
    await scene.lead(banks, "+8613800000009", name="Mr Secret", project=BANK)
    for name in ("cleo", "sue"):
        client = await english(visit, name)
        assert "There are no lists yet" in await (await client.get("/reports/leads")).text()
        for path in ("/reports/leads", "/reports/leads.csv", "/reports/leads.xlsx"):
            for number in (banks, "1'", "x", "9" * 40):
                assert (await client.get(f"{path}?list={number}")).status == 404
    ben = await english(visit, "ben")
    assert "Mr Secret" in await (await ben.get("/reports/leads")).text()
    assert (await ben.get(f"/reports/leads.pdf?list={banks}")).status == 404
    assert (await ben.get("/reports/leads?after=%F0%9F%8D%B5")).status == 200
