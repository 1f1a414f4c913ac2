"""Adds features to the application, and makes sure that every route has a rule."""

import asyncio

from aiohttp import web

from console.kit.context import ENTRIES, LARGEST_FILES, RULES, UPLOADS
from console.kit.door import CHUNK
from console.kit.features import Feature, Key
from console.kit.permissions import Public, Rule
from console.kit.uploads import MOST_AT_ONCE
from console.kit.vendored import STATIC, static_folder
from domain.errors import OffhookError
from domain.roles import Role


class RouteWithoutRule(OffhookError):  # noqa: N818
    """A route has no rule, or two."""


class WrongMenu(OffhookError):  # noqa: N818
    """A menu entry leads nowhere, or a role has two start pages."""


def add_shared(app: web.Application) -> None:
    """Adds what all pages need. Call it before adding a feature."""
    app[RULES], app[ENTRIES], app[LARGEST_FILES] = {}, [], {}
    app[UPLOADS] = asyncio.Semaphore(MOST_AT_ONCE)
    app.router.add_static("/static", STATIC, chunk_size=CHUNK)
    _add_rule(app, ("GET", "/static"), Public(bare=True))


def add_feature(app: web.Application, feature: Feature) -> None:
    """Adds a feature's routes with their rules, and what it keeps in the application.

    Raises RouteWithoutRule or WrongMenu.
    """
    if feature.prepare is not None:
        feature.prepare(app)
    for route in feature.routes:
        _add_rule(app, route.key, route.rule)
        if route.largest_file is not None:
            app[LARGEST_FILES][route.key] = route.largest_file
        add = app.router.add_get if route.method == "GET" else app.router.add_post
        add(route.path, route.answer)
    if (folder := static_folder(feature.name)).is_dir():
        path = f"/static/{feature.name}"
        _add_rule(app, ("GET", path), Public(bare=True))
        app.router.add_static(path, folder, chunk_size=CHUNK)
    if feature.entry is not None:
        app[ENTRIES].append(feature.entry)
    check_complete(app)
    _check_menu(app)


def _add_rule(app: web.Application, key: Key, rule: Rule) -> None:
    if key in app[RULES]:
        raise RouteWithoutRule(f"{' '.join(key)} has two rules")
    app[RULES][key] = rule


def key_of(method: str, canonical: str) -> Key:
    """A route's key in the table of rules; HEAD falls under GET's rule."""
    return ("GET" if method == "HEAD" else method, canonical)


def check_complete(app: web.Application) -> None:
    """Raises RouteWithoutRule when a route has no rule, or a rule no route."""
    routes = {
        key_of(route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    }
    lonely = sorted(routes ^ app[RULES].keys())
    if lonely:
        raise RouteWithoutRule(f"routes and the features' rules differ in: {lonely}")


def _check_menu(app: web.Application) -> None:
    begun: set[Role] = set()
    for entry in app[ENTRIES]:
        rule = app[RULES].get(("GET", entry.path))
        if rule is None:
            raise WrongMenu(f"the menu leads to {entry.path}, where there is no page")
        may_open = frozenset(Role) if isinstance(rule, Public) else rule.roles
        wrong = (entry.start_of - may_open) | (begun & entry.start_of)
        if wrong:
            raise WrongMenu(f"{sorted(wrong)} can't begin their work at {entry.path}")
        begun |= entry.start_of
