"""Makes the floor's rows as JSON: what stands in each, for those who may see more or less."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from console.kit.feed import Row
from domain.identity import AgentCode, ProjectName
from domain.roles import Role
from domain.stations import outside_number
from engine.board_ports import (
    AgentView,
    AheadView,
    BegunWithout,
    CallView,
    ConsultView,
    LineView,
    NodeView,
    QueueView,
    StaffView,
    StoreView,
    UnreachedView,
)
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


def seconds(moment: datetime | None) -> float | None:
    """Unix time in seconds, as pages count it."""
    return None if moment is None else round(moment.timestamp(), 3)


def _begun_without(begun: BegunWithout | None) -> Row | None:
    return None if begun is None else {"last_known_at": seconds(begun.last_known_at)}


def store_row(store: StoreView) -> Row:
    """Whether records and recordings can be stored."""
    return {
        "up": store.up,
        "pending": store.pending,
        "error": store.error,
        "recordings": store.recordings,
        "recordings_waiting": store.recordings_waiting,
        "configuration": store.configuration,
        "begun_without": _begun_without(store.begun_without),
        "unpublished": [
            {"code": each.code, "year": each.year, "calendars": list(each.calendars)}
            for each in store.unpublished
        ],
    }


def node_row(node: NodeView) -> Row:
    """An Asterisk."""
    return {
        "name": node.name,
        "up": node.up,
        "since": seconds(node.since),
        "error": node.error,
        "late_s": round(node.late_s),
        "calls_over": node.calls_over,
        "talks_unsure": node.talks_unsure,
    }


def line_row(line: LineView) -> Row:
    """A line."""
    return {
        "name": line.name,
        "kind": line.kind.value,
        "in_use": line.in_use,
        "channels": line.channels,
        "reachable": line.reachable,
        "blocked_today": line.blocked_today,
        "callers_refused_today": line.callers_refused_today,
    }


def queue_row(queue: QueueView) -> Row:
    """A queue on the board; how its staff is doing is a row of its own, for all who share it."""
    titles: Mapping[str, str] = queue.title
    return {
        "name": queue.name,
        "project": queue.project,
        "title": dict(titles),
        "waiting": queue.waiting,
        "waiting_since": seconds(queue.waiting_since),
        "staff": queue.staff,
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
        "service_level_target": queue.service_level_target,
    }


def desk_queue_row(queue: QueueView) -> Row:
    """A queue on an agent's desk."""
    return {
        "name": queue.name,
        "title": dict(queue.title),
        "waiting": queue.waiting,
        "waiting_since": seconds(queue.waiting_since),
    }


def staff_row(staff: StaffView) -> Row:
    """Those who can serve a queue."""
    return {
        "ready": staff.ready,
        "talking": staff.talking,
        "wrap_up": staff.wrap_up,
        "paused": staff.paused,
    }


def with_staff(queue: Row, staff: Mapping[str, Row]) -> Row:
    """A queue with its staff's counts in place of the key to them."""
    counts = staff[queue["staff"]]
    return {name: value for name, value in queue.items() if name != "staff"} | counts


def agent_row(agent: AgentView, *, phone: bool, call: bool) -> Row:
    """An agent, with or without their phone and the call they are in."""
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
        "leg": agent.leg.value if phone else None,
        "call": agent.call if call else None,
        "after_call": agent.after_call,
        "consult": _consult_row(agent.consult) if phone else None,
        "unreached": _unreached_row(agent.unreached) if phone else None,
        "ahead": _ahead_row(agent.ahead),
    }


def _ahead_row(ahead: AheadView | None) -> Row | None:
    """What an agent does for a customer to come."""
    return None if ahead is None else {"what": ahead.what.value, "since": seconds(ahead.since)}


def _unreached_row(vain: UnreachedView | None) -> Row | None:
    """Whom an agent has asked for in vain."""
    if vain is None:
        return None
    why = None if vain.why is None else vain.why.value
    return {"who": vain.who, "title": vain.title, "why": why, "at": seconds(vain.at)}


def _consult_row(consult: ConsultView | None) -> Row | None:
    """Whom an agent asks, or who asks them."""
    if consult is None:
        return None
    return {
        "stage": consult.stage.value,
        "other": consult.other or consult.number,
        "title": consult.title,
        "since": seconds(consult.since),
        "asks": consult.asks,
        "caller": consult.caller,
    }


def call_row(call: CallView, *, line: bool) -> Row:
    """A call, with or without its line and phone."""
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
        "station": (outside_number(call.station or "") or call.station) if line else None,
    }
