"""The tests of a flow's draft: written in the page, played there, with the exits that they take."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from console.flows import words
from console.flows.drafts_here import flow_actor, flow_of, flow_refusal, may_change_flow
from console.flows.fault_words import fault_text
from console.flows.flow_pictures import kinds_drawn, picture_of
from console.flows.flow_tabs import flow_tabs
from console.flows.trial_pages import trial_values
from console.flows.tried_flow import TRYING, TriedFlow, painted_way, tried_flow
from console.kit.context import FLOW_DRAFTS
from console.kit.rendering import render, rendered, says
from console.kit.uploads import UPLOAD
from documents.document_errors import DocumentError
from ivr_flows.kind import NameOf
from ivr_flows.nodes.hangup import HangupNode
from ivr_flows.steps import LookUpFault, QueueExit
from ivr_flows.trying.playing import Coverage, coverage_of, play_all
from ivr_flows.trying.scripts import ScriptSettings, ScriptStep, load_scripts
from publishing.flow_words import FlowDraft, FlowRefused


@dataclass(frozen=True, slots=True)
class TestCame:
    """What came of one test; ``line`` is where it went wrong."""

    name: str
    passed: bool
    line: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class TestsCame:
    """What came of playing a text of tests. ``faults`` are its own, and then nothing was played."""

    results: tuple[TestCame, ...] = ()
    faults: tuple[tuple[int, str], ...] = ()
    coverage: Coverage | None = None
    has_errors: bool = False
    """The draft of the flow has."""
    empty: bool = False
    """There are no tests."""
    painted: Mapping[str, Any] | None = None
    """What the picture shows of all of them together."""

    @property
    def failed(self) -> int:
        """How many tests."""
        return sum(not one.passed for one in self.results)


async def tests_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/tests"""
    draft = await flow_of(request)
    values = {
        "flow": draft.flow,
        "tabs": flow_tabs(request),
        "draft": draft,
        "may_change": may_change_flow(request, draft),
        "words": words,
        "drawn": {
            "picture": await asyncio.to_thread(picture_of, request, draft.text, draft.flow),
            "kinds": kinds_drawn(request),
        },
        "written": await _written(request, draft),
        **trial_values(request, draft),
        **await _values(request, draft, draft.tests),
    }
    return render(request, "flows/tests.html", values)


async def play_tests(request: web.Request) -> web.Response:
    """POST /flows/{flow}/tests/play: the text of the tests as a file; what comes of them with the
    draft as it is saved, as a part of the page"""
    draft = await flow_of(request)
    return render(request, "flows/_played.html", await _values(request, draft, _text_of(request)))


async def save_tests(request: web.Request) -> web.Response:
    """POST /flows/{flow}/tests: seen (the draft's version), and the text of the tests as a file"""
    before, upload = await flow_of(request), request[UPLOAD]
    seen = upload.fields.get("seen", "")
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 10):
        raise web.HTTPBadRequest
    text = _text_of(request)
    try:
        saved = await request.app[FLOW_DRAFTS].save(
            flow_actor(request), before.flow, int(seen), before.text, text
        )
    except FlowRefused as refused:
        answer = {"ok": False, "message": flow_refusal(request, refused)}
        return web.json_response(answer, status=409)
    part = rendered(request, "flows/_played.html", await _values(request, saved, text))
    return web.json_response({"ok": True, "version": saved.version, "played": part})


async def _written(request: web.Request, draft: FlowDraft) -> dict[str, Any]:
    """What can be written into tests, for the page to offer."""
    flow = (await tried_flow(request, draft)).flow

    def named(model: type[BaseModel]) -> list[dict[str, str]]:
        return [
            {"name": name, "about": says(request, field.description or "")}
            for name, field in model.model_fields.items()
        ]

    values: dict[str, Sequence[str]] = {
        "queue": [each.value for each in QueueExit if each is not QueueExit.KEY],
        "fails": list(LookUpFault),
        "books": ["true", "false"],
        **dict.fromkeys(("silent", "hangs_up", "unrecorded", "menu", "agent_found"), ("true",)),
    }
    if flow is not None:
        ends = {
            node.settings.why
            for node in flow.nodes.values()
            if isinstance(node.settings, HangupNode)
        }
        values |= {
            "hears": sorted(flow.prompts),
            "waits_in": sorted(flow.queues),
            "transfers_to": sorted({said.name for _, said in flow.mentions(NameOf.AGENT)}),
            "ends": sorted(ends | {"done", "hung_up"}),
        }
    return {"steps": named(ScriptStep), "settings": named(ScriptSettings), "values": values}


def _text_of(request: web.Request) -> str:
    try:
        return request[UPLOAD].data.decode()
    except UnicodeDecodeError:
        raise web.HTTPBadRequest from None


async def _values(request: web.Request, draft: FlowDraft, text: str) -> dict[str, Any]:
    tried = await tried_flow(request, draft)
    async with request.app[TRYING]:
        found = await asyncio.to_thread(_played, request, tried, draft.flow, text)
    saved = text == draft.tests and may_change_flow(request, draft)
    return {"flow": draft.flow, "run": found, "callable": saved}


def _played(request: web.Request, tried: TriedFlow, name: str, text: str) -> TestsCame:
    flow = tried.flow
    if flow is None:
        return TestsCame(has_errors=True)
    if not text.strip():
        return TestsCame(empty=True, coverage=coverage_of(flow, ()), painted={})
    try:
        scripts = load_scripts(text, f"{name}.tests.yaml")
    except DocumentError as error:
        every = (error, *error.others)
        return TestsCame(faults=tuple((one.line, fault_text(request, one)) for one in every))
    came = play_all(flow, scripts, tried.others)
    if came.not_its is not None:
        return TestsCame(faults=((came.not_its.line, fault_text(request, came.not_its)),))
    results = [
        TestCame(one.name, True)
        if one.fault is None
        else TestCame(one.name, False, one.fault.line, fault_text(request, one.fault))
        for one in came.tests
    ]
    way = [left for one in came.tests for left in one.way]
    return TestsCame(tuple(results), coverage=came.coverage, painted=painted_way(flow, way))
