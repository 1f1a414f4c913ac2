"""What a feature of the console is: its routes, each with its rule, and its place in the menu.

A feature is a folder beside ``kit``; ``console.app`` has the list of them. Features don't know
each other, and the kit knows none of them: a page asks ``access.can`` before it links to another's.
"""

from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass

from aiohttp import web

from console.kit.permissions import Rule
from storage.users import Role, User

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Key = tuple[str, str]
"""A route as rules are looked up for it: its method, and its path with the places in it."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way into the console. GET answers HEAD as well."""

    method: str
    path: str
    answer: Answer
    rule: Rule

    @property
    def key(self) -> Key:
        """What its rule is looked up by."""
        return self.method, self.path


def get(path: str, answer: Answer, rule: Rule) -> Route:
    """A page, a stream or data."""
    return Route("GET", path, answer, rule)


def post(path: str, answer: Answer, rule: Rule) -> Route:
    """A form."""
    return Route("POST", path, answer, rule)


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
    """Roles whose work begins there."""
    fits: Callable[[User], bool] = _everybody
    """Whether it is of use to somebody who may open it."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One folder of the console."""

    name: str
    """The folder's. What is in its ``static``, if it has one, is at ``/static/NAME``."""
    routes: tuple[Route, ...]
    entry: Entry | None = None
    prepare: Callable[[web.Application], None] | None = None
    """Gives the application what the feature keeps in it."""
