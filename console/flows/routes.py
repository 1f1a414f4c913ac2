"""The routes of flows, and who may use them."""

from aiohttp import web

from console.flows import (
    check_pages,
    editor_pages,
    figures_pages,
    flow_list_pages,
    flow_test_pages,
    new_flow_pages,
    publish_pages,
    replay_pages,
    revision_pages,
    transfer_pages,
    trial_pages,
    try_pages,
)
from console.flows.imports_in_hand import prepare_imports
from console.flows.replay_runs import prepare_replays
from console.flows.tried_flow import prepare_trying
from console.kit.features import Entry, Feature, get, post, post_file
from console.kit.permissions import Only, Reach
from console.kit.translations import N_
from documents.document import FLOW
from domain.roles import Role
from publishing.flow_files import LARGEST_BYTES

FLOW_READERS = Only({Role.SUPERVISOR, Role.OPS, Role.ADMIN}, Reach.PROJECTS)
FLOW_CHANGERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)
LARGEST_TEXT = 4 * FLOW.characters
"""Bytes of a flow's text."""


def _prepare(app: web.Application) -> None:
    check_pages.prepare_checks(app)
    prepare_imports(app)
    prepare_replays(app)
    prepare_trying(app)


FLOW_PAGES = Feature(
    "flows",
    (
        get("/flows", flow_list_pages.flows_page, FLOW_READERS),
        get("/new-flow", new_flow_pages.new_flow_page, FLOW_CHANGERS),
        post("/new-flow", new_flow_pages.make_flow, FLOW_CHANGERS),
        get("/flows/{flow}", editor_pages.editor_page, FLOW_READERS),
        get("/flows/{flow}/draft", editor_pages.draft_now, FLOW_READERS),
        post_file("/flows/{flow}/draft", editor_pages.save_draft, FLOW_CHANGERS, LARGEST_TEXT),
        get("/flows/{flow}/publish", publish_pages.publish_page, FLOW_READERS),
        post("/flows/{flow}/publish", publish_pages.publish_flow, FLOW_CHANGERS),
        get("/flows/{flow}/revisions", revision_pages.revisions_page, FLOW_READERS),
        get("/flows/{flow}/difference", revision_pages.difference_page, FLOW_READERS),
        post("/flows/{flow}/roll-back", revision_pages.roll_back, FLOW_CHANGERS),
        post("/flows/{flow}/call-off", revision_pages.call_off, FLOW_CHANGERS),
        post("/flows/{flow}/retire", revision_pages.retire_flow, FLOW_CHANGERS),
        post("/flows/{flow}/throw-away", revision_pages.throw_away, FLOW_CHANGERS),
        get("/flows/{flow}/figures", figures_pages.figures_page, FLOW_READERS),
        get("/flows/{flow}/figures.json", figures_pages.figures_json, FLOW_READERS),
        get("/flows/{flow}/replay", replay_pages.replay_page, FLOW_READERS),
        post("/flows/{flow}/replay", replay_pages.begin_replay, FLOW_READERS),
        post("/flows/{flow}/replay/cancel", replay_pages.cancel_replay, FLOW_READERS),
        get("/flows/{flow}/try", try_pages.try_page, FLOW_READERS),
        post("/flows/{flow}/try", try_pages.try_step, FLOW_READERS),
        post("/flows/{flow}/try/keep", try_pages.keep_test, FLOW_CHANGERS),
        get("/flows/{flow}/trial", trial_pages.trial_now, FLOW_READERS),
        post("/flows/{flow}/trial", trial_pages.begin_trial, FLOW_CHANGERS),
        post("/flows/{flow}/trial/cancel", trial_pages.cancel_trial, FLOW_CHANGERS),
        get("/flows/{flow}/tests", flow_test_pages.tests_page, FLOW_READERS),
        post_file("/flows/{flow}/tests", flow_test_pages.save_tests, FLOW_CHANGERS, LARGEST_TEXT),
        post_file(
            "/flows/{flow}/tests/play", flow_test_pages.play_tests, FLOW_READERS, LARGEST_TEXT
        ),
        post_file("/flows/{flow}/check", check_pages.check_draft, FLOW_READERS, LARGEST_TEXT),
        get("/flows/{flow}/words", check_pages.editor_words, FLOW_READERS),
        get("/export-flows", transfer_pages.export_page, FLOW_READERS),
        get("/export-flows/flows.yaml", transfer_pages.export_file, FLOW_READERS),
        get("/import-flows", transfer_pages.import_page, FLOW_CHANGERS),
        post_file("/import-flows", transfer_pages.take_file, FLOW_CHANGERS, LARGEST_BYTES),
        get("/import-flows/{import}", transfer_pages.look_page, FLOW_CHANGERS),
        post("/import-flows/{import}", transfer_pages.look_or_take, FLOW_CHANGERS),
    ),
    Entry("/flows", "route", N_("Flows"), also=("/new-flow", "/export-flows", "/import-flows")),
    _prepare,
)
