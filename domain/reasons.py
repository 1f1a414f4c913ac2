"""Who did something and why: the codes that facts, commands and events share.

The values are stored, so none may change. Words for people are the console's.
"""

from enum import StrEnum
from typing import NewType

Unlisted = NewType("Unlisted", str)
"""A code that no enum here lists: a flow's own word, or one of another version of Offhook. It is
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
    FORWARDED = "forwarded"  # the agent is paused: the phone wants to send its calls elsewhere
    DROPPED = "dropped"  # the agent is paused: the phone answered and there was no talk
    WITHDRAWN = "withdrawn"  # not the agent's fault, they stay ready; the answer to a Withdraw
    CALLER_LEFT = "caller_left"  # likewise


class GiveUpReason(StrEnum):
    """Why a caller is sent out of the queue."""

    TIMEOUT = "timeout"  # the queue's max_wait_s is over
    NOBODY_LOGGED_IN = "nobody_logged_in"  # no agent at all could ever take them
    UNKNOWN_QUEUE = "unknown_queue"


class TransferKind(StrEnum):
    """How an agent passed a caller on."""

    BLIND = "blind"  # without asking
    ATTENDED = "attended"  # after asking


class EndReason(StrEnum):
    """Why a talk or a call ended that nobody hung up. A flow that hangs up has its own words."""

    ASTERISK_ENDED = "Asterisk ended during the call"
    CONTROLLER_AWAY = "the controller was away"  # so nobody knows
    LINE_GONE = "line_gone"  # the caller's line answered no more; the session timer noticed
    PHONE_GONE = "phone_gone"  # nothing came from the agent's phone, and it couldn't be reached
    STOPPING = "stopping"  # a new call was refused: the controller is about to end


class LossReason(StrEnum):
    """Why there is no recording of a call in which somebody talked."""

    NO_FILE = "no_file"  # Asterisk left none
    EMPTY_FILE = "empty_file"
    FOREIGN_FILE = "foreign_file"  # what lies there is not Asterisk's; it is left alone
