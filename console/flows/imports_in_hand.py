"""Keeps files of flows between the first look at them and taking them in: in memory, for an hour,
and a few at once. What is gone, after a restart too, has to be sent again."""

import asyncio
import secrets
from dataclasses import dataclass, field

from aiohttp import web

from ivr_flows.kind import NameOf
from publishing.flow_files import PackedFlow
from publishing.flow_transfers import LackingName

KEPT_S = 3600.0
MOST = 12
MOST_OF_A_USER = 3


@dataclass(eq=False, slots=True)
class ImportInHand:
    """One file on its way, of one user."""

    user: str
    file: str
    """What the browser calls it."""
    project: str
    """For flows that are new here."""
    flows: tuple[PackedFlow, ...]
    names: dict[tuple[NameOf, str], str] = field(default_factory=dict)
    """What is written in the place of what is missing here."""
    lacking: tuple[LackingName, ...] = ()
    """What was missing at the last look."""
    seen: dict[str, int] = field(default_factory=dict)
    """The versions of the drafts at the last look."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))


class ImportsInHand:
    """The files of all users. Those that are kept too long, or that are too many, are dropped."""

    def __init__(self, *, kept_s: float = KEPT_S, most: int = MOST) -> None:
        self._kept_s = kept_s
        self._most = most
        self._found: dict[str, ImportInHand] = {}

    def add(self, one: ImportInHand) -> None:
        """Keep it, and drop older ones for it."""
        own = [other for other in self._found.values() if other.user == one.user]
        for other in own[: max(0, len(own) - MOST_OF_A_USER + 1)]:
            self.drop(other)
        while len(self._found) >= self._most:
            self.drop(next(iter(self._found.values())))
        self._found[one.id] = one
        asyncio.get_running_loop().call_later(self._kept_s, self.drop, one)

    def get(self, id: str, user: str) -> ImportInHand | None:
        """The user's file of this id; None if there is none, or no more."""
        found = self._found.get(id)
        return found if found is not None and found.user == user else None

    def drop(self, one: ImportInHand) -> None:
        """Forget it."""
        self._found.pop(one.id, None)


IMPORTS: web.AppKey[ImportsInHand] = web.AppKey("flow_imports_in_hand")


def prepare_imports(app: web.Application) -> None:
    """Adds to the application the files on their way."""
    app[IMPORTS] = ImportsInHand()
