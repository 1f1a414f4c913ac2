"""How often a PIN may be tried, at a phone and for an agent. No I/O.

A try is counted before the PIN is looked at, so sessions at the same moment have no more tries
than one after the other. Each lock is twice as long as the one before, until the right PIN comes:
four digits must not be found by trying in any time worth trying for.
"""

from dataclasses import dataclass, field

from domain.identity import AgentCode, StationName

TRIES = 3
FIRST_S = 60.0
PHONE_MOST_S = 3600.0
AGENT_MOST_S = 300.0
"""Less, for it keeps the agent out wherever they have no phone of their own."""

_FORGOTTEN_S = 86_400.0


@dataclass(slots=True)
class _Lock:
    most_s: float
    tries: int = 0
    since: float = 0.0
    lasts_s: float = FIRST_S
    tried: dict[AgentCode | None, float] = field(default_factory=dict)
    """When a PIN was last tried for whom, until the right one comes or a day has passed."""

    def holds(self, now: float) -> bool:
        return self.tries >= TRIES and now - self.since < self.lasts_s

    def count(self, agent: AgentCode | None, now: float) -> None:
        # Tries don't lapse while there is no lock: two a minute would find a PIN in a day or two.
        self.tried = {a: at for a, at in self.tried.items() if now - at < _FORGOTTEN_S}
        if not self.tried:
            self.tries, self.lasts_s = 0, FIRST_S
        elif self.tries >= TRIES:
            self.tries, self.lasts_s = 0, min(self.most_s, 2 * self.lasts_s)
        self.tried[agent] = now
        self.tries += 1
        if self.tries == TRIES:
            self.since = now

    def forgive(self, agent: AgentCode) -> bool:
        """Take back a try that was right; whether nobody else's PIN was tried."""
        self.tries -= 1
        self.tried.pop(agent, None)
        self.tried.pop(None, None)  # where there is no agent, there is no PIN to find
        return not self.tried


class PinTries:
    """Wrong PINs by phone, and by agent.

    At the phone where an agent belongs, or was last, only the phone counts. So a stranger at
    another phone can't lock an agent out of their own.
    """

    def __init__(self) -> None:
        self._phones: dict[StationName, _Lock] = {}
        self._agents: dict[AgentCode, _Lock] = {}
        self._last: dict[AgentCode, StationName] = {}

    def locked(self, station: StationName, now: float) -> bool:
        """Whether no PIN is taken at this phone at the moment."""
        lock = self._phones.get(station)
        return lock is not None and lock.holds(now)

    def allows(
        self, agent: AgentCode | None, station: StationName, own: StationName | None, now: float
    ) -> bool:
        """Count a try, if one more is allowed. ``agent`` None: there is no agent of that code;
        ``own``: the phone where the agent belongs."""
        locks = [self._phones.setdefault(station, _Lock(PHONE_MOST_S))]
        if agent is not None and station not in (own, self._last.get(agent)):
            locks.append(self._agents.setdefault(agent, _Lock(AGENT_MOST_S)))
        if any(lock.holds(now) for lock in locks):
            return False
        for lock in locks:
            lock.count(agent, now)
        return True

    def right(self, agent: AgentCode, station: StationName) -> None:
        """It was the right PIN: nothing is held against the agent any more, nor against the phone,
        unless it was tried for others too. One's own PIN is no way to go on with another's."""
        lock = self._phones.get(station)
        if lock is not None and lock.forgive(agent):
            del self._phones[station]
        self._agents.pop(agent, None)
        self._last[agent] = station
