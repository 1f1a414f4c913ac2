"""Keeps the floor's rows ready to be sent; one that has not changed stays the same object."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from console.floor.rows import (
    Sight,
    agent_row,
    call_row,
    desk_queue_row,
    line_row,
    node_row,
    queue_row,
    staff_row,
    store_row,
    with_staff,
)
from console.kit.feed import Row, Sections
from domain.identity import AgentCode, CallId, ProjectName, QueueName
from engine.board_ports import AgentView, Board, CallView, QueueView

NameT = TypeVar("NameT", bound=Hashable)
ViewT = TypeVar("ViewT")
RowsT = TypeVar("RowsT")


@dataclass(frozen=True, slots=True)
class _AgentRows:
    """An agent: for those who see phones or not, and their call or not."""

    phone_and_call: Row
    phone: Row
    call: Row
    neither: Row

    def row(self, *, phone: bool, call: bool) -> Row:
        if phone:
            return self.phone_and_call if call else self.phone
        return self.call if call else self.neither


@dataclass(frozen=True, slots=True)
class _CallRows:
    """A call: for those who see lines and phones, and for others."""

    line: Row
    no_line: Row


class Scene:
    """All rows of the floor, as of the last board that it was shown."""

    def __init__(self, board: Board) -> None:
        self.moved: frozenset[AgentCode] = frozenset()
        """Agents whose own row or call was another one on the last board."""
        self.queued_in: frozenset[ProjectName] = frozenset()
        """Projects whose queues were others at desks than on the board before."""
        self._agents: dict[AgentCode, tuple[AgentView, _AgentRows]] = {}
        self._queues: dict[QueueName, tuple[QueueView, Row]] = {}
        self._desk_queues: dict[QueueName, Row] = {}
        self._desks: dict[frozenset[ProjectName], dict[str, Row]] = {}
        self._calls: dict[CallId, tuple[CallView, _CallRows]] = {}
        self._calls_of: dict[AgentCode, dict[str, Row]] = {}
        self._staff: dict[str, Row] = {}
        self._nodes: dict[str, Row] = {}
        self._lines: dict[str, Row] = {}
        self._store: dict[str, Row] = {}
        self._show(board)

    def take(self, board: Board) -> None:
        """Make what has changed anew."""
        before, calls_before = self._agents, self._calls
        self._show(board)
        moved = {code for code, one in self._agents.items() if before.get(code) is not one}
        moved |= before.keys() - self._agents.keys()
        for one, other in ((self._calls, calls_before), (calls_before, self._calls)):
            moved |= {
                view.agent
                for call, (view, _) in one.items()
                if view.agent is not None and (call not in other or other[call][0] is not view)
            }
        self.moved = frozenset(moved)

    def _show(self, board: Board) -> None:
        self._agents = _kept(self._agents, board.agents, lambda agent: agent.code, _agent_rows)
        self._calls = _kept(self._calls, board.calls, lambda call: call.id, _call_rows)
        self._calls_of = {}
        for view, rows in self._calls.values():
            if view.agent is not None:
                self._calls_of.setdefault(view.agent, {})[view.id] = rows.no_line
        views_before = self._queues
        self._queues = _kept(self._queues, board.queues, lambda queue: queue.name, queue_row)
        self._show_at_desks(board.queues, views_before)
        self._staff = _same(self._staff, {k: staff_row(v) for k, v in board.staff.items()})
        self._nodes = _same(self._nodes, {node.name: node_row(node) for node in board.nodes})
        self._lines = _same(self._lines, {line.name: line_row(line) for line in board.lines})
        self._store = _same(self._store, {"records": store_row(board.store)})

    def _show_at_desks(
        self,
        queues: Iterable[QueueView],
        views_before: Mapping[QueueName, tuple[QueueView, Row]],
    ) -> None:
        """Desks show little of a queue, so that most of its changes are none to them."""
        before = self._desk_queues
        self._desk_queues = _same(before, {q.name: desk_queue_row(q) for q in queues})
        changed = before.keys() ^ self._desk_queues.keys()
        changed |= {name for name in before if before[name] is not self._desk_queues.get(name)}
        views = {**views_before, **self._queues}
        self.queued_in = frozenset(views[name][0].project for name in changed)
        if self._desk_queues is not before:
            self._desks = {}

    def desk(self, agent: AgentCode, projects: frozenset[ProjectName]) -> Sections:
        """What an agent sees: their own state, their call, the queues of their projects."""
        queues = self._desks.get(projects)
        if queues is None:
            queues = self._desks[projects] = {
                name: self._desk_queues[name]
                for name, (view, _) in self._queues.items()
                if view.project in projects
            }
        own = self._agents.get(agent)
        return {
            "queues": queues,
            "agents": {} if own is None else {agent: own[1].phone_and_call},
            "calls": self._calls_of.get(agent, {}),
        }

    def board(self, sight: Sight) -> Sections:
        """What those who watch the board see: what belongs to their projects, and no more."""
        projects, phones = sight.projects, sight.installation
        calls: dict[str, Row] = {
            call: rows.line if phones else rows.no_line
            for call, (view, rows) in self._calls.items()
            if projects is None or view.project in projects
        }
        queues: dict[str, Row] = {
            name: row
            for name, (view, row) in self._queues.items()
            if projects is None or view.project in projects
        }
        found: Sections = {
            "queues": queues,
            "staff": {row["staff"]: self._staff[row["staff"]] for row in queues.values()},
            "agents": {
                code: rows.row(phone=phones, call=view.call in calls)
                for code, (view, rows) in self._agents.items()
                if projects is None or not projects.isdisjoint(view.projects)
            },
            "calls": calls,
        }
        if phones:
            found |= {"nodes": self._nodes, "lines": self._lines, "store": self._store}
        return found


def whole_rows(scene: Scene, sight: Sight) -> Sections:
    """The same as ``Scene.board``, for programs: each queue with the counts of its staff."""
    found = scene.board(sight)
    staff = found.pop("staff")
    found["queues"] = {name: with_staff(row, staff) for name, row in found["queues"].items()}
    return found


def _agent_rows(view: AgentView) -> _AgentRows:
    return _AgentRows(
        agent_row(view, phone=True, call=True),
        agent_row(view, phone=True, call=False),
        agent_row(view, phone=False, call=True),
        agent_row(view, phone=False, call=False),
    )


def _call_rows(view: CallView) -> _CallRows:
    return _CallRows(call_row(view, line=True), call_row(view, line=False))


def _kept(
    before: Mapping[NameT, tuple[ViewT, RowsT]],
    views: Iterable[ViewT],
    key: Callable[[ViewT], NameT],
    make: Callable[[ViewT], RowsT],
) -> dict[NameT, tuple[ViewT, RowsT]]:
    """Each view with its rows, made anew only if the view is another one than before."""
    kept = {}
    for view in views:
        name = key(view)
        known = before.get(name)
        kept[name] = known if known is not None and known[0] is view else (view, make(view))
    return kept


def _same(before: dict[NameT, Row], now: dict[NameT, Row]) -> dict[NameT, Row]:
    """These rows; each one, and all of them, the object it was before if it is equal."""
    kept = {name: known if (known := before.get(name)) == row else row for name, row in now.items()}
    same = len(kept) == len(before) and all(kept[name] is row for name, row in before.items())
    return before if same and list(kept) == list(before) else kept
