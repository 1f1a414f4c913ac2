"""Keeps a copy of the flows' editions on this machine, for a start while the database is away."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import structlog

from machine.private_files import write_private
from publishing.flow_words import FlowEdition

EDITIONS_FILE = "flows.json"
"""The file's name in the state folder."""
MOST_COPIED = 10
"""So many of the last editions are in it: calls may be under way in each."""
_FORM = 1

log = structlog.get_logger()


class CopiedEditions:
    """The last editions, as this machine has them; ``fetch`` asks the database for an edition."""

    def __init__(self, file: Path, fetch: Callable[[int], Awaitable[FlowEdition]]) -> None:
        self._file = file
        self._fetch = fetch
        self._editions: tuple[FlowEdition, ...] = ()

    def read(self) -> FlowEdition | None:
        """Read the file, and return the newest edition in it; None if there is none, or if it
        can't be read, which is logged. Blocks."""
        try:
            self._editions = read_editions(self._file)
        except (OSError, ValueError) as error:
            log.error(
                "the copy of the published flows can't be read, so it is not used; it is made anew"
                " once the database is there",
                file=str(self._file),
                why=" ".join(str(error).split()),
            )
        return self._editions[0] if self._editions else None

    async def edition(self, number: int) -> FlowEdition:
        """An edition, from the file if it is there. Raises what the database raises."""
        for one in self._editions:
            if one.edition == number:
                return one
        return await self._fetch(number)

    async def keep(self, newest: FlowEdition) -> None:
        """Add the newest edition; what keeps us from it is logged."""
        # With a lower number it is of an older database that came back: the others are not.
        others = [one for one in self._editions if one.edition < newest.edition]
        self._editions = (newest, *others)[:MOST_COPIED]
        try:
            await asyncio.to_thread(write_editions, self._file, self._editions)
        except OSError as error:
            log.error(
                "the published flows can't be copied to this machine, so a controller that starts"
                " without its database would have older ones; free space there, or let Offhook's"
                " user write there",
                file=str(self._file),
                why=str(error),
            )


def write_editions(file: Path, editions: Iterable[FlowEdition]) -> None:
    """Replace the file; the newest edition comes first. Raises OSError, and then the old one
    stays."""
    texts: dict[str, str] = {}
    whole: list[dict[str, Any]] = []
    for one in editions:
        flows = {}
        for name, text in one.texts.items():
            key = f"{name}/{one.numbers[name]}"
            # Two databases may have other texts for a number: a backup that came back.
            while texts.setdefault(key, text) != text:
                key += "'"
            flows[name] = [key, one.numbers[name], one.projects.get(name, "")]
        whole.append({"edition": one.edition, "flows": flows})
    copy = {"form": _FORM, "editions": whole, "texts": texts}
    write_private(file, json.dumps(copy, ensure_ascii=False).encode())


def read_editions(file: Path) -> tuple[FlowEdition, ...]:
    """What the file holds, the newest edition first; nothing if there is no file. Raises ValueError
    or OSError."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return ()
    try:
        return _editions(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{file} is not a copy of the published flows: {error}") from error


def _editions(whole: Any) -> tuple[FlowEdition, ...]:
    if whole["form"] != _FORM:
        raise ValueError("another version has written it")
    texts = whole["texts"]
    return tuple(
        FlowEdition(
            int(one["edition"]),
            {str(name): str(texts[key]) for name, (key, _, _) in one["flows"].items()},
            {str(name): int(number) for name, (_, number, _) in one["flows"].items()},
            {str(name): str(project) for name, (_, _, project) in one["flows"].items()},
        )
        for one in whole["editions"]
    )
