"""The pages of lists of leads, over a real database."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from campaigns.import_progress import ImportState, RowFate
from campaigns.lead_columns import ColumnUse, MappingFault
from campaigns.lead_lists import LeadLists, ListRefusal
from campaigns.lead_numbers import LeadFault
from console.lead_lists import words
from documents.sheets import Unreadable
from domain.roles import Actor, Role
from tests.console.browserless import Client
from tests.console.browsing import Open
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA

pytestmark = pytest.mark.live

ADA = Actor("ada", Role.ADMIN, None)
FILE = (
    "姓名,手机号,城市\n张伟,13800138000,上海\n李娜,13800138001,北京\n王芳,12,广州\n"
    "张伟,13800138000,上海\n"
)


async def _english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def _list(console: Console, project: Any = TEA) -> int:
    return (await LeadLists(console.database.pool).make(ADA, project, "May", "CN")).list


def test_each_code_has_its_words() -> None:
    assert set(words.USES) == set(ColumnUse)
    assert set(words.FAULTS) == set(LeadFault)
    assert set(words.REFUSALS) == set(ListRefusal)
    assert set(words.MAPPING_FAULTS) == set(MappingFault)
    assert set(words.UNREADABLE) == set(Unreadable)
    assert set(words.NOT_ADDED) == {RowFate.KNOWN, RowFate.DUPLICATE, RowFate.ELSEWHERE}
    assert set(words.IMPORT_STATES) == set(ImportState)


async def test_a_list_is_made_paused_and_removed(console: Console, visit: Visit) -> None:
    otto = await _english(visit, "otto")
    assert "There are no lists yet" in await (await otto.get("/lists")).text()
    answer = await otto.post("/lists", {"title": "May", "project": "tea", "country": "cn"})
    assert answer.status == 303
    (made,) = await LeadLists(console.database.pool).seen_by(ADA)
    assert (made.title, made.country) == ("May", "CN")
    for to in ("paused", "active"):
        assert (await otto.post(f"/lists/{made.list}/state", {"to": to})).status == 303
    assert (await otto.post(f"/lists/{made.list}/state", {"to": "moon"})).status == 400
    assert (await otto.post(f"/lists/{made.list}/state", {"to": "removed"})).status == 303
    assert (await otto.get(f"/lists/{made.list}")).status == 404


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"title": " "}, "needs a title"),
        ({"country": "China"}, "not a country"),
    ],
)
async def test_a_mistake_is_named(visit: Visit, typed: dict[str, str], said: str) -> None:
    otto = await _english(visit, "otto")
    form = {"title": "May", "project": "tea", "country": "CN"} | typed
    answer = await otto.post("/lists", form)
    assert (answer.status, said in await answer.text()) == (400, True)


async def test_lists_of_others_are_out_of_reach(console: Console, visit: Visit) -> None:
    number = await _list(console, BANK)
    otto = await _english(visit, "otto")
    assert "May" not in await (await otto.get("/lists")).text()
    assert (await otto.get(f"/lists/{number}")).status == 404
    assert (await otto.get("/lists/imports/1")).status == 404
    assert (await otto.get("/lists/x")).status == 404
    answer = await otto.post("/lists", {"title": "May", "project": "bank", "country": "CN"})
    assert answer.status == 403


async def test_a_file_comes_into_a_list_and_out_again(
    console: Console, open_page: Open, visit: Visit
) -> None:
    number = await _list(console)
    page = await open_page(f"/lists/{number}", "ada")
    await page.locator("#file").set_input_files(
        {"name": "may.csv", "mimeType": "text/csv", "buffer": FILE.encode("gb18030")}
    )
    await page.locator("form[enctype] button").click()
    await expect(page.locator("select[name='use.1']")).to_have_value("phone")
    await expect(page.locator("select[name='use.0']")).to_have_value("name")
    await page.locator("form[action$='/begin'] button").click()
    await expect(page.locator("#imported")).to_have_text("2", timeout=20_000)
    await expect(page.locator("#duplicate")).to_have_text("1")
    await expect(page.locator("#rejected")).to_have_text("1")
    url = page.url
    found = re.search(r"/lists/imports/(\d+)", url)
    assert found is not None
    ada = await _english(visit, "ada")
    file = await (await ada.get(f"/lists/imports/{found[1]}/rejected/csv")).text()
    assert "This is not a phone number." in file
    assert "王芳" in file
    assert (await ada.get(f"/lists/imports/{found[1]}/rejected/exe")).status == 404
    leads = await console.database.pool.fetch("select name, fields from leads order by lead")
    assert [row["name"] for row in leads] == ["张伟", "李娜"]
    await page.locator("summary", has_text="Undo the import").click()
    await page.locator("form[action$='/undo'] button").click()
    await expect(page.locator(".alert[role=status]")).to_contain_text("2")
    assert await console.database.pool.fetchval("select count(*) from leads") == 0


async def test_without_a_phone_column_nothing_begins(console: Console, visit: Visit) -> None:
    number = await _list(console)
    otto = await _english(visit, "otto")
    answer = await otto.send(f"/lists/{number}/upload", FILE.encode(), "may.csv")
    assert answer.status == 303
    where = answer.headers["Location"]
    uses = {"use.0": "name", "use.1": "field", "use.2": "field"}
    answer = await otto.post(f"{where}/begin", uses)
    assert answer.status == 400
    assert "No column is for phone numbers" in await answer.text()
    assert (await otto.post(f"{where}/begin", uses | {"use.1": "moon"})).status == 400


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Choose a file first"),
        (b"\xd0\xcf\x11\xe0old", "Excel 2003"),
        (b"PK\x03\x04broken", "damaged"),
    ],
)
async def test_what_is_no_list_is_refused(
    console: Console, visit: Visit, data: bytes, said: str
) -> None:
    number = await _list(console)
    otto = await _english(visit, "otto")
    answer = await otto.send(f"/lists/{number}/upload", data, "may.xls")
    assert (answer.status, said in await answer.text()) == (400, True)
