"""How a call comes in, is refused or led elsewhere, outlives the controller, and ends."""

from dataclasses import dataclass

from domain.happening import Happening
from domain.identity import LineName, ProjectName, QueueName
from domain.reasons import EndReason, NoEntry, Party, Unlisted


@dataclass(frozen=True, slots=True)
class CallEntered(Happening):
    """A call came in on a line."""

    kind = "entered"

    hotline: str | None
    """The number dialled."""
    project: ProjectName | None
    line: LineName | None
    caller: str | None
    """The number; None: withheld."""
    caller_name: str | None
    flow: str | None


@dataclass(frozen=True, slots=True)
class CallBlocked(Happening):
    """The line was full and refused the call."""

    kind = "blocked"

    line: LineName | None


@dataclass(frozen=True, slots=True)
class TurnedAway(Happening):
    """The call was not led into its hotline's flow."""

    kind = "turned_away"

    why: NoEntry | Unlisted | None


@dataclass(frozen=True, slots=True)
class EntryRuleHeld(Happening):
    """The call entered another flow than the number's usual one, by a rule of the number."""

    kind = "entry_rule"

    number: str | None
    """The number dialled."""
    rule: str | None
    flow: str | None


@dataclass(frozen=True, slots=True)
class ControllerLost(Happening):
    """The controller was away, and the call went on without it."""

    kind = "controller_lost"


@dataclass(frozen=True, slots=True)
class FellBack(Happening):
    """Asterisk's own queue took the caller."""

    kind = "fallback"

    queue: QueueName | None
    """Where the caller had waited; None: nowhere yet."""


@dataclass(frozen=True, slots=True)
class CallEnded(Happening):
    """The caller's channel is gone."""

    kind = "ended"

    by: Party | Unlisted | None
    cause: int | None
    """The cause by Q.850."""
    why: EndReason | Unlisted | None
    """Why, if nobody hung up; or the word of the flow that hung up."""
