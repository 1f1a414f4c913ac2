"""The real command, run as a person or a service would run it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from offhook.cli import main
from telephony.asterisk.generated_files import Ports
from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent.parent
_ERRORS = ("level=error", "level=critical", "Traceback", "level=exception")


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def to_people(self) -> list[str]:
        """The lines that are meant for the person who typed it."""
        return [line for line in self.err.splitlines() if line.startswith("offhook: ")]

    def only_complaint(self) -> str:
        """The one line that says why it failed: the last one, and no trace of Python's."""
        assert self.code == 1, (self.code, self.err)
        assert self.out == "", self.out
        assert not any(mark in self.err for mark in _ERRORS), self.err
        assert self.err.splitlines()[-1].startswith("offhook: "), self.err
        return self.err.splitlines()[-1].removeprefix("offhook: ")


def command(*arguments: str | Path | int) -> list[str]:
    return [sys.executable, "-m", "offhook", *map(str, arguments)]


def environment(ports: Ports | None = None, **more: str) -> Mapping[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("OFFHOOK_DSN", "OFFHOOK_PO"))}
    if ports is not None:
        own["OFFHOOK_PORTS"] = given(ports)
    return {**own, "PYTHONPATH": str(ROOT), **more}


def given(ports: Ports) -> str:
    return ",".join(str(getattr(ports, name)) for name in Ports.__dataclass_fields__)


def run(
    *arguments: str | Path, ports: Ports | None = None, deadline_s: float = 60.0, **more: str
) -> Ended:
    """Run it to its end; it must end by itself."""
    done = subprocess.run(
        command(*arguments),
        env=environment(ports, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_here(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Ended:
    """As ``run``, but in this process; for commands that leave nothing behind in it."""
    capsys.readouterr()
    try:
        main([*map(str, arguments)])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    if isinstance(code, str):  # what Python does with it
        code, err = 1, f"{err}{code}\n"
    return Ended(code or 0, out, err)


class Serving:
    """``offhook serve``, in the background until the context is left."""

    def __init__(
        self, config: Path, state: Path, ports: Ports, dsn: str, log: Path, **more: str
    ) -> None:
        self._arguments = ("serve", "--config", config, "--state", state)
        self._environment = environment(ports, OFFHOOK_DSN=dsn, **more)
        self._log = log
        self.process: asyncio.subprocess.Process | None = None

    @property
    def err(self) -> str:
        return self._log.read_text("utf-8")

    @property
    def errors(self) -> list[str]:
        """What it said that somebody must see to."""
        return [line for line in self.err.splitlines() if any(mark in line for mark in _ERRORS)]

    async def until_said(self, text: str, within_s: float = 60.0) -> str:
        """The first line that has this text."""

        def said() -> list[str]:
            return [line for line in self.err.splitlines() if text in line]

        return (await until(said, within_s, f"{text!r} to be said", seen=lambda: self.err))[0]

    async def __aenter__(self) -> Self:
        await self.begin()
        await self.ready()
        return self

    async def begin(self) -> None:
        """Start it; ``ready`` follows."""
        self._ready, write = os.pipe()
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command(*self._arguments, "--ready-fd", str(write)),
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(write,),
            )
        os.close(write)

    async def ready(self) -> None:
        """Wait until it serves, whatever it says before that."""
        assert self.process is not None
        said = b""
        try:
            async with asyncio.timeout(40):
                while not said.endswith(b"ready\n"):
                    more = await asyncio.to_thread(os.read, self._ready, 1024)
                    assert more, self.err
                    said += more
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            raise
        finally:
            os.close(self._ready)

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(by)
        async with asyncio.timeout(60):
            return await self.process.wait()


def begin_up(arguments: list[str], block: Ports, said: Path) -> "subprocess.Popen[bytes]":
    """Start an ``up``; ``said`` gets what it says."""
    # As from a terminal; under nohup a SIGHUP would be ignored, and we have inherited that.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with said.open("wb") as sink:
            return subprocess.Popen(
                arguments,
                env=environment(block),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
    finally:
        signal.signal(signal.SIGHUP, before)


def end_up(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, twice if need be."""
    for _ in range(2):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                continue
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
