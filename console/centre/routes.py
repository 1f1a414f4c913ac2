"""The directory's routes: who may open its pages; ``centre.authority`` says who may change what."""

from console.centre import (
    first_steps_pages,
    history_pages,
    matrix_pages,
    overview_page,
    pages,
    panel_pages,
    removal_pages,
    sheet_pages,
    thing_pages,
)
from console.centre.sheets_in_hand import prepare
from console.kit.features import Entry, Feature, get, post, post_file
from console.kit.permissions import Only, Reach
from console.kit.translations import N_
from documents.sheets import MOST_BYTES
from domain.roles import Role

LEADERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)
"""Who sets a centre up."""
CHANGERS = Only({Role.SUPERVISOR, Role.OPS, Role.ADMIN}, Reach.PROJECTS)

CENTRE = Feature(
    "centre",
    (
        get("/centre", overview_page.overview, CHANGERS),
        get("/centre/first-steps", first_steps_pages.page, LEADERS),
        get("/centre/history", history_pages.history_page, CHANGERS),
        get("/centre/history/{change}", history_pages.change_page, CHANGERS),
        post("/centre/history/{change}/undo", history_pages.undo, CHANGERS),
        get("/centre/agents-sheet", sheet_pages.choose_page, CHANGERS),
        post_file("/centre/agents-sheet", sheet_pages.upload, CHANGERS, MOST_BYTES),
        get("/centre/agents-sheet/files/{file}", sheet_pages.export, CHANGERS),
        get("/centre/agents-sheet/{sheet}", sheet_pages.sheet_page, CHANGERS),
        post("/centre/agents-sheet/{sheet}/look", sheet_pages.look_again, CHANGERS),
        post("/centre/agents-sheet/{sheet}/take", sheet_pages.confirm, CHANGERS),
        post("/centre/agents-sheet/{sheet}/access", sheet_pages.hand_out, CHANGERS),
        get("/centre/matrix", matrix_pages.matrix_page, CHANGERS),
        post("/centre/matrix", matrix_pages.save_levels, CHANGERS),
        get("/centre/new/{kind}", thing_pages.new_page, CHANGERS),
        post("/centre/new/{kind}", thing_pages.create, CHANGERS),
        get("/centre/{kind}", pages.list_page, CHANGERS),
        get("/centre/{kind}/{key}", thing_pages.edit_page, CHANGERS),
        post("/centre/{kind}/{key}", thing_pages.save, CHANGERS),
        get("/centre/{kind}/{key}/remove", removal_pages.removal_page, CHANGERS),
        post("/centre/{kind}/{key}/remove", removal_pages.remove, CHANGERS),
        post("/centre/{kind}/{key}/secret", thing_pages.renew, CHANGERS),
        get("/centre/agent/{agent}/panel", panel_pages.panel, CHANGERS),
        post("/centre/agent/{agent}/panel", panel_pages.save_panel, CHANGERS),
        get("/centre/{kind}/{key}/history", history_pages.thing_history_page, CHANGERS),
    ),
    Entry("/centre", "server", N_("Centre")),
    prepare,
)
