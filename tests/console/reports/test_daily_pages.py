"""The outbound daily report's page and files, over a real database."""

import asyncio
import csv
import io
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from openpyxl import load_workbook

from campaigns.daily_report import ReportBy
from campaigns.outbound_figures import CallResult, ReportStatus
from console.reports import words
from console.reports.asked_reports import ReportMistake, read_asked
from console.reports.report_runs import REPORT_RUNS, ReportRuns, Rows, TooManyReports
from tests.campaigns.campaigns_scene import NOON, SETTINGS, CampaignScene
from tests.campaigns.reported_attempts import ABANDONED, INVALID, NOBODY, TALKED, ReportedAttempts
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit

DAYS = "from=2026-03-01&to=2026-03-03"
TODAY = date(2026, 3, 10)


@pytest.fixture
def attempts(console: Console) -> ReportedAttempts:
    return ReportedAttempts(console.database)


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    text = await answer.text()
    assert answer.status == status, text
    return unescape(text)


def cell(text: str, day: str, figure: str) -> str:
    """What a row says, without its link."""
    found = re.search(rf'data-day="{day}".*?data-f="{figure}">(.*?)</td>', text, re.DOTALL)
    assert found is not None, text
    return " ".join(re.sub("<[^>]+>", "", found[1]).split())


def test_each_code_has_its_words() -> None:
    assert set(words.BY) == set(ReportBy)
    assert set(words.STATUSES) == set(ReportStatus) == set(words.STATUS_COLOURS)
    assert set(words.RESULTS) == set(CallResult)
    assert set(words.MISTAKES) == set(ReportMistake)


@pytest.mark.parametrize(
    ("typed", "first", "last", "mistake"),
    [
        ({}, "2026-03-04", "2026-03-10", None),
        ({"to": "2026-02-10"}, "2026-02-04", "2026-02-10", None),
        ({"from": "2026-02-10"}, "2026-02-10", "2026-03-10", None),
        ({"from": "2026-05-01"}, "2026-05-01", "2026-05-01", None),
        ({"from": "2026-03-05", "to": "2026-03-04"}, "2026-03-04", "2026-03-10", "backwards"),
        ({"from": "yesterday"}, "2026-03-04", "2026-03-10", "not_a_date"),
        ({"from": "0001-01-01"}, "2026-03-04", "2026-03-10", "not_a_date"),
        ({"to": "9999-12-31"}, "2026-03-04", "2026-03-10", "not_a_date"),
        ({"from": "2024-01-01", "to": "2025-01-01"}, "2026-03-04", "2026-03-10", "too_long"),
        ({"from": "2024-01-01", "to": "2024-12-31"}, "2024-01-01", "2024-12-31", None),
    ],
)
def test_the_days_that_are_asked_for(
    typed: dict[str, str], first: str, last: str, mistake: str | None
) -> None:
    read = read_asked(typed, TODAY)
    found = (read.asked.first.isoformat(), read.asked.last.isoformat(), read.mistake)
    assert found == (first, last, mistake)


async def test_the_page_and_both_files_show_the_same(
    attempts: ReportedAttempts, visit: Visit
) -> None:
    sue = await english(visit, "sue")
    empty = await text_of(sue, f"/reports/outbound?{DAYS}")
    assert "Nothing was dialled in these days" in empty
    await attempts.add(TALKED, 3, disposition="success")
    await attempts.add(TALKED, disposition="refused")
    await attempts.add(ABANDONED)
    await attempts.add(NOBODY, 4)
    await attempts.add(INVALID)
    await attempts.add(NOBODY, at=NOON + timedelta(days=1))
    await attempts.add(NOBODY, 50, project="bank", campaign="loans")
    # The report is kept for those who watch it; another one is asked for.
    path = f"/reports/outbound?{DAYS}&project=tea"
    text = await text_of(sue, path)
    assert "50" not in re.sub("<[^>]+>", "", text.partition("<tbody>")[2].partition("</table>")[0])
    said = {"contacted": "5", "not_contacted": "4", "wrong_number": "1", "talked": "4"}
    said |= {"contact_rate": "40.0%", "success": "3 75.0%", "refused": "1 25.0%"}
    said |= {"appointment": "0 0.0%", "results": "4 100.0%", "unsaid": "0", "open": "0"}
    assert {name: cell(text, "2026-03-02", name) for name in said} == said
    assert cell(text, "2026-03-03", "contact_rate") == "0.0%"
    assert cell(text, "2026-03-03", "success") == "0 –"
    assert "Final" in text
    row = [
        "2026-03-02", "Tea", "Final", "1", "5", "4", "1", "4", "40.0%", "3", "75.0%", "1",
        "25.0%", "0", "0.0%", "0", "0.0%", "4", "100.0%", "0", "0", "10", "0", "0",
    ]  # fmt: skip
    file = await sue.get(f"/reports/outbound.csv?{DAYS}&project=tea")
    assert file.status == 200
    name = 'filename="outbound-2026-03-01-2026-03-03.csv"'
    assert name in file.headers["Content-Disposition"]
    data = await file.read()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0][:4] == ["Date", "Project", "Status", "Agents on duty"]
    assert {len(one) for one in rows} == {len(row)}
    assert [one[0] for one in rows] == ["Date", "2026-03-02", "2026-03-03", "Total"]
    assert (rows[1][0], rows[1][2:]) == (row[0], row[2:])
    book = load_workbook(
        io.BytesIO(await (await sue.get(f"/reports/outbound.xlsx?{DAYS}&project=tea")).read())
    )
    assert book.active is not None
    values = [list(one) for one in book.active.iter_rows(values_only=True)]
    assert values[0] == rows[0]
    assert values[1][3:10] == [1, 5, 4, 1, 4, 0.4, 3]
    assert values[3][0] == "Total"


async def test_each_count_leads_to_the_attempts_behind_it(
    attempts: ReportedAttempts, visit: Visit
) -> None:
    for disposition in ("success", "success", "callback", None):
        await attempts.add(TALKED, disposition=disposition)
    await attempts.add(ABANDONED)
    await attempts.add(NOBODY, 2)
    await attempts.add(INVALID)
    await attempts.add(NOBODY, at=NOON + timedelta(days=1))
    sue = await english(visit, "sue")
    for by in ("project", "campaign"):
        text = await text_of(sue, f"/reports/outbound?{DAYS}&by={by}")
        links = re.findall(r'<td[^>]*data-f="(\w+)"><a href="([^"]*)">([\d,]+)</a>', text)
        assert {name for name, *_ in links} == {
            "contacted", "not_contacted", "wrong_number", "talked", "success", "results", "other",
            "unsaid",
        }  # fmt: skip
        for figure, link, count in links:
            listed = await text_of(sue, link)
            shown = len(re.findall(r'href="/calls/pbx1-', listed))
            assert shown == int(count), (by, figure, link)


async def test_clients_see_their_own_projects_and_nobody_elses(
    attempts: ReportedAttempts, visit: Visit
) -> None:
    await attempts.add(NOBODY, project="bank", campaign="loans")
    cleo = await english(visit, "cleo")
    for query in (DAYS, f"{DAYS}&project=bank", f"{DAYS}&campaign=loans&by=campaign"):
        text = await text_of(cleo, f"/reports/outbound?{query}")
        assert "Nothing was dialled in these days" in text
        file = await (await cleo.get(f"/reports/outbound.csv?{query}")).text()
        assert "2026-03-02" not in file
    assert "Bank" not in await text_of(cleo, "/reports/outbound")
    for path in ("/attempts?project=bank", "/attempts?campaign=loans", "/attempts?agent=-"):
        assert "No attempts here" in await text_of(cleo, path)
    assert (await cleo.get("/attempts.csv?project=bank")).status == 404
    assert b"pbx1" not in await (await cleo.get("/attempts.csv?campaign=loans")).read()
    ben = await english(visit, "ben")
    assert "Nothing was dialled" not in await text_of(ben, f"/reports/outbound?{DAYS}")


async def test_nothing_in_a_file_or_page_is_a_formula_or_markup(
    console: Console, attempts: ReportedAttempts, visit: Visit
) -> None:
    scene = CampaignScene(console.database)
    title = "=cmd|'/c calc'!A1<script>"
    await scene.start("spring", SETTINGS.model_copy(update={"title": title}))
    await attempts.add(NOBODY)
    sue = await english(visit, "sue")
    query = f"{DAYS}&by=campaign"
    raw = await (await sue.get(f"/reports/outbound?{query}")).text()
    assert "<script>" not in raw.partition("<tbody>")[2]
    rows = list(
        csv.reader(io.StringIO(await (await sue.get(f"/reports/outbound.csv?{query}")).text()))
    )
    assert rows[1][2] == f"'{title}"
    book = load_workbook(
        io.BytesIO(await (await sue.get(f"/reports/outbound.xlsx?{query}")).read())
    )
    assert book.active is not None
    assert book.active["C2"].value == title
    assert book.active["C2"].data_type == "s"


async def test_what_makes_no_sense_is_answered(visit: Visit) -> None:
    sue = await english(visit, "sue")
    text = await text_of(sue, "/reports/outbound?from=x&by=moon&project=<b>")
    assert "A date must look like 2026-01-31. These are the last seven days." in text
    for path in (
        "/reports/outbound.csv?from=x", "/reports/outbound.csv?from=2026-01-02&to=2026-01-01",
        "/attempts.csv?from=x", "/attempts.xlsx?came=moon",
    ):  # fmt: skip
        assert (await sue.get(path)).status == 400
    for path in ("/reports/outbound.pdf", "/attempts.pdf", "/campaigns/nothing/attempts.csv"):
        assert (await sue.get(path)).status == 404
    await sue.post("/language", {"language": "zh-CN"})
    assert "这些日期没有外呼" in await text_of(sue, f"/reports/outbound?{DAYS}")


async def test_a_long_report_shows_how_far_it_is(console: Console, visit: Visit) -> None:
    sue = await english(visit, "sue")
    text = await text_of(sue, "/reports/outbound?from=2026-01-01&to=2026-12-31")
    for _ in range(200):
        if "days counted" not in text:
            break
        assert re.search(r"\d+ of 365 days counted", text)
        assert 'hx-get="/reports/outbound?' in text
        answer = await sue.get(
            "/reports/outbound?from=2026-01-01&to=2026-12-31", headers={"HX-Request": "true"}
        )
        text = unescape(await answer.text())
        assert text.lstrip().startswith('<div id="report"')
    assert "Nothing was dialled in these days" in text
    await console.app[REPORT_RUNS].close(console.app)


async def test_a_report_is_made_once_and_few_at_a_time() -> None:
    going, begun = asyncio.Event(), 0

    async def make(done: Callable[[int], None]) -> Rows:
        nonlocal begun
        begun += 1
        done(3)
        await going.wait()
        return ()

    runs = ReportRuns(kept_s=0, most=3)
    first = runs.run("a", make)
    assert runs.run("a", make) is first
    others = [runs.run(name, make) for name in ("b", "c")]
    assert await first.within(0.01) is None
    assert first.done == 3
    assert begun == 2, "the third waits for its turn"
    with pytest.raises(TooManyReports):
        runs.run("d", make)
    going.set()
    assert await first.within(None) == ()
    assert [await one.within(None) for one in others] == [(), ()]


async def test_a_report_that_fails_says_so_and_can_be_asked_for_again() -> None:
    def broken(_: Callable[[int], None]) -> Awaitable[Rows]:
        raise ConnectionError("the database is away")

    runs = ReportRuns()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await runs.run("a", broken).within(None)


async def test_the_days_of_a_page_are_the_centres(attempts: ReportedAttempts, visit: Visit) -> None:
    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)  # in Shanghai
    await attempts.add(NOBODY, at=midnight - timedelta(seconds=1))
    await attempts.add(NOBODY, 2, at=midnight)
    sue = await english(visit, "sue")
    text = await text_of(sue, f"/reports/outbound?{DAYS}")
    assert cell(text, "2026-03-01", "not_contacted") == "1"
    assert cell(text, "2026-03-02", "not_contacted") == "2"
    listed = await text_of(sue, "/attempts?from=2026-03-02&to=2026-03-02")
    assert len(re.findall(r'href="/calls/pbx1-', listed)) == 2
