"""What a flow asks for, and what it is sent as the outcome.

A flow is a generator of steps. Whoever drives it does each step and sends back its outcome;
when the caller hangs up, the driver closes the generator. Nothing here knows how a step is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.facts import Happening
from domain.identity import QueueName
from domain.prompts import PromptText


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Take the call off the hook. Outcome: Done."""

    node: str


@dataclass(frozen=True, slots=True)
class Play:
    """Say these, one after the other. Outcome: Done, or Digits if a key cut them short.

    A key pressed while an ``interruptible`` one plays stops all of it, and must be sent back as
    Digits: it is the answer to the question that comes next.
    """

    node: str
    prompts: tuple[PromptText, ...]
    language: str
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Collect:
    """Say these and take keys, during them (which cuts them short) or after. Outcome: Digits.

    Ends after ``max_digits`` keys, at one of ``terminators`` (not part of the digits), when no
    first key comes within ``first_timeout_s`` after the prompts, or no further one within
    ``digit_timeout_s``. With ``terminators`` empty, ``*`` and ``#`` are keys like any other.
    No prompts at all is a mere wait for a key.
    """

    node: str
    prompts: tuple[PromptText, ...]
    language: str
    max_digits: int
    first_timeout_s: float
    digit_timeout_s: float
    terminators: str = ""


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put the caller into this queue until an agent has talked with them. Outcome: Left.

    ``exits`` says which node comes after each outcome: a call whose agent is already talking
    when the controller is lost goes on at ``exits["talked"]``; one that waits, at ``node``.
    ``back`` is for one that does: said while they wait, because they must not wait longer for it.
    """

    node: str
    queue: QueueName
    language: str
    music: str
    exits: Mapping[str, str]
    back: tuple[PromptText, ...] = ()
    again: tuple[PromptText, ...] = ()
    """Said if the agent's phone dies in the talk, and the caller has to wait once more."""


@dataclass(frozen=True, slots=True)
class Note:
    """Write this into the call's timeline. Outcome: Done."""

    node: str
    what: Happening


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call; the last step of every flow. Outcome: Done."""

    node: str
    why: str


Step = AnswerCall | Play | Collect | Enqueue | Note | Hangup


class QueueExit(StrEnum):
    """How a caller's wait ended, if not by hanging up."""

    TALKED = "talked"  # an agent was connected and the talk is over
    TIMEOUT = "timeout"  # waited as long as the queue allows
    NOBODY = "nobody"  # nobody who could serve the queue is logged in
    FAILED = "failed"  # the queue is unknown or could not take the caller


@dataclass(frozen=True, slots=True)
class Done:
    """The step was done."""


@dataclass(frozen=True, slots=True)
class Digits:
    """The keys that were pressed; "" with ``timed_out`` is silence."""

    digits: str
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The caller is out of the queue and still there."""

    why: QueueExit


StepOutcome = Done | Digits | Left
