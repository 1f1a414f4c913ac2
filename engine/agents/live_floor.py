"""The floor's shell: feeds it events with the time, and carries out its commands at once."""

import asyncio
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import assert_never

import structlog

from acd.commands import AgentChanged, Announce, Command, GiveUp, Offer, WishRefused, Withdraw
from acd.events import FloorEvent, LogIn, OfferFailed, Reconfigure
from acd.floor import Floor
from domain.agent_facts import AgentFact, AgentState
from domain.centre import Agent
from domain.floor_facts import LeftQueue, Offered
from domain.identity import AgentCode, CallId, StationName
from domain.reasons import OfferFailure
from engine.agents.agent_news import AgentNews
from engine.board_ports import CallStage
from engine.calls.live_calls import LiveCalls
from engine.centre_in_force import CentreInForce
from engine.changes import Changes
from engine.clock import Clock
from engine.orders import Orders
from storage.outbox import Outbox

log = structlog.get_logger()


class LiveFloor:
    """The floor of a running centre; ``core`` is the floor itself, for reading."""

    def __init__(
        self,
        in_force: CentreInForce,
        clock: Clock,
        changes: Changes,
        calls: LiveCalls,
        orders: Orders,
        outbox: Outbox,
        news: AgentNews,
    ) -> None:
        self.core = Floor(in_force.centre.queues)
        self.at_station: dict[StationName, AgentCode] = {}
        """Which agent is logged in at each phone."""
        self._in_force = in_force
        self._clock = clock
        self._changes = changes
        self._calls = calls
        self._orders = orders
        self._outbox = outbox
        self._news = news
        self._withdrawn: set[tuple[CallId, StationName]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, event: FloorEvent) -> list[Command]:
        """Feed an event to the floor, carry out its commands, and return them."""
        commands = self.core.handle(event, self._clock.now())
        self._carry_out(commands)
        return commands

    def reconfigure(self) -> None:
        """Work from now on with the centre that is in force."""
        now = self._in_force
        self.feed(Reconfigure(now.centre.queues, now.agents, now.stations))

    def log_in(self, agent: Agent, station: StationName) -> list[Command]:
        """An agent whose PIN was checked sits down at a station."""
        return self.feed(
            LogIn(agent.code, station, agent.skills, agent.wrap_up_s, agent.missed_before_away)
        )

    def was_withdrawn(self, call: CallId, station: StationName) -> bool:
        """Whether the floor has withdrawn the offer of this call at this station."""
        return (call, station) in self._withdrawn

    def offer_over(self, call: CallId, station: StationName) -> bool:
        """The phone has stopped ringing for the call; returns whether we withdrew the offer."""
        withdrawn = (call, station) in self._withdrawn
        self._withdrawn.discard((call, station))
        return withdrawn

    def call_over(self, call: CallId) -> None:
        """Forget a call that has ended."""
        self._withdrawn = {(other, at) for other, at in self._withdrawn if other != call}

    def _tick(self) -> None:
        self._timer = None
        self._carry_out(self.core.tick(self._clock.now()))

    def _carry_out(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Offer():
                    self._offer(command)
                case Withdraw():
                    self._withdrawn.add((command.call, command.station))
                    self._orders.stop_ringing(command.station)
                case Announce() | GiveUp():
                    self._tell(command)
                case AgentChanged():
                    self._agent_changed(command)
                case WishRefused():
                    log.info(
                        "refused",
                        agent=command.agent,
                        what=command.what,
                        why=command.code.value,
                        station=command.station,
                        by=command.by,
                    )
                case _:
                    assert_never(command)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.core.next_deadline()
        if deadline is not None:
            delay = max(0.0, deadline - self._clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)
        self._changes.touch()

    def _offer(self, offer: Offer) -> None:
        call = self._calls.get(offer.call)
        if call is None or not call.attached:
            # The caller left at this very moment; fed later, so that the floor isn't re-entered.
            asyncio.get_running_loop().call_soon(
                self.feed, OfferFailed(offer.call, offer.agent, OfferFailure.CALLER_LEFT)
            )
            return
        self._withdrawn.discard((offer.call, offer.station))
        call.ledger.offered(offer.station)
        self._calls.note(call, Offered(offer.agent, offer.station, offer.queue))
        call.agent, call.offered_at = offer.agent, datetime.now(UTC)
        self._calls.stage(call, CallStage.RINGING)
        call.inbox.put(offer)
        if call.announcing:
            self._orders.silence(call)

    def _tell(self, command: Announce | GiveUp) -> None:
        call = self._calls.get(command.call)
        if call is None:
            return
        call.inbox.put(command)
        if isinstance(command, GiveUp):
            self._calls.note(call, LeftQueue(call.queue, command.why))
            if call.announcing:
                self._orders.silence(call)

    def _agent_changed(self, change: AgentChanged) -> None:
        for station, agent in list(self.at_station.items()):
            if agent == change.agent:
                del self.at_station[station]
        if change.station is not None and change.state is not AgentState.LOGGED_OUT:
            self.at_station[change.station] = change.agent
        self._outbox.put(
            AgentFact(
                id=str(uuid.uuid4()),
                agent=change.agent,
                at=self._clock.civil(change.since),
                state=change.state,
                reason=change.reason,
                station=change.station,
                call=change.call,
            )
        )
        self._news.tell(change)
