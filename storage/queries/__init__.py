"""Named queries: ``-- name: list_calls`` in an .sql file beside this one begins each."""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


def load(file: str) -> Mapping[str, str]:
    """The queries of ``<file>.sql`` by name. Raises ValueError if two have the same name."""
    text = resources.files(__name__).joinpath(f"{file}.sql").read_text(encoding="utf-8")
    head, *parts = _NAME.split(text)
    if head.strip():
        raise ValueError(f"storage/queries/{file}.sql: text before the first '-- name:' line")
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"storage/queries/{file}.sql: a name is there twice")
    return MappingProxyType({name: body.strip() for name, body in zip(names, bodies, strict=True)})
