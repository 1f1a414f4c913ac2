"""A decision's reason in the viewer's language."""

from collections.abc import Mapping

from aiohttp import web

from console.kit.rendering import says


def reason_text(request: web.Request, reason: str | None, figures: Mapping[str, object]) -> str:
    """Why so many numbers were dialled, in the viewer's language."""
    if reason is None:
        return ""
    try:
        return says(request, reason).format_map(figures)
    except (KeyError, ValueError, IndexError, TypeError, AttributeError):
        return reason  # a figure is missing or isn't a number: an older version's, say
