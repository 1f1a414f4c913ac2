"""Watches for harm while a fuzzer is at work: what is logged, and which exceptions escape."""

import asyncio
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog


@dataclass(slots=True)
class Seen:
    """What has been seen so far."""

    escaped: list[str] = field(default_factory=list)
    """Exceptions that escaped, and log lines that report one."""
    logged: Counter[str] = field(default_factory=Counter)


@contextmanager
def watching(is_harm: Callable[[str, Mapping[str, Any]], bool]) -> Iterator[Seen]:
    """Watch for as long as the context lasts; nothing is printed. ``is_harm`` is asked about each
    log line, with its level."""
    seen = Seen()

    def count(_: Any, level: str, event: MutableMapping[str, Any]) -> str:
        seen.logged[event["event"]] += 1
        if is_harm(level, event):
            seen.escaped.append(f"{dict(event)}"[:600] + traceback.format_exc(limit=-3))
        raise structlog.DropEvent

    loop = asyncio.get_running_loop()
    before, processors = loop.get_exception_handler(), structlog.get_config()["processors"]
    loop.set_exception_handler(lambda _, context: seen.escaped.append(repr(context)))
    structlog.configure(processors=[count])
    try:
        yield seen
    finally:
        loop.set_exception_handler(before)
        structlog.configure(processors=processors)


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until it is true. Raises AssertionError if it isn't after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        must(time.monotonic() < deadline, f"not so after {seconds:g} s")
        await asyncio.sleep(0.02)


def must(so: bool, text: str) -> None:
    """Raise AssertionError with this text if it is not so."""
    if not so:
        raise AssertionError(text)
