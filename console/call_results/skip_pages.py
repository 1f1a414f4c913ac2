"""The form of a project's reasons to skip a customer whom an agent looks at."""

from aiohttp import web

from campaigns.project_choices import ChoicesRefusal, ChoicesRefused
from campaigns.skip_choices import MOST_SKIPS, SKIP_CHOICES, SkipChoice, Skips
from console.call_results import words
from console.call_results.named_rows import (
    LONGEST_TITLE,
    TitleRow,
    TitleRows,
    fault_in,
    fingerprint,
    focus_after,
    move_asked,
    named,
    rows_of,
    rows_typed,
    swapped,
    things_named,
    with_blanks,
)
from console.call_results.pages import actor_of, project_of, project_title, refusal
from console.floor.disposing import DISPOSING
from console.kit.rendering import render, says


async def skips_page(request: web.Request) -> web.Response:
    """GET /results/{project}/skips"""
    kept = (await request.app[DISPOSING].choices.of(project_of(request))).skips
    return _form(request, rows_of(kept), _seen(kept))


async def change_skips(request: web.Request) -> web.Response:
    """POST /results/{project}/skips: save them; or only move a row, if that was the button."""
    project, actor = project_of(request), actor_of(request)
    given = {name: str(value) for name, value in (await request.post()).items()}
    rows, seen = rows_typed(given, MOST_SKIPS), given.get("seen", "")
    if moved := move_asked(given):
        return _form(request, swapped(rows, *moved), seen, focus=focus_after(moved, rows))
    if fault := fault_in(request, rows, MOST_SKIPS):
        return _form(request, rows, seen, fault=fault, status=400)

    def edit(now: Skips) -> Skips:
        if _seen(now) != seen:
            raise ChoicesRefused(ChoicesRefusal.CHANGED_MEANWHILE)
        return things_named(rows, now, _skip)

    service = request.app[DISPOSING].choices
    try:
        await service.edit_skips(actor, project, edit)
    except ChoicesRefused as refused:
        now = _seen((await service.of(project)).skips)
        why = words.SKIPS_CHANGED if refused.why is ChoicesRefusal.CHANGED_MEANWHILE else ""
        mistake = says(request, why) if why else refusal(request, refused)
        return _form(request, rows, now, mistake=mistake, status=409)
    raise web.HTTPSeeOther(f"/results/{project}?done=skips")


def _skip(code: str, row: TitleRow) -> SkipChoice:
    return SkipChoice(code=code, titles=row.titles, retired=row.retired, needs_note=row.needs_note)


def _seen(skips: Skips) -> str:
    """What the form keeps, to tell whether they were changed meanwhile."""
    return fingerprint(SKIP_CHOICES.dump_python(skips, mode="json"))


def _form(
    request: web.Request,
    rows: TitleRows,
    seen: str,
    *,
    fault: str = "",
    mistake: str = "",
    focus: str = "",
    status: int = 200,
) -> web.Response:
    project = project_of(request)
    values = {
        "project": project,
        "project_title": project_title(request, project),
        "rows": with_blanks(rows, MOST_SKIPS),
        "named": len(named(rows)),
        "longest": LONGEST_TITLE,
        "seen": seen,
        "fault": fault,
        "mistake": mistake,
        "focus": focus,
    }
    return render(request, "call_results/skips.html", values, status=status)
