"""The console in a real browser, as its users see it and use it."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from centre.authority import SYSTEM
from centre.calendars import UnpublishedYear
from centre.directory_service import WishedThing
from centre.kinds import Kind
from centre.organisation_settings import ProjectSettings
from console.kit.context import SESSIONS
from domain.agent_facts import AgentState
from domain.identity import AgentCode, NodeName, QueueName
from domain.roles import Role
from engine.board_ports import AheadOf, AheadView, BegunWithout, CallStage, NodeView, StoreView
from engine.centre_ports import CommandOutcome, CommandResult
from storage.audit import AuditAction
from tests.centre.small import small_directory
from tests.console.browsing import Open, Served
from tests.console.conftest import CALL, Console
from tests.console.floor import TEA, busy

pytestmark = pytest.mark.live


async def test_the_board_moves_by_itself(console: Console, open_page: Open) -> None:
    await busy(console.floor)
    page = await open_page("/board", "sue")
    agents = page.locator('[data-rows="agents"]')
    state = agents.locator('[data-key="1002"] [data-f="state"]')
    await expect(state).to_have_text("Ready")
    await console.floor.put_agent("1002", AgentState.OFFERED)
    await expect(state).to_have_text("Ringing")
    looks = AheadView(AheadOf.LOOKING, datetime.now(UTC) - timedelta(minutes=3))
    await console.floor.put_agent("1002", AgentState.READY, ahead=looks)
    await expect(state).to_have_text("Looks at a customer")
    since = agents.locator('[data-key="1002"] [data-f="since"]')
    await expect(since).to_have_text(re.compile("^3:0"))
    call = await console.floor.put_call(
        9, CallStage.TALKING, queue=QueueName("sales"), agent=AgentCode("1002")
    )
    row = page.locator(f'[data-rows="calls"] [data-key="{call}"]')
    await expect(row.locator('[data-f="stage"]')).to_have_text("Talking")
    await expect(row.locator('[data-f="agent"]')).to_contain_text("王伟")
    timer = row.locator('[data-f="stage_since"]')
    await expect(timer).to_have_text("0:02")  # counts on without a frame for it
    del console.floor.calls[call]
    await console.floor.move()
    await expect(row).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "node", "store"),
    [
        (
            "en",
            "nobody answers. Calls hidden because they seem to have ended: 2."
            " Conversations that may have ended: 1",
            "Database unavailable: 3 records are waiting on disk. The controller started without"
            " the database, from the records waiting on this machine alone",
        ),
        (
            "zh-CN",
            "nobody answers。似已结束、不再显示的通话：2。可能已结束的通话：1",
            "控制器启动时数据库不可用，沿用本机最后记录的状态（仅有待写入的记录）",
        ),
    ],
)
async def test_what_is_down_is_said_in_words(
    language: str, node: str, store: str, console: Console, open_page: Open
) -> None:
    console.floor.nodes = (
        NodeView(
            *(NodeName("pbx1"), False, console.floor.at, "nobody answers"),
            calls_over=2,
            talks_unsure=1,
        ),
    )
    console.floor.store = StoreView(up=False, pending=3, begun_without=BegunWithout(None))
    page = await open_page("/board", "ada", language)
    await expect(page.locator('[data-rows="nodes"] [data-f="error"]')).to_have_text(node)
    await expect(page.locator("[data-store]")).to_contain_text(store)


async def test_the_boards_times_are_the_centres_wherever_it_is_looked_at(
    console: Console, open_page: Open
) -> None:
    at = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
    console.floor.store = StoreView(up=False, pending=3, begun_without=BegunWithout(at))
    page = await open_page("/board", "ada")
    said = page.locator("[data-store]")
    for zone, shown in ("Asia/Shanghai", "3/3/2026, 12:30:00"), ("UTC", "3/2/2026, 4:30:00"):
        console.floor.config = replace(console.floor.config, timezone=zone)
        await page.reload()
        await expect(said).to_contain_text(shown)


async def test_the_boards_figures_add_up(console: Console, open_page: Open) -> None:
    """The level of all queues is of those who no longer wait, as each queue's own is."""
    few = {"offered_today": 10, "answered_today": 1, "answered_within_today": 1}
    none = {"abandoned_today": 0, "short_abandoned_today": 0}
    console.floor.figures = {
        QueueName("sales"): {**few, **none, "measured_today": 1, "service_level": 1.0},
        QueueName("service"): {
            **none,
            **{"offered_today": 10, "answered_today": 0, "answered_within_today": 0},
            **{"unserved_today": 10, "measured_today": 10, "service_level": 0.0},
        },
    }
    page = await open_page("/board", "sue")
    service = page.locator('[data-rows="queues"] [data-key="service"]')
    await expect(service.locator('[data-f="level"]')).to_have_text("0.0%")
    await expect(service.locator('[data-f="unserved"]')).to_have_text("plus 10 not served")
    sales = page.locator('[data-rows="queues"] [data-key="sales"]')
    await expect(sales.locator('[data-f="unserved"]')).to_be_hidden()
    await expect(page.locator('[data-figure="level"]')).to_have_text("9.1%")


async def test_callers_who_wait_come_first_and_those_who_are_done_last(
    console: Console, open_page: Open
) -> None:
    await busy(console.floor)
    await console.floor.put_call(7, CallStage.AFTER, 200, queue=QueueName("sales"))
    await console.floor.put_call(8, CallStage.QUEUE, 300, queue=QueueName("sales"))
    page = await open_page("/board", "ada")
    stages = page.locator('[data-rows="calls"] [data-f="stage"]')
    waits = ["Waiting"] * 3
    talks = ["In the menu", "Talking", "On hold"]
    await expect(stages).to_have_text([*waits, "Ringing an agent", *talks, "Scoring the call"])


async def test_each_queue_is_measured_against_its_own_target(
    console: Console, open_page: Open
) -> None:
    await busy(console.floor)
    level = {"service_level": 0.85, "measured_today": 20, "answered_within_today": 17}
    console.floor.figures = {
        QueueName("sales"): level,
        QueueName("service"): {**level, "service_level_s": 60, "service_level_target": 0.9},
    }
    page = await open_page("/board", "ada")
    sales, service = (
        page.locator(f'[data-rows="queues"] [data-key="{name}"]') for name in ("sales", "service")
    )
    await expect(sales.locator('[data-f="within"]')).to_have_text("target: 80% within 20 s")
    await expect(service.locator('[data-f="within"]')).to_have_text("target: 90% within 60 s")
    await expect(sales.locator('[data-f="bar"]')).not_to_have_class(re.compile("is-low"))
    await expect(service.locator('[data-f="bar"]')).to_have_class(re.compile("is-low"))
    # The longest wait is 42 s in sales, and 12 s in service.
    await expect(sales.locator('[data-f="longest"]')).to_have_class(re.compile("is-late"))
    await expect(service.locator('[data-f="longest"]')).not_to_have_class(re.compile("is-late"))


async def test_a_stale_board_says_so_and_comes_back(
    console: Console, served: Served, open_page: Open
) -> None:
    await busy(console.floor)
    page = await open_page("/board", "sue")
    await expect(page.locator("#link")).to_have_text("Live")
    await served.stop()
    await expect(page.locator("#stale")).to_be_visible()
    await expect(page.locator("#stale")).to_contain_text("No connection since")
    await console.floor.put_agent("1002", AgentState.PAUSED, reason="lunch")
    await served.start()
    await expect(page.locator("#stale")).to_be_hidden(timeout=20_000)
    await expect(page.locator('[data-key="1002"] [data-f="reason"]')).to_have_text("Lunch")


async def test_a_supervisor_sets_an_agent_away(console: Console, open_page: Open) -> None:
    await busy(console.floor)
    page = await open_page("/board", "sue")
    row = page.locator('[data-key="1002"]')
    await row.locator("button[data-bs-toggle]").click()
    await row.get_by_role("button", name="Set away: Training").click()
    await expect(page.locator("#confirm")).to_contain_text("Set 王伟 (1002) away (Training)?")
    await page.get_by_role("button", name="Cancel").click()
    assert console.floor.asked == []
    await row.locator("button[data-bs-toggle]").click()
    await row.get_by_role("button", name="Set away: Training").click()
    await page.get_by_role("button", name="Yes").click()
    # Not the row: its menu has the word, too.
    await expect(row.locator('[data-f="reason"]')).to_have_text("Training")
    assert [(a.agent, a.reason, a.by) for a in console.floor.asked] == [("1002", "training", "sue")]


async def test_a_supervisor_logs_an_agent_in_at_their_usual_phone(
    console: Console, open_page: Open
) -> None:
    page = await open_page("/board", "sue")
    row = page.locator('[data-key="1002"]')
    await row.locator("button[data-bs-toggle]").click()
    await row.get_by_role("button", name="Log in at phone 1002").click()
    await expect(page.locator("#confirm")).to_contain_text("Log 王伟 (1002) in at phone 1002?")
    await page.get_by_role("button", name="Yes").click()
    await expect(row.locator('[data-f="reason"]')).to_have_text("Just logged in")
    assert [(a.verb.value, a.station) for a in console.floor.asked] == [("log_in", "1002")]
    await row.locator("button[data-bs-toggle]").click()
    await expect(row.get_by_role("button", name="Set ready")).to_be_visible()


async def test_who_is_away_too_long_is_marked_when_the_time_has_come(
    console: Console, open_page: Open
) -> None:
    async def lunch_until(seconds: float) -> None:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        await console.floor.put_agent("1002", AgentState.PAUSED, reason="lunch", limit=until)

    await lunch_until(3600)
    page = await open_page("/board", "sue")
    mark = page.locator('[data-key="1002"] [data-f="late"]')
    await expect(page.locator('[data-key="1002"] [data-f="reason"]')).to_have_text("Lunch")
    await expect(mark).to_be_hidden()
    await lunch_until(2)  # then nothing more comes from the server
    await expect(mark).to_be_visible(timeout=20_000)
    await expect(mark).to_have_text("away too long")
    await console.floor.put_agent("1002", AgentState.READY, limit=None)
    await expect(mark).to_be_hidden()


async def test_the_board_warns_of_holidays_that_are_not_published(
    console: Console, open_page: Open
) -> None:
    page = await open_page("/board", "sue")
    note = page.locator("[data-calendars]")
    await expect(page.locator('[data-key="1002"]')).to_be_visible()
    await expect(note).to_be_hidden()
    missing = UnpublishedYear("CN", 2027, ("office", "night"))
    console.floor.store = StoreView(up=True, unpublished=(missing,))
    await console.floor.move()
    await expect(note).to_contain_text("the holidays of 2027 (CN) are not published yet")
    await expect(note).to_contain_text("office, night")


async def test_a_shift_at_the_desk_by_keys(console: Console, open_page: Open) -> None:
    page = await open_page("/desk", "amy")
    state = page.locator('[data-me="state"]')
    await expect(state).to_have_text("Logged out")
    await page.get_by_role("button", name="Log in").click()
    await expect(state).to_have_text("Away")
    await page.keyboard.press("r")
    await expect(state).to_have_text("Ready")
    call = await console.floor.put_call(1, CallStage.TALKING, agent=AgentCode("1001"))
    await console.floor.put_agent("1001", AgentState.TALKING, call=call)
    await expect(page.locator('[data-call="caller"]')).to_have_text("13800130001")
    await expect(page.locator('[data-customer="kind"]')).not_to_be_empty()  # their card has come
    await page.keyboard.press("e")  # no after-call work yet: the key does nothing
    del console.floor.calls[call]
    await console.floor.put_agent("1001", AgentState.WRAP_UP)
    await expect(page.locator("#no-call")).to_be_visible()
    await page.keyboard.press("e")
    await expect(page.locator('[data-me="until"]')).to_contain_text("ends in")
    await page.keyboard.press("2")
    await expect(page.locator('[data-me="reason"]')).to_have_text("Lunch")
    await page.keyboard.press("Shift+O")
    await page.get_by_role("button", name="Yes").click()
    await expect(state).to_have_text("Logged out")
    assert [a.verb.value for a in console.floor.asked] == [
        "log_in",
        "ready",
        "extend",
        "away",
        "log_out",
    ]


async def test_a_refusal_is_read_at_the_desk(console: Console, open_page: Open) -> None:
    page = await open_page("/desk", "amy", "zh-CN")
    console.floor.refusal = CommandResult(CommandOutcome.STATION_TAKEN, agent=AgentCode("1002"))
    await page.get_by_role("button", name="签入").click()
    await expect(page.locator("#toasts")).to_contain_text("坐席 1002 已在该话机签入。")


async def test_log_in_works_again_after_a_refusal_and_after_a_log_out(
    console: Console, open_page: Open
) -> None:
    page = await open_page("/desk", "amy")
    state = page.locator('[data-me="state"]')
    log_in = page.get_by_role("button", name="Log in")
    console.floor.refusal = CommandResult(CommandOutcome.STATION_TAKEN, agent=AgentCode("1002"))
    await log_in.click()
    await expect(page.locator("#toasts")).to_contain_text("Agent 1002 is logged in at this phone.")
    await expect(log_in).to_be_enabled()
    console.floor.refusal = None
    for _ in range(2):
        await log_in.click()
        await expect(state).to_have_text("Away")
        await page.keyboard.press("Shift+O")
        await page.get_by_role("button", name="Yes").click()
        await expect(state).to_have_text("Logged out")
        await expect(log_in).to_be_enabled()
    verbs = [a.verb.value for a in console.floor.asked]
    assert verbs == ["log_in", *["log_in", "log_out"] * 2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"role": Role.QA, "agent": None}, "You are not allowed to do this"),
        ({"role": Role.SUPERVISOR, "agent": None}, "You have no agent's code"),
    ],
)
async def test_a_desk_that_comes_back_to_other_rights_says_so(
    change: dict[str, Any], says: str, console: Console, served: Served, open_page: Open
) -> None:
    page = await open_page("/desk", "amy")
    await expect(page.locator("#link")).to_have_text("Live")
    await served.stop()
    await expect(page.locator("#stale")).to_be_visible()
    await console.users.change("amy", by="t", projects=[TEA], language=None, **change)
    console.app[SESSIONS].forget_user("amy")
    await served.start()
    await expect(page.locator("h1")).to_contain_text(says, timeout=40_000)


@pytest.mark.usefixtures("recorded")
async def test_the_player_plays_and_seeks(console: Console, open_page: Open) -> None:
    page = await open_page(f"/calls/{CALL}", "quinn")
    slider = page.locator(".wave-box")
    await expect(slider).to_have_attribute("aria-valuemax", "6")
    drawn = await page.evaluate(
        """() => { const c = document.querySelector('.wave-box canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return d.some((v) => v > 0); }"""
    )
    assert drawn
    box = await slider.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 20)
    await expect(page.locator("[data-at]")).to_have_text("0:04")
    await page.get_by_role("button", name="Play").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await expect(page.locator("[data-at]")).to_have_text("0:05", timeout=10_000)
    log = await console.audit.entries(
        projects=None, by="quinn", action=AuditAction.RECORDING_LISTENED
    )
    assert len(log) == 1


@pytest.mark.usefixtures("recorded")
async def test_filters_change_the_list_without_a_reload(open_page: Open) -> None:
    page = await open_page("/calls", "ada")
    await page.evaluate("window.sameDocument = true")
    await expect(page.locator("#found tbody tr")).to_have_count(2)
    await page.select_option("#project", "bank")
    await expect(page.locator("#found tbody tr")).to_have_count(1)
    await page.fill("#caller", "999")
    await expect(page.locator("#found")).to_contain_text("No calls match these filters")
    assert await page.evaluate("window.sameDocument")
    assert "project=bank" in page.url and "caller=999" in page.url


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_nothing_is_wider_than_a_phone(
    language: str, console: Console, open_page: Open
) -> None:
    await busy(console.floor)
    page = await open_page("/board", "ada", language, 390)
    for path in ("/board", "/calls", f"/calls/{CALL}", "/users", "/users/amy", "/account"):
        await page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        await asyncio.sleep(0.2)
        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, path


async def test_a_centre_is_set_up_by_keyboard(open_page: Open, console: Console) -> None:
    page = await open_page("/centre", "ada")
    await page.get_by_role("link", name="New project").press("Enter")
    await page.get_by_label("Short name").fill("tea")
    await page.get_by_label("Title").fill("Spring Tea")
    await page.get_by_label("Title").press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("in force now")
    for kind, fields in (
        ("skill", {"name": "sales"}),
        ("queue", {"name": "sales", "title.en": "Sales", "wrap_up_s": "x"}),
    ):
        await page.goto(f"{page.url.split('/centre')[0]}/centre/new/{kind}")
        for name, value in fields.items():
            await page.fill(f'[name="{name}"]', value)
        if kind == "queue":
            await page.select_option('[name="project"]', "tea")
            await page.select_option('[name="skill"]', "sales")
        await page.locator("#change-note").press("Enter")
    # What is wrong is marked and has the focus; what was typed is still there.
    wrong = page.locator('[name="wrap_up_s"]')
    await expect(wrong).to_be_focused()
    await expect(wrong).to_have_value("x")
    await expect(page.locator('[name="title.en"]')).to_have_value("Sales")
    await wrong.fill("30")
    await wrong.press("Enter")
    await page.wait_for_url("**/centre/queue/sales?done=created")
    kept = (await console.directory.read()).directory
    assert len(kept) == 3


async def test_a_list_is_searched_and_opened_by_keyboard(open_page: Open, console: Console) -> None:
    names = ("tea", "bank", "post")
    await console.directory.change(
        SYSTEM,
        [
            WishedThing(Kind.PROJECT, name, ProjectSettings(name=name, title=name.title()), None)
            for name in names
        ],
    )
    page = await open_page("/centre/project", "ada")
    await page.keyboard.press("/")
    await expect(page.locator("#q")).to_be_focused()
    await page.keyboard.type("an")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("tbody a")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/centre/project/bank")


async def test_groups_open_and_rows_grow(open_page: Open) -> None:
    page = await open_page("/centre/new/hotline", "ada")
    message = page.locator('[name="emergency.message.en"]')
    await expect(message).to_be_hidden()
    await page.get_by_label("Emergency message").press("Space")
    await expect(message).to_be_visible()
    rules = page.locator('[data-rows-of="rules"] [data-row]')
    for number, known in enumerate(("vip", "customer")):
        await page.locator(f'[name="rules.{number}.name"]').fill(known)
        await page.locator(f'[name="rules.{number}.known"]').select_option(known)
    await expect(rules).to_have_count(3)
    await expect(rules.nth(0).get_by_role("button", name="Move up")).to_have_count(0)
    await rules.nth(1).get_by_role("button", name="Move up").press("Enter")
    await expect(page.locator('[name="rules.0.name"]')).to_be_focused()
    for number, known in enumerate(("customer", "vip")):
        await expect(page.locator(f'[name="rules.{number}.name"]')).to_have_value(known)
        await expect(page.locator(f'[name="rules.{number}.known"]')).to_have_value(known)
    await page.goto(page.url.replace("hotline", "calendar"))
    days = page.locator('[data-rows-of="exceptions"] input[type="date"]')
    await expect(days).to_have_count(3)
    await days.nth(2).fill("2027-02-17")
    await expect(days).to_have_count(4)
    assert await days.nth(3).get_attribute("name") == "exceptions.3.day"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_centres_pages_fit(
    width: int, language: str, open_page: Open, console: Console
) -> None:
    await console.directory.change(
        SYSTEM, [WishedThing(thing.KIND, thing.key, thing, None) for thing in small_directory()]
    )
    page = await open_page("/centre", "ada", language, width)
    origin = page.url.split("/centre")[0]
    for path in (
        *(f"/centre/new/{kind}" for kind in Kind if kind is not Kind.CENTRE),
        *("/centre/agent", "/centre/agents-sheet", "/centre/queue/sales"),
        "/centre/skill/sales/remove",
        *("/centre/history", "/centre/history/1", "/centre/first-steps", "/centre/matrix"),
    ):
        await page.goto(f"{origin}{path}")
        over = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, path


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_an_admins_menu_fits(console: Console, open_page: Open, language: str) -> None:
    await busy(console.floor)
    page = await open_page("/calls", "ada", language)
    entries = page.locator("#menu .nav-link")
    for width in (1200, 1280, 1499, 1500, 1199, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, width
        await expect(entries.first).to_be_visible(visible=width >= 1200)
        if width >= 1200:
            boxes = [await one.bounding_box() for one in await entries.all()]
            assert len({round(box["y"]) for box in boxes if box is not None}) == 1, width
            account = await page.locator("#account").bounding_box()
            assert account is not None and account["x"] + account["width"] <= width
