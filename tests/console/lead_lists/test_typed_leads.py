"""The form by which one customer is added to a list, over a real database."""

import pytest

from campaigns.lead_lists import LeadLists
from domain.roles import Actor, Role
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA

pytestmark = pytest.mark.live

ADA = Actor("ada", Role.ADMIN, None)
GOOD = {
    "phone": "13800138000, 021-62345678",
    "name": "张伟",
    "key": "C-7",
    "timezone": "上海",
    "language": "普通话",
    "consent": "2026-05-01",
    "fields": "City: 上海\n等级：金",
}


async def test_one_customer_is_typed_in(console: Console, visit: Visit) -> None:
    lists = LeadLists(console.database.pool)
    may, june = [await lists.make(ADA, TEA, title) for title in ("May", "June")]
    otto = await visit("otto")
    await otto.post("/language", {"language": "en"})
    form = await (await otto.get(f"/lists/{may.list}/new")).text()
    assert "numbers of CN" in form
    answer = await otto.post(f"/lists/{may.list}/new", GOOD)
    assert answer.status == 303
    assert "has been added" in await (await otto.get(answer.headers["Location"])).text()
    (lead,) = await console.database.pool.fetch("select * from leads")
    assert (lead["name"], lead["timezone"], lead["language"]) == ("张伟", "Asia/Shanghai", "zh-CN")
    numbers = await console.database.pool.fetch("select number from lead_numbers order by place")
    assert [row["number"] for row in numbers] == ["+8613800138000", "+862162345678"]
    again = await otto.post(f"/lists/{may.list}/new", GOOD)
    assert (again.status, "already" in await again.text()) == (409, True)
    elsewhere = await otto.post(f"/lists/{june.list}/new", GOOD)
    assert (elsewhere.status, "Tick the box" in await elsewhere.text()) == (409, True)
    assert (await otto.post(f"/lists/{june.list}/new", GOOD | {"keep": "yes"})).status == 303
    assert await console.database.pool.fetchval("select count(*) from leads") == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"phone": ""}, "A customer needs a phone number."),
        ({"phone": "12"}, "Phone number: This is not a phone number."),
        ({"phone": "13800138000 ext 5"}, "Phone number: The number has an extension"),
        ({"timezone": "the moon"}, "Time zone or region: This is no time zone"),
        ({"language": "??"}, "Language: This language is not known."),
        ({"consent": "perhaps"}, "Consent to be called: This is neither"),
        ({"fields": "no colon"}, "“no colon” can&#39;t be read"),
        ({"fields": ": no heading"}, "can&#39;t be read"),
        ({"fields": "City: a\nCity: b"}, "“City: b” can&#39;t be read"),
        ({"fields": f"{'h' * 81}: a"}, "can&#39;t be read"),
        ({"fields": "\n".join(f"{n}: x" for n in range(51))}, "“50: x” can&#39;t be read"),
        ({"fields": f"City: {'x' * 2001}"}, "City: There is too much text"),
    ],
)
async def test_a_mistake_is_named_and_what_was_typed_stays(
    console: Console, visit: Visit, typed: dict[str, str], said: str
) -> None:
    found = await LeadLists(console.database.pool).make(ADA, TEA, "May")
    otto = await visit("otto")
    await otto.post("/language", {"language": "en"})
    answer = await otto.post(f"/lists/{found.list}/new", GOOD | typed)
    text = await answer.text()
    assert (answer.status, said in text) == (400, True), text
    assert 'value="张伟"' in text
    assert await console.database.pool.fetchval("select count(*) from leads") == 0


async def test_whoever_must_not_be_called_is_added_and_not_called(
    console: Console, visit: Visit
) -> None:
    found = await LeadLists(console.database.pool).make(ADA, TEA, "May")
    await console.database.pool.execute(
        "insert into do_not_call (number, since, source)"
        " values ('+8613800138000', now() - interval '1 day', 'page')"
    )
    otto = await visit("otto")
    await otto.post("/language", {"language": "en"})
    answer = await otto.post(f"/lists/{found.list}/new", GOOD)
    text = await (await otto.get(answer.headers["Location"])).text()
    assert "won&#39;t be called" in text


async def test_only_those_who_change_lists_add_to_them(console: Console, visit: Visit) -> None:
    lists = LeadLists(console.database.pool)
    tea, bank = await lists.make(ADA, TEA, "May"), await lists.make(ADA, BANK, "June")
    otto, sue = await visit("otto"), await visit("sue")
    assert (await otto.post(f"/lists/{bank.list}/new", GOOD)).status == 404
    assert (await sue.post(f"/lists/{tea.list}/new", GOOD)).status == 403
    assert await console.database.pool.fetchval("select count(*) from leads") == 0
