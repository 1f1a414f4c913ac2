"""A time in which nobody saw a node's events: the controller was away, or its AMI link was."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.identity import AgentCode, CallId, NodeName, StationName
from engine.calls.call import LiveCall
from records.call_queries import StoredCall


@dataclass(slots=True)
class Gap:
    """As the snapshot after it shows it."""

    node: NodeName
    since: datetime
    until: datetime
    first: bool
    """It began with an earlier controller, or before it: nobody knows when."""
    restarted: bool
    """Asterisk is another process than before."""
    known: frozenset[CallId]
    """The calls that were going on at its end (none leaves these while a link is down), and
    those that had ended just before it."""
    agents: dict[StationName, AgentCode]
    """Who sat where."""
    over: list[LiveCall] = field(default_factory=list)
    """Calls that have ended in it."""
    going_on: list[LiveCall] = field(default_factory=list)
    """Calls that go on after it."""
    lost: list[StoredCall] = field(default_factory=list)
    """Calls without an end in the record that Asterisk doesn't have."""


def moment(gap: Gap | None) -> datetime:
    """When what is reported now happened, as far as anybody can say."""
    return gap.since if gap is not None and gap.restarted else datetime.now(UTC)
