"""What the console can ask of the running centre; ``engine.running_centre`` provides it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.centre import Centre
from domain.identity import AgentCode, ProjectName, QueueName, StationName
from domain.stations import StationState
from engine.board_ports import Board, CallView


class Verb(StrEnum):
    """What can be asked for an agent, by themselves or by a supervisor."""

    LOG_IN = "log_in"  # station
    LOG_OUT = "log_out"  # while talking: after the call
    READY = "ready"  # also ends wrap-up
    AWAY = "away"  # reason; while talking: after the call
    EXTEND = "extend"  # more seconds of wrap-up
    CONNECT = "connect"  # nail the phone up
    DISCONNECT = "disconnect"
    END_TALK = "end_talk"  # this and the rest only for a phone that is nailed up
    HOLD = "hold"
    RESUME = "resume"
    CONSULT = "consult"  # to; the customer hears music meanwhile
    SWAP = "swap"  # from whom was asked to the customer, or back
    CONFERENCE = "conference"
    COMPLETE = "complete"  # leave the customer with whom was asked
    CANCEL = "cancel"  # back to the customer alone
    PASS_ON = "pass_on"  # noqa: S105 - to; without asking


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom an agent wants to ask, or pass a customer on to."""

    agent: AgentCode | None = None
    queue: QueueName | None = None
    """Of those at work there, whoever has been ready for longest; or, to pass on, the queue."""
    outside: str | None = None
    """A number outside, from the list that an admin keeps."""

    @staticmethod
    def of(text: str) -> "Recipient | None":
        """What ``agent:1002``, ``queue:sales`` or ``outside:10086`` means; None: nothing."""
        kind, _, name = text.partition(":")
        if not name:
            return None
        match kind:
            case "agent":
                return Recipient(agent=AgentCode(name))
            case "queue":
                return Recipient(queue=QueueName(name))
            case "outside":
                return Recipient(outside=name)
        return None


class CommandOutcome(StrEnum):
    """What came of a command."""

    DONE = "done"
    LOGGED_OUT_AFTER_CALL = "logged_out_after_call"
    AWAY_AFTER_CALL = "away_after_call"
    STATION_TAKEN = "station_taken"  # agent: who is logged in there
    NOT_LOGGED_IN = "not_logged_in"
    TALKING = "talking"  # not before the call is over
    NOT_IN_WRAP_UP = "not_in_wrap_up"
    PHONE_NOT_FREE = "phone_not_free"  # station: it can't be called now
    NOT_CONNECTED = "not_connected"  # the phone is not nailed up
    NOT_TALKING = "not_talking"
    CONSULTING = "consulting"  # not while they ask somebody
    NOT_CONSULTING = "not_consulting"
    NOT_ANSWERED_YET = "not_answered_yet"  # whoever is asked
    LINE_NOT_FREE = "line_not_free"  # by which somebody outside is called
    COLLEAGUE_NOT_FREE = "colleague_not_free"  # talks, or their phone can't be called now
    NOBODY_FREE = "nobody_free"  # of a queue
    CONTROLLER_CHANGED = "controller_changed"  # during the talk, which nobody can pass on now
    NO_SUCH_TARGET = "no_such_target"  # in the customer's project
    NO_SUCH_AGENT = "no_such_agent"  # agent
    NO_SUCH_STATION = "no_such_station"  # station
    NO_SUCH_REASON = "no_such_reason"  # reason


_TAKEN_ON = frozenset(
    {
        CommandOutcome.DONE,
        CommandOutcome.LOGGED_OUT_AFTER_CALL,
        CommandOutcome.AWAY_AFTER_CALL,
    }
)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command, and the agent, station or reason that the outcome is about."""

    outcome: CommandOutcome
    agent: AgentCode | None = None
    station: StationName | None = None
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the command was done, or will be after the call."""
        return self.outcome in _TAKEN_ON


class LiveCentre(Protocol):
    """The running centre. All methods are called on the event loop's thread."""

    def centre(self) -> Centre:
        """The configuration in force."""
        ...

    def board(self, projects: frozenset[ProjectName] | None) -> Board:
        """The board as those who serve ``projects`` may see it; None for all of it.

        Queues and calls of other projects are left out, and so are agents who serve none of these;
        nodes, lines and the store are always included (the console hides them from clients).
        """
        ...

    def phone(self, station: StationName) -> StationState:
        """A phone as Asterisk sees it: unreachable if it has not registered."""
        ...

    async def changed(self, after: int) -> int:
        """Wait until the board's version is above ``after``; returns the new version."""
        ...

    def watch_offers(
        self, agent: AgentCode, offered: Callable[[CallView], None]
    ) -> AbstractContextManager[None]:
        """Call ``offered`` with each call that is brought to this agent, before it is, as long as
        the context lasts. It must not wait for anything."""
        ...

    async def agent_command(
        self,
        agent: AgentCode,
        verb: Verb,
        *,
        by: str,
        reason: str | None = None,
        station: StationName | None = None,
        seconds: float | None = None,
        to: Recipient | None = None,
    ) -> CommandResult:
        """Do ``verb`` for ``agent``; ``by`` is the user's name, for the log."""
        ...
