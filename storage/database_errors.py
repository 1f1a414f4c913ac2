"""Errors of the database. Each has a text of one line: what is wrong, where, and what to do."""

# ruff: noqa: N818  (names of conditions, as in websockets and asyncpg, rather than "...Error")

import asyncpg

from domain.errors import OperatorError


class StorageError(OperatorError):
    """A fault of the database that people must see."""


class DatabaseUnreachable(StorageError):
    """The server doesn't answer, or has no connection for us."""


class NotAnAddress(DatabaseUnreachable):
    """The given address can't be a database's: ``what`` is wrong, and what ``todo``."""

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(f"{what}; {todo}")
        self.what = what
        self.todo = todo


class DatabaseRefused(StorageError):
    """The server answers but doesn't let us in: wrong password, role or database name."""


class SchemaTooNew(StorageError):
    """The database was migrated by a newer Offhook."""


class SchemaBroken(StorageError):
    """A migration failed, or one that was applied has been changed since."""


class EmbeddedServerFailed(StorageError):
    """The PostgreSQL that Offhook carries did not start."""


class DumpFailed(StorageError):
    """PostgreSQL's own program could not dump a database, or not load a dump."""


class OutboxTaken(StorageError):
    """Another controller has this outbox open."""


REFUSED: tuple[type[BaseException], ...] = (
    asyncpg.InvalidAuthorizationSpecificationError,  # the password too
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)

AWAY: tuple[type[BaseException], ...] = (
    StorageError,
    OSError,  # TimeoutError is one, too
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a server that ran out of space
    asyncpg.ObjectNotInPrerequisiteStateError,  # somebody holds a lock
    asyncpg.TransactionRollbackError,  # a deadlock
    asyncpg.PostgresSystemError,  # a failing disk
    asyncpg.InternalServerError,  # damaged data
    *REFUSED,
)
"""What a read or write raises while the database is away, or can't carry out a correct request.
The console answers these with 503."""
