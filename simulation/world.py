"""Simulates one day of lines and calls, with its leads and staff, and dials when it is ordered to.

It knows no policy. The ``Dialler`` is given facts and asked at its deadlines; the world does the
rest. The same scenario and the same seed make the same day, to the byte.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import exp, inf
from random import Random
from typing import Protocol

from dialer.causes import Cause
from dialer.limit import ClockStart
from dialer.pacing_facts import (
    Abandoned,
    AgentTalking,
    Answered,
    DayBegan,
    Dialled,
    GivenMachine,
    GreetingEnded,
    Hopper,
    Lead,
    Machine,
    NotAnswered,
    PacingFact,
    Person,
    PersonConnected,
    Ringing,
)
from domain.identity import AttemptId, StageName
from simulation.carrier import GIVEN_UP_AFTER_S, REPEATED_AFTER_S, Carrier
from simulation.fates import Fates
from simulation.leads import Leads
from simulation.scenario import Change, Scenario
from simulation.staff import SimulatedAgent, Staff, Watcher
from simulation.talk_script import ScriptedTalks
from simulation.virtual_clock import VirtualClock

_HOUR_S = 3_600.0
_REFUSED_AFTER_S = 0.2


class Order(Protocol):
    """What to dial and what to hang up."""

    @property
    def count(self) -> int: ...

    @property
    def hang_up(self) -> Sequence[AttemptId]: ...


class Dialler(Protocol):
    """Decides when to dial."""

    def handle(self, fact: PacingFact, now: float) -> Order | None: ...

    def next_deadline(self) -> float | None: ...

    def tick(self, now: float) -> Order | None: ...


class Observer(Watcher, Protocol):
    """Collects the figures; called with the time of each event."""

    def dialled(self, now: float) -> None: ...

    def person(
        self, now: float, *, abandoned: bool, waited_s: float, by_customer: bool = False
    ) -> None:
        """A person got an agent or none, ``waited_s`` after the limit's clock started for them.

        ``by_customer``: they hung up before the grace was over.
        """

    def taken_for_machine(self, now: float) -> None: ...

    def refused(self, now: float) -> None:
        """The trunk refused a call, or cut it off while it rang."""

    def ringing(self, now: float, change: int) -> None: ...


@dataclass(slots=True)
class _Call:
    lead: Lead
    person: bool
    has_line: bool
    over: bool = False
    answered_at: float | None = None
    greeted_at: float | None = None


class World:
    """A campaign's day, on which a dialler dials."""

    def __init__(
        self, scenario: Scenario, agents: int, seed: int, dialler: Dialler, observer: Observer
    ) -> None:
        self._scenario = scenario
        self._rng = Random(seed)  # noqa: S311
        self._dialler = dialler
        # Called at every event, so looked up once.
        self._handle, self._next_deadline = dialler.handle, dialler.next_deadline
        self._observer = observer
        self._orders: deque[Order] = deque()
        self._clock = VirtualClock()
        self._end = scenario.hours * _HOUR_S
        self._carrier = Carrier(scenario, self._rng)
        self._cuts = self._carrier.cuts()
        self._leads = Leads(scenario.lists, self._rng)
        self._staff = Staff(
            scenario,
            agents,
            self._rng,
            self._clock,
            observer,
            tell=self._tell,
            serve=self._serve,
        )
        self._scripted: ScriptedTalks | None = None
        if scenario.script is not None:
            self._scripted = ScriptedTalks(scenario.script, self._rng, self._clock, self._tell)
        self._waiting: dict[AttemptId, _Call] = {}
        self._calls: dict[AttemptId, _Call] = {}
        self._lines = 0
        self._number = 0
        self._tick_at = inf
        self._rate_factor = self._talk_factor = 1.0
        self._drift_rate = self._drift_talk = 1.0
        limit = scenario.limit.limit()
        self._from_greeting = limit.clock is ClockStart.GREETING_END
        self._grace_s = limit.grace_s - 1e-9  # adding and subtracting times is not exact
        self._fates = Fates(scenario)
        self._draw_hang_up = scenario.hang_up.draw()
        self._draw_talk = scenario.talk.draw()
        self._draw_machine_talk = scenario.machine_talk.draw()
        self._draw_patience = scenario.patience.draw()
        self._draw_detection = scenario.detection.seconds.draw()

    def run(self) -> None:
        """Play the whole day."""
        scenario, clock = self._scenario, self._clock
        self._tell(DayBegan(0, -scenario.starts_at_h * _HOUR_S))
        self._plan_cut()
        for change in scenario.changes:
            clock.at(change.at_h * _HOUR_S, partial(self._change, change))
        if scenario.drift is not None:
            steps = scenario.drift.steps
            for step in range(steps):
                clock.at(self._end * (step + self._rng.random()) / steps, self._wander)
        if self._leads.has_hopper:
            self._fill_hopper()
        self._staff.begin()
        clock.run(self._end, self._plan_tick)
        self._staff.end()

    # The dialler

    def _tell(self, fact: PacingFact) -> None:
        order = self._handle(fact, self._clock.now)
        if order is not None:
            self._do(order)

    def _do(self, order: Order) -> None:
        """Carry out an order. Its actions are reported as facts, which may bring further orders;
        those wait for their turn."""
        if not order.count and not order.hang_up:
            return
        self._orders.append(order)
        if len(self._orders) > 1:
            return
        while self._orders:
            order = self._orders[0]
            for attempt in order.hang_up:
                delay = self._draw_hang_up(self._rng)
                if delay > 0.0:
                    self._clock.after(delay, partial(self._hang_up, attempt))
                else:
                    self._hang_up(attempt)
            for _ in range(order.count):
                self._dial()
            self._orders.popleft()

    def _hang_up(self, attempt: AttemptId) -> None:
        call = self._calls.get(attempt)
        if call is not None:
            self._not_answered(attempt, call, Cause.CUT)

    def _plan_tick(self) -> None:
        deadline = self._next_deadline()
        if deadline is not None and deadline < self._tick_at - 1e-9:
            self._tick_at = deadline
            self._clock.at(deadline, self._tick)

    def _tick(self) -> None:
        now = self._clock.now
        if now >= self._tick_at:  # otherwise a tick planned before an earlier one was
            self._tick_at = inf
        order = self._dialler.tick(now)
        if order is not None:
            self._do(order)

    # Calls

    def _dial(self) -> None:
        leads, clock = self._leads, self._clock
        lead = leads.next()
        if lead is None:
            return
        if leads.runs_low:
            clock.after(0.0, self._fill_hopper)
        self._number += 1
        attempt = AttemptId(str(self._number))
        carrier = self._carrier
        full = self._lines >= carrier.lines
        failure = carrier.failure(clock.now)
        refused = full or failure is not None or carrier.refuses()
        call = _Call(lead, person=False, has_line=not refused)
        self._calls[attempt] = call
        self._observer.dialled(clock.now)
        self._observer.ringing(clock.now, +1)
        self._lines += call.has_line
        self._tell(Dialled(attempt, lead))
        if full:
            clock.after(
                _REFUSED_AFTER_S, lambda: self._not_answered(attempt, call, Cause.CONGESTION)
            )
        elif failure is not None and failure.silent:
            self._is_sent_again(attempt, call, clock.now)
        elif refused:
            clock.after(
                carrier.refuses_after_s(), lambda: self._not_answered(attempt, call, Cause.FAILED)
            )
        else:
            self._is_carried(attempt, call)

    def _is_sent_again(self, attempt: AttemptId, call: _Call, dialled_at: float) -> None:
        """Send a call again and again that has got no reply, until the trunk is there or it is
        given up."""
        clock, carrier = self._clock, self._carrier
        for after in REPEATED_AFTER_S:
            at = dialled_at + after
            if carrier.failure(at) is None:
                clock.at(at, lambda: self._is_taken_late(attempt, call))
                return
        clock.at(
            dialled_at + GIVEN_UP_AFTER_S,
            lambda: self._not_answered(attempt, call, Cause.FAILED),
        )

    def _is_taken_late(self, attempt: AttemptId, call: _Call) -> None:
        if call.over:
            return
        if self._lines >= self._carrier.lines:
            self._not_answered(attempt, call, Cause.CONGESTION)
            return
        call.has_line = True
        self._lines += 1
        self._is_carried(attempt, call)

    def _is_carried(self, attempt: AttemptId, call: _Call) -> None:
        """Let a call go its way, now that the trunk has taken it."""
        clock = self._clock
        usual = self._leads.rates[call.lead]
        rate = min(1.0, usual * self._rate_factor * self._drift_rate)
        fate = self._fates.draw(self._rng, rate)
        call.person = fate.person
        over, cause = fate.delay_s, fate.cause
        if fate.rings_s is not None:
            clock.after(fate.delay_s, lambda: self._rings(attempt, call))
            over += fate.rings_s
        if cause is None:
            clock.after(over, lambda: self._answered(attempt, call))
        else:
            clock.after(over, lambda: self._not_answered(attempt, call, cause))

    def _fill_hopper(self) -> None:
        self._tell(Hopper(self._leads.fill()))

    def _cut_ringing(self) -> None:
        """The trunk fails, and what rings fails with it."""
        for attempt, call in list(self._calls.items()):
            if call.has_line and call.answered_at is None:
                self._not_answered(attempt, call, Cause.FAILED)
        self._plan_cut()

    def _plan_cut(self) -> None:
        at = next(self._cuts, None)
        if at is not None:
            self._clock.at(at, self._cut_ringing)

    def _rings(self, attempt: AttemptId, call: _Call) -> None:
        if not call.over:
            self._tell(Ringing(attempt))

    def _not_answered(self, attempt: AttemptId, call: _Call, cause: Cause) -> None:
        if call.over or call.answered_at is not None:
            return
        self._over(attempt, call)
        self._observer.ringing(self._clock.now, -1)
        if cause.of_trunk:
            self._observer.refused(self._clock.now)
        self._tell(NotAnswered(attempt, cause))

    def _answered(self, attempt: AttemptId, call: _Call) -> None:
        if call.over:
            return
        call.answered_at = self._clock.now
        self._observer.ringing(self._clock.now, -1)
        self._tell(Answered(attempt))
        if not self._scenario.detection.on:
            self._wants_agent(attempt, call)
            return
        self._clock.after(self._draw_detection(self._rng), lambda: self._detected(attempt, call))

    def _detected(self, attempt: AttemptId, call: _Call) -> None:
        detection = self._scenario.detection
        wrong = (
            detection.people_taken_for_machines
            if call.person
            else detection.machines_taken_for_people
        )
        if call.person != (self._rng.random() < wrong):
            call.greeted_at = self._clock.now
            self._tell(GreetingEnded(attempt))
            self._tell(Person(attempt))
            self._wants_agent(attempt, call)
            return
        if call.person:
            self._observer.taken_for_machine(self._clock.now)
        self._over(attempt, call)
        self._tell(Machine(attempt))

    def _wants_agent(self, attempt: AttemptId, call: _Call) -> None:
        ready = self._staff.ready
        if ready:
            self._connect(attempt, call, next(iter(ready)))
            return
        self._waiting[attempt] = call
        self._clock.after(self._draw_patience(self._rng), lambda: self._gives_up(attempt, call))

    def _serve(self, agent: SimulatedAgent) -> None:
        """Connect the person who has waited longest, if anybody is waiting."""
        if self._waiting:
            attempt, call = next(iter(self._waiting.items()))
            del self._waiting[attempt]
            self._connect(attempt, call, agent)

    def _gives_up(self, attempt: AttemptId, call: _Call) -> None:
        if self._waiting.pop(attempt, None) is None:
            return
        self._over(attempt, call)
        waited_s = self._waited_s(call)
        # We let go anybody who waits out the grace, whether or not they would stay longer.
        by_customer = waited_s < self._grace_s
        if self._is_counted(call):
            self._observer.person(
                self._clock.now, abandoned=True, waited_s=waited_s, by_customer=by_customer
            )
        self._tell(Abandoned(attempt, by_customer))

    def _is_counted(self, call: _Call) -> bool:
        """Whether the call counts towards the share. Machines don't, whether abandoned or passed to
        an agent; but without detection nothing distinguishes them from people."""
        return call.person or not self._scenario.detection.on

    def _waited_s(self, call: _Call) -> float:
        """Return the seconds since the limit's clock started for this person."""
        since = call.answered_at
        if self._from_greeting and call.greeted_at is not None:
            since = call.greeted_at
        return 0.0 if since is None else self._clock.now - since

    def _connect(self, attempt: AttemptId, call: _Call, agent: SimulatedAgent) -> None:
        if self._is_counted(call):
            self._observer.person(self._clock.now, abandoned=False, waited_s=self._waited_s(call))
        turn = self._staff.begins_to_talk(agent)
        scripted = self._scripted
        stages = scripted.draw(person=call.person) if scripted else ()
        pace = 1.0
        if call.person:
            usual = sum(each for _, each in stages) if scripted else self._draw_talk(self._rng)
            pace = self._talk_factor * self._drift_talk * agent.talk_pace
            seconds = usual * self._talk_factor * self._drift_talk * agent.talk_pace
        else:
            seconds = self._draw_machine_talk(self._rng)
        last = stages[-1][0] if stages else None
        self._clock.after(seconds, lambda: self._talk_ends(attempt, call, agent, turn, last))
        self._tell(PersonConnected(attempt, agent.code))
        self._tell(AgentTalking(agent.code))
        if scripted and agent.reports_stages:
            scripted.report(agent.code, stages, pace)

    def _talk_ends(
        self,
        attempt: AttemptId,
        call: _Call,
        agent: SimulatedAgent,
        turn: int,
        last: StageName | None,
    ) -> None:
        self._over(attempt, call)
        if not self._is_counted(call):  # the agent has noticed
            self._tell(GivenMachine(attempt))
        scripted = self._scripted
        wrap_up = scripted.wrap_up_after(last) if scripted and last is not None else None
        self._staff.talk_ends(agent, turn, wrap_up)

    def _over(self, attempt: AttemptId, call: _Call) -> None:
        call.over = True
        self._calls.pop(attempt, None)
        self._lines -= call.has_line

    # Changes during the day

    def _change(self, change: Change) -> None:
        if change.answer_rate is not None:
            self._rate_factor = change.answer_rate
        if change.talk is not None:
            self._talk_factor = change.talk
        if change.agents is not None:
            self._staff.are_to_be(change.agents)
        if change.staff is not None:
            self._staff.are_to_be(round(change.staff * len(self._staff)))

    def _wander(self) -> None:
        drift = self._scenario.drift
        if drift is not None:
            self._drift_rate = exp(self._rng.gauss(0.0, drift.spread))
            self._drift_talk = exp(self._rng.gauss(0.0, drift.spread))
