"""Finds all places where prompts are said, so that nobody removes what is played."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import asyncpg

from configuration.flows import caller_phrases, dialplan_phrases, station_phrases
from domain.centre import Hotline
from domain.prompts import PromptText
from engine.inbound.notice import all_texts
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.values import NO_VALUES
from prompt_library.recording_words import RecordingUse, UseKind
from publishing.checked_texts import checked_once
from storage.queries import load

_SQL = load("prompt_recordings")
_KINDS = {"draft": UseKind.DRAFT, "published": UseKind.FLOW, "planned": UseKind.PLANNED}


class RecordingUses:
    """Where prompts are said; ``hotlines`` are those in force."""

    def __init__(self, hotlines: Callable[[], Iterable[Hotline]]) -> None:
        self._hotlines = hotlines

    async def of(self, db: asyncpg.Connection) -> Sequence[RecordingUse]:
        """All of them, those of flows first."""
        rows = [
            (row["flow"], row["project"], row["what"], row["text"])
            for row in await db.fetch(_SQL["flows"])
        ]
        # Reading a hundred flows takes a second, in which calls must go on.
        found = await asyncio.to_thread(_in_flows, rows)
        for hotline in self._hotlines():
            texts = all_texts(hotline)
            found += _said(texts, UseKind.NOTICE, hotline.number, hotline.project)
        for row in await db.fetch(_SQL["campaign_messages"]):
            name = f"campaign-{row['campaign']}"
            texts = tuple(
                PromptText(name, language, text) for language, text in row["message"].items()
            )
            found += _said(texts, UseKind.CAMPAIGN, row["campaign"], row["project"])
        return (*found, *_in_phrases())


def _in_flows(rows: Iterable[tuple[str, str, str, str]]) -> list[RecordingUse]:
    found: list[RecordingUse] = []
    for name, project, what, text in rows:
        flow = checked_once(name, text).flow
        if flow is not None:
            found += _in_flow(flow, name, project, _KINDS[what])
    return found


@cache
def _in_phrases() -> Sequence[RecordingUse]:
    return tuple(
        use
        for kind, phrases in (
            (UseKind.PHONE, station_phrases()),
            (UseKind.CALLER, caller_phrases()),
            (UseKind.DIALPLAN, dialplan_phrases()),
        )
        for use in _said(phrases.fixed(), kind, "", "")
    )


def _in_flow(flow: Flow, name: str, project: str, kind: UseKind) -> Sequence[RecordingUse]:
    played = dict.fromkeys(mention.name for _, mention in flow.mentions(NameOf.RECORDING))
    found = [RecordingUse(each, kind, name, project, flow.languages) for each in played]
    texts = tuple(
        prompt.spoken(language, NO_VALUES)
        for prompt in flow.prompts.values()
        if prompt.fixed
        for language in flow.languages
    )
    return (*found, *_said(texts, kind, name, project))


def _said(
    texts: Iterable[PromptText], kind: UseKind, by: str, project: str
) -> Sequence[RecordingUse]:
    names: dict[str, dict[str, str]] = {}
    for text in texts:
        names.setdefault(text.name, {})[text.language] = text.text
    return [
        RecordingUse(name, kind, by, project, tuple(said), said) for name, said in names.items()
    ]
