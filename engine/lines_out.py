"""Says how many calls may go out on each line, at once and each second, whoever places them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from math import inf

from dialer.line_rate import LineRate, LineRateNow
from dialer.line_shares import LineShares
from domain.centre import Line
from domain.identity import CampaignName, LineName
from engine.centre_in_force import CentreInForce
from telephony.centre_calls import Calls

TURN_WITHIN_S = 2.0
"""An agent, or somebody at the console, may wait with the call."""


class LinesOut:
    """The lines, and the calls on their way out. ``now`` is the monotonic clock, in seconds."""

    def __init__(self, in_force: CentreInForce, channels: Calls, now: Callable[[], float]) -> None:
        self._in_force = in_force
        self._channels = channels
        self._now = now
        self._going: dict[LineName, int] = {}
        """Calls that have no channel yet, by line."""
        self._turns: dict[LineName, _LineTurns] = {}
        self.turn_within_s = TURN_WITHIN_S
        """A call waits for its turn so long."""

    def line(self, name: LineName) -> Line | None:
        """The line of this name; None if it is not in the centre any more."""
        return next((line for line in self._in_force.centre.lines if line.name == name), None)

    def free(self, name: LineName, for_inbound: int = 0) -> int:
        """How many more calls the line may carry, with so many channels left free."""
        found = self.line(name)
        if found is None:
            return 0
        used = self._channels.channels_in_use(name) + self._going.get(name, 0)
        return max(0, found.channels - for_inbound - used)

    @contextmanager
    def going(self, name: LineName) -> Iterator[None]:
        """A call is on its way out on this line; its channel is shown by the end, or never."""
        self._going[name] = self._going.get(name, 0) + 1
        try:
            yield
        finally:
            self._going[name] -= 1

    def rate(self, name: LineName, campaign: CampaignName) -> LineRateNow:
        """How many calls more of a campaign may go out on the line now, and when more may."""
        return self._turns_of(name).rate_now(campaign)

    def wants_more(self, name: LineName, campaign: CampaignName) -> None:
        """The campaign would call more if the line took it: others are to leave it its share."""
        self._turns_of(name).wants_more(campaign)

    @asynccontextmanager
    async def turn(
        self,
        name: LineName,
        campaign: CampaignName | None = None,
        *,
        ahead: bool,
        within_s: float | None = None,
    ) -> AsyncIterator["Turn | None"]:
        """Wait for a call's turn to go out on this line; None if it doesn't come in time.

        ``campaign``: whose share it is of, if of one. ``ahead``: before those that nobody waits
        for. Whoever asks Asterisk for the call says so just before (``Turn.goes_out``); without
        that the turn is the next one's again.
        """
        turns = self._turns_of(name)
        if not await turns.comes(ahead, self.turn_within_s if within_s is None else within_s):
            yield None
            return
        if campaign is not None:
            turns.took(campaign)
        turn = Turn(turns)
        try:
            yield turn
        finally:
            turn.end()

    def _turns_of(self, name: LineName) -> "_LineTurns":
        line, turns = self.line(name), self._turns.get(name)
        per_second = inf if line is None else line.calls_per_second or inf
        if turns is None:
            turns = self._turns[name] = _LineTurns(per_second, self._now)
        turns.keep_to(per_second)
        return turns


class Turn:
    """A call's turn to go out on a line."""

    def __init__(self, of: "_LineTurns") -> None:
        self._of: _LineTurns | None = of

    def goes_out(self) -> None:
        """Asterisk is asked for the call now."""
        if self._of is not None:
            self._of.goes_out()
            self._of = None

    def end(self) -> None:
        """Give the turn back, unless the call has gone out."""
        if self._of is not None:
            self._of.give_back()
            self._of = None


class _LineTurns:
    """The turns of one line, and the calls that wait for theirs."""

    def __init__(self, per_second: float, now: Callable[[], float]) -> None:
        self._rate = LineRate(per_second)
        self._shares = LineShares()
        self._now = now
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def keep_to(self, per_second: float) -> None:
        """Keep to this rate from now on."""
        if per_second != self._rate.per_second:
            self._rate.change(per_second)
            self._serve()

    def rate_now(self, campaign: CampaignName) -> LineRateNow:
        """What is left for a campaign beside those who wait."""
        waiting = len(self._ahead) + len(self._others)
        return self._rate.now(self._now(), waiting, who=campaign, shares=self._shares)

    def wants_more(self, campaign: CampaignName) -> None:
        """It would call more."""
        self._shares.wants_more(campaign, self._now())

    def took(self, campaign: CampaignName) -> None:
        """It has taken a turn."""
        if self._rate.per_second < inf:
            self._shares.took(campaign, self._now())

    async def comes(self, ahead: bool, within_s: float) -> bool:
        """Wait for a turn; returns whether it was taken."""
        waits = self._ahead if ahead else self._others
        before = self._ahead or waits
        if not before and self._rate.take(self._now()):
            return True
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waits.append(mine)
        self._serve()
        taken = False
        try:
            await asyncio.wait((mine,), timeout=within_s)
            taken = mine.done()
        finally:
            if not mine.done():
                waits.remove(mine)
            elif not taken:  # whoever waited was cancelled as the turn came
                self.give_back()
        return taken

    def goes_out(self) -> None:
        """A call that holds a turn goes out."""
        self._rate.goes_out(self._now())
        self._serve()

    def give_back(self) -> None:
        """A call that holds a turn won't go out."""
        self._rate.give_back()
        self._serve()

    def _serve(self) -> None:
        """Hand out the turns that have come, and be back when the next one does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (waits := self._ahead or self._others) and self._rate.take(self._now()):
            waits.popleft().set_result(None)
        if waits and (at := self._rate.next_at()) < inf:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, at - self._now()), self._serve)
