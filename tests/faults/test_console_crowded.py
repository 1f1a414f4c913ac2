"""Strangers crowd the console: they cost no call, no health check, and no controller."""

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import Signals
from time import monotonic
from typing import Any

import aiohttp
import pytest

from machine.open_files import share
from supervision import loaded_process
from supervision.controller_process import HUNG_AFTER_S, LOOK_EVERY_S
from telephony.asterisk.process import die_with
from tests.faults.conftest import SceneFactory
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

FILES = 400
"""Open files that the controller may have; what 20,000 connections are to 20,000 files, with less
sweat."""


@pytest.fixture
def few_files(monkeypatch: Any) -> None:
    """Controllers that are started here may have ``FILES`` files open, and can't raise that."""

    def limited(parent: int, by: Signals) -> Callable[[], None]:
        usual = die_with(parent, by)

        def arrange() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
            usual()

        return arrange

    monkeypatch.setattr(loaded_process, "die_with", limited)


@contextlib.contextmanager
def crowd(port: int, size: int) -> Iterator[list[socket.socket]]:
    """So many connections from many addresses; nobody says a word."""
    there: list[socket.socket] = []
    try:
        for n in range(size):
            one = socket.socket()
            there.append(one)
            one.setblocking(False)
            one.bind((f"127.0.2.{n % 250 + 1}", 0))
            with contextlib.suppress(BlockingIOError):
                one.connect(("127.0.0.1", port))
        yield there
    finally:
        for one in there:
            one.close()


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.usefixtures("few_files")
async def test_a_silent_crowd_costs_no_call_and_no_controller(scene: SceneFactory) -> None:
    here = await scene(agents=1, spare=True)
    here.stack.controller.keep()
    pid = here.stack.controller.pid
    assert pid is not None
    healthz = f"{here.stack.console_url}healthz"
    await here.phones("answer-0,speak-60")

    async def two_calls() -> None:
        for caller in ("13900000001", "13900000002"):
            call = await here.customer("speak-2,hangup", caller)
            await here.until_stages(talking=1)
            await here.far.ended(call)

    with crowd(here.stack.ports.console, 3 * FILES):
        # Longer than a controller that does not answer would live.
        enough = monotonic() + HUNG_AFTER_S + 2 * LOOK_EVERY_S
        calls = asyncio.create_task(two_calls())

        async def stands_it() -> bool:
            async with aiohttp.ClientSession() as http, http.get(healthz) as answer:
                assert answer.status == 200
            assert open_files(pid) < FILES - 100
            return calls.done() and monotonic() > enough

        await until(stands_it, 300, "the calls to end, and the time to pass", every_s=0.1)
        await calls
        assert here.stack.controller.pid == pid
    os.kill(pid, 0)  # it lives
    assert share(FILES).visitors < FILES // 4
    board = await here.console.board()  # the session of before still counts
    assert board["agents"]
