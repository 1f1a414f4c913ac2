"""Finds a caller's stays in queues, so that each queue counts only what happened in it.

A call that overflows from one queue to another, or that its flow passes on after a talk, has a
stay in each. A caller who comes back to the queue from a failed transfer continues the stay in
which they were answered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.call_facts import FellBack
from domain.facts import CallFact
from domain.floor_facts import LeftQueue, Offered, Queued, TalkBegan
from domain.identity import QueueName
from domain.reasons import Party, Unlisted
from records.legs import Leg
from records.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class QueueStay:
    """One stay. ``outcome`` is never ``self_service``; ``open`` means still waiting."""

    queue: QueueName | None
    """None: Asterisk's own queue took the caller before they came to one of ours."""
    entered_at: datetime
    outcome: Outcome
    wait_s: float | None
    """Until the agent, or until leaving; None while waiting."""


@dataclass(slots=True)
class _Open:
    """A stay while the timeline is walked."""

    queue: QueueName | None
    entered_at: datetime
    outcome: Outcome = Outcome.OPEN
    until: datetime | None = None

    @property
    def waits(self) -> bool:
        return self.outcome is Outcome.OPEN

    def is_in(self, queue: QueueName | None) -> bool:
        """Whether a fact that names this queue may be about this stay."""
        return queue is None or self.queue is None or queue == self.queue

    def end(self, at: datetime, outcome: Outcome) -> None:
        self.until, self.outcome = at, outcome

    def stay(self) -> QueueStay:
        wait_s = None
        if self.until is not None:
            wait_s = max(0.0, (self.until - self.entered_at).total_seconds())
        return QueueStay(self.queue, self.entered_at, self.outcome, wait_s)


def fold_stays(
    timeline: Iterable[CallFact],
    legs: Iterable[Leg],
    ended_at: datetime | None,
    ended_by: Party | Unlisted | None,
) -> tuple[QueueStay, ...]:
    """The stays in order. ``timeline`` is sorted and free of duplicates."""
    stays: list[_Open] = []
    answers = {leg.connected_at for leg in legs if leg.connected_at is not None and leg.talked}
    for fact in timeline:
        last = stays[-1] if stays else None
        match fact.what:
            case Queued(queue):
                _enter(stays, fact.at, queue)
            case FellBack(queue):
                _enter(stays, fact.at, queue, fell_back=True)
            case Offered(queue=queue) if last is None or last.outcome is Outcome.UNSERVED:
                _enter(stays, fact.at, queue)  # that they joined it was not recorded
            case TalkBegan() if fact.at in answers:
                if last is None:
                    last = _Open(None, fact.at)
                    stays.append(last)
                # Given up at the very moment an agent answered: that counts as answered.
                if last.outcome is not Outcome.ANSWERED:
                    last.end(fact.at, Outcome.ANSWERED)
            case LeftQueue() if last is not None and last.waits:
                last.end(fact.at, Outcome.UNSERVED)
    if ended_at is not None and stays and stays[-1].waits:
        stays[-1].end(ended_at, Outcome.LOST if ended_by == Party.SYSTEM else Outcome.ABANDONED)
    return tuple(stay.stay() for stay in stays)


def _enter(
    stays: list[_Open], at: datetime, queue: QueueName | None, *, fell_back: bool = False
) -> None:
    last = stays[-1] if stays else None
    if last is not None:
        back = fell_back and last.outcome is Outcome.ANSWERED
        if (last.waits or back) and last.is_in(queue):
            last.queue = last.queue or queue  # the same stay goes on
            return
        if last.waits:
            last.end(at, Outcome.UNSERVED)  # that they left it was not recorded
    stays.append(_Open(queue, at))
