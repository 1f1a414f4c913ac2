"""Third-party files in ``static/vendor``: read for icons, and named with a version for caching."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).parent / "static"
_ICONS = STATIC / "vendor" / "icons"


@cache
def icon(name: str) -> Markup:
    """An icon as inline SVG; it takes the colour of the text. KeyError if it isn't vendored."""
    path = _ICONS / f"{name}.svg"
    if not path.is_file():
        raise KeyError(f"icon {name!r} is not in console/kit/static/vendor/icons; see VENDOR.md")
    svg = path.read_text("utf-8").replace("<svg", '<svg aria-hidden="true"', 1)
    return Markup(" ".join(svg.split()))  # noqa: S704 - our own checked file


@cache
def asset(path: str) -> str:
    """The address of a static file; it changes with the content, so it may be cached for ever."""
    digest = sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"
