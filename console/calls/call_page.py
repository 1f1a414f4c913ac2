"""The page of one call: its outcome, agent legs, timeline and recording."""

from aiohttp import web

from console.calls import words
from console.calls.timeline import told
from console.floor.disposing import DISPOSING, disposal_text
from console.kit.access import projects_of
from console.kit.context import AGENTS, CALLS, LANGUAGE, LIVE, project_titles
from console.kit.rendering import clock_of, duration, render, says
from domain.identity import CallId
from domain.recording_facts import VoiceKept
from domain.stations import OWN_PHONES, outside_number
from records.call_queries import StoredCall


async def stored_call(request: web.Request) -> StoredCall:
    """The call that the URL names. 404 if there is none *or* the user may not see it: they may
    not even learn that it exists."""
    found = await request.app[CALLS].get(
        CallId(request.match_info["call"]), projects=projects_of(request)
    )
    if found is None:
        raise web.HTTPNotFound
    return found


def voices_of(found: StoredCall) -> list[VoiceKept]:
    """What the caller said after a tone, in order."""
    kept = [fact.what for fact in found.timeline if isinstance(fact.what, VoiceKept)]
    return list({voice.name: voice for voice in kept if voice.name and voice.file}.values())


async def page(request: web.Request) -> web.Response:
    """GET /calls/{call}"""
    found = await stored_call(request)
    agents = await request.app[AGENTS].names()
    live = request.app[LIVE].centre()
    queue_titles = {q.name: q.title for q in live.queues}
    language = request[LANGUAGE]
    services = request.app[DISPOSING]
    said = await services.dispositions.of_call(found.record.call)
    project = found.record.project
    choices = (await services.choices.of(project)).choices if said and project else ()
    return render(
        request,
        "calls/call.html",
        {
            "record": found.record,
            "voices": voices_of(found),
            "moments": told(
                list(found.timeline),
                lambda text, values: says(request, text, values),
                agents,
                {name: t[language] for name, t in queue_titles.items() if language in t},
                duration,
                {number: who.title for number, who in live.outside.items()},
                lambda at: clock_of(request, at, "yyyy-MM-dd HH:mm"),
            ),
            "outside_number": outside_number,
            "outside": live.outside,
            "agents": agents,
            "said": [(one, *disposal_text(request, choices, one)) for one in said],
            "titles": project_titles(request, projects_of(request)),
            "queue_titles": queue_titles,
            "own_phones": OWN_PHONES,
            "words": words,
            "why": words.WHY,
        },
    )
