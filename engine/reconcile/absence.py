"""After an absence: what Asterisk's own log knows, and nobody has written down, is written down.

``missing`` compares, and is pure; ``Absence`` reads the log after each snapshot and does it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from domain.centre import Hotline
from domain.facts import TALKS, CallFact, CallFactKind
from domain.identity import AgentCode, CallId, ChannelId, StationName
from engine.agents.talks import ASTERISK_ENDED
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.calls.live_calls import entered, fact_id
from engine.engine import Engine
from engine.reconcile.log_file import LogFile
from machine.one_line import in_one_line
from records.store import CallStore, StoredCall
from storage.errors import AWAY, DatabaseUnreachable
from storage.outbox import Outbox
from telephony.event_log import EventLog, LoggedCall, parse

log = structlog.get_logger()

KEEP_UP_EVERY_S = 30.0
KEPT_S = 300.0
"""Ended calls are kept so long: a link may be dead for a while before anybody sees it."""
LATE_S = 0.5
"""A row may be written a moment after its channel is gone."""
MARGIN_S = 2.0
"""What happened so shortly before a link was lost may not have been told."""

_CLOCKS_APART = timedelta(seconds=0.2)  # two machines', that are set by NTP

_A_BREATH = 500  # rows; then the calls on the event loop get their turn

AWAY_TEXT = "the controller was away"


# Comparing


def missing(
    logged: LoggedCall,
    known: Sequence[CallFact],
    agents: Mapping[StationName, AgentCode],
    hotline: Hotline | None = None,
) -> list[CallFact]:
    """What the log tells of a call beyond the ``known`` facts.

    A phone's first talk in the log is the first that is known, and so on: no clocks are
    compared. ``hotline`` is given for a call of which nothing is known.
    """
    have = [(fact.kind, fact.detail.get("station")) for fact in known]
    facts: list[CallFact] = []

    def add(kind: CallFactKind, at: float, number: int = 0, /, **detail: Any) -> None:
        what = f"{kind} {detail['station']} {number}" if "station" in detail else f"{kind}"
        moment = datetime.fromtimestamp(at, UTC)
        facts.append(CallFact(fact_id(logged.call, what), logged.call, moment, kind, detail))

    if hotline is not None and logged.entered_at is not None:
        add(
            CallFactKind.ENTERED,
            logged.entered_at,
            **entered(hotline, logged.line, logged.caller, logged.caller_name),
        )
        if logged.blocked:
            add(CallFactKind.BLOCKED, logged.entered_at, line=logged.line)
    if logged.fallback_at is not None and (CallFactKind.FALLBACK, None) not in have:
        add(CallFactKind.FALLBACK, logged.fallback_at, queue=logged.fallback_queue or None)
    counted: dict[StationName, int] = {}
    for talk in logged.talks:
        number = counted[talk.station] = counted.get(talk.station, 0) + 1
        who = {"agent": agents.get(talk.station), "station": talk.station}
        if have.count((CallFactKind.CONNECTED, talk.station)) < number:
            add(CallFactKind.CONNECTED, talk.connected_at, number, **who)
        if (
            talk.disconnected_at is not None
            and have.count((CallFactKind.DISCONNECTED, talk.station)) < number
        ):
            add(CallFactKind.DISCONNECTED, talk.disconnected_at, number, **who, by=talk.by)
    passed_on: dict[StationName, int] = {}
    for transfer in logged.transfers:
        number = passed_on[transfer.station] = passed_on.get(transfer.station, 0) + 1
        if have.count((CallFactKind.TRANSFERRED, transfer.station)) < number:
            add(
                CallFactKind.TRANSFERRED,
                transfer.at,
                number,
                from_agent=agents.get(transfer.station),
                station=transfer.station,
                to=transfer.to or None,
                kind=transfer.kind,
            )
    if logged.died and logged.ended_at is not None:
        at = datetime.fromtimestamp(logged.ended_at, UTC)
        return [*facts, *closed(logged.call, [*known, *facts], at, ASTERISK_ENDED)]
    if logged.ended_at is not None:
        add(CallFactKind.ENDED, logged.ended_at, by=logged.by, cause=logged.cause, why=None)
    return facts


def not_told(implied: Sequence[CallFact], facts: Sequence[CallFact]) -> list[CallFact]:
    """Of what a snapshot implies, that which neither the record nor the log has already."""
    left: list[CallFact] = []
    for number, fact in enumerate(implied):
        if fact.kind is CallFactKind.ENDED:
            told = any(other.kind is CallFactKind.ENDED for other in facts)
        else:
            # The last that was heard of this phone until then; later things are another story.
            # A talk of which only the end is known began at any time before that.
            ends = [other.at for other in implied[number + 1 :] if _follows(fact, other)]
            until = min(ends, default=fact.at)
            before = [
                other for other in [*facts, *left] if _same_phone(fact, other) and other.at <= until
            ]
            last = max(before, key=lambda other: other.at, default=None)
            told = last is not None and (
                last.kind is fact.kind
                or any(other.kind is fact.kind and other.at >= fact.at for other in before)
            )
        if not told:
            left.append(fact)
    return left


def _same_phone(fact: CallFact, other: CallFact) -> bool:
    return other.kind in TALKS and other.detail.get("station") == fact.detail.get("station")


def _follows(fact: CallFact, other: CallFact) -> bool:
    return fact.kind is CallFactKind.CONNECTED and _same_phone(fact, other)


def closed(call: CallId, known: Sequence[CallFact], at: datetime, why: str) -> list[CallFact]:
    """The end of a call of which nobody knows it, at the latest of what was heard of it or
    ``at``; and of the talks that went on until then."""
    at = max([at, *(fact.at for fact in known)])
    talks: dict[str, CallFact] = {}
    for fact in sorted(known, key=lambda fact: fact.at):
        if fact.kind is CallFactKind.CONNECTED:
            talks[fact.detail["station"]] = fact
        elif fact.kind is CallFactKind.DISCONNECTED:
            talks.pop(fact.detail["station"], None)
    by = "system" if why == ASTERISK_ENDED else "unknown"
    kind = CallFactKind.DISCONNECTED
    facts = [
        CallFact(fact_id(call, f"{kind} {name} last"), call, at, kind, {**talk.detail, "by": by})
        for name, talk in talks.items()
    ]
    kind = CallFactKind.ENDED
    detail = {"by": by, "cause": 0, "why": why}
    return [*facts, CallFact(fact_id(call, kind), call, at, kind, detail)]


# Reading


class Absence:
    """Takes each gap from the engine, and follows the log of one Asterisk meanwhile.

    ``path`` is the log as seen from here; ``memory`` a file that remembers how far it is read.
    ``is_behind`` says that the database lacks facts of an earlier controller still.
    """

    def __init__(
        self,
        engine: Engine,
        calls: CallStore,
        outbox: Outbox,
        path: Path,
        memory: Path,
        *,
        is_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_behind = is_behind
        self._engine = engine
        self._calls = calls
        self._outbox = outbox
        self._file = LogFile(path, memory)
        centre = engine.centre
        self._hotlines = {hotline.number: hotline for hotline in centre.hotlines}
        self._log = EventLog(
            (station.name for station in centre.stations), (line.name for line in centre.lines)
        )
        self._gaps: asyncio.Queue[Gap] = asyncio.Queue()
        self._put_off: list[tuple[Gap, dict[CallId, LoggedCall]]] = []
        """Calls that came and went in a gap, of which only the database knows whether they are
        written down; it was away."""
        self._trouble = ""

    def look(self, gap: Gap) -> None:
        """A gap is over; ``run`` will see to it."""
        self._gaps.put_nowait(gap)

    async def run(self) -> None:
        """Put gaps right as they come; between them read on, so that none takes long."""
        while True:
            try:
                async with asyncio.timeout(KEEP_UP_EVERY_S):
                    gap = await self._gaps.get()
            except TimeoutError:
                await self._keep_up()
                continue
            try:
                await self._put_right(gap)
            except Exception:
                log.exception("what happened in an absence is taken as the snapshot shows it")
                self._engine.switches.close_gap(gap)

    async def _keep_up(self) -> None:
        """What is wrong with it must not keep the next gap from being put right: calls that came to
        their end in it would have none."""
        try:
            await asyncio.to_thread(self._read)
            self._forget()
            await asyncio.to_thread(self._file.rotate)
            await self._make_up()
        except Exception as error:
            if repr(error) != self._trouble:
                log.exception("Asterisk's event log can't be followed; it is tried again")
            self._trouble = repr(error)
        else:
            self._trouble = ""

    def _read(self) -> None:
        for number, (place, line) in enumerate(self._file.lines(), start=1):
            if (row := parse(line)) is not None:
                self._log.feed(row, place)
            if number % _A_BREATH == 0:
                time.sleep(0.0005)

    def _forget(self) -> None:
        if self._gaps.empty():
            self._log.forget(time.time() - KEPT_S)
            if not self._put_off:  # else the next process must read those again
                self._file.remember(self._log.needed_from)

    async def _make_up(self) -> None:
        """Write down what was put off, if the database is back."""
        while self._put_off:
            gap, found = self._put_off[0]
            try:
                ended = await self._ended(found)
            except AWAY:
                return
            del self._put_off[0]
            left = [call for name, call in found.items() if name not in ended]
            for fact in (fact for logged in left for fact in self._of_unknown(logged, gap)):
                self._outbox.put(fact)
            log.info("calls that came and went in an absence are written down", calls=len(left))

    async def _put_right(self, gap: Gap) -> None:
        await asyncio.to_thread(self._read)
        gone = [call.id for call in gap.over] + [stored.record.call for stored in gap.lost]
        if not gap.restarted and any(self._goes_on(call) for call in gone):
            await asyncio.sleep(LATE_S)
            await asyncio.to_thread(self._read)
        unknown = await self._unknown(gap)  # first: what is noted below is put without a wait
        known = [*gap.over, *gap.going_on, *self._seen_since(gap)]
        facts = [
            *(fact for stored in gap.lost for fact in self._of_lost(stored, gap)),
            *(fact for call in known for fact in self._of_known(call, gap)),
            *(fact for logged in unknown for fact in self._of_unknown(logged, gap)),
        ]
        for fact in facts:
            self._outbox.put(fact)
        for call in gap.over:
            self._engine.talks.on_call_over(call)
        if facts:
            log.info(
                "put right from Asterisk's log what happened while nobody looked",
                facts=len(facts),
                calls=len({fact.call for fact in facts}),
                node=gap.node,
                since=gap.since.isoformat(timespec="seconds"),
            )
        self._forget()

    def _goes_on(self, call: CallId) -> bool:
        logged = self._log.calls.get(call)
        return logged is not None and logged.ended_at is None

    def _of_known(self, call: LiveCall, gap: Gap) -> list[CallFact]:
        implied = [fact for fact in gap.implied if fact.call == call.id]
        logged = self._log.calls.get(call.id)
        if logged is not None and logged.died:
            logged = replace(logged, died=False, ended_at=None)  # we saw when the link was lost
        told = [] if logged is None else missing(logged, call.noted, gap.agents)
        ends = [fact for fact in implied if fact.kind is CallFactKind.ENDED]
        if not ends:  # it goes on, and its end will be told live
            told = [fact for fact in told if fact.kind is not CallFactKind.ENDED]
        elif ends[0].detail["by"] == "flow":  # of which the log knows only when
            told = [
                replace(fact, detail={**ends[0].detail, "cause": fact.detail["cause"]})
                if fact.kind is CallFactKind.ENDED and fact.detail["by"] in ("system", "agent")
                else fact
                for fact in told
            ]
        offered_at = call.offered_at
        if offered_at is not None:  # perhaps in the very moment in which he hung up
            told = [
                replace(fact, at=max(fact.at, offered_at))
                if fact.kind is CallFactKind.ENDED
                else fact
                for fact in told
            ]
        facts = told + not_told(implied, [*call.noted, *told])
        call.noted += [fact for fact in facts if fact.kind is not CallFactKind.ENDED]
        # What is older was in the snapshot, or no event tells it.
        younger = gap.until - _CLOCKS_APART
        call.from_log += [
            fact for fact in told if fact.kind is not CallFactKind.ENDED and fact.at >= younger
        ]
        return facts

    def _seen_since(self, gap: Gap) -> list[LiveCall]:
        """Calls that began before the snapshot, and that a session or an event has told of after it
        only: something of them may be in the log alone."""
        live = [*self._engine.calls.by_id.values(), *self._engine.talks.just_over()]
        over = {call.id for call in gap.over}
        return [
            call
            for call in live
            if call.channel.node == gap.node
            and call.id not in gap.known
            and call.entered_at <= gap.until
            and call.id not in over
        ]

    def _of_lost(self, stored: StoredCall, gap: Gap) -> list[CallFact]:
        call, known = stored.record.call, stored.timeline
        logged = self._log.calls.get(call)
        if logged is None:
            return closed(call, known, known[-1].at, AWAY_TEXT)
        facts = missing(logged, known, gap.agents)
        if logged.ended_at is None:
            # Not on Asterisk, and no word of its end: Asterisk was killed, and nobody has
            # called since.
            at = datetime.fromtimestamp(self._log.last_at, UTC)
            facts += closed(call, [*known, *facts], at, ASTERISK_ENDED)
        return [*self._went_on_alone(facts), *facts]

    def _of_unknown(self, logged: LoggedCall, gap: Gap) -> list[CallFact]:
        hotline = self._hotlines.get(logged.number)
        if hotline is None:
            return []  # of another configuration
        facts = missing(logged, (), gap.agents, hotline)
        if logged.blocked:
            return facts  # the dialplan refuses it in any case
        return [*self._went_on_alone(facts), *facts]

    def _went_on_alone(self, facts: Sequence[CallFact]) -> list[CallFact]:
        call, at = facts[0].call, min(fact.at for fact in facts)
        kind = CallFactKind.CONTROLLER_LOST
        return [CallFact(fact_id(call, f"{kind} log"), call, at, kind)]

    async def _ended(self, calls: Iterable[CallId]) -> Collection[CallId]:
        """Those of them whose record has an end."""
        if self._is_behind():
            raise DatabaseUnreachable("it has not everything yet")
        return await self._calls.ended(calls)

    async def _unknown(self, gap: Gap) -> list[LoggedCall]:
        """Calls that came and went in the gap."""
        handled = {call.id for call in gap.over} | {stored.record.call for stored in gap.lost}
        handled.update(call.id for call in self._engine.talks.just_over())
        since = 0.0 if gap.first else gap.since.timestamp() - MARGIN_S
        found = {
            call.call: call
            for call in self._log.calls.values()
            if call.ended_at is not None
            and call.entered_at is not None
            and since <= call.entered_at <= gap.until.timestamp()
            and ChannelId.of(call.call).node == gap.node
            and call.call not in gap.known
            and call.call not in handled
            and call.call not in self._engine.calls.by_id
        }
        if not found or not gap.first:
            return list(found.values())
        try:
            ended = await self._ended(found)
        except AWAY as error:
            log.warning(
                "calls that came and went in an absence are written down when the database is back",
                why=in_one_line(error),
                calls=len(found),
            )
            self._put_off.append((gap, found))
            return []
        return [call for name, call in found.items() if name not in ended]
