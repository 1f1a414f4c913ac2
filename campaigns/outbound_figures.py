"""Adds up what attempts came to, into the figures of the outbound daily report. Pure.

docs/outbound-report.md has each figure's definition for people who read the report.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from domain.identity import AgentCode, CampaignName, ProjectName


class CameTo(StrEnum):
    """What an attempt came to: each one is exactly one of these (``came_of`` in
    ``storage/queries/outbound_reports.sql``)."""

    OPEN = "open"  # not over, or nobody knows yet what became of it
    NEVER_PLACED = "never_placed"  # Asterisk was never asked for the call
    TRUNK = "trunk"  # the trunk did not carry it: no phone rang
    WRONG_NUMBER = "wrong_number"  # no such number, or an agent says so
    TALKED = "talked"  # an agent talked with them, or they heard a notice
    ABANDONED = "abandoned"  # a person answered, and no agent was free
    MACHINE = "machine"  # a machine answered
    NOBODY = "nobody"  # busy, no answer, rejected


CONTACTED = (CameTo.TALKED, CameTo.ABANDONED)
NOT_CONTACTED = (CameTo.NOBODY, CameTo.MACHINE)
DIALS = (*CONTACTED, *NOT_CONTACTED, CameTo.WRONG_NUMBER)
"""What counts as a dial: the customer's phone could have rung."""


class CallResult(StrEnum):
    """The results of calls that the report has a column for; dispositions of the same codes."""

    SUCCESS = "success"
    REFUSED = "refused"
    APPOINTMENT = "appointment"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class CountedAttempts:
    """So many attempts that have all of this in common."""

    project: ProjectName
    campaign: CampaignName | None
    """None: by hand."""
    agent: AgentCode | None
    came: CameTo
    disposition: str
    """What the agent said; "" if nothing."""
    attempts: int


@dataclass(frozen=True, slots=True)
class OutboundFigures:
    """The figures of a row of the report, or of its total."""

    came: Mapping[CameTo, int] = field(default_factory=dict)
    said: Mapping[str, int] = field(default_factory=dict)
    """Of the calls in which somebody talked, by disposition; "": none."""
    agents: frozenset[AgentCode] = frozenset()
    """Those on duty, each once."""

    def _came(self, *codes: CameTo) -> int:
        return sum(self.came.get(code, 0) for code in codes)

    @property
    def dials(self) -> int:
        """Attempts at which the customer's phone could have rung, and which are over."""
        return self._came(*DIALS)

    @property
    def contacted(self) -> int:
        """Dials that a person answered."""
        return self._came(*CONTACTED)

    @property
    def not_contacted(self) -> int:
        """Dials that nobody answered, or a machine."""
        return self._came(*NOT_CONTACTED)

    @property
    def wrong_number(self) -> int:
        """Dials to numbers that don't exist or are somebody else's."""
        return self._came(CameTo.WRONG_NUMBER)

    @property
    def talked(self) -> int:
        """Calls in which an agent talked with the customer."""
        return self._came(CameTo.TALKED)

    @property
    def contact_rate(self) -> float | None:
        """Calls in which an agent talked with the customer, of all dials; None without dials."""
        return share(self.talked, self.dials)

    def result(self, code: CallResult) -> int:
        """Calls with this result."""
        return self.said.get(code, 0)

    @property
    def results(self) -> int:
        """Calls with one of the report's results."""
        return sum(self.result(code) for code in CallResult)

    @property
    def other(self) -> int:
        """Calls with another result: a callback, not now, no more calls."""
        return self.talked - self.results - self.unsaid

    @property
    def unsaid(self) -> int:
        """Calls whose agent hasn't said what they came to."""
        return self.said.get("", 0)

    @property
    def trunk(self) -> int:
        """Attempts that the trunk did not carry, which don't count as dials."""
        return self._came(CameTo.TRUNK)

    @property
    def open(self) -> int:
        """Attempts that are still going on, which don't count as dials yet."""
        return self._came(CameTo.OPEN)

    @property
    def is_empty(self) -> bool:
        """Whether there was no attempt at all."""
        return not any(self.came.values())

    def __add__(self, other: "OutboundFigures") -> "OutboundFigures":
        return OutboundFigures(
            Counter(self.came) + Counter(other.came),
            Counter(self.said) + Counter(other.said),
            self.agents | other.agents,
        )


def share(part: int, whole: int) -> float | None:
    """``part`` divided by ``whole``; None if ``whole`` is 0."""
    return part / whole if whole else None


def figures_of(
    counted: Iterable[CountedAttempts], on_duty: Iterable[AgentCode] = ()
) -> OutboundFigures:
    """The figures of these attempts. Whoever talked was on duty, whatever else is known."""
    came: Counter[CameTo] = Counter()
    said: Counter[str] = Counter()
    agents = set(on_duty)
    for one in counted:
        if one.came is CameTo.NEVER_PLACED:
            continue
        came[one.came] += one.attempts
        if one.came is CameTo.TALKED:
            said[one.disposition] += one.attempts
            if one.agent is not None:
                agents.add(one.agent)
    return OutboundFigures(came, said, frozenset(agents))


class ReportStatus(StrEnum):
    """How far the figures of a day can be relied on; the first that is so."""

    UNDER_WAY = "under_way"  # the day isn't over
    UNSETTLED = "unsettled"  # calls aren't over, or their fate is being looked up
    RESULTS_MISSING = "results_missing"  # agents haven't said what some calls came to
    FINAL = "final"


def status_of(figures: OutboundFigures, ends: datetime, now: datetime) -> ReportStatus:
    """The status of the figures of a day that ends at ``ends``."""
    if now < ends:
        return ReportStatus.UNDER_WAY
    if figures.open:
        return ReportStatus.UNSETTLED
    return ReportStatus.RESULTS_MISSING if figures.unsaid else ReportStatus.FINAL


def day_span(day: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
    """When a day begins, and the next one, where ``zone`` is (None: this machine).

    A day has 23 or 25 hours where clocks change. A midnight that comes twice begins the day the
    first time; one that is left out begins it when the clock goes on.
    """
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    midnight = datetime.combine(day, time())
    return midnight.astimezone() if zone is None else midnight.replace(tzinfo=zone)
