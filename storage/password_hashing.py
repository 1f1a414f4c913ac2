"""Hashes passwords with argon2 in threads of low priority, so that no call waits for a login."""

import asyncio
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from machine.quiet_threads import quiet_threads
from storage.account_errors import AccountRefusal, AccountRefused

SHORTEST, LONGEST = 8, 256

_QUICK = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)


def hash_first_password(password: str) -> str:
    """Hash a password that was made by chance, of 12 letters or more, in some milliseconds.

    Nobody finds one of those by trying, however little a try costs; what people think up is another
    matter. At the first sign-in it is hashed anew like any other. Blocking.
    """
    return _QUICK.hash(password)


class Passwords:
    """Hashes and checks passwords, at most two at a time: each takes 64 MiB and a core."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        # One lane: with the default of four, two logins would fill eight cores.
        self._hasher = hasher or PasswordHasher(parallelism=1)
        self._threads = quiet_threads(2, "argon2")
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Hash a password. Raises AccountRefused if it is too short or too long."""
        password = _normal(password)
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountRefused(AccountRefusal.PASSWORD_LENGTH)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def is_right(self, stored: str | None, password: str) -> bool:
        """Whether the password is right. Without a stored hash, or with a quick one, a wrong one
        takes just as long, so that the time doesn't reveal which names exist."""
        password = _normal(password)[: LONGEST + 1]
        loop = asyncio.get_running_loop()
        if stored is not None:
            fits = await loop.run_in_executor(self._threads, self._fits, stored, password)
            if fits or not self.is_outdated(stored):
                return fits
        if self._nobodys is None:
            self._nobodys = await self.hash("nobody's password")
        await loop.run_in_executor(self._threads, self._fits, self._nobodys, password)
        return False

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed with weaker parameters than today's."""
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return False

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """Normalizes text, so that what looks the same is the same on any keyboard."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")
