"""``./run up``: your own centre on this machine, until Ctrl-C."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from offhook.asterisk.files import Ports
from offhook.asterisk.provision import (
    find_or_install,
    find_or_install_espeak,
    find_or_install_openssl,
)
from offhook.config import Config
from offhook.flows import load_flows
from offhook.stack import Stack

PORTS = Ports(
    sip=5060, sip_tls=5061, ami=5038, agi=4573, console=8080, rtp_start=10_000, rtp_end=11_999
)
"""Where each of them usually listens."""


def say(text: str) -> None:
    """A step, for the person at the terminal."""
    print(f"offhook: {text}", file=sys.stderr, flush=True)


async def until_stopped(work: Coroutine[Any, Any, int], *, at_a_signal: int) -> int:
    """Do ``work``; at Ctrl-C or SIGTERM cancel it, once, and wait for it to clean up.

    Returns what it returns, or ``at_a_signal``. Whoever is impatient and presses Ctrl-C again
    must not keep it from stopping what it started.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            say("stopping")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopping:
            raise
        return at_a_signal


async def up(config: Config, state: Path, ports: Ports) -> int:
    """Start everything, say where the console is, go on until Ctrl-C."""
    return await until_stopped(_up(config, state, ports), at_a_signal=0)


async def _up(config: Config, state: Path, ports: Ports) -> int:
    load_flows(config)  # a fault in one is told before anything starts
    install = None
    if config.asterisk.managed:
        install = await asyncio.to_thread(find_or_install, say)
        await asyncio.to_thread(find_or_install_openssl, say)
    await asyncio.to_thread(find_or_install_espeak, say)
    stack = Stack(config, state, ports, install, progress=say)
    async with stack:
        stack.keep()
        say(f"console: {stack.console_url}  user: admin  first password: {stack.secrets.admin}")
        if config.asterisk.managed:
            where = f"phones register at {config.sip.bind}:{ports.sip}"
        else:
            ami = config.asterisk.ami_port or ports.ami
            where = f"Asterisk runs elsewhere, its AMI is {config.asterisk.host}:{ami}"
        say(f"{where}; passwords: {state}/secrets.json")
        if "asterisk" in await stack.missing():
            say(f"Asterisk does not let the controller in yet; see {stack.controller.log}")
        say("Ctrl-C stops everything")
        await asyncio.Event().wait()
    return 0
