"""Gives a phone its settings for a code that is good once."""

import asyncio

import structlog
from aiohttp import web

from centre.linphone import SipServer, linphone_settings
from console.kit.context import PHONE_SETUPS, PHONES, RARELY
from console.kit.error_pages import RequestRefused, Trouble
from console.kit.translations import N_
from console.phone_setup.failed_tries import FailedTries
from telephony.asterisk.digests import REALM

log = structlog.get_logger()

FAILED: web.AppKey[FailedTries] = web.AppKey("failed_setups")

_SCAN_AGAIN = N_("In Linphone, choose to scan a QR code, and point it at the code on the page.")
NOT_LINPHONE = Trouble(
    400,
    "not_linphone",
    N_("This address is for Linphone"),
    N_("A browser can't use it. The code is still good."),
    _SCAN_AGAIN,
)
CODE_SPENT = Trouble(
    404,
    "code_spent",
    N_("This code is not good"),
    N_("It was used already, it is too old, or the phone's password has been renewed since."),
    N_("Ask whoever showed it to you for a new one."),
)
TOO_MANY = Trouble(
    429,
    "too_many_codes",
    N_("Too many wrong codes"),
    N_("More wrong codes came from your network than anybody mistypes."),
    N_("Wait a minute, then try again."),
)


def prepare(app: web.Application) -> None:
    """Adds the counter of wrong codes."""
    app[FAILED] = FailedTries()


async def answer(request: web.Request) -> web.StreamResponse:
    """GET /phone-setup/{code}: the settings, for Linphone alone; the code is spent with it."""
    if request.method != "GET":  # HEAD must not spend it
        raise web.HTTPMethodNotAllowed(request.method, ["GET"])
    if not _is_linphone(request):
        # A camera opens what it reads in a browser, and messengers fetch links for a preview.
        raise RequestRefused(NOT_LINPHONE)
    failed, address = request.app[FAILED], request.remote or ""
    now = asyncio.get_running_loop().time()
    if failed.blocked(address, now):
        before = request.app[RARELY].now("phone setup blocked", now)
        if before is not None:
            log.warning(
                "too many wrong codes for phones' settings; no more are tried for a while",
                address=address,
                not_logged_before=before,
            )
        raise RequestRefused(TOO_MANY)
    taken = await request.app[PHONE_SETUPS].take(request.match_info["code"], address)
    if taken is None:
        failed.failed(address, now)
        raise RequestRefused(CODE_SPENT)
    log.info("a phone fetched its settings", station=taken.station.name, address=address)
    phones = request.app[PHONES]
    server = SipServer(phones.host or request.url.host or "", phones.port, phones.tls_port, REALM)
    return web.Response(
        body=linphone_settings(taken.station, taken.digest, server),
        content_type="application/xml",
        charset="utf-8",
    )


def _is_linphone(request: web.Request) -> bool:
    # Old versions have only their name, and before they have read their settings not even that.
    agent = request.headers.get("User-Agent", "").lower()
    return "X-Linphone-Provisioning" in request.headers or "linphone" in agent or agent == "unknown"
