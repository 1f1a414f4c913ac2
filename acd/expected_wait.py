"""How long a caller may have to wait, from how long callers took lately."""

from domain.identity import QueueName

_MEMORY = 50
"""Roughly how many calls the mean covers: it follows the hour, not the single call."""

_ENOUGH = 3
"""With fewer handled calls than this nothing is known."""


class HandlingTimes:
    """For each queue the recent mean of talk and after-call work together, in seconds."""

    __slots__ = ("_means",)

    def __init__(self) -> None:
        self._means: dict[QueueName, tuple[int, float]] = {}

    def add(self, queue: QueueName, seconds: float) -> None:
        """Learn how long a call of this queue kept its agent."""
        count, mean = self._means.get(queue, (0, 0.0))
        count = min(count + 1, _MEMORY)
        self._means[queue] = (count, mean + (seconds - mean) / count)

    def mean(self, queue: QueueName) -> float | None:
        """None until enough calls were handled."""
        count, mean = self._means.get(queue, (0, 0.0))
        return mean if count >= _ENOUGH else None


def expected_wait(position: int, agents: int, handling_s: float | None) -> float | None:
    """Seconds until the caller at ``position`` (from 1) is served, None if not known.

    ``agents`` are those at work who can serve the queue, free or not. Each is done with a
    call every ``handling_s``, so together they take ``agents / handling_s`` callers a second.
    Agents who serve other queues too are counted whole: then it is the least to expect.
    """
    if handling_s is None or agents < 1:
        return None
    return position * handling_s / agents
