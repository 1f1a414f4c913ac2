"""Whose entries of the worklist a user may see, for the page and the API alike."""

from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

from acd.match import able
from campaigns.caller_callbacks import CallerCallbacks
from campaigns.lead_numbers import FoundNumber, number_of
from console.kit.access import projects_of
from console.kit.context import LIVE, user_of
from console.kit.permissions import Only, Reach
from domain.centre import Agent
from domain.identity import LineName
from domain.roles import Role
from worklist.entries import WorkScope
from worklist.worklist import Worklist

WORKERS = Only({Role.AGENT, Role.SUPERVISOR, Role.ADMIN}, Reach.PROJECTS)
"""Who works off what callers have left: agents what is their queues' or no queue's."""


@dataclass(frozen=True, slots=True)
class WorkServices:
    """The services behind the pages."""

    worklist: Worklist
    callbacks: CallerCallbacks


WORKING: web.AppKey[WorkServices] = web.AppKey("work_services")


def agent_of(request: web.Request) -> Agent | None:
    """The agent that the user is; None if they are none."""
    code = user_of(request).agent
    agents = request.app[LIVE].centre().agents
    return None if code is None else next((one for one in agents if one.code == code), None)


def work_scope(request: web.Request) -> WorkScope:
    """What the request may see and work off."""
    user, projects = user_of(request), projects_of(request)
    if user.role is not Role.AGENT:
        return WorkScope(user.name, projects, overrides=True)
    agent, queues = agent_of(request), request.app[LIVE].centre().queues
    skills = {} if agent is None else agent.skills
    mine = frozenset(queue.name for queue in queues if able(skills, queue))
    return WorkScope(user.name, projects, mine)


def country_of(request: web.Request, line: LineName | None) -> str:
    """Where numbers of this line without a country's code are."""
    lines = request.app[LIVE].centre().lines
    return next((one.country for one in lines if one.name == line), None) or next(
        (one.country for one in lines), "CN"
    )


@lru_cache(maxsize=4096)
def e164_of(number: str | None, country: str) -> str | None:
    """The number as it is dialled, with +; None if it is withheld, or can't be called."""
    found = None if number is None else number_of(number, country)
    return found.e164 if isinstance(found, FoundNumber) else None
