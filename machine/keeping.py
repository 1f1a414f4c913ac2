"""Starts a part again when it ends or hangs: at once, then after longer and longer waits."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

FIRST_S, LAST_S = 0.2, 30.0
"""How long to wait before starting it again; the wait doubles each time, up to the last."""
SETTLED_S = 60.0
"""After running for this long a part has settled: the next wait is the first one again."""


async def until_ended(
    process: asyncio.subprocess.Process,
    answers: Callable[[float], Awaitable[bool]],
    kill: Callable[[], None],
    *,
    look_every_s: float,
    hung_after_s: float,
) -> str:
    """Wait until the process has ended, killing it if it hangs. Returns what happened.

    ``answers`` is given the seconds that it has left, and returns whether the process answered.
    """
    clock = asyncio.get_running_loop().time
    answered_at = clock()
    ending = asyncio.ensure_future(process.wait())
    try:
        while True:
            await asyncio.wait({ending}, timeout=look_every_s)
            if ending.done():
                return f"ended ({process.returncode})"
            if await answers(answered_at + hung_after_s - clock()):
                answered_at = clock()
            silent_s = clock() - answered_at
            if silent_s >= hung_after_s and not ending.done():
                kill()
                await ending
                return f"has not answered for {silent_s:.0f} s and was killed"
    finally:
        ending.cancel()


async def keep(
    name: str,
    ended: Callable[[], Awaitable[str | None]],
    start_again: Callable[[], Awaitable[None]],
    progress: Callable[[str], None],
    *expected: type[Exception],
    first_s: float = FIRST_S,
    last_s: float = LAST_S,
) -> None:
    """Keep the part called ``name`` running until cancelled, or until it has ended on purpose.

    ``ended`` waits for its end and returns what happened to it, such as ``ended (-9)``; None: it
    isn't wanted any more. ``start_again`` raises one of ``expected`` if it can't; its text is one
    line for a person, and is reported once for as long as it stays the same. Any other error is
    logged, and the watch goes on. Before each start it waits, ``first_s`` at first, and each time
    twice as long up to ``last_s``.
    """
    clock = asyncio.get_running_loop().time
    delay = first_s
    while True:
        began = clock()
        try:
            await _keep(name, ended, start_again, progress, expected, first_s, last_s)
        except Exception:
            with contextlib.suppress(OSError):  # the terminal has gone
                log.exception("the watch over a part failed, and goes on; report this", part=name)
            if clock() - began >= SETTLED_S:
                delay = first_s
            await asyncio.sleep(delay)
            delay = min(delay * 2, last_s)
        else:
            return


async def _keep(
    name: str,
    ended: Callable[[], Awaitable[str | None]],
    start_again: Callable[[], Awaitable[None]],
    progress: Callable[[str], None],
    expected: tuple[type[Exception], ...],
    first_s: float,
    last_s: float,
) -> None:
    def report(text: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that has gone
            progress(text)

    clock = asyncio.get_running_loop().time
    delay = first_s
    while True:
        began = clock()
        what = await ended()
        if what is None:
            return
        if clock() - began >= SETTLED_S:
            delay = first_s
        when = "" if delay < 1 else f" in {delay:.0f} s"
        report(f"{name} {what}; starting it again{when}")
        said = ""
        while True:
            await asyncio.sleep(delay)
            delay = min(delay * 2, last_s)
            try:
                await start_again()
            except expected as error:
                if str(error) != said:
                    said = str(error)
                    report(f"{name} does not start; trying again: {said}")
            else:
                break
        report(f"{name} is running again")
