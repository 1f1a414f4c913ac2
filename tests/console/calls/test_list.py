"""The list of calls: its filters, pages and callers."""

from datetime import timedelta

import pytest

from domain.call_facts import CallEntered
from domain.identity import CallId
from tests.console.conftest import (
    ENTERED,
    Console,
    Visit,
    fact,
    store,
)


async def hits(visit: Visit, query: str) -> int:
    answer = await (await visit("ada")).get(f"/api/v1/calls?{query}")
    assert answer.status == 200, await answer.text()
    total: int = (await answer.json())["total"]
    return total


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        ("from=2026-03-02&to=2026-03-02", 2),
        ("from=2026-03-03", 0),
        ("to=2026-03-01", 0),
        ("project=tea", 1),
        ("hotline=4008002000", 1),
        ("queue=sales", 2),
        ("queue=service", 0),
        ("agent=1001", 2),
        ("agent=1002", 0),  # was offered the call, never spoke in it
        ("outcome=answered", 2),
        ("outcome=lost", 0),
        ("caller=3800138", 2),
        ("caller=999", 0),
        ("caller=138+0013-8000", 2),
        ("before=2030-01-01T00:00:00Z_pbx1-1.1", 2),
        ("after=2030-01-01T00:00:00Z_pbx1-1.1", 2),
    ],
)
async def test_filters(query: str, found: int, visit: Visit) -> None:
    assert await hits(visit, query.replace("138+0013", "138%200013")) == found


async def test_a_caller_without_a_number_and_with_a_name(console: Console, visit: Visit) -> None:
    call = CallId("pbx1-1.1")
    detail = {"project": "tea", "hotline": "4008001000", "line": "gateway-lines", "caller": None}
    await store(console.database, [fact(call, 0, CallEntered, **detail, caller_name="<张伟>")])
    ada = await visit("ada")
    for language, withheld in (("en", "number withheld"), ("zh-CN", "号码未显示")):
        for page in ("/calls?withheld=1", f"/calls/{call}"):
            answer = await ada.get(page, headers={"Accept-Language": language})
            text = await answer.text()
            assert withheld in text
            assert "&lt;张伟&gt;" in text
            assert "<张伟>" not in text
    assert f"&lt;张伟&gt; ({withheld})" in text  # the timeline's first line
    assert await hits(visit, "withheld=1") == 1
    assert await hits(visit, "withheld=") == await hits(visit, "")


async def test_a_day_is_the_centres_day(console: Console, visit: Visit) -> None:
    # 2026-03-02 01:30 UTC is 09:30 in Shanghai; nine hours before it is still the 2nd there.
    early = fact(CallId("pbx1-1.1"), -9 * 3600, CallEntered, project="tea")
    assert early.at == ENTERED - timedelta(hours=9)
    await store(console.database, [early])
    assert await hits(visit, "from=2026-03-02&to=2026-03-02") == 1
    assert await hits(visit, "to=2026-03-01") == 0


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=0000-99-99",
        "outcome=great",
        "caller=abc",
        "to=9999-12-31",
        "before=yesterday",
        "before=2026-03-02T00:00:00Z",
        "after=2026-03-02T00:00:00_pbx1-1.1",
        "after=0001-01-01T00:00:00%2B14:00_pbx1-1.1",
    ],
)
async def test_what_a_filter_cannot_mean_is_said(query: str, visit: Visit) -> None:
    client = await visit("ada")
    page = await client.get(f"/calls?{query}")
    assert page.status == 200
    assert 'role="alert"' in await page.text()
    answer = await client.get(f"/api/v1/calls?{query}", headers={"Accept-Language": "zh-CN"})
    assert answer.status == 400
    assert (await answer.json())["message"].endswith("。")


async def test_pages_and_what_htmx_gets(console: Console, visit: Visit) -> None:
    for n in range(120):
        entered = fact(CallId(f"pbx1-9.{n}"), n, CallEntered, project="tea", hotline="1")
        await store(console.database, [entered])
    client = await visit("sue")
    first = await (await client.get("/calls")).text()
    assert first.count("<tr>") == 51 and "before=" in first and "after=" not in first
    place = "2026-03-02T01:30:20%2B00:00_pbx1-9.20"
    part = await client.get(f"/calls?before={place}&hotline=1", headers={"HX-Request": "true"})
    text = await part.text()
    assert "<html" not in text and text.count("<tr>") == 21
    assert "hotline=1&amp;after=2026-03-02T01%3A30%3A19%2B00%3A00_pbx1-9.19" in text
    assert 'href="/calls?hotline=1"' in text and "before=" not in text
    assert part.headers["Vary"] == "HX-Request"
    beyond = await client.get(f"/calls?hotline=1&before={place.replace('2026', '2025')}")
    assert beyond.headers["Location"] == "/calls?hotline=1"


async def test_programs_go_from_page_to_page(console: Console, visit: Visit) -> None:
    calls = [fact(CallId(f"pbx1-9.{n:03}"), n // 7, CallEntered) for n in range(120)]
    await store(console.database, calls)
    client = await visit("ada")
    seen: list[str] = []
    query: dict[str, str] = {}
    while True:
        answer = await (await client.get("/api/v1/calls", params=query)).json()
        assert (answer["total"], answer["more"], answer["per_page"]) == (120, False, 50)
        seen += [call["call"] for call in answer["calls"]]
        if answer["older"] is None:
            break
        query = {"before": answer["older"]}
    assert seen == [f"pbx1-9.{n:03}" for n in reversed(range(120))]
    answer = await (await client.get("/api/v1/calls", params={"after": answer["newer"]})).json()
    assert [call["call"] for call in answer["calls"]] == seen[50:100]


async def test_the_empty_list_says_what_to_do(visit: Visit) -> None:
    client = await visit("sue")
    assert "No calls yet" in await (await client.get("/calls", headers=ENGLISH)).text()
    none = await client.get("/calls?caller=123", headers=ENGLISH)
    assert "No calls match these filters" in await none.text()


ENGLISH = {"Accept-Language": "en"}


async def test_a_callers_text_is_shown_as_text(console: Console, visit: Visit) -> None:
    evil = "<script>alert(1)</script>"
    call = CallId("pbx1-6.6")
    lines = [fact(call, 0, CallEntered, project="tea", caller=evil, hotline=evil)]
    await store(console.database, lines)
    client = await visit("sue")
    for path in ("/calls", f"/calls/{call}"):
        text = await (await client.get(path)).text()
        assert evil not in text and "&lt;script&gt;" in text
