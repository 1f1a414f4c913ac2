"""Puts together the running centre as people see it, and what keeps it up to date."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from centre.directory import Directory
from configuration.in_force import InForce
from engine.holidays_ahead import HolidaysAhead
from engine.running_centre import RunningCentre
from offhook.background import BackgroundWork
from offhook.call_work import CallWork
from offhook.database_work import DatabaseWork
from offhook.flow_work import FlowWork
from offhook.outbound_work import OutboundWork


@dataclass(frozen=True, slots=True)
class CentreWork:
    """The centre of one controller. ``directory`` is the one in force."""

    found: InForce
    directory: Callable[[], Directory]
    flow_work: FlowWork
    holidays: HolidaysAhead
    centre: RunningCentre

    @classmethod
    def of(
        cls,
        found: InForce,
        directory: Callable[[], Directory],
        stored: DatabaseWork,
        flow_work: FlowWork,
        calls: CallWork,
        outbound: OutboundWork,
    ) -> "CentreWork":
        """The centre of these parts."""
        holidays, database = HolidaysAhead(calls.engine), stored.database
        centre = RunningCentre(
            calls.engine,
            database.calls,
            stored.outbox,
            calls.recorder,
            without=lambda: database.without,
            unpublished=lambda: holidays.unpublished,
            ahead=outbound.ahead,
        )
        return cls(found, directory, flow_work, holidays, centre)

    def at_once(self) -> Iterator[BackgroundWork]:
        """What runs from the beginning."""
        yield self.holidays.keep(), "holidays"
        yield self.centre.keep_comparing(self._change, self.found.since), "configuration"
        yield self.centre.keep_figures(), "figures"

    def _change(self) -> str | None:
        """What has become of the files since they were put in force."""
        return self.found.changed(self.directory(), tuple(self.flow_work.flows))
