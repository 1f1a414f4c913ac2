"""Codes for who did something and why, which facts, commands and events share.

The values are stored, so none may change. The console has the words for people.
"""

from enum import StrEnum
from typing import NewType

Unlisted = NewType("Unlisted", str)
"""A code that no enum here lists: a flow's own word, or one from another version of Offhook. It is
kept as it is."""


class Party(StrEnum):
    """Who did something."""

    CALLER = "caller"
    AGENT = "agent"
    FLOW = "flow"
    SYSTEM = "system"  # Offhook, Asterisk, or a line or phone that died
    UNKNOWN = "unknown"


class OfferFailure(StrEnum):
    """Why an offered agent didn't get the caller."""

    NO_ANSWER = "no_answer"  # the agent is paused: missed
    BUSY = "busy"  # the agent is paused: busy
    REJECTED = "rejected"  # the agent is paused: rejected
    UNREACHABLE = "unreachable"  # the agent is paused: unreachable
    FORWARDED = "forwarded"  # the agent is paused: the phone tried to send its calls elsewhere
    DROPPED = "dropped"  # the agent is paused: the phone answered, but no talk began
    WITHDRAWN = "withdrawn"  # the answer to a Withdraw; not the agent's fault, who stays ready
    CALLER_LEFT = "caller_left"  # likewise


class GiveUpReason(StrEnum):
    """Why the queue gave up on a caller."""

    TIMEOUT = "timeout"  # the queue's max_wait_s has passed
    NOBODY_LOGGED_IN = "nobody_logged_in"  # no agent is logged in who could take them
    UNKNOWN_QUEUE = "unknown_queue"


class TransferKind(StrEnum):
    """How an agent passed a caller on."""

    BLIND = "blind"  # without asking first
    ATTENDED = "attended"  # after asking first


class ConsultEnd(StrEnum):
    """How it ended that an agent asked somebody while their customer waited."""

    PASSED_ON = "passed_on"  # the customer stayed with whom was asked
    CANCELLED = "cancelled"  # the agent went back to the customer, or ended the talk
    NOT_REACHED = "not_reached"  # nobody answered
    LEFT = "left"  # whoever was asked left
    CUSTOMER_LEFT = "customer_left"


class EndReason(StrEnum):
    """Why a talk or a call ended if nobody hung up. A flow that hangs up has its own words."""

    ASTERISK_ENDED = "Asterisk ended during the call"
    CONTROLLER_AWAY = "the controller was away"  # so nobody knows why
    LINE_GONE = "line_gone"  # the caller's line stopped responding, as the session timer noticed
    PHONE_GONE = "phone_gone"  # the agent's phone stopped responding and couldn't be reached
    STOPPING = "stopping"  # a new call was refused because the controller is about to end
    CALLER_BLOCKED = "caller_blocked"  # refused unanswered: the centre takes none of this number's


class Cause(StrEnum):
    """Why an attempt was not answered; ``dialer.causes`` derives it from Q.850 and SIP."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"  # rang until the far end or the ring time gave up
    REJECTED = "rejected"
    INVALID = "invalid"  # no such number
    CONGESTION = "congestion"  # no line, here or beyond
    FAILED = "failed"  # the trunk or the network is out of order, or doesn't reply
    CUT = "cut"  # hung up by us while it rang

    @property
    def of_trunk(self) -> bool:
        """Whether the trunk is at fault. If so, the attempt says nothing about its list."""
        return self in (Cause.CONGESTION, Cause.FAILED)


class NoEntry(StrEnum):
    """Why a call was not led into its hotline's flow."""

    CLOSED = "closed"  # by its calendar; the caller heard the closed message
    EMERGENCY = "emergency"  # the caller heard the emergency message
    CALLER_BLOCKED = "caller_blocked"  # the call was refused unanswered


class NoCallback(StrEnum):
    """Why a caller who asked to be called back is not."""

    NOT_DIALLABLE = "not_diallable"  # withheld, or no number that can be called
    DO_NOT_CALL = "do_not_call"  # it is on a list
    FORBIDDEN = "forbidden"  # a rule never allows it
    NO_SUCH_TIME = "no_such_time"  # in the past, or in more than a year
    NO_QUEUE = "no_queue"  # the centre has no such queue
    FAILED = "failed"  # it could not be kept: the database was away


class LossReason(StrEnum):
    """Why there is no recording of a call in which somebody talked."""

    NO_FILE = "no_file"  # Asterisk left no file
    EMPTY_FILE = "empty_file"
    FOREIGN_FILE = "foreign_file"  # the file there is not Asterisk's and is left alone
