"""What the pages of calls' ways through flows are built on."""

from dataclasses import dataclass

from aiohttp import web

from records.flow_figures import FlowFigureStore
from records.flow_ways import FlowWayStore


@dataclass(frozen=True, slots=True)
class WayServices:
    """The services behind the pages."""

    figures: FlowFigureStore
    ways: FlowWayStore


WAY_SERVICES: web.AppKey[WayServices] = web.AppKey("way_services")
