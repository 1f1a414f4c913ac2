"""Hashes passwords with argon2 in threads of low priority, so that no call waits for a login."""

import asyncio
import contextlib
import os
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from storage.account_errors import AccountRefusal, AccountRefused

SHORTEST, LONGEST = 8, 256


class Passwords:
    """Hashes and checks passwords, at most two at a time: each takes 64 MiB and a core."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        # One lane: with the default of four, two logins would fill eight cores.
        self._hasher = hasher or PasswordHasher(parallelism=1)
        self._threads = ThreadPoolExecutor(2, "argon2", initializer=_yield_to_others)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Hash a password. Raises AccountRefused if it is too short or too long."""
        password = _normal(password)
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountRefused(AccountRefusal.PASSWORD_LENGTH)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def is_right(self, stored: str | None, password: str) -> bool:
        """Whether the password is right. Without a stored hash it takes just as long, so that the
        time doesn't reveal which names exist."""
        password = _normal(password)[: LONGEST + 1]
        if stored is None and self._nobodys is None:
            self._nobodys = await self.hash("nobody's password")
        against = stored or self._nobodys or ""
        loop = asyncio.get_running_loop()
        fits = await loop.run_in_executor(self._threads, self._fits, against, password)
        return fits and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """Normalizes text, so that what looks the same is the same on any keyboard."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")


def _yield_to_others() -> None:
    """Lowers this thread's priority, so that calls go first. Only Linux has one per thread."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
