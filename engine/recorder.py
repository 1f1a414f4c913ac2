"""Hands the recordings of ended calls to the archive, and records what came of them."""

import asyncio
import errno
import os
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import structlog

from domain.facts import CallFact
from domain.happening import Happening
from domain.identity import CallId
from domain.recording_facts import RecordingMissing
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from recordings.archive import Archive, Lost, OverCall
from recordings.capture import began_at
from recordings.raw_to_wav import Recording
from recordings.voice_files import KeptVoice
from recordings.voices import VoiceArchive
from records.call_queries import CallStore
from storage.database_errors import AWAY
from storage.outbox import Outbox

log = structlog.get_logger()

LOOK_EVERY_S = 20.0
UNKNOWN_S = 3600.0
"""A call that began this long ago would be in the records by now."""

_FACTS = uuid.UUID("d7e6d3f0-9a9a-4c55-8f64-2f7f3f0f6b51")


def root_trouble(root: Path) -> str | None:
    """Why nothing can be stored in ``root``, in one line; None if it can. Blocking."""
    try:
        if not root.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with tempfile.TemporaryFile(dir=root):
            return None
    except OSError as error:
        cure = {
            errno.ENOENT: "create it, or mount its disk, or correct recordings.root",
            errno.EROFS: "mount it writable",
            errno.EACCES: "let the user that runs Offhook write there",
        }.get(error.errno or 0, "check that disk")
        return (
            f"recordings can't be stored in {root}: {error.strerror}; {cure}. Calls go on; their"
            " raw recordings are kept, and stored as soon as that is possible"
        )


class Recorder:
    """Hands ended calls to the archive and records what it reports about them.

    ``live`` are the calls in progress; those that end come through ``ended``.
    """

    def __init__(
        self,
        live: LiveCalls,
        ended: asyncio.Queue[LiveCall],
        spool: Path,
        root: Path,
        calls: CallStore,
        outbox: Outbox,
    ) -> None:
        self.archive = Archive(spool, root, self._told)
        self.voices = VoiceArchive(spool, root, self._voice_told)
        """What callers say after a tone."""
        self._live = live
        self._ended = ended
        self._calls = calls
        self._outbox = outbox
        self.look_again = asyncio.Event()
        """Set it to look for raw files now, rather than after LOOK_EVERY_S."""
        self._root = root
        self._root_trouble: str | None = None
        self._unknown: set[CallId] = set()
        self._unreadable: dict[CallId, str] = {}

    @property
    def trouble(self) -> str | None:
        """Why recordings can't be stored at the moment, in one line; None if they can."""
        return self.archive.trouble or self.voices.trouble or self._root_trouble

    def call_over(self, call: LiveCall) -> None:
        """Take an ended call. One that we did not see all of is looked up in its record."""
        if call.adopted or call.ledger.gapped:
            self.look_again.set()
        elif call.recorded:
            placed = call.placed is not None
            self.archive.take(OverCall(call.id, call.bridged_s, from_answer=placed))

    async def run(self) -> None:
        """Store recordings, and look regularly for raw files that nobody has taken."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.archive.run())
            tasks.create_task(self.voices.run())
            tasks.create_task(self._take_ended())
            tasks.create_task(self._look_for_orphans())

    async def _take_ended(self) -> None:
        while True:
            self.call_over(await self._ended.get())

    async def _look_for_orphans(self) -> None:
        while True:
            self.look_again.clear()
            self._look_at_root(await asyncio.to_thread(root_trouble, self._root))
            try:
                await self._outbox.flushed()
                found = await self.archive.orphans(self.over)
                if found := found + await self.voices.orphans(self.over):
                    log.info("recordings of earlier calls are being stored", recordings=found)
            except AWAY:
                pass  # the outbox has logged it already; the files stay where they are
            except Exception:
                # A surprise about one file must not stop all others from being stored.
                log.exception("looking for raw recordings failed; trying again")
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self.look_again.wait()
            except TimeoutError:
                continue

    def _look_at_root(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._root_trouble:
            log.error(trouble)
        self._root_trouble = trouble

    async def over(self, call: CallId) -> OverCall | None:
        """The call, if its record says that it is over, and how long it was bridged; else None."""
        if call in self._live.by_id:
            return None
        try:
            stored = await self._calls.get(call, projects=None)
        except AWAY:
            raise
        except Exception as error:
            # Its file waits for a later look, without keeping others from being stored.
            if self._unreadable.get(call) != repr(error):
                self._unreadable[call] = repr(error)
                log.exception(
                    "a call's record can't be read; its raw recording is left alone for now",
                    call=call,
                    file=str(self.archive.raw(call)),
                )
            return None
        self._unreadable.pop(call, None)
        if stored is None:
            # A channel had this name but there is no fact about it: the call may be entering right
            # now.
            if time.time() - (began_at(call) or 0) > UNKNOWN_S and call not in self._unknown:
                self._unknown.add(call)
                log.warning(
                    "a raw recording of a call without a record is left alone; store it by hand"
                    " or remove it",
                    file=str(self.archive.raw(call)),
                )
            return None
        if stored.record.ended_at is None:
            return None
        record = stored.record
        return OverCall(
            call,
            record.bridged_s,
            from_answer=record.placed,
            recorded=record.recording is not None,
        )

    def _told(self, outcome: Recording | Lost) -> None:
        what: Happening
        if isinstance(outcome, Lost):
            what = RecordingMissing(outcome.why)
            name = f"{outcome.call} lost"
        else:
            what = outcome.recorded()
            name = f"{outcome.call} {outcome.sha256}"
        # The id is the recording's, so that storing it again after a crash writes nothing twice.
        self._put(name, outcome.call, what)

    def _voice_told(self, voice: KeptVoice) -> None:
        self._put(f"{voice.name} {voice.sha256}", voice.name.call, voice.fact())

    def _put(self, name: str, call: CallId, what: Happening) -> None:
        fact_id = str(uuid.uuid5(_FACTS, name))
        self._outbox.put(CallFact(fact_id, call, datetime.now(UTC), what))
