"""What somebody is to the centre: the roles of its users."""

from enum import StrEnum


class Role(StrEnum):
    """A user's role. ``console.kit.permissions`` and ``centre.authority`` say what each may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    OPS = "ops"
    QA = "qa"
    CLIENT = "client"
    ADMIN = "admin"
