"""Defines a feature of the console: its routes, the rule of each, and its place in the menu.

A feature is a folder beside ``kit``; ``console.app`` has the list of them. Features don't know
each other, and the kit knows none of them; before linking to another's page, ask ``access.can``.
"""

from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass

from aiohttp import web

from console.kit.permissions import Rule
from domain.roles import Role
from storage.users import User

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Key = tuple[str, str]
"""What a route's rule is looked up by: its method, and its path with placeholders."""


@dataclass(frozen=True, slots=True)
class Route:
    """A route: what answers it, and who may use it. GET answers HEAD as well."""

    method: str
    path: str
    answer: Answer
    rule: Rule
    largest_file: int | None = None
    """In bytes, if the form has a file (``console.kit.uploads``); None: it has none."""

    @property
    def key(self) -> Key:
        """The key of its rule."""
        return self.method, self.path


def get(path: str, answer: Answer, rule: Rule) -> Route:
    """A route for a page, a stream or data."""
    return Route("GET", path, answer, rule)


def post(path: str, answer: Answer, rule: Rule) -> Route:
    """A route for a form."""
    return Route("POST", path, answer, rule)


def post_file(path: str, answer: Answer, rule: Rule, largest_file: int) -> Route:
    """A route for a form with a file of so many bytes at most."""
    return Route("POST", path, answer, rule, largest_file)


def _everybody(_: User) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """A feature's line in the menu, for all who may open ``path``."""

    path: str
    icon: str
    label: str
    """Marked with ``N_``."""
    start_of: Set[Role] = frozenset()
    """Roles that start there after signing in."""
    fits: Callable[[User], bool] = _everybody
    """Whether it is of use to a user who may open it."""
    also: tuple[str, ...] = ()
    """Where the paths of its other pages begin, as far as not with ``path``."""

    def leads_to(self, path: str) -> bool:
        """Whether the page at this path belongs to it."""
        return any(path == one or path.startswith(f"{one}/") for one in (self.path, *self.also))


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, in a folder of its own."""

    name: str
    """The folder's name. Its ``static``, if it has one, is served at ``/static/NAME``."""
    routes: tuple[Route, ...]
    entry: Entry | None = None
    prepare: Callable[[web.Application], None] | None = None
    """Adds to the application what the feature keeps there."""
