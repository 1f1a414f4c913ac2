"""Waits for what has no event of its own, with a deadline and a report of what was seen."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

LOOK_EVERY_S = 0.02


@overload
async def until(
    condition: Callable[[], Awaitable[T]],
    seconds: float = ...,
    what: str = ...,
    *,
    seen: Callable[[], object] | None = ...,
    every_s: float = ...,
) -> T: ...


@overload
async def until(
    condition: Callable[[], T],
    seconds: float = ...,
    what: str = ...,
    *,
    seen: Callable[[], object] | None = ...,
    every_s: float = ...,
) -> T: ...


async def until(
    condition: Callable[[], object],
    seconds: float = 60.0,
    what: str = "",
    *,
    seen: Callable[[], object] | None = None,
    every_s: float = LOOK_EVERY_S,
) -> object:
    """What ``condition`` returns, once that is true; it is asked every ``every_s`` seconds.

    If ``seconds`` pass first, the test fails with ``what`` was waited for and with what was found
    instead: what ``seen`` returns, or else what ``condition`` returned last. Both may be awaitable.
    """
    deadline = time.monotonic() + seconds
    while not (found := await _come(condition())):
        if time.monotonic() >= deadline:
            state = found if seen is None else await _come(seen())
            raise AssertionError(_too_late(seconds, what, state))
        await asyncio.sleep(every_s)
    return found


def until_blocking(
    condition: Callable[[], T],
    seconds: float = 60.0,
    what: str = "",
    *,
    seen: Callable[[], object] | None = None,
    every_s: float = LOOK_EVERY_S,
) -> T:
    """``until`` for tests without an event loop."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(_too_late(seconds, what, found if seen is None else seen()))
        time.sleep(every_s)
    return found


async def _come(value: object) -> object:
    return await value if inspect.isawaitable(value) else value


def _too_late(seconds: float, what: str, state: object) -> str:
    return f"not within {seconds:g} s: {what or 'what the test waits for'}. Found instead:\n{state}"
