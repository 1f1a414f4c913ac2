"""Makes reports for pages that can't wait so long, and says how far they are."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from aiohttp import web

from campaigns.daily_report import DailyRow
from domain.errors import OffhookError

AT_ONCE = 2
"""So many are counted at a time, so that the database has connections left for calls."""
MOST_RUNS = 20
"""So many may be under way or wait for their turn."""
KEPT_S = 15.0
"""So long a report is handed out again: to the page that watched it, and as a file."""

Rows = tuple[DailyRow, ...]
MakeReport = Callable[[Callable[[int], None]], Awaitable[Rows]]
"""Makes a report, and says meanwhile how many days are done."""


class TooManyReports(OffhookError):  # noqa: N818
    """MOST_RUNS reports are being made."""


class ReportRun:
    """One report that is being made, or was just now."""

    def __init__(self, make: MakeReport, turns: asyncio.Semaphore) -> None:
        self.done = 0
        """Days that have been counted."""
        self.task = asyncio.create_task(self._run(make, turns))

    async def within(self, wait_s: float | None) -> Rows | None:
        """The report, if it is ready within so many seconds (None: however long it takes).

        Raises what went wrong: one of ``storage.database_errors.AWAY``.
        """
        await asyncio.wait([self.task], timeout=wait_s)
        return self.task.result() if self.task.done() else None

    async def _run(self, make: MakeReport, turns: asyncio.Semaphore) -> Rows:
        async with turns:
            return await make(self._note)

    def _note(self, done: int) -> None:
        self.done = done


class ReportRuns:
    """The reports that are being made: the same one once, whoever asks for it how often."""

    def __init__(self, *, kept_s: float = KEPT_S, most: int = MOST_RUNS) -> None:
        self._runs: dict[Hashable, ReportRun] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._kept_s = kept_s
        self._most = most

    def run(self, key: Hashable, make: MakeReport) -> ReportRun:
        """The one that is under way or was just made, or a new one. Raises TooManyReports."""
        run = self._runs.get(key)
        if run is None:
            if sum(not one.task.done() for one in self._runs.values()) >= self._most:
                raise TooManyReports
            run = self._runs[key] = ReportRun(make, self._turns)
            run.task.add_done_callback(lambda task: self._ended(key, task))
        return run

    def _ended(self, key: Hashable, task: asyncio.Task[Rows]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed:
            self._runs.pop(key, None)
        else:
            task.get_loop().call_later(self._kept_s, self._runs.pop, key, None)

    async def close(self, _: web.Application) -> None:
        """Stop all of it."""
        tasks = [run.task for run in self._runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


REPORT_RUNS: web.AppKey[ReportRuns] = web.AppKey("report_runs")


def prepare(app: web.Application) -> None:
    """Keep them with the application, until it ends."""
    app[REPORT_RUNS] = ReportRuns()
    app.on_shutdown.append(app[REPORT_RUNS].close)
