"""``./run flows export`` and ``import``: flows of the database a state folder uses, as one file."""

import argparse
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from centre.directory import Directory
from centre.directory_store import DirectoryStore
from centre.organisation_settings import ProjectSettings
from configuration.flow_surroundings import FlowSurroundings, directory_now
from documents.document_errors import DocumentError
from domain.errors import OperatorError
from domain.roles import Actor, Role
from ivr_flows.kind import NameOf
from machine.private_files import write_private
from machine.progress import ProgressBar
from machine.safe_files import NotAFileError, open_regular
from offhook.own_database import config_of, database_of
from publishing.flow_files import LARGEST_BYTES, PackedFlow, packed, unpacked
from publishing.flow_transfers import FlowTransfers, ImportLook
from publishing.flow_words import FlowRefused
from publishing.look_up_rights import LookUpRights

COMMAND_LINE = Actor("command line", Role.ADMIN, None)


class FlowsNotMoved(OperatorError):  # noqa: N818
    """Flows can't be exported or taken in; nothing was changed."""


async def export(arguments: argparse.Namespace) -> int:
    """Write flows into a file. Returns the exit code, as both of these do."""
    async with _transfers(arguments) as transfers:
        try:
            found = await transfers.exported(
                COMMAND_LINE, arguments.flows or None, met=arguments.published
            )
        except FlowRefused as refused:
            raise FlowsNotMoved(f"there is no such flow: {refused.about}") from refused
    text = packed(found)
    to: Path | None = arguments.to
    if to is None:
        sys.stdout.write(text)
    else:
        write_private(to, text.encode())
        print(f"wrote {to}: {len(found):,} flows", file=sys.stderr)
    return 0


async def take_in(arguments: argparse.Namespace) -> int:
    """Make drafts of the flows of a file, or only say what would be made."""
    flows, names = _read(arguments.file), _names(arguments.name)
    async with _transfers(arguments) as transfers:
        source, project = str(arguments.file), arguments.project
        bar = ProgressBar(len(flows), "flows looked at")
        try:
            look = await transfers.look_over(
                COMMAND_LINE, project, flows, source, names, step=bar.step
            )
        finally:
            bar.end()
        _print(look, names)
        if arguments.dry_run:
            return 0
        try:
            made = await transfers.take_in(COMMAND_LINE, look)
        except FlowRefused as refused:
            raise FlowsNotMoved(
                f"nothing was changed: {refused.why.value} {refused.about}; try again"
            ) from refused
    print(f"drafts made or changed: {len(made):,}; nothing is published", file=sys.stderr)
    return 0


@asynccontextmanager
async def _transfers(arguments: argparse.Namespace) -> AsyncIterator[FlowTransfers]:
    config = config_of(arguments.state, arguments.config)
    async with database_of(config, arguments.state) as database:
        store = DirectoryStore(database.pool)
        kept = await store.read()
        # Only names are asked for, so that any key will do.
        rights = LookUpRights(database.pool, Fernet.generate_key().decode())
        await rights.look()
        surroundings = FlowSurroundings(directory_now(store, lambda: kept), rights.names)
        _check_project(getattr(arguments, "project", ""), kept.directory)
        yield FlowTransfers(database.pool, surroundings.outside)


def _check_project(project: str, directory: Directory) -> None:
    projects = sorted(directory.of(ProjectSettings))
    if project and project not in projects:
        known = ", ".join(projects) or "none; leave --project out, or make one first"
        raise FlowsNotMoved(f"--project {project}: there is no such project; there are: {known}")


def _read(file: Path) -> tuple[PackedFlow, ...]:
    try:
        with open_regular(file) as (opened, _):
            data = opened.read(LARGEST_BYTES + 1)
    except NotAFileError as error:
        raise FlowsNotMoved(f"{file}: it is {error}; name a YAML file") from error
    except OSError as error:
        raise FlowsNotMoved(f"{file}: can't be read ({error.strerror})") from error
    return unpacked(data, str(file))


def _names(given: Sequence[str]) -> dict[tuple[NameOf, str], str]:
    found = {}
    for one in given:
        kind, colon, pair = one.partition(":")
        theirs, equals, ours = pair.partition("=")
        if not (colon and equals and theirs and ours and kind in set(NameOf)):
            kinds = ", ".join(NameOf)
            raise FlowsNotMoved(
                f"--name {one}: expected KIND:THEIRS=OURS, with one of these kinds: {kinds}"
            )
        found[NameOf(kind), theirs] = ours
    return found


def _print(look: ImportLook, names: dict[tuple[NameOf, str], str]) -> None:
    for flow in look.flows:
        print(f"{flow.fate.value:8}  {flow.flow}")
        for error in flow.errors:
            print(f"          {_alone(error)}")
    for one in look.lacking:
        ours = names.get((one.of, one.name))
        places = ", ".join(f"{flow}:{line}" for flow, line in one.places)
        instead = f"becomes {json.dumps(ours, ensure_ascii=False)}" if ours else "is not here"
        print(f"{one.of.value} {json.dumps(one.name, ensure_ascii=False)} {instead} ({places})")


def _alone(error: DocumentError) -> str:
    text = f"{error.source}:{error.line}:{error.column}: {error.message}"
    return f"{text}; {error.hint}" if error.hint else text
