"""Reads the filters of the list of calls, as people type them and programs send them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from domain.identity import AgentCode, CallId, ProjectName, QueueName
from records.call_search import CallFilter
from records.call_search_sql import ListPlace
from records.fold import Outcome

PER_PAGE = 50
_DIGITS = frozenset("0123456789+*#")


class FilterMistake(StrEnum):
    """Why a filter can't be understood."""

    NO_SUCH_OUTCOME = "no_such_outcome"
    BACKWARDS = "backwards"
    """The last day is before the first."""
    NOT_A_NUMBER = "not_a_number"
    """A caller's number without a digit."""
    NOT_A_DATE = "not_a_date"
    """Dates are ISO 8601, ``2026-01-31``."""
    NOT_A_PLACE = "not_a_place"
    """``before`` and ``after`` are copied from an answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as typed, the search they stand for, and what was wrong with them."""

    typed: Mapping[str, str]
    search: CallFilter
    before: ListPlace | None
    after: ListPlace | None
    mistakes: tuple[FilterMistake, ...]


_FIELDS = ("from", "to", "project", "hotline", "queue", "agent", "outcome", "caller", "withheld")


def read_filters(query: Mapping[str, str], zone: tzinfo | None) -> Asked:
    """Reads the filters from a query. Those that make no sense are left out and named."""
    typed = {name: query.get(name, "").strip()[:100] for name in _FIELDS}
    mistakes: list[FilterMistake] = []
    start = _midnight(typed["from"], zone, mistakes)
    last = _midnight(typed["to"], zone, mistakes, days=1)
    outcome: Outcome | None = None
    if typed["outcome"]:
        try:
            outcome = Outcome(typed["outcome"])
        except ValueError:
            mistakes.append(FilterMistake.NO_SUCH_OUTCOME)
    if start and last and last <= start:
        mistakes.append(FilterMistake.BACKWARDS)
    before = _place(query.get("before", ""), mistakes)
    after = _place(query.get("after", ""), mistakes)
    caller = "".join(c for c in typed["caller"] if c in _DIGITS)
    if typed["caller"] and not caller:
        mistakes.append(FilterMistake.NOT_A_NUMBER)
    search = CallFilter(
        project=ProjectName(typed["project"]) if typed["project"] else None,
        start=start,
        end=last,
        hotline=typed["hotline"] or None,
        queue=QueueName(typed["queue"]) if typed["queue"] else None,
        agent=AgentCode(typed["agent"]) if typed["agent"] else None,
        outcome=outcome,
        caller=caller or None,
        withheld=bool(typed["withheld"]),
    )
    return Asked(typed, search, before, after, tuple(dict.fromkeys(mistakes)))


def place_text(place: ListPlace) -> str:
    """A place in the list as ``before`` and ``after`` have it."""
    return f"{place.entered_at.astimezone(UTC).isoformat()}_{place.call}"


def _place(typed: str, mistakes: list[FilterMistake]) -> ListPlace | None:
    if not typed:
        return None
    at, _, call = typed.partition("_")
    try:
        entered_at = datetime.fromisoformat(at)
        if entered_at.tzinfo is None or not call or "\x00" in call:
            raise ValueError
        return ListPlace(entered_at.astimezone(UTC), CallId(call))
    except (ValueError, OverflowError):
        mistakes.append(FilterMistake.NOT_A_PLACE)
        return None


def _midnight(
    typed: str, zone: tzinfo | None, mistakes: list[FilterMistake], *, days: int = 0
) -> datetime | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed) + timedelta(days)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        mistakes.append(FilterMistake.NOT_A_DATE)
        return None
