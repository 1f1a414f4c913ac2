"""An import's pages while it goes on, is cut off, goes on again, is undone; and who may look.

An import is held up by a real lock: the project's, which each batch takes.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from openpyxl import load_workbook
from playwright.async_api import expect

from campaigns.import_progress import ImportState
from campaigns.lead_lists import LeadLists
from campaigns.list_imports import ListImports
from console.lead_lists.list_services import LIST_SERVICES
from domain.identity import ProjectName
from domain.roles import Actor, Role
from storage.queries import load
from tests.console.browserless import Client
from tests.console.browsing import Open
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA
from tests.console.test_accessible import put_on, serious_faults
from tests.waiting import until

pytestmark = pytest.mark.live

ADA = Actor("ada", Role.ADMIN, None)
USES = {"use.0": "name", "use.1": "phone", "duplicates": "skip"}


def _file(good: int, bad: int = 0) -> bytes:
    rows = [f"n{place},138001{place:05d}" for place in range(good)]
    rows += [f"b{place},12" for place in range(bad)]
    return "\n".join(("姓名,手机号", *rows)).encode()


async def _list(console: Console, project: ProjectName = TEA) -> int:
    return (await LeadLists(console.database.pool).make(ADA, project, "May", "CN")).list


def _imports(console: Console) -> ListImports:
    return console.app[LIST_SERVICES].imports


async def _over(console: Console, where: str) -> None:
    number = int(where.rpartition("/")[2])

    async def is_over() -> bool:
        found = await _imports(console).progress(ADA, number)
        return found.state is ImportState.FINISHED and not _imports(console).under_way

    await until(is_over)


@asynccontextmanager
async def held_up(console: Console) -> AsyncIterator[None]:
    """No import of the project takes a row meanwhile."""
    async with console.database.pool.acquire() as db, db.transaction():
        await db.execute(load("lists")["lock_project"], TEA)
        yield


async def _english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def _upload(client: Client, number: int, data: bytes) -> str:
    answer = await client.send(f"/lists/{number}/upload", data, "may.csv")
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_how_far_an_import_is_can_be_watched_from_both_pages(
    language: str, console: Console, open_page: Open
) -> None:
    number = await _list(console)
    page = await open_page(f"/lists/{number}", "ada", language)
    await page.locator("#file").set_input_files(
        {"name": "may.csv", "mimeType": "text/csv", "buffer": _file(40, 2)}
    )
    await page.locator("form[enctype] button").click()
    async with held_up(console):
        await page.locator("form[action$='/begin'] button").click()
        said = {"en": "0 of 42 rows read", "zh-CN": "42"}[language]
        await expect(page.locator("#progress")).to_contain_text(said)
        other = await page.context.new_page()
        await other.goto(re.sub(r"/lists/.*", f"/lists/{number}", page.url))
        await expect(other.locator("#imports progress")).to_have_attribute("max", "42")
        assert await serious_faults(page) == []
        assert await serious_faults(other) == []
    await expect(page.locator("#imported")).to_have_text("40", timeout=20_000)
    await expect(page.locator("#rejected")).to_have_text("2")
    await expect(page.locator("#rejections tbody tr")).to_have_count(2)
    await expect(other.locator("#imports progress")).to_have_count(0)
    await expect(other.locator("#imports tbody")).to_contain_text("40")


async def test_what_was_cut_off_goes_on(console: Console, visit: Visit) -> None:
    number = await _list(console)
    otto = await _english(visit, "otto")
    where = await _upload(otto, number, _file(3))
    async with held_up(console):
        assert (await otto.post(f"{where}/begin", USES)).status == 303
        again = await otto.post(f"{where}/begin", USES)
        assert (again.status, again.headers["Location"]) == (303, where)
        assert (await otto.post(f"{where}/resume")).status == 303  # it is going on already
        await _imports(console).close()
    assert "was cut off after 0 rows" in await (await otto.get(where)).text()
    assert "Unfinished" in await (await otto.get(f"/lists/{number}")).text()
    assert (await otto.post(f"{where}/resume")).status == 303
    await _over(console, where)
    assert await console.database.pool.fetchval("select count(*) from leads") == 3
    assert (await otto.post(f"{where}/resume")).status == 303  # an old page: it shows the result
    polled = await otto.get(where, headers={"HX-Request": "true"})
    assert polled.headers["HX-Refresh"] == "true"


async def test_an_undo_leaves_those_who_were_called_and_says_so(
    console: Console, visit: Visit
) -> None:
    number = await _list(console)
    otto = await _english(visit, "otto")
    where = await _upload(otto, number, _file(3))
    await otto.post(f"{where}/begin", USES)
    await _over(console, where)
    await console.database.pool.execute(
        "update leads set leased_until = now() + interval '1 hour', leased_by = 'test'"
        " where name = 'n1'"
    )
    assert (await otto.post(f"{where}/undo")).status == 303
    text = await (await otto.get(where)).text()
    assert "2 customers who had never been called are removed." in text
    assert "1 stay" in text
    await console.database.pool.execute("update leads set leased_until = null, leased_by = null")
    assert (await otto.post(f"{where}/undo")).status == 303
    text = await (await otto.get(where)).text()
    assert "3 customers" in text
    assert "Undo again" not in text


async def test_all_rejected_rows_can_be_read(console: Console, visit: Visit) -> None:
    number = await _list(console)
    otto = await _english(visit, "otto")
    where = await _upload(otto, number, _file(1, 130))
    await otto.post(f"{where}/begin", USES)
    await _over(console, where)
    first = await (await otto.get(where)).text()
    link = re.search(r'id="next" href="([^"#]+)', first)
    assert link is not None
    second = await (await otto.get(link[1])).text()
    assert (first.count("not a phone number"), second.count("not a phone number")) == (100, 30)
    assert 'id="next"' not in second
    for wrong in ("x", "1", "-1.0", "9" * 30 + ".0", "1.99999", "٣.٠"):
        assert (await otto.get(where, params={"after": wrong})).status == 200
    answer = await otto.get(f"{where}/rejected/xlsx")
    rows = list(load_workbook(BytesIO(await answer.read())).active.iter_rows(values_only=True))
    assert len(rows) == 131
    assert rows[0][:4] == ("Row", "Field", "Reason", "Imported all the same")


async def test_the_last_mapping_of_these_headings_is_chosen_again(
    console: Console, visit: Visit
) -> None:
    number = await _list(console)
    otto = await _english(visit, "otto")
    where = await _upload(otto, number, _file(1))
    await otto.post(f"{where}/begin", USES | {"use.0": "ignored"})
    await _over(console, where)
    where = await _upload(otto, number, _file(1))
    text = await (await otto.get(where)).text()
    assert re.search(r'name="use.0".*?<option value="ignored" selected', text, re.DOTALL)


async def test_others_look_and_change_nothing(console: Console, visit: Visit) -> None:
    number, bank = await _list(console), await _list(console, BANK)
    otto = await _english(visit, "otto")
    where = await _upload(otto, number, _file(1, 1))
    await otto.post(f"{where}/begin", USES)
    await _over(console, where)
    for name in ("sue", "cleo"):
        client = await _english(visit, name)
        for path in ("/lists", f"/lists/{number}", where, f"{where}/rejected/csv"):
            answer = await client.get(path)
            assert answer.status == 200, (name, path)
            for form in ("/upload", "/settings", "/undo", "removed", "/new"):
                assert form not in await answer.text(), (name, path)
        pauses = "/state" in await (await client.get(f"/lists/{number}")).text()
        assert pauses == (name == "sue")
        assert (await client.get(f"/lists/{bank}")).status == 404
        assert (await client.post(f"{where}/undo")).status == 403


async def test_a_lists_title_and_country_can_be_changed(console: Console, visit: Visit) -> None:
    number = await _list(console)
    otto = await _english(visit, "otto")
    answer = await otto.post(f"/lists/{number}/settings", {"title": "June", "country": "gb"})
    assert answer.status == 303
    found = await LeadLists(console.database.pool).get(ADA, number)
    assert (found.title, found.country) == ("June", "GB")
    answer = await otto.post(f"/lists/{number}/settings", {"title": "July", "country": "China"})
    text = await answer.text()
    assert (answer.status, "not a country" in text, 'value="July"' in text) == (400, True, True)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_everybody_can_read_and_use_the_pages(
    theme: str, console: Console, open_page: Open, visit: Visit
) -> None:
    number = await _list(console)
    ada = await _english(visit, "ada")
    where = await _upload(ada, number, _file(2, 2))
    page = await open_page(where, "ada")
    await put_on(page, theme)
    assert await serious_faults(page) == []
    await ada.post(f"{where}/begin", USES)
    await _over(console, where)
    here = page.url.removesuffix(where)
    for path in (where, f"/lists/{number}", f"/lists/{number}/new"):
        await page.goto(here + path)
        for summary in await page.locator("#content details > summary").all():
            await summary.click()
        await put_on(page, theme)
        assert await serious_faults(page) == [], path
