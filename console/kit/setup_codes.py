"""Shows a phone's code for its settings: as the address that Linphone fetches, and as a QR code."""

import segno
from aiohttp import web
from markupsafe import Markup

from console.kit.context import INSTALLATION

PATH = "/phone-setup"


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
