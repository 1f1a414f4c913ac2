"""The list of calls, a call's page, its recording."""

import json
import re
import wave
from datetime import timedelta

import pytest

from domain.facts import CallFactKind
from domain.identity import CallId
from recordings.waveform import cache_of
from tests.console.conftest import (
    CALL,
    ENTERED,
    Console,
    Visit,
    a_call,
    fact,
    speak,
    store,
)

WAV = f"/calls/{CALL}/recording.wav"


async def hits(visit: Visit, query: str) -> int:
    answer = await (await visit("ada")).get(f"/api/v1/calls?{query}")
    assert answer.status == 200, await answer.text()
    total: int = (await answer.json())["total"]
    return total


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
        ("page=2", 2),
        ("page=x", 2),
    ],
)
async def test_filters(query: str, found: int, recorded: str, visit: Visit) -> None:
    assert await hits(visit, query.replace("138+0013", "138%200013")) == found


async def test_a_caller_without_a_number_and_with_a_name(console: Console, visit: Visit) -> None:
    call = CallId("pbx1-1.1")
    detail = {"project": "tea", "hotline": "4008001000", "line": "gateway-lines", "caller": None}
    await store(
        console.database, [fact(call, 0, CallFactKind.ENTERED, **detail, caller_name="<张伟>")]
    )
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
    early = fact(CallId("pbx1-1.1"), -9 * 3600, CallFactKind.ENTERED, project="tea")
    assert early.at == ENTERED - timedelta(hours=9)
    await store(console.database, [early])
    assert await hits(visit, "from=2026-03-02&to=2026-03-02") == 1
    assert await hits(visit, "to=2026-03-01") == 0


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=0000-99-99", "outcome=great", "caller=abc", "to=9999-12-31"]
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
        entered = fact(CallId(f"pbx1-9.{n}"), n, CallFactKind.ENTERED, project="tea", hotline="1")
        await store(console.database, [entered])
    client = await visit("sue")
    first = await (await client.get("/calls")).text()
    assert first.count("<tr>") == 51 and "page=2" in first and "page=0" not in first
    part = await client.get("/calls?page=3&hotline=1", headers={"HX-Request": "true"})
    text = await part.text()
    assert "<html" not in text and text.count("<tr>") == 21
    assert "hotline=1&amp;page=2" in text
    assert part.headers["Vary"] == "HX-Request"
    beyond = await client.get("/calls?page=9&hotline=1")
    assert beyond.headers["Location"] == "/calls?hotline=1&page=3"


async def test_the_empty_list_says_what_to_do(visit: Visit) -> None:
    client = await visit("sue")
    assert "No calls yet" in await (await client.get("/calls", headers=ENGLISH)).text()
    none = await client.get("/calls?caller=123", headers=ENGLISH)
    assert "No calls match these filters" in await none.text()


ENGLISH = {"Accept-Language": "en"}


async def test_a_callers_text_is_shown_as_text(console: Console, visit: Visit) -> None:
    evil = "<script>alert(1)</script>"
    call = CallId("pbx1-6.6")
    lines = [fact(call, 0, CallFactKind.ENTERED, project="tea", caller=evil, hotline=evil)]
    await store(console.database, lines)
    client = await visit("sue")
    for path in ("/calls", f"/calls/{call}"):
        text = await (await client.get(path)).text()
        assert evil not in text and "&lt;script&gt;" in text


async def test_the_calls_page_tells_the_call(recorded: str, visit: Visit) -> None:
    text = await (await (await visit("quinn")).get(f"/calls/{CALL}", headers=ENGLISH)).text()
    for said in (
        "13800138000 calls the hotline 4008001000 on line gateway-lines.",
        "Waits in the queue Sales.",
        "王伟 (1002) doesn&#39;t get the call: no answer.",
        "李娜 (1001) answers at phone 1001.",
        "The call ends, by the caller.",
        "2026-03-02 09:30:00",
    ):
        assert said in text, said
    assert (await (await visit("sue")).get("/calls/pbx1-0.0")).status == 404


async def test_the_calls_page_tells_of_each_queue_and_of_both_ends(
    console: Console, visit: Visit
) -> None:
    """Two queues; the agent hung up, and the flow ended the call."""
    kind, phone = CallFactKind, {"agent": "1001", "station": "1001"}
    call = CallId("pbx1-7.1")
    facts = [
        fact(call, 0, kind.ENTERED, project="tea", hotline="4008001000"),
        fact(call, 1, kind.QUEUED, queue="sales"),
        fact(call, 61, kind.LEFT_QUEUE, queue="sales", why="timeout"),
        fact(call, 62, kind.QUEUED, queue="service"),
        fact(call, 66, kind.CONNECTED, **phone),
        fact(call, 90, kind.DISCONNECTED, **phone, by="agent"),
        fact(call, 99, kind.ENDED, by="flow", why="done"),
    ]
    await store(console.database, facts)
    text = await (await (await visit("sue")).get(f"/calls/{call}", headers=ENGLISH)).text()
    for said in ("Sales · Not served · 1:00", "Answered · 0:04"):
        assert said in text, said
    assert re.search(r"Talk ended by</div><div[^>]*>the agent<", text)
    assert re.search(r"Ended by</div><div[^>]*>the flow<", text)
    assert "is over, ended by the agent." in text
    chinese = {"Accept-Language": "zh-CN"}
    text = await (await (await visit("sue")).get(f"/calls/{call}", headers=chinese)).text()
    assert re.search("通话结束方</div><div[^>]*>坐席<", text)
    listed = await (await (await visit("sue")).get("/api/v1/calls?queue=sales")).json()
    (row,) = [row for row in listed["calls"] if row["call"] == call]
    assert row["queues"] == ["sales", "service"]
    assert (row["talk_ended_by"], row["ended_by"]) == ("agent", "flow")


async def test_ranges_of_the_recording(recorded: str, console: Console, visit: Visit) -> None:
    whole = (console.recordings / f"2026/03/02/{CALL}.wav").read_bytes()
    client = await visit("quinn")
    answer = await client.get(WAV)
    assert (answer.status, await answer.read()) == (200, whole)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.content_type == "audio/wav"
    assert answer.headers["Cache-Control"] == "no-store"
    part = await client.get(WAV, headers={"Range": "bytes=100-199"})
    assert (part.status, await part.read()) == (206, whole[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    tail = await client.get(WAV, headers={"Range": "bytes=-50"})
    assert (tail.status, await tail.read()) == (206, whole[-50:])
    beyond = await client.get(WAV, headers={"Range": "bytes=99999999-"})
    assert beyond.status == 416
    kept = await client.get(WAV + "?download=1")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="{CALL}.wav"'


async def test_listening_is_written_down(recorded: str, console: Console, visit: Visit) -> None:
    client = await visit("quinn")
    for _ in range(3):
        await client.get(WAV, headers={"Range": "bytes=1-"})
    await client.get(WAV + "?download=1")
    log = await console.users.audit_log(projects=None, by="quinn")
    noted = [(e.action, e.target, e.project) for e in log if e.action.startswith("recording")]
    assert noted == [
        ("recording downloaded", CALL, "tea"),
        ("recording listened", CALL, "tea"),
    ]


async def test_the_waveform_has_both_sides(recorded: str, console: Console, visit: Visit) -> None:
    answer = await (await visit("sue")).get(f"/calls/{CALL}/waveform.json")
    assert answer.content_type == "application/json"
    found = await answer.json()
    assert found["bar_s"] == 0.1
    assert len(found["caller"]) == len(found["agent"]) == 60
    # The caller hums in the first 1.5 of 6 seconds, then the agent.
    assert max(found["caller"][:15]) > 0.3 and max(found["agent"][:15]) == 0
    assert max(found["agent"][15:30]) > 0.3 and max(found["caller"][15:30]) == 0
    kept = cache_of(console.recordings / f"2026/03/02/{CALL}.wav").read_text()
    assert json.loads(kept) == found


async def test_the_waveform_is_the_one_that_was_kept(
    recorded: str, console: Console, visit: Visit
) -> None:
    kept = '{"bar_s":3.0,"caller":[0.5,0.0],"agent":[0.0,0.5]}'
    cache_of(console.recordings / f"2026/03/02/{CALL}.wav").write_text(kept)
    answer = await (await visit("sue")).get(f"/calls/{CALL}/waveform.json")
    assert await answer.text() == kept


@pytest.mark.parametrize("file", ["../outside.wav", "/etc/passwd", "gone.wav"])
async def test_only_files_below_the_root_are_served(
    file: str, console: Console, visit: Visit
) -> None:
    speak(console.recordings.parent / "outside.wav", 0.1)
    call = CallId("pbx1-5.5")
    lines = [
        *a_call(call)[:-1],
        fact(call, 130, CallFactKind.RECORDED, file=file, duration_s=1.0, whole=True),
    ]
    await store(console.database, lines)
    client = await visit("sue")
    for what in ("recording.wav", "waveform.json"):
        assert (await client.get(f"/calls/{call}/{what}")).status == 404


async def test_a_broken_file_breaks_its_waveform_only(
    recorded: str, console: Console, visit: Visit
) -> None:
    path = console.recordings / f"2026/03/02/{CALL}.wav"
    path.write_bytes(b"RIFF, no more")
    client = await visit("sue")
    assert (await client.get(f"/calls/{CALL}")).status == 200
    assert (await client.get(f"/calls/{CALL}/waveform.json")).status == 404
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
    empty = await client.get(f"/calls/{CALL}/waveform.json")
    assert await empty.json() == {"bar_s": 0.1, "caller": [], "agent": []}
