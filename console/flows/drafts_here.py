"""What the pages of a flow have in common: whose flow it is, who asks, what a refusal says."""

from aiohttp import web

from console.flows import words
from console.kit.access import projects_of
from console.kit.context import FLOW_DRAFTS, user_of
from console.kit.rendering import says
from domain.roles import Actor
from publishing.flow_words import FlowDraft, FlowRefusal, FlowRefused


def flow_actor(request: web.Request) -> Actor:
    """Who asks."""
    user, projects = user_of(request), projects_of(request)
    return Actor(user.name, user.role, projects)


async def flow_of(request: web.Request) -> FlowDraft:
    """The draft of the flow that the address names. Raises HTTPNotFound."""
    try:
        return await request.app[FLOW_DRAFTS].of(flow_actor(request), request.match_info["flow"])
    except FlowRefused as refused:
        raise web.HTTPNotFound from refused


def may_change_flow(request: web.Request, draft: FlowDraft) -> bool:
    """Whether whoever asks may change this flow: one of all projects is for those who have all."""
    actor = flow_actor(request)
    return actor.role in words.CHANGERS and (
        actor.has(draft.project) if draft.project else actor.everywhere
    )


def flow_refusal(request: web.Request, refused: FlowRefused) -> str:
    """Why nothing was changed, in words. Raises HTTPForbidden or HTTPNotFound if that says it."""
    if refused.why is FlowRefusal.FORBIDDEN:
        raise web.HTTPForbidden
    if refused.why is FlowRefusal.UNKNOWN:
        raise web.HTTPNotFound
    return says(request, words.REFUSALS[refused.why], {"about": refused.about})
