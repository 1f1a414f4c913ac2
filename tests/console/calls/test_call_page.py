"""A call's page."""

import re

import pytest

from domain.call_facts import CallEnded, CallEntered
from domain.floor_facts import LeftQueue, Queued, TalkBegan, TalkEnded
from domain.flow_facts import WayTaken
from domain.identity import CallId
from domain.reasons import LossReason
from domain.recording_facts import RecordingMissing
from tests.console.conftest import (
    CALL,
    Console,
    Visit,
    fact,
    store,
)

ENGLISH = {"Accept-Language": "en"}


@pytest.mark.usefixtures("recorded")
async def test_the_calls_page_tells_the_call(visit: Visit) -> None:
    text = await (await (await visit("quinn")).get(f"/calls/{CALL}", headers=ENGLISH)).text()
    for said in (
        "13800138000 called the hotline 4008001000 on line gateway-lines.",
        "The caller joined the queue Sales.",
        "王伟 (1002) didn&#39;t get the call: no answer.",
        "李娜 (1001) answered at phone 1001.",
        "The call was ended by the caller.",
        "2026-03-02 09:30:00",
    ):
        assert said in text, said
    assert (await (await visit("sue")).get("/calls/pbx1-0.0")).status == 404


async def test_the_calls_page_tells_of_each_queue_and_of_both_ends(
    console: Console, visit: Visit
) -> None:
    """Two queues; the agent hung up, and the flow ended the call."""
    phone = {"agent": "1001", "station": "1001"}
    call = CallId("pbx1-7.1")
    facts = [
        fact(call, 0, CallEntered, project="tea", hotline="4008001000"),
        fact(call, 1, Queued, queue="sales"),
        fact(call, 61, LeftQueue, queue="sales", why="timeout"),
        fact(call, 62, Queued, queue="service"),
        fact(call, 66, TalkBegan, **phone),
        fact(call, 90, TalkEnded, **phone, by="agent"),
        fact(call, 99, CallEnded, by="flow", why="done"),
    ]
    await store(console.database, facts)
    text = await (await (await visit("sue")).get(f"/calls/{call}", headers=ENGLISH)).text()
    for said in ("Sales · Not served · 1:00", "Answered · 0:04"):
        assert said in text, said
    assert re.search(r"Talk ended by</div><div[^>]*>the agent<", text)
    assert re.search(r"Ended by</div><div[^>]*>the flow<", text)
    assert "was ended by the agent." in text
    chinese = {"Accept-Language": "zh-CN"}
    text = await (await (await visit("sue")).get(f"/calls/{call}", headers=chinese)).text()
    assert re.search("通话结束方</div><div[^>]*>坐席<", text)
    listed = await (await (await visit("sue")).get("/api/v1/calls?queue=sales")).json()
    (row,) = [row for row in listed["calls"] if row["call"] == call]
    assert row["queues"] == ["sales", "service"]
    assert (row["talk_ended_by"], row["ended_by"]) == ("agent", "flow")


@pytest.mark.parametrize(
    ("why", "language", "said"),
    [
        (LossReason.NO_FILE, "en", "The recording is lost: Asterisk left no file."),
        (LossReason.NO_FILE, "zh-CN", "录音丢失：Asterisk 没有留下文件。"),
        ("an older line", "en", "The recording is lost: an older line."),
    ],
)
async def test_why_a_recording_is_lost_is_said_in_words(
    why: str, language: str, said: str, console: Console, visit: Visit
) -> None:
    lost = fact(CALL, 10, RecordingMissing, why=why)
    await store(console.database, [fact(CALL, 0, CallEntered, project="tea"), lost])
    page = await (await visit("quinn")).get(f"/calls/{CALL}", headers={"Accept-Language": language})
    assert (await page.text()).count(said) == 2  # in the recording's place, and on the timeline


async def test_the_calls_page_tells_the_way_through_the_flow(
    console: Console, visit: Visit
) -> None:
    call = CallId("pbx1-8.1")
    nodes = [
        ["hello", "next", 9000, 2000],
        ["menu", "sales", 7000, 5000, ",1"],
        ["who>ask", None, 2000, 2000, "?", "identify"],
    ]
    facts = [
        fact(call, 0, CallEntered, project="tea", hotline="4008001000"),
        fact(call, 9, WayTaken, flow="hotline", edition=4, revision=3, nodes=nodes),
        fact(call, 9, CallEnded, by="caller"),
    ]
    await store(console.database, facts)
    sue = await visit("sue")
    text = await (await sue.get(f"/calls/{call}", headers=ENGLISH)).text()
    way = "hello (0:02) → menu: sales (0:05) → who&gt;ask: hung up (0:02)"
    assert f"In revision 3 of the flow hotline: {way}." in text
    chinese = await (await sue.get(f"/calls/{call}", headers={"Accept-Language": "zh-CN"})).text()
    assert "在流程 hotline 的第 3 版中：hello（0:02） → menu：sales（0:05）" in chinese


@pytest.mark.parametrize(
    ("answers", "why", "in_chinese"),
    [
        ("=timeout", "no answer came in time", "未在时限内收到答复"),
        ("=status:500", "the service answered with the status 500", "服务返回状态码 500"),
        ("=status", "the service answered with an error", "服务返回错误"),
        (
            "=refused",
            "its address is not allowed (one inside the centre, or none at all)",
            "未获允许",
        ),
        ("=no_name", "no name server knows the host", "该主机名无法解析"),
        ("=not_found", "the service knows no such thing (404)", "服务说没有该项内容（404）"),
        ("=found", "the answer lacked a part that is wanted", "答复中缺少需要的内容"),
        ("=found,=lacks:state", "the answer had no usable value for “state”", "可用于“state”的值"),
        ("=of a later version", "", ""),
        ("=later:<b>", "", ""),
        (None, "", ""),
    ],
)
async def test_the_timeline_says_why_a_look_up_gave_nothing(
    answers: str | None, why: str, in_chinese: str, console: Console, visit: Visit
) -> None:
    nodes = [["crm", "failed", 4000, 4000, answers], ["call", "refused", 0, 0, "=refused"]]
    way = fact(CALL, 9, WayTaken, flow="hotline", nodes=nodes)
    await store(console.database, [fact(CALL, 0, CallEntered, project="tea"), way])
    quinn = await visit("quinn")
    text = await (await quinn.get(f"/calls/{CALL}", headers=ENGLISH)).text()
    said = f"crm: failed, because {why} (0:04)" if why else "crm: failed (0:04)"
    assert f"{said} → call: refused (0:00)" in text
    chinese = await (await quinn.get(f"/calls/{CALL}", headers={"Accept-Language": "zh-CN"})).text()
    assert ("crm：failed，因为" if why else "crm：failed（") in chinese
    assert in_chinese in chinese
