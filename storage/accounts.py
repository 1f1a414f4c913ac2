"""Bundles the stores of who may use the console: users, logins and the audit log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from storage.audit import AuditLog, utc_now
from storage.logins import LoginStore
from storage.password_hashing import Passwords
from storage.users import UserStore


@dataclass(frozen=True, slots=True)
class Accounts:
    """Users, their logins, and the log of what they did."""

    users: UserStore
    logins: LoginStore
    audit: AuditLog


def accounts_of(
    pool: asyncpg.Pool,
    *,
    passwords: Passwords | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Accounts:
    """The accounts of a database. ``passwords`` None: hashed at full strength."""
    audit = AuditLog(pool, clock=clock)
    passwords = passwords or Passwords()
    return Accounts(
        UserStore(pool, audit, passwords, clock=clock),
        LoginStore(pool, audit, passwords, clock=clock),
        audit,
    )
