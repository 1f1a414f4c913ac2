"""What an agent does at the desk with customers to be called, and with colleagues, in a browser."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from campaigns.lead_skips import SkipReason
from domain.agent_facts import AgentState
from domain.centre import OutsideNumber
from domain.identity import AgentCode, CampaignName, LineName, QueueName
from domain.reasons import Cause
from engine.board_ports import (
    AheadOf,
    AheadView,
    CallStage,
    ConsultStage,
    ConsultView,
    LegState,
    UnreachedView,
)
from engine.centre_ports import Recipient, Verb
from engine.desk_ports import DeskView, DialFault, DialNotice, DialStep, DialView
from tests.console.browsing import Open
from tests.console.conftest import Console
from tests.console.test_accessible import serious_faults
from tests.waiting import until

pytestmark = pytest.mark.live
SEEN = DialView(
    *(DialStep.SHOWN, "+8613800000001", CampaignName("spring"), "Spring tea"),
    by_hand=False,
    lead=7,
    name="Ms <Li>",
    fields={"City": "Xi'an", "Age": 40},
)
AMY, BOB = AgentCode("1001"), AgentCode("1002")
NOTARY = OutsideNumber("+8613700000001", "Notary", LineName("gateway-lines"))


async def test_a_customer_is_looked_at_and_skipped_or_dialled(
    console: Console, open_page: Open
) -> None:
    desks = console.floor.desks
    await console.floor.put_agent("1001", AgentState.READY, station="1001", station_state="idle")
    page = await open_page("/desk", "amy")
    card, step = page.locator("#dial-card"), page.locator("#dial-step")
    await expect(page.locator("#link")).to_have_text("Live")
    seen = replace(SEEN, until=datetime.now(UTC) + timedelta(minutes=30))
    await desks.show("1001", DeskView(1, seen))
    await expect(card).to_contain_text("Ms <Li>")
    await expect(card).to_contain_text("Xi'an")
    await expect(step).to_have_text("Preview")
    await expect(card.locator("[data-ends]")).to_have_text(re.compile(r"^2\d:\d\d$"))
    await expect(card).to_contain_text("the customer is given back and you are away")
    assert not await serious_faults(page)

    # Skipped, with a reason; what is being typed outlives what the server sends meanwhile.
    await page.locator("#skip-reason").select_option("other")
    await card.get_by_role("button", name="Skip").click()
    await expect(page.locator("#toasts")).to_contain_text("Say in the note why")
    await page.locator("#skip-note").fill("d is no key here")
    await desks.show("1001", DeskView(1, replace(seen, attempts=3)))
    await expect(card).to_contain_text("3")
    await expect(page.locator("#skip-note")).to_have_value("d is no key here")
    await page.locator("#skip-note").press("Enter")
    skipped = ("skip", AMY, 7, SkipReason.OTHER, "d is no key here")
    await until_asked(console, skipped)

    # The next one is another: nothing of the last one's is left. Dialled with a key.
    await desks.show("1001", DeskView(1, replace(seen, lead=8, name="Mr Wu")))
    await expect(card).to_contain_text("Mr Wu")
    await expect(page.locator("#skip-note")).to_have_value("")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("d")
    await until_asked(console, skipped, ("dial", AMY, 8))
    await desks.show("1001", DeskView(1, replace(seen, lead=8, step=DialStep.RINGING, until=None)))
    await expect(step).to_have_text("It rings")
    await page.keyboard.press("Shift+X")
    await until_asked(console, skipped, ("dial", AMY, 8), ("hang_up", AMY))

    # The time is over.
    over = DialNotice(DialFault.TIME_OVER, "+8613800000001")
    await desks.show("1001", DeskView(1, None, over))
    await expect(page.locator("#dial-notice")).to_contain_text("The time for +8613800000001")
    await expect(card).to_have_count(0)


async def until_asked(console: Console, *asked: tuple[object, ...]) -> None:
    await until(lambda: console.floor.desks.asked == list(asked), 20, "what the desk asks for",
                seen=lambda: console.floor.desks.asked)  # fmt: skip


async def test_a_colleague_is_asked_and_the_customer_left_there(
    console: Console, open_page: Open
) -> None:
    floor = console.floor
    floor.config = replace(floor.config, outside={NOTARY.number: NOTARY})
    talking: dict[str, Any] = {"station": "1001", "station_state": "busy", "leg": LegState.UP}
    free: dict[str, Any] = {"station": "1002", "station_state": "idle"}
    call = await floor.put_call(1, CallStage.TALKING, agent=AMY, queue=QueueName("sales"))
    await floor.put_agent("1001", AgentState.TALKING, call=call, **talking)
    await floor.put_agent("1002", AgentState.READY, **free)
    looks = AheadView(AheadOf.LOOKING, datetime.now(UTC))
    await floor.put_agent("1003", AgentState.READY, ahead=looks, **free)
    page = await open_page("/desk", "amy")
    dialog, find = page.locator("#colleagues"), page.locator("#find-colleague")
    row = dialog.get_by_role("listitem")
    await expect(page.locator('[data-call="stage"]')).to_have_text("Talking")
    await page.keyboard.press("t")
    await expect(find).to_be_focused()
    await expect(row.filter(has_text="1002")).to_contain_text("Ready")
    # Who looks at a customer can't be asked.
    await expect(row.filter(has_text="1003").get_by_role("button", name="Ask")).to_be_disabled()
    assert not await serious_faults(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.keyboard.press("t")
    await find.fill("1002")
    await expect(row).to_have_count(1)
    await find.press("Enter")
    await expect(dialog).to_be_hidden()
    assert [(a.verb, a.to) for a in floor.asked] == [(Verb.CONSULT, Recipient(agent=BOB))]

    # The customer hears music; the desk says with whom one talks, and leaves the customer there.
    consult = ConsultView(ConsultStage.PRIVATE, BOB, datetime.now(UTC), asks=True, caller="139")
    await floor.put_agent("1001", AgentState.TALKING, call=call, consult=consult, **talking)
    await expect(page.locator('[data-consult="who"]')).to_contain_text("王伟 (1002)")
    await expect(page.locator("#ask-somebody")).to_be_hidden()
    assert not await serious_faults(page)
    await page.keyboard.press("Shift+T")
    await until(lambda: floor.asked[-1].verb is Verb.COMPLETE, 20, "the customer is left there")
    await floor.put_agent("1001", AgentState.WRAP_UP, consult=None, **talking)
    await expect(page.locator("#consult")).to_be_hidden()

    # Somebody outside, found by their number, can't be asked: the desk says why.
    await floor.put_agent("1001", AgentState.TALKING, call=call, **talking)
    await page.locator("#ask-somebody").click()
    await find.fill("+8613700")
    await expect(row).to_have_count(1)
    await find.press("Enter")
    await until(lambda: floor.asked[-1].to == Recipient(outside=NOTARY.number), 20, "it is asked")
    await expect(dialog).to_be_hidden()
    vain = UnreachedView(NOTARY.number, NOTARY.title, Cause.BUSY, datetime.now(UTC))
    await floor.put_agent("1001", AgentState.TALKING, call=call, unreached=vain, **talking)
    told = page.locator("#toasts").get_by_text("Notary can't be asked: the line was busy.")
    await expect(told).to_be_visible()
