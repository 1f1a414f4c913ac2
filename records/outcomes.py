"""How a call, or a caller's stay in a queue, came out for the customer."""

from enum import StrEnum


class Outcome(StrEnum):
    """How it came out. Short abandons are told by ``wait_s`` when read."""

    OPEN = "open"  # has not ended
    ANSWERED = "answered"  # was connected to an agent
    ABANDONED = "abandoned"  # the caller left the queue before that
    UNSERVED = "unserved"  # the queue gave up: waited too long, or nobody was logged in
    SELF_SERVICE = "self_service"  # ended in the menus, never entered a queue
    LOST = "lost"  # the system ended it before an agent was reached
    BLOCKED = "blocked"  # refused unanswered: its line carried no more calls
