"""One attempt as the pacer knows it: which fact makes which step, and what each stage teaches."""

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.attempt_stages import AttemptStage, AttemptStep
from dialer.causes import Cause
from dialer.lessons import CutShort, Detected, Lesson, LetGo, Reached, Served
from dialer.pacing_facts import (
    Abandoned,
    Lead,
    Machine,
    NotAnswered,
    Person,
    PersonConnected,
    Ringing,
)

STEPS: Mapping[type, AttemptStep] = {
    Ringing: AttemptStep.RING,
    NotAnswered: AttemptStep.MISS,
    Person: AttemptStep.ANSWER,
    Machine: AttemptStep.FIND_MACHINE,
    PersonConnected: AttemptStep.CONNECT,
    Abandoned: AttemptStep.ABANDON,
}
"""The step that each fact makes in ``dialer.attempt_stages``; Answered makes ANSWER or LISTEN,
which depends on detection."""


@dataclass(slots=True)
class Attempt:
    """What is known about an attempt that is under way."""

    lead: Lead
    dialled_at: float
    stage: AttemptStage
    kept: bool = True
    rings_since: float | None = None
    hang_up_at: float | None = None
    """When it was last ordered to be hung up."""
    answered_at: float | None = None
    speech_at: float | None = None
    greeted_at: float | None = None
    heard: bool = False
    """Whether detection has found a person."""


def lessons_of(
    attempt: Attempt, fact: object, stage: AttemptStage, now: float
) -> tuple[Lesson, ...]:
    """Return what the next stage, other than RINGING, teaches about leads like this one, about
    detection, and for the limit."""
    lessons: list[Lesson] = []
    decided = attempt.stage not in (AttemptStage.ANSWERED, AttemptStage.TALKING)
    if decided and stage is not AttemptStage.DETECTING:
        person = not isinstance(fact, NotAnswered | Machine)
        if isinstance(fact, NotAnswered) and fact.cause.of_trunk:
            pass  # says nothing about the list
        elif isinstance(fact, NotAnswered) and fact.cause is Cause.CUT:
            since = attempt.rings_since
            rang_s = 0.0 if since is None else now - since
            lessons.append(CutShort(attempt.lead, now - attempt.dialled_at, rang_s))
        else:
            seconds = now - attempt.dialled_at
            lessons.append(Reached(attempt.lead, seconds, person, attempt.kept))
        if attempt.stage is AttemptStage.DETECTING and attempt.answered_at is not None:
            lessons.append(Detected(now - attempt.answered_at, person))
    answered_at = now if attempt.answered_at is None else attempt.answered_at
    clock = (answered_at, attempt.speech_at, attempt.greeted_at)
    if isinstance(fact, PersonConnected):
        lessons.append(Served(*clock, fact.attempt))
    elif isinstance(fact, Abandoned):
        lessons.append(LetGo(*clock, heard=attempt.heard, by_customer=fact.by_customer))
    return tuple(lessons)
