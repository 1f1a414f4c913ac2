"""Reads a form that has a file, into memory and within bounds.

Such a form is ``multipart/form-data``, and only routes that say so (``console.kit.features``) take
one. Nothing is written to the disk.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from console.kit.context import TIMING, UPLOADS
from console.kit.error_pages import BUSY, FILE_TOO_LARGE, TOO_SLOW, WRONG_TYPE, RequestRefused
from console.kit.forms import askers_fault, check_text, refuse_packed

MULTIPART = "multipart/form-data"
MOST_AT_ONCE = 8
"""How many files may be on their way, of all users."""
MOST_PARTS = 20
ROOM = 64 * 1024
"""How many bytes a form may have besides its file."""
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with a file. Without one, ``data`` is empty, and ``name`` too."""

    fields: Mapping[str, str]
    name: str = ""
    """What the browser calls the file."""
    data: bytes = b""

    def __repr__(self) -> str:
        return f"Upload({self.name!r}, {len(self.data)} bytes)"


UPLOAD: web.RequestKey[Upload] = web.RequestKey("upload")


async def read_upload(request: web.Request, largest_file: int) -> Upload:
    """Reads the form; pages find it as ``request[UPLOAD]``. No body is an empty form.

    Raises RequestRefused or web.HTTPException if it is not such a form, too large or too slow, or
    if too many others are on their way, and ConnectionError if the asker is gone.
    """
    refuse_packed(request)
    if not request.body_exists:
        return Upload({})
    if request.content_type != MULTIPART:
        raise RequestRefused(WRONG_TYPE)
    most = largest_file + ROOM
    if (request.content_length or 0) > most:
        raise RequestRefused(FILE_TOO_LARGE)
    if request.app[UPLOADS].locked():
        raise RequestRefused(BUSY)
    try:
        with askers_fault():
            async with request.app[UPLOADS], asyncio.timeout(request.app[TIMING].file_s):
                found = await _read(request, most)
    except TimeoutError:
        raise RequestRefused(TOO_SLOW) from None
    check_text((*found.fields.keys(), *found.fields.values()))
    return found


async def _read(request: web.Request, most: int) -> Upload:
    fields: dict[str, str] = {}
    name, data = "", b""
    coming = await request.multipart()
    for _ in range(MOST_PARTS):
        part = await coming.next()
        if part is None:
            return Upload(fields, name, data)
        if not isinstance(part, BodyPartReader) or not part.name:
            break
        if request.content.total_bytes > most:
            raise RequestRefused(FILE_TOO_LARGE)
        if part.filename is None:
            fields[part.name] = (await _whole(part, ROOM)).decode()
        else:
            name = _plain(part.filename)
            data = await _whole(part, most)
    raise web.HTTPBadRequest


async def _whole(part: BodyPartReader, most: int) -> bytes:
    found = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        found += chunk
        if len(found) > most:
            raise RequestRefused(FILE_TOO_LARGE)
    return bytes(found)


def _plain(name: str) -> str:
    """A file's name as a page can show it."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in last if char.isprintable())[:LONGEST_NAME]
