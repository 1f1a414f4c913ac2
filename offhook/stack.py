"""Everything one machine needs, started in order and stopped in reverse: database, Asterisk,
controller. Used by ``./run up``, by the demo and by the tests that must see the whole thing."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from offhook.asterisk_files import Addresses, Ports
from offhook.config import Config
from offhook.instance import Instance
from offhook.provision import AsteriskInstall
from offhook.secrets import Secrets, load_or_create
from storage.embedded import EmbeddedServer

Progress = Callable[[str], None]


class StackError(Exception):
    """A part did not start; the text says which, why and what to do."""


class Stack:
    """One machine's Offhook. ``state`` is the folder where all of it is kept."""

    def __init__(
        self,
        config: Config,
        state: Path,
        ports: Ports,
        install: AsteriskInstall,
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
        self.secrets: Secrets = load_or_create(self.state, config.centre)
        self.instance = Instance(
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
    def console_url(self) -> str:
        """Where a browser finds the console."""
        return f"http://{self.config.console.bind}:{self.ports.console}/"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all parts; on a failure stop those that had started, and raise."""
        try:
            if self._own_database:
                self._progress("starting PostgreSQL (embedded)")
                self._database = EmbeddedServer(self.state / "postgres")
                await asyncio.to_thread(self._database.start)
            if self._database is not None:
                self.dsn = await self._database.database(self._database_name)
            self._progress("starting Asterisk")
            await self.instance.start()
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
        await self.instance.stop()
        if self._own_database and self._database is not None:
            await asyncio.to_thread(self._database.stop)
            self._database = None

    # The controller is a process of its own, so that it may die without anything else.

    async def start_controller(self, *, ready_within_s: float = 30.0) -> None:
        """Start it and wait until it says that it is ready. Raises StackError."""
        self.state.mkdir(parents=True, exist_ok=True)
        ready_read, ready_write = os.pipe()
        log = self.controller_log.open("ab")
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
            raise StackError(self._last_words())

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.controller_log.read_text("utf-8", "replace").strip().splitlines()
            if lines:
                return lines[-1]
        return f"the controller did not start; see {self.controller_log}"

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
        """From now on start it again whenever it ends by itself."""
        self._restarts = asyncio.get_running_loop().create_task(self._keep_controller())

    async def _keep_controller(self) -> None:
        delay = 0.2
        while self.controller is not None:
            process = self.controller
            await process.wait()
            if self.controller is not process:
                return
            self._progress(f"the controller ended ({process.returncode}); starting it again")
            await asyncio.sleep(delay)
            delay = min(delay * 2, 30.0)
            try:
                await self.start_controller()
                delay = 0.2
            except StackError as error:
                self._progress(str(error))
                self.controller = process


def free_state(folder: Path) -> None:
    """Empty a folder of an earlier run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
