"""Who may do what: one table for every route of the console.

A route that isn't in the table doesn't exist: ``make_app`` refuses to start with one. What a
role may see *within* a route is bounded by the user's projects (``scope``); only the admin's
is the whole centre.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web

from domain.identity import ProjectName
from storage.users import Role, User

EVERYBODY = frozenset(Role)
FLOOR = frozenset({Role.SUPERVISOR, Role.ADMIN})
WATCHERS = frozenset({Role.SUPERVISOR, Role.OPS, Role.CLIENT, Role.ADMIN})
READERS = frozenset({Role.SUPERVISOR, Role.OPS, Role.QA, Role.CLIENT, Role.ADMIN})
DETAIL = frozenset({Role.SUPERVISOR, Role.OPS, Role.QA, Role.ADMIN})
LISTENERS = frozenset({Role.SUPERVISOR, Role.QA, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
AT_A_DESK = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
"""Supervisors and admins too, if they have an agent's code."""


@dataclass(frozen=True, slots=True)
class Public:
    """No login needed."""


@dataclass(frozen=True, slots=True)
class Only:
    """Signed-in users of these roles."""

    roles: frozenset[Role]


Rule = Public | Only

TABLE: Mapping[tuple[str, str], Rule] = {
    ("GET", "/healthz"): Public(),
    ("GET", "/static"): Public(),
    ("GET", "/login"): Public(),
    ("POST", "/login"): Public(),
    ("POST", "/language"): Public(),
    ("GET", "/"): Only(EVERYBODY),
    ("POST", "/logout"): Only(EVERYBODY),
    ("GET", "/account"): Only(EVERYBODY),
    ("POST", "/account/password"): Only(EVERYBODY),
    ("POST", "/account/sessions"): Only(EVERYBODY),
    ("GET", "/board"): Only(WATCHERS),
    ("GET", "/board/live"): Only(WATCHERS),
    ("GET", "/api/v1/board"): Only(WATCHERS),
    ("POST", "/agents/{agent}/{verb}"): Only(FLOOR),
    ("GET", "/calls"): Only(READERS),
    ("GET", "/api/v1/calls"): Only(READERS),
    ("GET", "/calls/{call}"): Only(DETAIL),
    ("GET", "/calls/{call}/recording.wav"): Only(LISTENERS),
    ("GET", "/calls/{call}/waveform.json"): Only(LISTENERS),
    ("GET", "/desk"): Only(AT_A_DESK),
    ("GET", "/desk/live"): Only(AT_A_DESK),
    ("POST", "/desk/{verb}"): Only(AT_A_DESK),
    ("GET", "/users"): Only(ADMINS),
    ("POST", "/users"): Only(ADMINS),
    ("GET", "/users/{name}"): Only(ADMINS),
    ("POST", "/users/{name}"): Only(ADMINS),
    ("POST", "/users/{name}/password"): Only(ADMINS),
    ("POST", "/users/{name}/enabled"): Only(ADMINS),
}


class RouteWithoutRule(Exception):  # noqa: N818
    """Somebody added a route and forgot who may use it."""


def key_of(method: str, canonical: str) -> tuple[str, str]:
    """A route's key in the table; HEAD is asked of GET's rule."""
    return ("GET" if method == "HEAD" else method, canonical)


def check_complete(router: web.UrlDispatcher) -> None:
    """Raises RouteWithoutRule when a route has no rule, or a rule no route."""
    routes = {
        key_of(route.method, route.resource.canonical)
        for route in router.routes()
        if route.resource is not None
    }
    lonely = sorted(routes ^ set(TABLE))
    if lonely:
        raise RouteWithoutRule(f"routes and console/permissions.py differ in: {lonely}")


def may(user: User | None, rule: Rule) -> bool:
    """Whether this user, or somebody not signed in, passes the rule."""
    if isinstance(rule, Public):
        return True
    return user is not None and user.role in rule.roles


def can(user: User | None, method: str, canonical: str) -> bool:
    """For pages: whether to show a way to something. The way itself is checked again."""
    return may(user, TABLE[(method, canonical)])


def scope(user: User) -> frozenset[ProjectName] | None:
    """The projects whose calls and people the user may see; None: all of them."""
    return None if user.role is Role.ADMIN else user.projects or frozenset()


def serves(user: User, projects: Iterable[ProjectName]) -> bool:
    """Whether something of these projects is within the user's scope."""
    own = scope(user)
    return own is None or not own.isdisjoint(projects)
