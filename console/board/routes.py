"""The board's routes, and who may use them."""

from console.board import pages
from console.kit.features import Entry, Feature, get, post
from console.kit.permissions import WATCHERS, Only, Reach
from console.kit.translations import N_
from domain.roles import Role

FLOOR = Only({Role.SUPERVISOR, Role.ADMIN}, Reach.PROJECTS)

BOARD = Feature(
    "board",
    (
        get("/board", pages.page, WATCHERS),
        get("/board/live", pages.live, WATCHERS),
        post("/agents/{agent}/{verb}", pages.command, FLOOR),
    ),
    Entry("/board", "layout-dashboard", N_("Live board"), start_of=WATCHERS.roles),
)
