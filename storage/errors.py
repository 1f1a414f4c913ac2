"""What can go wrong with the database, each as one line that says what, where and what to do."""

# ruff: noqa: N818  (they are states of the world, as in websockets or asyncpg, not "...Error")

import asyncpg

from domain.errors import OperatorError


class StorageError(OperatorError):
    """Something about the database that a person must see; its text is one clear line."""


class DatabaseUnreachable(StorageError):
    """Nobody answers, or no connection is to be had."""


class NotAnAddress(DatabaseUnreachable):
    """What should be a database's address can't be one; ``what`` it is, and what to do."""

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
"""What a read or write raises while the database is away, or can't do its work though nothing is
wrong with what it is asked; the console says 503 for these."""
