"""Runs the PostgreSQL that Offhook carries: one server per folder, reached over a unix socket.

Several processes may use one folder: the first starts the server, and the last to leave stops
it. The kernel drops the lock of a process that is killed, so the count of users is right after
any crash; a server that outlives us is found and used again at the next start.

Under root, the server itself runs as the user ``pgserver`` (PostgreSQL refuses root), and the
folders above the data are made passable for it.
"""

import asyncio
import atexit
import contextlib
import errno
import fcntl
import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import SubprocessError
from typing import Any
from urllib.parse import quote

import asyncpg
import psutil
import structlog

from machine.one_line import in_one_line
from machine.plain_path import forget_plain_path, plain_path
from storage.database_errors import DatabaseUnreachable, EmbeddedServerFailed
from storage.pgserver_library import end_initdb, last_words, library_server
from storage.postmaster import Postmaster, kill_all

log = structlog.get_logger()

LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class ServerTiming:
    """How long the embedded server may take for each thing, in seconds."""

    start_s: float = 120.0
    """To be ready: replaying a day's log after a crash takes time."""
    ask_every_s: float = 5.0
    connect_s: float = 20.0
    hung_after_s: float = 30.0
    """A server that accepts no login for this long is killed. A slow disk delays it by seconds."""
    interrupt_s: float = 30.0
    """To stop when asked to (SIGINT)."""
    quit_s: float = 10.0
    """To stop when urged to (SIGQUIT). After that it is killed; it recovers at the next start."""


class EmbeddedServer:
    """A PostgreSQL server whose data is in ``folder``."""

    def __init__(self, folder: Path, timing: ServerTiming = ServerTiming()) -> None:
        self._timing = timing
        self.folder = folder.expanduser().resolve()
        self.data = self.folder / "data"
        self._postmaster = Postmaster(self.data)
        self._server: Any = None
        self._used: int | None = None

    def start(self) -> None:
        """Starts the server unless it is running. Blocks for about a second. May be called again
        after the server has died.

        Raises EmbeddedServerFailed, with the reason in one line.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._starting():
                self._start()
                if self._used is None:
                    self._used = os.open(self.folder / "used.lock", os.O_RDWR | os.O_CREAT, 0o600)
                    fcntl.flock(self._used, fcntl.LOCK_SH)
            atexit.register(self.stop)
        except (OSError, SubprocessError, AssertionError, RuntimeError, ValueError) as error:
            raise EmbeddedServerFailed(
                f"the embedded PostgreSQL in {self.folder} did not start: {in_one_line(error)}"
                f"{last_words(self.data)}; is the disk full, or is the folder another user's?"
            ) from error

    def stop(self) -> None:
        """Stops the server unless another process still uses it. May be called twice."""
        if self._used is None:
            return
        with self._starting():
            fcntl.flock(self._used, fcntl.LOCK_UN)
            try:
                fcntl.flock(self._used, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info(
                    "embedded PostgreSQL keeps running for another process", folder=str(self.folder)
                )
            else:
                self._stop()
                forget_plain_path(self.folder)
            os.close(self._used)
            self._used = None
        atexit.unregister(self.stop)

    def dsn(self, database: str = "postgres") -> str:
        """The DSN of one of its databases."""
        folder = self._server.get_postmaster_info().socket_dir
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(folder))}"

    def usual_dsn(self, database: str) -> str:
        """The DSN that a database has, or will have once the server runs, unless the folder's name
        is too long for a socket."""
        data = plain_path(self.folder) / self.data.name
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(data))}"

    async def database(self, name: str) -> str:
        """The DSN of a database, which is created if it doesn't exist. Raises DatabaseUnreachable
        if the server lets nobody in."""
        try:
            db = await asyncpg.connect(self.dsn(), timeout=self._timing.connect_s)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnreachable(
                f"the embedded PostgreSQL in {self.folder} is running but lets nobody in:"
                f" {in_one_line(error)}; wait for it, or kill its process"
            ) from error
        try:
            quoted = '"' + name.replace('"', '""') + '"'
            with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                if not await db.fetchval("select 1 from pg_database where datname = $1", name):
                    await db.execute(f"create database {quoted}")
        finally:
            await db.close()
        return self.dsn(name)

    @property
    def pid(self) -> int | None:
        """The server's process id, None if it is not running."""
        process = self._postmaster.process()
        return None if process is None else process.pid

    async def ended(self) -> str:
        """Waits until the server has ended, and kills one that hangs. Returns what happened to it,
        in words."""
        clock = asyncio.get_running_loop().time
        asked_at = answered_at = clock()
        fate = "ended"
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            process = self._postmaster.process()
            if process is None:
                return fate
            if clock() - asked_at < self._timing.ask_every_s:
                continue
            if await self._answers():
                answered_at = clock()
                if self._used is None:
                    return "was slow to start"  # starting it gave up; the next start takes it over
            asked_at = clock()
            if asked_at - answered_at >= self._timing.hung_after_s:
                kill_all(process)
                fate = f"has not answered for {asked_at - answered_at:.0f} s and was killed"

    async def _answers(self) -> bool:
        try:
            db = await asyncpg.connect(self._address(), timeout=self._timing.ask_every_s)
        except asyncpg.PostgresError:
            return True  # it has too many connections or is starting, so it lives
        except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return False
        db.terminate()
        return True

    def _address(self) -> str:
        """Where the running server listens, whether we have started it or not."""
        if (file := self._postmaster.socket_file()) is not None:
            return f"postgresql://postgres@/postgres?host={quote(str(file.parent))}"
        return self.usual_dsn("postgres")

    @contextlib.contextmanager
    def _starting(self) -> Any:
        """Lets only one process at a time start or stop the server of this folder."""
        file = self.folder / "start.lock"
        try:
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            lock = os.open(file, os.O_RDONLY)  # the server is stopped there all the same
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _start(self) -> None:
        deadline = time.monotonic() + self._timing.start_s
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        while True:
            self._await_ready(deadline)
            # The library counts its users by process id in a file, which is wrong for ever after
            # a kill -9; we count ours by used.lock.
            (self.data / ".handle_pids.json").unlink(missing_ok=True)
            try:
                server = library_server(self.data)
                server.start()
                atexit.unregister(server._cleanup)  # noqa: SLF001
                self._server = server
            except (SubprocessError, AssertionError) as error:
                # A killed server's children hold its memory for a moment, and a long recovery
                # outlasts the library's ten seconds.
                if time.monotonic() > deadline or not self._worth_another_try():
                    raise
                log.info("embedded PostgreSQL is slow to start", why=in_one_line(error))
                time.sleep(0.5)
            else:
                if self._postmaster.process() is not None:
                    return
                # The server that was found was dying of a kill -9.
                if time.monotonic() > deadline:
                    raise RuntimeError("it ends as soon as it has started")
                time.sleep(0.1)

    def _stop(self) -> None:
        # Signals rather than the library's stop, which knows only the process it started.
        for wish, patience_s in (
            (signal.SIGINT, self._timing.interrupt_s),
            (signal.SIGQUIT, self._timing.quit_s),
        ):
            deadline = time.monotonic() + patience_s
            process = self._postmaster.process()
            if process is None:
                return
            with contextlib.suppress(psutil.Error):
                process.send_signal(wish)
            # Not process.wait(): a container's first process may leave it as a zombie for long.
            while self._postmaster.process() is not None and time.monotonic() < deadline:
                time.sleep(0.02)
        if process is not None and self._postmaster.process() is not None:
            log.error(
                "embedded PostgreSQL does not stop and is killed; nothing is lost",
                folder=str(self.folder),
                pid=process.pid,
            )
            kill_all(process)

    def _initialise(self) -> None:
        """Creates the data folder whole or not at all: half of one would never start."""
        half = self.folder / "data.new"
        end_initdb(plain_path(self.folder) / half.name)
        if half.exists():
            shutil.rmtree(half)
        library_server(half).ensure_pgdata_inited()
        with (half / "postgresql.conf").open("a", encoding="utf-8") as conf:
            # Whoever reaches the socket is let in, so only we (and root) may reach it: if the
            # folder's name is too long for a socket, it is in a shared place.
            conf.write("\nunix_socket_permissions = 0700\n")
        half.rename(self.data)

    def _await_ready(self, deadline: float) -> None:
        """Waits for a server that is starting, and kills it if it hangs. Removes what a killed one
        has left."""
        note = self._postmaster.note
        asked_at = answered_at = time.monotonic()
        while note.exists():
            process = self._postmaster.process()
            if process is None:
                log.info("removing what a killed PostgreSQL left", file=str(note))
                self._postmaster.remove_locks()
                return
            if self._postmaster.is_ready():
                return
            if time.monotonic() > deadline:
                raise RuntimeError("it has been starting or stopping for too long")
            time.sleep(0.1)
            if time.monotonic() - asked_at < self._timing.ask_every_s:
                continue
            asked_at = time.monotonic()
            if self._postmaster.says_a_word(self._timing.ask_every_s):
                answered_at = asked_at
            elif asked_at - answered_at >= self._timing.hung_after_s:
                log.error(
                    "embedded PostgreSQL hangs while it starts; it is killed", pid=process.pid
                )
                kill_all(process)

    def _worth_another_try(self) -> bool:
        words = last_words(self.data)
        return self._postmaster.process() is not None or "shared memory block" in words
