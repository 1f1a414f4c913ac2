"""One call of a campaign, from the moment when it goes out, and what a run counts of its calls."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from campaigns.campaign import CampaignSettings, Mode
from dialer.pacing_facts import (
    Abandoned,
    Answered,
    Dialled,
    GreetingEnded,
    Lead,
    Machine,
    NotAnswered,
    PacingFact,
    Person,
    PersonConnected,
    Ringing,
)
from dialer.policy import Reason
from domain.identity import AgentCode, AttemptId, QueueName
from domain.outbound_facts import CustomerAbandoned
from domain.reasons import Cause
from engine.agents.live_talks import has_talked
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock

KEPT_GRACE_S = 10.0
"""So long a customer may wait for the agent who is at the phone for them: a controller that is slow
must not make them one for whom nobody was free."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided last, and why; ``at`` is civil time."""

    at: datetime
    count: int
    reason: Reason


@dataclass(slots=True)
class RunFigures:
    """What a run has done since it began."""

    dialled: int = 0
    answered: int = 0
    connected: int = 0
    abandoned: int = 0
    refused: int = 0
    """Leads that were claimed and may not be dialled after all."""
    decided: Decision | None = None
    trouble: str | None = None
    """Why nothing is dialled at the moment, if something is broken, in one line."""
    answer_to_agent_s: deque[float] = field(default_factory=lambda: deque(maxlen=500))
    """How long the last customers waited for their agent."""


class PacedRun(Protocol):
    """What an attempt reports to."""

    calls: LiveCalls
    clock: Clock
    figures: RunFigures

    @property
    def settings(self) -> CampaignSettings:
        """The campaign's, as they are now."""

    def feed(self, fact: PacingFact) -> None:
        """Something happened to one of its calls."""

    def forget(self, attempt: "RunningAttempt") -> None:
        """The attempt is over."""

    def agent_waits_for(self, call: LiveCall) -> bool:
        """Whether the agent for whom it was placed is at the phone for it."""


@dataclass(slots=True, eq=False)
class RunningAttempt:
    """One attempt of a run, from the moment when it goes out."""

    run: PacedRun
    call: LiveCall
    lead: Lead
    dialled_at: float
    answered_at: float | None = None
    greeted_at: float | None = None
    """When machine detection, if it is on, found that a person's greeting was over."""
    machine: bool = False
    agent: AgentCode | None = None
    lost: bool = False
    """They got no agent in time."""
    asked_at: float | None = None
    """When a customer in a flow asked for an agent, if they did."""

    @property
    def id(self) -> AttemptId:
        return AttemptId(self.call.id)

    @property
    def queue(self) -> QueueName | None:
        found = self.run.settings.queue
        return None if found is None else QueueName(found)

    @property
    def raised(self) -> int:
        return self.run.settings.priority

    @property
    def only(self) -> AgentCode | None:
        """Who is kept for the customer, if somebody is."""
        placed = self.call.placed
        return None if placed is None else placed.agent

    def grace_left_s(self) -> float:
        """How much longer the customer may wait for an agent."""
        if self.run.agent_waits_for(self.call):
            return KEPT_GRACE_S
        now = self.run.clock.now()
        answered_at = now if self.answered_at is None else self.answered_at
        return self.run.settings.limit.due_at(answered_at, None, self.greeted_at) - now

    @property
    def for_notice(self) -> bool:
        """Whether the customer hears a notice instead of an agent, and has not asked for one."""
        placed = self.call.placed
        return placed is not None and placed.mode == Mode.AGENTLESS and self.asked_at is None

    @property
    def waits(self) -> bool:
        """Whether the customer has answered, and waits for an agent."""
        reached = self.answered_at is not None and self.agent is None
        return reached and not (self.lost or self.machine or self.for_notice)

    def rings(self) -> None:
        self.run.feed(Ringing(self.id))

    def answered(self) -> None:
        if self.answered_at is None:
            self.answered_at = self.run.clock.now()
            self.run.figures.answered += 1
            self.run.feed(Answered(self.id))

    def is_person(self) -> None:
        self.answered()
        if self.greeted_at is None and not self.machine:
            self.greeted_at = self.run.clock.now()
            self.run.feed(GreetingEnded(self.id))
            self.run.feed(Person(self.id))

    def is_machine(self) -> None:
        if self.greeted_at is None and not self.machine:
            self.machine = True
            self.run.feed(Machine(self.id))

    def talks(self, agent: AgentCode | None) -> None:
        if self.agent is None and not self.lost:
            self.answered()
            # Somebody talked with them, even if nobody knows any more who sat at the phone.
            self.agent = agent = agent or AgentCode("")
            self.run.figures.connected += 1
            waited = self.run.clock.now() - (self.answered_at or 0.0)
            self.run.figures.answer_to_agent_s.append(waited)
            self.run.feed(PersonConnected(self.id, agent))

    def asks_for_agent(self, waited_s: float) -> None:
        """The customer asks for an agent in a flow, and has waited for so long already."""
        if self.asked_at is None:
            self.asked_at = self.run.clock.now() - waited_s

    def abandoned(self) -> None:
        """The grace is over, and nobody was free."""
        if self.agent is None and not self.lost:
            self.lost = True
            self.run.figures.abandoned += 1
            self.run.feed(Abandoned(self.id))

    def over(self, cause: Cause | None) -> None:
        if cause is not None:
            self.run.feed(NotAnswered(self.id, cause))
        elif not self.call.picked_up:
            # Nobody saw what became of it. Most calls are not answered; if this one was, Asterisk's
            # log says so, and the limit's next count from the attempts has it.
            self.run.feed(NotAnswered(self.id, Cause.NO_ANSWER))
        elif self.for_notice and not self.machine:
            self.run.figures.connected += 1  # they heard it, or some of it
        elif self.agent is None and not self.lost and not self.machine:
            self.lost = True
            self.run.figures.abandoned += 1
            early = self._left_early()
            self.run.calls.note(self.call, CustomerAbandoned(by_customer=early))
            self.run.feed(Abandoned(self.id, by_customer=early))
        self.run.forget(self)

    def _left_early(self) -> bool:
        """Whether they hung up before the time for an agent was over. In a flow, customers wait as
        long as the queue lets them, and the session doesn't end when that time is over."""
        if self.asked_at is None:
            return True
        return self.run.clock.now() - self.asked_at < self.run.settings.limit.grace_s

    def catch_up(self) -> None:
        """Take in what has become of a call that somebody else had placed."""
        if self.call.picked_up:
            self.answered()
        if has_talked(self.call):
            self.talks(self.call.agent)

    def facts_so_far(self) -> Iterable[PacingFact]:
        """For a pacer that begins now."""
        yield Dialled(self.id, self.lead)
        if self.agent is not None:
            yield PersonConnected(self.id, self.agent)
        elif self.answered_at is not None and not self.lost:
            yield Answered(self.id)
            if self.greeted_at is not None:
                yield GreetingEnded(self.id)
                yield Person(self.id)
