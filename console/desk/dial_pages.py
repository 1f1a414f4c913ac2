"""Customers whom an agent is to call: previews and calls by hand, at the agent's own desk."""

from contextlib import nullcontext

from aiohttp import web

from campaigns.disposition_choices import title_in
from campaigns.lead_skips import MOST_NOTE
from campaigns.skip_choices import USUAL_SKIPS, Skips, skip_of
from console.desk import dial_words
from console.desk.own_agent import own_agent
from console.floor.disposing import DISPOSING
from console.floor.outbound_words import CAUSES
from console.kit.context import DESKS, LANGUAGE
from console.kit.live import stream
from console.kit.rendering import clock_of, rendered, says
from domain.centre import Agent
from domain.identity import CampaignName
from engine.desk_ports import DeskView, DialFault, DialNotice
from storage.database_errors import AWAY

_ASK_AGAIN_S = 5.0
"""How often it is looked whether the agent may dial by hand now."""


async def live(request: web.Request) -> web.StreamResponse:
    """GET /desk/dials: the part of the desk that shows the customer to be called, at each change.

    Whoever reads it is at their desk; customers are shown to nobody else.
    """
    agent = _agent(request)
    return await stream(request, nullcontext(_DialFrames(request, agent)))


class _DialFrames:
    """What one desk shows, as HTML."""

    def __init__(self, request: web.Request, agent: Agent) -> None:
        self._request = request
        self._agent = agent
        self._shown: DeskView | None = None

    async def next(self) -> str:
        """The part as it is next."""
        request, desks = self._request, self._request.app[DESKS]
        shown, seen = self._shown, -1 if self._shown is None else self._shown.version
        while (view := await desks.changed(self._agent.code, seen, _ASK_AGAIN_S)) == shown:
            pass
        self._shown = view
        values = {
            "view": view,
            "dial": view.dial,
            "notice": None if view.notice is None else notice_text(request, view.notice),
            "note_length": MOST_NOTE,
            "words": dial_words,
            "skips": {
                skip.code: title_in(skip.titles, request[LANGUAGE])
                for skip in await _skips(request, view)
                if not skip.retired
            },
        }
        return rendered(request, "desk/_dials_now.html", values)


async def dial(request: web.Request) -> web.Response:
    """POST /desk/dial-lead: lead"""
    agent, form = _agent(request), await request.post()
    lead = _number(str(form.get("lead", "")))
    return _answer(request, await request.app[DESKS].dial(agent.code, lead))


async def skip(request: web.Request) -> web.Response:
    """POST /desk/skip-lead: lead, reason, note"""
    agent, form = _agent(request), await request.post()
    lead, note = _number(str(form.get("lead", ""))), str(form.get("note", "")).strip()
    reason = skip_of(
        await _skips(request, request.app[DESKS].look(agent.code)), str(form.get("reason", ""))
    )
    if reason is None:
        return _refused(says(request, dial_words.NO_REASON), 400)
    if reason.needs_note and not note:
        return _refused(says(request, dial_words.NEEDS_NOTE), 400)
    return _answer(request, await request.app[DESKS].skip(agent.code, lead, reason.code, note))


async def _skips(request: web.Request, view: DeskView) -> Skips:
    """The reasons to skip that the project of the customer at this desk has; while the database is
    away, the usual ones."""
    project = None if view.dial is None else view.dial.project
    if project is None:
        return USUAL_SKIPS
    try:
        return (await request.app[DISPOSING].choices.of(project)).skips
    except AWAY:
        return USUAL_SKIPS


async def dial_by_hand(request: web.Request) -> web.Response:
    """POST /desk/dial-number: number, campaign"""
    agent, form = _agent(request), await request.post()
    number, campaign = str(form.get("number", "")), str(form.get("campaign", ""))
    desks = request.app[DESKS]
    return _answer(request, await desks.dial_by_hand(agent.code, number, CampaignName(campaign)))


async def hang_up(request: web.Request) -> web.Response:
    """POST /desk/cancel-dial: end the call before it is answered"""
    request.app[DESKS].hang_up(_agent(request).code)
    return _answer(request, None)


def notice_text(request: web.Request, notice: DialNotice) -> str:
    """What came of a customer, in words."""
    rule = says(request, dial_words.RULES.get(notice.rule or "", dial_words.OTHER_RULE))
    cause = dial_words.HUNG_UP if notice.cause is None else CAUSES[notice.cause]
    values = {"number": notice.number, "rule": rule, "cause": says(request, cause)}
    text = says(request, dial_words.FAULTS[notice.fault], values)
    if notice.fault is DialFault.RULE and notice.until is not None:
        until = clock_of(request, notice.until, "yyyy-MM-dd HH:mm")
        return f"{text} {says(request, dial_words.UNTIL, {'until': until})}"
    return text


def _answer(request: web.Request, notice: DialNotice | None) -> web.Response:
    if notice is not None:
        return _refused(notice_text(request, notice), 409)
    return web.json_response({"ok": True, "message": ""})


def _refused(text: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "message": text}, status=status)


def _agent(request: web.Request) -> Agent:
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    return agent


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 17 else 0
