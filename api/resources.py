"""Lists what programs may ask for under ``/api/v1``, and which users may."""

from aiohttp import web

from api import flow_files_json, flows_json, rules_json, worklist_json
from api.board_json import board
from api.calls_json import calls
from api.flow_models import (
    ChangedAnswer,
    CheckAnswer,
    DraftAnswer,
    FlowList,
    ImportAnswer,
    RevisionItem,
    RevisionList,
)
from api.openapi import Operation, openapi
from api.rules_json import RuleList
from api.worklist_json import WorkItems, WorkTaken
from console.floor.working import WORKERS
from console.kit.features import Feature, get, post, post_file
from console.kit.permissions import EVERYBODY, READERS, WATCHERS, Only, Reach
from documents.document import FLOW
from domain.roles import Role
from publishing.flow_files import LARGEST_BYTES

FLOW_READERS = Only({Role.SUPERVISOR, Role.OPS, Role.ADMIN}, Reach.PROJECTS)
FLOW_CHANGERS = Only({Role.OPS, Role.ADMIN}, Reach.PROJECTS)
_FLOW = "/api/v1/flows/{flow}"
_ENTRY = {"kind": "voicemail, callback or missed", "ref": "which of them"}
_SEEN = {"seen": "the version of the draft that you have seen"}


async def described(_request: web.Request) -> web.Response:
    """This description of the API, as OpenAPI 3.1."""
    return web.json_response(openapi(API.routes, OPERATIONS))


API = Feature(
    "api",
    (
        get("/api/v1/openapi.json", described, Only(EVERYBODY, Reach.SELF)),
        get("/api/v1/board", board, WATCHERS),
        get("/api/v1/calls", calls, READERS),
        get("/api/v1/worklist", worklist_json.list_work, WORKERS),
        post("/api/v1/worklist/take", worklist_json.take_work, WORKERS),
        post("/api/v1/worklist/give-back", worklist_json.give_work_back, WORKERS),
        post("/api/v1/worklist/done", worklist_json.finish_work, WORKERS),
        post("/api/v1/worklist/undo", worklist_json.reopen_work, WORKERS),
        get("/api/v1/numbers/{number}/rules", rules_json.list_rules, FLOW_READERS),
        get("/api/v1/flows", flows_json.list_flows, FLOW_READERS),
        get(_FLOW, flows_json.read_draft, FLOW_READERS),
        post_file(_FLOW, flows_json.write_draft, FLOW_CHANGERS, 4 * FLOW.characters),
        get(f"{_FLOW}/check", flows_json.check_flow, FLOW_READERS),
        post(f"{_FLOW}/publish", flows_json.publish, FLOW_CHANGERS),
        get(f"{_FLOW}/revisions", flows_json.list_revisions, FLOW_READERS),
        get(f"{_FLOW}/revisions/{{number}}", flows_json.read_revision, FLOW_READERS),
        post(f"{_FLOW}/roll-back", flows_json.roll_back, FLOW_CHANGERS),
        post(f"{_FLOW}/call-off", flows_json.call_off, FLOW_CHANGERS),
        post(f"{_FLOW}/retire", flows_json.retire, FLOW_CHANGERS),
        get("/api/v1/flow-files", flow_files_json.export_flows, FLOW_READERS),
        post_file("/api/v1/flow-files", flow_files_json.import_flows, FLOW_CHANGERS, LARGEST_BYTES),
    ),
)
"""The same rules as those of the pages that show the same data."""

OPERATIONS = {
    ("GET", "/api/v1/openapi.json"): Operation(),
    ("GET", "/api/v1/board"): Operation(),
    ("GET", "/api/v1/calls"): Operation(),
    ("GET", "/api/v1/worklist"): Operation(
        WorkItems, query={"state": "open or done", "days": "how far back, from 1 to 90"}
    ),
    ("POST", "/api/v1/worklist/take"): Operation(WorkTaken, form=_ENTRY),
    ("POST", "/api/v1/worklist/give-back"): Operation(WorkTaken, form=_ENTRY),
    ("POST", "/api/v1/worklist/done"): Operation(
        WorkTaken, form={**_ENTRY, "note": "what came of it"}
    ),
    ("POST", "/api/v1/worklist/undo"): Operation(WorkTaken, form=_ENTRY),
    ("GET", "/api/v1/numbers/{number}/rules"): Operation(RuleList),
    ("GET", "/api/v1/flows"): Operation(FlowList),
    ("GET", _FLOW): Operation(DraftAnswer),
    ("POST", _FLOW): Operation(
        DraftAnswer,
        form={
            "seen": "the version of the draft that you have seen; 0 if the flow is new",
            "tests": "the text of its tests",
            "project": "of a new flow; empty: of all projects",
        },
        file="the flow's text",
    ),
    ("GET", f"{_FLOW}/check"): Operation(CheckAnswer),
    ("POST", f"{_FLOW}/publish"): Operation(
        ChangedAnswer,
        form={
            **_SEEN,
            "note": "why callers meet something else",
            "confirmed": "a warning's key; once for each",
            "at": "when, in ISO 8601 with its distance from UTC; empty: now",
        },
    ),
    ("GET", f"{_FLOW}/revisions"): Operation(RevisionList),
    ("GET", f"{_FLOW}/revisions/{{number}}"): Operation(RevisionItem),
    ("POST", f"{_FLOW}/roll-back"): Operation(ChangedAnswer, form={"number": "the revision's"}),
    ("POST", f"{_FLOW}/call-off"): Operation(ChangedAnswer, form={"plan": "the plan's number"}),
    ("POST", f"{_FLOW}/retire"): Operation(ChangedAnswer),
    ("GET", "/api/v1/flow-files"): Operation(
        query={"flow": "a flow; once for each, none: all", "what": "draft or met"}, yaml=True
    ),
    ("POST", "/api/v1/flow-files"): Operation(
        ImportAnswer,
        form={
            "project": "of flows that are new here; empty: of all projects",
            "names": 'what takes the place of names: {"queue": {"theirs": "ours"}}',
            "dry_run": "no: make the drafts; else only say what would be made",
        },
        file="the file of flows",
    ),
}
"""What each route takes and answers."""
