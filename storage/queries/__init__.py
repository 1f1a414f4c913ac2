"""Loads named queries from the .sql files beside it; each begins with ``-- name: list_calls``.

A part that several queries of a file share has a name, too, and is inserted wherever they say
``-- put: asked_for``.
"""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)
_PUT = re.compile(r"^[ \t]*-- put: ([a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


def load(file: str) -> Mapping[str, str]:
    """The queries of ``<file>.sql`` by name.

    Raises ValueError if two have the same name, KeyError if a part to insert is missing.
    """
    text = resources.files(__name__).joinpath(f"{file}.sql").read_text(encoding="utf-8")
    head, *parts = _NAME.split(text)
    if head.strip():
        raise ValueError(f"storage/queries/{file}.sql: text before the first '-- name:' line")
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"storage/queries/{file}.sql: a name is there twice")
    texts = {name: body.strip() for name, body in zip(names, bodies, strict=True)}
    return MappingProxyType(
        {name: _PUT.sub(lambda put: texts[put[1]], text) for name, text in texts.items()}
    )
