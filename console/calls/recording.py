"""Serves a call's recording, what its caller said after a tone, and their waveforms."""

from aiohttp import web

from console.calls.call_page import stored_call, voices_of
from console.kit.sound_files import recording_path, send_sound, send_waveform
from records.call_queries import StoredCall


async def sound(request: web.Request) -> web.StreamResponse:
    """GET /calls/{call}/recording.wav: the file or a range of it; ``?download=1`` saves it."""
    found = await stored_call(request)
    record = found.record
    path = recording_path(request, _recording_of(found), record.call)
    return await send_sound(request, path, record.call, record.project)


async def waveform(request: web.Request) -> web.Response:
    """GET /calls/{call}/waveform.json"""
    found = await stored_call(request)
    path = recording_path(request, _recording_of(found), found.record.call)
    return await send_waveform(path, found.record.call)


async def voice_sound(request: web.Request) -> web.StreamResponse:
    """GET /calls/{call}/voices/{voice}/sound.wav"""
    found = await stored_call(request)
    name, file = _voice_of(request, found)
    path = recording_path(request, file, name)
    return await send_sound(request, path, name, found.record.project)


async def voice_waveform(request: web.Request) -> web.Response:
    """GET /calls/{call}/voices/{voice}/waveform.json"""
    name, file = _voice_of(request, await stored_call(request))
    return await send_waveform(recording_path(request, file, name), name)


def _voice_of(request: web.Request, found: StoredCall) -> tuple[str, str]:
    for voice in voices_of(found):
        if voice.name == request.match_info["voice"] and voice.file:
            return voice.name, voice.file
    raise web.HTTPNotFound


def _recording_of(found: StoredCall) -> str:
    if found.record.recording is None:
        raise web.HTTPNotFound
    return found.record.recording.file
