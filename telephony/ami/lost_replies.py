"""Finds out whether a call was placed when the reply to its Originate is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from telephony.ami.ami_wire import Message
from telephony.ami.protocol import LinkDown, OutcomeUnknown
from telephony.ami.state import Timing


class LostReplies:
    """Looks for the channels of such calls, in lists and in every event.

    ``wait_up`` waits for the link, and raises TimeoutError; ``channels`` lists what is there, and
    raises LinkDown and OutcomeUnknown.
    """

    def __init__(
        self,
        wait_up: Callable[[float], Awaitable[None]],
        channels: Callable[[], Awaitable[Sequence[Message]]],
        clock: Callable[[], float],
        timing: Timing,
    ) -> None:
        self.sought: dict[bytes, asyncio.Event] = {}
        """The channels that are looked for; each event is to be shown to ``look_at`` if there are
        any."""
        self._wait_up = wait_up
        self._channels = channels
        self._clock = clock
        self._timing = timing

    def look_at(self, event: bytes) -> None:
        """This event may be about one of them."""
        for uniqueid, seen in self.sought.items():
            if uniqueid in event:
                seen.set()

    async def turns_up(self, uniqueid: str) -> bool:
        """Whether the channel is there, or was since; looks once the link is up, and again if it is
        cut meanwhile."""
        seen = self.sought.setdefault(uniqueid.encode(), asyncio.Event())
        give_up = self._clock() + self._timing.lookup
        try:
            while (left := give_up - self._clock()) > 0 and not seen.is_set():
                try:
                    await self._wait_up(left)
                    channels = await self._channels()
                except TimeoutError:
                    break
                except (LinkDown, OutcomeUnknown):
                    # Cut again; looking is harmless. The sleep gives the link time to see that it
                    # is down.
                    await asyncio.sleep(0.01)
                    continue
                if any(channel.get("Uniqueid") == uniqueid for channel in channels):
                    return True
                # Asterisk may carry out a moment later what it received before the cut.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._timing.settle):
                        await seen.wait()
                break
            return seen.is_set()
        finally:
            self.sought.pop(uniqueid.encode(), None)
