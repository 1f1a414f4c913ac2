"""Lists whom an agent can ask or pass a customer on to: colleagues and queues, with states."""

from aiohttp import web

from console.desk.own_agent import own_agent
from console.kit.context import LIVE
from domain.agent_facts import AgentState
from domain.identity import AgentCode, ProjectName
from domain.stations import StationState
from engine.board_ports import AgentView, Board
from telephony.numbers import spaced


async def colleagues(request: web.Request) -> web.Response:
    """GET /desk/colleagues: those who serve the project of the agent's customer, and the numbers
    outside that an admin keeps for it, as JSON.

    Each has ``to``, which ``consult`` and ``pass_on`` take. Those who are free come first.
    """
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    live = request.app[LIVE]
    board = live.board(None)
    call = next((call for call in board.calls if call.agent == agent.code), None)
    projects = frozenset(agent.projects if call is None else (call.project,))
    free = {
        line.name: line.channels > line.in_use and line.reachable is not False
        for line in board.lines
    }
    return web.json_response(
        {
            "agents": _agents(board, agent.code, projects),
            "queues": [
                {
                    "to": f"queue:{queue.name}",
                    "name": queue.name,
                    "title": dict(queue.title),
                    "waiting": queue.waiting,
                    "free": board.staff[queue.staff].ready,
                }
                for queue in board.queues
                if queue.project in projects
            ],
            "outside": [
                {
                    "to": f"outside:{who.number}",
                    "number": spaced(who.number),
                    "title": who.title,
                    "free": free.get(who.line, False),
                }
                for who in sorted(live.centre().outside.values(), key=lambda who: who.title)
                if any(who.serves(ProjectName(project)) for project in projects)
            ],
        }
    )


def _agents(board: Board, own: AgentCode, projects: frozenset[str]) -> list[dict[str, object]]:
    here = [
        view
        for view in board.agents
        if view.code != own
        and view.state is not AgentState.LOGGED_OUT
        and not projects.isdisjoint(view.projects)
    ]
    here.sort(key=lambda view: (not _free(view), view.state is not AgentState.READY, view.name))
    return [
        {
            "to": f"agent:{view.code}",
            "code": view.code,
            "name": view.name,
            "state": view.state.value,
            "free": _free(view),
        }
        for view in here
    ]


def _free(view: AgentView) -> bool:
    """Whether they can be called now, whatever they are doing besides."""
    busy = view.state in (AgentState.TALKING, AgentState.OFFERED)
    return not busy and view.ahead is None and view.station_state == StationState.IDLE
