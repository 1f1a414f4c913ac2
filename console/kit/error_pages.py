"""Answers errors with what happened and what to do: as a page, JSON or a line of text."""

import errno
import secrets
import time
import traceback
from dataclasses import dataclass, replace

import structlog
from aiohttp import web

from console.kit.context import LANGUAGE, RARELY, USER
from console.kit.features import Answer
from console.kit.rendering import render, says
from console.kit.translations import N_, choose
from domain.errors import OffhookError
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

RETRY_S = 5


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error in words for people, and a ``code`` for programs."""

    status: int
    code: str
    title: str
    what: str
    todo: str


_GO_BACK = N_("Go back, reload the page and try again.")
BAD_REQUEST = Trouble(
    400,
    "bad_request",
    N_("The request can't be understood"),
    N_("Something in the request is wrong."),
    _GO_BACK,
)
SIGNED_OUT = Trouble(
    401,
    "signed_out",
    N_("You are not signed in"),
    N_("Your session has ended, or you haven't signed in yet."),
    N_("Sign in and try again."),
)
FORBIDDEN = Trouble(
    403,
    "forbidden",
    N_("You are not allowed to do this"),
    N_("Your role or your projects don't allow it."),
    N_("If you need it for your work, ask the administrator."),
)
OLD_FORM = Trouble(
    403,
    "old_form",
    N_("This form has expired"),
    N_("The page was open for too long, or it was opened before you signed in."),
    _GO_BACK,
)
FOREIGN = Trouble(
    403,
    "foreign_origin",
    N_("This request came from another site"),
    N_("The console accepts requests only from its own pages."),
    N_(
        "Open the console directly. If it is behind a proxy, the administrator must allow its"
        " address."
    ),
)
NOT_FOUND = Trouble(
    404,
    "not_found",
    N_("Page not found"),
    N_("The address is wrong, or you aren't allowed to see this page."),
    N_("Check the address, or look for the page from the start page."),
)
NOT_ALLOWED = Trouble(
    405,
    "not_allowed",
    N_("That isn't possible here"),
    N_("This address can't be used that way."),
    _GO_BACK,
)
TOO_LARGE = Trouble(
    413,
    "too_large",
    N_("The request is too large"),
    N_("It is larger than any form of the console."),
    _GO_BACK,
)
FILE_TOO_LARGE = Trouble(
    413,
    "file_too_large",
    N_("The file is too large"),
    N_("The console doesn't take files of this size here."),
    N_("Go back and choose a smaller one."),
)
BUSY = Trouble(
    503,
    "busy",
    N_("Too many files at once"),
    N_("Others are sending files, or have them looked at, and calls go first."),
    N_("Go back and try again in a minute."),
)
TOO_SLOW = Trouble(
    408,
    "too_slow",
    N_("That took too long"),
    N_("The request did not arrive in time."),
    N_("Check the network and try again."),
)
WRONG_TYPE = Trouble(
    415,
    "wrong_type",
    N_("The request can't be understood"),
    N_("The console accepts only forms (application/x-www-form-urlencoded, in UTF-8)."),
    _GO_BACK,
)
BROKEN = Trouble(
    500,
    "broken",
    N_("Something went wrong"),
    N_("The console made an error. Calls go on, and nothing about them is lost."),
    N_("Try again. If it happens again, give the administrator the reference below."),
)
DATABASE_AWAY = Trouble(
    503,
    "database_away",
    N_("The database is unavailable"),
    N_("Calls go on, and their records are kept until the database is back."),
    N_("Try again in a few seconds."),
)
RECORDING_GONE = Trouble(
    404,
    "recording_gone",
    N_("The recording is missing"),
    N_("The call has a recording, but its file is missing on the disk."),
    N_("Tell the administrator, who may have a backup."),
)
RECORDING_BROKEN = Trouble(
    404,
    "recording_broken",
    N_("The recording can't be read"),
    N_("The file exists, but it isn't a sound file, or the disk is failing."),
    N_("Tell the administrator, who may have a backup."),
)
_BY_STATUS = {t.status: t for t in (BAD_REQUEST, SIGNED_OUT, NOT_FOUND, NOT_ALLOWED, TOO_LARGE)}
_BY_STATUS[403] = FORBIDDEN


_NO_SUCH_FILE = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.ENOENT})


class RequestRefused(OffhookError):  # noqa: N818
    """A request that is answered with ``trouble``."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


@web.middleware
async def answer_errors(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Makes a page of every error. Redirects and finished answers pass through."""
    try:
        return await handler(request)
    except RequestRefused as refused:
        return answer(request, refused.trouble)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        trouble = _BY_STATUS.get(error.status) or replace(BAD_REQUEST, status=error.status)
        response = answer(request, trouble)
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response
    except AWAY as error:
        if is_gone(request):
            raise web.HTTPBadRequest from error  # nobody reads it; the database may be fine
        if isinstance(error, OSError) and error.errno in _NO_SUCH_FILE and error.filename:
            return answer(request, NOT_FOUND)  # a missing file, not a lost connection
        _complain(request, error)
        return answer(request, DATABASE_AWAY)
    except Exception as error:
        reference = secrets.token_hex(4)
        resource = request.match_info.route.resource
        # Not log.exception: a renderer that shows local variables would show passwords.
        log.error(
            "a page broke",
            method=request.method,
            route=resource.canonical if resource else "",
            reference=reference,
            trace="".join(traceback.format_exception(error)),
        )
        return answer(request, BROKEN, reference)


def _complain(request: web.Request, error: BaseException) -> None:
    """Logs it rarely: anybody with any cookie can ask as often as they like, and the outbox logs
    it anyway."""
    before = request.app[RARELY].now("database away", time.monotonic())
    if before is not None:
        log.warning(
            "a page needs the database, which is away",
            why=in_one_line(error),
            not_logged_before=before,
        )


_ALL_OF_IT = N_("%(title)s. %(what)s %(todo)s")
"""A trouble in one line."""


def is_gone(request: web.Request) -> bool:
    """Whether the asker has closed the connection, so that reading or writing fails."""
    return request.transport is None or request.transport.is_closing()


def answer(request: web.Request, trouble: Trouble, reference: str = "") -> web.StreamResponse:
    """The answer in the form that the asker can use."""
    if LANGUAGE not in request:
        request[LANGUAGE] = choose((), request.headers.get("Accept-Language", ""))
        request[USER] = None
    title, what, todo = (says(request, t) for t in (trouble.title, trouble.what, trouble.todo))
    told = says(request, _ALL_OF_IT, {"title": title, "what": what, "todo": todo}).strip()
    headers = {"Retry-After": str(RETRY_S)} if trouble.status == 503 else {}
    if wants_json(request):
        body = {"error": trouble.code, "message": told}
        if reference:
            body["reference"] = reference
        return web.json_response(body, status=trouble.status, headers=headers)
    if "HX-Request" in request.headers:
        return web.Response(text=told, status=trouble.status, headers=headers)
    response = render(
        request,
        "kit/error.html",
        {
            "status": trouble.status,
            "title": title,
            "what": what,
            "todo": todo,
            "reference": reference,
            "retry_s": RETRY_S if trouble.status == 503 and request.method == "GET" else None,
        },
        status=trouble.status,
    )
    response.headers.update(headers)
    return response


def wants_json(request: web.Request) -> bool:
    """Whether a program asks: through the API, a page's script, or a websocket."""
    return (
        request.path.startswith("/api/")
        or "application/json" in request.headers.get("Accept", "")
        or request.headers.get("Upgrade", "").lower() == "websocket"
    )
