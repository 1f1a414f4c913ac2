"""Keeps files of flows between the first look at them and taking them in: in memory, for an hour,
and a few at once. What is gone, after a restart too, has to be sent again."""

import asyncio
import secrets
from dataclasses import dataclass, field

from aiohttp import web

from domain.roles import Actor
from ivr_flows.kind import NameOf
from publishing.flow_files import PackedFlow
from publishing.flow_transfers import FlowTransfers, ImportLook, LackingName

KEPT_S = 3600.0
MOST = 12
MOST_OF_A_USER = 3


class LookUnderWay:
    """A look at what an import would do, that is under way or over."""

    def __init__(self, transfers: FlowTransfers, actor: Actor, one: "ImportInHand") -> None:
        self.actor = actor
        self.names = dict(one.names)
        self.done = 0
        """How many flows have been looked at."""
        self.shown = False
        """Whether somebody has seen what came of it. Whoever asks after that gets a new look."""
        self._task = asyncio.create_task(
            transfers.look_over(
                actor, one.project, one.flows, one.file, self.names, step=self._step
            )
        )

    def _step(self, steps: int) -> None:
        self.done += steps

    @property
    def over(self) -> bool:
        """Whether it has come to an end, a bad one or not."""
        return self._task.done()

    async def wait(self, at_most_s: float | None) -> None:
        """Until it is over, or so long at most."""
        await asyncio.wait([self._task], timeout=at_most_s)

    def result(self) -> ImportLook:
        """What came of it. Raises what went wrong: one of ``storage.database_errors.AWAY``."""
        return self._task.result()

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        self._task.add_done_callback(_looked_at)
        self._task.cancel()


def _looked_at(task: "asyncio.Task[ImportLook]") -> None:
    if not task.cancelled():
        task.exception()


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
    look: LookUnderWay | None = None
    """The last one."""
    mistake: str = ""
    """What is shown with what comes of it."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def look_of(self, transfers: FlowTransfers, actor: Actor) -> LookUnderWay:
        """The look by this user with these names: one that is under way or that nobody has seen,
        or a new one."""
        look = self.look
        wanted = look is not None and (look.actor, look.names) == (actor, self.names)
        if look is None or look.shown or not wanted:
            return self.look_anew(transfers, actor)
        return look

    def look_anew(self, transfers: FlowTransfers, actor: Actor) -> LookUnderWay:
        """Begin a new look, and end the last one."""
        if self.look is not None:
            self.look.cancel()
        self.look = LookUnderWay(transfers, actor, self)
        return self.look


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
        if one.look is not None:
            one.look.cancel()

    async def close(self, _: web.Application) -> None:
        """Stop all of it."""
        for one in tuple(self._found.values()):
            self.drop(one)


IMPORTS: web.AppKey[ImportsInHand] = web.AppKey("flow_imports_in_hand")


def prepare_imports(app: web.Application) -> None:
    """Adds to the application the files on their way."""
    app[IMPORTS] = ImportsInHand()
    app.on_shutdown.append(app[IMPORTS].close)
