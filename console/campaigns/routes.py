"""The routes of campaigns, and who may use them."""

from console.campaigns import (
    attempt_list_pages,
    callback_pages,
    campaign_pages,
    form_pages,
    lead_pages,
    list_pages,
    test_call_pages,
    watch_pages,
    why_pages,
)
from console.campaigns.look_overs import prepare
from console.kit.features import Entry, Feature, get, post
from console.kit.permissions import WATCHERS, Only, Reach
from console.kit.translations import N_
from domain.roles import Role

CHANGERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)
DRIVERS = Only({Role.SUPERVISOR, Role.OPS, Role.ADMIN}, Reach.PROJECTS)

CAMPAIGNS = Feature(
    "campaigns",
    (
        get("/campaigns", list_pages.page, WATCHERS),
        get("/campaigns/new", form_pages.new_page, CHANGERS),
        post("/campaigns/new", form_pages.make, CHANGERS),
        get("/campaigns/{campaign}", campaign_pages.page, WATCHERS),
        get("/campaigns/{campaign}/now", campaign_pages.now, WATCHERS),
        post("/campaigns/{campaign}/state", campaign_pages.move, DRIVERS),
        get("/campaigns/{campaign}/chart", watch_pages.chart, WATCHERS),
        get("/alarms", watch_pages.alarms, DRIVERS),
        post("/campaigns/{campaign}/test-call", test_call_pages.place, DRIVERS),
        get("/campaigns/{campaign}/test-call", test_call_pages.result, DRIVERS),
        get("/campaigns/{campaign}/why", why_pages.page, WATCHERS),
        post("/campaigns/{campaign}/look-over", why_pages.look_again, DRIVERS),
        get("/campaigns/{campaign}/leads", why_pages.held, WATCHERS),
        get("/campaigns/{campaign}/attempts", attempt_list_pages.attempts, WATCHERS),
        get("/campaigns/{campaign}/attempts.{kind}", attempt_list_pages.attempts_file, WATCHERS),
        get("/attempts", attempt_list_pages.all_attempts, WATCHERS),
        get("/attempts.{kind}", attempt_list_pages.all_attempts_file, WATCHERS),
        get("/campaigns/{campaign}/decisions", attempt_list_pages.decisions, WATCHERS),
        get("/callbacks", callback_pages.page, DRIVERS),
        post("/callbacks/{lead}/move", callback_pages.move, DRIVERS),
        post("/callbacks/{lead}/pass-on", callback_pages.pass_on, DRIVERS),
        post("/callbacks/{lead}/cancel", callback_pages.cancel, DRIVERS),
        post("/callbacks/changes/{change}/take-back", callback_pages.take_back, DRIVERS),
        get("/leads/{lead}", lead_pages.page, WATCHERS),
        post("/leads/{lead}/state", lead_pages.move, DRIVERS),
        get("/campaigns/{campaign}/settings", form_pages.settings_page, CHANGERS),
        post("/campaigns/{campaign}/settings", form_pages.change, CHANGERS),
        post("/campaigns/{campaign}/remove", form_pages.remove, CHANGERS),
        get("/campaigns/{campaign}/history", list_pages.history, DRIVERS),
        post("/campaigns/{campaign}/undo", form_pages.undo, CHANGERS),
    ),
    Entry(
        "/campaigns",
        "phone-call",
        N_("Campaigns"),
        also=("/attempts", "/callbacks", "/leads", "/results"),
    ),
    prepare,
)
