"""Looks at the text in the editor: what is wrong with it, and what it looks like as a picture."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from console.flows import words
from console.flows.drafts_here import flow_of, may_change_flow
from console.flows.editor_pages import text_sent
from console.flows.flow_pictures import kinds_drawn, picture_json
from console.kit.context import LANGUAGE, PUBLICATIONS, user_of
from console.kit.rendering import says, translate
from console.kit.uploads import UPLOAD
from documents.document import FLOW
from documents.document_errors import DID_YOU_MEAN, DocumentError
from documents.sentence import Sentence, sentence
from ivr_flows.kind import NameOf
from ivr_flows.loader import Checked, check, check_document
from ivr_flows.references import Outside
from ivr_flows.sketch import FlowSketch, read_round_faults, sketch
from ivr_flows.vocabulary import FieldWords, FlowVocabulary, vocabulary

MOST_SHOWN = 200
"""Faults of a text, and warnings."""

_CHECKING: web.AppKey[asyncio.Semaphore] = web.AppKey("checking")
_NEWEST: web.AppKey[dict[tuple[str, str, str], object]] = web.AppKey("newest_checks")
"""The newest check that a page waits for: by user, flow and page."""


def prepare_checks(app: web.Application) -> None:
    """Let one text at a time be checked: it is work for a processor, and calls go first."""
    app[_CHECKING] = asyncio.Semaphore(1)
    app[_NEWEST] = {}


async def check_draft(request: web.Request) -> web.Response:
    """POST /flows/{flow}/check: the text as a file, and page, which tells a user's pages apart.

    As JSON: errors and warnings (line, column, text, remedy), and the picture (null: the text can't
    be read, so the one before stays). A page that asks again before its turn has come gets an
    answer to its last question only.
    """
    draft, text = await flow_of(request), text_sent(request)
    outside = await request.app[PUBLICATIONS].surroundings(draft.project, draft.flow)
    newest, mine = request.app[_NEWEST], object()
    page = (user_of(request).name, draft.flow, request[UPLOAD].fields.get("page", "")[:40])
    newest[page] = mine
    async with request.app[_CHECKING]:
        if newest.get(page) is not mine:
            return web.json_response({"ok": False, "message": ""}, status=409)
        del newest[page]
        found, drawn = await asyncio.to_thread(
            _looked_at, text, draft.flow, outside, request[LANGUAGE]
        )

    def told(faults: Iterable[DocumentError]) -> list[dict[str, Any]]:
        return [_told(fault, request[LANGUAGE]) for fault in [*faults][:MOST_SHOWN]]

    answer = {
        "ok": True,
        "errors": told(found.errors),
        "warnings": told(found.warnings),
        "picture": None if drawn is None else picture_json(drawn),
    }
    return web.json_response(answer)


def _looked_at(
    text: str, name: str, outside: Outside, language: str
) -> tuple[Checked, FlowSketch | None]:
    source = f"{name}.yaml"
    if len(text) > FLOW.characters:
        return check(text, source, outside), None
    document, fault = read_round_faults(text, source)
    drawn = None if document is None else sketch(document, language)
    if document is None or fault is not None:
        rest = drawn if drawn is not None and drawn.nodes else None
        return Checked(None, () if fault is None else (fault,)), rest
    found = check_document(document, outside)
    if found.flow is not None and found.flow.name != name:
        what = sentence(words.WRONG_NAME, name=found.flow.name)
        other = document.fault(("flow",), what, sentence(words.RIGHT_NAME, name=name))
        found = Checked(None, (other,), found.warnings)
    return found, drawn


def _told(fault: DocumentError, language: str) -> dict[str, Any]:
    def said(words: Sentence | None) -> str:
        return "" if words is None else words.said(lambda text: translate(language, text))

    near = fault.remedy is not None and fault.remedy.template == DID_YOU_MEAN
    return {
        "line": fault.line,
        "column": fault.column,
        "text": said(fault.what),
        "remedy": said(fault.remedy),
        # What to write in the place of the word there, if it is taken for a slip.
        "instead": fault.remedy.values["name"] if near and fault.remedy is not None else None,
    }


async def editor_words(request: web.Request) -> web.Response:
    """GET /flows/{flow}/words: what can be written, as JSON: kinds, their settings and exits, and
    what there is to name outside the flow, for those who may write it: a flow of all projects may
    name the queues and agents of each, which are none of its readers' business."""
    draft = await flow_of(request)
    outside = await request.app[PUBLICATIONS].surroundings(draft.project, draft.flow)

    def said(text: str) -> str:
        return says(request, text)

    answer = {
        "ok": True,
        **_in_language(vocabulary(), said, kinds_drawn(request)),
        "outside": {
            of.value: sorted(outside.names[of])[: words.MOST_NAMES]
            for of in NameOf
            if of in outside.names and may_change_flow(request, draft)
        },
    }
    return web.json_response(answer)


def _in_language(
    all: FlowVocabulary, said: Callable[[str], str], drawn: Iterable[Mapping[str, str]]
) -> Mapping[str, Any]:
    def fields(given: Iterable[FieldWords]) -> list[dict[str, Any]]:
        return [
            {**asdict(one), "about": said(one.about), "fields": fields(one.fields)} for one in given
        ]

    return {
        "top": fields(all.top),
        "announcements": fields(all.announcements),
        "variable": fields(all.variable),
        "kinds": [
            {
                **looks,
                "about": said(kind.about).replace("``", '"'),
                "fields": fields(kind.fields),
                "exits": kind.exits,
            }
            for kind, looks in zip(all.kinds, drawn, strict=True)
        ],
    }
