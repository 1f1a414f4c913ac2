"""The board as JSON, cut down to what one role in its projects may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from console.kit.feed import Row, Sections
from domain.identity import AgentCode, ProjectName
from domain.roles import Role
from engine.ports import AgentView, BegunWithout, Board, CallView, LineView, NodeView, QueueView
from storage.users import User


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of the floor a user sees; users with equal sights share one feed."""

    projects: frozenset[ProjectName] | None
    """None: all. A desk always names its agent's."""
    installation: bool
    """Whether they see nodes, lines, phones and the store; clients don't."""
    desk: AgentCode | None = None
    """For a desk: its agent sees only their own state and call, and how many callers wait."""


def sight_of(user: User, projects: frozenset[ProjectName] | None) -> Sight:
    """What the user sees on the board."""
    return Sight(projects, installation=user.role is not Role.CLIENT)


class Scene:
    """An indexed board, so that each of hundreds of desks finds its agent and call cheaply."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.agents = {a.code: a for a in board.agents}
        self.calls: dict[AgentCode, list[CallView]] = {}
        for call in board.calls:
            if call.agent is not None:
                self.calls.setdefault(call.agent, []).append(call)


def desk_sections(scene: Scene, desk: AgentCode, own: frozenset[ProjectName]) -> Sections:
    """What an agent sees: their own state, their call, the queues of their projects."""
    agent = scene.agents.get(desk)
    return {
        "queues": {q.name: _queue(q) for q in scene.board.queues if q.project in own},
        "agents": {} if agent is None else {desk: _agent(agent, phone=True, call=True)},
        "calls": {c.id: _call(c, line=False) for c in scene.calls.get(desk, ())},
    }


def sections(scene: Scene, sight: Sight) -> Sections:
    """The board's rows for ``sight``. Filters once more what the engine has already filtered."""
    own = sight.projects
    if sight.desk is not None:
        return desk_sections(scene, sight.desk, own or frozenset())
    board = scene.board
    queues = [q for q in board.queues if own is None or q.project in own]
    calls = [c for c in board.calls if own is None or c.project in own]
    agents = [a for a in board.agents if own is None or not own.isdisjoint(a.projects)]
    shown_calls = {c.id for c in calls}
    found: Sections = {
        "queues": {q.name: _queue(q) for q in queues},
        "agents": {
            a.code: _agent(a, phone=sight.installation, call=a.call in shown_calls) for a in agents
        },
        "calls": {c.id: _call(c, line=sight.installation) for c in calls},
    }
    if sight.installation:
        found["nodes"] = {n.name: _node(n) for n in board.nodes}
        found["lines"] = {line.name: _line(line) for line in board.lines}
        found["store"] = {
            "records": {
                "up": board.store.up,
                "pending": board.store.pending,
                "error": board.store.error,
                "recordings": board.store.recordings,
                "recordings_waiting": board.store.recordings_waiting,
                "configuration": board.store.configuration,
                "begun_without": _begun_without(board.store.begun_without),
                "unpublished": [
                    {"code": each.code, "year": each.year, "calendars": list(each.calendars)}
                    for each in board.store.unpublished
                ],
            }
        }
    return found


def seconds(moment: datetime | None) -> float | None:
    """Unix time in seconds, as pages count it."""
    return None if moment is None else round(moment.timestamp(), 3)


def _begun_without(begun: BegunWithout | None) -> Row | None:
    return None if begun is None else {"last_known_at": seconds(begun.last_known_at)}


def _node(node: NodeView) -> Row:
    return {
        "name": node.name,
        "up": node.up,
        "since": seconds(node.since),
        "error": node.error,
        "late_s": round(node.late_s),
        "calls_over": node.calls_over,
        "talks_unsure": node.talks_unsure,
    }


def _line(line: LineView) -> Row:
    return {
        "name": line.name,
        "kind": line.kind.value,
        "in_use": line.in_use,
        "channels": line.channels,
        "reachable": line.reachable,
        "blocked_today": line.blocked_today,
        "callers_refused_today": line.callers_refused_today,
    }


def _queue(queue: QueueView) -> Row:
    titles: Mapping[str, str] = queue.title
    return {
        "name": queue.name,
        "project": queue.project,
        "title": dict(titles),
        "waiting": queue.waiting,
        "waiting_since": seconds(queue.waiting_since),
        "ready": queue.ready,
        "talking": queue.talking,
        "wrap_up": queue.wrap_up,
        "paused": queue.paused,
        "offered_today": queue.offered_today,
        "answered_today": queue.answered_today,
        "abandoned_today": queue.abandoned_today,
        "short_abandoned_today": queue.short_abandoned_today,
        "unserved_today": queue.unserved_today,
        "answered_within_today": queue.answered_within_today,
        "measured_today": queue.measured_today,
        "service_level": queue.service_level,
        "service_level_s": queue.service_level_s,
        "short_abandon_s": queue.short_abandon_s,
    }


def _agent(agent: AgentView, *, phone: bool, call: bool) -> Row:
    return {
        "code": agent.code,
        "name": agent.name,
        "state": agent.state.value,
        "reason": agent.reason,
        "since": seconds(agent.since),
        "until": seconds(agent.until),
        "limit": seconds(agent.limit),
        "usual_station": agent.usual_station if phone else None,
        "station": agent.station if phone else None,
        "station_state": agent.station_state if phone else None,
        "call": agent.call if call else None,
        "after_call": agent.after_call,
    }


def _call(call: CallView, *, line: bool) -> Row:
    return {
        "id": call.id,
        "project": call.project,
        "caller": call.caller,
        "caller_name": call.caller_name,
        "hotline": call.hotline,
        "line": call.line if line else None,
        "stage": call.stage.value,
        "since": seconds(call.since),
        "stage_since": seconds(call.stage_since),
        "language": call.language,
        "queue": call.queue,
        "position": call.position,
        "agent": call.agent,
        "station": call.station if line else None,
    }
