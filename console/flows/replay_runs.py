"""Lets last week's calls come again through a draft, a little at a time beside the calls of now."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from aiohttp import web

from domain.errors import OffhookError
from ivr_flows.trying.replay import CantReplay, Destinations, Replayed

MOST_CALLS = 10_000
"""The newest ones."""
SLICE_S = 0.004
"""How long calls are led on before everything else has its turn: AMI's events, say."""
REST = 3
"""How much longer that turn is at least: a replay takes a fourth of a processor."""
MOST_WAITING = 5
"""Replays that may be asked for at once; one at a time is under way."""
KEPT_S = 900.0
"""How long what came of it can be looked at."""
MOST_SHOWN = 200

LeadsOne = Callable[[], Replayed]
"""Leads one call through the draft."""


@dataclass(frozen=True, slots=True)
class CallsToReplay:
    """Calls to be led through the draft: how many, and a few of them at a time."""

    all: int
    some: AsyncIterator[Sequence[LeadsOne]]


Prepare = Callable[[], Awaitable[CallsToReplay]]
"""Finds the calls."""


class TooManyReplays(OffhookError):  # noqa: N818
    """MOST_WAITING are under way or wait."""


@dataclass(slots=True)
class ReplayFound:
    """What a draft would do with the calls."""

    calls: int = 0
    same: int = 0
    elsewhere: list[Replayed] = field(default_factory=list)
    """The newest of them."""
    pairs: Counter[tuple[Destinations, Destinations]] = field(default_factory=Counter)
    """How many went to the one and would go to the other."""
    unknown: Counter[CantReplay] = field(default_factory=Counter)
    nodes: dict[CantReplay, Counter[str]] = field(default_factory=dict)
    """Where that was."""

    def add(self, one: Replayed) -> None:
        """Count one more."""
        self.calls += 1
        if one.why_not is not None:
            self.unknown[one.why_not] += 1
            self.nodes.setdefault(one.why_not, Counter())[one.node] += 1
        elif one.elsewhere:
            self.pairs[one.went, one.would_go] += 1
            if len(self.elsewhere) < MOST_SHOWN:
                self.elsewhere.append(one)
        else:
            self.same += 1

    @property
    def gone_elsewhere(self) -> int:
        """How many would go elsewhere."""
        return self.pairs.total()


class ReplayRun:
    """One replay that is under way, waits for its turn, or is done."""

    def __init__(self, prepare: Prepare, turns: asyncio.Semaphore) -> None:
        self.found = ReplayFound()
        self.all: int | None = None
        """How many calls there are; None while that is not known."""
        self.task = asyncio.create_task(self._run(prepare, turns))

    @property
    def done(self) -> bool:
        """Whether all of it is done, or it has failed."""
        return self.task.done()

    def result(self) -> ReplayFound:
        """What came of it. Raises what went wrong: one of ``storage.database_errors.AWAY``."""
        self.task.result()
        return self.found

    async def _run(self, prepare: Prepare, turns: asyncio.Semaphore) -> None:
        async with turns:
            calls = await prepare()
            self.all = calls.all
            async for leads in calls.some:
                await self._lead(leads)

    async def _lead(self, leads: Sequence[LeadsOne]) -> None:
        began = monotonic()
        for lead in leads:
            self.found.add(lead())
            if (spent := monotonic() - began) >= SLICE_S:
                await asyncio.sleep(REST * spent)
                began = monotonic()


class ReplayRuns:
    """All replays of this console, by the draft that they are of and by who may see what."""

    def __init__(self, *, kept_s: float = KEPT_S) -> None:
        self._runs: dict[Hashable, ReplayRun] = {}
        self._turns = asyncio.Semaphore(1)
        self._kept_s = kept_s

    def of(self, key: Hashable) -> ReplayRun | None:
        """The one that is under way or was done a while ago."""
        return self._runs.get(key)

    def begin(self, key: Hashable, prepare: Prepare) -> ReplayRun:
        """Begin one, unless it is under way. Raises TooManyReplays."""
        run = self._runs.get(key)
        if run is not None and not run.done:
            return run
        if sum(not one.done for one in self._runs.values()) >= MOST_WAITING:
            raise TooManyReplays
        run = self._runs[key] = ReplayRun(prepare, self._turns)
        run.task.add_done_callback(lambda _: self._forget_later(key, run))
        return run

    def cancel(self, key: Hashable) -> None:
        """End one, if it is under way; what it has found is forgotten."""
        if (run := self._runs.pop(key, None)) is not None:
            run.task.cancel()

    def _forget_later(self, key: Hashable, run: ReplayRun) -> None:
        def forget() -> None:
            if self._runs.get(key) is run:
                del self._runs[key]

        if run.task.cancelled():
            forget()
        else:
            run.task.exception()  # the page says it
            run.task.get_loop().call_later(self._kept_s, forget)

    async def close(self, _: web.Application) -> None:
        """Stop all of it."""
        tasks = [run.task for run in self._runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


REPLAY_RUNS: web.AppKey[ReplayRuns] = web.AppKey("replay_runs")


def prepare_replays(app: web.Application) -> None:
    """Keep them with the application, until it ends."""
    app[REPLAY_RUNS] = ReplayRuns()
    app.on_shutdown.append(app[REPLAY_RUNS].close)


def reasons(found: ReplayFound) -> Sequence[tuple[CantReplay, int, Mapping[str, int]]]:
    """Why nothing can be said of some calls: how many, and at which nodes, the most first."""
    return [
        (why, count, dict(found.nodes.get(why, Counter()).most_common(5)))
        for why, count in found.unknown.most_common()
    ]
