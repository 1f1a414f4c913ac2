"""Changes recordings and plays them: upload, bring back, remove."""

from urllib.parse import quote, urlencode

from aiohttp import web

from console.kit.error_pages import wants_json
from console.kit.rendering import says
from console.kit.uploads import UPLOAD
from console.prompts import words
from console.prompts.prompt_pages import LIMITS, project_of, shown_list, shown_prompt
from console.prompts.prompt_services import PROMPT_SERVICES, actor_of
from prompt_library.recording_words import RecordingName, RecordingRefusal, RecordingRefused


async def upload(request: web.Request) -> web.Response:
    """POST /prompts/upload: project, language, name and a file

    A script is answered as JSON: ``where`` the prompt's page is, or ``error``.
    """
    file = request[UPLOAD]
    of = RecordingName(
        file.fields.get("name", "").strip(),
        file.fields.get("language", "").strip(),
        await project_of(request, file.fields.get("project", "")),
    )
    try:
        await request.app[PROMPT_SERVICES].recordings.upload(
            actor_of(request), of, file.name, file.data
        )
    except RecordingRefused as refused:
        return await _refused(request, of, refused)
    return _done(request, of)


async def bring_back(request: web.Request) -> web.Response:
    """POST /prompts/bring-back: project, language, name, version, seen"""
    of, form = await _named(request)
    version = _number(form.get("version"))
    try:
        await request.app[PROMPT_SERVICES].recordings.bring_back(
            actor_of(request), version, _number(form.get("seen"))
        )
    except RecordingRefused as refused:
        return await _refused(request, of, refused)
    return _done(request, of)


async def remove(request: web.Request) -> web.Response:
    """POST /prompts/remove: project, language, name, seen"""
    of, form = await _named(request)
    try:
        await request.app[PROMPT_SERVICES].recordings.remove(
            actor_of(request), of, _number(form.get("seen"))
        )
    except RecordingRefused as refused:
        return await _refused(request, of, refused)
    return _done(request, of)


async def sound(request: web.Request) -> web.Response:
    """GET /prompts/recordings/{version}/sound.wav: as callers hear it"""
    try:
        wav = await request.app[PROMPT_SERVICES].recordings.sound(
            actor_of(request), _number(request.match_info["version"])
        )
    except RecordingRefused as refused:
        raise web.HTTPNotFound from refused
    return web.Response(
        body=wav, content_type="audio/wav", headers={"Cache-Control": "private, max-age=3600"}
    )


async def original(request: web.Request) -> web.Response:
    """GET /prompts/recordings/{version}/original: the file as it was uploaded"""
    try:
        name, data = await request.app[PROMPT_SERVICES].recordings.original(
            actor_of(request), _number(request.match_info["version"])
        )
    except RecordingRefused as refused:
        raise web.HTTPNotFound from refused
    return web.Response(
        body=data,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "Cache-Control": "no-store",
        },
    )


def where(of: RecordingName) -> str:
    """The page of a prompt, at the language."""
    query = urlencode({"project": of.project})
    return f"/prompts/{quote(of.name, safe='')}?{query}#in-{quote(of.language, safe='')}"


async def _named(request: web.Request) -> tuple[RecordingName, dict[str, str]]:
    form = {name: str(value) for name, value in (await request.post()).items()}
    project = await project_of(request, form.get("project", ""))
    return RecordingName(form.get("name", ""), form.get("language", ""), project), form


def _done(request: web.Request, of: RecordingName) -> web.Response:
    if wants_json(request):
        return web.json_response({"ok": True, "where": where(of)})
    raise web.HTTPSeeOther(where(of))


async def _refused(
    request: web.Request, of: RecordingName, refused: RecordingRefused
) -> web.Response:
    if refused.why is RecordingRefusal.FORBIDDEN:
        raise web.HTTPForbidden
    if refused.why is RecordingRefusal.UNKNOWN:
        raise web.HTTPNotFound
    text = words.SOUND_FAULTS[refused.sound] if refused.sound else words.REFUSALS[refused.why]
    said = says(request, text, {"about": refused.about, **LIMITS})
    status = 409 if refused.why in words.CONFLICTS else 400
    if wants_json(request):
        return web.json_response({"error": said}, status=status)
    try:
        return await shown_prompt(request, of.project, of.name, said, status)
    except web.HTTPNotFound:
        return await shown_list(request, of.project, said, status)


def _number(text: str | None) -> int:
    """Raises HTTPNotFound if it is none."""
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= 17):
        raise web.HTTPNotFound
    return int(text)
