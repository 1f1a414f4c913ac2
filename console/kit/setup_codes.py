"""Shows a phone's code for its settings: as the address that Linphone fetches, and as a QR code."""

from dataclasses import dataclass

import segno
from aiohttp import web
from markupsafe import Markup

from centre.phone_setups import PhoneWithoutPassword
from console.kit.context import INSTALLATION, PHONE_SETUPS, user_of
from storage.database_errors import AWAY

PATH = "/phone-setup"


@dataclass(frozen=True, slots=True)
class ShownSetup:
    """A code for a phone, to be shown once."""

    url: str
    drawn: Markup
    """The address as a QR code."""


async def new_setup(request: web.Request, station: str) -> ShownSetup | None:
    """A new code for a station's phone, made by the request's user; None if there can't be one now:
    it has no password, or the database is away."""
    try:
        code = await request.app[PHONE_SETUPS].offer(station, user_of(request).name)
    except PhoneWithoutPassword:
        return None
    except AWAY:  # the page must come all the same: it has the password
        return None
    url = setup_url(request, code)
    return ShownSetup(url, qr_code(url))


def setup_url(request: web.Request, code: str) -> str:
    """Where a phone fetches its settings with this code (``centre.phone_setups``)."""
    public_url = request.app[INSTALLATION].public_url
    origin = public_url.rstrip("/") if public_url else f"{request.scheme}://{request.host}"
    return f"{origin}{PATH}/{code}"


def qr_code(text: str) -> Markup:
    """A QR code as an SVG element for a page; it grows with its surroundings."""
    drawn = segno.make(text, error="m", micro=False)
    # Black on white whatever the page's theme: cameras look for dark on light.
    return Markup(  # noqa: S704 - of numbers and these colours alone
        drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr-code")
    )
