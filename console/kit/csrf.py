"""Proves that a form came from the console: by a token bound to the session, and by Origin.

The token is an HMAC of the cookie that the browser holds, so it needs no store and survives a
restart. The login form, which has no session yet, is bound to a cookie of its own.
"""

import hmac
import secrets

from aiohttp import web

FORM_FIELD = "csrf"
HEADER = "X-CSRF-Token"
VISITOR_COOKIE = "offhook_visitor"


def token_for(cookie: str) -> str:
    """The token that belongs to a cookie's value."""
    return hmac.new(cookie.encode("utf-8", "replace"), b"offhook form", "sha256").hexdigest()


def new_visitor() -> str:
    """A value for the cookie of somebody who hasn't signed in."""
    return secrets.token_urlsafe(24)


def is_genuine(cookie: str | None, sent: str | None) -> bool:
    """Whether ``sent`` is the token of ``cookie``; False if either is missing."""
    if not cookie or not sent:
        return False
    return hmac.compare_digest(token_for(cookie).encode(), sent.encode("utf-8", "replace"))


def is_own_origin(request: web.Request, public_url: str | None) -> bool:
    """Whether the request comes from one of the console's own pages, as browsers report it.

    Browsers send Origin with every POST and websocket. A client that sends neither Origin nor
    Sec-Fetch-Site is not a browser, so no browser's cookie can be abused through it.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") in (None, "same-origin", "none")
    return origin in (public_url, f"https://{request.host}", f"http://{request.host}")
