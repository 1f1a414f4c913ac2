"""Gives people attempts as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from campaigns.attempt_pages import AttemptFilter, ListedAttempt
from campaigns.disposition_choices import Choice
from console.campaigns import attempt_words, lead_words
from console.campaigns.campaign_services import SERVICES, actor_of
from console.floor.disposing import choice_text, choices_of
from console.kit.access import projects_of
from console.kit.context import AGENTS, LANGUAGE, project_titles, zone_for
from console.kit.rendering import clock, says
from console.kit.sheet_files import SheetPart, send_sheet
from documents.sheet_writing import SheetValue
from domain.identity import AgentCode, CampaignName, ProjectName


@dataclass(frozen=True, slots=True)
class _Names:
    projects: Mapping[ProjectName, str]
    campaigns: Mapping[CampaignName, str]
    agents: Mapping[AgentCode, str]


async def attempt_file(request: web.Request, asked: AttemptFilter, kind: str) -> web.StreamResponse:
    """All attempts of the filter, the newest first. Raises what ``send_sheet`` raises."""
    headings = [says(request, text) for text in attempt_words.IN_A_FILE]
    return await send_sheet(request, "attempts", kind, headings, _rows(request, asked))


async def _rows(request: web.Request, asked: AttemptFilter) -> AsyncIterator[SheetPart]:
    own, actor, services = projects_of(request), actor_of(request), request.app[SERVICES]
    seen = await services.campaigns.seen_by(actor, removed=True)
    names = _Names(
        project_titles(request, own),
        {one.name: one.settings.title for one in seen},
        await request.app[AGENTS].names(projects=own),
    )
    async for part in services.attempts.all(actor, asked):
        choices = await choices_of(request, {one.attempt.project for one in part})
        yield [_row(request, one, names, result_text(request, one, choices)) for one in part]


def result_text(
    request: web.Request,
    one: ListedAttempt,
    choices: Mapping[ProjectName, Sequence[Choice]],
) -> tuple[str, str]:
    """What the agent said of an attempt, and the reason, in the words of its project; "" if
    nothing."""
    attempt = one.attempt
    if not attempt.disposition:
        return "", ""
    of_project = choices.get(attempt.project, ())
    return choice_text(
        request, of_project, one.choice, attempt.disposition, attempt.sub_reason or ""
    )


def _row(
    request: web.Request, one: ListedAttempt, names: _Names, result: tuple[str, str]
) -> Sequence[SheetValue]:
    attempt = one.attempt
    zone, language = zone_for(request), request[LANGUAGE]

    def moment(at: datetime | None) -> str:
        return "" if at is None else clock(at, language, zone, "yyyy-MM-dd HH:mm:ss")

    cause = lead_words.CAUSES.get(attempt.cause or "")
    agent, campaign = attempt.agent, attempt.campaign
    return [
        moment(attempt.reserved_at),
        attempt.attempt,
        names.projects.get(attempt.project, attempt.project),
        "" if campaign is None else names.campaigns.get(campaign, campaign),
        one.list_title,
        one.lead_key,
        one.lead_name,
        attempt.number,
        says(request, attempt_words.CAME[one.came]),
        says(request, cause) if cause else attempt.cause or "",
        "" if attempt.sip is None else attempt.sip,
        agent or "",
        "" if agent is None else names.agents.get(agent, ""),
        moment(attempt.answered_at),
        moment(attempt.talk_at),
        moment(attempt.ended_at),
        "" if one.talk_s is None else round(one.talk_s),
        *result,
        attempt.note or "",
        attempt.line or "",
        attempt.mode,
        says(request, attempt_words.YES) if one.recorded else "",
    ]
