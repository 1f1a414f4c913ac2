"""A campaign's plan, gaps and alarm lines in its form, and what its page says of them."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest

from campaigns.campaign import CallingHours, CampaignState
from campaigns.campaign_service import Campaigns
from campaigns.plan import PlanState
from console.campaigns.campaign_services import SERVICES
from domain.reasons import Cause
from tests.console.campaigns.test_campaign_pages import OPS, TYPED, _english, _made
from tests.console.conftest import Console, Visit

pytestmark = pytest.mark.live

WEEK = {f"{week}.{day}": "" for week in ("runs", "hours") for day in range(7)}
PLAN = WEEK | {
    "runs.0": "9-12, 13:30–20", "runs.4": "09:00 - 12:00，22:00-24:00", "hours.6": "10:00-02:00",
    "first_day": "2026-12-01", "last_day": "2026-12-31", "closed_on": "2026-12-24; 2026-12-25",
    "calendar": "", "gap_after.busy": "0,5", "gap_after.no_answer": "", "gap_after.rejected": "48",
    "gap_after.cut": "", "alarms": "80 % 95%",
}  # fmt: skip


async def test_a_plan_is_typed_kept_and_shown_again(console: Console, visit: Visit) -> None:
    otto = await _english(visit, "otto")
    answer = await otto.post("/campaigns/new", TYPED | PLAN)
    assert answer.status == 303, await answer.text()
    made = (await Campaigns(console.database.pool).get(OPS, "spring")).settings
    assert set(made.runs) == {
        CallingHours(days=(0, 4), start=time(9), end=time(12)),
        CallingHours(days=(0,), start=time(13, 30), end=time(20)),
        CallingHours(days=(4,), start=time(22), end=time(0)),
    }
    assert made.hours == (CallingHours(days=(6,), start=time(10), end=time(2)),)
    assert (made.first_day, made.last_day) == (date(2026, 12, 1), date(2026, 12, 31))
    assert made.closed_on == (date(2026, 12, 24), date(2026, 12, 25))
    assert made.gap_after_s == {Cause.BUSY: 1_800, Cause.REJECTED: 172_800}
    assert made.alarm_shares == (0.8, 0.95)
    form = await (await otto.get("/campaigns/spring/settings")).text()
    for shown in ("09:00-12:00, 13:30-20:00", "22:00-24:00", "2026-12-24, 2026-12-25", "80, 95"):
        assert f'value="{shown}"' in form or f", {shown}" in form, shown


async def test_a_form_without_the_plan_leaves_it(console: Console, visit: Visit) -> None:
    otto = await _english(visit, "otto")
    await otto.post("/campaigns/new", TYPED | PLAN)
    campaigns = Campaigns(console.database.pool)
    before = await campaigns.get(OPS, "spring")
    await otto.post(
        "/campaigns/spring/settings", TYPED | {"seen": str(before.change), "title": "Summer tea"}
    )
    after = await campaigns.get(OPS, "spring")
    assert after.settings == before.settings.model_copy(update={"title": "Summer tea"})
    await otto.post(
        "/campaigns/spring/settings",
        TYPED | PLAN | WEEK | {"seen": str(after.change), "closed_on": "", "last_day": ""},
    )
    emptied = (await campaigns.get(OPS, "spring")).settings
    assert (emptied.runs, emptied.hours, emptied.closed_on, emptied.last_day) == ((), (), (), None)
    history = await (await otto.get("/campaigns/spring/history")).text()
    assert "When it runs, by the centre&#39;s clock" in history


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("runs.2", "nine to five", "Wednesday: “nine” is not possible"),
        ("hours.0", "09:00-25:00", "Monday: “09:00-25:00” is not possible"),
        ("closed_on", "24.12.2026", "“24.12.2026” is not a day"),
        ("first_day", "soon", "First day: “soon” is not a day"),
        ("last_day", "2026-11-30", "Last day: “2026-11-30” is before the first day"),
        ("gap_after.busy", "nan", "After busy: “nan” is not possible"),
        ("alarms", "83, 120", "“83, 120” is not possible"),
    ],
)
async def test_what_cannot_be_a_plan_is_named(
    console: Console, visit: Visit, field: str, value: str, said: str
) -> None:
    answer = await (await _english(visit, "otto")).post(
        "/campaigns/new", TYPED | PLAN | {field: value}
    )
    text = await answer.text()
    assert answer.status == 400
    assert said in re.search(r'id="mistake">(.*?)</div>', text, re.S)[1]  # type: ignore[index]
    assert await Campaigns(console.database.pool).seen_by(OPS) == []


async def test_a_campaign_outside_its_hours_says_what_it_waits_for(
    console: Console, visit: Visit
) -> None:
    await _made(console)
    campaigns, sue = Campaigns(console.database.pool), await _english(visit, "sue")
    await campaigns.move(OPS, "spring", CampaignState.RUNNING)
    monday = datetime(2026, 12, 7, 1, 0, tzinfo=UTC)
    plans = {
        "It waits for Monday 2026-12-07": PlanState(False, monday),
        "leaves no hour": PlanState(False),
        "Its last day is over": PlanState(False, ended=True),
    }
    for said, plan in plans.items():
        services = console.app[SERVICES]
        object.__setattr__(services, "plan", lambda _, plan=plan: plan)
        assert said in await (await sue.get("/campaigns/spring")).text()
    object.__setattr__(services, "plan", lambda _: PlanState(False, monday))
    assert "Waits for Mon 2026-12-07" in await (await sue.get("/campaigns")).text()


async def test_the_page_says_which_calendar_the_holidays_come_from(
    console: Console, visit: Visit
) -> None:
    made = await _made(console)
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    wish = made.settings.model_copy(update={"calendar": "office", "closed_on": (tomorrow,)})
    await Campaigns(console.database.pool).change(OPS, "spring", made.change, settings=wish)
    text = await (await (await _english(visit, "sue")).get("/campaigns/spring")).text()
    assert "no calendar “office” any more" in text
    assert f"The next day without calls is {tomorrow}" in text
