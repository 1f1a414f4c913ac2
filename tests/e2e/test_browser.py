"""A day at the console in a real browser, against the real thing: no page is ever reloaded."""

import asyncio
import io
import re
import wave
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Locator, expect

from domain.identity import AgentCode, ProjectName, StationName
from domain.roles import Role
from farend.console_client import ConsoleClient
from storage.accounts import accounts_of
from tests.console.browsing import Open
from tests.e2e.conftest import PASSWORD, HouseFactory, seen
from tests.faults.scene import Scene, assert_right
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


async def people(here: Scene) -> None:
    """A user of each role, and one of another client."""
    users = accounts_of(here.pool).users
    tea, bank = ProjectName("tea"), ProjectName("bank")
    for name, role, project, agent in (
        ("amy", Role.AGENT, tea, "1001"),
        ("sue", Role.SUPERVISOR, tea, None),
        ("cleo", Role.CLIENT, tea, None),
        ("bob", Role.CLIENT, bank, None),
        ("ben", Role.SUPERVISOR, bank, None),
    ):
        code = None if agent is None else AgentCode(agent)
        await users.create(name, PASSWORD, role, by="test", projects=[project], agent=code)


async def test_a_call_seen_by_everybody(house: HouseFactory, open_page: Open) -> None:
    here = await house(agents=2, wrap_up_s=12)
    await people(here)
    url = here.stack.console_url
    at = url.rstrip("/")
    board, desk = await asyncio.gather(
        open_page("/board", "sue", "zh-CN", at=at), open_page("/desk", "amy", at=at)
    )
    for page in (board, desk):
        await page.evaluate("window.sameDocument = true")
    row = board.locator('[data-rows="agents"] [data-key="1001"]')
    shown = row.locator('[data-f="state"]')
    state = desk.locator('[data-me="state"]')
    await expect(shown).to_have_text("已签出")

    # The agent logs in and gets ready; the board shows it.
    await desk.get_by_role("button", name="Log in").click()
    await expect(state).to_have_text("Away")
    await expect(shown).to_have_text("示忙")
    await desk.keyboard.press("r")
    await expect(state).to_have_text("Ready")
    await expect(shown).to_have_text("就绪")

    # A call is offered, talked, ended; the agent takes more time, then goes to lunch.
    await here.far.phone(StationName("1001"), "answer-3,speak-3.5,hangup")
    customer = await here.customer("speak-60", "13900000001")
    await expect(state).to_have_text("Ringing")
    call = board.locator('[data-rows="calls"]').get_by_role("row").filter(has_text="13900000001")
    await expect(call).to_be_visible()
    await expect(shown).to_have_text("振铃")
    await expect(state).to_have_text("Talking")
    await expect(desk.locator('[data-call="caller"]')).to_have_text("13900000001")
    await expect(shown).to_have_text("通话中")
    await expect(state).to_have_text("After-call work")
    await expect(shown).to_have_text("话后处理")
    await desk.keyboard.press("e")
    await here.until(lambda b: _until(b, "1001") > 20, what="after-call work is longer")
    await desk.keyboard.press("2")
    await expect(state).to_have_text("Away")
    await expect(desk.locator('[data-me="reason"]')).to_have_text("Lunch")
    await expect(row.locator('[data-f="reason"]')).to_have_text("午餐")
    await expect(call).to_have_count(0)
    for page in (board, desk):
        assert await page.evaluate("window.sameDocument"), "a page was reloaded"

    await here.far.ended(customer)
    record = assert_right(await here.stored("13900000001"))
    assert seen(await here.console.board(), "1001") == ("paused", "lunch")
    await _recorded(here, "13900000001")

    # Its page, in both languages.
    await board.goto(f"{url}calls/{record.call}")
    await expect(board.locator("h2").filter(has_text="时间线")).to_be_visible()
    assert await board.locator(".timeline-words li").count() >= 6
    await expect(board.locator("[data-all]")).to_have_text("0:03")
    await board.get_by_role("button", name="播放").click()
    await expect(board.get_by_role("button", name="暂停")).to_be_visible()
    await expect(board.locator("[data-at]")).to_have_text("0:02")
    english = await open_page(f"/calls/{record.call}", "sue", at=at)
    await expect(english.locator("h2").filter(has_text="Timeline")).to_be_visible()
    await expect(english.locator(".timeline-words")).to_contain_text("Agent 1001")
    await english.get_by_role("button", name="Play").click()
    await expect(english.get_by_role("button", name="Pause")).to_be_visible()

    # A client sees their agents and calls, and nothing of the machinery.
    other = await open_page("/board", "cleo", at=at)
    reason = other.locator('[data-rows="agents"] [data-key="1001"] [data-f="reason"]')
    await expect(reason).to_have_text("Lunch")
    assert await other.locator('[data-rows="nodes"]').count() == 0  # not a client's affair

    await sound_is_the_talk(here, record.call, record.bridged_s)
    await nobody_else_sees_it(here, record.call)
    for path in (f"calls/{record.call}", "board", "calls", "users"):
        assert (await desk.context.request.get(f"{url}{path}")).status == 403, path


def _until(board: dict[str, Any], agent: str) -> float:
    (row,) = (row for row in board["agents"] if row["code"] == agent)
    return float(row["until"] or 0) - float(board["at"])


async def test_a_connected_phone_at_the_desk(house: HouseFactory, open_page: Open) -> None:
    here = await house(agents=2, wrap_up_s=12)
    await people(here)
    await here.far.nail_up([StationName("1001")], ears=False)
    desk = await open_page("/desk", "amy", at=here.stack.console_url.rstrip("/"))
    state, stage = desk.locator('[data-me="state"]'), desk.locator('[data-call="stage"]')

    def button(name: str) -> Locator:
        return desk.get_by_role("button", name=re.compile(f"^{name}"))

    await button("Log in").click()
    await button("Connect my phone").click()
    await expect(desk.locator('[data-me="phone"]')).to_contain_text("· connected")
    await expect(button("Connect my phone")).to_be_hidden()
    await expect(button("End the call")).to_be_hidden()
    await desk.keyboard.press("r")
    await expect(state).to_have_text("Ready")
    await here.customer("speak-300", "13900000001")
    await expect(stage).to_have_text("Talking")
    await button("Put on hold").click()
    await expect(stage).to_have_text("On hold")
    await button("Resume").click()
    await expect(stage).to_have_text("Talking")
    await desk.keyboard.press("Shift+E")
    await expect(state).to_have_text("After-call work")
    await button("Disconnect my phone").click()
    await expect(button("Connect my phone")).to_be_visible()
    assert_right(await here.stored("13900000001"))


async def _recorded(here: Scene, caller: str) -> None:
    async def known() -> bool:
        return (await here.stored(caller)).record.recording is not None

    await until(known, 30, f"a recording of {caller}")


async def sound_is_the_talk(here: Scene, call: str, bridged_s: float) -> None:
    """The supervisor's download is a stereo WAV as long as the two were connected."""
    async with ConsoleClient(here.stack.console_url, "sue", PASSWORD) as sue:
        answer = await sue.fetch(f"calls/{call}/recording.wav")
        with wave.open(io.BytesIO(answer[1])) as sound:
            assert sound.getnchannels() == 2
            duration_s = sound.getnframes() / sound.getframerate()
    assert duration_s == pytest.approx(bridged_s, abs=0.5)


async def nobody_else_sees_it(here: Scene, call: str) -> None:
    """Other clients find nothing, and nobody finds what is none of their role's business."""
    wanted = {
        "bob": {f"calls/{call}": 403, f"calls/{call}/recording.wav": 403, "users": 403},
        "ben": {f"calls/{call}": 404, f"calls/{call}/recording.wav": 404, "users": 403},
        "cleo": {f"calls/{call}/recording.wav": 403, "users": 403, "desk": 403},
        "admin": {f"calls/{call}": 200, "users": 200},
    }
    for name, pages in wanted.items():
        password = here.stack.secrets.admin if name == "admin" else PASSWORD
        async with ConsoleClient(here.stack.console_url, name, password) as client:
            for path, status in pages.items():
                assert (await client.fetch(path))[0] == status, (name, path)
    async with ConsoleClient(here.stack.console_url, "bob", PASSWORD) as bob:
        board = await bob.board()
        assert board["calls"] == [] and board["queues"] == [] and board["agents"] == []
        assert b"13900000001" not in (await bob.fetch("calls"))[1]
    async with aiohttp.ClientSession() as stranger:
        for path in (f"calls/{call}", "board", "api/v1/board"):
            where = f"{here.stack.console_url}{path}"
            async with stranger.get(where, allow_redirects=False) as answer:
                assert answer.status in (302, 303, 401), path
