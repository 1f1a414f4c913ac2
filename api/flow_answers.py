"""Turns what the services say of flows into the API's answers."""

from collections.abc import Sequence

from aiohttp import web
from pydantic import BaseModel

from api.flow_models import ApiFault, FaultItem
from console.kit.access import projects_of
from console.kit.context import user_of
from console.kit.rendering import says
from documents.document_errors import DocumentError
from domain.roles import Actor
from publishing.flow_checks import warning_key
from publishing.flow_words import FlowRefusal, FlowRefused

_STATUS = {
    FlowRefusal.FORBIDDEN: 403,
    FlowRefusal.UNKNOWN: 404,
    FlowRefusal.EXISTS: 409,
    FlowRefusal.CHANGED_MEANWHILE: 409,
    FlowRefusal.IN_USE: 409,
    FlowRefusal.BREAKS_OTHERS: 409,
    FlowRefusal.NOT_PLANNED: 409,
    FlowRefusal.HAS_REVISIONS: 409,
}
"""All others are 422."""


def api_actor(request: web.Request) -> Actor:
    """Who asks."""
    user, projects = user_of(request), projects_of(request)
    return Actor(user.name, user.role, projects)


def answered(model: BaseModel, status: int = 200) -> web.Response:
    """An answer as JSON."""
    return web.Response(
        text=model.model_dump_json(),
        content_type="application/json",
        status=status,
        headers={"Cache-Control": "no-store"},
    )


def refused_with(request: web.Request, refused: FlowRefused) -> web.Response:
    """Why nothing was changed."""
    found = () if refused.checked is None else (*refused.checked.errors, *refused.checked.warnings)
    fault = ApiFault(error=refused.why, about=refused.about, errors=fault_items(request, found))
    return answered(fault, _STATUS.get(refused.why, 422))


def bad(error: str, about: str = "") -> web.Response:
    """The request makes no sense."""
    return answered(ApiFault(error=error, about=about), 400)


def fault_items(request: web.Request, faults: Sequence[DocumentError]) -> list[FaultItem]:
    """Errors or warnings in the request's language."""

    def translate(template: str) -> str:
        return says(request, template)

    return [
        FaultItem(
            line=fault.line,
            column=fault.column,
            message=fault.what.said(translate),
            remedy="" if fault.remedy is None else fault.remedy.said(translate),
            key=warning_key(fault),
        )
        for fault in faults
    ]


def whole_number(typed: object, most_digits: int = 9) -> int | None:
    """What was sent as a whole number; None if it is none."""
    text = str(typed)
    fine = text.isascii() and text.isdecimal() and len(text) <= most_digits
    return int(text) if fine else None
