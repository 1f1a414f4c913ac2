"""Moves flows between centres: exports them, looks an import over beforehand, and takes it in.

Taking a file in makes and changes drafts, all or none of them. Calls notice nothing of it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

import asyncpg

from documents.document import FLOW, KEY_ITSELF, Document, Path, read
from documents.document_errors import DocumentError
from documents.scalars import with_scalars
from domain.roles import Actor
from ivr_flows.kind import NameOf
from ivr_flows.loader import check_document
from ivr_flows.named_outside import named_in_document, with_names
from ivr_flows.references import Outside
from ivr_flows.trying.scripts import ScriptSettings, load_scripts
from machine.in_thread import CountSteps, in_thread
from publishing.flow_checks import OutsideOf
from publishing.flow_drafts import check_project
from publishing.flow_files import PackedFlow, packed, unpacked
from publishing.flow_words import FlowRefusal, FlowRefused
from storage.database import connection
from storage.queries import load

_SQL = load("flows")

OtherNames = Mapping[tuple[NameOf, str], str]
"""What is to be written in the place of names that are missing here."""


class FlowFate(StrEnum):
    """What an import would do with a flow."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    NOT_YOURS = "not_yours"  # it is here, and belongs to a project of others


@dataclass(frozen=True, slots=True)
class ArrivingFlow:
    """A flow of a file, with other names in place, and what would become of it here."""

    flow: str
    project: str
    text: str
    tests: str
    fate: FlowFate
    version: int
    """Of the draft that it would replace; 0: there is none."""
    changed_by: str
    """Who has changed that draft last."""
    errors: tuple[DocumentError, ...]
    """What has to be corrected before it can be published; the source names file and flow."""


@dataclass(frozen=True, slots=True)
class LackingName:
    """Something that flows of the file name and that isn't here."""

    of: NameOf
    name: str
    places: tuple[tuple[str, int], ...]
    """Flow and line."""
    choices: tuple[str, ...]
    """What is here of that kind."""


@dataclass(frozen=True, slots=True)
class ImportLook:
    """What an import would do."""

    flows: tuple[ArrivingFlow, ...]
    lacking: tuple[LackingName, ...]

    @property
    def changes(self) -> tuple[ArrivingFlow, ...]:
        """Those that would be made or changed."""
        return tuple(one for one in self.flows if one.fate in (FlowFate.NEW, FlowFate.CHANGED))


class FlowTransfers:
    """Exports and imports. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        outside: OutsideOf,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._outside = outside
        self._clock = clock
        # A file is work for a processor, for seconds if it is large, and calls go first.
        self._turn = asyncio.Semaphore(1)

    async def read(self, data: bytes, source: str) -> tuple[PackedFlow, ...]:
        """The flows of a file; ``source`` is its name. Raises DocumentError."""
        async with self._turn:
            return await asyncio.to_thread(unpacked, data, source)

    async def written(self, flows: Sequence[PackedFlow]) -> bytes:
        """The flows as a file."""
        async with self._turn:
            return (await asyncio.to_thread(packed, flows)).encode()

    async def exported(
        self, actor: Actor, flows: Collection[str] | None = None, *, met: bool = False
    ) -> tuple[PackedFlow, ...]:
        """The drafts of these flows (None: all that the actor sees), or with ``met`` what calls
        meet; a flow that they don't meet is left out then. Raises FlowRefused."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["to_export"], actor.reach, met)
        found = {row["flow"]: row for row in rows}
        wanted = found.keys() if flows is None else flows
        if unknown := set(wanted) - found.keys():
            raise FlowRefused(FlowRefusal.UNKNOWN, ", ".join(sorted(unknown)))
        return tuple(
            PackedFlow(name, found[name]["project"], found[name]["text"], found[name]["tests"])
            for name in sorted(wanted)
        )

    async def look_over(
        self,
        actor: Actor,
        project: str,
        flows: Sequence[PackedFlow],
        source: str,
        names: OtherNames | None = None,
        *,
        step: CountSteps = lambda _: None,
    ) -> ImportLook:
        """What an import of these flows would do; new ones become the project's. ``source`` is the
        file's name. What is lacking is that of the file, whatever takes its place.

        The largest flow takes half a second of a thread; ``step`` is called in it after each flow.
        When this is cancelled, the rest of them is not looked at.
        """
        async with connection(self._pool) as db:
            rows = {
                row["flow"]: row
                for row in await db.fetch(_SQL["drafts_of"], [one.flow for one in flows])
            }
            here = await db.fetch(_SQL["names_seen"], actor.reach)
            projects = {rows[one.flow]["project"] if one.flow in rows else project for one in flows}
            outsides = {each: await self._outside(db, each) for each in projects}
        # A flow may enter those of its own project, and those of all.
        there = {
            each: {
                *(row["flow"] for row in here if row["project"] in ("", each)),
                *(one.flow for one in flows),
            }
            for each in projects
        }
        async with self._turn:
            return await in_thread(
                lambda step: _looked(
                    actor, project, flows, source, names or {}, rows, outsides, there, step
                ),
                step,
            )

    async def changed_since(self, look: ImportLook) -> ArrivingFlow | None:
        """A flow whose draft is another one now than at the look; None: there is none."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["drafts_of"], [one.flow for one in look.flows])
        now = {row["flow"]: row for row in rows}
        for one in look.flows:
            row = now.get(one.flow)
            if one.version != (0 if row is None else row["version"]):
                return replace(one, changed_by="" if row is None else row["changed_by"])
        return None

    async def take_in(
        self, actor: Actor, look: ImportLook, only: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """Make and change the drafts as was looked over, all or none; ``only`` some of them (None:
        all). Returns their flows. Raises FlowRefused, also if somebody has changed one since."""
        wanted = [one for one in look.changes if only is None or one.flow in only]
        async with connection(self._pool) as db, db.transaction():
            rows = {
                row["flow"]: row
                for row in await db.fetch(_SQL["drafts_to_change"], [x.flow for x in wanted])
            }
            for one in wanted:
                check_project(actor, one.project)
                for text in (one.text, one.tests):
                    if len(text) > FLOW.characters:
                        raise FlowRefused(FlowRefusal.TOO_LARGE, f"{FLOW.characters:,}")
                now, row = self._clock(), rows.get(one.flow)
                if row is None and one.version == 0:
                    values = (one.flow, one.project, now, actor.name, one.text, one.tests)
                    if await db.fetchval(_SQL["add"], *values) is not None:
                        continue
                elif row is not None and row["version"] == one.version:
                    await db.fetchval(_SQL["save"], one.flow, one.text, one.tests, now, actor.name)
                    continue
                by = "" if row is None else row["changed_by"]
                raise FlowRefused(FlowRefusal.CHANGED_MEANWHILE, by or one.flow)
        return tuple(one.flow for one in wanted)


def _looked(
    actor: Actor,
    project: str,
    flows: Sequence[PackedFlow],
    source: str,
    names: OtherNames,
    rows: Mapping[str, asyncpg.Record],
    outsides: Mapping[str, Outside],
    there: Mapping[str, Collection[str]],
    step: CountSteps,
) -> ImportLook:
    lacking: dict[tuple[NameOf, str], list[tuple[str, int]]] = {}
    choices: dict[NameOf, set[str]] = {}
    arriving = []
    for one in flows:
        row = rows.get(one.flow)
        of = project if row is None else row["project"]
        if row is not None and not _changes(actor, of):
            # What there is in a project of others is not told, and nothing is to be done here.
            fate = FlowFate.NOT_YOURS
            arriving.append(
                ArrivingFlow(one.flow, "", one.text, one.tests, fate, row["version"], "", ())
            )
            step(1)
            continue
        known = {**outsides[of].names, NameOf.FLOW: there[of]}
        if (recorded := outsides[of].recorded) is not None:
            known[NameOf.RECORDING] = recorded.keys()
        for kind, some in known.items():
            choices.setdefault(kind, set()).update(some)
        found = _document(one.text, f"{source}: {one.flow}")
        named = () if isinstance(found, DocumentError) else named_in_document(found)
        for each in named:
            if each.of in known and each.name not in known[each.of]:
                lacking.setdefault((each.of, each.name), []).append((one.flow, each.line))
        text, tests = one.text, one.tests
        with contextlib.suppress(DocumentError, KeyError):  # what is wrong is found below
            text = with_names(one.text, one.flow, names, named)
            tests = other_names_in_tests(one.tests, one.flow, names)
        if text != one.text:
            found = _document(text, f"{source}: {one.flow}")
        met = {**outsides[of].names, NameOf.FLOW: there[of]}
        errors = _errors(found, replace(outsides[of], names=met, flows={}))
        arriving.append(_arriving(replace(one, text=text, tests=tests), row, of, errors))
        step(1)
    return ImportLook(
        tuple(arriving),
        tuple(
            LackingName(of, name, tuple(places), tuple(sorted(choices[of])))
            for (of, name), places in lacking.items()
        ),
    )


def _document(text: str, source: str) -> Document | DocumentError:
    # It is read once for all that is asked of it, which takes most of the time.
    try:
        return read(text, source)
    except DocumentError as error:
        return error


def _errors(found: Document | DocumentError, outside: Outside) -> tuple[DocumentError, ...]:
    if isinstance(found, DocumentError):
        return (found,)
    try:
        return check_document(found, outside).errors
    except DocumentError as error:
        return (error,)


def _arriving(
    one: PackedFlow, row: asyncpg.Record | None, project: str, errors: tuple[DocumentError, ...]
) -> ArrivingFlow:
    fate = FlowFate.NEW
    if row is not None:
        same = (row["text"], row["tests"]) == (one.text, one.tests)
        fate = FlowFate.SAME if same else FlowFate.CHANGED
    return ArrivingFlow(
        one.flow,
        project,
        one.text,
        one.tests,
        fate,
        0 if row is None else row["version"],
        "" if row is None else row["changed_by"],
        errors,
    )


def _changes(actor: Actor, project: str) -> bool:
    return actor.has(project) if project else actor.everywhere


def other_names_in_tests(tests: str, flow: str, names: OtherNames) -> str:
    """The text of a flow's tests with other names, so that they test what the flow now does."""
    if not tests.strip() or not names:
        return tests
    source = f"{flow}.tests.yaml"
    scripts = load_scripts(tests, source)
    words = {
        path: names[of, value]
        for path, of, value in _named_in_tests(scripts.tests)
        if names.get((of, value), value) != value
    }
    return with_scalars(tests, source, words, FLOW)


def _named_in_tests(
    tests: Mapping[str, ScriptSettings],
) -> Iterable[tuple[Path, NameOf, str]]:
    for name, script in tests.items():
        if script.queue:
            yield ("tests", name, "queue"), NameOf.QUEUE, script.queue
        for calendar in script.hours:
            yield ("tests", name, "hours", calendar, KEY_ITSELF), NameOf.CALENDAR, calendar
        for index, step in enumerate(script.steps):
            path: Path = ("tests", name, "steps", index)
            if step.waits_in is not None:
                yield (*path, "waits_in"), NameOf.QUEUE, step.waits_in
            if step.transfers_to is not None:
                yield (*path, "transfers_to"), NameOf.AGENT, step.transfers_to
