"""Which tokens have opened a session already. No I/O.

A token stands in an address that AMI and Asterisk's log show, and whoever reads it there must not
get a session for it. So each opens one, and none that was made before what is remembered here.
"""

from enum import StrEnum

REMEMBERED = 20_000
"""Channels; a centre with so many at once has other limits before."""
_SLEWED_S = 1.0
"""Two clocks may drift so far while a token is remembered."""


class TokenFault(StrEnum):
    """Why a token opens no session."""

    USED = "used token"
    OLD = "old token"


class UsedTokens:
    """The last token of each channel. All times in seconds: ``now`` is monotonic, ``wall`` the
    clock's, ``made`` the clock's of the Asterisk that made the token.

    Ages are compared and not moments, so that a clock set back by hours refuses nobody for hours.
    An Asterisk whose clock is behind ours by some seconds is refused for as many after a start.
    """

    def __init__(self, now: float, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._since = now
        """Of tokens made later all uses are known."""
        self._last: dict[tuple[str, str], tuple[float, float]] = {}
        """By node and uniqueid: made, and the same moment by ``now``; first who came first."""

    def __len__(self) -> int:
        return len(self._last)

    def take(
        self, channel: tuple[str, str], made: float, now: float, wall: float
    ) -> TokenFault | None:
        """Use a genuine token of a node's channel; the fault if it opens no session.

        Of one channel each must be made later than the one before.
        """
        last = self._last.get(channel)
        if last is not None and made <= last[0]:
            return TokenFault.USED
        moment = min(now, now - (wall - made))
        if last is None and moment <= self._since:
            return TokenFault.OLD
        self._last.pop(channel, None)
        self._last[channel] = (made, moment)
        if len(self._last) > self._remembered:
            _, forgotten = self._last.pop(next(iter(self._last)))
            self._since = max(self._since, forgotten + _SLEWED_S)
        return None
