"""Answers health checks: whether Offhook runs, and what it has to do without."""

from aiohttp import web

from console.kit.context import LIVE


async def answer(request: web.Request) -> web.Response:
    """GET /healthz: 200 while the controller runs. ``missing`` names what it has to do without;
    that is no reason to restart it, since calls go on. Holds no names or callers' numbers."""
    board = request.app[LIVE].board(frozenset())
    down = sum(not node.up for node in board.nodes)
    missing = []
    if down:
        missing.append("asterisk")
    if any(node.late_s for node in board.nodes):
        missing.append("asterisk's events in time")
    if not board.store.up:
        missing.append("database")
    if board.store.recordings is not None:
        missing.append("recordings")
    return web.json_response(
        {
            "status": "degraded" if missing else "ok",
            "missing": missing,
            "nodes_up": len(board.nodes) - down,
            "nodes": len(board.nodes),
            "records_waiting": board.store.pending,
        }
    )
