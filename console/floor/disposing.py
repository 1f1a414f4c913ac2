"""What pages that take down or show dispositions are built on, and how they name them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiohttp import web

from campaigns.callbacks import Callbacks
from campaigns.customer_cards import CustomerCards
from campaigns.disposition_choices import Choice, choice_of, title_in
from campaigns.dispositions import Dispositions, StoredDisposal
from campaigns.project_choices import ProjectChoices
from console.floor.outbound_words import DISPOSITIONS
from console.kit.context import LANGUAGE
from console.kit.rendering import says
from domain.identity import ProjectName


@dataclass(frozen=True, slots=True)
class DispositionServices:
    """The services behind the pages."""

    dispositions: Dispositions
    choices: ProjectChoices
    cards: CustomerCards
    callbacks: Callbacks


DISPOSING: web.AppKey[DispositionServices] = web.AppKey("disposition_services")


async def choices_of(
    request: web.Request, projects: Iterable[ProjectName]
) -> dict[ProjectName, Sequence[Choice]]:
    """What the agents of these projects choose from."""
    kept = request.app[DISPOSING].choices
    return {project: (await kept.of(project)).choices for project in sorted(set(projects))}


def disposal_text(
    request: web.Request, choices: Sequence[Choice], said: StoredDisposal
) -> tuple[str, str]:
    """A disposition and its sub-reason (or ""), as the project's choices name them."""
    return choice_text(request, choices, said.choice, said.disposition, said.sub_reason)


def choice_text(
    request: web.Request,
    choices: Sequence[Choice],
    code: str | None,
    disposition: str,
    sub_reason: str,
) -> tuple[str, str]:
    """The same of the choice ``code`` (None: none of the project's)."""
    choice, language = choice_of(choices, code), request[LANGUAGE]
    if choice is None:
        return says(request, DISPOSITIONS.get(disposition, "")) or disposition, sub_reason
    sub = choice.sub_reason(sub_reason)
    return (
        title_in(choice.titles, language),
        sub_reason if sub is None else title_in(sub.titles, language),
    )
