"""Runs the controller as a process of its own, so that it can die without taking the rest along.

A spare that has loaded all its code stands by and waits for the word to begin: when the controller
dies, waiting callers are back in their queue that much sooner.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import structlog

from domain.errors import OperatorError
from machine.keeping import keep, until_ended
from supervision.loaded_process import LoadedProcess

log = structlog.get_logger()

SPARE_AFTER_S = 3.0
"""How long making a spare waits: the controller's own start comes first."""
LOADS_WITHIN_S = 15.0
GOES_WITHIN_S = 3.0
"""A spare that has not begun by then hangs. Its code is loaded; it only has to write a word."""
LOOK_EVERY_S = 2.0
HUNG_AFTER_S = 6.0
"""A controller that has had no pulse for this long is killed and started again."""
ENDS_WITHIN_S = 15.0
"""How long a controller may take to exit once its calls have ended or their time is up."""


class ControllerError(OperatorError):
    """The controller did not start; the text says why and what to do."""


class ControllerProcess:
    """Starts, watches and ends ``offhook serve`` with these arguments and environment."""

    def __init__(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        progress: Callable[[str], None] = lambda _: None,
        spare_after_s: float = SPARE_AFTER_S,
    ) -> None:
        self.log = log
        self._spare_after_s = spare_after_s
        self._arguments = arguments
        self._environment = environment
        self._progress = progress
        self._process: asyncio.subprocess.Process | None = None
        self._spare: LoadedProcess | None = None
        self._speaking: LoadedProcess | None = None
        self._making: asyncio.Task[None] | None = None
        self._loading = False
        self._keeping: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        """Held while one is being started: only ``stop`` may interrupt that half-way."""

    @property
    def pid(self) -> int | None:
        """The process id of the controller that was started last; None if it was stopped."""
        return None if self._process is None else self._process.pid

    @property
    def is_kept(self) -> bool:
        """Whether it is started again whenever it ends."""
        return self._keeping is not None

    async def start(self, *, ready_within_s: float = 30.0) -> None:
        """Start it and wait until it says that it is ready. Raises ControllerError, OSError."""
        async with self._changing:
            await self._start(ready_within_s)

    async def _start(self, ready_within_s: float = 30.0) -> None:
        await self._end()  # what is left of a start that was interrupted
        said_before = self._log_size()
        spare = await self._take_spare()
        if spare is not None and not await self._goes(spare):
            spare = None
        is_ready = await self._begin(spare or await self._load(), ready_within_s)
        if not is_ready:
            raise ControllerError(self._last_words(said_before))
        self._making = asyncio.get_running_loop().create_task(self._make_spare())

    async def _goes(self, spare: LoadedProcess) -> bool:
        """Give the spare the word and return whether it begins. One that doesn't has died or hangs;
        it is killed, for a new process will be ready sooner."""
        spare.give_word()
        goes = False
        try:
            async with asyncio.timeout(LOADS_WITHIN_S):
                is_loaded = await spare.loads()
            async with asyncio.timeout(GOES_WITHIN_S):
                goes = is_loaded and await spare.says("going")
        except TimeoutError:
            pass
        finally:  # we may be cancelled too, and nobody else knows this process
            if not goes:
                await spare.kill()
        return goes

    async def _begin(self, started: LoadedProcess, ready_within_s: float) -> bool:
        """Whether it is ready in time; if not, it has been ended."""
        self._leave_words()
        self._process, self._speaking = started.process, started
        started.give_word()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ready_within_s):
                if await started.says("ready"):
                    return True
        await self._end()
        return False

    async def replace(self, *, loaded_within_s: float = 30.0) -> None:
        """Put a new controller in the place of the running one. It runs the code as it is now,
        which is loaded while the old one goes on. Raises ControllerError, OSError; after that, it
        may be that no controller runs or is kept.

        Meanwhile, for about a second, Asterisk looks after the calls.
        """
        fresh = await self._load()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(loaded_within_s):
                    await fresh.loads()
            async with self._changing:
                was_kept = await self._stop_keeping()
                await self._drop_spare()
                await self._end()
                self._spare = fresh
                await self._start()
        except BaseException:
            if fresh.go >= 0 and self._spare is not fresh:
                fresh.forget()  # it ends by itself
            raise
        if was_kept:
            self.keep()

    async def drain(self, within_s: float) -> None:
        """Ask it to let calls end, pass on what it reports, and return when it has ended.

        If it dies or hangs before that, it is started again, for calls go on without it, and asked
        again. This ends after ``within_s``.
        """
        async with self._changing:
            await self._stop_keeping()
        try:
            async with asyncio.timeout(within_s + ENDS_WITHIN_S):
                await keep(
                    "the controller",
                    self._drained,
                    self._start,
                    self._progress,
                    ControllerError,
                    OSError,
                )
        except TimeoutError:
            self._progress("the time is up, and the controller has not ended by itself")

    async def _drained(self) -> str | None:
        """Ask it to let calls end. None: they have ended. Else what happened to it before that."""
        process, speaking = self._process, self._speaking
        if process is None or speaking is None:
            return "is not running"
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)

        async def pass_on() -> None:
            while line := await speaking.words.readline():
                self._progress(line.decode("utf-8", "replace").strip())

        passing = asyncio.get_running_loop().create_task(pass_on())
        try:
            what = await self._ended()
            if process.returncode != 0:
                return what
            await passing
            return None
        finally:
            passing.cancel()

    async def stop(self) -> None:
        """Ask it to end at once and kill it if it hasn't within 10 s. It is not started again."""
        await self._stop_keeping()
        await self._drop_spare()
        await self._end()

    async def kill(self) -> None:
        """Kill it with SIGKILL, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.wait()

    def keep(self) -> None:
        """From now on start it again whenever it ends by itself or hangs. May be called twice."""
        if self._keeping is not None:
            return
        self._keeping = asyncio.get_running_loop().create_task(self._keep())

    async def _stop_keeping(self) -> bool:
        """Stop starting it again; returns whether it was kept until now."""
        keeping, self._keeping = self._keeping, None
        if keeping is None:
            return False
        keeping.cancel()
        await asyncio.wait((keeping,))
        return True

    async def _drop_spare(self) -> None:
        spare = await self._take_spare()
        if spare is not None:
            spare.close()  # then it ends by itself
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(spare.process.wait(), GOES_WITHIN_S)
            await spare.kill()

    def _leave_words(self) -> None:
        if self._speaking is not None:
            self._speaking.forget()
            self._speaking = None

    async def _load(self) -> LoadedProcess:
        with self._open_log() as log:
            return await LoadedProcess.start(self._arguments, self._environment, log)

    def _open_log(self) -> IO[bytes]:
        try:
            return self.log.open("ab")
        except OSError as error:
            # It looks after calls, and can do so without a log.
            self._progress(f"{self.log}: can't be written ({error.strerror}); going on without it")
            return Path(os.devnull).open("ab")

    def _log_size(self) -> int:
        try:
            return self.log.stat().st_size
        except OSError:
            return 0

    async def _make_spare(self) -> None:
        await asyncio.sleep(self._spare_after_s)
        self._loading = True  # not cancelled from here on, or a process would be left behind
        try:
            self._spare = await self._load()
        except OSError as error:
            log.warning("no controller stands by", why=str(error))
        finally:
            self._loading = False

    async def _take_spare(self) -> LoadedProcess | None:
        """Take the spare, which the caller owns from now on; None if none is alive."""
        if self._making is not None:
            if not self._loading:
                self._making.cancel()
            await asyncio.wait((self._making,))  # however it ended
            self._making = None
        spare, self._spare = self._spare, None
        if spare is not None and spare.process.returncode is not None:
            spare.forget()
            return None
        return spare

    async def _end(self) -> None:
        process = self._process  # ours until it has ended, even if we are cancelled first
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGQUIT)  # Asterisk keeps the calls, they don't have to end
        try:
            await asyncio.wait_for(process.wait(), 10.0)
        except TimeoutError:
            process.kill()
            await process.wait()
        self._process = None
        self._leave_words()

    def _last_words(self, since: int) -> str:
        """The last line that the controller wrote for a person; else where to look."""
        with contextlib.suppress(OSError):
            said = self.log.read_bytes()[since:].decode("utf-8", "replace")
            for line in reversed(said.splitlines()):
                if line.startswith("offhook: "):
                    return line.removeprefix("offhook: ")
        return (
            f"the controller did not start, and did not say why; look into {self.log} and report it"
        )

    async def _ended(self) -> str:
        """Wait until it has ended, killing it if it hangs. Returns what happened, for a person."""
        process, speaking = self._process, self._speaking
        if process is None or speaking is None:
            return "is gone"
        # A controller that hangs keeps its ports open: Asterisk would hand it callers for ever.
        return await until_ended(
            process,
            # One answer may use all the time that is left: an overloaded machine may take long.
            lambda left_s: speaking.pulse.beats(max(1.0, left_s)),
            process.kill,
            look_every_s=LOOK_EVERY_S,
            hung_after_s=HUNG_AFTER_S,
        )

    async def _keep(self) -> None:
        await keep(
            "the controller", self._ended, self.start, self._progress, ControllerError, OSError
        )
