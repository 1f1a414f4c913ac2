"""Real calls: where in a flow they hang up, how long they were there, and what is secret.

One scene for all of it, because a whole Offhook takes long to start.
"""

import re
from pathlib import Path

import pytest

from domain.flow_facts import NodePassed, WayTaken
from records.call_search import CallFilter
from records.fold import in_order
from storage.embedded import EmbeddedServer
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene

pytestmark = [pytest.mark.live, pytest.mark.long]

SECRET = "739184205561"
HALF = "6051827394"
"""Both are so long that no time in a log contains them by chance."""
FLOW = """\
version: 1
flow: ways
languages: [en]
prompts:
  hello: {en: This is the number of the tea house. Please listen well.}
  which: {en: Which one?}
  back: {en: We are back.}
announcements: {back: back}
variables:
  pin: {type: digits, secret: true}
start: hello
nodes:
  hello: {kind: say, prompts: [hello], exits: {next: menu}}
  menu:
    kind: menu
    prompts: [which]
    timeout: 20
    keys: {"1": queue, "2": pin, "3": box, "4": inner}
    exits: {queue: wait, pin: ask, box: box, inner: inner, exhausted: bye}
  ask:
    kind: collect
    prompts: [which]
    variable: pin
    longest: 16
    exits: {done: wait, exhausted: bye}
  wait:
    kind: queue
    queue: tea
    meanwhile: stay_menu
    every: 5
    exits: {talked: bye, timeout: bye}
  stay_menu: {kind: menu, prompts: [which], keys: {"9": stay}, exits: {stay: stay, exhausted: stay}}
  stay: {kind: return}
  box:
    kind: voicemail
    queue: tea
    prompts: [which]
    exits: {done: bye, empty: bye, failed: bye}
  inner: {kind: flow, flow: inner, exits: {done: bye}}
  bye: {kind: hangup, why: done}
"""
INNER = """\
version: 1
flow: inner
languages: [en]
prompts: {which: {en: Which one?}}
start: number
variables: {number: {type: digits}}
nodes:
  number:
    kind: collect
    prompts: [which]
    variable: number
    longest: 2
    exits: {done: more, exhausted: back}
  more: {kind: menu, prompts: [which], timeout: 20, keys: {"1": back}, exits: {back: back,
    exhausted: back}}
  back: {kind: return}
"""


def files_under(*folders: Path) -> list[Path]:
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def who_have(files: list[Path], *wanted: str) -> list[str]:
    found = []
    for file in files:
        try:
            told = file.read_bytes()
        except OSError:  # gone meanwhile
            continue
        found += [f"{file}: {one}" for one in wanted if one.encode() in told]
    return found


async def ways(one: Scene, caller: str) -> list[NodePassed]:
    (row,) = (await one.calls.list(CallFilter(caller=caller), projects=None)).rows
    stored = await one.calls.get(row.call, projects=None)
    assert stored is not None
    told = [fact.what for fact in in_order(stored.timeline) if isinstance(fact.what, WayTaken)]
    assert {(way.flow, way.revision) for way in told} == {("ways", 1)}
    assert {way.edition is not None for way in told} == {True}
    return [node for way in told for node in way.nodes]


def left(nodes: list[NodePassed]) -> list[tuple[str | None, str | None, str | None]]:
    return [(node.node, node.exit, node.answers) for node in nodes]


async def test_where_callers_hang_up_is_counted_right_and_secrets_are_nowhere(
    scene: SceneFactory, tmp_path: Path, postgres: EmbeddedServer
) -> None:
    (tmp_path / "s" / "flows").mkdir(parents=True)
    (tmp_path / "s" / "flows" / "ways.yaml").write_text(FLOW)
    (tmp_path / "s" / "flows" / "inner.yaml").write_text(INNER)
    one = await scene(agents=1, flow="ways")
    await one.command("1001", "away", reason=one.stack.centre.reasons[0])
    (agent,) = (station.name for station in one.stack.centre.stations)
    at_greeting = await one.customer("wait-0.7,hangup", "13800138001")
    at_menu = await one.customer("press-7,wait-2.5,hangup", "13800138002")
    half = await one.customer(f"wait-0.5,press-2,wait-1,press-{HALF},hangup", "13800138003")
    in_queue = await one.customer("wait-0.5,press-1,wait-3,hangup", "13800138004")
    box = await one.customer("wait-0.5,press-3,wait-3,speak-1,hangup", "13800138006")
    inner = await one.customer("wait-0.5,press-4,wait-1,press-42,wait-2,hangup", "13800138007")
    waiting = await one.customer("wait-0.5,press-1,wait-6.5,press-9,wait-1,hangup", "13800138008")
    for call in (at_greeting, at_menu, half, in_queue, box, inner, waiting):
        await one.far.ended(call)
    await one.phones("answer-0.5,stay", [agent])
    await one.command("1001", "ready")
    served = await one.customer(
        f"wait-0.5,press-2,wait-1,press-{SECRET}#,wait-5,hangup", "13800138005"
    )
    await one.far.ended(served)
    await one.until(lambda b: not b["calls"] and b["store"][0]["pending"] == 0, what="all over")

    assert left(await ways(one, "13800138001")) == [("hello", None, None)]
    menu = await ways(one, "13800138002")
    assert left(menu) == [("hello", "next", None), ("menu", None, "7")]
    assert menu[1].lasted_s > 1.5
    assert left(await ways(one, "13800138003")) == [
        ("hello", "next", None), ("menu", "pin", "2"), ("ask", None, None),
    ]  # fmt: skip
    waited = await ways(one, "13800138004")
    assert left(waited)[1:] == [("menu", "queue", "1"), ("wait", None, None)]
    assert waited[2].lasted_s > 1.5
    assert left(await ways(one, "13800138006"))[1:] == [("menu", "box", "3"), ("box", None, None)]
    assert left(await ways(one, "13800138007"))[1:] == [
        ("menu", "inner", "4"), ("inner>number", "done", "42"), ("inner>more", None, None),
        ("inner", None, None),
    ]  # fmt: skip
    assert left(await ways(one, "13800138008"))[1:] == [
        ("menu", "queue", "1"), ("wait>stay_menu", "stay", "9"), ("wait>stay", "", None),
        ("wait", None, "=menu"),
    ]  # fmt: skip
    talked = await ways(one, "13800138005")
    assert left(talked)[2:] == [("ask", "done", "?"), ("wait", "talked", None)]

    told = files_under(tmp_path / "s", postgres.folder)
    assert any(file.name == "controller.log" for file in told), [file.name for file in told]
    assert who_have(told, SECRET, HALF) == []
    logs = [file for file in told if "log" in str(file)]
    assert not [file for file in logs if re.search(rb"DTMF(Begin|End)", file.read_bytes())]
