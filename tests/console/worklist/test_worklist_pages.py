"""The worklist at the console: who sees what, plays it, calls, and has done it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.call_facts import CallEnded, CallEntered
from domain.facts import CallFact
from domain.floor_facts import Queued
from domain.identity import CallId, CampaignName
from domain.recording_facts import VoiceKept
from engine.desk_ports import DeskView, HandWay
from storage.audit import AuditAction
from storage.fact_codec import happening
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit, speak, store
from tests.console.floor import BANK, TEA
from tests.console.streams import listen
from worklist.entries import WorkKind

NOW = datetime.now(UTC)


def left(
    call: str, kind: WorkKind, *, queue: str = "sales", caller: str | None = "13800138000",
    project: str = TEA, ago_s: float = 3600, **detail: object,
) -> list[CallFact]:  # fmt: skip
    """A call in which nobody talked with the caller; with a voicemail, if it is one."""

    def fact(at_s: float, what: str, **detail: object) -> CallFact:
        at = NOW - timedelta(seconds=ago_s - at_s)
        return CallFact(str(uuid4()), CallId(call), at, happening(what, detail))

    facts = [
        fact(0, CallEntered.kind, hotline="4008001000", project=project, line="gateway-lines",
             caller=caller, flow="hotline"),
        fact(30, CallEnded.kind, by="caller", cause=16),
    ]  # fmt: skip
    if kind is WorkKind.VOICEMAIL:
        name = voice(call, queue)
        kept: dict[str, object] = {"name": name, "queue": queue, "file": f"2026/03/02/{name}.wav"}
        kept |= {"sha256": "ab", "duration_s": 6.0, "bytes": 9, **detail}
        facts.append(fact(31, VoiceKept.kind, **kept))
    else:
        facts.append(fact(5, Queued.kind, queue=queue, skill=queue))
    return facts


def voice(call: str, queue: str = "sales") -> str:
    return f"{call}.v1795316000123.{queue}"


def only_experts_serve(console: Console, name: str) -> None:
    """Amy can't serve this queue."""
    config = console.floor.config
    queues = (replace(one, min_level=5 if one.name == name else 1) for one in config.queues)
    console.floor.config = replace(config, queues=tuple(queues))


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def say(client: Client, what: str, kind: WorkKind, ref: str, **more: str) -> tuple[int, str]:
    fields = {"kind": kind.value, "ref": ref, **more}
    answer = await client.post(f"/worklist/{what}", fields, headers={"Accept": "application/json"})
    return answer.status, (await answer.json())["message"]


async def test_an_empty_list_says_what_will_be_there(visit: Visit) -> None:
    sue = await english(visit, "sue")
    assert "Nothing is left to do" in await (await sue.get("/worklist")).text()
    assert "You have nothing in hand" in await (await sue.get("/worklist?state=mine")).text()
    assert "Nothing has been done yet" in await (await sue.get("/worklist?state=done")).text()
    await sue.post("/language", {"language": "zh-CN"})
    chinese = await (await sue.get("/worklist")).text()
    assert ">待处理<" in chinese and "可呼叫" not in chinese, "an entry, not a lead"


async def test_filters_and_counts(console: Console, visit: Visit) -> None:
    only_experts_serve(console, "service")
    await store(console.database, left("c1", WorkKind.VOICEMAIL))
    await store(
        console.database, left("c2", WorkKind.MISSED, caller="13900139000", queue="service")
    )
    await store(console.database, left("c3", WorkKind.MISSED, caller=None, ago_s=3 * 86400))
    await store(console.database, left("b1", WorkKind.MISSED, project=BANK))
    sue = await english(visit, "sue")
    for query, shown in (
        ("", ["c3", voice("c1"), "c2"]),
        ("?days=1", [voice("c1"), "c2"]),
        ("?kind=missed", ["c3", "c2"]),
        ("?queue=service", ["c2"]),
        ("?project=bank", []),
        ("?state=rubbish&kind=%00&days=-1&project=<b>", []),
    ):
        text = await (await sue.get(f"/worklist{query}")).text()
        found = [part.split('"')[0] for part in text.split('data-entry="')[1:]]
        assert sorted(found) == sorted(shown), query
    assert "number withheld" in await (await sue.get("/worklist")).text()
    amy = await english(visit, "amy")  # who serves sales alone
    text = await (await amy.get("/worklist")).text()
    assert 'data-entry="c2"' not in text
    assert voice("c1") in text
    ada = await english(visit, "ada")
    assert 'data-entry="b1"' in await (await ada.get("/worklist")).text()


async def test_one_takes_it_another_sees_it_live(console: Console, visit: Visit) -> None:
    await store(console.database, left("c1", WorkKind.MISSED))
    amy, sue = await english(visit, "amy"), await english(visit, "sue")
    stream = await listen(sue, "/worklist/live")
    assert 'data-entry="c1"' in await stream.receive_str()
    assert await say(amy, "take", WorkKind.MISSED, "c1") == (200, "")
    assert "amy has it in hand" in await stream.receive_str()
    assert await say(amy, "done", WorkKind.MISSED, "c1", note="<b>rang</b>") == (200, "Done.")
    assert "Nothing is left to do" in await stream.receive_str()
    await stream.close()
    text = await (await sue.get("/worklist?state=done")).text()
    assert "&lt;b&gt;rang&lt;/b&gt;" in text
    assert await say(sue, "undo", WorkKind.MISSED, "c1") == (200, "It is open again.")
    assert await say(sue, "undo", WorkKind.MISSED, "c1") == (409, "It is open already.")
    log = await console.audit.entries(projects=None, action=AuditAction.WORK_DONE)
    assert [(one.by, one.target, one.project) for one in log] == [("amy", "c1", TEA)]


async def test_what_is_refused_is_said(console: Console, visit: Visit) -> None:
    await store(console.database, left("b1", WorkKind.MISSED, project=BANK))
    await store(console.database, left("c1", WorkKind.MISSED, caller=None))
    sue, amy = await english(visit, "sue"), await english(visit, "amy")
    for what in ("take", "give-back", "done"):
        assert await say(sue, what, WorkKind.MISSED, "b1") == (409, "It isn't open any more.")
    assert (await sue.post("/worklist/take", {"kind": "nothing", "ref": "c1"})).status == 400
    assert (await say(sue, "call", WorkKind.MISSED, "c1"))[0] == 409, "she is no agent"
    assert await say(amy, "call", WorkKind.MISSED, "c1") == (409, "This number can't be called.")
    await say(sue, "take", WorkKind.MISSED, "c1")
    for what in ("take", "give-back", "done"):
        assert await say(amy, what, WorkKind.MISSED, "c1") == (409, "sue has it in hand.")


async def test_a_voicemail_is_played_by_whose_queue_it_is(console: Console, visit: Visit) -> None:
    only_experts_serve(console, "service")
    for call, queue in (("c1", "sales"), ("c2", "service")):
        await store(console.database, left(call, WorkKind.VOICEMAIL, queue=queue, caller=queue))
        speak(console.recordings / f"2026/03/02/{voice(call, queue)}.wav")
    amy = await english(visit, "amy")
    sound = f"/worklist/voicemails/{voice('c1')}"
    answer = await amy.get(f"{sound}/sound.wav")
    assert (answer.status, (await answer.read())[:4]) == (200, b"RIFF")
    assert "bar_s" in await (await amy.get(f"{sound}/waveform.json")).json()
    for other in (voice("c2", "service"), "c1", "..%2f..%2fetc%2fpasswd"):
        for file in ("sound.wav", "waveform.json"):
            assert (await amy.get(f"/worklist/voicemails/{other}/{file}")).status == 404
    log = await console.audit.entries(projects=None, action=AuditAction.RECORDING_LISTENED)
    assert [(one.by, one.target) for one in log] == [("amy", voice("c1"))]
    quinn = await english(visit, "quinn")
    text = await (await quinn.get("/calls/c1")).text()
    assert "Voicemail for the queue" in text
    assert (await quinn.get(f"/calls/c1/voices/{voice('c1')}/sound.wav")).status == 200
    assert (await quinn.get(f"/calls/c1/voices/{voice('c2')}/sound.wav")).status == 404


async def test_a_message_that_a_full_disk_has_cut_short_says_so(
    console: Console, visit: Visit
) -> None:
    await store(console.database, left("c1", WorkKind.VOICEMAIL))
    await store(console.database, left("c2", WorkKind.VOICEMAIL, short=True))
    ada = await english(visit, "ada")
    whole, cut = (await (await ada.get("/worklist")).text()).split('data-entry="')[1:]
    assert cut.startswith(voice("c2")) and "cut short: the disk was full" in cut
    assert "cut short" not in whole
    items = (await (await ada.get("/api/v1/worklist")).json())["entries"]
    assert {one["call"]: one["short"] for one in items} == {"c1": False, "c2": True}
    page = await (await ada.get("/calls/c2")).text()
    assert "cut short: the disk was full" in page
    assert "some of what they said is missing" in page
    assert "disk was full" not in await (await ada.get("/calls/c1")).text()
    await ada.post("/language", {"language": "zh-CN"})
    assert "当时磁盘已满" in await (await ada.get("/worklist")).text()


async def test_an_agent_calls_back_by_hand_or_by_a_callback_of_their_own(
    console: Console, visit: Visit
) -> None:
    await store(console.database, left("c1", WorkKind.MISSED))
    amy = await english(visit, "amy")
    status, said = await say(amy, "call", WorkKind.MISSED, "c1")
    assert status == 200, said
    row = await console.database.pool.fetchrow("select * from leads")
    assert (row["key"], row["callback_agent"], row["callback_call"], row["callback_queue"]) == (
        "+8613800138000", "1001", "c1", "sales",
    )  # fmt: skip
    text = await (await amy.get("/worklist")).text()
    assert 'data-entry="c1"' not in text, "the callback stands for it now"
    assert f'data-entry="{row["lead"]}:c1"' in text
    await store(console.database, left("c2", WorkKind.MISSED, caller="13900139000"))
    ways = (HandWay(CampaignName("spring"), TEA, "Spring"),)
    await console.floor.desks.show("1001", DeskView(1, ways=ways))
    assert await say(amy, "call", WorkKind.MISSED, "c2") == (
        200, "The number is being dialled at your desk.",
    )  # fmt: skip
    assert console.floor.desks.asked == [("by_hand", "1001", "+8613900139000", "spring")]


async def test_programs_see_and_do_the_same(console: Console, visit: Visit) -> None:
    await store(console.database, left("c1", WorkKind.MISSED))
    await store(console.database, left("b1", WorkKind.MISSED, project=BANK))
    amy = await english(visit, "amy")

    async def api(path: str, **fields: str) -> tuple[int, dict[str, Any]]:
        url = f"/api/v1/worklist{path}"
        answer = await (amy.post(url, fields) if fields else amy.get(url))
        return answer.status, await answer.json()

    status, found = await api("")
    assert (status, [one["ref"] for one in found["entries"]]) == (200, ["c1"])
    assert found["entries"][0]["number"] == "+8613800138000"
    assert await api("/take", kind="missed", ref="c1") == (200, {"kind": "missed", "ref": "c1"})
    assert (await api(""))[1]["entries"][0]["in_hand_of"] == "amy"
    assert (await api("/done", kind="missed", ref="c1", note="rang"))[0] == 200
    (done,) = (await api("?state=done"))[1]["entries"]
    assert (done["done_by"], done["note"]) == ("amy", "rang")
    assert (await api("/undo", kind="missed", ref="c1"))[0] == 200
    status, fault = await api("/undo", kind="missed", ref="c1")
    assert (status, fault["error"]) == (409, "open")
    assert (await api("/take", kind="missed", ref="b1"))[0] == 404
    for wrong in ("?days=0", "?days=x", "?days=9999999", "?days=000199999999999", "?state=all"):
        assert (await api(wrong))[0] == 400
