"""Keeps the recordings that callers hear: uploaded, replaced, removed, and brought back."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import asyncpg

from domain.roles import Actor, Role
from ivr_flows.prompt_texts import LANGUAGE_TAG
from prompt_library.recording_words import (
    RecordingChange,
    RecordingName,
    RecordingRefusal,
    RecordingRefused,
    RecordingUse,
    RecordingVersion,
    UseKind,
)
from prompts.converting import ConvertedSound, Converter, Findings, SoundRefused
from storage.database import connection
from storage.queries import load

_SQL = load("prompt_recordings")
_FLOWS = load("flows")
_CHANGERS = frozenset((Role.ADMIN, Role.OPS))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_FORM = "1"  # of what is kept; a new number gives all sounds new names
MOST_VERSIONS = 20
"""Lines of history of a name; older ones are forgotten with their sounds."""
LONGEST_FILE_NAME = 200

UsesOf = Callable[[asyncpg.Connection], Awaitable[Sequence[RecordingUse]]]
"""All places where prompts are said."""


async def nowhere(_db: asyncpg.Connection) -> Sequence[RecordingUse]:
    """No place."""
    return ()


class RecordingLibrary:
    """The recordings. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed.

    ``on_change`` is called once a change is committed.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        uses: UsesOf = nowhere,
        *,
        converter: Converter | None = None,
        on_change: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._uses = uses
        self._converter = converter or Converter()
        self._on_change = on_change
        self._clock = clock

    # --- looking

    async def all(self, actor: Actor) -> tuple[RecordingVersion, ...]:
        """What is heard now: recordings of the actor's projects, and those of all projects."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["in_force"])
        return tuple(
            _version(row)
            for row in rows
            if row["sound"] is not None and (row["project"] == "" or actor.has(row["project"]))
        )

    async def uses(self, actor: Actor) -> tuple[RecordingUse, ...]:
        """Where prompts are said, as far as the actor may know."""
        async with connection(self._pool) as db:
            found = await self._uses(db)
        return tuple(use for use in found if use.project == "" or actor.has(use.project))

    async def history(self, actor: Actor, of: RecordingName) -> tuple[RecordingVersion, ...]:
        """All that was done under this name, the newest first. Raises RecordingRefused."""
        _check_seen(actor, of.project)
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["versions"], of.project, of.language, of.name, MOST_VERSIONS)
        return tuple(map(_version, rows))

    async def sound(self, actor: Actor, id: int) -> bytes:
        """A version as telephones play it, a WAV file's bytes. Raises RecordingRefused."""
        async with connection(self._pool) as db:
            sound = await self._seen(db, actor, id)
            wav: bytes = await db.fetchval(_SQL["wav"], sound)
        return wav

    async def original(self, actor: Actor, id: int) -> tuple[str, bytes]:
        """The file as it was uploaded, and its name. Raises RecordingRefused."""
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["original"], await self._seen(db, actor, id))
        return row["file_name"], row["original"]

    # --- changing

    async def upload(
        self, actor: Actor, of: RecordingName, file_name: str, data: bytes
    ) -> RecordingVersion:
        """Let this be heard under the name, in place of what was. Raises RecordingRefused."""
        _check_change(actor, of)
        made = await self._converted(file_name, data, untouched=False)
        name = _plain(file_name)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            sound = await _keep(db, made, data, name)
            version = await self._note(db, actor.name, of, RecordingChange.UPLOADED, sound)
        await self._changed()
        return version

    async def take_over(self, of: RecordingName, file_name: str, data: bytes) -> bool:
        """Keep a file that lay in the folder, unless somebody has changed this name in the library;
        whether it was kept. What telephones can play stays as it is. Raises RecordingRefused."""
        _check_name(of)
        made = await self._converted(file_name, data, untouched=True)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            now = await db.fetchrow(_SQL["now"], of.project, of.language, of.name)
            if now is not None and now["what"] != RecordingChange.TAKEN_OVER.value:
                return False
            sound = await _keep(db, made, data, _plain(file_name))
            if now is None or now["sound"] != sound:
                await self._note(db, "file", of, RecordingChange.TAKEN_OVER, sound)
        await self._changed()
        return True

    async def bring_back(self, actor: Actor, id: int, seen: int) -> RecordingVersion:
        """Let an older version be heard again; ``seen`` is the newest that the actor has seen.

        Raises RecordingRefused.
        """
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            row = await db.fetchrow(_SQL["version"], id)
            if row is None or row["sound"] is None:
                raise RecordingRefused(RecordingRefusal.UNKNOWN)
            old = _version(row)
            _check_change(actor, old.of)
            await self._check_newest(db, old.of, seen)
            made = await self._note(
                db, actor.name, old.of, RecordingChange.BROUGHT_BACK, row["sound"]
            )
        await self._changed()
        return made

    async def remove(self, actor: Actor, of: RecordingName, seen: int) -> None:
        """Let nothing be heard under the name any more. Raises RecordingRefused if a flow would
        have nothing to play."""
        _check_change(actor, of)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_FLOWS["lock"])  # no flow that plays it is published meanwhile
            await db.execute(_SQL["lock"])
            await self._check_newest(db, of, seen)
            left = {one for one in _recorded(await db.fetch(_SQL["names"])) if one != of}
            users = needing(await self._uses(db), of, left)
            if users:
                raise RecordingRefused(RecordingRefusal.IN_USE, ", ".join(users))
            await self._note(db, actor.name, of, RecordingChange.REMOVED, None)
        await self._changed()

    async def _note(
        self,
        db: asyncpg.Connection,
        by: str,
        of: RecordingName,
        what: RecordingChange,
        sound: str | None,
    ) -> RecordingVersion:
        key = of.project, of.language, of.name
        id = await db.fetchval(_SQL["note"], *key, self._clock(), by, what.value, sound)
        await db.execute(_SQL["forget"], *key, MOST_VERSIONS)
        await db.execute(_SQL["forget_sounds"])
        return _version(await db.fetchrow(_SQL["version"], id))

    async def _check_newest(self, db: asyncpg.Connection, of: RecordingName, seen: int) -> None:
        now = await db.fetchrow(_SQL["now"], of.project, of.language, of.name)
        if now is None:
            raise RecordingRefused(RecordingRefusal.UNKNOWN)
        if now["id"] != seen:
            raise RecordingRefused(RecordingRefusal.CHANGED_MEANWHILE)

    async def _seen(self, db: asyncpg.Connection, actor: Actor, id: int) -> str:
        row = await db.fetchrow(_SQL["version"], id)
        if row is None or row["sound"] is None:
            raise RecordingRefused(RecordingRefusal.UNKNOWN)
        _check_seen(actor, row["project"])
        return str(row["sound"])

    async def _converted(self, file_name: str, data: bytes, *, untouched: bool) -> ConvertedSound:
        try:
            return await self._converter.convert(data, file_name, untouched=untouched)
        except SoundRefused as refused:
            raise RecordingRefused(
                RecordingRefusal.BAD_SOUND, refused.detail, refused.why
            ) from refused

    async def _changed(self) -> None:
        if self._on_change is not None:
            await self._on_change()


async def recorded(db: asyncpg.Connection, project: str) -> Mapping[str, Collection[str]]:
    """The recordings that flows of the project may play, each with its languages."""
    found: dict[str, set[str]] = {}
    for one in _recorded(await db.fetch(_SQL["names"])):
        if one.project in ("", project):
            found.setdefault(one.name, set()).add(one.language)
    return found


def needing(
    uses: Sequence[RecordingUse], of: RecordingName, left: Collection[RecordingName]
) -> tuple[str, ...]:
    """Who would have nothing to play without a recording, if these are left. A draft is not in
    the way: it is checked before it is published."""
    return tuple(
        dict.fromkeys(
            use.by
            for use in uses
            if use.needs_recording
            and use.kind is not UseKind.DRAFT
            and use.name == of.name
            and of.language in use.languages
            and (of.project == "" or use.project == of.project)
            and not {
                RecordingName(of.name, of.language, project) for project in ("", use.project)
            }.intersection(left)
        )
    )


async def _keep(
    db: asyncpg.Connection, made: ConvertedSound, original: bytes, file_name: str
) -> str:
    """Keep a sound, if it isn't there yet; its name."""
    sound = _digest(made.wav, original, file_name)
    await db.execute(_SQL["keep"], sound, made.wav, original, file_name, asdict(made.findings))
    return sound


def _recorded(rows: Sequence[asyncpg.Record]) -> tuple[RecordingName, ...]:
    return tuple(
        RecordingName(row["name"], row["language"], row["project"])
        for row in rows
        if row["sound"] is not None
    )


def _check_seen(actor: Actor, project: str) -> None:
    if actor.role not in _CHANGERS or not (project == "" or actor.has(project)):
        raise RecordingRefused(RecordingRefusal.UNKNOWN)


def _check_change(actor: Actor, of: RecordingName) -> None:
    _check_name(of)
    theirs = actor.has(of.project) if of.project else actor.everywhere
    if actor.role not in _CHANGERS or not theirs:
        raise RecordingRefused(RecordingRefusal.FORBIDDEN)


def _check_name(of: RecordingName) -> None:
    if not _NAME.fullmatch(of.name):
        raise RecordingRefused(RecordingRefusal.BAD_NAME, of.name[:80])
    if not LANGUAGE_TAG.fullmatch(of.language) or len(of.language) > 20:
        raise RecordingRefused(RecordingRefusal.BAD_LANGUAGE, of.language[:20])


def _plain(file_name: str) -> str:
    return "".join(char for char in file_name if char.isprintable())[:LONGEST_FILE_NAME]


def _digest(wav: bytes, original: bytes, file_name: str) -> str:
    parts = (_FORM.encode(), wav, original, file_name.encode())
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[
        :32
    ]


def _version(row: asyncpg.Record) -> RecordingVersion:
    return RecordingVersion(
        row["id"],
        RecordingName(row["name"], row["language"], row["project"]),
        row["at"],
        row["by"],
        RecordingChange(row["what"]),
        row["sound"],
        row["file_name"] or "",
        None if row["findings"] is None else Findings(**row["findings"]),
    )
