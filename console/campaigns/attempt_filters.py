"""Reads from an address which attempts are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from campaigns.attempt_pages import NOBODY, AttemptFilter, AttemptPlace, CameGroup, ResultGroup
from campaigns.outbound_figures import CameTo, day_span
from domain.identity import AgentCode, CallId, CampaignName, ProjectName
from records.call_filters import FilterMistake

NONE_TYPED = "-"
"""As a campaign: dialled by hand; as an agent: none."""
_FIELDS = ("from", "to", "project", "campaign", "agent", "came", "result")
_YEARS = range(2000, 3000)


@dataclass(frozen=True, slots=True)
class ReadAttempts:
    """The filters as typed, what they stand for, and what was wrong with them."""

    typed: Mapping[str, str]
    asked: AttemptFilter
    before: AttemptPlace | None
    mistakes: tuple[FilterMistake, ...]


def read_attempts(
    query: Mapping[str, str], zone: tzinfo | None, campaign: CampaignName | None = None
) -> ReadAttempts:
    """The attempts of an address; ``campaign`` is the one whose page it is. What makes no sense is
    left out and named."""
    typed = {name: query.get(name, "").strip()[:100] for name in _FIELDS}
    mistakes: list[FilterMistake] = []
    first, last = _day(typed["from"], mistakes), _day(typed["to"], mistakes)
    if first and last and last < first:
        mistakes.append(FilterMistake.BACKWARDS)
    came = _came(typed["came"], mistakes)
    agent, of_campaign = _or_none(typed["agent"]), _or_none(typed["campaign"])
    asked = AttemptFilter(
        project=ProjectName(typed["project"]) if typed["project"] else None,
        campaign=campaign or (None if of_campaign is None else CampaignName(of_campaign)),
        start=None if first is None else day_span(first, zone)[0],
        end=None if last is None else day_span(last, zone)[1],
        agent=None if agent is None else AgentCode(agent),
        came=came,
        result=_result(typed["result"]),
    )
    before = _place(query.get("before", ""))
    return ReadAttempts(typed, asked, before, tuple(dict.fromkeys(mistakes)))


def place_typed(place: AttemptPlace) -> str:
    """A place in the list as ``before`` has it."""
    return f"{place.reserved_at.isoformat()}~{place.attempt}"


def _or_none(typed: str) -> str | None:
    return NOBODY if typed == NONE_TYPED else typed or None


def _came(typed: str, mistakes: list[FilterMistake]) -> CameTo | CameGroup | None:
    if typed in set(CameGroup):
        return CameGroup(typed)
    if typed in set(CameTo):
        return CameTo(typed)
    if typed:
        mistakes.append(FilterMistake.NO_SUCH_OUTCOME)
    return None


def _result(typed: str) -> ResultGroup | str | None:
    return ResultGroup(typed) if typed in set(ResultGroup) else typed or None


def _day(typed: str, mistakes: list[FilterMistake]) -> date | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
        if day.year not in _YEARS:
            raise ValueError
        return day
    except ValueError:
        mistakes.append(FilterMistake.NOT_A_DATE)
        return None


def _place(text: str) -> AttemptPlace | None:
    """None (the newest) if it is no place."""
    at, _, attempt = text.partition("~")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    if found.tzinfo is None or found.year not in _YEARS:
        return None
    return AttemptPlace(found, CallId(attempt))
