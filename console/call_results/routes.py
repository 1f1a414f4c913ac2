"""The routes of calls' results, and who may use them."""

from console.call_results import choice_pages, pages, skip_pages
from console.kit.features import Feature, get, post
from console.kit.permissions import Only, Reach
from domain.roles import Role

READERS = Only({Role.SUPERVISOR, Role.OPS, Role.ADMIN}, Reach.PROJECTS)
CHANGERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)

CALL_RESULTS = Feature(
    "call_results",
    (
        get("/results", pages.projects, READERS),
        get("/results/{project}", pages.page, READERS),
        get("/results/{project}/history", pages.history, READERS),
        get("/results/{project}/new", choice_pages.new_page, CHANGERS),
        post("/results/{project}/new", choice_pages.make, CHANGERS),
        get("/results/{project}/choices/{choice}", choice_pages.edit_page, CHANGERS),
        post("/results/{project}/choices/{choice}", choice_pages.change, CHANGERS),
        get("/results/{project}/skips", skip_pages.skips_page, CHANGERS),
        post("/results/{project}/skips", skip_pages.change_skips, CHANGERS),
        post("/results/{project}/move", pages.move, CHANGERS),
        post("/results/{project}/retire", pages.retire, CHANGERS),
        post("/results/{project}/usual", pages.put_usual_back, CHANGERS),
        post("/results/{project}/undo", pages.undo, CHANGERS),
    ),
)
