"""Checks every request: who asks, in which language, whether its form is ours and its role may."""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from aiohttp import web

from console.kit import csrf
from console.kit.access import check_reach
from console.kit.context import (
    FORM_COOKIE,
    INSTALLATION,
    LANGUAGE,
    LARGEST_FILES,
    RULE,
    RULES,
    SESSIONS,
    USER,
)
from console.kit.door import note
from console.kit.error_pages import FOREIGN, OLD_FORM, SIGNED_OUT, RequestRefused, wants_json
from console.kit.features import Answer
from console.kit.forms import check_head, read_form
from console.kit.permissions import Public, Rule, may
from console.kit.routing import key_of
from console.kit.translations import choose
from console.kit.uploads import UPLOAD, read_upload
from storage.database_errors import AWAY

SESSION_COOKIE = "offhook_session"
LANGUAGE_COOKIE = "offhook_language"
_METHODS = ("GET", "HEAD", "POST")


@web.middleware
async def check_request(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Lets a request through to its page, or refuses it."""
    resource = request.match_info.route.resource
    rule: Rule = Public()
    if resource is not None:
        rule = request.app[RULES][key_of(request.method, resource.canonical)]
    request[RULE] = rule
    check_head(request)
    if isinstance(rule, Public) and rule.bare:
        return await handler(request)
    accept = request.headers.get("Accept-Language", "")
    request[USER] = None
    request[LANGUAGE] = choose((request.cookies.get(LANGUAGE_COOKIE),), accept)
    visitor = request.cookies.get(csrf.VISITOR_COOKIE) or csrf.new_visitor()
    request[FORM_COOKIE] = visitor
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        try:
            user = await request.app[SESSIONS].user(token, request.remote or "")
        except AWAY:
            # Public pages are shown all the same; any other reports that the database is away.
            if not isinstance(rule, Public):
                raise
            user = None
        if user is not None:
            note(request, user.name)
            request[USER] = user
            request[FORM_COOKIE] = token
            request[LANGUAGE] = choose(
                (request.cookies.get(LANGUAGE_COOKIE), user.language), accept
            )
    if request.method not in _METHODS:  # CONNECT has no path at all, and would not be found
        raise web.HTTPMethodNotAllowed(request.method, _METHODS)
    if request.match_info.http_exception is not None:  # no such path, or not with this method
        raise request.match_info.http_exception
    asks = request.method not in ("GET", "HEAD") or "Upgrade" in request.headers
    if asks and not csrf.is_own_origin(request, request.app[INSTALLATION].public_url):
        raise RequestRefused(FOREIGN)
    if not may(request[USER], rule):
        if request[USER] is not None:
            raise web.HTTPForbidden
        return _sign_in(request)
    if request.method not in ("GET", "HEAD"):
        await _check_form(request)
    response = await handler(request)
    if response.status < 400:  # a refusal shows nothing
        check_reach(request)
    if request[FORM_COOKIE] == visitor != request.cookies.get(csrf.VISITOR_COOKIE):
        set_cookie(request, response, csrf.VISITOR_COOKIE, visitor)
    return response


async def _check_form(request: web.Request) -> None:
    resource = request.match_info.route.resource
    key = key_of(request.method, resource.canonical if resource else "")
    largest_file = request.app[LARGEST_FILES].get(key)
    if largest_file is None:
        form: Mapping[str, str] = await read_form(request)
    else:
        request[UPLOAD] = await read_upload(request, largest_file)
        form = request[UPLOAD].fields
    sent = request.headers.get(csrf.HEADER)
    if sent is None:
        sent = form.get(csrf.FORM_FIELD)
    cookie = request.cookies.get(SESSION_COOKIE if request[USER] else csrf.VISITOR_COOKIE)
    if not csrf.is_genuine(cookie, sent):
        raise RequestRefused(OLD_FORM)


def _sign_in(request: web.Request) -> web.StreamResponse:
    if wants_json(request):
        raise RequestRefused(SIGNED_OUT)
    here = str(request.rel_url) if request.method == "GET" else "/"
    where = "/login" if here == "/" else f"/login?next={quote(here, safe='')}"
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.method == "GET":
        # The user followed a link from elsewhere: strict cookies come only with a step that
        # begins here. If there is no session either, that step leads to the login.
        again = f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(here)}">'
        return web.Response(text=again, content_type="text/html")
    if "HX-Request" in request.headers:
        return web.Response(status=401, headers={"HX-Redirect": where})
    raise web.HTTPSeeOther(where)


def set_cookie(
    request: web.Request,
    response: web.StreamResponse,
    name: str,
    value: str,
    max_age: int | None = None,
) -> None:
    """Sets a cookie that scripts can't read and other sites can't use."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=(request.app[INSTALLATION].public_url or "").startswith("https:"),
    )
