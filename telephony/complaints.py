"""What is logged of rubbish from outside: one line a minute of each kind, with a count of the rest.

A stranger who sends rubbish as fast as the machine takes it must not fill the disk, nor bury the
line that somebody has to read.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog

EVERY_S = 60.0
_SHOWN = 120

log = structlog.get_logger()


@dataclass(slots=True)
class _Kept:
    more: int = 0
    last: dict[str, Any] = field(default_factory=dict)


class Complaints:
    """Warnings, by kind: the first at once, what follows within a minute in one line at its end."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._kept: dict[tuple[str, str], _Kept] = {}

    def __call__(self, event: str, *, kind: str = "", error: bool = False, **fields: Any) -> None:
        """Warn of ``event``, a literal, or with ``error`` log a traceback with it.

        ``kind`` keeps what has different causes apart; it is one of a few words, never what a
        stranger has sent.
        """
        key = (event, kind)
        kept = self._kept.get(key)
        if kept is not None:
            kept.more += 1
            kept.last = fields
            return
        if error:
            log.exception(event, **fields)
        else:
            log.warning(event, **fields)
        self._open(key)

    def _open(self, key: tuple[str, str]) -> None:
        self._kept[key] = _Kept()
        asyncio.get_running_loop().call_later(self._every_s, self._close, key)

    def _close(self, key: tuple[str, str]) -> None:
        kept = self._kept.pop(key)
        if kept.more:
            log.warning(key[0], more_since_last_logged=kept.more, **kept.last)
            self._open(key)


def shown(text: str | bytes) -> str:
    """What a stranger sent, short and on one line."""
    return repr(text[:_SHOWN]) if len(text) > _SHOWN else repr(text)
