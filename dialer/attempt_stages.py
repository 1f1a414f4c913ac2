"""The stages of an attempt to reach a customer, and every way from one to another.

This table is the law, for the rows of stored attempts (``campaigns.attempt_fold``) and for the
pacer (``dialer.under_way``), which sees only part of it. ``python -m dialer.attempt_stages`` prints
it as a diagram.

Facts may come late, twice, in any order, or not at all. Three rules decide which stage wins:

- A fact may overtake those before it: a person who talks to an agent must have answered. So a step
  leads on from every earlier stage, not only from the one just before.
- A final stage isn't left, except that a customer who was abandoned may still hear the message.
- Where facts contradict each other, the one that says more wins (``OVERRULED``): somebody who
  talked to an agent was reached, whatever else is reported. An unknown fate is none as soon as
  anything is known about it.

Those who have all facts of an attempt take ``stage_of``, for which their order makes no difference.
The pacer takes facts as they come, by ``TRANSITIONS`` alone: what isn't listed there changes
nothing, and is counted as odd.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.errors import OffhookError


class AttemptStage(StrEnum):
    """How far an attempt has come. The values are stored in ``attempts.stage``."""

    RESERVED = "reserved"  # its row is written; nothing has been sent
    REQUESTED = "requested"  # Asterisk was asked to place the call
    RINGING = "ringing"
    UNKNOWN = "unknown"  # nobody knows what became of it; it is looked up, never placed again
    DETECTING = "detecting"  # answered, and machine detection listens
    ANSWERED = "answered"  # by a person, for whom no agent has been chosen yet
    OFFERED = "offered"  # an agent has been chosen, and isn't in the talk yet
    TALKING = "talking"
    MACHINE = "machine"  # a machine answered
    ABANDONED = "abandoned"  # a person got no agent: we let them go, or they hung up
    MESSAGE_PLAYED = "message_played"  # abandoned, and the project's message was played
    NOT_REACHED = "not_reached"  # nobody answered; ``dialer.causes`` says why
    ENDED = "ended"  # answered, and the call is over


class AttemptStep(StrEnum):
    """What moves an attempt on, in the order of a call's life; the values label the diagram.

    The order matters: ``stage_of`` takes the steps in it, so the earlier of two that contradict
    each other wins.
    """

    REQUEST = "Asterisk is asked"
    RING = "rings"
    LOSE = "connection or process lost"
    LISTEN = "answered, detection listens"
    ANSWER = "a person answers"
    OFFER = "an agent is chosen"
    CONNECT = "talks to an agent"
    FIND_MACHINE = "a machine is detected"
    ABANDON = "no agent in time, or hangs up"
    PLAY = "message played"
    MISS = "not answered (cause)"
    END = "the call is over"


class UnlistedStepError(OffhookError, RuntimeError):
    """An attempt was to make a step that the table doesn't know: a bug, never bad input."""

    def __init__(self, stage: AttemptStage, step: AttemptStep) -> None:
        super().__init__(
            f"an attempt that is {stage.value!r} cannot move by {step.name}; "
            "list the step in dialer/attempt_stages.py if it can happen"
        )
        self.stage = stage
        self.step = step


_S = AttemptStage
BEFORE_ANSWER = (_S.REQUESTED, _S.RINGING)
"""The stages in which the far end may be ringing."""
_UNANSWERED = (_S.RESERVED, *BEFORE_ANSWER)
_OPEN = (*_UNANSWERED, _S.UNKNOWN)
_WITHOUT_AGENT = (*_OPEN, _S.DETECTING, _S.ANSWERED)
_BEFORE_TALK = (*_WITHOUT_AGENT, _S.OFFERED)

_WAYS: tuple[tuple[AttemptStep, tuple[AttemptStage, ...], AttemptStage], ...] = (
    (AttemptStep.REQUEST, (_S.RESERVED,), _S.REQUESTED),
    (AttemptStep.RING, (_S.RESERVED, _S.REQUESTED), _S.RINGING),
    (AttemptStep.LOSE, _UNANSWERED, _S.UNKNOWN),
    (AttemptStep.LISTEN, _OPEN, _S.DETECTING),
    (AttemptStep.ANSWER, (*_OPEN, _S.DETECTING), _S.ANSWERED),
    (AttemptStep.OFFER, _WITHOUT_AGENT, _S.OFFERED),
    (AttemptStep.CONNECT, _BEFORE_TALK, _S.TALKING),
    (AttemptStep.FIND_MACHINE, (*_OPEN, _S.DETECTING), _S.MACHINE),
    (AttemptStep.ABANDON, _BEFORE_TALK, _S.ABANDONED),
    (AttemptStep.PLAY, (*_BEFORE_TALK, _S.ABANDONED), _S.MESSAGE_PLAYED),
    (AttemptStep.MISS, _OPEN, _S.NOT_REACHED),
    # Of a call that only ended, nobody is known to have answered; of an unknown one, that is
    # just what nobody knows.
    (AttemptStep.END, _UNANSWERED, _S.NOT_REACHED),
    (AttemptStep.END, (_S.DETECTING, _S.ANSWERED, _S.OFFERED, _S.TALKING), _S.ENDED),
)
TRANSITIONS: Mapping[tuple[AttemptStage, AttemptStep], AttemptStage] = MappingProxyType(
    {(stage, step): entered for step, stages, entered in _WAYS for stage in stages}
)
"""For each stage and step, the stage that it leads to."""

OVERRULED: Mapping[AttemptStage, frozenset[AttemptStep]] = MappingProxyType(
    {
        _S.UNKNOWN: frozenset((AttemptStep.END,)),
        _S.DETECTING: frozenset((AttemptStep.MISS,)),
        _S.ANSWERED: frozenset((AttemptStep.FIND_MACHINE, AttemptStep.MISS)),
        _S.OFFERED: frozenset((AttemptStep.FIND_MACHINE, AttemptStep.MISS)),
        _S.TALKING: frozenset(
            (AttemptStep.FIND_MACHINE, AttemptStep.ABANDON, AttemptStep.PLAY, AttemptStep.MISS)
        ),
        _S.MACHINE: frozenset(
            (AttemptStep.ABANDON, AttemptStep.PLAY, AttemptStep.MISS, AttemptStep.END)
        ),
        _S.ABANDONED: frozenset((AttemptStep.MISS, AttemptStep.END)),
        _S.MESSAGE_PLAYED: frozenset((AttemptStep.MISS, AttemptStep.END)),
        _S.NOT_REACHED: frozenset((AttemptStep.END,)),
    }
)
"""The steps that leave a stage as it is, because the stage says more than they do."""

FINAL = frozenset((_S.MACHINE, _S.ABANDONED, _S.MESSAGE_PLAYED, _S.NOT_REACHED, _S.ENDED))
"""The stages that settle what became of an attempt. UNKNOWN isn't one: any of these may follow."""


def stage_after(stage: AttemptStage, step: AttemptStep) -> AttemptStage:
    """Return the stage after a step; raise UnlistedStepError if neither table knows it."""
    entered = TRANSITIONS.get((stage, step))
    if entered is not None:
        return entered
    if step in OVERRULED.get(stage, ()):
        return stage
    raise UnlistedStepError(stage, step)


def stage_of(steps: Collection[AttemptStep]) -> AttemptStage:
    """Return the stage of an attempt of which these steps are known, in any order."""
    stage = AttemptStage.RESERVED
    for step in AttemptStep:
        if step in steps:
            stage = stage_after(stage, step)
    return stage


def diagram() -> str:
    """Return the table as a mermaid state diagram, one line for each pair of stages."""
    lines = ["stateDiagram-v2", f"    [*] --> {AttemptStage.RESERVED.value}"]
    labels: dict[tuple[AttemptStage, AttemptStage], list[str]] = {}
    for stage in AttemptStage:
        for step in AttemptStep:
            if (entered := TRANSITIONS.get((stage, step))) is not None:
                labels.setdefault((stage, entered), []).append(step.value)
    lines += [
        f"    {stage.value} --> {entered.value}: {' / '.join(steps)}"
        for (stage, entered), steps in labels.items()
    ]
    lines += [f"    {stage.value} --> [*]" for stage in AttemptStage if stage in FINAL]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(diagram(), end="")
