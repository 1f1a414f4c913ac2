"""What the user of a request may do: asked by pages, by the rules of all routes."""

from collections.abc import Iterable

from aiohttp import web

from console.kit.context import ENTRIES, PROJECTS_ASKED, RULE, RULES, USER, user_of
from console.kit.features import Entry
from console.kit.permissions import Only, Reach, may, scope
from domain.errors import OffhookError
from domain.identity import ProjectName


class OutOfReach(OffhookError):  # noqa: N818
    """A page and its rule differ in how much of the centre the page shows."""


def can(request: web.Request, method: str, path: str) -> bool:
    """Whether to show a way to something. The way itself is checked again. KeyError: no route."""
    return may(request.get(USER), request.app[RULES][method, path])


def projects_of(request: web.Request) -> frozenset[ProjectName] | None:
    """The projects whose calls and people the request may see; None: all of them.

    Raises OutOfReach if the route's rule doesn't say that it shows any.
    """
    rule = request[RULE]
    if not isinstance(rule, Only) or rule.reach is not Reach.PROJECTS:
        raise OutOfReach(f"{request.path} shows what belongs to projects; its rule must say so")
    request[PROJECTS_ASKED] = True
    return scope(user_of(request))


def within(request: web.Request, projects: Iterable[ProjectName]) -> bool:
    """Whether something of these projects is among what the request may see."""
    own = projects_of(request)
    return own is None or not own.isdisjoint(projects)


def check_reach(request: web.Request) -> None:
    """Raises OutOfReach if the page has not asked for its user's projects, though its rule
    says that it shows no others: it must have shown everybody's."""
    rule = request[RULE]
    if isinstance(rule, Only) and rule.reach is Reach.PROJECTS and not request.get(PROJECTS_ASKED):
        raise OutOfReach(f"{request.path} has not asked which projects its user may see")


def menu(request: web.Request) -> list[Entry]:
    """The menu's lines for the user; none for somebody not signed in."""
    user = request.get(USER)
    if user is None:
        return []
    return [e for e in request.app[ENTRIES] if can(request, "GET", e.path) and e.fits(user)]


def start_of(request: web.Request) -> str | None:
    """The page where the user's work begins; None if their role has none."""
    role = user_of(request).role
    return next((e.path for e in request.app[ENTRIES] if role in e.start_of), None)
