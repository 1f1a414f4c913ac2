"""Rules about who may use a route, and how much of the centre it shows them.

Each feature states one for every route (``console.kit.features``).
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from domain.identity import ProjectName
from domain.roles import Role
from storage.users import User

EVERYBODY = frozenset(Role)
_MAY_HAVE_ALL = frozenset({Role.OPS, Role.SUPERVISOR})


class Reach(StrEnum):
    """How much of the centre a route shows or changes."""

    SELF = "self"
    """The user's own: their account, their desk."""
    PROJECTS = "projects"
    """Calls and people of the user's projects; ``access.projects_of`` says which these are."""
    CENTRE = "centre"
    """Everything; for admins alone."""


@dataclass(frozen=True, slots=True)
class Public:
    """A route that needs no login."""

    bare: bool = False
    """For files and programs: the request's session and language are not read."""


@dataclass(frozen=True, slots=True)
class Only:
    """Signed-in users of these roles. Raises ValueError for a reach that no such role has."""

    roles: Set[Role]
    reach: Reach

    def __post_init__(self) -> None:
        if self.reach is Reach.CENTRE and self.roles != {Role.ADMIN}:
            raise ValueError(f"only admins reach the whole centre, not {sorted(self.roles)}")


Rule = Public | Only

# Rules of pages whose content the API has too.
WATCHERS = Only({Role.SUPERVISOR, Role.OPS, Role.CLIENT, Role.ADMIN}, Reach.PROJECTS)
"""Who may watch the floor."""
READERS = Only({Role.SUPERVISOR, Role.OPS, Role.QA, Role.CLIENT, Role.ADMIN}, Reach.PROJECTS)
"""Who may read the list of calls."""


def may(user: User | None, rule: Rule) -> bool:
    """Whether this user, or somebody not signed in, passes the rule."""
    return isinstance(rule, Public) or (user is not None and user.role in rule.roles)


def scope(user: User) -> frozenset[ProjectName] | None:
    """The projects whose calls and people the user may see; None: all of them, as admins do, and
    operations and supervisors who are given all."""
    if user.role is Role.ADMIN:
        return None
    return user.projects if user.role in _MAY_HAVE_ALL else user.projects or frozenset()
