"""Servers of their own, for tests that stop them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer
from tests.databases import a_folder, a_server, copied


@pytest.fixture(scope="module")
def own_server(server_data: Path) -> Iterator[EmbeddedServer]:
    """A server that the module's tests may stop, freeze and kill; ``start`` brings it back."""
    with a_server(server_data) as server:
        yield server


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder for an embedded server that PostgreSQL's user can reach."""
    with a_folder() as folder:
        yield folder


@pytest.fixture
def used_folder(own_folder: Path, server_data: Path) -> Path:
    """One in which a server has run before."""
    copied(server_data, own_folder)
    return own_folder
