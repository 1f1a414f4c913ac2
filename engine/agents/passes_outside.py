"""Passes customers on outside without asking: their agent is free at once, and they hear music
until somebody answers there, or wait for an agent again."""

import asyncio
from dataclasses import dataclass, field

from domain.centre import OutsideNumber
from domain.identity import CallId, StationName
from engine.agents.outside_calls import RING_S, NotCalled, OutsideCalls
from engine.calls.call import LiveCall

_LATE_S = 5.0


@dataclass(slots=True, eq=False)
class _Pass:
    """A customer waits for somebody outside."""

    room: StationName
    came: "asyncio.Future[bool]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def tell(self, came: bool) -> None:
        """Say whether somebody has come; only the first time counts."""
        if not self.came.done():
            self.came.set_result(came)


class PassesOutside:
    """The customers who wait so, by their calls."""

    def __init__(self, outside: OutsideCalls) -> None:
        self._outside = outside
        self._by_call: dict[CallId, _Pass] = {}
        outside.listen(self._came, self._not_called)

    def about(self, call: CallId) -> bool:
        """Whether this customer is being passed on so."""
        return call in self._by_call

    async def begin(
        self, call: LiveCall, who: OutsideNumber, room: StationName, *, ring_s: float = RING_S
    ) -> bool:
        """Call somebody for this customer; False if they can't be called now."""
        one = self._by_call[call.id] = _Pass(room)
        if not await self._outside.call(who, room, call.channel.node, ring_s):
            self.drop(call.id)
            return False
        asyncio.get_running_loop().call_later(ring_s + _LATE_S, one.tell, False)
        return True

    async def comes(self, call: CallId) -> bool:
        """Wait until somebody has come into the room, or won't; returns which."""
        one = self._by_call.get(call)
        came = one is not None and await one.came
        if one is not None and self._by_call.get(call) is one:
            del self._by_call[call]
            if not came:
                self._outside.let_go(one.room)
        return came

    def drop(self, call: CallId) -> None:
        """The customer is gone, or nobody wants this any more."""
        if (one := self._by_call.pop(call, None)) is not None:
            one.tell(False)
            self._outside.let_go(one.room)

    def _came(self, room: StationName) -> None:
        """Somebody has answered there."""
        for one in self._by_call.values():
            if one.room == room:
                one.tell(True)

    def _not_called(self, failed: NotCalled) -> None:
        """Somebody has not."""
        for one in self._by_call.values():
            if one.room == failed.room:
                one.tell(False)
