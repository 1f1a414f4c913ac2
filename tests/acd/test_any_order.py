"""Any event at any time, late, repeated or senseless: nobody is ever stuck, no rule is broken."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from acd.agent_states import TRANSITIONS
from acd.commands import (
    AgentChanged,
    Announce,
    Command,
    GiveUp,
    Offer,
    Refusal,
    WishRefused,
    Withdraw,
)
from acd.events import (
    Away,
    CallGone,
    CallLeft,
    CallQueued,
    Connected,
    Disconnected,
    ExtendWrapUp,
    FloorEvent,
    KeepAgent,
    LetAgentGo,
    LogIn,
    LogOut,
    OfferFailed,
    Ready,
    Reconfigure,
    Restore,
    StationChanged,
)
from acd.floor import Floor
from acd.match import able
from domain.agent_facts import AgentState
from domain.centre import Agent
from domain.identity import AgentCode, CallId, QueueName, StationName
from domain.reasons import OfferFailure
from domain.stations import StationState
from tests.acd.centre import QUEUES, SALES, SERVICE, A, B, C, D, queue

PEOPLE = (A, B, C, D)
AGENTS = st.sampled_from(PEOPLE)
PHONES = [StationName(f"st{number}") for number in range(5)]
STATIONS = st.sampled_from(PHONES)
NAMES = st.sampled_from([queue.name for queue in QUEUES])
SKILLS = st.sampled_from([{SALES: 1}, {SERVICE: 2}, {SALES: 2, SERVICE: 5}, {}])
RECENT = st.integers(0, 5)
"""Which of the newest calls."""

LISTED = {(state, entered) for (state, _), entered in TRANSITIONS.items()}


class AnyOrder(RuleBasedStateMachine):
    """Plays the engine: knows only what was commanded."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor(QUEUES)
        self.now = 0.0
        self.calls = 0
        self.told: dict[AgentCode, AgentChanged] = {}
        self.gone: set[AgentCode] = set()
        """Whom the centre no longer has, or whose phone."""
        self.ringing: dict[CallId, AgentCode] = {}  # as an engine believes by the commands

    def recent(self, back: int) -> CallId:
        return CallId(f"c{max(0, self.calls - back)}")

    def tell(self, event: FloorEvent) -> list[Command]:
        if isinstance(event, OfferFailed | Connected) and (
            self.ringing.get(event.call) == event.agent
        ):
            del self.ringing[event.call]
        out = self.floor.handle(event, self.now)
        self.check(out, restored=isinstance(event, Restore))
        return out

    def tick(self) -> None:
        self.check(self.floor.tick(self.now))
        following = self.floor.next_deadline()
        assert following is None or following > self.now

    def check(self, out: list[Command], restored: bool = False) -> None:
        for command in out:
            match command:
                case Offer():
                    assert command.call not in self.ringing, "a call offered twice"
                    assert command.agent not in self.ringing.values(), "an agent offered twice"
                    assert command.agent not in self.gone, "offered to somebody who is gone"
                    self.check_skill(command)
                    self.ringing[command.call] = command.agent
                case Withdraw():
                    assert self.ringing.pop(command.call) == command.agent
                case Announce() | GiveUp():
                    assert command.call not in self.ringing, "spoken to while a phone rings"
                case AgentChanged():
                    before = self.told.get(command.agent)
                    was = before.state if before else AgentState.LOGGED_OUT
                    assert restored or (was, command.state) in LISTED
                    assert restored or command != before, "told twice"
                    self.told[command.agent] = command
                case WishRefused():
                    assert (command.code is Refusal.STATION_TAKEN) == (command.by is not None)

    def check_skill(self, offer: Offer) -> None:
        """By what was last said of the queue and of the agent."""
        view = self.floor.agent(offer.agent)
        queue = next(queue for queue in self.floor.queues if queue.name == offer.queue)
        assert view and able(view.skills, queue), "offered to somebody without the skill"
        assert offer.ring_s == queue.ring_s

    # Callers

    @rule(
        name=NAMES,
        waited=st.sampled_from([0.0, 0.0, 3.0, 1000.0]),
        raised=st.sampled_from([0, 0, 5]),
        longest_s=st.sampled_from([None, None, 1.0, 40.0]),
    )
    def a_caller_comes(
        self, name: QueueName, waited: float, raised: int, longest_s: float | None
    ) -> None:
        self.calls += 1
        call = CallId(f"c{self.calls}")
        since = self.now - waited
        self.tell(CallQueued(call, name, since, raised=raised, longest_s=longest_s))

    @rule(back=RECENT, name=NAMES)
    def a_caller_is_queued_again(self, back: int, name: QueueName) -> None:
        self.tell(CallQueued(self.recent(back), name, self.now))

    @rule(name=NAMES, agent=AGENTS, alone=st.booleans())
    def a_customer_of_one_agent_comes(self, name: QueueName, agent: AgentCode, alone: bool) -> None:
        self.calls += 1
        self.tell(CallQueued(CallId(f"c{self.calls}"), name, self.now, only=agent, alone=alone))

    @rule(agent=AGENTS, by=st.sampled_from(["spring", "hand"]))
    def an_agent_is_kept(self, agent: AgentCode, by: str) -> None:
        self.tell(KeepAgent(agent, by))

    @rule(agent=AGENTS, by=st.sampled_from(["spring", "hand"]))
    def an_agent_is_let_go(self, agent: AgentCode, by: str) -> None:
        self.tell(LetAgentGo(agent, by))

    @rule(back=RECENT)
    def a_caller_leaves(self, back: int) -> None:
        self.tell(CallLeft(self.recent(back)))

    @rule(back=RECENT)
    def a_call_is_gone(self, back: int) -> None:
        self.tell(CallGone(self.recent(back)))

    # Agents

    @rule(
        agent=AGENTS,
        station=STATIONS,
        skills=SKILLS,
        wrap_up_s=st.none() | st.sampled_from([0.0, 7.0]),
        missed=st.sampled_from([1, 3]),
    )
    def log_in(
        self,
        agent: AgentCode,
        station: StationName,
        skills: Any,
        wrap_up_s: float | None,
        missed: int,
    ) -> None:
        self.is_there(agent)
        self.tell(LogIn(agent, station, skills, wrap_up_s, missed))

    def is_there(self, agent: AgentCode) -> None:
        """The centre lets nobody log in whom it doesn't have, but who leaves may be talking."""
        view = self.floor.agent(agent)
        if view is None or view.state is AgentState.LOGGED_OUT:
            self.gone.discard(agent)

    @rule(agent=AGENTS)
    def log_out(self, agent: AgentCode) -> None:
        self.tell(LogOut(agent))

    @rule(agent=AGENTS)
    def ready(self, agent: AgentCode) -> None:
        self.tell(Ready(agent))

    @rule()
    def all_ready(self) -> None:
        for number, code in enumerate(PEOPLE):
            self.is_there(code)
            self.tell(LogIn(code, StationName(f"st{number}"), {SALES: 1, SERVICE: number}))
            self.tell(Ready(code))

    @rule(agent=AGENTS)
    def away(self, agent: AgentCode) -> None:
        self.tell(Away(agent, "break"))

    @rule(agent=AGENTS, seconds=st.sampled_from([-5.0, 10.0]))
    def extend(self, agent: AgentCode, seconds: float) -> None:
        self.tell(ExtendWrapUp(agent, seconds))

    @rule(station=STATIONS, state=st.sampled_from(StationState))
    def a_phone_changes(self, station: StationName, state: StationState) -> None:
        self.tell(StationChanged(station, state))

    @rule(
        agent=AGENTS,
        station=STATIONS,
        skills=SKILLS,
        state=st.sampled_from(AgentState),
        age=st.sampled_from([0.0, 5.0, 100.0]),
        back=st.none() | RECENT,
    )
    def restored(
        self,
        agent: AgentCode,
        station: StationName,
        skills: Any,
        state: AgentState,
        age: float,
        back: int | None,
    ) -> None:
        call = None if back is None else self.recent(back)
        self.is_there(agent)
        self.tell(Restore(agent, station, skills, state, None, self.now - age, call))

    # Offers and talks, as they should go ...

    @rule(why=st.sampled_from(OfferFailure))
    def an_offer_fails(self, why: OfferFailure) -> None:
        for call, agent in list(self.ringing.items())[:1]:
            self.tell(OfferFailed(call, agent, why))

    @rule()
    def an_offer_is_answered(self) -> None:
        for call, agent in list(self.ringing.items())[:1]:
            self.tell(Connected(call, agent))
            assert self.told[agent].state is AgentState.TALKING

    @rule(by_the_agent=st.booleans())
    def a_talk_ends(self, by_the_agent: bool) -> None:
        talking = [told for told in self.told.values() if told.state is AgentState.TALKING]
        for told in talking[:1]:
            assert told.call
            ends: list[FloorEvent] = [Disconnected(told.call, told.agent), CallGone(told.call)]
            for event in ends if by_the_agent else ends[::-1]:
                self.tell(event)

    # ... and as they shouldn't

    @rule(back=RECENT, agent=AGENTS, why=st.sampled_from(OfferFailure))
    def some_offer_fails(self, back: int, agent: AgentCode, why: OfferFailure) -> None:
        self.tell(OfferFailed(self.recent(back), agent, why))

    @rule(back=RECENT, agent=AGENTS)
    def connected(self, back: int, agent: AgentCode) -> None:
        self.tell(Connected(self.recent(back), agent))

    @rule(back=RECENT, agent=AGENTS)
    def disconnected(self, back: int, agent: AgentCode) -> None:
        self.tell(Disconnected(self.recent(back), agent))

    # The centre

    @rule(keep=st.sets(NAMES, min_size=1), wrap_up_s=st.sampled_from([0.0, 20.0]))
    def reconfigure(self, keep: set[QueueName], wrap_up_s: float) -> None:
        queues = [
            queue(known.name, known.skill, wrap_up_s=wrap_up_s, min_level=known.min_level)
            for known in QUEUES
            if known.name in keep
        ]
        self.tell(Reconfigure(queues))

    @rule(
        keep=st.sets(NAMES, min_size=2),
        ring_s=st.sampled_from([10.0, 15.0]),
        priority=st.integers(0, 2),
        skills=st.dictionaries(AGENTS, SKILLS, min_size=2),
        phones=st.sets(STATIONS, min_size=3),
    )
    def the_centre_changes(
        self, keep: set[QueueName], ring_s: float, priority: int, skills: Any, phones: Any
    ) -> None:
        """Agents who have no skills here are gone, and so are phones that aren't named."""
        ringing = dict(self.ringing)
        talking = {view.code for view in self.floor.agents if view.state is AgentState.TALKING}
        at = {view.code: view.station for view in self.floor.agents}
        queues = [
            queue(known.name, known.skill, ring_s=ring_s, priority=priority)
            for known in QUEUES
            if known.name in keep
        ]
        agents = {code: Agent(code, code, (), known) for code, known in skills.items()}
        self.gone = {
            code for code in PEOPLE if code not in agents or at.get(code) not in (None, *phones)
        }
        self.tell(Reconfigure(queues, agents, phones))
        for call, agent in ringing.items():
            assert agent in self.gone or self.ringing[call] == agent, "a phone stopped ringing"
        for view in self.floor.agents:
            if view.code in talking:
                assert view.state is AgentState.TALKING, "a talk was disturbed"
                if view.code in self.gone and view.station:
                    assert view.then is AgentState.LOGGED_OUT
            elif view.code in self.gone:
                assert view.state is AgentState.LOGGED_OUT
            elif view.station:
                assert view.skills == skills[view.code]

    @rule(seconds=st.sampled_from([0.0, 0.3, 1.0, 4.0, 20.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (at := self.floor.next_deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            self.tick()
        self.now = until

    @rule(seconds=st.sampled_from([5.0, 50.0]))
    def the_loop_is_late(self, seconds: float) -> None:
        self.now += seconds
        self.tick()

    # What must hold

    @invariant()
    def the_board_is_what_was_told(self) -> None:
        for view in self.floor.agents:
            told = self.told.get(view.code)
            if told is None:
                assert view.state is AgentState.LOGGED_OUT
            else:
                shown = (view.state, view.reason, view.station, view.call, view.since)
                assert shown == (told.state, told.reason, told.station, told.call, told.since)

    @invariant()
    def offers_have_two_ends(self) -> None:
        offered_to = {view.offered_to: view.call for view in self.floor.waiting if view.offered_to}
        assert {call: agent for agent, call in offered_to.items()} == self.ringing
        offered = {
            view.code: view.call for view in self.floor.agents if view.state is AgentState.OFFERED
        }
        assert offered == offered_to

    @invariant()
    def agents_talk_in_calls_at_one_station_each(self) -> None:
        sitting = [view.station for view in self.floor.agents if view.station]
        assert len(sitting) == len(set(sitting))
        for view in self.floor.agents:
            phoneless = view.state in (AgentState.LOGGED_OUT, AgentState.TALKING)
            assert view.station or phoneless, "an agent is at work without a phone"
        for seat in self.floor._roster:
            assert bool(seat.calls) == (seat.state is AgentState.TALKING)
            assert not any(call in self.floor._gone for call in seat.calls)
            assert seat.then is None or seat.state is AgentState.TALKING
            assert not seat.dismissed or seat.state is AgentState.TALKING
            assert seat.rests_until is None or seat.state is AgentState.READY

    @invariant()
    def all_who_can_be_brought_together_are(self) -> None:
        free = [seat for seat in self.floor._roster if seat.free]
        for waiter in self.floor._room:
            if waiter.free and waiter.only is not None and waiter.alone:
                wanted = self.floor._roster.get(waiter.only)
                serves = wanted is not None and able(wanted.skills, waiter.line.queue)
                assert not (wanted and serves and wanted.free)
            elif waiter.free and waiter.only is not None:
                kept = self.floor._roster.get(waiter.only)
                assert kept and able(kept.skills, waiter.line.queue) and not kept.at_hand
                assert kept.state in (AgentState.READY, AgentState.OFFERED)
            elif waiter.free:
                assert not any(able(seat.skills, waiter.line.queue) for seat in free)
            elif waiter.talking:
                assert self.floor._roster.talking_to(waiter.call)
        assert set(self.floor._pool._agents) == {seat.code for seat in free}
        for_all = {w.call for w in self.floor._room if w.free and w.only is None}
        assert set(self.floor._pool._callers) == for_all

    @invariant()
    def the_staff_is_counted(self) -> None:
        for line in self.floor._room._lines.values():
            staff = sum(
                seat.state is not AgentState.LOGGED_OUT and able(seat.skills, line.queue)
                for seat in self.floor._roster
                if seat.serves or seat.state is not AgentState.TALKING
            )
            assert line.staff == staff
            assert (line.nobody_since is None) == (staff > 0)
            places = [call for *_, call in line.places]
            assert sorted(line.places) == line.places
            assert set(places) == {
                waiter.call for waiter in self.floor._room if waiter.line is line
            }

    @invariant()
    def everybody_has_his_deadline(self) -> None:
        for seat in self.floor._roster:
            assert self.floor._timers._at.get(seat) == seat.due
            if seat.state is AgentState.WRAP_UP:
                assert seat.due is not None
        for waiter in self.floor._room:
            assert self.floor._timers._at.get(waiter) == waiter.due
            assert waiter.talking or waiter.due is not None

    def teardown(self) -> None:
        """When all calls are gone and the time has passed, everybody is free of them."""
        for number in range(self.calls + 1):
            self.tell(CallGone(CallId(f"c{number}")))
        self.time_passes(200.0)
        assert not self.floor.waiting
        assert not self.ringing
        assert self.floor.next_deadline() is None
        resting = {AgentState.LOGGED_OUT, AgentState.PAUSED, AgentState.READY}
        assert {view.state for view in self.floor.agents} <= resting
        self.tick()
        assert not self.floor._gone and not self.floor._talks._queues
        assert not self.floor._pool._callers and len(self.floor._timers) == 0


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
