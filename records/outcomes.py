"""The outcomes of a call, or of a stay in a queue, for the customer."""

from enum import StrEnum


class Outcome(StrEnum):
    """The outcome. Readers tell short abandons by ``wait_s``."""

    OPEN = "open"  # has not ended
    ANSWERED = "answered"  # connected to an agent
    ABANDONED = "abandoned"  # left the queue before that
    UNSERVED = "unserved"  # the queue gave up: the wait was too long, or nobody was logged in
    SELF_SERVICE = "self_service"  # ended in the menus, without entering a queue
    LOST = "lost"  # the system ended it before an agent was reached
    BLOCKED = "blocked"  # refused unanswered: the line was full
    REFUSED = "refused"  # refused unanswered: the caller's number is blocked
    CLOSED = "closed"  # heard that the hotline is closed
    NOT_REACHED = "not_reached"  # we called, and nobody answered
    MACHINE = "machine"  # we called, and a machine answered, as far as detection could hear
    EMERGENCY = "emergency"  # heard the hotline's emergency message
