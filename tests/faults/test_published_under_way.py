"""A flow is published in the middle of a call, and the controller is killed: the call keeps its
edition, and the next one meets the new one; a rule of the number leads another elsewhere."""

import asyncio
import re
from pathlib import Path

import pytest

from centre.directory import Directory
from centre.inbound_settings import EntryRuleSettings, HotlineSettings
from centre.organisation_settings import AgentSettings
from domain.call_facts import EntryRuleHeld
from publishing.edition_copy import EDITIONS_FILE, read_editions
from tests.faults.conftest import SceneFactory
from tests.faults.scene import HOTLINE, Scene, publish, story
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

MENU = """\
flow: menu
languages: [en]
start: ask
prompts:
  hello: {en: Press one.}
nodes:
  ask:
    kind: menu
    prompts: hello
    keys: {"1": end}
    wrong_key: hello
    silence: hello
    timeout: 30
    tries: 5
    exits: {end: end, exhausted: bye}
  end: {kind: flow, flow: ending, exits: {done: bye}}
  bye: {kind: hangup, why: done}
"""
ENDING = """\
flow: ending
languages: [en]
start: bye
nodes:
  bye: {kind: hangup, why: first}
"""


async def bookmarked(one: Scene) -> None:
    """Until the channel of the one caller says which edition the call keeps."""

    async def noted() -> bool:
        for name in await one.channels():
            told = await one.stack.instance.process.console(f"core show channel {name}")
            if re.search(r"OFFHOOK_EDITION=[1-9]", told):
                return True
        return False

    await until(noted, 30, "the edition to be noted", seen=one.channels, every_s=0.1)


async def test_a_call_keeps_its_edition_and_the_next_meets_the_new_one(
    scene: SceneFactory, tmp_path: Path
) -> None:
    folder = tmp_path / "s" / "flows"
    folder.mkdir(parents=True)
    (folder / "menu.yaml").write_text(MENU)
    (folder / "ending.yaml").write_text(ENDING)
    one = await scene(agents=1, flow="menu", spare=True)
    under_way = await one.customer("stay", "13800000001")
    await bookmarked(one)

    edition = await publish(one.pool, "ending", ENDING.replace("first", "second"))
    copy = one.stack.state / EDITIONS_FILE

    async def serves() -> bool:
        return read_editions(copy)[0].edition == edition

    await until(serves, what="the edition to be in force", every_s=0.1)
    await one.customer("wait-0.5,press-1,stay", "13800000002")
    await one.stored("13800000002")

    def ruled(found: Directory) -> tuple[HotlineSettings, AgentSettings]:
        rule = EntryRuleSettings(name="regulars", flow="ending", callers=("139*",))
        number = found.of(HotlineSettings)[HOTLINE].model_copy(update={"rules": (rule,)})
        return number, found.of(AgentSettings)["1001"].model_copy(update={"name": "Ruled"})

    await one.change(ruled)
    await one.until(lambda board: board["agents"][0]["name"] == "Ruled", what="the rule")
    await one.customer("stay", "13900000003")
    second, third = await one.all_ended(["13800000002", "13900000003"])

    await one.stack.controller.kill()
    await one.stack.controller.start()
    await one.until_stages(flow=1)
    await bookmarked(one)
    ended = asyncio.ensure_future(one.far.ended(under_way))
    while not ended.done():  # as callers do: the session may not listen yet
        await one.far.press(under_way, "1")
        await asyncio.wait((ended,), timeout=2.0)
    await ended
    first = await one.stored("13800000001")
    assert first.record.why == "first" and first.record.adopted, story(first)
    assert second.record.why == "second", story(second)
    assert third.record.why == "second", story(third)
    held = [fact.what for fact in third.timeline if isinstance(fact.what, EntryRuleHeld)]
    assert held == [EntryRuleHeld(HOTLINE, "regulars", "ending")], story(third)
