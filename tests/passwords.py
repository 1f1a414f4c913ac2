"""Passwords for a centre of a test."""

from pathlib import Path

from configuration.secrets import Secrets, load_or_create
from domain.centre import Centre


def passwords_for(state: Path, centre: Centre) -> Secrets:
    """The secrets kept in ``state``, with those of all phones, lines and agents of ``centre``."""
    return load_or_create(
        state,
        phones=[*(s.name for s in centre.stations), *(line.name for line in centre.lines)],
        agents=[agent.code for agent in centre.agents],
    )
