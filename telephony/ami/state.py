"""The states of an AMI link, and its deadlines."""

from dataclasses import dataclass
from enum import StrEnum


class LinkKind(StrEnum):
    DOWN = "down"  # no connection; will be tried again
    SYNCING = "syncing"  # connected; at greeting, login or snapshot
    UP = "up"
    REFUSED = "refused"  # Asterisk does not let us in as configured; tried again, less often
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkState:
    kind: LinkKind
    since: float  # the link's clock, s
    error: str = ""  # why it is not up, for people


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a link waits for each thing, in seconds."""

    connect: float = 5.0  # connection and greeting
    login: float = 5.0
    boot: float = 60.0  # Asterisk logs clients in before it has loaded all modules
    snapshot: float = 10.0  # for each list of it
    ping_every: float = 10.0
    pong: float = 5.0
    retry_first: float = 0.2
    retry_most: float = 5.0
    retry_refused: float = 30.0
    lookup: float = 30.0  # how long an Originate with a lost answer waits for the link,
    settle: float = 1.0  # and then for its channel
