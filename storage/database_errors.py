"""Errors of the database; each text is one line that says what is wrong, where and what to do."""

# ruff: noqa: N818  (they are states of the world, as in websockets or asyncpg, not "...Error")

import asyncpg

from domain.errors import OperatorError


class StorageError(OperatorError):
    """A fault of the database that a person must see; its text is one clear line."""


class DatabaseUnreachable(StorageError):
    """The server does not answer, or gives us no connection."""


class NotAnAddress(DatabaseUnreachable):
    """The given address can't be a database's; says ``what`` is wrong and what to do."""

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(f"{what}; {todo}")
        self.what = what
        self.todo = todo


class DatabaseRefused(StorageError):
    """The server answers, but doesn't let us in: password, role, database name."""


class SchemaTooNew(StorageError):
    """The database was migrated by a newer Offhook."""


class SchemaBroken(StorageError):
    """A migration failed, or one that was applied has been changed since."""


class EmbeddedServerFailed(StorageError):
    """The PostgreSQL that Offhook carries did not start."""


class OutboxTaken(StorageError):
    """Another controller has this outbox open."""


REFUSED: tuple[type[BaseException], ...] = (
    asyncpg.InvalidAuthorizationSpecificationError,  # the password too
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)

AWAY: tuple[type[BaseException], ...] = (
    StorageError,
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a server that ran out of space
    asyncpg.ObjectNotInPrerequisiteStateError,  # somebody doesn't let go of a lock
    asyncpg.TransactionRollbackError,  # a deadlock
    asyncpg.PostgresSystemError,  # its disk fails
    asyncpg.InternalServerError,  # what it reads there is damaged
    *REFUSED,
)
"""What a read or write raises while the database is away, or can't do its work though the
request is correct; the console answers these with 503."""
