"""The matrix of agents and skills: a page on which people move agents between skills by keyboard.

The page is plain HTML of one table; its script turns it into a grid, and sends what was changed.
The answer to that is JSON: what to say, and how the agents concerned are now.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from aiohttp import web
from markupsafe import Markup

from centre.authority import as_seen_by, may_make
from centre.directory_service import (
    ChangeConflict,
    ChangeForbidden,
    ChangeRefused,
    Conflict,
    NothingToChange,
)
from centre.directory_store import DirectoryChange, KeptDirectory, ThingKey
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from console.centre import matrix_words, words
from console.centre.difference import SaidSetting, differences
from console.centre.drafts import OtherFault, fault_text
from console.centre.pages import ICONS, address, speech
from console.centre.reach import SeenDirectory, actor_of
from console.centre.skill_matrix import (
    LEVELS,
    LONGEST_WANTED,
    MOST_CELLS,
    LevelsFault,
    LevelsRefused,
    MatrixFilter,
    MatrixRow,
    TypedLevels,
    matching,
    read_levels,
    rows_of_agents,
    shown_page,
    wishes_of_levels,
)
from console.centre.thing_pages import LONGEST_NOTE, number_in
from console.kit.context import DIRECTORY
from console.kit.rendering import render, says

AT_A_TIME = 500
"""So many agents are looked at before calls are served again."""
DRAWN_AT_A_TIME = 40
"""So many rows are drawn before calls are served again."""
MOST_NAMED = 20
"""So many conflicts are shown, and so many names are said; the page has the rest."""
_STATUS: Mapping[LevelsFault, int] = {
    LevelsFault.NO_SUCH_AGENT: 409,
    LevelsFault.NO_SUCH_SKILL: 409,
    LevelsFault.NOT_THEIRS: 403,
}


async def matrix_page(request: web.Request) -> web.Response:
    """GET /centre/matrix"""
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor_of(request), kept.directory)
    asked = {name: request.query.get(name, "").strip() for name in ("q", "team", "project", "page")}
    by = MatrixFilter(asked["q"][:LONGEST_WANTED], asked["team"][:40], asked["project"][:40])
    title = speech(request, seen).title
    skills = [skill.key for skill in seen.of(Kind.SKILL)]
    found = await _found(seen, by)
    part = shown_page(len(found), len(skills), number_in(asked["page"][:9]) or 1)
    here = found[part.first : part.first + part.rows]
    rows = rows_of_agents(here, skills, kept, seen)
    choices = {
        kind: {one.key: title(kind, one.key) for one in seen.of(kind)}
        for kind in (Kind.TEAM, Kind.PROJECT)
    }
    values: dict[str, Any] = {
        "skills": [(key, title(Kind.SKILL, key)) for key in skills],
        "rows": await _drawn(request, rows, part.first, choices[Kind.TEAM]),
        "part": part,
        "by": by,
        "choices": choices,
        "may_change": any(row.may_change for row in rows),
        "may_make": {kind for kind in (Kind.AGENT, Kind.SKILL) if may_make(seen.actor, kind)},
        "levels": LEVELS,
        "most": MOST_CELLS,
        "longest_note": LONGEST_NOTE,
        "texts": {key: says(request, text) for key, text in matrix_words.SCRIPT.items()},
        "address": address,
        "icons": ICONS,
        "words": words,
    }
    return render(request, "centre/matrix.html", values)


async def _found(seen: SeenDirectory, by: MatrixFilter) -> list[AgentSettings]:
    """The agents that the filter finds. Calls are served in between."""
    found: list[AgentSettings] = []
    agents = iter(seen.directory.of(AgentSettings).values())
    while some := list(islice(agents, AT_A_TIME)):
        found += matching(some, seen.actor, by)
        await asyncio.sleep(0)
    return found


async def _drawn(
    request: web.Request, rows: Sequence[MatrixRow], first: int, teams: Mapping[str, str]
) -> Markup:
    """The rows as HTML. Calls are served in between: ten thousand cells take many milliseconds."""
    drawn = []
    for start in range(0, len(rows), DRAWN_AT_A_TIME):
        some = rows[start : start + DRAWN_AT_A_TIME]
        values = {"rows": some, "first": first + start, "teams": teams, "address": address}
        drawn.append(render(request, "centre/_matrix_rows.html", values).text or "")
        await asyncio.sleep(0)
    return Markup("".join(drawn))  # noqa: S704 - our own template's


async def save_levels(request: web.Request) -> web.Response:
    """POST /centre/matrix: all levels that were typed, as one change or not at all"""
    form = await request.post()
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor_of(request), kept.directory)
    try:
        typed = read_levels([str(field) for field in form.getall("agent", [])])
        wishes = wishes_of_levels(typed, seen)
    except LevelsRefused as refused:
        return _refusal(request, refused)
    try:
        made = await request.app[DIRECTORY].change(
            seen.actor, wishes, note=str(form.get("change.note", ""))[:LONGEST_NOTE]
        )
    except NothingToChange:
        made = None
    except ChangeForbidden as forbidden:
        # Somebody has just moved them to another team or project.
        others = [edit.key for edit in forbidden.edits]
        return _refusal(request, LevelsRefused(LevelsFault.NOT_THEIRS, *others))
    except ChangeRefused as refused:
        speaks = speech(request, seen)
        faults = [OtherFault(f.kind, f.key, fault_text(f, speaks)) for f in refused.faults]
        return _answer(request, seen, 400, {"faults": faults[:MOST_NAMED]})
    except ChangeConflict as found:
        return await _overtaken(request, typed, found.conflicts)
    return await _saved(request, typed, made)


def _refusal(request: web.Request, refused: LevelsRefused) -> web.Response:
    named = [*refused.names[:MOST_NAMED], *(["…"] if len(refused.names) > MOST_NAMED else [])]
    values = {
        "names": says(request, words.COMMA).join(named),
        "most": MOST_CELLS,
        "least": LEVELS[0],
        "most_level": LEVELS[-1],
    }
    nothing = says(request, matrix_words.NOTHING_SAVED)
    answer: dict[str, Any] = {
        "ok": False,
        "error": refused.fault,
        "message": f"{nothing} {says(request, matrix_words.FAULTS[refused.fault], values)}",
    }
    if refused.fault in (LevelsFault.NO_SUCH_AGENT, LevelsFault.NOT_THEIRS):
        answer["locked_agents"] = refused.names
    if refused.fault is LevelsFault.NO_SUCH_SKILL:
        answer["locked_skills"] = refused.names
    return web.json_response(answer, status=_STATUS.get(refused.fault, 400))


@dataclass(frozen=True, slots=True)
class OvertakenAgent:
    """An agent whom somebody else has changed while levels were typed."""

    key: str
    name: str
    change: DirectoryChange | None
    theirs: Sequence[SaidSetting]
    """What they changed."""
    ours: Sequence[SaidSetting]
    """What saving again would change."""


async def _overtaken(
    request: web.Request, typed: Iterable[TypedLevels], conflicts: Sequence[Conflict]
) -> web.Response:
    """What others have changed, and the agents as they are now."""
    service = request.app[DIRECTORY]
    kept = await service.read()
    seen = SeenDirectory(actor_of(request), kept.directory)
    mine = {one.agent: one for one in typed}
    late = [conflict.key for conflict in conflicts]
    if gone := [key for key in late if seen.get(Kind.AGENT, key) is None]:
        return _refusal(request, LevelsRefused(LevelsFault.NO_SUCH_AGENT, *gone))
    places: dict[ThingKey, int] = {(Kind.AGENT, key): mine[key].seen for key in late[:MOST_NAMED]}
    bases = await service.left_by(places)
    speaks, shown = speech(request, seen), []
    for conflict in conflicts[:MOST_NAMED]:
        now = seen.get(Kind.AGENT, conflict.key)
        base = bases.get((Kind.AGENT, conflict.key))
        before = None if base is None else as_seen_by(seen.actor, base)
        if not isinstance(now, AgentSettings):
            continue
        wished = mine[conflict.key].put_on(now)
        shown.append(
            OvertakenAgent(
                conflict.key,
                now.name,
                conflict.change,
                () if before is None else differences(before, now, speaks),
                differences(now, wished, speaks),
            )
        )
    values = {"overtaken": shown, "more": len(conflicts) - len(shown)}
    return _answer(request, seen, 409, values, _now(late, kept, seen))


async def _saved(
    request: web.Request, typed: Sequence[TypedLevels], made: DirectoryChange | None
) -> web.Response:
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor_of(request), kept.directory)
    values = {"made": made, "same": made is None}
    return _answer(request, seen, 200, values, _now([one.agent for one in typed], kept, seen))


def _now(agents: Iterable[str], kept: KeptDirectory, seen: SeenDirectory) -> dict[str, Any]:
    """How these agents are now: their levels, and the change that made them so."""
    found = {}
    for key in agents:
        agent = seen.get(Kind.AGENT, key)
        if isinstance(agent, AgentSettings):
            change = kept.changed.get((Kind.AGENT, key))
            found[key] = {"seen": change, "levels": dict(agent.skills)}
    return found


def _answer(
    request: web.Request,
    seen: SeenDirectory,
    status: int,
    said: Mapping[str, Any],
    agents: Mapping[str, Any] | None = None,
) -> web.Response:
    values = {
        **{"made": None, "same": False, "faults": (), "overtaken": (), "more": 0},
        **said,
        "address": address,
        "title": speech(request, seen).title,
        "words": words,
    }
    text = render(request, "centre/_matrix_said.html", values).text
    body = {"ok": status == 200, "html": text, "agents": agents or {}}
    return web.json_response(body, status=status)
