"""The worklist: its entries by kind, project and queue, kept up to date."""

import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from markupsafe import Markup

from console.floor.outbound_words import OUTCOMES
from console.floor.working import WORKING, agent_of, country_of, e164_of, work_scope
from console.kit.access import can
from console.kit.context import AGENTS, LANGUAGE, LIVE, project_titles
from console.kit.live import stream
from console.kit.rendering import clock_of, render, rendered, says
from console.kit.words import PLAYER_TEXTS
from console.worklist import words
from storage.database_errors import AWAY
from telephony.numbers import spaced
from worklist.entries import WorkEntry, WorkKind, WorkScope
from worklist.worklist import MOST_OF_A_KIND, NumberCalled

LOOK_EVERY_S = 1.5
"""How often it is looked whether anything has changed, while somebody watches."""
_TIMES_AS_LONG = 10
"""A database that is slow is asked less often: after so many times as long as it took."""
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """What of the worklist is asked for."""

    state: str = "open"
    kind: WorkKind | None = None
    project: str = ""
    queue: str = ""
    days: str = "7"

    @staticmethod
    def of(query: Mapping[str, str]) -> "WorkFilter":
        """What the address says; what makes no sense is as if it weren't there."""
        state, days, kind = query.get("state", ""), query.get("days", ""), query.get("kind", "")
        return WorkFilter(
            state if state in words.STATES else "open",
            WorkKind(kind) if kind in set(WorkKind) else None,
            query.get("project", ""),
            query.get("queue", ""),
            days if days in words.DAYS else "7",
        )

    def takes(self, entry: WorkEntry, user: str, now: datetime) -> bool:
        """Whether it asks for this entry, of whatever kind."""
        return (
            self.project in ("", entry.project)
            and self.queue in ("", entry.queue)
            and (self.state != "mine" or entry.in_hand_of(now) == user)
        )


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as the page shows it."""

    entry: WorkEntry
    number: str
    """As it is read; "" if it is withheld."""
    can_be_called: bool
    holder: str | None
    called: str
    """What came of the last call to this number since; "" if there was none."""


async def page(request: web.Request) -> web.Response:
    """GET /worklist?state=&kind=&project=&queue=&days="""
    asked, scope = WorkFilter.of(request.query), work_scope(request)
    centre, titles = request.app[LIVE].centre(), project_titles(request, scope.projects)
    language = request[LANGUAGE]
    queues = {
        queue.name: queue.title.get(language) or queue.name
        for queue in centre.queues
        if queue.project in titles and (scope.queues is None or queue.name in scope.queues)
    }
    values = {
        "asked": asked,
        "titles": titles,
        "queues": queues,
        "words": words,
        "part": Markup(await _part(request, scope, asked)),  # noqa: S704 - of our own template
        "texts": {**PLAYER_TEXTS, **words.TEXTS},
    }
    return render(request, "worklist/worklist.html", values)


async def live(request: web.Request) -> web.StreamResponse:
    """GET /worklist/live: the part of the page with the entries, at each change."""
    return await stream(request, nullcontext(_WorkFrames(request, work_scope(request))))


class _WorkFrames:
    """What one page shows, as HTML."""

    def __init__(self, request: web.Request, scope: WorkScope) -> None:
        self._request = request
        self._scope = scope
        self._asked = WorkFilter.of(request.query)
        self._shown: str | None = None

    async def next(self) -> str:
        """The part as it is next."""
        while True:
            begun, worklist = time.monotonic(), self._request.app[WORKING].worklist
            part, seen = self._shown, worklist.version
            with suppress(*AWAY):  # the page stays as it is until the database is back
                part = await _part(self._request, self._scope, self._asked)
            took_s = time.monotonic() - begun
            if part is not None and part != self._shown:
                self._shown = part
                return part
            pause_s = max(LOOK_EVERY_S, took_s * _TIMES_AS_LONG)
            await worklist.moved(seen, pause_s)


async def _part(request: web.Request, scope: WorkScope, asked: WorkFilter) -> str:
    now = datetime.now(UTC)
    since = now - timedelta(days=int(asked.days))
    found = await request.app[WORKING].worklist.entries(scope, since, done=asked.state == "done")
    taken = {
        kind: [one for one in entries if asked.takes(one, scope.user, now)]
        for kind, entries in found.items()
    }
    wanted = [e for kind, some in taken.items() if asked.kind in (None, kind) for e in some]
    wanted.sort(key=_done_at if asked.state == "done" else _since, reverse=asked.state == "done")
    titles = {
        queue.name: queue.title.get(request[LANGUAGE]) or queue.name
        for queue in request.app[LIVE].centre().queues
    }
    values: dict[str, Any] = {
        "asked": asked,
        "counts": {kind: _count(some) for kind, some in taken.items()},
        "all": _count([one for some in taken.values() for one in some]),
        "more": max(0, len(wanted) - MOST_SHOWN),
        "shown": await _shown(request, wanted[:MOST_SHOWN], since, now),
        "me": scope.user,
        "overrides": scope.overrides,
        "titles": project_titles(request, scope.projects),
        "queue_titles": titles,
        "agents": await request.app[AGENTS].names(),
        "agent": agent_of(request),
        "may_open_calls": can(request, "GET", "/calls/{call}"),
        "now": now,
        "words": words,
    }
    return rendered(request, "worklist/_entries.html", values)


def _since(entry: WorkEntry) -> datetime:
    return entry.due_at or entry.at


def _done_at(entry: WorkEntry) -> datetime:
    return entry.done_at or entry.answered_at or entry.at


def _count(entries: list[WorkEntry]) -> str:
    full = len(entries) >= MOST_OF_A_KIND
    return f"{len(entries)}+" if full else str(len(entries))


async def _shown(
    request: web.Request, entries: list[WorkEntry], since: datetime, now: datetime
) -> list[ShownEntry]:
    numbers = [e164_of(one.caller, country_of(request, one.line)) for one in entries]
    service = request.app[WORKING].worklist
    called = await service.calls_to([one for one in numbers if one], since) if any(numbers) else {}
    return [
        ShownEntry(
            entry,
            spaced(entry.caller) if entry.caller else "",
            number is not None,
            entry.in_hand_of(now),
            _called(request, entry, called.get(number or "")),
        )
        for entry, number in zip(entries, numbers, strict=True)
    ]


def _called(request: web.Request, entry: WorkEntry, last: NumberCalled | None) -> str:
    if last is None or last.at < entry.at:
        return ""
    at = clock_of(request, last.at, "MM-dd HH:mm")
    outcome = words.CALLED_NOW if last.outcome is None else OUTCOMES.get(last.outcome, "")
    values = {"at": at, "outcome": says(request, outcome)}
    return says(request, words.CALLED, values)
