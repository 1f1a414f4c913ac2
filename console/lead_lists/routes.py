"""The routes of lists of leads, and who may use them."""

from campaigns.list_reader import LIST_LIMITS
from console.kit.features import Entry, Feature, get, post, post_file
from console.kit.permissions import WATCHERS, Only, Reach
from console.kit.translations import N_
from console.lead_lists import (
    do_not_call_pages,
    import_pages,
    lists_pages,
    rejected_pages,
    typed_lead_pages,
)
from domain.roles import Role

PAUSERS = Only({Role.SUPERVISOR, Role.OPS, Role.ADMIN}, Reach.PROJECTS)
CHANGERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)

LEAD_LISTS = Feature(
    "lead_lists",
    (
        get("/lists", lists_pages.page, WATCHERS),
        post("/lists", lists_pages.make, CHANGERS),
        get("/lists/{list}", lists_pages.list_page, WATCHERS),
        post("/lists/{list}/state", lists_pages.move, PAUSERS),
        post("/lists/{list}/settings", lists_pages.change, CHANGERS),
        get("/lists/{list}/new", typed_lead_pages.page, CHANGERS),
        post("/lists/{list}/new", typed_lead_pages.add, CHANGERS),
        post_file("/lists/{list}/upload", import_pages.upload, CHANGERS, LIST_LIMITS.bytes),
        get("/lists/imports/{import}", import_pages.page, WATCHERS),
        post("/lists/imports/{import}/begin", import_pages.begin, CHANGERS),
        post("/lists/imports/{import}/resume", import_pages.resume, CHANGERS),
        post("/lists/imports/{import}/undo", import_pages.undo, CHANGERS),
        get("/lists/imports/{import}/rejected/{kind}", rejected_pages.rejected, WATCHERS),
        get("/do-not-call", do_not_call_pages.page, PAUSERS),
        post("/do-not-call", do_not_call_pages.add, PAUSERS),
        post_file("/do-not-call/upload", do_not_call_pages.upload, CHANGERS, LIST_LIMITS.bytes),
        get("/do-not-call/file/{kind}", do_not_call_pages.file, PAUSERS),
        post("/do-not-call/remove", do_not_call_pages.take_off, CHANGERS),
    ),
    Entry("/lists", "list-details", N_("Lists")),
)
