"""Says which projects' calls, agents and users a viewer may see."""

from collections.abc import Iterable

from domain.identity import ProjectName

Projects = frozenset[ProjectName] | None
"""The projects a viewer may see; None: all."""


def as_array(projects: Iterable[ProjectName] | None) -> list[ProjectName] | None:
    """Projects as PostgreSQL takes them, always in the same order."""
    return None if projects is None else sorted(projects)
