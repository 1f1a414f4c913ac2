"""The node ``hours``: go on by whether a calendar is open."""

from collections.abc import Iterator

from pydantic import Field

from ivr_flows.kind import Exit, Mention, NameOf, NodeKind
from ivr_flows.steps import AskHours, NotDone, Opening, OpeningState
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class HoursNode(NodeKind):
    """Look whether a calendar of the centre is open now. Closed on a public holiday, or all day by
    an exception, it has a holiday."""

    calendar: str | None = Field(
        default=None,
        min_length=1,
        description="the calendar; without one, that of the number called",
    )

    def exits(self) -> tuple[Exit, ...]:
        return (
            Exit(OpeningState.OPEN.value, waits=False),
            Exit(OpeningState.CLOSED.value, waits=False),
            Exit(OpeningState.HOLIDAY.value, waits=False, otherwise=OpeningState.CLOSED.value),
        )

    def mentions(self) -> Iterator[Mention]:
        if self.calendar is not None:
            yield Mention(("calendar",), NameOf.CALENDAR, self.calendar)

    def visit(self, walk: Walk) -> Script[str]:
        step = AskHours(walk.here.node, self.calendar)
        outcome = yield from walk.find_out(step, Opening, NotDone)
        # A number without a calendar is always open.
        return (outcome.state if isinstance(outcome, Opening) else OpeningState.OPEN).value
