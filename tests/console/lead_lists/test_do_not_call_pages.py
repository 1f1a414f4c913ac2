"""The pages of numbers that are not to be called."""

import re

import pytest

from campaigns.do_not_call import CENTRE
from console.lead_lists.do_not_call_pages import MOST_TYPED
from console.lead_lists.list_services import LIST_SERVICES
from tests.campaigns.campaigns_scene import CampaignScene
from tests.console.browserless import Client
from tests.console.browsing import Open
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA
from tests.console.test_accessible import serious_faults
from tests.waiting import until

pytestmark = pytest.mark.live
HERE = "/do-not-call"
NUMBER = "+8613800000001"


async def _english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def test_numbers_are_put_on_a_list_and_taken_off_for_a_reason(
    console: Console, visit: Visit
) -> None:
    scene = CampaignScene(console.database)
    lead = await scene.lead(await scene.new_list(), NUMBER)
    otto = await _english(visit, "otto")
    assert "No number is here" in await (await otto.get(HERE)).text()
    typed = {
        "list": TEA,
        "numbers": f"138 0000 0001\n{NUMBER}，+862112345678",
        "reason": "a letter",
    }
    said = await (await otto.post(HERE, typed)).text()
    assert "New on the list: 2. There before: 0." in said
    assert NUMBER in said and "By hand" in said
    assert await scene.column(lead, "state") == "do_not_call"
    there = f'href="{HERE}?list=tea&amp;number=%2B8613800000001"'
    assert there in await (await otto.get(f"/leads/{lead}")).text()
    found = await (await otto.get(f"{HERE}?list=tea&number=13800000001")).text()
    assert NUMBER in found and "+862112345678" not in found
    wish = {"list": TEA, "number": NUMBER, "reason": " "}
    assert (await otto.post(f"{HERE}/remove", wish)).status == 400
    assert await scene.column(lead, "state") == "do_not_call"
    for text in ("is off the list", "is not on the list any more"):
        gone = await otto.post(f"{HERE}/remove", wish | {"reason": "a mistake"})
        assert text in await gone.text()
    assert await scene.column(lead, "state") == "open"


async def test_a_list_may_hold_from_a_later_day(console: Console, visit: Visit) -> None:
    ada = await _english(visit, "ada")
    typed = {"list": CENTRE, "numbers": NUMBER, "since": "2999-01-01"}
    assert "not yet" in await (await ada.post(HERE, typed)).text()
    since = await console.database.pool.fetchval("select since from do_not_call")
    assert since.year in (2998, 2999)  # midnight where the viewer is


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"numbers": " \n,"}, "at least one number"),
        ({"numbers": "1\n" * (MOST_TYPED + 1)}, "at most"),
        ({"numbers": f"{NUMBER}\n=cmd\n<b>"}, "no numbers (2): =cmd, &lt;b&gt;"),
        ({"numbers": NUMBER, "since": "0001-01-01"}, "no day"),
        ({"numbers": NUMBER, "since": "soon"}, "no day"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    console: Console, visit: Visit, typed: dict[str, str], said: str
) -> None:
    otto = await _english(visit, "otto")
    answer = await otto.post(HERE, {"list": TEA, **typed})
    assert (answer.status, said in await answer.text()) == (400, True)
    assert not await console.database.pool.fetchval("select count(*) from do_not_call")


async def test_nobody_changes_the_lists_of_others(console: Console, visit: Visit) -> None:
    sue = await _english(visit, "sue")
    for where in (BANK, CENTRE, "mars"):
        assert (await sue.post(HERE, {"list": where, "numbers": NUMBER})).status == 403
    assert (await sue.get(f"{HERE}?list={BANK}")).status == 403
    assert "Put on the list" not in await (await sue.get(f"{HERE}?list=")).text()
    assert not await console.database.pool.fetchval("select count(*) from do_not_call")


async def test_a_file_is_looked_at_and_put_on_the_list_and_the_list_is_a_file(
    console: Console, visit: Visit
) -> None:
    otto = await _english(visit, "otto")
    sheet = "手机号,From\n13800000001,2020-05-01\n12,\n".encode()
    at = f"{HERE}/upload"
    looked = await otto.send(at, sheet, "stop.csv", fields={"list": TEA})
    assert looked.status == 303, await looked.text()
    where = looked.headers["Location"]
    text = await (await otto.get(where)).text()
    assert "Or the column that says the day" in text and "another list of the project" not in text
    wish = {"use.0": "phone", "use.1": "ignored", "since": "0001-01-01", "since_column": ""}
    assert (await otto.post(f"{where}/begin", wish)).status == 400
    assert (
        await otto.post(f"{where}/begin", wish | {"since": "", "since_column": "9"})
    ).status == 400
    begun = await otto.post(f"{where}/begin", wish | {"since": "", "since_column": "1"})
    assert begun.status == 303
    imports = console.app[LIST_SERVICES].imports
    await until(lambda: not imports.under_way, what="it is read")
    text = await (await otto.get(where)).text()
    assert re.search(r'id="imported">1<', text) and re.search(r'id="rejected">1<', text)
    assert "This is not a phone number." in text and "Undo" not in text
    assert b"13800000001" not in await (await otto.get(f"{where}/rejected/csv")).read()
    assert "stop.csv" in await (await otto.get(f"{HERE}?list=tea")).text()
    got = await (await otto.get(f"{HERE}/file/csv?list=tea")).read()
    assert got.decode("utf-8-sig").splitlines() == [
        "Number,From,How,By",
        f"'{NUMBER},2020-05-01 00:00:00,Imported,otto",
    ]
    assert (await otto.get(f"{HERE}/file/csv?list={BANK}")).status == 403
    assert (await otto.send(at, sheet, "stop.csv", fields={"list": CENTRE})).status == 403
    assert (await otto.send(at, b"\0\1", "stop.xlsx", fields={"list": TEA})).status == 400


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page_is_for_everybody(console: Console, open_page: Open, language: str) -> None:
    await console.database.pool.execute(
        "insert into do_not_call (project, number, since, source) values ('tea', $1, now(), 'key')",
        NUMBER,
    )
    page = await open_page(f"{HERE}?list=tea", "ada", language)
    assert await page.locator("#listed tbody tr").count() == 1
    assert await serious_faults(page) == []
