"""A campaign on a real Asterisk: customers are called on the line, and talk to agents."""

import asyncio
import time

import pytest
from playwright.async_api import expect

from bench.planned_phone import SoundPlan, Tone
from campaigns.campaign import Mode
from campaigns.campaign_service import Campaigns
from domain.identity import AgentCode
from domain.roles import Role
from records.fold import RecordingInfo
from storage.accounts import accounts_of
from tests.console.browsing import a_browser
from tests.faults.scene import HOTLINE, LINE, kinds, story
from tests.phones.bent import Habit, Ringing, answer, refuse, ring
from tests.phones.called import (
    OPS,
    SPRING,
    TEA,
    attempt_of,
    nothing_runs_on,
    press,
    run_campaign,
    with_digits,
)
from tests.phones.house import PhoneHouse
from tests.waiting import until

__all__ = ["nothing_runs_on"]  # a fixture

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
SPARE = True


async def test_a_customer_who_answers_talks_to_an_agent(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    number = "+8613800000001"

    async def customer(call: Ringing) -> None:
        call.ring()
        await asyncio.sleep(0.2)
        call.accept()

    house.phone.habits[number] = customer
    await run_campaign(house, "spring", SPRING, number)
    await house.until_agent("1001", "talking")
    (called,) = house.phone.rung_at(number)
    await asyncio.sleep(1)
    await house.phone.hang_up(called.leg)
    stored = await house.stored(number)
    assert kinds(stored) == [
        "placed", "rang", "answered", "queued", "offered", "connected", "disconnected", "ended",
    ], story(stored)  # fmt: skip
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")
    assert stored.record.placed and stored.record.campaign == "spring"

    async def recorded() -> RecordingInfo | None:
        return (await house.stored(number)).record.recording

    recording = await until(recorded, what="the recording is stored")
    assert recording is not None and recording.whole
    stays = await house.pool.fetchval("select count(*) from queue_stays")
    assert stays == 0, "a customer whom we called counts in the queue's figures"


async def test_a_test_call_plays_the_message_to_staff_and_counts_for_nothing(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    number, refused = "+8613800000091", "+8613800000092"
    await Campaigns(house.pool).make(OPS, "tested", TEA, SPRING)
    house.phone.habits[refused] = refuse(486)

    async def staff(call: Ringing) -> None:
        call.ring()
        call.accept()

    house.phone.habits[number] = staff
    for one in (number, refused):
        page = "campaigns/tested"
        status, said = await house.console.submit(f"{page}/test-call", on=page, number=one)
        assert status == 200 and one in said, said
    row = await attempt_of(house, number)
    (called,) = house.phone.rung_at(number)
    assert "4008001000" in called.leg.remote_uri, "not the campaign's number"
    assert (row["mode"], row["stage"], row["outcome"]) == ("test", "message_played", None)
    stored = await house.stored(number)
    assert "message" in kinds(stored) and "abandoned" not in kinds(stored), story(stored)
    busy = await attempt_of(house, refused)
    assert (busy["cause"], busy["sip"], busy["outcome"]) == ("busy", 486, None)


async def test_each_refusal_has_its_cause_and_its_lead_goes_on_accordingly(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    refusals = {
        "+8613800000011": (486, "busy", "open", 1),
        "+8613800000012": (404, "invalid", "invalid", 1),
        "+8613800000013": (603, "rejected", "open", 1),
        "+8613800000014": (480, "no_answer", "open", 1),
        "+8613800000015": (503, "congestion", "open", 0),
        "+8613800000016": (302, "rejected", "open", 1),
    }
    host, port = house.phone.centre
    elsewhere = f"sip:{HOTLINE}@{host}:{port}"  # of a 3xx alone; nobody goes there
    for number, (status, *_) in refusals.items():
        house.phone.habits[number] = refuse(status, *([elsewhere] if status == 302 else []))
    await run_campaign(house, "refusals", SPRING, *refusals)
    for number, (status, cause, state, counted) in refusals.items():
        row = await attempt_of(house, number)
        assert (row["cause"], row["sip"], row["stage"]) == (cause, status, "not_reached"), number
        lead = await house.pool.fetchrow("select * from leads where lead = $1", row["lead"])
        assert (lead["state"], lead["attempts"]) == (state, counted), number
        stored = await house.stored(number)
        assert kinds(stored) == ["placed", "not_reached", "ended"], story(stored)
        assert stored.record.outcome == "not_reached"
        assert stored.record.recording is None and stored.record.recording_lost is None


async def test_detection_puts_people_through_and_hangs_up_on_machines(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001", "1002", "1003")
    person, machine, waits = "+8613800000041", "+8613800000042", "+8613800000043"
    says = {person: [Tone(0.1, 0.6, 500)], machine: [Tone(0.1, 9.0, 500)], waits: []}

    def answers(tones: list[Tone]) -> Habit:
        async def customer(call: Ringing) -> None:
            call.leg.play(SoundPlan(tones), time.time())
            call.accept()

        return customer

    for number, tones in says.items():
        house.phone.habits[number] = answers(tones)
    detects = SPRING.model_copy(update={"detection": True, "people_taken_for_machines": 0.02})
    await run_campaign(house, "detects", detects, *says)
    for number in (person, waits):
        await house.until_stage(number, "talking")
        (called,) = house.phone.rung_at(number)
        await house.phone.hang_up(called.leg)
        row = await attempt_of(house, number)
        assert (row["stage"], row["outcome"]) == ("ended", "spoken")
        assert row["answered_at"] < row["person_at"] < row["talk_at"]
    row = await attempt_of(house, machine)
    assert (row["stage"], row["outcome"], row["agent"]) == ("machine", "machine", None)
    assert (await house.stored(machine)).record.outcome == "machine"
    stored = await house.stored(machine)
    assert kinds(stored) == ["placed", "answered", "listens", "machine", "ended"], story(stored)


async def test_nobody_free_is_told_so_and_may_ask_for_no_more_calls(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    house.phone.habits["1001"] = ring  # for ever, so that nobody is free for the second
    numbers = ["+8613800000021", "+8613800000022"]

    async def customer(call: Ringing) -> None:
        call.accept(with_digits(call))
        await call.leg.acked.wait()

    for number in numbers:
        house.phone.habits[number] = customer
    power = SPRING.model_copy(update={"mode": Mode.POWER, "ratio": 2.0})
    house.watch.events.clear()  # another test's customers may have found nobody free
    await run_campaign(house, "power", power, *numbers)

    def told() -> dict[str, str] | None:
        events = [e for e in house.watch.events if e.get("UserEvent") == "OffhookNobodyFree"]
        return events[-1] if events else None

    event = await until(told, what="somebody hears that nobody is free")
    assert event is not None
    number = await house.pool.fetchval(
        "select number from attempts where attempt = $1", event["Call"]
    )
    (called,) = house.phone.rung_at(number)
    await asyncio.sleep(0.3)  # they hear the first words
    await press(called.leg, 1)  # not the key that the message names
    await press(called.leg, 9)
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"]) == ("message_played", "abandoned")
    stored = await house.stored(number)
    assert kinds(stored)[-4:] == ["abandoned", "message", "opted_out", "ended"] or set(
        kinds(stored)[-4:]
    ) == {"abandoned", "message", "opted_out", "ended"}, story(stored)
    assert stored.record.outcome == "abandoned"
    listed = await house.pool.fetchval("select project from do_not_call where number = $1", number)
    assert listed == "tea"
    lead = await house.pool.fetchval("select state from leads where lead = $1", row["lead"])
    assert lead == "do_not_call"


async def test_a_killed_controller_calls_nobody_twice_and_loses_nobody(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001", "1002", "1003")
    talking, hangs_up, silent = (f"+861380000003{n}" for n in range(3))
    killed = asyncio.Event()

    async def talks(call: Ringing) -> None:
        call.ring()
        call.accept()

    async def refuses_later(call: Ringing) -> None:
        call.ring()
        await killed.wait()
        call.refuse(486)

    async def answers_later(call: Ringing) -> None:
        call.ring()
        await killed.wait()
        call.accept()

    house.phone.habits |= {
        talking: talks, hangs_up: refuses_later, silent: answers_later,
    }  # fmt: skip
    numbers = (talking, hangs_up, silent)
    await run_campaign(house, "killed", SPRING, *numbers)
    await until(
        lambda: all(house.phone.rung_at(number) for number in numbers), what="all are called"
    )
    await house.until_stage(talking, "talking")
    await house.stack.controller.kill()
    killed.set()
    (called,) = house.phone.rung_at(talking)
    await asyncio.sleep(1)
    assert not called.leg.over.is_set(), "the talk does not go on without the controller"
    await until(lambda: house.phone.rung_at(silent)[0].leg.up.is_set())
    await until(lambda: house.phone.rung_at(silent)[0].leg.over.is_set(), what="the message ends")
    await house.stack.controller.start()
    await house.phone.hang_up(called.leg)
    found = {number: await attempt_of(house, number) for number in numbers}
    assert {number: row["stage"] for number, row in found.items()} == {
        talking: "ended", hangs_up: "not_reached",
        silent: "message_played",
    }, [dict(row) for row in found.values()]  # fmt: skip
    assert found[talking]["outcome"] == "spoken"
    assert found[silent]["outcome"] == "abandoned"
    assert {number: len(house.phone.rung_at(number)) for number in numbers} == dict.fromkeys(
        numbers, 1
    )
    for number in numbers:
        stored = await house.stored(number)
        assert stored.record.ended_at is not None, story(stored)


async def test_a_trunk_that_refuses_all_is_tried_by_single_calls(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001", "1002", "1003")
    numbers = [f"+8613800000{n}" for n in range(400, 430)]
    for number in numbers:
        house.phone.habits[number] = refuse(503)
    await run_campaign(house, "refused", SPRING, *numbers)

    async def held() -> bool:
        reasons = await house.pool.fetch(
            "select reason from pacing_decisions where campaign = 'refused'"
        )
        return any("the trunk has refused calls" in row["reason"] for row in reasons)

    await until(held, what="the trunk is held")
    called = sum(len(house.phone.rung_at(number)) for number in numbers)
    assert called < len(numbers), "every number was burnt on a dead trunk"
    leads = await house.pool.fetch(
        "select l.attempts from leads l join campaign_lists c using (list)"
        " where c.campaign = 'refused'"
    )
    assert {row["attempts"] for row in leads} == {0}, "a trunk's failure is no attempt"


async def test_a_pause_can_cut_what_rings_and_dials_nobody(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001", "1002")
    numbers = [f"+8613800000{n}" for n in range(500, 510)]
    for number in numbers:
        house.phone.habits[number] = ring
    await run_campaign(house, "paused", SPRING, *numbers)
    ringing = await until(lambda: [n for n in numbers if house.phone.rung_at(n)] or None)
    assert ringing is not None
    status, said = await house.console.submit(
        "campaigns/paused/state", "campaigns/paused", to="paused", cut="yes"
    )
    assert status == 200, said
    calls = [call for number in numbers for call in house.phone.rung_at(number)]
    await until(lambda: all(call.leg.over.is_set() for call in calls), what="all are hung up")
    called = {n: len(house.phone.rung_at(n)) for n in numbers}
    row = await attempt_of(house, ringing[0])
    assert (row["stage"], row["cause"]) == ("not_reached", "cut")
    board = await house.console.board()
    assert board["calls"] == []
    assert {n: len(house.phone.rung_at(n)) for n in numbers} == called


async def test_an_agent_whose_phone_is_nailed_up_gets_the_customer_at_once(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    leg = (await house.nail_up("1001")).leg
    number = "+8613800000061"

    async def customer(call: Ringing) -> None:
        call.ring()
        call.accept()

    house.phone.habits[number] = customer
    await run_campaign(house, "nailed", SPRING, number)
    await house.until_stage(number, "talking")
    assert len(house.phone.rung_at("1001")) == 1, "the phone was called a second time"
    (called,) = house.phone.rung_at(number)
    await house.phone.hang_up(called.leg)
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")
    assert not leg.over.is_set()


PASSWORD = "correct horse battery"
_WATCH = """() => {
  window.seen = {};
  const note = (what) => { window.seen[what] ??= performance.timeOrigin + performance.now(); };
  const text = (place) => document.querySelector(place).textContent;
  new MutationObserver(() => {
    if (text('[data-customer="number"]')) note("number");
    if (text('[data-customer="name"]')) note("name");
    if (text('[data-me="state"]') === "Talking") note("talking");
  }).observe(document.getElementById("desk"), { subtree: true, childList: true, attributes: true });
}"""
"""Has a desk remember when it first showed what, in milliseconds since 1970."""


async def test_the_desk_knows_the_customer_before_the_talk_and_takes_down_what_came_of_it(
    house: PhoneHouse, chromium: str
) -> None:
    await house.phone.register(LINE)
    await house.nail_up("1001")
    users = accounts_of(house.pool).users
    await users.create(
        "amy",
        "correct horse battery",
        Role.AGENT,
        by="test",
        projects=[TEA],
        agent=AgentCode("1001"),
    )
    number = "+8613800000071"
    house.phone.habits[number] = answer
    async with a_browser(chromium, PASSWORD) as open_page:
        desk = await open_page("/desk", "amy", at=house.stack.console_url.rstrip("/"))
        await expect(desk.locator('[data-me="state"]')).to_have_text("Ready")
        await desk.evaluate(_WATCH)
        await run_campaign(house, "shown", SPRING, number)
        await expect(desk.locator("#customer")).to_contain_text("Xi'an")
        await expect(desk.locator('[data-me="state"]')).to_have_text("Talking")
        seen = await desk.evaluate("window.seen")
        assert seen["name"] < seen["talking"], seen
        form, status = desk.locator("#disposition"), desk.locator("#disposition [data-status]")
        await form.get_by_text("Refused").click()
        await desk.locator("#note").fill("too dear")
        await desk.reload()
        await expect(desk.locator("#note")).to_have_value("too dear")
        (called,) = house.phone.rung_at(number)
        await house.phone.hang_up(called.leg)
        await attempt_of(house, number)
        await expect(desk.locator("#no-call")).to_be_visible()
        await desk.keyboard.press("Alt+n")
        await desk.keyboard.press("Control+Enter")
        await expect(status).to_contain_text("Saved at", timeout=15_000)
        await desk.reload()
        await expect(status).to_contain_text("Saved at")
        await expect(desk.locator("#customer")).to_contain_text("Ms Li")
    row = await attempt_of(house, number)
    assert (row["disposition"], row["note"]) == ("refused", "too dear")
    lead = await house.pool.fetchrow("select state, why from leads where lead = $1", row["lead"])
    assert tuple(lead) == ("finished", "refused")
    (talk,) = (f.at for f in (await house.stored(number)).timeline if f.what.kind == "connected")
    print({what: round(at - talk.timestamp() * 1000) for what, at in seen.items()})
