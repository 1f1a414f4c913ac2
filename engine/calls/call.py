"""A call in progress, as the controller knows it: a few fields and an inbox."""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from acd.commands import Announce, GiveUp, Offer
from domain.centre import Hotline
from domain.floor_facts import TalkBegan
from domain.identity import (
    AgentCode,
    CallId,
    ChannelId,
    LineName,
    ProjectName,
    QueueName,
    StationName,
)
from domain.reasons import Cause, EndReason, Unlisted
from engine.board_ports import CallStage
from engine.calls.ledger import Ledger
from engine.calls.placed import PlacedFor
from engine.calls.way import FlowWay


@dataclass(frozen=True, slots=True)
class WaitKey:
    """The waiting caller has pressed a key that ends the wait."""

    key: str


@dataclass(frozen=True, slots=True)
class MenuDue:
    """The in-queue flow is due."""


SessionCommand = Offer | Announce | GiveUp | WaitKey | MenuDue


class Driver(Protocol):
    """A FastAGI session that drives a call."""

    def end(self) -> None:
        """End the session; the call goes on in the dialplan."""


class Inbox:
    """What is to be done about one waiting call, for its session to take in order: the floor's
    commands, keys that end the wait, and an in-queue flow that is due."""

    def __init__(self) -> None:
        self._commands: deque[SessionCommand] = deque()
        self._waiting: asyncio.Future[SessionCommand] | None = None
        self._arrived = asyncio.Event()

    def put(self, command: SessionCommand) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(command)
            return
        if isinstance(command, Announce):  # an earlier one that nobody has taken is out of date
            self.drop(Announce)
        self._commands.append(command)
        self._arrived.set()

    def next(self) -> asyncio.Future[SessionCommand]:
        """The next command, now or when it comes. For one reader at a time."""
        future: asyncio.Future[SessionCommand] = asyncio.get_running_loop().create_future()
        if self._commands:
            future.set_result(self._commands.popleft())
        self._waiting = future
        return future

    async def arrival(self, *, deciding: bool = False) -> None:
        """Wait until a command is there to be taken, and leave it there. ``deciding``: one that
        decides about the wait."""
        while not (self.decided if deciding else self._commands):
            self._arrived.clear()
            await self._arrived.wait()

    @property
    def decided(self) -> bool:
        """Whether an agent is there to be taken, or the floor has let go of the caller."""
        return any(isinstance(command, Offer | GiveUp) for command in self._commands)

    @property
    def urgent(self) -> bool:
        """Whether something is there that the caller is not to wait for, whatever they hear."""
        return self.decided or any(isinstance(command, WaitKey) for command in self._commands)

    def drop(self, *kinds: type[SessionCommand]) -> None:
        """Drop all commands of these kinds."""
        self._commands = deque(each for each in self._commands if not isinstance(each, kinds))

    def clear(self) -> None:
        """Drop commands that no session will take."""
        self._commands.clear()
        self._waiting = None

    def __bool__(self) -> bool:
        """Whether a command is there to be taken."""
        return bool(self._commands)


class Follower(Protocol):
    """Follows a call that we placed, for whoever had it placed."""

    def rings(self) -> None:
        """The customer's phone rings."""

    def answered(self) -> None:
        """Somebody or something picked up."""

    def is_person(self) -> None:
        """Detection took them for a person."""

    def is_machine(self) -> None:
        """Detection took what picked up for a machine."""

    def talks(self, agent: AgentCode | None) -> None:
        """The customer and the agent can hear each other."""

    def abandoned(self) -> None:
        """They got no agent in time."""

    def over(self, cause: Cause | None) -> None:
        """The customer's channel is gone; ``cause`` says why nobody picked up, if nobody did."""


@dataclass(frozen=True, slots=True)
class PassedOn:
    """Where an agent has sent the customer on to: a colleague, or a queue."""

    agent: AgentCode | None = None
    station: StationName | None = None
    """The colleague's phone."""
    asked: bool = False
    """The colleague was asked first, and is in their room."""
    queue: QueueName | None = None


@dataclass(slots=True)
class LiveCall:
    """One customer's call. Times are civil (UTC); the floor has the monotonic ones."""

    channel: ChannelId
    channel_name: str
    line: LineName
    caller: str | None
    """The number; None if withheld."""
    caller_name: str | None
    purpose: Hotline | PlacedFor
    """The hotline as it was when the call came, since changes of it are for later calls; or why we
    placed the call."""
    languages: tuple[str, ...]
    """Those that the caller may choose from."""
    entered_at: datetime
    stage: CallStage
    stage_since: datetime
    language: str | None = None
    queue: QueueName | None = None
    agent: AgentCode | None = None
    ledger: Ledger = field(default_factory=Ledger)
    """What is known to have happened in the call, and which phones are in it now."""
    attached: bool = False
    """A FastAGI session is driving it."""
    driver: Driver | None = None
    """That session."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no session drives it."""
    attached_at: datetime | None = None
    """Since when, by our clock; ``entered_at`` is by Asterisk's."""
    turn: int = 0
    """How many sessions have driven it; if there are two at once, the later one counts."""
    served: bool = False
    """A session of this controller has driven it before."""
    failures: int = 0
    """How many of its sessions have failed because of a bug."""
    offered_at: datetime | None = None
    """When the caller was last offered to an agent."""
    returns: list[datetime] = field(default_factory=list)
    """When the caller came back to the queue after a transfer or a lost session."""
    recorded: bool = False
    """MixMonitor is on the channel; it stays there until the call's end."""
    adopted: bool = False
    """It began before this controller did; the earlier part is only in its record."""
    bridged_at: datetime | None = None
    """Since when somebody has been talking to the caller; None if nobody is."""
    bridged_s: float = 0.0
    """How long somebody was talking before that."""
    holds: Counter[tuple[StationName, str]] = field(default_factory=Counter)
    """How many holds and resumes of each talk are recorded, by its phone and by whose they are."""
    music: bool = False
    """Music plays for the caller, who is on hold."""
    held_at_desk: bool = False
    """The agent holds the customer by the desk: the phone, in its room, knows nothing of it."""
    phone_lost: StationName | None = None
    """The phone of the last talk, if it died during it; the caller then waits again."""
    passed: PassedOn | None = None
    """Where the customer goes as soon as they have left the room they are in."""
    passed_in_vain: bool = False
    """They were passed on, or on hold as their agent hung up, and nobody took them: they wait
    again."""
    way: FlowWay | None = None
    """Through its flow; None: it has not entered one, or an earlier controller led it there."""
    flow_ended: Unlisted | None = None
    """Why the flow hung up, if it did."""
    refused: EndReason | None = None
    """Why the call was refused unanswered, if it was."""
    announcing: bool = False
    """A prompt is playing that may be cut short once an agent is free."""
    keys: str = ""
    """The keys that end the caller's wait, while they do."""
    keys_since: datetime | None = None
    """Since when. AMI may tell of an earlier key only now."""
    inbox: Inbox = field(default_factory=Inbox)
    raised: int | None = None
    """How much it raises its queue's priority; None: as much as its caller does."""
    only: AgentCode | None = None
    """Who is kept for it, if somebody is."""
    alone: bool = False
    """Nobody else may have it."""
    longest_s: float | None = None
    """How long it waits at most; None: as long as its queue says."""
    announced_to: bool = True
    """Whether the customer hears their place in the queue."""
    follower: Follower | None = None
    """Of a call that we placed: whoever had it placed."""
    cut: bool = False
    """Of a call that we placed: we hung it up while it rang."""
    kept_again: bool = False
    """Of a call that an earlier controller placed for an agent: they are kept for it, until whoever
    had it placed takes it up."""
    picked_up: bool = False
    """Of a call that we placed: somebody answered."""

    def talked_at(self) -> datetime | None:
        """When somebody last began to talk with the customer; None if nobody has."""
        began = [one.at for one in self.ledger.talks() if isinstance(one.what, TalkBegan)]
        return max([*began, *([self.bridged_at] if self.bridged_at else [])], default=None)

    def sent_to(self) -> QueueName | None:
        """The queue that an agent has sent the customer into, which is told once."""
        passed, self.passed = self.passed, None
        return None if passed is None else passed.queue

    @property
    def project(self) -> ProjectName:
        return self.purpose.project

    @property
    def placed(self) -> PlacedFor | None:
        """Why we placed the call; None if it came in."""
        return self.purpose if isinstance(self.purpose, PlacedFor) else None

    @property
    def hotline(self) -> Hotline:
        """The hotline of a call that came in. Raises TypeError for one that we placed."""
        if isinstance(self.purpose, PlacedFor):
            raise TypeError(f"call {self.id} is for no hotline: we placed it")
        return self.purpose

    @property
    def id(self) -> CallId:
        return self.channel.call
