"""Serves a call's recording and waveform, and logs who listened."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from console.calls.call_page import stored_call
from console.calls.listenings import AUDITED
from console.kit.context import AUDIT, INSTALLATION, user_of
from console.kit.door import CHUNK
from console.kit.error_pages import RECORDING_BROKEN, RECORDING_GONE, RequestRefused
from console.kit.guard import SESSION_COOKIE
from console.kit.live import until_it_must_end
from recordings.waveform import waveform_json
from records.fold import CallRecord
from storage.audit import AuditAction

log = structlog.get_logger()


async def sound(request: web.Request) -> web.StreamResponse:
    """GET /calls/{call}/recording.wav: the file or a range of it; ``?download=1`` saves it.

    The audit log comes first: if it can't be written, nothing is sent. Sending stops when the
    session ends.
    """
    record = (await stored_call(request)).record
    path = _path_of(request, record)
    user, now = user_of(request).name, time.monotonic()
    download = "download" in request.query
    listenings = request.app[AUDITED]
    if download or listenings.is_new(user, record.call, now):
        await request.app[AUDIT].write(
            user,
            AuditAction.RECORDING_DOWNLOADED if download else AuditAction.RECORDING_LISTENED,
            record.call,
            project=record.project,
            address=request.remote or "",
        )
        listenings.note(user, record.call, now)
    kind = "attachment" if download else "inline"
    return _Sound(
        request,
        path,
        headers={
            "Content-Type": "audio/wav",
            "Content-Disposition": f'{kind}; filename="{_file_name(record)}"',
            "Cache-Control": "no-store",
        },
    )


class _Sound(web.FileResponse):
    """A file whose sending is cut off when the asker's session ends."""

    def __init__(self, asked: web.Request, path: Path, headers: dict[str, str]) -> None:
        super().__init__(path, chunk_size=CHUNK, headers=headers)
        self._asked = asked

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        keeper = asyncio.create_task(self._cut_in_time())
        try:
            return await super().prepare(request)
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def _cut_in_time(self) -> None:
        token = self._asked.cookies.get(SESSION_COOKIE, "")
        await until_it_must_end(self._asked.app, token, user_of(self._asked))
        if self._asked.transport is not None:
            self._asked.transport.abort()


async def waveform(request: web.Request) -> web.Response:
    """GET /calls/{call}/waveform.json: peaks, 0 to 1, of the caller and of the agent.

    ``bar_s`` is how much time each peak stands for, in seconds.
    """
    record = (await stored_call(request)).record
    path = _path_of(request, record)
    try:
        found = await asyncio.to_thread(waveform_json, path)
    except (OSError, ValueError) as error:
        log.error("a recording can't be read for its waveform", call=record.call, why=str(error))
        raise RequestRefused(RECORDING_BROKEN) from error
    return web.Response(
        text=found, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _path_of(request: web.Request, record: CallRecord) -> Path:
    if record.recording is None:
        raise web.HTTPNotFound
    root = request.app[INSTALLATION].recordings_root.resolve()
    path = (root / record.recording.file).resolve()
    if not path.is_relative_to(root):
        log.error(
            "a call's record names a recording outside the recordings' root; it isn't served",
            call=record.call,
            file=record.recording.file,
        )
        raise web.HTTPNotFound
    if not path.is_file():
        log.error(
            "a recording is not where its record says; put it back from the backup",
            call=record.call,
            path=str(path),
        )
        raise RequestRefused(RECORDING_GONE)
    return path


def _file_name(record: CallRecord) -> str:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in record.call)
    return f"{safe}.wav"
