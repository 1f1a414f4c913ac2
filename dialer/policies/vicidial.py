"""VICIdial's three adaptive methods, rebuilt from their published behaviour for comparison.

ADAPT_HARD_LIMIT, ADAPT_AVERAGE and ADAPT_TAPERED multiply the agents by a dial level that is set
every 15 s (VICIdial manager's manual).
"""

from abc import ABC, abstractmethod
from collections import deque

from dialer.abandon_count import Counted
from dialer.lessons import Lesson, LetGo, Served
from dialer.limit import Window
from dialer.policy import Reason, Situation, UnsuitableOption, Wish, policy

_PLACE_EVERY_S = 2.5
_LEVEL_EVERY_S = 15.0
_SHARE_EVERY_S = 60.0
_MINUTE_S = 60.0
_REASON = Reason("level {level:.3f} times {agents} agents, {calls} calls under way")


class _Adaptive(ABC):
    """What the three methods share; ``after`` returns the level to use while over the limit."""

    def __init__(
        self, intensity: float = 0.0, target_difference: float = 0.0, max_level: float = 3.0
    ) -> None:
        if max_level < 1.0:
            raise UnsuitableOption("max_level", max_level, "1 or more")
        self._intensity = intensity / 100.0
        self._difference = target_difference
        self._most = max_level
        self.level = 1.0
        self._samples: deque[tuple[int, int, int]] = deque(maxlen=6)
        self._minute: deque[tuple[float, bool]] = deque()
        self._next_place = self._next_level = self._next_share = 0.0
        self._share, self._calls_today = 0.0, 0.0

    def learn(self, lesson: Lesson, now: float) -> None:
        """Remember the last minute's calls."""
        if isinstance(lesson, Served | LetGo):
            self._minute.append((now, isinstance(lesson, LetGo)))

    def counted(self, counted: Counted, now: float) -> None:  # noqa: B027
        """Do nothing: ``decide`` reads the day's share from the limit's count once a minute."""

    def decide(self, at: Situation, now: float) -> Wish:
        """Place calls every 2.5 s; set the level every 15 s."""
        under_way = at.under_way
        busy = len(under_way.talking) + under_way.leaving
        agents = under_way.ready + busy
        figures = {"level": self.level, "agents": agents, "calls": at.open}
        if now < self._next_place:
            return Wish(0, Reason(_REASON.text, figures), look_at=self._next_place)
        self._next_place = now + _PLACE_EVERY_S
        self._samples.append((under_way.ready, len(under_way.waiting), agents))
        if now >= self._next_share:
            self._next_share = now + _SHARE_EVERY_S
            tally = at.limit.tally(Window.DAY, now)
            self._share, self._calls_today = tally.share, tally.base
        if now >= self._next_level:
            self._next_level = now + _LEVEL_EVERY_S
            self._set_level(at.limit.limit.share, now, now - at.midnight)
        calls = under_way.open + under_way.connected + at.placing
        count = max(0, round(self.level * agents) - calls)
        figures = {"level": self.level, "agents": agents, "calls": calls}
        return Wish(count, Reason(_REASON.text, figures), look_at=self._next_place)

    def _set_level(self, limit: float, now: float, since_midnight: float) -> None:
        samples = len(self._samples)
        ready, waiting, agents = (
            sum(column) / samples for column in zip(*self._samples, strict=True)
        )
        if agents <= 0:
            return
        more = (ready - waiting + self._difference) / agents
        more *= abs(self._intensity - 1.0) if more < 0 else self._intensity + 1.0
        level = self._held(round(self.level * (1.0 + more), 3))
        while self._minute and self._minute[0][0] < now - _MINUTE_S:
            self._minute.popleft()
        dropped = sum(dropped for _, dropped in self._minute)
        if len(self._minute) > 20 and dropped > len(self._minute) / 2:
            level = self._held(level / 2.0)
        if self._calls_today > 50 and self._share > limit:
            level = self._held(self.after(level, since_midnight))
        self.level = level

    def _held(self, level: float) -> float:
        return min(max(level, 1.0), self._most)

    @abstractmethod
    def after(self, level: float, since_midnight: float) -> float:
        """Return the level to use while the day's share is over the limit."""


@policy("vicidial_hard_limit")
class HardLimit(_Adaptive):
    """Drops to level 1 while the share is over the limit."""

    def after(self, _level: float, _since_midnight: float) -> float:
        return 1.0


@policy("vicidial_average")
class Average(_Adaptive):
    """Halves the level while the share is over the limit."""

    def after(self, level: float, _since_midnight: float) -> float:
        return level / 2.0


@policy("vicidial_tapered")
class Tapered(_Adaptive):
    """Lowers the level over the limit more and more as ``latest`` (hhmm) draws near."""

    def __init__(
        self,
        intensity: float = 0.0,
        target_difference: float = 0.0,
        max_level: float = 3.0,
        latest: int = 1700,
    ) -> None:
        super().__init__(intensity, target_difference, max_level)
        self._latest = latest

    def after(self, level: float, since_midnight: float) -> float:
        hours, minutes = divmod(int(since_midnight // 60.0), 60)
        left = self._latest - (hours * 100 + minutes)
        return level * min(1.0, left / 1000.0) if left > 0 else 1.0
