"""Sends recordings to browsers, and logs who listened."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from console.kit.context import AUDIT, INSTALLATION, user_of
from console.kit.door import CHUNK
from console.kit.error_pages import RECORDING_BROKEN, RECORDING_GONE, RequestRefused
from console.kit.guard import SESSION_COOKIE
from console.kit.listenings import AUDITED
from console.kit.live import until_it_must_end
from domain.identity import ProjectName
from recordings.waveform import waveform_json
from storage.audit import AuditAction

log = structlog.get_logger()


def recording_path(request: web.Request, file: str, target: str) -> Path:
    """Where a recording is that the record of ``target`` names. Raises what answers the request if
    it isn't there."""
    root = request.app[INSTALLATION].recordings_root.resolve()
    path = (root / file).resolve()
    if not path.is_relative_to(root):
        log.error(
            "a call's record names a recording outside the recordings' root; it isn't served",
            call=target,
            file=file,
        )
        raise web.HTTPNotFound
    if not path.is_file():
        log.error(
            "a recording is not where its record says; put it back from the backup",
            call=target,
            path=str(path),
        )
        raise RequestRefused(RECORDING_GONE)
    return path


async def send_sound(
    request: web.Request, path: Path, target: str, project: ProjectName | None
) -> web.StreamResponse:
    """The file or a range of it; ``?download=1`` saves it.

    The audit log comes first: if it can't be written, nothing is sent. Sending stops when the
    session ends.
    """
    user, now = user_of(request).name, time.monotonic()
    download = "download" in request.query
    listenings = request.app[AUDITED]
    if download or listenings.is_new(user, target, now):
        await request.app[AUDIT].write(
            user,
            AuditAction.RECORDING_DOWNLOADED if download else AuditAction.RECORDING_LISTENED,
            target,
            project=project,
            address=request.remote or "",
        )
        listenings.note(user, target, now)
    kind = "attachment" if download else "inline"
    return _Sound(
        request,
        path,
        headers={
            "Content-Type": "audio/wav",
            "Content-Disposition": f'{kind}; filename="{_file_name(target)}"',
            "Cache-Control": "no-store",
        },
    )


async def send_waveform(path: Path, target: str) -> web.Response:
    """Peaks, 0 to 1, of the caller and of the agent, as JSON. ``bar_s`` is how much time each peak
    stands for, in seconds."""
    try:
        found = await asyncio.to_thread(waveform_json, path)
    except (OSError, ValueError) as error:
        log.error("a recording can't be read for its waveform", call=target, why=str(error))
        raise RequestRefused(RECORDING_BROKEN) from error
    return web.Response(
        text=found, content_type="application/json", headers={"Cache-Control": "no-store"}
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


def _file_name(target: str) -> str:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in target)
    return f"{safe}.wav"
