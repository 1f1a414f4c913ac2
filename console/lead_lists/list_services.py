"""What the pages of lists are built on, and how a refusal is answered."""

from dataclasses import dataclass

from aiohttp import web

from campaigns.do_not_call import DoNotCall
from campaigns.import_progress import ImportProgress
from campaigns.lead_lists import LeadLists, ListOfLeads, ListRefusal, ListRefused
from campaigns.list_imports import ListImports
from campaigns.rejected_rows import RejectedRows
from campaigns.typed_leads import TypedLeads
from console.kit.access import projects_of
from console.kit.context import user_of
from console.kit.rendering import says
from console.lead_lists import words
from domain.roles import Actor


@dataclass(frozen=True, slots=True)
class ListServices:
    """The services behind the pages."""

    lists: LeadLists
    imports: ListImports
    rejected: RejectedRows
    typed: TypedLeads
    do_not_call: DoNotCall


LIST_SERVICES: web.AppKey[ListServices] = web.AppKey("list_services")


def actor_of(request: web.Request) -> Actor:
    """Who asks."""
    user, projects = user_of(request), projects_of(request)
    return Actor(user.name, user.role, projects)


def number_in(request: web.Request, place: str) -> int:
    """The number that the address has there. Raises HTTPNotFound."""
    text = request.match_info[place]
    if not (text.isascii() and text.isdecimal() and len(text) <= 17):
        raise web.HTTPNotFound
    return int(text)


async def list_of(request: web.Request) -> ListOfLeads:
    """The list that the address names. Raises HTTPNotFound."""
    services = request.app[LIST_SERVICES]
    try:
        return await services.lists.get(actor_of(request), number_in(request, "list"))
    except ListRefused as refused:
        raise web.HTTPNotFound from refused


async def import_of(request: web.Request) -> ImportProgress:
    """The import that the address names. Raises HTTPNotFound."""
    services = request.app[LIST_SERVICES]
    try:
        return await services.imports.progress(actor_of(request), number_in(request, "import"))
    except ListRefused as refused:
        raise web.HTTPNotFound from refused


def refusal(request: web.Request, refused: ListRefused) -> str:
    """Why nothing was changed, in words. Raises HTTPForbidden if it isn't theirs to change."""
    if refused.why is ListRefusal.FORBIDDEN:
        raise web.HTTPForbidden
    return says(request, words.REFUSALS[refused.why], {"value": refused.value})
