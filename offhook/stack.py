"""Starts database, Asterisk and controller on one machine, and stops them in reverse order.

``./run up``, the demo and tests of the whole use it.
"""

import asyncio
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Self

import aiohttp

from centre.directory import Directory
from centre.directory_copy import DirectoryCopy
from centre.running import centre_of
from configuration.addresses import check_addresses
from configuration.centre_file import Config
from configuration.directory_at_start import asterisk_passwords, directory_at_start, kept_here
from configuration.flows import load_flows
from configuration.in_force import InForce, from_files
from configuration.published_flows import flows_elsewhere
from configuration.secrets import Secrets, secrets_for
from domain.centre import Centre
from machine.hosts import reached_at, with_port
from machine.keeping import keep
from offhook.restarts import Restarts
from offhook.stack_database import StackDatabase
from offhook.stack_error import StackError
from offhook.state_folder import claim
from storage.database import close_pool, make_pool
from storage.database_errors import StorageError
from storage.embedded import EmbeddedServer
from supervision.controller_process import SPARE_AFTER_S, ControllerProcess
from supervision.logs import keep_small
from telephony.agi.kept_port import reserve
from telephony.asterisk.generated_files import Addresses, Ports
from telephony.asterisk.instance import Instance
from telephony.asterisk.process import AsteriskError, check_free
from telephony.asterisk.provision import AsteriskInstall, Progress


class Stack:
    """Offhook on one machine. ``state`` is the folder for all that it keeps.

    ``install`` is the Asterisk to start; None if the configuration names one that runs elsewhere.
    """

    def __init__(
        self,
        config: Config,
        state: Path,
        ports: Ports,
        install: AsteriskInstall | None,
        *,
        progress: Progress = lambda _: None,
        environment: dict[str, str] | None = None,
        controller_log: Path | None = None,
        fallback_after_s: int = 60,
        database: EmbeddedServer | None = None,
        database_name: str = "offhook",
        spare_after_s: float = SPARE_AFTER_S,
    ) -> None:
        self.config = config
        self.state = state.resolve()
        self.ports = ports
        self._claimed: IO[bytes] | None = None
        self._agi_port: ExitStack | None = None
        self._keeping: list[asyncio.Task[None]] = []
        self._directory: DirectoryCopy | None = None
        self._restarts: Restarts | None = None
        sections = config.sections
        self.secrets: Secrets = secrets_for(self.state, sections or Directory())
        self._instance: Instance | None = None
        if install is not None:
            centre = centre_of(sections or Directory())
            self._instance = Instance(
                self.state / "asterisk",
                ports,
                centre,
                self.secrets.for_asterisk(centre),
                install,
                node=config.node,
                addresses=Addresses(
                    sip=config.sip.bind,
                    external=config.sip.external_address,
                    agi=reached_at(config.asterisk.agi_bind),
                ),
                fallback_after_s=fallback_after_s,
            )
        self._database = StackDatabase(
            self.state, config.database.dsn, database, database_name, progress
        )
        self._controller: ControllerProcess | None = None
        self._controller_log = controller_log or self.state / "controller.log"
        self._small: asyncio.Task[None] | None = None
        self._progress = progress
        self._environment = environment or {}
        self._spare_after_s = spare_after_s

    @property
    def instance(self) -> Instance:
        """The Asterisk that it starts. Raises StackError if Asterisk runs elsewhere."""
        if self._instance is None:
            raise StackError("Asterisk runs elsewhere; start and stop it there")
        return self._instance

    @property
    def controller(self) -> ControllerProcess:
        """The controller's process. Raises StackError before ``start``."""
        if self._controller is None:
            raise StackError("the controller has not been started")
        return self._controller

    @property
    def directory(self) -> Directory:
        """The directory as it was last kept here. Raises StackError before the first start."""
        return self._kept.kept.directory

    @property
    def _kept(self) -> DirectoryCopy:
        found = kept_here(self.state) or self._directory
        if found is None:
            raise StackError("the directory has not been opened")
        return found

    @property
    def centre(self) -> Centre:
        """The centre of ``directory``."""
        return centre_of(self.directory)

    @property
    def dsn(self) -> str:
        """The database's address, once it has started."""
        return self._database.dsn

    @property
    def database_pid(self) -> int | None:
        """The process of its PostgreSQL; None if that runs elsewhere."""
        return None if self._database.server is None else self._database.server.pid

    def _make_controller(self) -> ControllerProcess:
        ports = (str(getattr(self.ports, name)) for name in Ports.__dataclass_fields__)
        self._controller_log.touch(mode=0o600)  # it holds callers' numbers
        return ControllerProcess(
            ["--config", str(self.config.source), "--state", str(self.state), "--in-force"],
            {"OFFHOOK_DSN": self.dsn, "OFFHOOK_PORTS": ",".join(ports), **self._environment},
            self._controller_log,
            progress=self._progress,
            spare_after_s=self._spare_after_s,
        )

    @property
    def console_url(self) -> str:
        """Where a browser finds the console."""
        host = reached_at(self.config.console.bind)
        return f"http://{with_port(host, self.ports.console)}/"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all parts. If one fails, stop those that have started, and raise.

        Raises AsteriskError, CannotKeep, ControllerError, StackError, StorageError; each is one
        line for a person.
        """
        self._claimed = claim(self.state)
        try:
            check_addresses(self.config, asterisk=self._instance is not None)
            check_free(
                [
                    ("tcp", self.config.asterisk.agi_bind, self.ports.agi, "FastAGI"),
                    ("tcp", self.config.console.bind, self.ports.console, "the console"),
                ]
            )
            self._keep_port()
            await self._database.start()
            await self._open_directory()
            found = from_files(self.config, self.state)
            await self.check_flows(found)
            if self._instance is not None:
                self._progress("starting Asterisk")
                await self._instance.start()
            self._progress("starting the controller and the console")
            self._controller = self._make_controller()
            self._restarts = Restarts(
                found,
                self.state,
                self._controller,
                self._instance,
                lambda: self._kept,
                self._progress,
            )
            self._restarts.keep_copy(found)
            await self._controller.start()
            self._small = asyncio.get_running_loop().create_task(keep_small(self._logs()))
        except BaseException:
            await self.stop()
            raise

    def _keep_port(self) -> None:
        try:
            self._agi_port = reserve(self.config.asterisk.agi_bind, self.ports.agi)
        except OSError as error:
            # The port is free (check_free), but the kernel keeps an earlier Offhook's connections.
            self._progress(
                f"FastAGI's port {self.ports.agi} can't be kept for this user alone"
                f" ({error.strerror}); whoever else has an account here could take it while the"
                " controller is away"
            )

    async def restart(self, found: InForce) -> None:
        """Replace the controller by one with this configuration and its flows; all else goes on,
        including calls.

        Raises StackError if nothing has changed, and ControllerError if the new controller does
        not start and the configuration before it is in force again.
        """
        if self._restarts is None:
            raise StackError("the controller has not been started")
        await self._restarts.put_in_force(found)
        self.config, self.secrets = found.config, found.secrets

    async def drain(self) -> None:
        """Let calls end for as long as the configuration allows, and refuse new ones; call it
        before ``stop``. Reports what stopping would cost, and its progress.

        A restart that is under way is finished first: the calls are then the new controller's.
        """
        if self._restarts is not None:
            await self._restarts.close()
        if self._controller is not None:
            await self._controller.drain(self.config.drain_s)

    async def _open_directory(self) -> None:
        """Read the directory, and move what ``centre.yaml`` still has of it there."""
        pool = await make_pool(self.dsn, pool_size=1)
        try:
            self.config, self._directory = await directory_at_start(
                self.config, self.state, pool, self.secrets
            )
        finally:
            await close_pool(pool)
        if self._instance is not None:
            self._instance.centre = self.centre
            self._instance.secrets = asterisk_passwords(self.secrets, self._directory)

    async def check_flows(self, found: InForce) -> None:
        """Check the flows in files: those that callers would meet. Raises DocumentError."""
        pool = await make_pool(self.dsn, pool_size=1)
        try:
            elsewhere = await flows_elsewhere(pool, found.files, self.state)
        finally:
            await close_pool(pool)
        load_flows(found.files, self.directory, elsewhere)

    def _logs(self) -> list[Path]:
        """The logs that grow for as long as we run."""
        logs = [self._controller_log]
        if self._instance is not None:
            logs += [self._instance.log / name for name in ("messages", "security", "output")]
        if self._database.is_own:
            logs.append(self.state / "postgres" / "data" / "log")
        return logs

    def keep(self) -> None:
        """From now on, restart each part whenever it ends by itself or hangs."""
        self.controller.keep()
        run = asyncio.get_running_loop().create_task
        if self._instance is not None:
            asterisk = self._instance
            self._keeping.append(
                run(
                    keep(
                        "Asterisk",
                        asterisk.ended,
                        asterisk.start_again,
                        self._progress,
                        AsteriskError,
                        OSError,
                    )
                )
            )
        if self._database.server is not None:
            database = self._database.server
            self._keeping.append(
                run(
                    keep(
                        "PostgreSQL (embedded)",
                        database.ended,
                        partial(asyncio.to_thread, database.start),
                        self._progress,
                        StorageError,
                        OSError,
                    )
                )
            )

    async def stop(self) -> None:
        """Stop everything that was started, and nothing else."""
        small, self._small = self._small, None
        if small is not None:
            small.cancel()
            await asyncio.wait([small])
        keeping, self._keeping = self._keeping, []
        for task in keeping:
            task.cancel()
        if keeping:
            await asyncio.wait(keeping)
        if self._controller is not None:
            await self._controller.stop()
        if self._instance is not None:
            await self._instance.stop()
        await self._database.stop()
        if self._agi_port is not None:
            self._agi_port.close()
            self._agi_port = None
        if self._claimed is not None:
            self._claimed.close()
            self._claimed = None

    async def missing(self) -> list[str]:
        """What the controller has to do without at present, as its health page names it."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.console_url}healthz") as page:
            found: list[str] = (await page.json())["missing"]
            return found
