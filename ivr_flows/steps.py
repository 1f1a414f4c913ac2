"""The steps that a flow asks for, and the outcomes that it is sent.

A flow is a generator of steps. Its driver does each step and sends back the outcome; when the
caller hangs up, the driver closes the generator. Nothing here knows how a step is done.
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
    """Say these prompts one after the other. Outcome: Done, or Digits if a key cut them short.

    A key pressed during an ``interruptible`` Play stops all of it, and must be sent back as Digits,
    because it answers the next question.
    """

    node: str
    prompts: tuple[PromptText, ...]
    language: str
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Collect:
    """Say these prompts and collect keys, during them (a key cuts them short) or after. Outcome:
    Digits.

    Ends after ``max_digits`` keys, at one of ``terminators`` (not part of the digits), when no
    first key comes within ``first_timeout_s`` after the prompts, or no further one within
    ``digit_timeout_s``. With ``terminators`` empty, ``*`` and ``#`` are keys like any other.
    Without prompts it just waits for a key.
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

    ``exits`` names the node after each outcome: if the controller is lost, a call in which an agent
    is talking goes on at ``exits["talked"]``, and one that waits at ``node``. ``back`` is then said
    to the waiting caller, while they wait, so as not to prolong it.
    """

    node: str
    queue: QueueName
    language: str
    music: str
    exits: Mapping[str, str]
    back: tuple[PromptText, ...] = ()
    again: tuple[PromptText, ...] = ()
    """Said if the agent's phone dies during the talk and the caller has to wait again."""


@dataclass(frozen=True, slots=True)
class Note:
    """Write this into the call's timeline. Outcome: Done."""

    node: str
    what: Happening


@dataclass(frozen=True, slots=True)
class OptOut:
    """The customer asks not to be called again. Outcome: Done, or NotDone if this is not a call
    that we placed."""

    node: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call; the last step of every flow. Outcome: Done."""

    node: str
    why: str


Step = AnswerCall | Play | Collect | Enqueue | Note | OptOut | Hangup


class QueueExit(StrEnum):
    """How a caller's wait ended, if not by hanging up."""

    TALKED = "talked"  # an agent was connected, and the talk is over
    TIMEOUT = "timeout"  # waited as long as the queue allows
    NOBODY = "nobody"  # nobody who can serve the queue is logged in
    FAILED = "failed"  # the queue is unknown or could not take the caller


@dataclass(frozen=True, slots=True)
class Done:
    """The step was done."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """The step could not be done."""


@dataclass(frozen=True, slots=True)
class Digits:
    """The keys that were pressed; "" with ``timed_out`` is silence."""

    digits: str
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The caller is out of the queue and still there."""

    why: QueueExit


StepOutcome = Done | NotDone | Digits | Left
