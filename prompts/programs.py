"""Runs the programs that make sound (espeak-ng, piper, ffmpeg) within bounds.

Whatever such a program does, nothing here hangs, fills the memory, or leaves a process behind.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from domain.errors import OffhookError

_SAID = 300  # characters of its complaint
_MOST_SAID = 256 * 1024
_PIPES_END_S = 5.0


class ProgramMissing(OffhookError):  # noqa: N818
    """The program can't be started; the text says why."""


class ProgramHung(OffhookError):  # noqa: N818
    """It had not finished in time, and was killed."""


class ProgramEndless(OffhookError):  # noqa: N818
    """It wrote more than it may, and was killed."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program has written, and how it ended."""

    code: int
    written: bytes
    said: str
    """Standard error, as far as it was kept."""

    @property
    def complaint(self) -> str:
        """The last of what it said, in one line."""
        return " ".join(self.said.split())[-_SAID:]


async def run_program(
    command: Sequence[str],
    source: bytes = b"",
    *,
    deadline_s: float,
    most_bytes: int,
    folder: Path | None = None,
) -> Ran:
    """Run a program with ``source`` as its standard input, in ``folder``.

    It may take ``deadline_s`` and write ``most_bytes``. Raises ProgramMissing, ProgramHung or
    ProgramEndless; its children end with it in any case.
    """
    # The text goes through standard input, since it may begin with "-" and shouldn't show in
    # `ps`; as a file, since writing to a pipe fails if the process dies before it reads.
    try:
        with _in_memory(source) as given:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=given,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                cwd=folder,
            )
    except OSError as error:
        raise ProgramMissing(f"{command[0]} can't be started: {error.strerror}") from error
    ended = False
    reading = (
        asyncio.ensure_future(_all(process.stdout, most_bytes)),
        asyncio.ensure_future(_all(process.stderr, _MOST_SAID)),
    )
    try:
        async with asyncio.timeout(deadline_s):
            written, said = await asyncio.gather(*reading)
            await process.wait()
            ended = True
    except TimeoutError as error:
        raise ProgramHung(f"had not finished after {deadline_s:g} s") from error
    finally:
        if not ended:
            # The whole group: its children hold our pipes even after it is gone.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            for each in reading:
                each.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
            await asyncio.shield(_over(process))
    return Ran(process.returncode or 0, written, said.decode(errors="replace").strip())


async def _over(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process that was killed. asyncio sees it only once its pipes have been
    read to their ends; one that somebody else holds open is left behind."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PIPES_END_S):
            for stream in (process.stdout, process.stderr):
                while stream is not None and await stream.read(1 << 16):
                    pass
            await process.wait()


def _in_memory(text: bytes) -> BinaryIO:
    """An open, nameless file with this content."""
    file = os.fdopen(os.memfd_create("prompt", os.MFD_CLOEXEC), "w+b")
    file.write(text)
    file.seek(0)
    return file


async def _all(stream: asyncio.StreamReader | None, most: int) -> bytes:
    read = bytearray()
    while stream is not None and (chunk := await stream.read(1 << 16)):
        read += chunk
        if len(read) > most:
            raise ProgramEndless(f"has written more than {most / 1e6:g} MB")
    return bytes(read)
