"""A process that runs ``offhook serve``, from its start to the word to begin.

It loads all its code first. We speak with it through pipes, and ask by a socket whether it lives.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from supervision.pulse import Pulse
from telephony.asterisk.process import die_with


@dataclass(slots=True)
class LoadedProcess:
    """A controller that has loaded its code, or is about to, and waits for the word to begin."""

    process: asyncio.subprocess.Process
    go: int
    """The pipe that is written to when the process is to begin, and closed if it isn't wanted."""
    words: asyncio.StreamReader
    """What it reports: "loaded", "going", "ready", then lines for a person while it ends."""
    pipe: asyncio.ReadTransport
    pulse: Pulse
    is_loaded: bool = False

    @classmethod
    async def start(
        cls, arguments: Sequence[str], environment: Mapping[str, str], log: IO[bytes]
    ) -> "LoadedProcess":
        """Start ``offhook serve``, which loads its code and waits. Raises OSError."""
        go_read, go_write = os.pipe()
        ready_read, ready_write = os.pipe()
        pulse = Pulse()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "offhook", "serve", *arguments),
                *("--go-fd", str(go_read), "--ready-fd", str(ready_write)),
                *("--pulse-fd", str(pulse.theirs.fileno())),
                env={**os.environ, **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(go_read, ready_write, pulse.theirs.fileno()),
                start_new_session=True,  # Ctrl-C is for us; we stop it in our own order
                # Asterisk ends with us as well: nothing of us is left behind, whatever ends us.
                preexec_fn=die_with(os.getpid(), signal.SIGQUIT),
            )
        except BaseException:
            os.close(go_write)
            os.close(ready_read)
            pulse.close()
            raise
        finally:
            os.close(go_read)
            os.close(ready_write)
        pulse.theirs.close()
        words = asyncio.StreamReader()
        try:
            pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(words), os.fdopen(ready_read, "rb", 0)
            )
        except BaseException:
            os.close(go_write)  # it ends by itself
            pulse.close()
            raise
        return cls(process, go_write, words, pipe, pulse)

    async def loads(self) -> bool:
        """Whether it loads its code, rather than ending first."""
        self.is_loaded = self.is_loaded or await self.says("loaded")
        return self.is_loaded

    async def says(self, word: str) -> bool:
        """Whether its next report is ``word``, rather than something else or its end."""
        while line := await self.words.readline():
            if line.decode("utf-8", "replace").strip() == word:
                return True
        return False

    def give_word(self) -> None:
        """Let it begin. Call this once."""
        if self.go >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self.go, b"g")
            self.close()

    def close(self) -> None:
        """Close the pipe: without the word, it ends by itself then."""
        os.close(self.go)
        self.go = -1

    def forget(self) -> None:
        """Stop listening to it."""
        if self.go >= 0:
            self.close()
        self.pipe.close()
        self.pulse.close()

    async def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        self.forget()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
