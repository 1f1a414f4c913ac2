"""Signs users in and out, sets their language, and sends each role to its start page."""

import structlog
from aiohttp import web

from console.kit.access import start_of
from console.kit.context import LOGINS, SESSIONS, USER
from console.kit.forms import user_agent
from console.kit.guard import LANGUAGE_COOKIE, SESSION_COOKIE, set_cookie
from console.kit.rendering import render, says
from console.kit.translations import LANGUAGES, N_
from console.kit.words import TOO_MANY_WRONG
from machine.one_line import in_one_line
from storage.account_errors import LoginRefusal, LoginRefused
from storage.database_errors import AWAY

log = structlog.get_logger()

_YEAR_S = 31_536_000
_WRONG = N_("The name or the password is wrong.")


def own_path(wanted: str) -> str:
    """``wanted`` if it is a path on this console, else the start page."""
    elsewhere = not wanted.startswith("/") or wanted.startswith(("//", "/\\"))
    if elsewhere or any(ord(c) < 32 for c in wanted):
        return "/"
    return wanted


async def page(request: web.Request) -> web.StreamResponse:
    """GET /login"""
    wanted = own_path(request.query.get("next", "/"))
    if request[USER] is not None:
        raise web.HTTPSeeOther(wanted)
    return _form(request, wanted)


def _form(
    request: web.Request, wanted: str, *, name: str = "", mistake: str = "", status: int = 200
) -> web.Response:
    values = {"next": wanted, "name": name, "mistake": mistake}
    return render(request, "sign_in/login.html", values, status=status)


async def sign_in(request: web.Request) -> web.StreamResponse:
    """POST /login"""
    form = await request.post()
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    wanted = own_path(str(form.get("next", "/")))
    old = request.cookies.get(SESSION_COOKIE)
    try:
        login = await request.app[LOGINS].login(
            name,
            password,
            address=request.remote or "",
            browser=user_agent(request),
            instead_of=old,
        )
    except LoginRefused as refused:
        if refused.why is LoginRefusal.THROTTLED:
            wait_s = max(1, round(refused.retry_after_s))
            response = _form(
                request,
                wanted,
                name=name[:100],
                mistake=says(request, TOO_MANY_WRONG, {"n": wait_s}),
                status=429,
            )
            response.headers["Retry-After"] = str(wait_s)
            return response
        return _form(request, wanted, name=name[:100], mistake=says(request, _WRONG), status=401)
    answer = web.HTTPSeeOther(wanted)
    if old:
        request.app[SESSIONS].end(old)
    set_cookie(request, answer, SESSION_COOKIE, login.token)
    raise answer


async def sign_out(request: web.Request) -> web.StreamResponse:
    """POST /logout"""
    answer = web.HTTPSeeOther("/login")
    if token := request.cookies.get(SESSION_COOKIE):
        request.app[SESSIONS].end(token)
        try:
            await request.app[LOGINS].logout(token)
        except AWAY as error:
            # This browser is signed out all the same; nobody else has the token.
            log.warning("a session could not be ended, it will expire", why=in_one_line(error))
    answer.del_cookie(SESSION_COOKIE, path="/")
    raise answer


async def choose_language(request: web.Request) -> web.StreamResponse:
    """POST /language"""
    form = await request.post()
    language = str(form.get("language", ""))
    if language not in LANGUAGES:
        raise web.HTTPBadRequest
    answer = web.HTTPSeeOther(own_path(str(form.get("back", "/"))))
    set_cookie(request, answer, LANGUAGE_COOKIE, language, max_age=_YEAR_S)
    raise answer


async def start_page(request: web.Request) -> web.StreamResponse:
    """GET /: the page where this role's work begins."""
    raise web.HTTPSeeOther(start_of(request) or "/account")
