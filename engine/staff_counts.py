"""Counts who could serve each queue, and changes only the counts that an agent's change touches.

Queues that ask for the same level of the same skill have the same staff, so they share one count:
an agent who serves thirty queues is then one change and not thirty.
"""

from collections import Counter
from collections.abc import Iterable

from acd.seat import SeatView
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import SkillName
from engine.board_ports import StaffView


class StaffCounts:
    """For each staff how many of them are in which state.

    A staff's key is a number and says nothing: those who see one queue must not learn from it what
    others are called.
    """

    def __init__(self, queues: Iterable[Queue]) -> None:
        self.views: dict[str, StaffView] = {}
        self._keys: dict[tuple[SkillName, int], str] = {}
        self._levels: dict[SkillName, list[tuple[int, str]]] = {}
        self._counts: dict[str, Counter[AgentState]] = {}
        for queue in queues:
            wanted = (queue.skill, queue.min_level)
            if wanted in self._keys:
                continue
            key = self._keys[wanted] = str(len(self._keys))
            self._levels.setdefault(queue.skill, []).append((queue.min_level, key))
            self._counts[key] = Counter()
            self.views[key] = StaffView()

    def key(self, queue: Queue) -> str:
        """The staff of one of the queues."""
        return self._keys[queue.skill, queue.min_level]

    def change(self, before: SeatView | None, after: SeatView | None) -> None:
        """An agent was ``before`` and is ``after``; None: not there."""
        touched = set()
        for seat, by in ((before, -1), (after, 1)):
            if seat is None:
                continue
            for key in self._able(seat):
                self._counts[key][seat.state] += by
                touched.add(key)
        for key in touched:
            view = _view(self._counts[key])
            if view != self.views[key]:
                self.views[key] = view

    def _able(self, seat: SeatView) -> list[str]:
        return [
            key
            for skill, level in seat.skills.items()
            for least, key in self._levels.get(skill, ())
            if level >= least
        ]


def _view(count: Counter[AgentState]) -> StaffView:
    return StaffView(
        ready=count[AgentState.READY],
        talking=count[AgentState.TALKING] + count[AgentState.OFFERED],
        wrap_up=count[AgentState.WRAP_UP],
        paused=count[AgentState.PAUSED],
    )
