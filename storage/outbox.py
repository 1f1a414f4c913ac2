"""Carries facts from the engine to the database without loss: a local file first, then PostgreSQL.

``put`` is synchronous: when it returns, the fact survives a kill -9. ``pump`` carries facts to
the database in batches and may send some again after a crash, which the facts' ids make
harmless. While the database is away the file grows; while the disk is full, memory does.
"""

import asyncio
import contextlib
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from domain.agent_facts import AgentFact
from domain.facts import Fact
from machine.one_line import in_one_line
from storage.database import connection
from storage.fact_codec import StoredFact
from storage.fact_file import FactFile
from storage.fact_lines import decode, decode_stored, encode
from storage.last_known import LastKnown

log = structlog.get_logger()

WriteFacts = Callable[[asyncpg.Connection, Sequence[StoredFact | AgentFact]], Awaitable[None]]
"""Stores facts over a connection to the database (``records.writing.write``)."""

BATCH = 100  # a larger one holds up the loop, and calls' next steps, for more than ten milliseconds
KEPT_BYTES = 64 * 1024 * 1024
"""Beyond this size, delivered facts are dropped even if the last known ones can't be written."""

# SQLSTATE classes for which the fact itself is to blame: bad data, a broken constraint, too big.
_FACTS_OWN_FAULT = ("22", "23", "54")


def _tell(say: Callable[..., object], event: str, **details: object) -> None:
    """Logs. If a full disk takes neither facts nor the log, nothing may end because of it."""
    with contextlib.suppress(OSError, ValueError):
        say(event, **details)


@dataclass(frozen=True, slots=True)
class OutboxTiming:
    """How long the outbox waits, in seconds."""

    linger_s: float = 0.5
    """For more facts: a batch costs both sides as much as ten of them."""
    write_s: float = 20.0
    """For the database to take a batch."""
    retry_first_s: float = 0.25
    retry_last_s: float = 5.0
    """Before a retry; the wait doubles each time, up to the last."""
    disk_retry_s: float = 1.0
    rescue_s: float = 2.0
    remember_every_s: float = 5.0
    """Between two writes of what was last known; delivered facts stay in the file meanwhile."""


class Outbox:
    """Facts on their way to the database. Call all methods from the event loop's thread.

    Raises OutboxTaken if another process has the file, OSError if it can't be opened.
    Facts that an earlier process left are pumped first. ``last_known`` learns every fact,
    including those of an earlier process, before the file forgets it.
    """

    def __init__(
        self,
        path: Path,
        last_known: LastKnown | None = None,
        *,
        timing: OutboxTiming = OutboxTiming(),
    ) -> None:
        self._timing = timing
        self.path = path
        self.deliveries = 0
        """Grows each time the database has taken facts, so that readers know to read again."""
        self._last_known = last_known
        self._remember_at = 0.0
        self.rejected = path.with_name(path.name + ".rejected")
        """The file for facts that the database will never take, one JSON object per line."""
        self._file = FactFile(path)
        self._offset = 0
        self._undelivered = self._file.lines
        self._held: dict[int, bytes] = {}  # what a full disk didn't take, by number
        self._number = 0
        self._set_aside: set[bytes] = set()  # of the present batch, not to be repeated by a retry
        self._disk_retry_at = 0.0
        self._work = asyncio.Event()
        self._empty = asyncio.Event()
        self._awaited = asyncio.Event()
        self._pumping = False
        self._tell_last_known()
        if self.pending:
            _tell(
                log.info,
                "the outbox has facts from an earlier run",
                facts=self.pending,
                file=str(path),
            )
        self._settle()

    @property
    def pending(self) -> int:
        """How many facts the database does not have yet."""
        return self._undelivered + len(self._held)

    @property
    def held(self) -> int:
        """How many facts are only in memory because the disk takes none; should be 0."""
        return len(self._held)

    def put(self, fact: Fact) -> None:
        """Writes a fact down. Never raises for a full disk: then the fact waits in memory."""
        try:
            line = encode(fact)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            # It can't be retried, and must not break the call that it is about.
            _tell(
                log.error,
                "a fact can't be written as JSON and is dropped",
                fact=repr(fact),
                why=str(error),
            )
            return
        if self._last_known is not None:
            self._last_known.learn(fact, line)
        self._number += 1
        self._held[self._number] = line
        self._write_held()
        self._settle()

    async def flushed(self) -> None:
        """Returns when the database has everything that was put. Needs a running pump."""
        if self.pending:
            self._awaited.set()
        await self._empty.wait()

    async def rescue(self) -> None:
        """Sends what the disk doesn't take to the database, if it is there. Call before ``close``.

        Needs a running pump; returns within ``timing.rescue_s``.
        """
        self._disk_retry_at = 0.0
        self._write_held()
        if self._held:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.rescue_s):
                    await self.flushed()

    def close(self) -> None:
        """Closes the file; what is pending stays in it for the next start."""
        self._disk_retry_at = 0.0
        self._write_held()
        self._remember_at = 0.0
        if not self.pending:
            self._forget_delivered()
        elif self._last_known is not None:
            self._last_known.write()
        if self._held:
            _tell(
                log.error, "facts are lost: the disk is full", file=str(self.path), facts=self.held
            )
        self._file.close()

    async def pump(self, pool: asyncpg.Pool, write: WriteFacts) -> None:
        """Carries facts to the database until cancelled; no failure ends it.

        ``write`` stores all the facts it is given or, if it raises, none.
        """
        if self._pumping:
            raise RuntimeError("this outbox is already being pumped")
        self._pumping = True
        try:
            await self._pump(pool, write)
        finally:
            self._pumping = False

    async def _pump(self, pool: asyncpg.Pool, write: WriteFacts) -> None:
        away_since: float | None = None
        retry_s = self._timing.retry_first_s
        while True:
            await self._work.wait()
            if self.pending < BATCH and away_since is None:
                await self._linger()
            self._write_held()
            try:
                await self._step(pool, write)
            except Exception as error:
                if away_since is None:
                    away_since = time.monotonic()
                    self._log_away(error)
                await asyncio.sleep(retry_s * random.uniform(0.5, 1.0))  # noqa: S311
                retry_s = min(retry_s * 2, self._timing.retry_last_s)
            else:
                if away_since is not None:
                    _tell(
                        log.info,
                        "the database takes facts again",
                        away_s=round(time.monotonic() - away_since, 1),
                        pending=self.pending,
                    )
                away_since, retry_s = None, self._timing.retry_first_s

    async def _linger(self) -> None:
        """Waits for more facts, unless somebody waits for those that are there."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.linger_s):
                await self._awaited.wait()

    def _log_away(self, error: Exception) -> None:
        _tell(
            log.error,
            "the database takes no facts; calls go on, and the outbox keeps the facts until it "
            "does. Check that PostgreSQL is running and can be written to",
            why=in_one_line(error),
            error=type(error).__name__,
            outbox=str(self.path),
            pending=self.pending,
        )

    async def _step(self, pool: asyncpg.Pool, write: WriteFacts) -> None:
        """Carries one batch from the file, or from memory once the file is empty."""
        lines, end = self._file.read(self._offset, BATCH)
        if lines:
            await self._deliver(pool, write, lines)
            self._offset = end
            self._undelivered -= len(lines)
        elif self._held:
            held = dict(list(self._held.items())[:BATCH])
            await self._deliver(pool, write, list(held.values()))
            for number in held:
                self._held.pop(number, None)
        self._forget_delivered()
        self._settle()

    def _forget_delivered(self) -> None:
        """Empties the file if all of it is delivered and what was last known is written."""
        # Nothing can be put between this check and the clearing: puts are on this thread.
        if not self._offset or self._offset != self._file.size:
            return
        if self._last_known is not None:
            if time.monotonic() < self._remember_at:
                return
            self._remember_at = time.monotonic() + self._timing.remember_every_s
            if not self._last_known.write() and self._file.size < KEPT_BYTES:
                return
        with contextlib.suppress(OSError):  # delivered again after a restart, harmlessly
            self._file.clear()
            self._offset = 0

    def _tell_last_known(self) -> None:
        """Passes on the facts that an earlier process left; broken lines are left to the pump."""
        offset = 0
        while self._last_known is not None:
            lines, offset = self._file.read(offset, BATCH)
            if not lines:
                break
            for line in lines:
                with contextlib.suppress(ValueError, RecursionError):
                    self._last_known.learn(decode(line), line + b"\n")

    async def _deliver(self, pool: asyncpg.Pool, write: WriteFacts, lines: list[bytes]) -> None:
        readable: list[tuple[bytes, StoredFact | AgentFact]] = []
        for line in lines:
            if line in self._set_aside:
                continue
            try:
                readable.append((line, decode_stored(line)))
            except (ValueError, RecursionError) as error:
                self._reject(line, error)
        if readable:
            await self._store(pool, write, readable)
            self.deliveries += 1
        self._set_aside.clear()

    async def _store(
        self,
        pool: asyncpg.Pool,
        write: WriteFacts,
        facts: list[tuple[bytes, StoredFact | AgentFact]],
    ) -> None:
        try:
            async with connection(pool, deadline_s=self._timing.write_s) as db:
                await write(db, [fact for _, fact in facts])
        except asyncpg.PostgresError as error:
            if (error.sqlstate or "")[:2] not in _FACTS_OWN_FAULT:
                raise
            if len(facts) == 1:
                self._reject(facts[0][0], error)
                return
            middle = len(facts) // 2
            await self._store(pool, write, facts[:middle])
            await self._store(pool, write, facts[middle:])

    def _reject(self, line: bytes, error: Exception) -> None:
        """Sets a fact aside. Raises OSError if even that fails."""
        why = in_one_line(error)
        text = line.decode("utf-8", "replace").rstrip("\n")
        entry = json.dumps({"why": why, "fact": text}) + "\n"
        fd = os.open(self.rejected, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, entry.encode())
        finally:
            os.close(fd)
        self._set_aside.add(line)
        _tell(
            log.error,
            "a fact can't be stored and was set aside; the others go on",
            why=why,
            file=str(self.rejected),
            fact=text[:300],
        )

    def _write_held(self) -> None:
        """Appends the facts that are only in memory, in order, as far as the disk takes them."""
        if not self._held or time.monotonic() < self._disk_retry_at:
            return
        was_full = self._disk_retry_at > 0
        for number in list(self._held):
            try:
                self._file.append(self._held[number])
            except OSError as error:
                if not was_full:
                    _tell(
                        log.error,
                        "the outbox can't be written; facts are kept in memory and would be "
                        "lost if Offhook stopped. Free disk space",
                        file=str(self.path),
                        why=in_one_line(error),
                    )
                self._disk_retry_at = time.monotonic() + self._timing.disk_retry_s
                return
            del self._held[number]
            self._undelivered += 1
        self._disk_retry_at = 0.0
        if was_full:
            _tell(log.info, "the outbox can be written again", file=str(self.path))

    def _settle(self) -> None:
        """Wakes those who wait for the outbox to be empty, or the pump if it isn't."""
        busy, idle = (self._work, self._empty) if self.pending else (self._empty, self._work)
        busy.set()
        idle.clear()
        if not self.pending:
            self._awaited.clear()
