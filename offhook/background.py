"""Runs the parts of a controller side by side, each until it is no longer needed."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack

import structlog

log = structlog.get_logger()

BackgroundWork = tuple[Coroutine[object, object, None], str]
"""What runs in the background, and what it is called."""


def run_beside(
    stack: AsyncExitStack, work: Coroutine[object, object, None], what: str
) -> asyncio.Task[None]:
    """Run in the background until the stack unwinds; a task that dies by itself is logged."""

    async def watched() -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a part of the controller died; restart it and report this", part=what)

    task = asyncio.get_running_loop().create_task(watched(), name=what)

    async def end() -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)
    return task


def run_all(stack: AsyncExitStack, works: Iterable[BackgroundWork]) -> None:
    """Run each of them in the background, as ``run_beside`` does."""
    for work, what in works:
        run_beside(stack, work, what)
