"""Composes what waiting callers hear: their place, and how long the wait may be."""

import math
from collections.abc import Iterator

from domain.prompts import PromptText
from ivr_flows.flow import Flow
from ivr_flows.values import NO_VALUES, counts

PREPARED_POSITIONS = 10
PREPARED_MINUTES = (*range(2, 11), 15, 20)


def announcement(
    flow: Flow, position: int | None, expected_wait_s: float | None, language: str
) -> tuple[PromptText, ...]:
    """The sentences for a caller at ``position`` (1 is the head) who may wait ``expected_wait_s``.

    The wait is said in whole minutes, rounded up, beyond ten to the next five: a promise kept beats
    an exact one. A sentence is left out if its value is None (or not finite) or the flow names no
    prompt for it. If the flow lacks the language, its default one is used.
    """
    said = flow.announcements
    texts = []
    where = said.next if position == 1 and said.next else said.position
    if where is not None and position is not None:
        texts.append(_spoken(flow, where, language, position=position))
    if expected_wait_s is not None and math.isfinite(expected_wait_s):
        minutes = max(1, math.ceil(expected_wait_s / 60))
        if minutes == 1 and said.wait_short is not None:
            texts.append(_spoken(flow, said.wait_short, language))
        elif minutes > 1 and said.wait_minutes is not None:
            rounded = minutes if minutes <= 10 else math.ceil(minutes / 5) * 5
            texts.append(_spoken(flow, said.wait_minutes, language, minutes=rounded))
    return tuple(texts)


def texts_to_prepare(flow: Flow) -> tuple[PromptText, ...]:
    """All texts of the flow that are known beforehand: fixed prompts and common announcements."""
    found: dict[PromptText, None] = {}
    for language in flow.languages:
        for prompt in flow.prompts.values():
            if prompt.fixed:
                found[prompt.spoken(language, NO_VALUES)] = None
        found.update(dict.fromkeys(_common(flow, language)))
    return tuple(found)


def _common(flow: Flow, language: str) -> Iterator[PromptText]:
    for position in range(1, PREPARED_POSITIONS + 1):
        yield from announcement(flow, position, None, language)
    for minutes in PREPARED_MINUTES:
        yield from announcement(flow, None, minutes * 60.0, language)


def _spoken(flow: Flow, name: str, language: str, **values: int) -> PromptText:
    known = language if language in flow.languages else flow.languages[0]
    return flow.prompts[name].spoken(known, counts(values))
