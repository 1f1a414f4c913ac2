"""The node ``callback``: note that the caller wants to be called."""

from collections.abc import Iterator
from datetime import date, datetime, time

from pydantic import Field

from domain.identity import QueueName
from ivr_flows.kind import Exit, Mention, NameOf, NodeKind, VariableRead
from ivr_flows.steps import BookCallback, Done, NotDone
from ivr_flows.values import CALLER, TODAY, VariableType, written
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

BOOKED, REFUSED = "booked", "refused"


class CallbackNode(NodeKind):
    """Book a call to the caller's number, or to one they have keyed in.

    ``refused``: the number is withheld, can't be called, or is on a do-not-call list.
    """

    number: str = Field(default=CALLER, description="the variable with the number to call")
    queue: str | None = Field(
        default=None,
        min_length=1,
        description="whose agents call; without one, those of the number called",
    )
    date: str | None = Field(default=None, description="the variable with the day; else today")
    time: str | None = Field(
        default=None, description="the variable with the time; else as soon as an agent is free"
    )

    def exits(self) -> tuple[Exit, ...]:
        return (Exit(BOOKED, waits=False), Exit(REFUSED, waits=False))

    def mentions(self) -> Iterator[Mention]:
        if self.queue is not None:
            yield Mention(("queue",), NameOf.QUEUE, self.queue)

    def reads(self) -> Iterator[VariableRead]:
        numbers = (VariableType.DIGITS, VariableType.TEXT)
        yield VariableRead(("number",), self.number, numbers)
        if self.date is not None:
            yield VariableRead(("date",), self.date, (VariableType.DATE,))
        if self.time is not None:
            yield VariableRead(("time",), self.time, (VariableType.TIME,))

    def visit(self, walk: Walk) -> Script[str]:
        number = written(walk.here.values[self.number])
        queue = walk.queue if self.queue is None else QueueName(self.queue)
        if not number or queue is None:
            return REFUSED
        step = BookCallback(walk.here.node, number, self._when(walk), queue)
        outcome = yield from walk.find_out(step, Done, NotDone)
        return BOOKED if isinstance(outcome, Done) else REFUSED

    def _when(self, walk: Walk) -> datetime | None:
        day = walk.here.values[self.date or TODAY]
        at = walk.here.values[self.time] if self.time is not None else None
        if self.date is not None and at is None and isinstance(day, date):
            at = time(9)
        if not isinstance(day, date) or not isinstance(at, time):
            return None
        return datetime.combine(day, at)
