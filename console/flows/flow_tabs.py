"""The tabs of a flow: one line for each of its pages, shown above all of them."""

from dataclasses import dataclass

from aiohttp import web

from console.kit.access import can
from console.kit.context import RULES
from console.kit.translations import N_


@dataclass(frozen=True, slots=True)
class FlowTab:
    """A page of a flow. ``path`` is its route's."""

    path: str
    icon: str
    label: str
    """Marked with ``N_``."""


FLOW_TABS = (
    FlowTab("/flows/{flow}", "pencil", N_("Edit")),
    FlowTab("/flows/{flow}/try", "player-play", N_("Try")),
    FlowTab("/flows/{flow}/tests", "circle-check", N_("Tests")),
    FlowTab("/flows/{flow}/publish", "send", N_("Publish")),
    FlowTab("/flows/{flow}/revisions", "history", N_("Revisions")),
    FlowTab("/flows/{flow}/figures", "chart-bar", N_("Figures")),
    FlowTab("/flows/{flow}/replay", "refresh", N_("Replay")),
)
"""In their order. A tab whose page isn't there, or isn't for the user's role, is left out."""


def flow_tabs(request: web.Request) -> list[FlowTab]:
    """The tabs that the user may open. A flow's page hands them to ``flows/_tabs.html`` as
    ``tabs``, with the flow's name as ``flow``; the tab of the page itself is marked."""
    rules = request.app[RULES]
    return [
        tab for tab in FLOW_TABS if ("GET", tab.path) in rules and can(request, "GET", tab.path)
    ]
