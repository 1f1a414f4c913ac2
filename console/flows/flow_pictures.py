"""A flow's picture for a page: what ``static/flow_picture.js`` draws.

A page makes ``new FlowPicture(place, {kinds, texts, label, on})`` of ``kinds_drawn`` and
``words.EDITOR_TEXTS``, calls ``draw(picture)``, and may lay figures over it with ``paint({node:
{entered, text, exits: {exit: number}}})``. It links ``flows/editor.css``.
"""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from console.flows import words
from console.kit.context import LANGUAGE
from console.kit.rendering import says
from console.kit.vendored import icon
from ivr_flows.sketch import FlowSketch, read_round_faults, sketch


def picture_of(request: web.Request, text: str, flow: str) -> dict[str, Any] | None:
    """The picture of a text, with prompts in the user's language; None: it can't be read. Half a
    second of work for the largest text."""
    document, _ = read_round_faults(text, f"{flow}.yaml")
    return None if document is None else picture_json(sketch(document, request[LANGUAGE]))


def picture_json(drawn: FlowSketch) -> dict[str, Any]:
    """The picture as JSON."""
    return asdict(drawn)


def kinds_drawn(request: web.Request) -> list[dict[str, str]]:
    """The kinds of nodes as they are drawn."""
    return [
        {"name": name, "title": says(request, title), "icon": icon(words.KIND_ICONS[name])}
        for name, title in words.KIND_TITLES.items()
    ]
