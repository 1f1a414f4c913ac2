"""Reads a request's form and URL, within bounds, as text that can be stored.

A bad request is the asker's mistake: it gets an answer with 4xx, and not a line in the log.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from aiohttp import web
from multidict import MultiDictProxy

from console.kit.context import TIMING
from console.kit.error_pages import TOO_SLOW, WRONG_TYPE, RequestRefused

FORM = "application/x-www-form-urlencoded"
LONGEST_AGENT = 300
_CHARSETS = frozenset({None, "utf-8", "utf8", "us-ascii"})


def is_text(text: str) -> bool:
    """Whether UTF-8 and PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def check_head(request: web.Request) -> None:
    """Raises HTTPBadRequest if the URL isn't text, or a header holds an impossible date."""
    with askers_fault():
        # aiohttp reads these headers when it sends a file, which is too late for a decent answer.
        _ = request.if_modified_since, request.if_unmodified_since, request.if_range
    check_text(request.match_info.values())
    check_text(request.query.keys())
    check_text(request.query.values())


async def read_form(request: web.Request) -> MultiDictProxy[str]:
    """Reads the form; the page's own ``request.post()`` returns the same. No body is an empty form.

    Raises RequestRefused or web.HTTPException if it is not a form, too large or too slow, and
    ConnectionError if the asker is gone.
    """
    refuse_packed(request)
    if request.body_exists and (
        request.content_type != FORM or (request.charset or "utf-8").lower() not in _CHARSETS
    ):
        raise RequestRefused(WRONG_TYPE)
    try:
        with askers_fault():
            async with asyncio.timeout(request.app[TIMING].body_s):
                form = await request.post()
    except TimeoutError:
        raise RequestRefused(TOO_SLOW) from None
    fields: MultiDictProxy[str] = form  # type: ignore[assignment] # files come only in other types
    check_text(fields.keys())
    check_text(fields.values())
    return fields


def user_agent(request: web.Request) -> str:
    """The browser's User-Agent, bounded and printable."""
    said = request.headers.get("User-Agent", "")[:LONGEST_AGENT]
    return "".join(char if char.isprintable() and is_text(char) else "?" for char in said)


def refuse_packed(request: web.Request) -> None:
    """Raises HTTPBadRequest if the body is compressed: no browser does so, and it may unpack to
    gigabytes."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPBadRequest


@contextmanager
def askers_fault() -> Iterator[None]:
    """Turns errors of reading into 400: what was sent is at fault (not UTF-8, bad chunks ...)."""
    try:
        yield
    except (web.HTTPException, RequestRefused, ConnectionError, TimeoutError):
        raise
    except Exception as error:
        raise web.HTTPBadRequest from error


def check_text(texts: Iterable[str]) -> None:
    """Raises HTTPBadRequest if one of them can't be stored as text."""
    if not all(map(is_text, texts)):
        raise web.HTTPBadRequest
