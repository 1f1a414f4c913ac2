"""What pages that take down or show dispositions are built on, and how they name them."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from campaigns.customer_cards import CustomerCards
from campaigns.disposition_choices import Choice, choice_of, title_in
from campaigns.dispositions import Dispositions, StoredDisposal
from campaigns.project_choices import ProjectChoices
from console.floor.outbound_words import DISPOSITIONS
from console.kit.context import LANGUAGE
from console.kit.rendering import says


@dataclass(frozen=True, slots=True)
class DispositionServices:
    """The services behind the pages."""

    dispositions: Dispositions
    choices: ProjectChoices
    cards: CustomerCards


DISPOSING: web.AppKey[DispositionServices] = web.AppKey("disposition_services")


def disposal_text(
    request: web.Request, choices: Sequence[Choice], said: StoredDisposal
) -> tuple[str, str]:
    """A disposition and its sub-reason (or ""), as the project's choices name them."""
    choice, language = choice_of(choices, said.choice), request[LANGUAGE]
    if choice is None:
        meaning = says(request, DISPOSITIONS.get(said.disposition, "")) or said.disposition
        return meaning, said.sub_reason
    sub = choice.sub_reason(said.sub_reason)
    return (
        title_in(choice.titles, language),
        said.sub_reason if sub is None else title_in(sub.titles, language),
    )
