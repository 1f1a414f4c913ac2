"""What the pages of prompts are built on."""

from dataclasses import dataclass

from aiohttp import web

from console.kit.access import projects_of
from console.kit.context import user_of
from domain.roles import Actor
from prompt_library.recorded_index import RecordedIndex
from prompt_library.recording_library import RecordingLibrary
from prompts.sounds import Prompts


@dataclass(frozen=True, slots=True)
class PromptServices:
    """The services behind the pages."""

    prompts: Prompts
    recordings: RecordingLibrary
    recorded: RecordedIndex


PROMPT_SERVICES: web.AppKey[PromptServices] = web.AppKey("prompt_services")


def actor_of(request: web.Request) -> Actor:
    """Who asks."""
    user, projects = user_of(request), projects_of(request)
    return Actor(user.name, user.role, projects)
