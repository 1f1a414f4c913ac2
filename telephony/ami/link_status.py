"""What state an AMI link is in, and the line in the log when that changes."""

import asyncio
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from telephony.ami.state import LinkKind, LinkState


class LinkStatus:
    """The state of one link, which alone changes it."""

    def __init__(
        self, clock: Callable[[], float], log: FilteringBoundLogger, retry_refused_s: float
    ) -> None:
        self.state = LinkState(LinkKind.DOWN, clock(), "not started")
        self._clock = clock
        self._log = log
        self._retry_refused_s = retry_refused_s
        self._is_up = asyncio.Event()
        self._said = ""

    @property
    def up(self) -> bool:
        return self.state.kind is LinkKind.UP

    async def wait_up(self, timeout: float | None = None) -> None:
        """Wait until the link is up. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self._is_up.wait()

    def became(self, kind: LinkKind, error: str) -> None:
        """Note the new state, and log it: one line for a change, not one for each failed attempt.
        ``error`` says why the link is not up."""
        self.state = LinkState(kind, self._clock(), error)
        if kind is LinkKind.UP:
            self._is_up.set()
        else:
            self._is_up.clear()
        said = "" if kind is LinkKind.UP else error
        if kind in (LinkKind.DOWN, LinkKind.REFUSED) and said != self._said:
            if kind is LinkKind.REFUSED:
                self._log.error(f"{error}. Trying again every {self._retry_refused_s:g} s")
            else:
                self._log.warning(f"AMI link down: {error}. Trying again")
        if kind is not LinkKind.SYNCING:
            self._said = said
