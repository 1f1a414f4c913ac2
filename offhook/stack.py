"""Everything one machine needs, started in order and stopped in reverse: database, Asterisk,
controller. Used by ``./run up``, by the demo and by the tests that must see the whole thing."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

import aiohttp

from offhook.asterisk.files import Addresses, Ports
from offhook.asterisk.instance import Instance
from offhook.asterisk.process import check_free, die_with
from offhook.asterisk.provision import AsteriskInstall
from offhook.config import Config
from offhook.secrets import Secrets, load_or_create
from storage.database import open_database
from storage.embedded import EmbeddedServer

Progress = Callable[[str], None]

LOOK_EVERY_S = 2.0
HUNG_AFTER_S = 6.0
"""A controller whose health page has not answered for so long is killed and started again."""
_LOCK = "in-use.lock"


class StackError(Exception):
    """A part did not start; the text says which, why and what to do."""


class Stack:
    """One machine's Offhook. ``state`` is the folder where all of it is kept.

    ``install`` is the Asterisk to start; None: the configuration names one that runs elsewhere.
    """

    def __init__(
        self,
        config: Config,
        state: Path,
        ports: Ports,
        install: AsteriskInstall | None,
        *,
        progress: Progress = lambda text: None,
        environment: dict[str, str] | None = None,
        controller_log: Path | None = None,
        fallback_after_s: int = 60,
        database: EmbeddedServer | None = None,
        database_name: str = "offhook",
    ) -> None:
        self.config = config
        self.state = state.resolve()
        self.ports = ports
        self._claimed: IO[bytes] | None = None
        self.secrets: Secrets = load_or_create(self.state, config.centre)
        self._instance: Instance | None = None
        if install is not None:
            self._instance = Instance(
                self.state / "asterisk",
                ports,
                config.centre,
                self.secrets,
                install,
                node=config.node,
                addresses=Addresses(sip=config.sip.bind, external=config.sip.external_address),
                fallback_after_s=fallback_after_s,
            )
        self.dsn = config.database.dsn or ""
        self.controller: asyncio.subprocess.Process | None = None
        self.controller_log = controller_log or self.state / "controller.log"
        self._database = database
        self._database_name = database_name
        self._own_database = database is None and not self.dsn
        self._progress = progress
        self._environment = environment or {}
        self._restarts: asyncio.Task[None] | None = None

    @property
    def instance(self) -> Instance:
        """The Asterisk that it starts. Raises StackError if it starts none."""
        if self._instance is None:
            raise StackError("this Asterisk runs elsewhere; start and stop it there")
        return self._instance

    @property
    def console_url(self) -> str:
        """Where a browser finds the console."""
        host = self.config.console.bind
        return f"http://{_ANYWHERE.get(host, host)}:{self.ports.console}/"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all parts; on a failure stop those that had started, and raise.

        Raises StackError, AsteriskError, StorageError, each with one line for a person.
        """
        self._claimed = claim(self.state)
        try:
            check_free(
                [
                    ("tcp", self.config.asterisk.agi_bind, self.ports.agi, "FastAGI"),
                    ("tcp", self.config.console.bind, self.ports.console, "the console"),
                ]
            )
            if self._own_database:
                self._progress("starting PostgreSQL (embedded)")
                self._database = EmbeddedServer(self.state / "postgres")
                await asyncio.to_thread(self._database.start)
            if self._database is not None:
                self.dsn = await self._database.database(self._database_name)
            else:
                # Better told now than by the controller, when Asterisk runs already.
                await (await open_database(self.dsn)).close()
            if self._instance is not None:
                self._progress("starting Asterisk")
                await self._instance.start()
            self._progress("starting the controller and the console")
            await self.start_controller()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything that was started, and nothing else."""
        if self._restarts is not None:
            self._restarts.cancel()
            self._restarts = None
        await self.stop_controller()
        if self._instance is not None:
            await self._instance.stop()
        if self._own_database and self._database is not None:
            await asyncio.to_thread(self._database.stop)
            self._database = None
        if self._claimed is not None:
            self._claimed.close()
            self._claimed = None

    # The controller is a process of its own, so that it may die without anything else.

    async def start_controller(self, *, ready_within_s: float = 30.0) -> None:
        """Start it and wait until it says that it is ready. Raises StackError."""
        ready_read, ready_write = os.pipe()
        log = self.controller_log.open("ab")
        said_before = log.tell()
        try:
            self.controller = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "offhook", "serve"),
                *("--config", str(self.config.source), "--state", str(self.state)),
                *("--ready-fd", str(ready_write)),
                env={
                    **os.environ,
                    "OFFHOOK_DSN": self.dsn,
                    "OFFHOOK_PORTS": ",".join(
                        str(getattr(self.ports, name)) for name in Ports.__dataclass_fields__
                    ),
                    **self._environment,
                },
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(ready_write,),
                start_new_session=True,  # Ctrl-C is for us; we stop it in our own order
                # Asterisk ends with us as well: nothing is left of us, whatever ends us.
                preexec_fn=die_with(os.getpid(), signal.SIGTERM),
            )
        finally:
            log.close()
            os.close(ready_write)
        try:
            async with asyncio.timeout(ready_within_s):
                word = await asyncio.to_thread(os.read, ready_read, 16)
        except TimeoutError:
            word = b""
        finally:
            os.close(ready_read)
        if word != b"ready":
            await self.stop_controller()
            raise StackError(self._last_words(said_before))

    def _last_words(self, since: int) -> str:
        """What the controller said for a person; else where to look."""
        with contextlib.suppress(OSError):
            said = self.controller_log.read_bytes()[since:].decode("utf-8", "replace")
            for line in reversed(said.splitlines()):
                if line.startswith("offhook: "):
                    return line.removeprefix("offhook: ")
        return (
            "the controller did not start, and did not say why;"
            f" look into {self.controller_log}, and report it"
        )

    async def stop_controller(self) -> None:
        """Ask it to end; kill it if it does not within 10 s."""
        process, self.controller = self.controller, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 10.0)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kill_controller(self) -> None:
        """kill -9, as a crash would."""
        process, self.controller = self.controller, None
        if process is not None:
            process.kill()
            await process.wait()

    def keep_controller(self) -> None:
        """From now on start it again whenever it ends by itself, or hangs."""
        self._restarts = asyncio.get_running_loop().create_task(self._keep_controller())

    async def _keep_controller(self) -> None:
        delay = 0.2
        async with aiohttp.ClientSession() as http:
            while self.controller is not None:
                process = self.controller
                what = await self._ended(process, http)
                if self.controller is not process:
                    return
                self._progress(f"the controller {what}; starting it again")
                await asyncio.sleep(delay)
                delay = min(delay * 2, 30.0)
                try:
                    await self.start_controller()
                    delay = 0.2
                except (StackError, OSError) as error:
                    self._progress(str(error))
                    self.controller = process

    async def _ended(self, process: asyncio.subprocess.Process, http: aiohttp.ClientSession) -> str:
        """Until the process is no more; one that hangs is killed. Returns what became of it.

        A hanging one keeps its ports open: Asterisk would hand it callers for ever.
        """
        clock = asyncio.get_running_loop().time
        ending = asyncio.ensure_future(process.wait())
        answered_at = clock()
        try:
            while True:
                await asyncio.wait({ending}, timeout=LOOK_EVERY_S)
                if ending.done():
                    return f"ended ({process.returncode})"
                # All of what is left to one answer: it may take long on a machine out of breath.
                if await self._answers(http, max(1.0, answered_at + HUNG_AFTER_S - clock())):
                    answered_at = clock()
                silent_s = clock() - answered_at
                if silent_s >= HUNG_AFTER_S and not ending.done():
                    process.kill()
                    await ending
                    return f"has not answered for {silent_s:.0f} s and was killed"
        finally:
            ending.cancel()

    async def missing(self) -> list[str]:
        """What the controller has to do without at the moment, as its health page names it."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.console_url}healthz") as page:
            found: list[str] = (await page.json())["missing"]
            return found

    async def _answers(self, http: aiohttp.ClientSession, within_s: float) -> bool:
        try:
            async with (
                asyncio.timeout(within_s),
                http.get(f"{self.console_url}healthz", allow_redirects=False),
            ):
                return True
        except (TimeoutError, aiohttp.ClientError):
            return False


_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where to find it, not to bind


def claim(folder: Path) -> IO[bytes]:
    """Make the folder ours until the file is closed; it is made if need be. Raises StackError."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StackError(
            f"{folder} is in use by another Offhook; stop that one, or give this one a folder"
            " of its own (--state)"
        ) from None
    return lock


def free_state(folder: Path) -> None:
    """Empty a folder of an earlier run, of which something may be left if it was killed.

    Raises StackError if that run goes on, or if there is something else in it.
    """
    there = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if there and not there & {_LOCK, "secrets.json"}:
        raise StackError(f"{folder} is no folder of ours and is not emptied; name an empty one")
    with claim(folder):
        if (folder / "postgres" / "data" / "postmaster.pid").exists():
            left = EmbeddedServer(folder / "postgres")
            left.start()
            left.stop()
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != _LOCK:
                entry.unlink()
