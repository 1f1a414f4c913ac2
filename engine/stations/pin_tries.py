"""Limits how often a PIN may be tried, at a phone and for an agent. No I/O.

A try is counted before the PIN is checked, so simultaneous sessions have no more tries than
successive ones. Each lock lasts twice as long as the one before, until the right PIN comes: finding
four digits by trying must take longer than it is worth.
"""

from dataclasses import dataclass, field

from domain.identity import AgentCode, StationName

TRIES = 3
FIRST_S = 60.0
PHONE_MOST_S = 3600.0
AGENT_MOST_S = 300.0
"""Shorter, because it keeps the agent out at every phone that is not their own."""

_FORGOTTEN_S = 86_400.0


@dataclass(slots=True)
class _Lock:
    most_s: float
    tries: int = 0
    since: float = 0.0
    lasts_s: float = FIRST_S
    tried: dict[AgentCode | None, float] = field(default_factory=dict)
    """When a PIN was last tried for each agent, until the right one comes or a day has passed."""

    def holds(self, now: float) -> bool:
        return self.tries >= TRIES and now - self.since < self.lasts_s

    def count(self, agent: AgentCode | None, now: float) -> None:
        # Tries don't lapse without a lock: at two a minute, a PIN would be found in a day or two.
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
        """Take back a try that was right; returns whether nobody else's PIN was tried."""
        self.tries -= 1
        self.tried.pop(agent, None)
        self.tried.pop(None, None)  # without an agent there is no PIN to find
        return not self.tried


class PinTries:
    """Counts wrong PINs by phone and by agent.

    At the phone where an agent belongs, or was last, only the phone counts, so that a stranger at
    another phone can't lock agents out of their own.
    """

    def __init__(self) -> None:
        self._phones: dict[StationName, _Lock] = {}
        self._agents: dict[AgentCode, _Lock] = {}
        self._last: dict[AgentCode, StationName] = {}

    def locked(self, station: StationName, now: float) -> bool:
        """Whether this phone accepts no PIN at the moment."""
        lock = self._phones.get(station)
        return lock is not None and lock.holds(now)

    def allows(
        self, agent: AgentCode | None, station: StationName, own: StationName | None, now: float
    ) -> bool:
        """Count a try and return True, if one more is allowed. ``agent`` is None if there is no
        agent with that code; ``own`` is the phone where the agent belongs."""
        locks = [self._phones.setdefault(station, _Lock(PHONE_MOST_S))]
        if agent is not None and station not in (own, self._last.get(agent)):
            locks.append(self._agents.setdefault(agent, _Lock(AGENT_MOST_S)))
        if any(lock.holds(now) for lock in locks):
            return False
        for lock in locks:
            lock.count(agent, now)
        return True

    def right(self, agent: AgentCode, station: StationName) -> None:
        """It was the right PIN: forgive the agent, and the phone unless it was tried for others
        too. One's own PIN must not buy more tries at somebody else's."""
        lock = self._phones.get(station)
        if lock is not None and lock.forgive(agent):
            del self._phones[station]
        self._agents.pop(agent, None)
        self._last[agent] = station
