"""A gap: while the controller or its AMI link was down, nobody saw a node's events."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.identity import AgentCode, CallId, NodeName, StationName
from engine.calls.call import LiveCall
from records.call_queries import StoredCall


@dataclass(slots=True)
class Gap:
    """A gap as the snapshot after it shows it."""

    node: NodeName
    since: datetime
    until: datetime
    """When the snapshot had come."""
    events_from: datetime
    """Events since then come after ``until``, though the snapshot may show what they bring."""
    first: bool
    """It began at an earlier controller's end or before: nobody knows when."""
    restarted: bool
    """Asterisk has restarted since."""
    known: frozenset[CallId]
    """The calls in progress at its end (none is dropped while a link is down), and those that had
    ended just before it."""
    agents: dict[StationName, AgentCode]
    """Which agent sat at which station."""
    over: list[LiveCall] = field(default_factory=list)
    """Calls that ended in it."""
    going_on: list[LiveCall] = field(default_factory=list)
    """Calls that go on after it."""
    lost: list[StoredCall] = field(default_factory=list)
    """Calls whose record has no end, and that Asterisk doesn't have."""


def moment(gap: Gap | None) -> datetime:
    """When the things happened that are reported now, as far as anybody can say."""
    return gap.since if gap is not None and gap.restarted else datetime.now(UTC)
