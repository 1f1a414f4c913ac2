"""Remembers which tokens have opened a session, so that each opens only one. No I/O.

A token is part of an address that AMI and Asterisk's log show, and reading it there must not be
enough to get a session. So each token opens one session, and a token older than what is remembered
here opens none.
"""

from enum import StrEnum

REMEMBERED = 20_000
"""How many channels are remembered; a centre reaches other limits before it has so many at once."""
_SLEWED_S = 1.0
"""How far two clocks may drift apart while a token is remembered."""


class TokenFault(StrEnum):
    """Why a token opens no session."""

    USED = "used token"
    OLD = "old token"


class UsedTokens:
    """The last token of each channel. All times are in seconds: ``now`` is monotonic, ``wall`` our
    wall clock, ``made`` the wall clock of the Asterisk that made the token.

    Ages are compared rather than moments, so that setting a clock back by hours doesn't refuse
    everybody for hours. An Asterisk whose clock is some seconds behind ours is refused for as many
    seconds after a start.
    """

    def __init__(self, now: float, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._since = now
        """Every use of a token made after this is remembered."""
        self._last: dict[tuple[str, str], tuple[float, float]] = {}
        """By node and uniqueid: when the token was made, by ``made`` and ``now``; oldest first."""

    def __len__(self) -> int:
        return len(self._last)

    def take(
        self, channel: tuple[str, str], made: float, now: float, wall: float
    ) -> TokenFault | None:
        """Use up a genuine token of a node's channel; returns the fault if it opens no session.

        Each token of a channel must be newer than the one before.
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
