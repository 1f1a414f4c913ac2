"""What the pages of calls' ways through flows are built on."""

from dataclasses import dataclass

from aiohttp import web

from records.flow_figures import FlowFigureStore


@dataclass(frozen=True, slots=True)
class WayServices:
    """The services behind the pages."""

    figures: FlowFigureStore


WAY_SERVICES: web.AppKey[WayServices] = web.AppKey("way_services")
