"""Finds static files: icons, and URLs with a version for caching.

``static/app`` and ``static/vendor`` here are for all pages; a feature's own are in its ``static``.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).parent / "static"
_CONSOLE = Path(__file__).parents[1]
_ICONS = STATIC / "vendor" / "icons"


def static_folder(feature: str) -> Path:
    """Where a feature keeps its scripts, if it has any."""
    return _CONSOLE / feature / "static"


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
    """The URL of a static file; it changes with the content, so browsers may cache it for ever."""
    first, _, rest = path.partition("/")
    file = STATIC / path if (STATIC / first).is_dir() else static_folder(first) / rest
    digest = sha256(file.read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"
