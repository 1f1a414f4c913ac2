"""Finds the agent whose desk a request is for: the one that the user is, and no other."""

from aiohttp import web

from console.kit.context import LIVE, user_of
from domain.centre import Agent


def own_agent(request: web.Request) -> Agent | None:
    """The configured agent that the user is; None if they are not an agent."""
    code = user_of(request).agent
    if code is None:
        return None
    return next((a for a in request.app[LIVE].centre().agents if a.code == code), None)
