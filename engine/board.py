"""Keeps what the console's board shows in step with the engine's parts.

One board for all who watch: a look compares what each row is made of with what it was made of the
last time, and makes only those rows anew. A row that has not changed stays the same object, even if
the centre has changed around it. Who may see less of it is shown a selection of its rows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from acd.seat import SeatView
from acd.waiting import WaitingView
from domain.agent_facts import AgentState
from domain.centre import Agent, Centre, Queue
from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName
from engine.board_ports import (
    AgentView,
    AheadView,
    Board,
    CallStage,
    CallView,
    LineView,
    NodeView,
    QueueView,
    StoreView,
)
from engine.calls.call import LiveCall
from engine.engine import Engine
from engine.staff_counts import StaffCounts
from records.call_queries import LineRefusals
from telephony.ami.event_lag import LATE_S


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A queue's figures since midnight, read from the records now and then."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    unserved: int = 0
    answered_within: int = 0
    measured: int = 0
    service_level: float | None = None


_NO_FIGURES = DayFigures()
_NO_FIELDS: Mapping[str, Any] = {}
_NONE: Mapping[LineName, LineRefusals] = {}

RowKeyT = TypeVar("RowKeyT")
RowT = TypeVar("RowT")

_Callers = tuple[int, float | None]
"""How many wait in a queue, and since when the longest of them has, in monotonic seconds."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the board shows, whatever happens to it; another one makes all rows anew."""

    centre: Centre
    queues: list[Queue]
    agents: list[Agent]
    civil_at_0: datetime
    """Monotonic time's beginning: all civil times move when the civil clock is set."""

    @staticmethod
    def by(engine: Engine) -> "_Shown":
        centre = engine.centre
        agents = [*centre.agents, *engine.leaving]
        return _Shown(centre, engine.queues, agents, engine.clock.civil(0.0))


class LiveBoard:
    """The board of the whole centre, as an engine has it."""

    def __init__(
        self, engine: Engine, ahead: Callable[[], Mapping[AgentCode, AheadView]] = dict
    ) -> None:
        self._engine = engine
        self._ahead = ahead
        self._calls: dict[CallId, CallView] = {}
        self._nodes: tuple[NodeView, ...] = ()
        self._lines: tuple[LineView, ...] = ()
        self._begin(_Shown.by(engine))

    def _begin(self, shown: "_Shown") -> None:
        """Start from nothing: all agents' and queues' rows will be made anew."""
        self._shown = shown
        self._limits = {reason.name: reason.limit_s for reason in shown.centre.away_reasons}
        self._staff = StaffCounts(shown.queues)
        self._people = {agent.code: agent for agent in shown.agents}
        self._seats: dict[AgentCode, SeatView] = {}
        self._agents = {
            agent.code: _logged_out(agent, self._engine.started_at) for agent in shown.agents
        }
        self._queues: dict[QueueName, tuple[_Callers, DayFigures, QueueView]] = {}

    def look(
        self,
        figures: Mapping[QueueName, DayFigures],
        store: StoreView,
        blocked: Mapping[LineName, LineRefusals] = _NONE,
    ) -> Board:
        """The board as it is now."""
        engine = self._engine
        agents, queues = self._agents, self._queues
        if (shown := _Shown.by(engine)) != self._shown:
            self._begin(shown)
        self._look_at_seats()
        waiting = engine.floor.core.waiting
        self._look_at_queues(waiting, figures)
        if self._agents is not agents:  # begun again, though most rows are what they were
            self._agents = _same(agents, self._agents)
            self._queues = _same(queues, self._queues)
        calls = [call for call in engine.calls.by_id.values() if not seems_over(engine, call)]
        self._look_at_calls(calls, {view.call: view.position for view in waiting})
        if (nodes := _nodes(engine)) != self._nodes:
            self._nodes = nodes
        if (lines := _lines(self._shown.centre, calls, blocked)) != self._lines:
            self._lines = lines
        return Board(
            version=engine.changes.version,
            at=datetime.now(UTC),
            nodes=self._nodes,
            lines=self._lines,
            queues=tuple(view for _, _, view in self._queues.values()),
            agents=tuple(self._agents.values()),
            calls=tuple(self._calls.values()),
            store=store,
            staff=dict(self._staff.views),
        )

    def _look_at_seats(self) -> None:
        before, self._seats = self._seats, {s.code: s for s in self._engine.floor.core.agents}
        for code, seat in self._seats.items():
            old = before.get(code)
            if seat is not old:
                self._change(code, old, seat)
        for code in before.keys() - self._seats.keys():
            self._change(code, before[code], None)
        consults, aheads = self._engine.asides.views(), self._ahead()
        unreached = self._engine.asides.unreached()
        for code, seat in self._seats.items():
            view, leg = self._agents.get(code), self._engine.nailed_up.state(seat.station)
            consult = consults.get(code)
            ahead = aheads.get(code) if seat.state is AgentState.READY else None
            vain = unreached.get(code)
            if view is None:
                continue
            if (view.leg, view.consult, view.unreached, view.ahead) != (leg, consult, vain, ahead):
                self._agents[code] = replace(
                    view, leg=leg, consult=consult, unreached=vain, ahead=ahead
                )

    def _change(self, code: AgentCode, before: SeatView | None, after: SeatView | None) -> None:
        self._staff.change(before, after)
        agent = self._people.get(code)
        if agent is None:  # deleted, and logged out
            return
        if after is None:
            self._agents[code] = _logged_out(agent, self._engine.started_at)
        else:
            self._agents[code] = self._agent(agent, after)

    def _agent(self, agent: Agent, seat: SeatView) -> AgentView:
        civil = self._engine.clock.civil
        after_call = None
        if seat.then is not None:
            after_call = "log_out" if seat.then is AgentState.LOGGED_OUT else "away"
        limit_s = None
        if seat.state is AgentState.PAUSED and seat.reason is not None:
            limit_s = self._limits.get(seat.reason)
        return AgentView(
            code=agent.code,
            name=agent.name,
            projects=agent.projects,
            state=seat.state,
            since=civil(seat.since),
            reason=seat.reason,
            station=seat.station,
            station_state=None if seat.phone is None else str(seat.phone),
            call=seat.call,
            leg=self._engine.nailed_up.state(seat.station),
            skills=agent.skills,
            until=None if seat.until is None else civil(seat.until),
            after_call=after_call,
            usual_station=agent.station,
            limit=None if limit_s is None else civil(seat.since + limit_s),
        )

    def _look_at_queues(
        self, waiting: Iterable[WaitingView], figures: Mapping[QueueName, DayFigures]
    ) -> None:
        since: dict[QueueName, list[float]] = {}
        for waiter in waiting:
            since.setdefault(waiter.queue, []).append(waiter.waiting_since)
        for queue in self._shown.queues:
            here = since.get(queue.name, ())
            callers = (len(here), min(here, default=None))
            today = figures.get(queue.name, _NO_FIGURES)
            known = self._queues.get(queue.name)
            if known is None or known[0] != callers or known[1] != today:
                self._queues[queue.name] = callers, today, self._queue(queue, callers, today)

    def _queue(self, queue: Queue, callers: _Callers, figures: DayFigures) -> QueueView:
        count, since = callers
        return QueueView(
            name=queue.name,
            project=queue.project,
            title=queue.title,
            waiting=count,
            waiting_since=None if since is None else self._engine.clock.civil(since),
            staff=self._staff.key(queue),
            offered_today=figures.offered,
            answered_today=figures.answered,
            abandoned_today=figures.abandoned,
            short_abandoned_today=figures.short_abandoned,
            unserved_today=figures.unserved,
            answered_within_today=figures.answered_within,
            measured_today=figures.measured,
            service_level=figures.service_level,
            service_level_s=queue.service_level_s,
            short_abandon_s=queue.short_abandon_s,
            service_level_target=queue.service_level_target,
        )

    def _look_at_calls(self, calls: Iterable[LiveCall], positions: Mapping[CallId, int]) -> None:
        before, self._calls = self._calls, {}
        for call in calls:
            view = call_view(call, positions.get(call.id))
            known = before.get(call.id)
            self._calls[call.id] = known if known == view else view


def _same(before: Mapping[RowKeyT, RowT], now: Mapping[RowKeyT, RowT]) -> dict[RowKeyT, RowT]:
    """These rows; each one the object that it was before, if it is equal."""
    return {name: was if (was := before.get(name)) == row else row for name, row in now.items()}


def scoped(board: Board, projects: frozenset[ProjectName] | None) -> Board:
    """The board as those who serve ``projects`` may see it; None for everything.

    An agent of several clients is seen by each of them, but not their calls for the others.
    """
    if projects is None:
        return board
    queues = tuple(queue for queue in board.queues if queue.project in projects)
    calls = tuple(call for call in board.calls if call.project in projects)
    theirs = {call.id for call in calls}
    return replace(
        board,
        queues=queues,
        calls=calls,
        agents=tuple(
            agent if agent.call is None or agent.call in theirs else replace(agent, call=None)
            for agent in board.agents
            if not projects.isdisjoint(agent.projects)
        ),
        staff={queue.staff: board.staff[queue.staff] for queue in queues},
    )


def _nodes(engine: Engine) -> tuple[NodeView, ...]:
    views = []
    for name, link in engine.links.items():
        late_s = link.lag if link.lag > LATE_S else 0.0
        since = engine.clock.civil(link.state.since)
        if link.up:
            views.append(NodeView(name, True, since, late_s=late_s))
            continue
        calls = [call for call in engine.calls.by_id.values() if call.channel.node == name]
        over = sum(seems_over(engine, call) for call in calls)
        unsure = sum(call.served and not call.attached for call in calls) - over
        error = link.state.error or str(link.state.kind)
        views.append(
            NodeView(name, False, since, error, late_s, calls_over=over, talks_unsure=unsure)
        )
    return tuple(views)


def seems_over(engine: Engine, call: LiveCall) -> bool:
    """Whether a call has ended as far as we can see, while only its Asterisk could say so.

    Its session is over, and no transfer was seen before the link was lost. Its record waits for the
    link anyway.
    """
    link = engine.links.get(call.channel.node)
    return (
        call.served
        and not call.attached
        and call.stage not in (CallStage.TALKING, CallStage.HELD)
        and link is not None
        and not link.up
    )


def _lines(
    centre: Centre, calls: Iterable[LiveCall], blocked: Mapping[LineName, LineRefusals]
) -> tuple[LineView, ...]:
    refused = {line.name: blocked.get(line.name, LineRefusals()) for line in centre.lines}
    in_use = Counter(call.line for call in calls)
    return tuple(
        LineView(
            line.name,
            line.kind,
            in_use[line.name],
            line.channels,
            blocked_today=refused[line.name].full,
            callers_refused_today=refused[line.name].callers,
        )
        for line in centre.lines
    )


def _logged_out(agent: Agent, since: datetime) -> AgentView:
    return AgentView(
        agent.code,
        agent.name,
        agent.projects,
        AgentState.LOGGED_OUT,
        since,
        skills=agent.skills,
        usual_station=agent.station,
    )


def call_view(call: LiveCall, position: int | None = None) -> CallView:
    """What pages see of a call; ``position``: its place in its queue, if it waits."""
    return CallView(
        id=call.id,
        project=call.project,
        caller=call.caller,
        caller_name=call.caller_name,
        hotline=call.hotline.number if call.placed is None else None,
        campaign=None if call.placed is None else call.placed.campaign,
        lead=None if call.placed is None else call.placed.lead,
        lead_name="" if call.placed is None else call.placed.name,
        lead_fields=_NO_FIELDS if call.placed is None else call.placed.fields,
        line=call.line,
        stage=call.stage,
        since=call.entered_at,
        stage_since=call.stage_since,
        language=call.language,
        queue=call.queue if call.stage is not CallStage.FLOW else None,
        position=position,
        agent=call.agent,
        station=None if call.agent else min(call.ledger.phones, default=None),
    )
