"""What somebody is to the centre: the roles of its users, and who asks for a change."""

from collections.abc import Set
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """A user's role. ``console.kit.permissions`` and ``centre.authority`` say what each may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    OPS = "ops"
    QA = "qa"
    CLIENT = "client"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change. ``projects`` None: all of them."""

    name: str
    role: Role
    projects: Set[str] | None = frozenset()
    teams: Set[str] = field(default_factory=frozenset)
    """The teams whose supervisor they are."""

    @property
    def everywhere(self) -> bool:
        """Whether all projects are theirs."""
        return self.role is Role.ADMIN or self.projects is None

    @property
    def reach(self) -> list[str] | None:
        """The projects that are theirs, as a query is given them; None: all."""
        return None if self.everywhere else sorted(self.projects or ())

    def has(self, project: str) -> bool:
        """Whether the project is theirs."""
        return self.everywhere or project in (self.projects or ())
