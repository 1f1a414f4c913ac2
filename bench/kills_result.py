"""What became of a campaign whose controller was killed, and of the calls that rang then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.identity import AgentCode
from farend.called_customers import key_of
from farend.seen_calls import SeenCall


@dataclass(frozen=True, slots=True)
class Kill:
    """When the controller was killed and was back, in seconds since 1970."""

    at: float
    back_at: float


@dataclass(frozen=True, slots=True)
class AfterKill:
    """What became of the calls that rang at a kill."""

    away_s: float
    ringing: int
    """Not answered and not over when the controller was killed."""
    served: int = 0
    message: int = 0
    neither: int = 0
    """Answered, and neither talked to an agent nor heard the message."""
    not_answered: int = 0
    while_away: int = 0
    """How many of them answered while there was no controller."""
    orphaned: int = 0
    """Without an end in the books, at the far end or in Asterisk."""
    twice: int = 0
    """Numbers that were called again."""


@dataclass(slots=True)
class KillsResult:
    """``faults`` are the differences between the books, and whatever must not be, a line each."""

    kills: list[AfterKill]
    calls: int
    answered: int
    talked: int
    unknown: int
    """Written down and perhaps never sent: the controller was killed in that moment."""
    short_recordings: int
    faults: list[str] = field(default_factory=list)

    def total(self) -> dict[str, int | float]:
        """The sums over all kills."""
        names = [name for name in AfterKill.__slots__ if name != "away_s"]
        sums = {name: sum(getattr(each, name) for each in self.kills) for name in names}
        return {
            "kills": len(self.kills),
            **sums,
            "calls": self.calls,
            "answered": self.answered,
            "talked": self.talked,
            "unknown": self.unknown,
            "short_recordings": self.short_recordings,
            "faults": len(self.faults),
        }


def after_kill(
    kill: Kill, rows: Mapping[str, Mapping[str, Any]], seen: Sequence[SeenCall]
) -> AfterKill:
    """What became of the calls that rang at this kill."""
    rang = [
        call
        for call in seen
        if call.began_at <= kill.at
        and (call.answered_at is None or call.answered_at > kill.at)
        and (call.over_at is None or call.over_at > kill.at)
    ]
    counts = dict.fromkeys(("served", "message", "neither", "not_answered", "orphaned"), 0)
    for call in rang:
        row = rows.get(call.key)
        if row is None or row["ended_at"] is None or call.over_at is None:
            counts["orphaned"] += 1
        elif call.answered_at is None:
            counts["not_answered"] += 1
        elif row["talk_at"] is not None:
            counts["served"] += 1
        else:
            counts["message" if row["stage"] == "message_played" else "neither"] += 1
    return AfterKill(
        round(kill.back_at - kill.at, 2),
        len(rang),
        while_away=sum(
            call.answered_at is not None and call.answered_at < kill.back_at for call in rang
        ),
        twice=sum(_times(call.key, seen) > 1 for call in rang),
        **counts,
    )


def _times(key: str, seen: Iterable[SeenCall]) -> int:
    return sum(call.key == key for call in seen)


def badly_served(
    rows: Iterable[Mapping[str, Any]], seen: Sequence[SeenCall], nailed: Iterable[AgentCode]
) -> list[str]:
    """Customers who were called twice, got nobody and no message, or were cut off in a talk."""
    calls: dict[str, list[SeenCall]] = {}
    for call in seen:
        calls.setdefault(call.key, []).append(call)
    found = [f"{key} was called {len(each)} times" for key, each in calls.items() if len(each) > 1]
    for row in rows:
        what = f"{row['attempt']} to {row['number']}"
        there = calls.get(key_of(row["number"]), [])
        if row["answered_at"] is None or not there:
            continue
        if row["talk_at"] is None:
            if row["stage"] != "message_played":
                found.append(f"{what} got nobody and no message: {row['stage']}")
        elif row["station"] in nailed and not there[0].ended_by_us:
            found.append(f"{what} was cut off in a talk with {row['station']}")
    return found
