"""Reads what people call a flow from a part of its text, without reading all of it."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from documents.document import read
from documents.document_errors import DocumentError

LONGEST = 120
"""Characters of a title in a list."""


@lru_cache(maxsize=1000)
def titles_in(part: str) -> Mapping[str, str]:
    """The titles by language, of the lines under ``title:`` at the top of a flow's file. A draft
    may hold anything: what is no title is left out."""
    try:
        found = read(part, "title").data
    except DocumentError:
        return MappingProxyType({})
    given = found.get("title") if isinstance(found, Mapping) else None
    if not isinstance(given, Mapping):
        return MappingProxyType({})
    return MappingProxyType(
        {
            language: " ".join(title.split())[:LONGEST]
            for language, title in given.items()
            if isinstance(title, str) and title.strip()
        }
    )
