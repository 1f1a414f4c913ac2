"""Puts together what the console's board shows, from the engine's parts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from acd.seat import SeatView
from domain.centre import Queue
from domain.facts import AgentState
from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName
from engine.calls.call import LiveCall
from engine.engine import Engine
from engine.ports import (
    AgentView,
    Board,
    CallStage,
    CallView,
    LineView,
    NodeView,
    QueueView,
    StoreView,
)
from records.call_queries import LineRefusals
from telephony.ami.link import LATE_S


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


_NONE: Mapping[LineName, LineRefusals] = {}


def board(
    engine: Engine,
    projects: frozenset[ProjectName] | None,
    figures: dict[QueueName, DayFigures],
    store: StoreView,
    blocked: Mapping[LineName, LineRefusals] = _NONE,
) -> Board:
    """The board as those who serve ``projects`` may see it; None for everything."""
    waiting = engine.floor.core.waiting
    positions = {view.call: view.position for view in waiting}
    seats = {view.code: view for view in engine.floor.core.agents}
    queues = [q for q in engine.queues if projects is None or q.project in projects]
    return Board(
        version=engine.changes.version,
        at=datetime.now(UTC),
        nodes=tuple(_nodes(engine)),
        lines=tuple(_lines(engine, blocked)),
        queues=tuple(
            _queue(
                queue,
                [
                    engine.clock.civil(view.waiting_since)
                    for view in waiting
                    if view.queue == queue.name
                ],
                list(seats.values()),
                figures.get(queue.name, DayFigures()),
            )
            for queue in queues
        ),
        agents=tuple(_agents(engine, projects, seats)),
        calls=tuple(_calls(engine, projects, positions)),
        store=store,
    )


def _nodes(engine: Engine) -> list[NodeView]:
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
    return views


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


def _lines(engine: Engine, blocked: Mapping[LineName, LineRefusals]) -> list[LineView]:
    refused = {line.name: blocked.get(line.name, LineRefusals()) for line in engine.centre.lines}
    calls = engine.calls.by_id.values()
    in_use = Counter(call.line for call in calls if not seems_over(engine, call))
    return [
        LineView(
            line.name,
            line.kind,
            in_use[line.name],
            line.channels,
            blocked_today=refused[line.name].full,
            callers_refused_today=refused[line.name].callers,
        )
        for line in engine.centre.lines
    ]


def _queue(
    queue: Queue, since: list[datetime], seats: list[SeatView], figures: DayFigures
) -> QueueView:
    able = [s for s in seats if s.skills.get(queue.skill, 0) >= queue.min_level]
    states = Counter(seat.state for seat in able)
    return QueueView(
        name=queue.name,
        project=queue.project,
        title=queue.title,
        waiting=len(since),
        waiting_since=min(since, default=None),
        ready=states[AgentState.READY],
        talking=states[AgentState.TALKING] + states[AgentState.OFFERED],
        wrap_up=states[AgentState.WRAP_UP],
        paused=states[AgentState.PAUSED],
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
    )


def _agents(
    engine: Engine, projects: frozenset[ProjectName] | None, seats: dict[AgentCode, SeatView]
) -> list[AgentView]:
    views = []
    limits = {reason.name: reason.limit_s for reason in engine.centre.away_reasons}
    for agent in (*engine.centre.agents, *engine.leaving):
        if projects is not None and not projects.intersection(agent.projects):
            continue
        seat = seats.get(agent.code)
        if seat is None:
            views.append(
                AgentView(
                    agent.code,
                    agent.name,
                    agent.projects,
                    AgentState.LOGGED_OUT,
                    engine.started_at,
                    skills=agent.skills,
                    usual_station=agent.station,
                )
            )
            continue
        views.append(
            AgentView(
                code=agent.code,
                name=agent.name,
                projects=agent.projects,
                state=seat.state,
                since=engine.clock.civil(seat.since),
                reason=seat.reason,
                station=seat.station,
                station_state=None if seat.phone is None else str(seat.phone),
                call=_visible(engine, seat.call, projects),
                skills=agent.skills,
                until=None if seat.until is None else engine.clock.civil(seat.until),
                after_call=None
                if seat.then is None
                else ("log_out" if seat.then is AgentState.LOGGED_OUT else "away"),
                usual_station=agent.station,
                limit=_limit(engine, limits, seat),
            )
        )
    return views


def _limit(engine: Engine, limits: Mapping[str, float | None], seat: SeatView) -> datetime | None:
    limit_s = limits.get(seat.reason) if seat.reason is not None else None
    if seat.state is not AgentState.PAUSED or limit_s is None:
        return None
    return engine.clock.civil(seat.since + limit_s)


def _visible(
    engine: Engine, call: CallId | None, projects: frozenset[ProjectName] | None
) -> CallId | None:
    """The call, if ``projects`` may see it: an agent's clients don't see one another's calls."""
    if call is None or projects is None:
        return call
    live = engine.calls.get(call)
    return call if live is not None and live.hotline.project in projects else None


def _calls(
    engine: Engine, projects: frozenset[ProjectName] | None, positions: dict[CallId, int]
) -> list[CallView]:
    return [
        CallView(
            id=call.id,
            project=call.hotline.project,
            caller=call.caller,
            caller_name=call.caller_name,
            hotline=call.hotline.number,
            line=call.line,
            stage=call.stage,
            since=call.entered_at,
            stage_since=call.stage_since,
            language=call.language,
            queue=call.queue if call.stage is not CallStage.FLOW else None,
            position=positions.get(call.id),
            agent=call.agent,
            station=None if call.agent else min(call.ledger.phones, default=None),
        )
        for call in engine.calls.by_id.values()
        if (projects is None or call.hotline.project in projects) and not seems_over(engine, call)
    ]
