"""Serves voicemails to those who work them off, and logs who listened."""

from aiohttp import web

from console.floor.working import WORKING, work_scope
from console.kit.sound_files import recording_path, send_sound, send_waveform
from worklist.entries import WorkEntry, WorkKind, WorkRefused


async def sound(request: web.Request) -> web.StreamResponse:
    """GET /worklist/voicemails/{voice}/sound.wav: the file or a range of it."""
    entry, file = await _voicemail(request)
    path = recording_path(request, file, entry.ref)
    return await send_sound(request, path, entry.ref, entry.project)


async def waveform(request: web.Request) -> web.Response:
    """GET /worklist/voicemails/{voice}/waveform.json"""
    entry, file = await _voicemail(request)
    return await send_waveform(recording_path(request, file, entry.ref), entry.ref)


async def _voicemail(request: web.Request) -> tuple[WorkEntry, str]:
    scope, name = work_scope(request), request.match_info["voice"]
    try:
        entry = await request.app[WORKING].worklist.entry(scope, WorkKind.VOICEMAIL, name)
    except WorkRefused:
        raise web.HTTPNotFound from None
    if entry.file is None:
        raise web.HTTPNotFound
    return entry, entry.file
