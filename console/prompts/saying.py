"""Plays a text as callers would hear it, for the pages that show prompts."""

import asyncio
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from types import MappingProxyType

from aiohttp import web

from console.kit.rendering import says
from console.prompts import words
from console.prompts.prompt_services import PROMPT_SERVICES, actor_of
from domain.prompts import PromptText
from ivr_flows.flow_schema import NAME
from ivr_flows.prompt_texts import LANGUAGE_TAG, LONGEST
from ivr_flows.templates import gaps, has_stray_brace
from ivr_flows.texts import Prompt
from ivr_flows.values import Value, Values, Variable, VariableType
from prompts.sounds import PATIENCE_S, PromptError
from prompts.speech import SpeechFault

MOST_AT_ONCE = 4
"""Texts that are being spoken for pages, of all users; callers must not wait for them."""
SAYING: web.AppKey[asyncio.Semaphore] = web.AppKey("saying")

EXAMPLES: Mapping[VariableType, Value] = MappingProxyType(
    {
        VariableType.TEXT: "ABC",
        VariableType.DIGITS: "13812345678",
        VariableType.NUMBER: Decimal(12),
        VariableType.MONEY: Decimal("128.50"),
        VariableType.DATE: date(2026, 10, 1),
        VariableType.TIME: time(14, 5),
        VariableType.YES_NO: True,
    }
)
"""What fills the gaps of a text that is only tried."""


async def say(request: web.Request) -> web.Response:
    """POST /prompts/say: text, language, and if known name, project, types (``order:digits ...``)

    Answers a WAV file: the recording of that name if there is one, else the text, spoken. Gaps
    are filled with examples, read as ``types`` says (a number, if it doesn't).
    """
    form = await request.post()
    given = {name: str(form.get(name, "")).strip() for name in ("text", "language", "name")}
    project = str(form.get("project", ""))
    actor = actor_of(request)
    if project and not actor.has(project):
        raise web.HTTPForbidden
    text, language = given["text"], given["language"]
    if not LANGUAGE_TAG.fullmatch(language) or len(language) > 20:
        return _refused(request, words.NO_LANGUAGE)
    if len(text) > LONGEST:
        return _refused(request, words.TEXT_TOO_LONG, {"most": LONGEST})
    if has_stray_brace(text):
        return _refused(request, words.STRAY_BRACE)
    name = given["name"] if re.fullmatch(NAME, given["name"]) else ""
    spoken = _filled(text, language, name, str(form.get("types", "")))
    if not spoken.text and not name:
        return _refused(request, words.NO_TEXT)
    if request.app[SAYING].locked():
        return _refused(request, words.BUSY_SPEAKING, status=503)
    async with request.app[SAYING]:
        prompts = request.app[PROMPT_SERVICES].prompts
        try:
            file = await prompts.file(spoken, project=project, patience_s=PATIENCE_S)
            sound = await asyncio.to_thread(file.read_bytes)
        except (PromptError, OSError) as error:
            fault = error.fault if isinstance(error, PromptError) else SpeechFault.FAILED
            return _refused(request, words.FAULTS[fault], status=503)
    return web.Response(body=sound, content_type="audio/wav", headers={"Cache-Control": "no-store"})


def _filled(text: str, language: str, name: str, types: str) -> PromptText:
    """The text with its gaps filled in. ``name`` is "" for one that no recording may replace."""
    declared = dict(part.split(":", 1) for part in types.split() if ":" in part)
    known = {each.value: each for each in VariableType}
    variables: dict[str, Variable] = {}
    values: dict[str, Value] = {}
    for gap in gaps(text):
        declared_type = known.get(declared.get(gap.variable, ""), VariableType.NUMBER)
        how = known.get(gap.how or "", declared_type)
        variables[gap.variable] = Variable(gap.variable, how)
        values[gap.variable] = EXAMPLES[how]
        if gap.how is not None and gap.how not in known:
            text = text.replace(f"{{{gap.variable}:{gap.how}}}", f"{{{gap.variable}}}")
    filled = Prompt("try", {language: text}).spoken(language, Values(variables, values))
    if not variables and name:
        return PromptText(name, language, filled.text)
    return PromptText("untitled-text", language, filled.text)


def prepare(app: web.Application) -> None:
    """Counts the texts that are being spoken for pages."""
    app[SAYING] = asyncio.Semaphore(MOST_AT_ONCE)


def _refused(
    request: web.Request,
    text: str,
    values: Mapping[str, object] | None = None,
    *,
    status: int = 400,
) -> web.Response:
    return web.json_response({"error": says(request, text, values)}, status=status)
