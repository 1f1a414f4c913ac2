"""The list of prompts, and the page of one: what is heard, in which language, and since when."""

from aiohttp import web

from console.kit.access import can
from console.kit.context import LIVE, project_titles
from console.kit.rendering import render, says
from console.prompts import words
from console.prompts.prompt_rows import PromptRow, languages_of, rows_of
from console.prompts.prompt_services import PROMPT_SERVICES, actor_of
from domain.identity import ProjectName
from domain.roles import Actor
from prompt_library.recording_words import RecordingName, RecordingUse, RecordingVersion
from prompts.converting import LONGEST_RECORDING_S, MAX_UPLOAD_BYTES

MOST_ROWS = 200
SHOWN = ("all", "recorded", "spoken", "missing")
LIMITS = {"mb": MAX_UPLOAD_BYTES // 10**6, "minutes": round(LONGEST_RECORDING_S / 60)}
ACCEPTED = (
    "audio/*,.wav,.mp3,.ogg,.opus,.m4a,.aac,.flac,.amr,.gsm,.aiff,.wma,.webm,.ulaw,.alaw,.sln,.g722"
)


async def list_page(request: web.Request) -> web.Response:
    """GET /prompts: project (empty: all projects), q, show"""
    return await shown_list(request, await project_of(request, request.query.get("project")))


async def shown_list(
    request: web.Request, project: str, mistake: str = "", status: int = 200
) -> web.Response:
    """The list of a project's prompts."""
    actor, projects = actor_of(request), projects_here(request)
    recordings, uses, languages = await _all(request, actor)
    rows = rows_of(project, languages, recordings, uses)
    wanted = request.query.get("q", "").replace("\0", "").strip()
    show = request.query.get("show", "all")
    found = [row for row in rows if _fits(row, wanted, show)]
    values = {
        "project": project,
        "projects": projects,
        "rows": found[:MOST_ROWS],
        "more": max(len(found) - MOST_ROWS, 0),
        "any": bool(rows),
        "spoken": languages,
        "wanted": wanted,
        "show": show if show in SHOWN else "all",
        "mistake": mistake,
        "may_change": may_change(actor, project),
        "may_open_flows": can(request, "GET", "/flows/{flow}"),
        "words": words,
        "limits": LIMITS,
        "accepted": ACCEPTED,
        "texts": said_all(request),
    }
    return render(request, "prompts/list.html", values, status=status)


async def prompt_page(request: web.Request) -> web.Response:
    """GET /prompts/{name}: project"""
    project = await project_of(request, request.query.get("project"))
    return await shown_prompt(request, project, request.match_info["name"])


async def shown_prompt(
    request: web.Request, project: str, name: str, mistake: str = "", status: int = 200
) -> web.Response:
    """The page of one prompt. Raises HTTPNotFound if nothing is said or recorded under the name."""
    actor = actor_of(request)
    recordings, uses, languages = await _all(request, actor)
    rows = rows_of(project, languages, recordings, uses)
    row = next((one for one in rows if one.name == name), None)
    library = request.app[PROMPT_SERVICES].recordings
    history: dict[str, tuple[RecordingVersion, ...]] = {}
    for language in languages:
        history[language] = await library.history(actor, RecordingName(name, language, project))
    if row is None:
        if not any(history.values()):
            raise web.HTTPNotFound
        row = PromptRow(name, {}, ())
    values = {
        "project": project,
        "projects": projects_here(request),
        "row": row,
        "spoken": languages,
        "history": history,
        "mistake": mistake,
        "may_change": may_change(actor, project),
        "may_open_flows": can(request, "GET", "/flows/{flow}"),
        "words": words,
        "limits": LIMITS,
        "accepted": ACCEPTED,
        "texts": said_all(request),
    }
    return render(request, "prompts/one.html", values, status=status)


async def project_of(request: web.Request, asked: str | None) -> str:
    """The project that is asked for, or the first there is. Raises HTTPForbidden if it isn't
    theirs."""
    projects = projects_here(request)
    if asked is None:
        return next(iter(projects))
    if asked not in projects:
        raise web.HTTPForbidden
    return asked


def projects_here(request: web.Request) -> dict[str, str]:
    """The projects whose prompts the user may look at, with their titles; "": all projects."""
    actor = actor_of(request)
    own = None if actor.everywhere else frozenset(map(ProjectName, actor.projects or ()))
    titles = {str(name): title for name, title in project_titles(request, own).items()}
    return {**titles, "": says(request, words.ALL_PROJECTS)}


def may_change(actor: Actor, project: str) -> bool:
    """Whether this project's recordings are theirs to change."""
    return actor.has(project) if project else actor.everywhere


def said_all(request: web.Request) -> dict[str, str]:
    """The texts that the page's script shows."""
    return {name: says(request, text) for name, text in words.SCRIPT_TEXTS.items()}


async def _all(
    request: web.Request, actor: Actor
) -> tuple[tuple[RecordingVersion, ...], tuple[RecordingUse, ...], tuple[str, ...]]:
    library = request.app[PROMPT_SERVICES].recordings
    recordings, uses = await library.all(actor), await library.uses(actor)
    centres = request.app[LIVE].centre().languages
    return recordings, uses, languages_of(centres, recordings, uses)


def _fits(row: PromptRow, wanted: str, show: str) -> bool:
    if show == "recorded" and not row.recorded:
        return False
    if show == "spoken" and (row.recorded or row.missing):
        return False
    if show == "missing" and not row.missing:
        return False
    texts = (row.name, *(use.by for use in row.uses), *(cell.text for cell in row.cells.values()))
    return not wanted or any(wanted.lower() in text.lower() for text in texts)
