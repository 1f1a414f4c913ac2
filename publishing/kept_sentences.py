"""Keeps sentences so that they can be said in a reader's language later."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from documents.sentence import Sentence, as_is

_DEEPEST = 5
"""Sentences in one another; there are two at most."""
_PLACES = re.compile(r"%\([a-z_]+\)[sd]|%%")
"""All that a template may have of percent signs. With a width, a short one fills the memory."""


def sentences_as_json(sentences: Iterable[Sentence]) -> list[Any]:
    """Sentences as they are stored: templates with what fills them in."""
    return [_as_json(one) for one in sentences]


def sentences_read(texts: Sequence[str], stored: object) -> tuple[Sentence, ...]:
    """What was stored beside these English texts, one for each. A text whose sentence is missing,
    or says something else, stays as it is."""
    kept = stored if isinstance(stored, list) else []
    if len(kept) != len(texts):
        kept = [None] * len(texts)
    return tuple(_read(text, one) for text, one in zip(texts, kept, strict=True))


def _as_json(one: Sentence) -> Mapping[str, Any]:
    values = {
        name: _as_json(value) if isinstance(value, Sentence) else value
        for name, value in one.values.items()
    }
    return {"template": one.template, "values": values}


def _read(text: str, stored: object) -> Sentence:
    try:
        found = _sentence(stored, _DEEPEST)
        if str(found) == text:
            return found
    except (LookupError, TypeError, ValueError):  # somebody's hands were in the table
        pass
    return as_is(text)


def _sentence(stored: Any, deepest: int) -> Sentence:
    if deepest == 0 or "%" in _PLACES.sub("", stored["template"]):
        raise ValueError("no sentence")
    values = {
        str(name): _sentence(value, deepest - 1) if isinstance(value, dict) else value
        for name, value in dict(stored["values"]).items()
    }
    return Sentence(stored["template"], values)
