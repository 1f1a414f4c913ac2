"""Puts the running centre together: feeds the cores what happens, and carries out their commands.

Everything runs on the event loop's thread, one thing after the other: an event is fed to the floor,
and the resulting commands are carried out before the next event is looked at. Sessions
(``caller_sessions``) and Asterisks (``switches``) report what happens; ``live_floor`` carries out
the floor's commands, ``orders`` passes them to Asterisk, and ``calls`` writes the record.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from acd.events import Restore
from domain.centre import Centre
from domain.facts import AgentFact, AgentState
from domain.identity import AgentCode, NodeName
from engine.admission import Admission
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.lost_phones import LostPhones
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.calls.live_calls import LiveCalls
from engine.changes import Changes
from engine.clock import Clock, ReportTiming
from engine.inbound.caller_sessions import Sessions
from engine.inbound.queued_calls import QueuedCalls
from engine.orders import Orders
from engine.switches import Switches
from records.call_queries import StoredCall
from storage.outbox import Outbox
from telephony.ami.link import Link
from telephony.centre_calls import Calls


class Engine:
    """The parts of a running centre, put together, and their return after a restart.

    ``links`` are the nodes' AMI connections; their events go to ``switches``. ``on_call_over`` is
    given each call that has ended, once all of it is recorded; ``on_gap`` is as in ``Switches``.
    """

    def __init__(
        self,
        centre: Centre,
        outbox: Outbox,
        links: Mapping[NodeName, Link],
        *,
        on_call_over: Callable[[LiveCall], None] = lambda _: None,
        on_gap: Callable[[Gap], None] | None = None,
        clock: Clock | None = None,
        timing: ReportTiming = ReportTiming(),  # noqa: B008 - it is frozen
    ) -> None:
        self.centre = centre
        self.links = links
        self.started_at = datetime.now(UTC)
        self.clock = clock = clock or Clock()
        self.changes = changes = Changes()
        self.channels = channels = Calls(
            (station.name for station in centre.stations), (line.name for line in centre.lines)
        )
        self.calls = calls = LiveCalls(centre, outbox, changes, clock)
        self.orders = orders = Orders(links, channels)
        self.floor = floor = LiveFloor(centre, clock, changes, calls, orders, outbox)
        self.talks = talks = LiveTalks(calls, floor, links, on_call_over)
        self.admission = admission = Admission(centre, links, channels, late_s=timing.late_s)
        self.sessions = sessions = Sessions(changes, calls, talks, links, channels, admission)
        self.queued = QueuedCalls(centre, clock, calls, floor, talks, links, timing)
        self.lost_phones = LostPhones(clock, calls, links, channels)
        self.switches = Switches(
            clock, changes, calls, floor, talks, orders, channels, admission, sessions.doubt, on_gap
        )

    def restore(
        self, last_states: Mapping[AgentCode, AgentFact], open_calls: Iterable[StoredCall]
    ) -> None:
        """Restore agents as they were last recorded, and the calls whose record has no end.

        To be called before the links come up: their first snapshots say what has become of these.
        """
        self.calls.unclosed = {stored.record.call: stored for stored in open_calls}
        self._restore_agents(last_states)

    def catch_up(
        self, last_states: Mapping[AgentCode, AgentFact], open_calls: Iterable[StoredCall]
    ) -> tuple[int, int]:
        """After a start without the database: take what it knows beyond what ``restore`` was given.

        The database must have everything that this controller has put. Returns how many agents it
        brought, and how many calls that have ended.
        """
        before = len(self.floor.at_station)
        # Agents who are logged in have been seen since; the floor leaves them as they are.
        self._restore_agents(last_states)
        over = {call.id for call in self.calls.just_over()}
        lost = []
        for stored in open_calls:
            name = stored.record.call
            if call := self.calls.get(name):
                call.ledger.knew(stored.timeline)
            elif name not in over and name not in self.calls.unclosed:
                self.calls.unclosed[name] = stored
                lost.append(name)
        for node, link in self.links.items():
            if link.up:  # otherwise its snapshot will show what has become of them
                self.switches.lose(node, lost)
        return len(self.floor.at_station) - before, len(lost)

    def _restore_agents(self, last_states: Mapping[AgentCode, AgentFact]) -> None:
        agents = {agent.code: agent for agent in self.centre.agents}
        for code, fact in last_states.items():
            agent = agents.get(code)
            if agent is None or fact.station is None or fact.state is AgentState.LOGGED_OUT:
                continue
            talking = fact.state is AgentState.TALKING
            self.floor.feed(
                Restore(
                    agent=code,
                    station=fact.station,
                    skills=agent.skills,
                    # An offer doesn't outlive its controller.
                    state=AgentState.READY if fact.state is AgentState.OFFERED else fact.state,
                    reason=fact.reason,
                    since=self.clock.monotonic(fact.at),
                    call=fact.call if talking else None,
                )
            )

    def take(self, centre: Centre) -> None:
        """Put another centre in force."""
        self.centre = centre
