"""Puts the running centre together: feeds the cores what happens, and carries out their commands.

Everything runs on the event loop's thread, one thing after the other: an event is fed to the floor,
and the resulting commands are carried out before the next event is looked at. Sessions
(``caller_sessions``) and Asterisks (``switches``) report what happens; ``live_floor`` carries out
the floor's commands, ``orders`` passes them to Asterisk, and ``calls`` writes the record.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from acd.events import Restore
from domain.agent_facts import AgentFact, AgentState
from domain.centre import Agent, Centre, Queue
from domain.identity import AgentCode, NodeName
from engine.admission import Admission
from engine.agents.agent_news import AgentNews
from engine.agents.asides import Asides
from engine.agents.consultations import Consultations
from engine.agents.kept_agents import KeptAgents
from engine.agents.kept_rooms import KeptRooms
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.lost_phones import LostPhones
from engine.agents.nailed_up import NailedUp
from engine.agents.outside_calls import OutsideCalls
from engine.agents.passes_outside import PassesOutside
from engine.agents.room_keys import RoomKeys
from engine.agents.rooms import Rooms
from engine.call_reactions import CallReactions
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.calls.live_calls import LiveCalls
from engine.centre_in_force import CentreInForce
from engine.changes import Changes
from engine.clock import Clock, ReportTiming
from engine.inbound.caller_sessions import Sessions
from engine.inbound.queued_calls import QueuedCalls
from engine.lines_out import LinesOut
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
        kept_rooms: KeptRooms | None = None,
        clock: Clock | None = None,
        timing: ReportTiming = ReportTiming(),  # noqa: B008 - it is frozen
    ) -> None:
        self.in_force = in_force = CentreInForce(centre)
        self._leaving: Mapping[AgentCode, Agent] = {}
        self.links = links
        self.started_at = datetime.now(UTC)
        self.clock = clock = clock or Clock()
        self.changes = changes = Changes()
        self.channels = channels = Calls(in_force.stations, in_force.lines)
        self.calls = calls = LiveCalls(in_force, outbox, changes, clock)
        self.lines_out = lines_out = LinesOut(in_force, channels, clock.now)
        self.orders = orders = Orders(links, channels)
        self.news = news = AgentNews()
        self.floor = floor = LiveFloor(in_force, clock, changes, calls, orders, outbox, news)
        self.talks = talks = LiveTalks(calls, floor, links, self._call_over)
        self._on_call_over = on_call_over
        self.nailed_up = nailed_up = NailedUp(
            in_force, changes, floor, orders, links, channels, news, kept_rooms or KeptRooms()
        )
        self.kept_agents = kept_agents = KeptAgents(calls, floor, nailed_up, news)
        self.rooms = rooms = Rooms(calls, floor, orders, channels)
        self.outside = outside = OutsideCalls(
            lines_out, orders, links, channels, closing=lambda: self.sessions.closing is not None
        )
        self.passes = passes = PassesOutside(outside)
        self.asides = asides = Asides(
            changes, calls, floor, talks, nailed_up, outside, rooms, orders, channels, news
        )
        self.consultations = consultations = Consultations(
            calls, floor, asides, outside, passes, rooms, orders, channels
        )
        self.room_keys = keys = RoomKeys(
            floor,
            lambda: in_force.centre,
            clock.now,
            rooms.press,
            consultations.end,
            consultations.step,
            consultations.pass_key,
        )
        self.admission = admission = Admission(
            in_force, calls, links, channels, late_s=timing.late_s
        )
        self.sessions = sessions = Sessions(changes, calls, talks, links, channels, admission)
        self.queued = QueuedCalls(
            in_force, clock, calls, floor, talks, rooms, consultations, links, timing
        )
        self.lost_phones = LostPhones(clock, calls, links, channels)
        self.reactions = reactions = CallReactions(
            calls, floor, talks, nailed_up, rooms, asides, outside, passes, keys, orders, channels
        )
        self.switches = Switches(
            clock,
            changes,
            calls,
            floor,
            talks,
            nailed_up,
            rooms,
            asides,
            outside,
            kept_agents,
            orders,
            channels,
            admission,
            reactions,
            sessions.doubt,
            on_gap,
        )

    def _call_over(self, call: LiveCall) -> None:
        self.kept_agents.call_over(call)
        self._on_call_over(call)

    @property
    def centre(self) -> Centre:
        """The centre in force."""
        return self.in_force.centre

    def take(self, centre: Centre) -> None:
        """Put another centre in force, at once. No call is disturbed.

        Removed queues serve the callers in them, calls in a removed hotline go on, and so does a
        talk at a removed phone or with a deleted agent, who is logged out after it. All else
        counts from the next offer, announcement or after-call work.

        Asterisk must be given new lines and phones after this, so that no channel of theirs comes
        as a stranger's.
        """
        known = {**self._leaving, **self.in_force.agents}
        self.in_force.put(centre)
        self.channels.know(self.in_force.stations, self.in_force.lines)
        self.floor.reconfigure()
        here = self.floor.at_station.values()
        gone = known.keys() - self.in_force.agents.keys()
        self._leaving = {code: known[code] for code in here if code in gone}

    @property
    def leaving(self) -> list[Agent]:
        """Deleted agents who are finishing a talk."""
        here = set(self.floor.at_station.values()) if self._leaving else set()
        return [agent for code, agent in self._leaving.items() if code in here]

    @property
    def queues(self) -> list[Queue]:
        """The centre's queues, then removed ones in which somebody waits still."""
        removed = [q for q in self.floor.core.queues if q.name not in self.in_force.queues]
        return [*self.centre.queues, *removed]

    def restore(
        self, last_states: Mapping[AgentCode, AgentFact], open_calls: Iterable[StoredCall]
    ) -> None:
        """Restore agents as they were last recorded, and the calls whose record has no end.

        To be called before the links come up: their first snapshots say what has become of these.
        """
        self.calls.unclosed = {stored.record.call: stored for stored in open_calls}
        for stored in self.calls.unclosed.values():  # their line or phone may have been removed
            record = stored.record
            self.channels.know(
                (leg.station for leg in record.legs if leg.station),
                (record.line,) if record.line else (),
            )
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
        agents = self.in_force.agents
        # First those whom the centre has: a phone may be theirs now.
        for code in sorted(last_states, key=lambda code: code not in agents):
            agent, fact = agents.get(code), last_states[code]
            if fact.station is None or fact.state is AgentState.LOGGED_OUT or not agents:
                continue  # without agents the centre itself isn't known yet
            talking = fact.state is AgentState.TALKING
            self.floor.feed(
                Restore(
                    agent=code,
                    station=fact.station,
                    skills={} if agent is None else agent.skills,
                    # An offer doesn't outlive its controller.
                    state=AgentState.READY if fact.state is AgentState.OFFERED else fact.state,
                    reason=fact.reason,
                    since=self.clock.monotonic(fact.at),
                    call=fact.call if talking else None,
                    wrap_up_s=None if agent is None else agent.wrap_up_s,
                    missed_before_away=1 if agent is None else agent.missed_before_away,
                )
            )
        # Agents and phones may have been removed while nobody was there to log them out.
        self.floor.reconfigure()
