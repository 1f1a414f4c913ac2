"""The list of a project's results: their order, which are offered, and the way to each."""

from urllib.parse import quote

from aiohttp import web

from campaigns.choice_edits import ChoicesEdit, back_to, lacking, moved, retired
from campaigns.disposition_choices import MOST_CHOICES, USUAL, CallKind, choice_of, offered_for
from campaigns.project_choices import ChoicesRefused
from campaigns.skip_choices import USUAL_SKIPS
from console.call_results import words
from console.call_results.result_changes import (
    differences,
    hours_text,
    kinds_text,
    order_changed,
    skip_differences,
)
from console.floor.disposing import DISPOSING
from console.kit.access import can, projects_of
from console.kit.context import project_titles, user_of
from console.kit.rendering import render, says
from domain.identity import ProjectName
from domain.roles import Actor

WITH_KEYS = 9
"""So many choices at the desk have a key."""


async def projects(request: web.Request) -> web.Response:
    """GET /results: the user's projects; with one only, its results."""
    titles = project_titles(request, projects_of(request))
    if len(titles) == 1:
        raise web.HTTPSeeOther(f"/results/{next(iter(titles))}")
    return render(request, "call_results/projects.html", {"titles": titles})


async def page(request: web.Request) -> web.Response:
    """GET /results/{project}"""
    return await list_of(request)


async def move(request: web.Request) -> web.Response:
    """POST /results/{project}/move: choice, by (-1 or 1)"""
    form = await request.post()
    code, by = str(form.get("choice", "")), 1 if form.get("by") == "1" else -1
    return await _edit(request, lambda now: moved(now, code, by), "moved", code, f"&by={by}")


async def retire(request: web.Request) -> web.Response:
    """POST /results/{project}/retire: choice, retired (yes or no)"""
    form = await request.post()
    code, out = str(form.get("choice", "")), form.get("retired") == "yes"
    done = "retired" if out else "offered"
    return await _edit(request, lambda now: retired(now, code, out), done, code)


async def put_usual_back(request: web.Request) -> web.Response:
    """POST /results/{project}/usual"""
    return await _edit(request, lambda now: back_to(USUAL, now), "usual", "")


async def undo(request: web.Request) -> web.Response:
    """POST /results/{project}/undo: change"""
    project, actor = project_of(request), actor_of(request)
    number = str((await request.post()).get("change", ""))
    if not (number.isascii() and number.isdecimal() and len(number) <= 17):
        raise web.HTTPBadRequest
    try:
        await request.app[DISPOSING].choices.undo(actor, project, int(number))
    except ChoicesRefused as refused:
        return await list_of(request, refusal(request, refused))
    raise web.HTTPSeeOther(f"/results/{project}?done=undone")


async def _edit(
    request: web.Request, edit: ChoicesEdit, done: str, code: str, by: str = ""
) -> web.Response:
    project, actor = project_of(request), actor_of(request)
    try:
        await request.app[DISPOSING].choices.edit(actor, project, edit)
    except ChoicesRefused as refused:
        return await list_of(request, refusal(request, refused))
    # Browsers focus nothing by themselves on a page that is opened at a fragment.
    at = by or f"#choice-{quote(code)}"
    raise web.HTTPSeeOther(f"/results/{project}?done={done}&choice={quote(code)}{at}")


async def history(request: web.Request) -> web.Response:
    """GET /results/{project}/history"""
    project = project_of(request)
    changes = await request.app[DISPOSING].choices.changes(project)
    before = [*((one.choices, one.skips) for one in changes[1:]), (USUAL, USUAL_SKIPS)]
    values = {
        "project": project,
        "title": project_title(request, project),
        "changes": [
            (
                one,
                [
                    *differences(request, was[0], one.choices),
                    *skip_differences(request, was[1], one.skips),
                ],
                order_changed(was[0], one.choices),
            )
            for one, was in zip(changes, before, strict=False)
        ],
        "may_change": can(request, "POST", "/results/{project}/undo"),
    }
    return render(request, "call_results/history.html", values)


async def list_of(request: web.Request, mistake: str = "") -> web.Response:
    """The list, with what went wrong."""
    project = project_of(request)
    kept = await request.app[DISPOSING].choices.of(project)
    offered = {kind: offered_for(kept.choices, kind) for kind in CallKind}
    query = request.query
    values = {
        "project": project,
        "title": project_title(request, project),
        "choices": [one for one in kept.choices if not one.retired],
        "retired": [one for one in kept.choices if one.retired],
        "keys": {
            (kind, one.code): place
            for kind, choices in offered.items()
            for place, one in enumerate(choices[:WITH_KEYS], start=1)
        },
        "skips": kept.skips,
        "own": kept.change > 0,
        "is_usual": kept.choices == USUAL,
        "lacking": lacking(kept.choices),
        "full": len(kept.choices) >= MOST_CHOICES,
        "may_change": can(request, "POST", "/results/{project}/move"),
        "kinds_text": lambda choice: kinds_text(request, choice),
        "hours_text": lambda seconds: hours_text(request, seconds),
        "words": words,
        "mistake": mistake,
        "notice": says(request, words.DONE.get(query.get("done", ""), "")),
        "touched": choice_of(kept.choices, query.get("choice")),
        "by": query.get("by"),
    }
    return render(request, "call_results/list.html", values, status=409 if mistake else 200)


def actor_of(request: web.Request) -> Actor:
    """Who asks."""
    user, within = user_of(request), projects_of(request)
    return Actor(user.name, user.role, within)


def project_of(request: web.Request) -> ProjectName:
    """The project that the address names. Raises HTTPNotFound if there is none, or it isn't the
    user's."""
    project = ProjectName(request.match_info["project"])
    if project not in project_titles(request, projects_of(request)):
        raise web.HTTPNotFound
    return project


def refusal(request: web.Request, refused: ChoicesRefused) -> str:
    """Why nothing was changed, in words."""
    return says(request, words.REFUSALS[refused.why], {"most": MOST_CHOICES})


def project_title(request: web.Request, project: ProjectName) -> str:
    """What users call it."""
    return project_titles(request, frozenset({project}))[project]
