"""The form in which a result is made or changed."""

from dataclasses import replace

from aiohttp import web

from campaigns.choice_edits import Choices, with_choice
from campaigns.disposition_choices import MOST_SUB_REASONS, Choice, choice_of, title_in
from campaigns.project_choices import ChoicesRefusal, ChoicesRefused
from console.call_results import words
from console.call_results.choice_form import (
    EMPTY,
    ChoiceDraft,
    choice_seen,
    choice_typed,
    draft_of,
    draft_typed,
)
from console.call_results.named_rows import (
    LONGEST_TITLE,
    focus_after,
    move_asked,
    named,
    swapped,
    with_blanks,
)
from console.call_results.pages import actor_of, project_of, project_title, refusal
from console.floor.disposing import DISPOSING
from console.kit.context import LANGUAGE
from console.kit.rendering import render


async def new_page(request: web.Request) -> web.Response:
    """GET /results/{project}/new"""
    project_of(request)
    return _form(request, EMPTY, None)


async def edit_page(request: web.Request) -> web.Response:
    """GET /results/{project}/choices/{choice}"""
    choice = await _choice(request)
    return _form(request, draft_of(choice), choice)


async def make(request: web.Request) -> web.Response:
    """POST /results/{project}/new"""
    project_of(request)
    return await _take(request, None)


async def change(request: web.Request) -> web.Response:
    """POST /results/{project}/choices/{choice}"""
    return await _take(request, await _choice(request))


async def _take(request: web.Request, before: Choice | None) -> web.Response:
    """Save what was typed; or only move a row, if that was the button."""
    project, actor = project_of(request), actor_of(request)
    form = await request.post()
    given = {name: str(value) for name, value in form.items()}
    draft = draft_typed(given)
    if moved := move_asked(given):
        draft = replace(draft, subs=swapped(draft.subs, *moved))
        return _form(request, draft, before, focus=focus_after(moved, draft.subs))
    service = request.app[DISPOSING].choices
    taken = {choice.code for choice in (await service.of(project)).choices}
    choice, draft = choice_typed(request, draft, before, taken)
    if choice is None:
        return _form(request, draft, before, status=400)
    made = choice

    def edit(now: Choices) -> Choices:
        there = choice_of(now, made.code)
        if there != before:
            raise ChoicesRefused(ChoicesRefusal.CHANGED_MEANWHILE)
        return with_choice(now, made)

    try:
        if before is not None and draft.seen != choice_seen(before):
            raise ChoicesRefused(ChoicesRefusal.CHANGED_MEANWHILE)
        await service.edit(actor, project, edit)
    except ChoicesRefused as refused:
        now = None if before is None else choice_of((await service.of(project)).choices, made.code)
        again = replace(draft, seen="" if now is None else choice_seen(now))
        return _form(request, again, now, mistake=refusal(request, refused), status=409)
    done = "made" if before is None else "changed"
    raise web.HTTPSeeOther(f"/results/{project}?done={done}&choice={made.code}#choice-{made.code}")


async def _choice(request: web.Request) -> Choice:
    kept = await request.app[DISPOSING].choices.of(project_of(request))
    choice = choice_of(kept.choices, request.match_info["choice"])
    if choice is None:
        raise web.HTTPNotFound
    return choice


def _form(
    request: web.Request,
    draft: ChoiceDraft,
    choice: Choice | None,
    *,
    mistake: str = "",
    focus: str = "",
    status: int = 200,
) -> web.Response:
    project = project_of(request)
    values = {
        "project": project,
        "project_title": project_title(request, project),
        "choice": choice,
        "title": "" if choice is None else title_in(choice.titles, request[LANGUAGE]),
        "draft": replace(draft, subs=with_blanks(draft.subs, MOST_SUB_REASONS)),
        "named": len(named(draft.subs)),
        "longest": LONGEST_TITLE,
        "words": words,
        "mistake": mistake,
        "focus": focus,
    }
    return render(request, "call_results/choice.html", values, status=status)
