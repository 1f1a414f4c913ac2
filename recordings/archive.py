"""Stores the recordings of ended calls one by one, and retries those that can't be stored yet.

The queue is in memory only: after a crash its raw files are still in the spool, where ``orphans``
finds them at the next start. No call waits for a recording.
"""

import asyncio
import heapq
import itertools
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from domain.identity import CallId
from domain.reasons import LossReason
from recordings.capture import call_of, capture
from recordings.faults import RecordingForeign, RecordingKept, RecordingLost
from recordings.ingest import ingest
from recordings.raw_to_wav import TOLERANCE_S, Recording

SETTLE_S = 1.0
"""MixMonitor closes its file when the caller's channel ends, and may then still write up to a
second of sound; a file that hasn't grown for this long after the call's end is closed."""
FIRST_RETRY_S = 5.0
LAST_RETRY_S = 300.0

_RAW = ".raw"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OverCall:
    """A call that has ended; ``bridged_s`` is how long the caller was bridged, None if unknown."""

    call: CallId
    bridged_s: float | None
    from_answer: bool = False
    """We called the customer: the recording began when they answered, before there was an agent."""
    recorded: bool = False
    """It already has a recording: a file found now is an additional one."""

    @property
    def lacks_sound(self) -> bool:
        """Whether a missing recording is a loss; a very short talk may leave none."""
        return not self.recorded and (self.bridged_s is None or self.bridged_s >= TOLERANCE_S)


@dataclass(frozen=True, slots=True)
class Lost:
    """A call in which somebody talked, but which has no sound."""

    call: CallId
    why: LossReason


Told = Callable[[Recording | Lost], None]


class Archive:
    """The centre's archive. It passes each outcome to ``told`` before it removes the raw file."""

    def __init__(
        self,
        spool: Path,
        root: Path,
        told: Told,
        *,
        settle_s: float = SETTLE_S,
        first_retry_s: float = FIRST_RETRY_S,
        last_retry_s: float = LAST_RETRY_S,
    ) -> None:
        self._spool, self._root, self._told = spool, root, told
        self._settle_s = settle_s
        self._first_retry_s, self._last_retry_s = first_retry_s, last_retry_s
        self._due: list[tuple[float, int, OverCall, int]] = []  # when, order, call, tries
        self._order = itertools.count()
        self._taken: set[CallId] = set()
        self._sizes: dict[CallId, int] = {}
        self._left_alone: dict[str, tuple[int, ...] | None] = {}  # logged once per state
        self._no_spool: str | None = None
        self._woken = asyncio.Event()
        self._not_before = 0.0
        self._delay_s = first_retry_s
        self.trouble: str | None = None
        """Why recordings can't be stored at present, in one line; None if they can."""

    @property
    def waiting(self) -> int:
        """How many recordings are still to be stored."""
        return len(self._taken)

    def raw(self, call: CallId) -> Path:
        """Where Asterisk writes the sound of ``call``."""
        return self._spool / capture(call).file

    def take(self, over: OverCall) -> None:
        """Store the recording of a call that is over; taking it twice does no harm."""
        if over.call in self._taken:
            return
        self._taken.add(over.call)
        self._push(over, self._settle_s, 0)

    async def orphans(self, over: Callable[[CallId], Awaitable[OverCall | None]]) -> int:
        """Take the files of calls that ended while the controller was away. Returns how many.

        ``over`` says whether a call has ended. It returns None for a call that goes on or may go
        on, whose file is still being written and is left alone. For a call that has neither a
        record nor a channel, it returns an OverCall with ``bridged_s`` None.
        """
        names = await asyncio.to_thread(self._names)
        self._left_alone = {n: how for n, how in self._left_alone.items() if n in names}
        found = 0
        for name, how in names.items():
            if name in self._left_alone and self._left_alone[name] == how:
                continue
            call = call_of(name)
            if call is None:
                self._left_alone[name] = how
                log.warning(
                    "a file in Asterisk's spool has no call; it is left alone, remove it by hand",
                    file=str(self._spool / name),
                )
            elif call not in self._taken and (ended := await over(call)) is not None:
                self.take(ended)
                found += 1
        return found

    def _names(self) -> dict[str, tuple[int, ...] | None]:
        """The raw files by name, each with a stamp that changes when the file does."""
        try:
            names = sorted(f.name for f in self._spool.iterdir() if f.suffix == _RAW)
        except FileNotFoundError:  # nothing has ever been recorded
            return {}
        except OSError as error:
            if self._no_spool != str(error):
                self._no_spool = str(error)
                log.error(
                    "Asterisk's spool can't be read; let Offhook's user read it",
                    folder=str(self._spool),
                    why=error.strerror,
                )
            return {}
        self._no_spool = None
        return {name: _how(self._spool / name) for name in names}

    async def run(self) -> None:
        """Store recordings as they fall due, until cancelled; the rest then stays in the spool."""
        clock = asyncio.get_running_loop().time
        while True:
            self._woken.clear()
            due = max(self._due[0][0], self._not_before) if self._due else None
            if due is None or due > clock():
                try:
                    async with asyncio.timeout_at(due):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                continue
            _, _, over, tries = heapq.heappop(self._due)
            if await self._still_written(over.call):
                self._push(over, self._settle_s, tries)
                continue
            await self._store(over, tries)

    async def _still_written(self, call: CallId) -> bool:
        try:
            size = (await asyncio.to_thread(self.raw(call).lstat)).st_size
        except OSError:
            return False  # storing it will report what is wrong
        before = self._sizes.get(call)
        self._sizes[call] = size
        return size != before

    async def _store(self, over: OverCall, tries: int) -> None:
        try:
            await ingest(
                self.raw(over.call),
                over.call,
                over.bridged_s,
                root=self._root,
                from_answer=over.from_answer,
                told=self._told,
            )
        except RecordingForeign as error:
            self._left_alone[capture(over.call).file] = await asyncio.to_thread(
                _how, self.raw(over.call)
            )
            log.error(
                "a file in Asterisk's spool is not one of Asterisk's recordings; it is left alone,"
                " remove it by hand",
                call=over.call,
                why=str(error),
            )
            if over.lacks_sound:
                self._told(Lost(over.call, error.why))
        except RecordingLost as error:
            if over.lacks_sound:
                log.error("a call has no recording", call=over.call, why=str(error))
                self._told(Lost(over.call, error.why))
            await asyncio.to_thread(self._forget_empty, over.call)
        except RecordingKept as error:
            self._kept(over, tries, error)
            return
        except Exception:
            # A bug that one recording hits must not keep the others from being stored.
            log.exception("a recording can't be stored; its raw file stays", call=over.call)
            self._push(over, self._last_retry_s, tries + 1)
            return
        else:
            if self.trouble is not None:
                log.info("recordings are stored again", waiting=self.waiting - 1)
            self.trouble, self._delay_s = None, self._first_retry_s
        self._taken.discard(over.call)
        self._sizes.pop(over.call, None)

    def _kept(self, over: OverCall, tries: int, error: RecordingKept) -> None:
        if error.everywhere:
            delay_s = self._delay_s
            self._delay_s = min(self._delay_s * 2, self._last_retry_s)
            self._not_before = asyncio.get_running_loop().time() + delay_s
        else:
            delay_s = min(self._first_retry_s * 2 ** min(tries, 16), self._last_retry_s)
        log.error(str(error), waiting=self.waiting, again_in_s=delay_s)
        self.trouble = str(error)
        self._push(over, delay_s, tries + 1)

    def _forget_empty(self, call: CallId) -> None:
        raw = self.raw(call)
        try:
            status = raw.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_size == 0:
                raw.unlink()
        except OSError:
            pass  # it never existed, or the next start will find it again

    def _push(self, over: OverCall, delay_s: float, tries: int) -> None:
        due = asyncio.get_running_loop().time() + delay_s
        heapq.heappush(self._due, (due, next(self._order), over, tries))
        self._woken.set()


def _how(file: Path) -> tuple[int, ...] | None:
    """A stamp that changes with a file's content or kind; None: the file is gone."""
    try:
        status = file.lstat()
    except OSError:
        return None
    return (status.st_ino, status.st_mode, status.st_nlink, status.st_uid, status.st_ctime_ns)
