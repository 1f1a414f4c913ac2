"""A campaign's chart of the day, and the notices of its alarms."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from campaigns.campaign_alarms import CampaignAlarms
from campaigns.campaign_samples import CampaignSamples, SampledColumn
from console.campaigns.day_chart import campaign_chart
from tests.campaigns.campaigns_scene import SPRING
from tests.console.browsing import Open
from tests.console.campaigns.called_campaign import called_campaign, sample
from tests.console.campaigns.test_campaign_pages import _english, _view
from tests.console.conftest import Console, Visit
from tests.console.test_accessible import put_on, serious_faults
from tests.phones.called import zone_at_noon

SHANGHAI = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def column(minutes: float, share: float = 0.01, ringing: int = 3) -> SampledColumn:
    at = NINE + timedelta(minutes=minutes)
    return SampledColumn(at, 2.0, 6.0, 1.0, float(ringing), ringing + 1, share * 100, 100.0)


def test_the_days_lines_fill_their_box_and_have_gaps() -> None:
    columns = [column(0), column(4, 0.02), column(8), column(58, 0.5), column(60)]
    chart = campaign_chart(
        columns, limit=0.03, alarms=(0.83, 0.93), zone=SHANGHAI, now=NINE + timedelta(minutes=65)
    )
    assert chart is not None
    assert (chart.start.hour, chart.end) == (9, NINE + timedelta(minutes=65))
    share, agents, ringing = chart.panels
    (line,) = share.lines
    assert len(line.points) == 2, "nothing is known of the time between"
    assert line.points[0].startswith("0.0,")
    assert share.most == pytest.approx(0.55)
    assert [name for name, _, _ in share.levels] == ["limit", "alarm", "alarm"]
    assert share.levels[0][2] == 0.03 and 0 < share.levels[0][1] < share.levels[1][1] < 100
    assert agents.most == 9.0 and ringing.most == 4
    assert (chart.most_share, chart.most_share_at) == (0.5, NINE + timedelta(minutes=58))
    assert [hour.begins.hour for hour in chart.hours] == [9, 10]
    assert chart.hours[0].share == 0.5 and chart.hours[0].busy == 6.0
    numbers = [
        float(number)
        for panel in chart.panels
        for each in panel.lines
        for points in each.points
        for point in points.split()
        for number in point.split(",")
    ]
    assert min(numbers) >= 0 and max(numbers) <= 1000


def test_an_hour_that_comes_twice_is_there_twice() -> None:
    """At 3 o'clock on 25 October 2026 clocks go back to 2 in Berlin."""
    begin = datetime(2026, 10, 25, tzinfo=UTC)
    columns = [
        replace(column(0, share), at=begin + timedelta(minutes=minutes))
        for minutes, share in ((0, 0.01), (30, 0.02), (60, 0.03), (90, 0.04), (120, 0.05))
    ]
    chart = campaign_chart(
        columns, limit=0.03, alarms=(), zone=ZoneInfo("Europe/Berlin"), now=columns[-1].at
    )
    assert chart is not None
    assert [(hour.begins.hour, hour.share) for hour in chart.hours] == [
        (2, 0.02), (2, 0.04), (3, 0.05)
    ]  # fmt: skip


def test_nothing_is_drawn_of_one_moment() -> None:
    for columns in ([], [column(0)]):
        assert campaign_chart(columns, limit=0.03, alarms=(), zone=None, now=NINE) is None


def test_a_limit_of_nothing_can_be_drawn() -> None:
    zeros = [column(0, 0.0, 0), column(1, 0.0, 0)]
    chart = campaign_chart(zeros, limit=0.0, alarms=(0.5,), zone=None, now=NINE)
    assert chart is not None and chart.panels[0].most > 0


def at_noon(console: Console) -> None:
    """It is about noon at the centre: the campaign has been under way for minutes, all of today."""
    console.floor.config = replace(console.floor.config, timezone=zone_at_noon())


@pytest.mark.live
async def test_the_chart_and_the_alarms_are_in_words_too(console: Console, visit: Visit) -> None:
    at_noon(console)
    await called_campaign(console.database)
    console.floor.campaigns.views[SPRING] = _view()
    sue = await _english(visit, "sue")
    text = await (await sue.get("/campaigns/spring")).text()
    for said in (
        "now 5 in calls, 2 in after-call work, 3 free", "limit 3%", "alarm lines 2.5, 2.8%",
        "In figures, by the hour", "4 of 100, 4.00%",
    ):  # fmt: skip
        assert said in text, said
    part = await (await sue.get("/campaigns/spring/chart")).text()
    assert "<svg" in part and "<html" not in part
    assert "<table" in await (await sue.get("/campaigns/spring/chart?part=hours")).text()
    other_day = date.today() - timedelta(days=40)
    empty = await (await sue.get(f"/campaigns/spring?day={other_day}")).text()
    assert "Nothing to draw yet" in empty
    for day in ("soon", "2026-02-30", "0001-01-01", "9999-12-31"):
        assert (await sue.get(f"/campaigns/spring/chart?day={day}")).status in (200, 400), day
    assert "The limit is exceeded" in await (await sue.get("/campaigns")).text()


@pytest.mark.live
async def test_the_notice_comes_once_and_goes(console: Console, visit: Visit) -> None:
    await called_campaign(console.database)
    sue = await _english(visit, "sue")
    notice = await (await sue.get("/alarms")).text()
    assert notice.count('class="alert ') == 1, "of a campaign, the highest line"
    assert "exceeded: 4.00% of at most 3%" in notice
    seen = notice.partition("seen=")[2].partition('"')[0]
    assert (await sue.get(f"/alarms?seen={seen}")).status == 204
    await CampaignAlarms(console.database.pool).change(
        SPRING, (), (0.83, 1.0), limit=0.03, abandoned=0, base=0, at=datetime.now(UTC)
    )
    gone = await sue.get(f"/alarms?seen={seen}")
    assert gone.status == 200 and "alert" not in (await gone.text()).replace("/alarms", "")
    assert (await (await _english(visit, "cleo")).get("/alarms")).status == 403


@pytest.mark.live
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_chart_moves_and_fits_a_phone(
    theme: str, console: Console, open_page: Open
) -> None:
    at_noon(console)
    await called_campaign(console.database)
    console.floor.campaigns.views[SPRING] = _view()
    page = await open_page("/campaigns/spring", "ada")
    await page.set_viewport_size({"width": 375, "height": 800})
    await put_on(page, theme)
    await expect(page.locator("svg.chart-box")).to_have_count(3)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 375
    assert await serious_faults(page) == []
    await CampaignSamples(console.database.pool).write(
        [sample(datetime.now(UTC), abandoned=5.0, base=50.0)]
    )
    await page.evaluate(
        "htmx.ajax('GET', '/campaigns/spring/chart', {target: '#chart', swap: 'innerHTML'})"
    )
    await expect(page.locator("#chart figcaption").first).to_contain_text("10.00%")
