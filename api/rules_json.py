"""Serves the entry rules of a number as JSON: how often each has held, and why one never can."""

from datetime import UTC, datetime, timedelta

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from api.flow_answers import answered
from centre.authority import as_seen_by
from centre.entry_rules import dead_rules
from centre.kinds import Kind
from centre.running import centre_of
from console.kit.access import projects_of
from console.kit.context import DIRECTORY, ENTRY_FIGURES, user_of, zone_for
from domain.roles import Actor
from records.entry_figures import RuleUse

SINCE = timedelta(days=7)


class RuleItem(BaseModel):
    """An entry rule of a number."""

    model_config = ConfigDict(frozen=True)

    rule: str = Field(description="its name")
    flow: str = Field(description="the flow that its callers enter")
    times: int = Field(description="how often it has held in the last seven days")
    last: datetime | None = Field(description="when it held last; null: never")
    never: str | None = Field(
        description="why it can never hold: shadowed, empty_list, no_number, no_hours,"
        " days_backwards, days_past, never_open or closed_before; null: it may hold"
    )
    about: str = Field(description="of shadowed: the earlier rule that holds whenever it does")


class RuleList(BaseModel):
    """The entry rules of a number, in their order: the first that holds decides."""

    model_config = ConfigDict(frozen=True)

    number: str
    flow: str = Field(description="the one that callers enter if no rule holds")
    rules: list[RuleItem]


async def list_rules(request: web.Request) -> web.Response:
    """GET /api/v1/numbers/{number}/rules: the rules by which callers enter other flows."""
    user = user_of(request)
    actor = Actor(user.name, user.role, projects_of(request), frozenset(user.teams))
    directory = (await request.app[DIRECTORY].read()).directory
    thing = directory.get(Kind.HOTLINE, request.match_info["number"])
    if thing is None or as_seen_by(actor, thing) is None:
        raise web.HTTPNotFound
    number = next(one for one in centre_of(directory).hotlines if one.number == thing.key)
    now = datetime.now(UTC)
    uses = await request.app[ENTRY_FIGURES].of(number.number, now - SINCE)
    today = now.astimezone(zone_for(request)).date()
    dead = {one.rule: one for one in dead_rules(number.rules, today, number.calendar)}
    items = []
    for rule in number.rules:
        use, never = uses.get(rule.name, RuleUse()), dead.get(rule.name)
        items.append(
            RuleItem(
                rule=rule.name,
                flow=rule.flow,
                times=use.times,
                last=use.last,
                never=None if never is None else never.why.value,
                about="" if never is None else never.about,
            )
        )
    answer = RuleList(number=number.number, flow=number.flow, rules=items)
    return answered(answer)
