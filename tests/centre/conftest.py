"""Databases, as other tests have them."""

from tests.storage.conftest import database, dsn, postgres  # noqa: F401 - fixtures
