"""Starts an Asterisk process, waits until it is ready, watches it, and makes sure that it ends."""

import asyncio
import contextlib
import ctypes
import hashlib
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from domain.errors import OperatorError
from machine.keeping import until_ended
from machine.private_files import have, keep_private
from telephony.asterisk import priority
from telephony.asterisk.provision import AsteriskInstall

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
HUNG_AFTER_S = 30.0
"""An Asterisk that has not greeted on AMI for this long is killed, and its calls with it."""

_ITS_OWN_CLOCK = "TZ"
"""Asterisk breaks times down by ``/etc/localtime`` alone, but makes seconds since 1970 of them by
this: ``STRFTIME(,,%s)`` would be hours off, and each session refused for its old token."""

_PR_SET_PDEATHSIG = 1
_SUN_PATH = 100  # a Unix socket's path has at most 108 bytes
_GROUP_GONE_S = 2.0
_LONGEST = 120
"""Asterisk truncates paths, some at 200 bytes, and names of files are appended to this one."""
PLAIN_PATH = r"[\w./@+-]+"
"""What every part of Asterisk reads unchanged: configuration, dialplan, prompts."""
HERE = Path("/proc/self/cwd")
"""A name that an Asterisk started in a folder can use for it, whatever it is called."""
_libc = ctypes.CDLL(None, use_errno=True)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != _ITS_OWN_CLOCK}


def is_plain(path: Path) -> bool:
    """Whether every part of Asterisk reads this path unchanged."""
    return len(str(path)) <= _LONGEST and re.fullmatch(PLAIN_PATH, str(path)) is not None


class AsteriskError(OperatorError):
    """Asterisk could not be started; the text says why, and where to look."""


class AsteriskProcess:
    """Asterisk with the configuration in ``conf``; everything it writes is under ``folder``.

    The process has its own group and, unless ``outlives_parent``, is killed with its parent.
    """

    def __init__(
        self, install: AsteriskInstall, folder: Path, *, name: str, outlives_parent: bool = False
    ) -> None:
        self.install = install
        self.folder = folder.absolute()
        self.conf = self.folder / "conf"
        self.log = self.folder / "log"
        self.spool = self.folder / "spool"
        self._plain = is_plain(self.folder)
        self.run = _short(self.folder / "run") if self._plain else self.folder / "run"
        self._sbin = self.folder / "sbin"
        self.name = name
        self._outlives_parent = outlives_parent
        self._wants_priority = False
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The running process, or None."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def command(self) -> tuple[str, ...]:
        """What starts it and, with ``-rx``, reaches its console; in its folder."""
        return (*self.install.command, "-C", str(self.seen(self.conf) / "asterisk.conf"))

    def seen(self, path: Path) -> Path:
        """The path by which Asterisk finds something in its folder.

        Many characters mean something in its configuration and dialplan (``;`` ``$`` ``,`` ``&``
        ``[`` and more), and a control socket's path must be short. So a folder with an awkward or
        long name is called by a fixed one instead: Asterisk's working directory.
        """
        if self._plain or not path.is_relative_to(self.folder):
            return path
        return HERE / path.relative_to(self.folder)

    def write_main_file(self, template: str) -> None:
        """Write asterisk.conf: ``template`` with its [directories] replaced by this folder's."""
        for folder in (self.conf, self.log, self.spool / "monitor", self.run, self.folder / "lib"):
            folder.mkdir(parents=True, exist_ok=True)
        self._check_run()
        keep_private(self.run, 0o700)
        for part in (self.log / "cdr-custom", self.log / "cel-custom", self.folder / "lib/keys"):
            part.mkdir(exist_ok=True)
        folders = {
            "astetcdir": self.conf,
            "astmoddir": self.install.modules,
            "astdatadir": self.install.data,
            "astagidir": self.folder / "lib",
            "astvarlibdir": self.folder / "lib",
            "astdbdir": self.folder / "lib",
            "astkeydir": self.folder / "lib",  # it looks in keys/ there
            "astcachedir": self.folder / "lib",
            "astspooldir": self.spool,
            "astrundir": self.run,
            "astlogdir": self.log,
        }
        self._wants_priority = bool(re.search(r"(?m)^highpriority *= *yes", template))
        if self._place_canary():
            folders["astsbindir"] = self._sbin
        section = "[directories]\n" + "".join(
            f"{key} => {self.seen(at)}\n" for key, at in folders.items()
        )
        rest = re.sub(r"(?ms)^\[directories\].*?(?=^\[|\Z)", "", template)
        have(self.conf / "asterisk.conf", f"{section}\n{rest}".encode())

    def _check_run(self) -> None:
        """Raise AsteriskError if somebody else made the folder for our control socket."""
        found = self.run.lstat()
        is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not is_own and not self.run.is_relative_to(self.folder):
            raise AsteriskError(
                f"{self.run} is needed for Asterisk's control socket, and is not a folder of"
                " Offhook's user; remove it, or give Offhook a state folder with a shorter path"
            )

    def _place_canary(self) -> bool:
        """Put ``astcanary`` where Asterisk looks for it (astsbindir); False if Asterisk came
        without it.

        Asterisk at high priority starts this program at ordinary priority, and gives its own up
        when the canary no longer sings, so that a runaway Asterisk can't freeze the machine. A
        script starts it, because the one in an unpacked Debian root runs only through that root's
        loader.
        """
        if not self.install.canary:
            return False
        self._sbin.mkdir(exist_ok=True)
        script = self._sbin / "astcanary"
        have(script, f'#!/bin/sh\nexec {shlex.join(self.install.canary)} "$@"\n'.encode())
        keep_private(script, 0o700)
        return True

    async def start(self, ami: tuple[str, int], *, timeout: float = 30.0) -> None:
        """Start Asterisk and wait until it is fully booted. Raises AsteriskError."""
        control = self.seen(self.run) / "asterisk.ctl"
        if len(str(control)) > _SUN_PATH:
            raise AsteriskError(
                f"{self.name}: the path {control} is too long for a socket; use a shorter folder"
            )
        output = self.log / "output"
        with output.open("ab") as sink:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                "-f",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=self.folder,
                env=_environment(),
                start_new_session=True,
                preexec_fn=self._arrangement(),
            )
        held = False
        try:
            async with asyncio.timeout(timeout):
                held = await self._until_answers(ami)
        except TimeoutError:
            await self.stop()
            raise AsteriskError(
                f"{self.name}: Asterisk was not ready after {timeout:.0f} s; {self._last_words()}"
            ) from None
        except BaseException:
            await self.stop()
            raise
        if self._wants_priority and (pid := self.pid) is not None:
            if held:
                priority.put_first(pid)
            if trouble := priority.trouble(pid, has_canary=bool(self.install.canary)):
                log.warning(trouble, asterisk=self.name)

    async def ended(
        self,
        ami: tuple[str, int],
        *,
        look_every_s: float = LOOK_EVERY_S,
        hung_after_s: float = HUNG_AFTER_S,
    ) -> str:
        """Wait until the process has ended; kill it if it hangs. Returns what became of it."""
        process = self._process
        if process is None:
            return "is gone"
        return await until_ended(
            process,
            lambda _: _greets(ami, look_every_s),
            self.kill,
            look_every_s=look_every_s,
            hung_after_s=hung_after_s,
        )

    def _arrangement(self) -> Callable[[], None]:
        """What the child process does before it becomes Asterisk."""
        mortal = None if self._outlives_parent else die_with(os.getpid())

        def arrange() -> None:
            os.umask(0o077)  # nobody else on this machine may hear what customers say
            if mortal is not None:
                mortal()

        return arrange

    async def _until_answers(self, ami: tuple[str, int]) -> bool:
        """Wait until Asterisk has booted: AMI already answers before all modules are loaded.
        Returns whether it has been held back (see ``priority``)."""
        held = asyncio.Event()
        holding = asyncio.get_running_loop().create_task(self._hold_back(held))
        try:
            while True:
                if self.pid is None:
                    raise AsteriskError(
                        f"{self.name}: Asterisk ended at once; {self._last_words()}"
                    )
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(*ami)
                    writer.close()
                    if "fully booted" in await self.console("core waitfullybooted"):
                        return held.is_set()
                await asyncio.sleep(0.05)
        finally:
            holding.cancel()

    async def _hold_back(self, held: asyncio.Event) -> None:
        """Hold Asterisk back until cancelled; ``held`` is set once it had a priority to take."""
        while True:
            if self.pid is not None and priority.hold_back(self.pid):
                held.set()
            await asyncio.sleep(0.02)

    async def console(self, command: str) -> str:
        """What ``asterisk -rx command`` prints; for set-up, tests and people, not the engine."""
        process = await asyncio.create_subprocess_exec(
            *(*self.command, "-rx", command),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return output.decode("utf-8", "replace")

    async def stop(self, *, timeout: float = 5.0) -> None:
        """End the process and its group; returns once nothing of it is left."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout):
                await process.wait()
        except TimeoutError:
            log.warning("Asterisk did not end in time and was killed", asterisk=self.name)
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        await _group_gone(process.pid)
        if not self.run.is_relative_to(self.folder):
            shutil.rmtree(self.run, ignore_errors=True)

    def kill(self) -> None:
        """End the process as a crash would, without a goodbye to anybody."""
        if self._process is not None:
            _signal_group(self._process.pid, signal.SIGKILL)

    def problems(self) -> list[str]:
        """The warnings and errors in the log so far."""
        try:
            text = (self.log / "messages").read_text("utf-8", "replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if re.search(r"\] (WARNING|ERROR)\[", line)]

    def _last_words(self) -> str:
        errors = [line for line in self.problems() if "] ERROR[" in line]
        if not errors:
            with contextlib.suppress(OSError):
                errors = (self.log / "output").read_text("utf-8", "replace").splitlines()
        last = errors[-1].strip() if errors else "it said nothing"
        return f"its last words: {last} (all of them in {self.log})"


async def _greets(ami: tuple[str, int], within_s: float) -> bool:
    """Whether AMI answers: with its greeting, or by closing (too many are connected)."""
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(*ami)
            try:
                await reader.read(1)
            finally:
                writer.close()
    except OSError:  # includes TimeoutError
        return False
    return True


def _short(run: Path) -> Path:
    """The folder for the control socket: ``run``, or a temporary one if that path is too long."""
    if len(str(run / "asterisk.ctl")) <= _SUN_PATH:
        return run
    name = hashlib.sha256(str(run).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"offhook-{name}"


def check_free(wanted: Iterable[tuple[str, str, int, str]]) -> None:
    """Raise AsteriskError if one of (protocol, host, port, what it is for) is taken."""
    for protocol, host, port, use in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        with socket.socket(family, kind) as probe:
            if protocol == "tcp":
                # As Asterisk does: connections in TIME_WAIT don't matter.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise AsteriskError(
                    f"{protocol.upper()} port {port} on {host} ({use}) can't be used: "
                    f"{error.strerror}; end the program that has it, or choose another port"
                ) from error


def die_with(parent: int, by: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A function for a child to call before exec: it then gets this signal when ``parent`` dies."""

    def arrange() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:  # the parent died before we asked
            os._exit(1)

    return arrange


async def _group_gone(pid: int) -> None:
    """Wait until the group is gone: Asterisk's canary is not our child, and may take longer."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + _GROUP_GONE_S
    while clock() < deadline:
        if not group_runs(pid):
            return
        await asyncio.sleep(0.01)


def group_runs(group: int) -> bool:
    """Whether a process of this group still runs.

    One that has ended stays in its group until its parent takes note. The canary's is process 1,
    which in some containers takes seconds, or never does.
    """
    for about in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = about.read_text("utf-8", "replace").rpartition(") ")
            state, _parent, its_group, *_others = fields.split()
        except (OSError, ValueError):  # it has gone meanwhile
            continue
        if its_group == str(group) and state not in ("Z", "X"):
            return True
    return False


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
