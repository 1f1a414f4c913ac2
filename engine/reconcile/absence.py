"""After an absence: records what Asterisk's own log knows and nobody has recorded.

``Absence`` reads the log after each snapshot; each call's ledger says what is new in it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from domain.facts import CallFact
from domain.identity import CallId, ChannelId
from domain.outbound_facts import FateUnknown
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.calls.ledger import Ledger
from engine.calls.logged import fact_id
from engine.engine import Engine
from engine.reconcile.log_file import LogFile
from machine.one_line import in_one_line
from records.call_queries import CallStore, StoredCall
from storage.database_errors import AWAY, DatabaseUnreachable
from storage.outbox import Outbox
from telephony.event_log import EventLog
from telephony.log_rows import parse
from telephony.logged_call import LoggedCall

log = structlog.get_logger()

KEEP_UP_EVERY_S = 30.0
KEPT_S = 300.0
"""How long ended calls are kept: a link may have been dead for a while before anybody notices."""
LATE_S = 0.5
"""A row may be written a moment after its channel is gone. The log is read again this often, while
the end of a call is missing that is over."""
LATEST_S = 5.0
"""A busy Asterisk writes rows seconds late; after this time the end is taken for lost."""
MARGIN_S = 2.0
"""What happened this shortly before a link was lost may not have been reported."""

_A_BREATH = 500  # rows; then calls on the event loop get their turn


class Absence:
    """Settles each gap from ``gaps``, and follows the log of one Asterisk in between.

    ``path`` is the log as seen from here; ``memory`` is a file that remembers how far it has been
    read. ``is_behind`` says whether the database still lacks facts of an earlier controller.
    """

    def __init__(
        self,
        engine: Engine,
        gaps: asyncio.Queue[Gap],
        calls: CallStore,
        outbox: Outbox,
        path: Path,
        memory: Path,
        *,
        is_behind: Callable[[], bool] = lambda: False,
        keep_up_every_s: float = KEEP_UP_EVERY_S,
    ) -> None:
        self._keep_up_every_s = keep_up_every_s
        self._is_behind = is_behind
        self._engine = engine
        self._calls = calls
        self._outbox = outbox
        self._file = LogFile(path, memory)
        self._log = EventLog(engine.channels.stations, engine.channels.lines)
        self._gaps = gaps
        self._put_off: list[tuple[Gap, dict[CallId, LoggedCall]]] = []
        """Calls that came and went in a gap. Only the database, which was away, knows whether they
        are recorded already."""
        self._trouble = ""
        self.caught_up = asyncio.Event()
        """Set once it is recorded what happened before the first snapshot."""

    async def run(self) -> None:
        """Settle gaps as they come; read on between them, so that none takes long."""
        while True:
            try:
                async with asyncio.timeout(self._keep_up_every_s):
                    gap = await self._gaps.get()
            except TimeoutError:
                await self._keep_up()
                continue
            try:
                await self.put_right(gap)
            except Exception:
                log.exception(
                    "the log was no help: what happened in an absence is recorded as the snapshot"
                    " shows it"
                )
                self._engine.switches.close_gap(gap)
            self.caught_up.set()

    async def _keep_up(self) -> None:
        """Read on, and catch up. A fault here must not keep the next gap from being settled, or
        calls that ended in it would have no end."""
        try:
            await asyncio.to_thread(self._read)
            self._forget()
            await asyncio.to_thread(self._file.rotate)
            await self._make_up()
        except Exception as error:
            if repr(error) != self._trouble:
                log.exception("Asterisk's event log can't be followed; trying again")
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
            if not self._put_off:  # otherwise the next process must read those again
                self._file.remember(self._log.needed_from)

    async def _make_up(self) -> None:
        """Record what was put off, if the database is back."""
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
            log.info("calls that came and went in an absence have been recorded", calls=len(left))

    async def put_right(self, gap: Gap) -> None:
        """Record what the log knows about a gap. Raises whatever goes wrong, for ``run`` to log."""
        await asyncio.to_thread(self._read)
        gone = [call.id for call in gap.over] + [stored.record.call for stored in gap.lost]
        for _ in range(0 if gap.restarted else round(LATEST_S / LATE_S)):
            if all(self._has_ended(call) for call in gone):
                break
            await asyncio.sleep(LATE_S)
            await asyncio.to_thread(self._read)
        unknown = await self._unknown(gap)  # first, so that nothing below has to wait
        known = [*gap.over, *gap.going_on, *self._seen_since(gap)]
        facts = [
            *(fact for stored in gap.lost for fact in self._of_lost(stored, gap)),
            *(fact for logged in unknown for fact in self._of_unknown(logged, gap)),
        ]
        for fact in facts:
            self._outbox.put(fact)
        for call in known:
            # At once, because to the call's ledger they are now recorded.
            new = self._of_known(call, gap)
            self._engine.calls.write(call, new)
            facts += new
        for call in gap.over:
            self._engine.talks.on_call_over(call)
        self._engine.calls.settled(gap)
        if facts:
            log.info(
                "recorded from Asterisk's log what happened while nobody looked",
                facts=len(facts),
                calls=len({fact.call for fact in facts}),
                node=gap.node,
                since=gap.since.isoformat(timespec="seconds"),
            )
        self._forget()

    def _has_ended(self, call: CallId) -> bool:
        """Whether the log has its end. A call of ours that nobody has answered may not be in the
        log before that."""
        logged = self._log.calls.get(call)
        return logged is not None and logged.ended_at is not None

    def _of_known(self, call: LiveCall, gap: Gap) -> list[CallFact]:
        logged = self._log.calls.get(call.id)
        return call.ledger.settle(gap.until, gap.events_from, logged, gap.agents, call.offered_at)

    def _seen_since(self, gap: Gap) -> list[LiveCall]:
        """Calls that began before the snapshot but were reported by a session or an event only
        after it: some of what happened in them may be only in the log."""
        live = [*self._engine.calls.by_id.values(), *self._engine.calls.just_over()]
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
        call = stored.record.call
        ledger = Ledger(facts=list(stored.timeline))
        logged = self._log.calls.get(call)
        facts = ledger.settle_unseen(call, logged, gap.agents, self._log_until())
        if logged is None and stored.record.placed:
            unknown = FateUnknown()
            at = facts[0].at if facts else stored.record.entered_at
            facts.append(CallFact(fact_id(call, unknown.kind), call, at, unknown))
        return facts

    def _of_unknown(self, logged: LoggedCall, gap: Gap) -> list[CallFact]:
        hotline = self._engine.in_force.hotlines.get(logged.number)
        if hotline is None:
            return []  # from another configuration
        until = self._log_until()
        caller = self._engine.in_force.caller(logged.line, logged.caller)
        logged = replace(logged, caller=caller)
        return Ledger().settle_unseen(logged.call, logged, gap.agents, until, hotline)

    def _log_until(self) -> datetime:
        return datetime.fromtimestamp(self._log.last_at, UTC)

    async def _ended(self, calls: Iterable[CallId]) -> Collection[CallId]:
        """The calls among these whose record has an end."""
        if self._is_behind():
            raise DatabaseUnreachable("it does not have everything yet")
        return await self._calls.ended(calls)

    async def _unknown(self, gap: Gap) -> list[LoggedCall]:
        """The calls that came and went in the gap and that nobody has recorded."""
        handled = {call.id for call in gap.over} | {stored.record.call for stored in gap.lost}
        handled.update(call.id for call in self._engine.calls.just_over())
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
                "calls that came and went in an absence will be recorded when the database is back",
                why=in_one_line(error),
                calls=len(found),
            )
            self._put_off.append((gap, found))
            return []
        return [call for name, call in found.items() if name not in ended]
