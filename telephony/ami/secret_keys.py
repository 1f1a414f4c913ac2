"""Keeps keys that callers press in secret away from everything that reads Asterisk's events.

While secret digits may be keyed in on a channel, each event about a key (DTMFBegin, DTMFEnd) of
that call is dropped as it comes in: of the channel itself, and of others with its linkedid, such as
the halves of a Local channel. Events come late: each of them 0.1 to 2 ms after the session has read
the key, measured on Asterisk 22.10, and later on a busy machine. So it isn't the clock that decides
when the keys are over: the session has the channel report it (``KEYS_OVER``), and Asterisk sends
the events of one channel in their order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

KEYS_OVER = "OffhookKeysOver"
"""The event by which a channel reports that keys may be seen again."""

LOST_S = 10.0
"""A report that was lost with the link is waited for no longer than this after the next login."""

_KEY, _OVER, _HANGUP = b"Event: DTMF", b"Event: UserEvent", b"Event: Hangup\r"


@dataclass(slots=True)
class _Hushed:
    """A call whose keys are secret."""

    linkedid: bytes
    wanted: bool = True
    """Whether they still are, as far as the session knows."""
    reports: int = 0
    """How many times Asterisk is still to report that they no longer are."""
    until: float | None = None
    """When no report is waited for any more."""


class SecretKeys:
    """The channels of one node on which secret digits may be keyed in."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._hushed: dict[bytes, _Hushed] = {}
        self.dropped = 0
        """How many events have been."""

    def begin(self, uniqueid: str, linkedid: str) -> None:
        """From now on, keys of this channel are secret. Call it before anything is asked."""
        one = self._hushed.setdefault(uniqueid.encode(), _Hushed(linkedid.encode()))
        one.wanted, one.until = True, None

    def end(self, uniqueid: str) -> None:
        """They are no longer: the channel's own report of that (KEYS_OVER) decides when."""
        if (one := self._hushed.get(uniqueid.encode())) is not None:
            one.wanted = False
            one.reports += 1

    def logged_in(self) -> None:
        """The link is up again; what was reported meanwhile is lost."""
        for one in self._hushed.values():
            one.reports = 0
            if not one.wanted and one.until is None:
                one.until = self._clock() + LOST_S

    def __bool__(self) -> bool:
        """Whether there are any: otherwise no event needs to be looked at."""
        return bool(self._hushed)

    def drops(self, raw: bytes) -> bool:
        """Whether an event must not go further. Takes each event, in order."""
        if raw.startswith(_KEY):
            secret = self._is_secret(raw)
            self.dropped += secret
            return secret
        if raw.startswith(_OVER):
            if _header(raw, b"UserEvent") != KEYS_OVER.encode():
                return False
            self._reported(_header(raw, b"Uniqueid"))
            return True
        if raw.startswith(_HANGUP):
            self._hushed.pop(_header(raw, b"Uniqueid"), None)
        return False

    def _reported(self, uniqueid: bytes) -> None:
        one = self._hushed.get(uniqueid)
        if one is not None:
            one.reports = max(0, one.reports - 1)
            if not one.wanted and not one.reports:
                del self._hushed[uniqueid]

    def _is_secret(self, raw: bytes) -> bool:
        now = self._clock()
        for uniqueid in [
            uniqueid
            for uniqueid, one in self._hushed.items()
            if one.until is not None and one.until <= now
        ]:
            del self._hushed[uniqueid]
        if _header(raw, b"Uniqueid") in self._hushed:
            return True
        linkedid = _header(raw, b"Linkedid")
        return any(linkedid in (key, one.linkedid) for key, one in self._hushed.items())


def _header(raw: bytes, name: bytes) -> bytes:
    """The first value of a header; a phone can't put one in front: Asterisk's own come first."""
    _, found, rest = raw.partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0] if found else b""
