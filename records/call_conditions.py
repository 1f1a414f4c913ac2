"""What a search for calls asks of a call, and the ways in that this opens.

A *way in* is an index whose keys begin with a condition and the project, followed by the call's
time. Beside them are the *kinds* of calls: all that have project, hotline, queues, outcome, and
whether there are a number and an agent, in common.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.identity import ProjectName


class Way(StrEnum):
    """A way in, the one that leads to the fewest calls as a rule first."""

    KIND = "kind"
    """The kinds of calls that the conditions leave."""
    AGENT = "agent"
    QUEUE = "queue"
    HOTLINE = "hotline"
    WITHHELD = "withheld"
    OUTCOME = "outcome"
    PROJECT = "project"
    """All calls of some projects."""
    ALL = "all"
    """All calls."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a call must fulfil, of the row ``{c}`` of ``calls`` and with the value as ``{v}``.

    ``of_kind`` is what it asks of the row ``{k}`` of ``call_kinds``. ``gate`` is the way in that it
    offers, with what its index says of ``{k}``; None if it has none.
    """

    text: str
    of_kind: str
    value: str | None = None
    gate: tuple[Way, str] | None = None
    said_by_kind: bool = True
    """Whether it is fulfilled by all calls of a kind, or by none."""
    sieve: str | None = None
    """What an index of several values says of it, which leaves few calls as a rule. It is asked
    only if looking at some calls did not find enough."""

    def is_said_by(self, way: Way) -> bool:
        """Whether all calls to which a way in leads fulfil it."""
        if way is Way.KIND:
            return self.said_by_kind
        return self.gate is not None and self.gate[0] is way


def by_hotline(number: str) -> Condition:
    """Came in on this number."""
    same = "{k}.hotline = {v}"
    return Condition("{c}.hotline = {v}", same, number, (Way.HOTLINE, same))


def by_outcome(outcome: str) -> Condition:
    """Ended, or is, like this."""
    same = "{k}.outcome = {v}"
    return Condition("{c}.outcome = {v}", same, outcome, (Way.OUTCOME, same))


def by_queue(queue: str) -> Condition:
    """The caller stood in this queue."""
    return Condition(
        "{c}.queues @> array[{v}]",
        "{k}.queues @> array[{v}]",
        queue,
        (Way.QUEUE, "{k}.queue = {v}"),
    )


def by_agent(agent: str) -> Condition:
    """This agent spoke in it."""
    spoke = "{c}.agents @> array[{v}]"
    gate = (Way.AGENT, "{k}.agent = {v}")
    return Condition(spoke, "{k}.spoken", agent, gate, said_by_kind=False, sieve=spoke)


def withheld() -> Condition:
    """The caller has no number."""
    return Condition(
        "{c}.caller is null", "{k}.withheld", gate=(Way.WITHHELD, "{k}.caller is null")
    )


def by_part_of_number(part: str) -> Condition:
    """The caller's number contains this."""
    known = []
    if len(part) >= _GRAM:
        known.append("caller_grams({c}.caller) @> caller_grams({v})")
    if not _DIGITS.issuperset(part):
        known.append("{c}.caller ~ '[^0-9]' and caller_signs({c}.caller) @> caller_signs({v})")
    return Condition(
        "strpos({c}.caller, {v}) > 0",
        "not {k}.withheld",
        part,
        said_by_kind=False,
        sieve=" and ".join(known) or None,
    )


_DIGITS = frozenset("0123456789")
_GRAM = 3
"""So long are the parts that the index of numbers' parts knows."""


class Search:
    """The conditions of one search, and where it looks."""

    def __init__(
        self,
        conditions: Iterable[Condition],
        projects: Sequence[ProjectName] | None,
        start: datetime | None,
        end: datetime | None,
        kinds: Sequence[int] | None = None,
    ) -> None:
        self.conditions = tuple(conditions)
        self.projects = projects
        """Only calls of these, and only these; None: calls of all projects and of none."""
        self.start, self.end = start, end
        self.kinds = kinds
        """The numbers of the kinds that its calls can have; None: they aren't known."""

    def within(self, projects: Sequence[ProjectName], kinds: Sequence[int]) -> "Search":
        """The same search in these projects, among calls of these kinds."""
        return Search(self.conditions, projects, self.start, self.end, kinds)

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways in that conditions offer, the likeliest to be short first."""
        found = [one.gate[0] for one in self.conditions if one.gate is not None]
        return tuple(way for way in Way if way in found)

    def is_whole(self, way: Way) -> bool:
        """Whether the way in fulfils all conditions by itself."""
        return all(one.is_said_by(way) for one in self.conditions)
