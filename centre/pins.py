"""Hashes agents' PINs, and checks what was typed at a phone."""

import asyncio
import secrets
from collections.abc import Callable, Mapping

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from centre.directory_store import ThingKey
from centre.kinds import Kind
from domain.identity import AgentCode

DIGITS = 4

_HASHER = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
"""Cheap: of ten thousand PINs, an expensive one would be found as well. Tries are what protects
them, and those are counted (``engine.stations.pin_tries``)."""
_NOBODYS = _HASHER.hash("nobody's")


def new_pin() -> str:
    """A PIN by chance."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def hash_pin(pin: str) -> str:
    """What is kept of a PIN. Takes some milliseconds."""
    return _HASHER.hash(pin)


class AgentPins:
    """Checks PINs against the directory's secrets, which ``kept`` returns."""

    def __init__(self, kept: Callable[[], Mapping[ThingKey, str]]) -> None:
        self._kept = kept

    async def fits(self, agent: AgentCode, typed: str) -> bool:
        """Whether it is this agent's PIN. An unknown agent takes as long as a known one."""
        hashed = self._kept().get((Kind.AGENT, agent))
        right = await asyncio.to_thread(_verify, hashed or _NOBODYS, typed)
        return right and hashed is not None


def _verify(hashed: str, typed: str) -> bool:
    try:
        return _HASHER.verify(hashed, typed)
    except (Argon2Error, InvalidHashError):
        return False
