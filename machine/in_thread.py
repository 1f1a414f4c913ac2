"""Runs long blocking work in a thread, so that Ctrl-C ends it between two of its steps."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

CountSteps = Callable[[int], object]


class _Stopped(Exception):  # noqa: N818
    """Raised into the work, at its next step."""


async def in_thread(work: Callable[[CountSteps], T], step: CountSteps) -> T:
    """What ``work`` returns. It is given a function to call now and then, as ``step``.

    When this is cancelled, that function raises, and the cancellation goes on once ``work`` has
    ended: nothing is done in the background after that.
    """
    stopped = threading.Event()

    def careful(steps: int) -> None:
        if stopped.is_set():
            raise _Stopped
        step(steps)

    task = asyncio.ensure_future(asyncio.to_thread(work, careful))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stopped.set()
        await asyncio.wait([task])
        task.exception()  # it has been looked at: there is nothing to log about
        raise
