"""The outbound daily report: each attempt counted once, on its day, for those who may see it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.daily_report import (
    MOST_DAYS,
    AskedReport,
    DailyReports,
    DailyRow,
    ReportBy,
    total_of,
)
from campaigns.dispositions import Disposition
from campaigns.outbound_figures import (
    DIALS,
    CallResult,
    CameTo,
    OutboundFigures,
    ReportStatus,
    day_span,
)
from domain.identity import CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import Database
from tests.campaigns.campaigns_scene import NOON, OPS, TEA, ZONE, after
from tests.campaigns.reported_attempts import (
    ABANDONED,
    INVALID,
    MACHINE,
    NEVER,
    NOBODY,
    OPEN,
    TALKED,
    TRUNK,
    ReportedAttempts,
)

DAY = date(2026, 3, 2)
ADA = Actor("ada", Role.ADMIN)
NEXT_MORNING = NOON + timedelta(hours=20)


@pytest.fixture
def attempts(database: Database) -> ReportedAttempts:
    return ReportedAttempts(database)


async def report(
    database: Database,
    actor: Actor = ADA,
    *,
    now: datetime = NEXT_MORNING,
    zone: ZoneInfo = ZONE,
    first: date = DAY,
    last: date = DAY,
    by: ReportBy = ReportBy.PROJECT,
    project: ProjectName | None = None,
    campaign: CampaignName | None = None,
) -> tuple[DailyRow, ...]:
    asked = AskedReport(first, last, by, project, campaign)
    return await DailyReports(database.pool, clock=lambda: now).rows(actor, asked, zone)


def counts(figures: OutboundFigures) -> Mapping[str, object]:
    """All figures of a row."""
    names = (
        "contacted", "not_contacted", "wrong_number", "dials", "talked", "contact_rate", "results",
        "other", "unsaid", "trunk", "open",
    )  # fmt: skip
    return {name: getattr(figures, name) for name in names} | {
        code.value: figures.result(code) for code in CallResult
    }


async def test_each_figure_counts_what_its_name_says(
    database: Database, attempts: ReportedAttempts
) -> None:
    for disposition, count in (
        ("success", 4), ("refused", 3), ("appointment", 2), ("duplicate", 1), ("callback", 2),
        ("not_now", 1), ("do_not_call", 1), (None, 2),
    ):  # fmt: skip
        await attempts.add(TALKED, count, disposition=disposition)
    await attempts.add(TALKED, 3, disposition="wrong_number")
    await attempts.add(ABANDONED, 2)
    await attempts.add(NOBODY, 5)
    await attempts.add(MACHINE, 6)
    await attempts.add(INVALID, 7)
    await attempts.add(TRUNK, 8)
    await attempts.add(NEVER, 9)
    (row,) = await report(database)
    assert counts(row.figures) == {
        "contacted": 18, "not_contacted": 11, "wrong_number": 10, "dials": 39,
        "talked": 16, "contact_rate": 16 / 39,
        "success": 4, "refused": 3, "appointment": 2, "duplicate": 1, "results": 10,
        "other": 4, "unsaid": 2, "trunk": 8, "open": 0,
    }  # fmt: skip
    assert (row.day, row.project, row.campaign, row.agent) == (DAY, TEA, None, None)
    assert row.status is ReportStatus.RESULTS_MISSING


def test_the_codes_are_those_that_are_stored() -> None:
    assert {*CallResult} <= {*Disposition}
    assert set(DIALS) == set(CameTo) - {CameTo.OPEN, CameTo.NEVER_PLACED, CameTo.TRUNK}


async def test_the_status_says_what_is_missing(
    database: Database, attempts: ReportedAttempts
) -> None:
    async def status(now: datetime = NEXT_MORNING) -> ReportStatus:
        (row,) = await report(database, now=now)
        return row.status

    await attempts.add(TALKED, disposition="success")
    assert await status(after(hours=11.9)) is ReportStatus.UNDER_WAY
    assert await status(after(hours=12)) is ReportStatus.FINAL
    await attempts.add(TALKED)
    assert await status() is ReportStatus.RESULTS_MISSING
    await attempts.add(OPEN)
    assert await status() is ReportStatus.UNSETTLED


async def test_a_day_begins_at_midnight_in_the_centres_zone(
    database: Database, attempts: ReportedAttempts
) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=ZONE)
    await attempts.add(NOBODY, at=midnight - timedelta(microseconds=1))
    await attempts.add(NOBODY, 2, at=midnight)
    await attempts.add(NOBODY, 3, at=midnight + timedelta(days=1, microseconds=-5))
    await attempts.add(NOBODY, 4, at=midnight + timedelta(days=1))
    rows = await report(database, first=date(2026, 2, 27), last=date(2026, 3, 5))
    assert [(row.day.isoformat(), row.figures.dials) for row in rows] == [
        ("2026-03-01", 1), ("2026-03-02", 5), ("2026-03-03", 4),
    ]  # fmt: skip
    assert total_of(rows).dials == 10


@pytest.mark.parametrize(
    ("day", "zone", "begins", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00Z", 23),
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00Z", 25),
        ("2026-03-08", "America/Havana", "2026-03-08T05:00Z", 23),  # 00:00 is left out
        ("2026-11-01", "America/Havana", "2026-11-01T04:00Z", 25),  # 00:00 comes twice
        ("2026-11-27", "Asia/Shanghai", "2026-11-26T16:00Z", 24),
    ],
)
def test_days_on_which_clocks_change(day: str, zone: str, begins: str, hours: int) -> None:
    start, end = day_span(date.fromisoformat(day), ZoneInfo(zone))
    assert start.astimezone(UTC) == datetime.fromisoformat(begins)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=hours)


async def test_no_attempt_is_lost_or_counted_twice_where_clocks_change(
    database: Database, attempts: ReportedAttempts
) -> None:
    for number in range(24 * 4):
        at = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(minutes=30 * number)
        await attempts.add(NOBODY, at=at)
    zone = ZoneInfo("Europe/Berlin")
    rows = await report(database, zone=zone, first=date(2026, 10, 24), last=date(2026, 10, 26))
    assert [row.figures.dials for row in rows] == [44, 50, 2]


async def test_everybody_sees_their_own_projects(
    database: Database, attempts: ReportedAttempts
) -> None:
    await attempts.add(NOBODY, 2)
    await attempts.add(NOBODY, 3, project="bank", campaign="loans")
    client = Actor("cleo", Role.CLIENT, frozenset({TEA}))
    lost = Actor("lost", Role.CLIENT, frozenset())

    async def seen(
        actor: Actor, project: str | None = None, campaign: CampaignName | None = None
    ) -> list[int]:
        asked = None if project is None else ProjectName(project)
        rows = await report(database, actor, project=asked, campaign=campaign)
        return [row.figures.dials for row in rows]

    assert await seen(ADA) == [3, 2]
    assert await seen(ADA, "bank") == [3]
    assert await seen(OPS) == [2]
    assert await seen(client) == [2]
    assert await seen(client, "bank") == []
    assert await seen(client, campaign=CampaignName("loans")) == []
    assert await seen(lost) == []
    assert await seen(Actor("amy", Role.AGENT, frozenset({TEA}))) == []
    assert await seen(ADA, "nothing of the kind") == []


async def test_rows_of_campaigns_and_agents_add_up_to_the_projects(
    database: Database, attempts: ReportedAttempts
) -> None:
    await attempts.add(TALKED, 2)
    await attempts.add(TALKED, 1, agent="1002", campaign=None, mode="manual")
    await attempts.add(NOBODY, 4, campaign="autumn")
    project = await report(database)
    campaigns = await report(database, by=ReportBy.CAMPAIGN)
    agents = await report(database, by=ReportBy.AGENT)
    assert [(row.campaign, row.figures.dials) for row in campaigns] == [
        (None, 1), ("autumn", 4), ("spring", 2),
    ]  # fmt: skip
    assert [(row.agent, row.figures.dials) for row in agents] == [
        (None, 4), ("1001", 2), ("1002", 1),
    ]  # fmt: skip
    for rows in (campaigns, agents):
        assert counts(total_of(rows)) == counts(total_of(project))
        assert total_of(rows).agents == {"1001", "1002"}


async def test_who_was_logged_in_was_on_duty(
    database: Database, attempts: ReportedAttempts
) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=ZONE)
    before, within, next_day = (
        midnight - timedelta(hours=2), midnight + timedelta(hours=9),
        midnight + timedelta(days=1),
    )  # fmt: skip
    plan = {
        "came": ((within, "ready"),),
        "stayed": ((before, "paused"),),
        "went": ((before, "ready"), (before + timedelta(hours=1), "logged_out")),
        "left": ((before, "ready"), (within, "logged_out")),
        "later": ((next_day, "ready"),),
        "never": (),
    }
    for agent, states in plan.items():
        await attempts.agent(agent, "tea")
        for at, state in states:
            await attempts.state(agent, at, state)
    await attempts.agent("banker", "bank")
    await attempts.state("banker", within, "ready")
    assert await report(database) == ()  # nothing was dialled
    await attempts.add(TALKED, agent="gone-since")
    (row,) = await report(database)
    assert row.figures.agents == {"came", "stayed", "left", "gone-since"}
    (row,) = await report(database, campaign=CampaignName("spring"))
    assert row.figures.agents == {"gone-since"}


async def test_a_long_report_says_how_far_it_is_and_has_an_end(database: Database) -> None:
    asked = AskedReport(date(2026, 1, 1), date(2026, 1, 5))
    done: list[int] = []
    await DailyReports(database.pool).rows(ADA, asked, None, done=done.append)
    assert done == [1, 2, 3, 4, 5]
    assert len(AskedReport(date(2000, 1, 1), date(2999, 1, 1)).days) == MOST_DAYS
    assert AskedReport(date(2026, 1, 5), date(2026, 1, 1)).days == ()
