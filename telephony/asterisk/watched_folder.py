"""Runs the program that has our own Asterisk reload what has changed in ``generated/``."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import structlog

from telephony.asterisk.process import AsteriskProcess, die_with

_AGAIN_S = 1.0

log = structlog.get_logger()


class WatchedFolder:
    """``script`` beside Asterisk, from before it starts until it has stopped.

    An Asterisk that runs elsewhere has the same script beside it. What it reports is logged.
    """

    def __init__(self, script: Path, folder: Path, asterisk: AsteriskProcess) -> None:
        self._script = script
        self._folder = folder
        self._asterisk = asterisk
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it; what is in the folder now is what Asterisk reads when it starts."""
        if self._task is None:
            process = await self._begin()
            self._task = asyncio.get_running_loop().create_task(self._keep(process))

    async def stop(self) -> None:
        """End it, and whatever it is doing."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        while True:
            try:
                await _report(process)
                code = await process.wait()
            finally:
                # The console that it has started goes with it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
            log.error(
                "what reloads Asterisk's configuration has ended by itself; it is started again",
                code=code,
            )
            await asyncio.sleep(_AGAIN_S)
            process = await self._begin("again")  # nobody knows what it has missed

    async def _begin(self, *how: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("sh", str(self._script), *how, str(self._folder), *self._asterisk.command),
            cwd=self._asterisk.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with(os.getpid()),
        )


async def _report(process: asyncio.subprocess.Process) -> None:
    if process.stderr is not None:
        async for line in process.stderr:
            log.warning(line.decode("utf-8", "replace").strip().removeprefix("offhook: "))
