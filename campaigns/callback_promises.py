"""Writes down callbacks that agents promise, within the transaction of their dispositions.

A customer of a campaign is promised one by their lead. A caller becomes a lead of their project's
list of callers, which no campaign dials: they are called on the line on which they came in.
"""

from datetime import datetime

import asyncpg
import phonenumbers
from phonenumbers.timezone import time_zones_for_number

from domain.identity import AgentCode, CallId, ProjectName, QueueName
from storage.queries import load

_SQL = load("callbacks")
CALLERS = "Callers to call back"
"""The title of a project's list of callers, until somebody gives it another."""
TAKEN_BACK = "callback_taken_back"
"""Why a caller isn't called back: the agent has said something else about the call since."""


async def promise_lead(db: asyncpg.Connection, lead: int, call: CallId) -> None:
    """Note in which call a lead was promised its callback."""
    await db.execute(_SQL["promised_in"], lead, call)


async def promise_caller(
    db: asyncpg.Connection,
    call: CallId,
    project: ProjectName,
    number: str,
    agent: AgentCode | None,
    at: datetime,
    now: datetime,
    *,
    queue: QueueName | None = None,
) -> int:
    """Promise an inbound call's caller to call this number (E.164 with +) at this time; returns
    their lead. ``agent`` None: the team promises it. They have asked for the call, so they consent.

    ``queue``: whose agents call; None: those of the queue that the caller stood in. A project's
    caller has one callback: a second promise takes the place of the first.
    """
    into = await _list_of_callers(db, project, agent or "")
    lead: int = await db.fetchval(
        _SQL["caller"], into, project, number, zone_of_number(number), now, at, agent, call, queue
    )
    await db.execute(_SQL["number_of_caller"], lead, number)
    return lead


async def take_back(db: asyncpg.Connection, call: CallId) -> None:
    """Don't call back whom an agent promised it in this inbound call."""
    await db.execute(_SQL["no_longer_promised"], call, TAKEN_BACK)


async def _list_of_callers(db: asyncpg.Connection, project: ProjectName, by: str) -> int:
    found = await db.fetchval(_SQL["list_of_callers"], project)
    if found is None:
        await db.execute(_SQL["make_list_of_callers"], project, CALLERS, "", by)
        found = await db.fetchval(_SQL["list_of_callers"], project)
    number: int = found
    return number


def zone_of_number(number: str) -> str | None:
    """The number's time zone, if it is in one only."""
    zones = time_zones_for_number(phonenumbers.parse(number))
    return zones[0] if len(zones) == 1 and "/" in zones[0] and "Unknown" not in zones[0] else None
