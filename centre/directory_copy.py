"""Keeps a copy of the directory on this machine, for a start while the database is away."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from centre.directory import content, directory_of, thing_of
from centre.directory_store import KeptDirectory, ThingKey
from centre.kinds import Kind
from machine.private_files import write_private

COPY_FILE = "directory.json"
"""The file's name in the state folder."""
_FORM = 1


@dataclass(frozen=True, slots=True)
class DirectoryCopy:
    """A directory with its secrets, as they were at one time."""

    kept: KeptDirectory
    secrets: Mapping[ThingKey, str] = field(default_factory=dict, repr=False)
    at: datetime | None = None
    """When it was written; None if it has just come from the database."""


def write_copy(file: Path, found: DirectoryCopy) -> None:
    """Replace the file; only its owner can read it. Raises OSError, and then the old one stays."""
    kept = found.kept
    whole = {
        "form": _FORM,
        "at": datetime.now(UTC).isoformat(),
        "revision": kept.revision,
        "made": None if kept.at is None else kept.at.isoformat(),
        "things": [
            [thing.KIND.value, content(thing), kept.changed.get((thing.KIND, thing.key), 0)]
            for thing in kept.directory
        ],
        "secrets": [[kind.value, key, secret] for (kind, key), secret in found.secrets.items()],
    }
    write_private(file, json.dumps(whole, ensure_ascii=False).encode())


def read_copy(file: Path) -> DirectoryCopy | None:
    """What the file holds; None if there is none. Raises ValueError or OSError."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _copy_of(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{file} is not a copy of the directory: {error}") from error


def _copy_of(whole: Any) -> DirectoryCopy:
    if whole["form"] != _FORM:
        raise ValueError("another version has written it")
    things, changed = [], {}
    for kind, found, change in whole["things"]:
        thing = thing_of(Kind(kind), found)
        things.append(thing)
        changed[thing.KIND, thing.key] = int(change)
    made = whole.get("made")  # which copies of earlier versions lack
    kept = KeptDirectory(
        int(whole["revision"]),
        directory_of(things),
        MappingProxyType(changed),
        None if made is None else datetime.fromisoformat(made),
    )
    secrets = {(Kind(kind), str(key)): str(secret) for kind, key, secret in whole["secrets"]}
    return DirectoryCopy(kept, MappingProxyType(secrets), datetime.fromisoformat(whole["at"]))
