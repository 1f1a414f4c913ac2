"""Leads as they are stored: their states, numbers, and what is known of earlier calls. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.identity import AgentCode, ProjectName


class ListState(StrEnum):
    """Whether a list's leads are dialled."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


class LeadState(StrEnum):
    """Whether a lead may be dialled again at all."""

    OPEN = "open"
    PAUSED = "paused"  # by somebody, until they let it go on
    FINISHED = "finished"  # reached, or all its attempts are used
    INVALID = "invalid"  # none of its numbers exists; goes back to the data team
    DO_NOT_CALL = "do_not_call"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class LeadNumber:
    """One of a lead's numbers, E.164 with +."""

    number: str
    place: int
    kind: str = ""
    good: bool = True


@dataclass(frozen=True, slots=True)
class StoredLead:
    """A lead with its numbers in their order."""

    lead: int
    list: int
    project: ProjectName
    state: LeadState
    why: str | None
    key: str
    name: str
    fields: Mapping[str, Any]
    timezone: str | None
    language: str | None
    consent_at: datetime | None
    attempts: int
    last_attempt_at: datetime | None
    last_outcome: str | None
    last_cause: str | None
    next_at: datetime | None
    """When it is looked at next; None: at once, or (if ``held_by``) when somebody changes it."""
    overdue_at: datetime | None
    held_by: str | None
    callback_at: datetime | None
    callback_agent: AgentCode | None
    leased_until: datetime | None
    numbers: tuple[LeadNumber, ...] = ()
    callback_tries: int = 0
    """How often the callback was tried in vain."""
    put_off_until: datetime | None = None
    """Before when an agent said not to call again."""


def unstored_lead(
    project: ProjectName,
    number: str,
    timezone: str | None,
    consent_at: datetime | None,
    callback_at: datetime | None = None,
) -> StoredLead:
    """A number that is on no list, as a lead for the rules to judge."""
    return StoredLead(
        lead=0,
        list=0,
        project=project,
        state=LeadState.OPEN,
        why=None,
        key="",
        name="",
        fields={},
        timezone=timezone,
        language=None,
        consent_at=consent_at,
        attempts=0,
        last_attempt_at=None,
        last_outcome=None,
        last_cause=None,
        next_at=None,
        overdue_at=None,
        held_by=None,
        callback_at=callback_at,
        callback_agent=None,
        leased_until=None,
        numbers=(LeadNumber(number, 0),),
    )


def lead_of(row: Mapping[str, Any], numbers: Sequence[LeadNumber] = ()) -> StoredLead:
    """The lead of a row of ``leads``."""
    next_at = row["next_at"]
    return StoredLead(
        row["lead"],
        row["list"],
        ProjectName(row["project"]),
        LeadState(row["state"]),
        row["why"],
        row["key"],
        row["name"],
        row["fields"],
        row["timezone"],
        row["language"],
        row["consent_at"],
        row["attempts"],
        row["last_attempt_at"],
        row["last_outcome"],
        row["last_cause"],
        # asyncpg reads '-infinity' and 'infinity' as the first and the last moment without a zone.
        next_at if next_at.tzinfo is not None and 1 < next_at.year < 9999 else None,
        row["overdue_at"],
        row["held_by"],
        row["callback_at"],
        row["callback_agent"],
        row["leased_until"],
        tuple(numbers),
        row["callback_tries"],
        row["put_off_until"],
    )


def numbers_by_lead(rows: Sequence[Mapping[str, Any]]) -> dict[int, list[LeadNumber]]:
    """The numbers of rows of ``lead_numbers``, in the rows' order."""
    found: dict[int, list[LeadNumber]] = {}
    for row in rows:
        number = LeadNumber(row["number"], row["place"], row["kind"], row["state"] == "good")
        found.setdefault(row["lead"], []).append(number)
    return found
