"""``./run up``: your own centre on this machine, until Ctrl-C."""

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

from offhook.asterisk_files import Ports
from offhook.config import Config
from offhook.provision import find_or_install, find_or_install_espeak, find_or_install_openssl
from offhook.stack import Stack

PORTS = Ports(
    sip=5060, sip_tls=5061, ami=5038, agi=4573, console=8080, rtp_start=10_000, rtp_end=11_999
)
"""Where each of them usually listens."""


def say(text: str) -> None:
    """A step, for the person at the terminal."""
    print(f"offhook: {text}", file=sys.stderr, flush=True)


async def stopped() -> None:
    """Returns at Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def up(config: Config, state: Path) -> None:
    """Start everything, say where the console is, go on until Ctrl-C."""
    install = await asyncio.to_thread(find_or_install, say)
    await asyncio.to_thread(find_or_install_espeak, say)
    await asyncio.to_thread(find_or_install_openssl, say)
    ports = replace(PORTS, console=config.console.port)
    stack = Stack(config, state, ports, install, progress=say)
    async with stack:
        stack.keep_controller()
        say(f"console: {stack.console_url}  user: admin  first password: {stack.secrets.admin}")
        say(f"phones register at {config.sip.bind}:{ports.sip}; passwords: {state}/secrets.json")
        say("Ctrl-C stops everything")
        await stopped()
        say("stopping")
