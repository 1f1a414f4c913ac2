"""The centre that is in force at the moment, and its things by their names."""

from collections.abc import Mapping

from domain.centre import Acquaintance, Agent, Centre, Hotline, KnownCaller, Line, Queue, Treatment
from domain.identity import AgentCode, LineName, ProjectName, QueueName, StationName
from domain.stations import OWN_PHONES
from telephony.numbers import from_carrier, ways_to_write


class CentreInForce:
    """Whatever needs to know the centre asks this each time, because another one may be put in
    force between two events (``Engine.take``)."""

    centre: Centre
    agents: Mapping[AgentCode, Agent]
    queues: Mapping[QueueName, Queue]
    hotlines: Mapping[str, Hotline]
    """By number."""
    stations: frozenset[StationName]
    lines: frozenset[LineName]
    """With the one of calls from the centre's own phones."""

    def __init__(self, centre: Centre) -> None:
        self.put(centre)

    def put(self, centre: Centre) -> None:
        """Put another centre in the place of this one."""
        self.centre = centre
        self.agents = {agent.code: agent for agent in centre.agents}
        self.queues = {queue.name: queue for queue in centre.queues}
        self.hotlines = {hotline.number: hotline for hotline in centre.hotlines}
        self.stations = frozenset(station.name for station in centre.stations)
        self.lines = frozenset(line.name for line in centre.lines) | {OWN_PHONES}
        self._line_of = {line.name: line for line in centre.lines}

    def line(self, name: LineName) -> Line | None:
        """The line of this name; None if it is not in the centre any more."""
        return self._line_of.get(name)

    def caller(self, line: LineName, number: str | None) -> str | None:
        """A caller's number as it is recorded, whatever the line's carrier made of it."""
        found = self._line_of.get(line)
        return number if number is None or found is None else from_carrier(number, found)

    def country(self, line: LineName) -> str:
        """Where numbers of the line without a country's code are; for a line that is none, such as
        the centre's own phones, as for the first."""
        found = self._line_of.get(line) or next(iter(self.centre.lines), None)
        return "CN" if found is None else found.country

    def languages(self, hotline: Hotline) -> tuple[str, ...]:
        """The languages that the hotline's callers may choose from, the usual one first."""
        return hotline.languages or self.centre.languages

    def blocked(self, caller: str | None, line: LineName, project: ProjectName) -> bool:
        """Whether calls of this number, as it is recorded, to the project are refused."""
        known = self._known(caller, line, project)
        return known is not None and known.treatment is Treatment.BLOCKED

    def raised(self, caller: str | None, line: LineName, project: ProjectName) -> int:
        """How much this number raises the priority of the project's queues."""
        known = self._known(caller, line, project)
        return known.priority if known is not None and known.treatment is Treatment.VIP else 0

    def knows(self, caller: str | None, line: LineName, project: ProjectName) -> bool:
        """Whether this number is in the list of callers for the project."""
        return self._known(caller, line, project) is not None

    def known(
        self, caller: str | None, line: LineName, project: ProjectName
    ) -> Acquaintance | None:
        """How well the list of callers knows this number; None: it isn't there."""
        found = self._known(caller, line, project)
        if found is None:
            return None
        return Acquaintance.VIP if found.treatment is Treatment.VIP else Acquaintance.LISTED

    def ways(self, caller: str | None, line: LineName) -> tuple[str, ...]:
        """Each way to write a number as it is recorded; none: it is withheld."""
        found = self._line_of.get(line)
        if caller is None:
            return ()
        return (caller,) if found is None else ways_to_write(caller, found.country)

    def _known(
        self, caller: str | None, line: LineName, project: ProjectName
    ) -> KnownCaller | None:
        """The caller, however their number is written in the list and in the record."""
        callers = self.centre.callers
        if caller is None or not callers:
            return None
        there = (callers[way] for way in self.ways(caller, line) if way in callers)
        return next((k for k in there if not k.projects or project in k.projects), None)
