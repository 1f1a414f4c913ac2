"""Servers of their own, for tests that stop them."""

from tests.storage.conftest import own_server  # noqa: F401 - a fixture
