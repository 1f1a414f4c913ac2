"""Serves flows as JSON: drafts, checks, publishing, revisions."""

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from api.flow_answers import answered, api_actor, bad, fault_items, refused_with, whole_number
from api.flow_models import (
    ChangedAnswer,
    CheckAnswer,
    CoverageItem,
    DraftAnswer,
    FlowItem,
    FlowList,
    PeriodItem,
    PlanItem,
    RevisionItem,
    RevisionList,
)
from console.kit.context import FLOW_DRAFTS, FLOW_HISTORY, PUBLICATIONS, lacks_project
from console.kit.features import Answer
from console.kit.uploads import UPLOAD
from publishing.flow_history import difference
from publishing.flow_words import FlowDraft, FlowRefused, FlowRevision

LONGEST_NOTE = 1000


def refusing(answer: Answer) -> Answer:
    """An answer that says why nothing was changed, if a service refuses."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await answer(request)
        except FlowRefused as refused:
            return refused_with(request, refused)

    guarded.__doc__ = answer.__doc__
    return guarded


@refusing
async def list_flows(request: web.Request) -> web.Response:
    """The flows of the user's projects, and those of all."""
    found = await request.app[FLOW_DRAFTS].all(api_actor(request))
    items = [
        FlowItem(
            flow=one.flow,
            project=one.project,
            version=one.version,
            changed_at=one.changed_at,
            changed_by=one.changed_by,
            revision=one.number,
            published_at=one.published_at,
            published_by=one.published_by,
            edited=one.edited,
            due_at=one.due_at,
            retired=one.retired,
        )
        for one in found
    ]
    return answered(FlowList(flows=items))


@refusing
async def read_draft(request: web.Request) -> web.Response:
    """The draft of a flow."""
    return _draft(await request.app[FLOW_DRAFTS].of(api_actor(request), _flow(request)))


@refusing
async def write_draft(request: web.Request) -> web.Response:
    """Put a text in place of the draft's version ``seen``; 0 begins a flow, in ``project``.
    Without ``tests``, they stay as they are."""
    upload, actor, drafts = request[UPLOAD], api_actor(request), request.app[FLOW_DRAFTS]
    seen = whole_number(upload.fields.get("seen", ""))
    try:
        text = upload.data.decode()
    except UnicodeDecodeError:
        return bad("not_utf_8")
    if seen is None:
        return bad("bad_field", "seen")
    tests = upload.fields.get("tests")
    if seen == 0:
        project = upload.fields.get("project", "")
        if actor.everywhere and lacks_project(request, project):
            return bad("bad_field", "project")
        made = await drafts.add(actor, project, _flow(request), text, tests or "")
        return _draft(made)
    if tests is None:
        tests = (await drafts.of(actor, _flow(request))).tests
    return _draft(await drafts.save(actor, _flow(request), seen, text, tests))


@refusing
async def check_flow(request: web.Request) -> web.Response:
    """What stands between the draft and its publication."""
    found = await request.app[PUBLICATIONS].prospect(api_actor(request), _flow(request))
    played, met = found.played, "" if found.met is None else found.met.text
    failed = [] if played is None else list(played.faults)
    if found.tests_fault is not None:
        failed = [found.tests_fault, *found.tests_fault.others]
    coverage = None
    if played is not None:
        coverage = CoverageItem(
            taken=len(played.coverage.taken),
            all=len(played.coverage.all),
            missed=[f"{node}.{exit}" for node, exit in played.coverage.missed],
        )
    differs = await asyncio.to_thread(difference, met, found.draft.text, ("met", "draft"))
    return answered(
        CheckAnswer(
            flow=found.draft.flow,
            version=found.draft.version,
            revision=None if found.met is None else found.met.number,
            ready=found.ready,
            errors=fault_items(request, found.checked.errors),
            warnings=fault_items(request, found.checked.warnings),
            tests=0 if played is None else len(played.tests),
            failed=fault_items(request, failed),
            coverage=coverage,
            breaks="" if found.refused is None else found.refused.about,
            difference=list(differs),
        )
    )


@refusing
async def publish(request: web.Request) -> web.Response:
    """Publish the draft's version ``seen``: now, or at the time ``at``. Each warning's key is sent
    as ``confirmed``."""
    form, actor, flow = await request.post(), api_actor(request), _flow(request)
    seen = whole_number(form.get("seen", ""))
    if seen is None:
        return bad("bad_field", "seen")
    note = str(form.get("note", ""))[:LONGEST_NOTE]
    confirmed = [str(one) for one in form.getall("confirmed", ())]
    publications = request.app[PUBLICATIONS]
    if not (typed := str(form.get("at", ""))):
        made = await publications.publish(actor, flow, seen, note, confirmed)
        return answered(ChangedAnswer(flow=flow, revision=made.number))
    try:
        at = datetime.fromisoformat(typed)
        if at.tzinfo is None:
            said = "at: say its distance from UTC, as in 2026-12-31T00:00:00+08:00"
            return bad("bad_field", said)
        due = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return bad("bad_field", "at")
    plan = await publications.plan(actor, flow, seen, note, due, confirmed)
    return answered(ChangedAnswer(flow=flow, revision=plan.number, plan=plan.id))


@refusing
async def list_revisions(request: web.Request) -> web.Response:
    """The revisions of a flow, when calls met which, and what is planned."""
    publications, actor, flow = request.app[PUBLICATIONS], api_actor(request), _flow(request)
    history = request.app[FLOW_HISTORY]
    periods = await history.periods(actor, flow)
    planned = await publications.planned(actor, flow)
    return answered(
        RevisionList(
            flow=flow,
            revisions=[_revision(one) for one in await history.revisions(actor, flow)],
            periods=[
                PeriodItem(
                    revision=one.number, since=one.since, until=one.until, by=one.by, why=one.why
                )
                for one in periods
            ],
            planned=[
                PlanItem(plan=one.id, revision=one.number, due_at=one.due_at, by=one.by)
                for one in planned
            ],
        )
    )


@refusing
async def read_revision(request: web.Request) -> web.Response:
    """One revision, with its text and its tests."""
    actor, number = api_actor(request), whole_number(request.match_info["number"])
    if number is None:
        raise web.HTTPNotFound
    found = await request.app[FLOW_HISTORY].revision(actor, _flow(request), number)
    return answered(_revision(found, whole=True))


@refusing
async def roll_back(request: web.Request) -> web.Response:
    """Let calls meet an old revision again."""
    actor, number = api_actor(request), whole_number((await request.post()).get("number", ""))
    if number is None:
        return bad("bad_field", "number")
    flow = _flow(request)
    made = await request.app[PUBLICATIONS].roll_back(actor, flow, number)
    return answered(ChangedAnswer(flow=flow, revision=made.number))


@refusing
async def call_off(request: web.Request) -> web.Response:
    """Don't publish a planned revision after all."""
    actor, plan = api_actor(request), whole_number((await request.post()).get("plan", ""))
    if plan is None:
        return bad("bad_field", "plan")
    await request.app[PUBLICATIONS].call_off(actor, _flow(request), plan)
    return answered(ChangedAnswer(flow=_flow(request), plan=plan))


@refusing
async def retire(request: web.Request) -> web.Response:
    """Let no new call meet the flow any more."""
    await request.app[PUBLICATIONS].retire(api_actor(request), _flow(request))
    return answered(ChangedAnswer(flow=_flow(request)))


def _flow(request: web.Request) -> str:
    return request.match_info["flow"]


def _draft(draft: FlowDraft) -> web.Response:
    return answered(
        DraftAnswer(
            flow=draft.flow,
            project=draft.project,
            text=draft.text,
            tests=draft.tests,
            version=draft.version,
            changed_at=draft.changed_at,
            changed_by=draft.changed_by,
            retired=draft.retired,
        )
    )


def _revision(one: FlowRevision, *, whole: bool = False) -> RevisionItem:
    return RevisionItem(
        number=one.number,
        at=one.at,
        by=one.by,
        note=one.note,
        warnings=list(one.warnings),
        text=one.text if whole else None,
        tests=one.tests if whole else None,
    )
