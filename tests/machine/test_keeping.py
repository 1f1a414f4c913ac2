"""A watch over a part never ends by itself, whatever happens."""

import asyncio
import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest
from structlog.testing import capture_logs

from machine.keeping import keep
from offhook.up import Leave, until_stopped

DEADLINE_S = 20.0


keep_at_once = partial(keep, first_s=0.0, last_s=0.0)


async def test_what_nobody_expected_is_logged_and_the_watch_goes_on() -> None:
    said: list[str] = []
    runs_again = asyncio.Event()
    looks: Iterator[Exception | None] = iter((AttributeError("while looking"), None, None))
    starts: Iterator[Exception | None] = iter((KeyError("while starting"), OSError("full"), None))

    async def ended() -> str:
        if runs_again.is_set():
            await asyncio.Event().wait()
        if error := next(looks):
            raise error
        return "ended (-9)"

    async def start() -> None:
        if error := next(starts):
            raise error
        runs_again.set()

    with capture_logs() as logs:
        keeping = asyncio.create_task(keep_at_once("the part", ended, start, said.append, OSError))
        waiting = asyncio.create_task(runs_again.wait())
        await asyncio.wait(
            (keeping, waiting), timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED
        )
        assert not keeping.done(), keeping.exception()
        await waiting
        keeping.cancel()
    assert [(line["log_level"], line["part"]) for line in logs] == [("error", "the part")] * 2
    assert "the part does not start; trying again: full" in said


async def test_a_terminal_that_has_gone_does_not_end_the_watch() -> None:
    def gone(_text: str) -> None:
        raise BrokenPipeError

    starts = 0
    twice = asyncio.Event()

    async def ended() -> str:
        return "ended (1)"

    async def start() -> None:
        nonlocal starts
        starts += 1
        if starts == 2:
            twice.set()

    keeping = asyncio.create_task(keep_at_once("the part", ended, start, gone))
    waiting = asyncio.create_task(twice.wait())
    await asyncio.wait((keeping, waiting), timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
    assert not keeping.done(), keeping.exception()
    assert twice.is_set(), f"started {starts} times"
    waiting.cancel()
    keeping.cancel()


async def test_ctrl_c_while_it_stops_by_itself_does_not_break_that_off(
    capfd: pytest.CaptureFixture[str],
) -> None:
    leave = Leave()
    stopped: list[str] = []
    seen = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, seen.set)

    async def work() -> int:
        leave.possible = True
        os.kill(os.getpid(), signal.SIGINT)
        await leave.asked.wait()
        leave.begin_stopping()
        for number in (signal.SIGINT, signal.SIGUSR1):
            os.kill(os.getpid(), number)
        await seen.wait()
        await asyncio.sleep(0)
        stopped.append("all of it")
        return 3

    assert await until_stopped(work(), at_a_signal=0, leave=leave) == 3
    assert stopped == ["all of it"]
    assert capfd.readouterr().err == "offhook: stopping\n"


@pytest.mark.parametrize("first", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
async def test_a_terminal_that_goes_is_no_second_ctrl_c(first: signal.Signals) -> None:
    # A shell and the kernel both say that it is gone, a session's end says SIGTERM before it.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored
    leave = Leave()
    seen = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, seen.set)

    async def work() -> int:
        leave.possible = True
        os.kill(os.getpid(), first)
        await leave.asked.wait()
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGUSR1):
            os.kill(os.getpid(), number)
        await seen.wait()
        await asyncio.sleep(0)
        return 3  # talks had the time they were given

    try:
        assert await until_stopped(work(), at_a_signal=0, leave=leave) == 3
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, before)
