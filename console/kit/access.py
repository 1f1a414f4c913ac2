"""Answers pages' questions about what the user of a request may do and see."""

from collections.abc import Iterable

from aiohttp import web

from console.kit.context import ENTRIES, PROJECTS_ASKED, RULE, RULES, USER, user_of
from console.kit.features import Entry
from console.kit.permissions import Only, Reach, may, scope
from domain.errors import OffhookError
from domain.identity import ProjectName


class OutOfReach(OffhookError):  # noqa: N818
    """A page shows more or less of the centre than its rule says."""


def can(request: web.Request, method: str, path: str) -> bool:
    """Whether to show a link or button for this route. The route itself checks again.

    Raises KeyError if there is no such route.
    """
    return may(request.get(USER), request.app[RULES][method, path])


def projects_of(request: web.Request) -> frozenset[ProjectName] | None:
    """The projects whose calls and people the request may see; None: all of them.

    Raises OutOfReach if the route's rule doesn't say that it shows projects.
    """
    rule = request[RULE]
    if not isinstance(rule, Only) or rule.reach is not Reach.PROJECTS:
        raise OutOfReach(f"{request.path} shows what belongs to projects; its rule must say so")
    request[PROJECTS_ASKED] = True
    return scope(user_of(request))


def within(request: web.Request, projects: Iterable[ProjectName]) -> bool:
    """Whether the request may see something that belongs to these projects."""
    own = projects_of(request)
    return own is None or not own.isdisjoint(projects)


def check_reach(request: web.Request) -> None:
    """Raises OutOfReach if the rule limits the page to its user's projects but the page never
    asked which these are: it must have shown everybody's."""
    rule = request[RULE]
    if isinstance(rule, Only) and rule.reach is Reach.PROJECTS and not request.get(PROJECTS_ASKED):
        raise OutOfReach(f"{request.path} has not asked which projects its user may see")


def menu(request: web.Request) -> list[Entry]:
    """The user's menu; empty for somebody who isn't signed in."""
    user = request.get(USER)
    if user is None:
        return []
    return [e for e in request.app[ENTRIES] if can(request, "GET", e.path) and e.fits(user)]


def start_of(request: web.Request) -> str | None:
    """The page where the user's work begins; None if their role has none."""
    role = user_of(request).role
    return next((e.path for e in request.app[ENTRIES] if role in e.start_of), None)
