"""Database servers of their own, for tests that stop them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer
from tests.databases import a_server


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server that the module's tests may stop, freeze and kill; ``start`` brings it back."""
    with a_server() as server:
        yield server


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder for an embedded server that PostgreSQL's user can reach."""
    with tempfile.TemporaryDirectory(prefix="offhook-pg-") as folder:
        yield Path(folder) / "state"
