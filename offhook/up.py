"""``./run up``: runs your own centre on this machine until Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp

from centre.inbound_settings import HotlineSettings
from centre.organisation_settings import AgentSettings
from configuration.centre_file import Config, ConfigError, load
from configuration.flows import check_sections
from configuration.in_force import CannotKeep, from_files
from configuration.moving import again
from configuration.secrets import PASSWORDS, SecretsError
from documents.document_errors import DocumentError
from machine.hosts import with_port
from offhook.restarts import STOPPING
from offhook.stack import Stack
from offhook.stack_error import StackError
from supervision.control import controlled
from supervision.controller_process import ControllerError
from supervision.outlet import say
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.process import AsteriskError
from telephony.asterisk.provision import (
    find_or_install,
    find_or_install_espeak,
    find_or_install_ffmpeg,
    find_or_install_openssl,
)

RESTART_REFUSED = (
    AsteriskError, CannotKeep, ConfigError, ControllerError, DocumentError, OSError, SecretsError,
    StackError,
)  # fmt: skip
"""The errors that are reported to whoever asked for a restart."""


class Leave:
    """A first Ctrl-C that doesn't stop at once: it sets ``asked``, and the second one stops."""

    def __init__(self) -> None:
        self.possible = False
        self.asked = asyncio.Event()
        self.stopping = False

    def begin_stopping(self) -> None:
        """From now on everything is being stopped, and Ctrl-C doesn't interrupt that."""
        if not self.stopping:
            self.stopping = True
            say("stopping")


async def until_stopped(
    work: Coroutine[Any, Any, int], *, at_a_signal: int, leave: Leave | None = None
) -> int:
    """Do ``work``; at Ctrl-C or SIGTERM cancel it, once, and wait for it to clean up.

    Returns the result of ``work``, or ``at_a_signal``. An impatient second Ctrl-C must not keep
    it from stopping what it started.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    leave = leave or Leave()

    def stop() -> None:
        if leave.possible and not leave.asked.is_set():
            leave.asked.set()
        elif not leave.stopping:
            leave.begin_stopping()
            task.cancel()

    def terminal_gone() -> None:
        # The shell and the kernel both send SIGHUP, and at the end of a session SIGTERM comes
        # before it: neither is somebody's second Ctrl-C.
        if not leave.asked.is_set():
            stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
        loop.add_signal_handler(signal.SIGHUP, terminal_gone)
    try:
        return await task
    except asyncio.CancelledError:
        if not leave.stopping:
            raise
        return at_a_signal


async def up(config: Config, state: Path, ports: Ports) -> int:
    """Start everything, print where the console is, and run until Ctrl-C."""
    leave = Leave()
    return await until_stopped(_up(config, state, ports, leave), at_a_signal=0, leave=leave)


async def _up(config: Config, state: Path, ports: Ports, leave: Leave) -> int:
    check_sections(config)  # a fault in a flow is reported before anything starts
    install = None
    if config.asterisk.managed:
        install = await asyncio.to_thread(find_or_install, say)
        await asyncio.to_thread(find_or_install_openssl, say)
    await asyncio.to_thread(find_or_install_espeak, say)
    await asyncio.to_thread(find_or_install_ffmpeg, say)
    stack = Stack(config, state, ports, install, progress=say)
    async with stack:
        leave.possible = True
        stack.keep()
        say(f"console: {stack.console_url}  user: admin  first password: {stack.secrets.admin}")
        if not stack.directory.of(HotlineSettings) or not stack.directory.of(AgentSettings):
            say(f"a new centre: {stack.console_url}centre/first-steps leads to its first call")
        if config.asterisk.managed:
            where = f"phones register at {with_port(config.sip.bind, ports.sip)}"
        else:
            ami = config.asterisk.ami_port or ports.ami
            where = f"Asterisk runs elsewhere, with AMI at {config.asterisk.host}:{ami}"
        say(f"{where}; passwords: {state}/{PASSWORDS}")
        # A controller that has just died is started again; that has nothing to do with this.
        missing: list[str] = []
        with contextlib.suppress(aiohttp.ClientError, OSError, ValueError):
            missing = await stack.missing()
        if "asterisk" in missing:
            say(f"Asterisk does not accept the controller's login yet; see {stack.controller.log}")
        say("Ctrl-C stops everything; './run restart' applies a changed configuration, calls go on")

        async def restart(tell: Callable[[str], None]) -> None:
            if leave.asked.is_set():
                raise StackError(STOPPING)
            new = load(config.source)
            if new.sections is not None:
                raise again(new)
            changed = from_files(new, stack.state)
            await stack.check_flows(changed)
            tell("the configuration is valid; restarting the controller")
            say("restarting the controller, as ./run restart asked")
            await stack.restart(changed)
            tell("the new controller is serving; calls went on meanwhile")

        async with controlled(state, {"restart": restart}, RESTART_REFUSED):
            await leave.asked.wait()
            await stack.drain()
            leave.begin_stopping()
    return 0
