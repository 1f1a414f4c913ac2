"""What the editor is told of a text: its faults in the user's language, and its picture."""

import asyncio
import json
from typing import Any

from console.flows import words
from console.flows.flow_pieces import empty_flow
from console.kit.context import FLOW_DRAFTS, PUBLICATIONS
from documents.document import FLOW
from ivr_flows.nodes import KINDS
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA
from tests.console.flows.test_flow_pages import ADA, in_english


async def check(client: Client, flow: str, text: str | bytes) -> dict[str, Any]:
    """Has a text checked as the editor does; what was answered, and its status."""
    data = text if isinstance(text, bytes) else text.encode()
    json_please = {"Accept": "application/json"}
    answer = await client.send(f"/flows/{flow}/check", data, "flow.yaml", headers=json_please)
    return {"status": answer.status, **json.loads(await answer.text())}


def test_each_kind_has_a_title_and_an_icon() -> None:
    assert list(words.KIND_TITLES) == list(words.KIND_ICONS) == list(KINDS)


async def test_a_text_is_checked_by_the_very_checker(console: Console, visit: Visit) -> None:
    text = empty_flow("spring")
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", text)
    otto, sue = await in_english(visit, "otto"), await in_english(visit, "sue")
    sound = await check(otto, "spring", text)
    assert sound["errors"] == [] and sound["picture"]["start"] == "greeting"
    known = await console.app[PUBLICATIONS].check_text(TEA, "spring", text)
    assert [fault["text"] for fault in sound["warnings"]] == [w.message for w in known.warnings]
    faulty = text.replace("{next: goodbye}", "{next: godbye}")
    (fault,) = (await check(sue, "spring", faulty))["errors"]
    assert "godbye" in fault["text"] and fault["remedy"] == 'did you mean "goodbye"?'
    assert fault["instead"] == "goodbye"
    assert "godbye" in faulty.splitlines()[fault["line"] - 1]
    other = await check(otto, "spring", empty_flow("summer"))
    assert 'calls the flow "summer"' in other["errors"][0]["text"]
    broken = await check(otto, "spring", text.replace("exits: {next: goodbye}", "exits: {next: ["))
    assert "not YAML" in broken["errors"][0]["text"]
    assert [node["id"] for node in broken["picture"]["nodes"]] == ["goodbye", "the_end"]
    nothing = await check(otto, "spring", "[" * 20)
    assert nothing["errors"] and nothing["picture"] is None


async def test_it_is_said_in_the_users_language(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", empty_flow("spring"))
    otto = await visit("otto")
    await otto.post("/language", {"language": "zh-CN"})
    other = await check(otto, "spring", empty_flow("summer"))
    assert other["errors"][0]["text"].startswith("文本中的流程名称是")
    unseen = empty_flow("spring") + "# \u202eolleh\n"
    *_, warning = (await check(otto, "spring", unseen))["warnings"]
    assert warning["line"] == len(unseen.splitlines())
    assert warning["text"].startswith("“# <U+202E>olleh”中有不可见字符：U+202E")
    assert warning["remedy"].endswith("如 \\u202e")
    said = await (await otto.get("/flows/spring/words")).json()
    assert {kind["name"]: kind["title"] for kind in said["kinds"]}["say"] == "播报"


async def test_the_words_name_what_there_is(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", empty_flow("spring"))
    otto = await in_english(visit, "otto")
    said = await (await otto.get("/flows/spring/words")).json()
    assert said["ok"] and all(kind["icon"].startswith("<svg") for kind in said["kinds"])
    assert [field["name"] for field in said["top"]][:2] == ["flow", "version"]
    assert said["outside"]["flow"] == []
    assert (await otto.get("/flows/secret_plan/words")).status == 404
    await console.app[FLOW_DRAFTS].add(ADA, "", "everywhere", empty_flow("everywhere"))
    said = await (await otto.get("/flows/everywhere/words")).json()
    assert said["outside"] == {}, "queues and agents of other projects are none of his business"


async def test_a_huge_text_is_refused_quickly(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", empty_flow("spring"))
    await console.app[FLOW_DRAFTS].add(ADA, BANK, "secret_plan", empty_flow("secret_plan"))
    otto = await in_english(visit, "otto")
    large = await check(otto, "spring", "# long\n" * (FLOW.characters // 7 + 1))
    assert "characters" in large["errors"][0]["text"] and large["picture"] is None
    assert (await check(otto, "spring", "x" * 5_000_000))["status"] == 413
    assert (await check(otto, "spring", b"\xff"))["status"] == 400
    assert (await check(otto, "secret_plan", "x"))["status"] == 404
    many = "nodes:\n" + "".join(f"  n{n}: {{kind: odd}}\n" for n in range(1000))
    told = await check(otto, "spring", "flow: a\nlanguages: [en]\nstart: n0\n" + many)
    assert len(told["errors"]) == 200 and len(told["picture"]["nodes"]) == 1000


async def test_a_page_that_asks_again_waits_for_its_last_question_only(
    console: Console, visit: Visit
) -> None:
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", empty_flow("spring"))
    otto = await in_english(visit, "otto")
    large = empty_flow("spring") + "# long\n" * 20_000
    asked = [asyncio.create_task(check(otto, "spring", large)) for _ in range(6)]
    statuses = [answer["status"] for answer in await asyncio.gather(*asked)]
    assert set(statuses) <= {200, 409} and 200 in statuses
    assert (await check(otto, "spring", empty_flow("spring")))["status"] == 200


async def test_calls_go_on_while_the_largest_text_is_checked(
    console: Console, visit: Visit
) -> None:
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", empty_flow("spring"))
    otto = await in_english(visit, "otto")
    nodes = "".join(
        f"  n{n}:\n    kind: menu\n    prompts: greeting\n    keys: {{'1': a}}\n"
        f"    exits: {{a: n{n + 1}, exhausted: n{n + 1}}}\n"
        for n in range(900)
    )
    text = empty_flow("spring").replace("nodes:\n", f"nodes:\n{nodes}  n900: {{kind: hangup}}\n")
    turns = 0

    async def beat() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beating = asyncio.create_task(beat())
    checked = await check(otto, "spring", text)
    beating.cancel()
    assert checked["errors"] and turns > 50
