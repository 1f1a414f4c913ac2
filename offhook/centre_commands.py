"""``./run centre``: the directory as a file that lives in git and moves between centres."""

import argparse
import asyncio
import getpass
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from centre.authority import SYSTEM
from centre.directory import Edit
from centre.directory_service import (
    ChangeConflict,
    ChangeRefused,
    DirectoryService,
    NothingToChange,
)
from centre.directory_store import DirectoryChange, DirectoryStore
from centre.fault_texts import KIND_WORDS
from centre.importing import ImportPlan, line_of, plan_of, values_of
from centre.new_secrets import NewSecrets, secrets_of_new
from centre.portable import LIMITS, PortableThings, read_portable
from centre.portable_text import written
from configuration.centre_file import Config
from configuration.flows import flow_files, loadable_flows
from documents.document_errors import DocumentError
from domain.errors import OperatorError
from engine.flows_in_force import FlowsOfEdition, loaded
from machine.one_line import in_one_line
from machine.private_files import write_once, write_private
from machine.progress import ProgressBar
from machine.safe_files import NotAFileError, open_regular
from offhook.directory_checks import check_of_now, check_with
from offhook.own_database import config_of, database_of
from publishing.flow_history import FlowHistory
from storage.database import Database
from storage.database_errors import AWAY

DIFFERS = 3
"""The exit code of ``diff`` where there are differences, and of an import that would remove things
and was not told whether it may."""

_LARGEST_BYTES = 4 * LIMITS.characters


class CentreCommandError(OperatorError):
    """A file can't be taken in; nothing was changed."""


async def export(arguments: argparse.Namespace) -> int:
    """Write the directory. Returns the exit code, as all of these do."""
    config = _config(arguments)
    async with database_of(config, arguments.state) as database:
        kept = await DirectoryStore(database.pool).read()
    text = written(kept.directory)
    to: Path | None = arguments.to
    if to is None:
        sys.stdout.write(text)
        return 0
    _write(to, text.encode())
    _say(f"wrote {to}: {len(kept.directory):,} things")
    return 0


def _write(to: Path, content: bytes) -> None:
    """Replace the file; a new one is for its owner alone, for it has people's names."""
    mode = to.stat().st_mode & 0o777 if to.exists() else None
    write_private(to, content)
    if mode is not None:
        to.chmod(mode)


async def diff(arguments: argparse.Namespace) -> int:
    """Say what an import would do."""
    config, found = _config(arguments), _read(arguments.file)
    async with database_of(config, arguments.state) as database:
        flows, drafts = await _flows(config, database)
        plan = await _plan(DirectoryStore(database.pool), flows, drafts, found, keeping=False)
    _print(plan, as_json=arguments.json)
    if not plan.possible:
        return 1
    return DIFFERS if plan.edits else 0


async def take_in(arguments: argparse.Namespace) -> int:
    """Make the directory what the file says."""
    config, found = _config(arguments), _read(arguments.file)
    async with database_of(config, arguments.state) as database:
        store = DirectoryStore(database.pool)
        flows, drafts = await _flows(config, database)
        plan = await _plan(store, flows, drafts, found, keeping=arguments.keep)
        undecided = bool(plan.removed) and not arguments.remove
        if not plan.possible or arguments.dry_run or not plan.edits or undecided:
            _print(plan, as_json=arguments.json)
            if not plan.possible:
                return _failed("nothing was changed: correct the file first")
            if not arguments.dry_run and plan.edits:
                _say(
                    f"nothing was changed: the file lacks {len(plan.removed):,} of the things"
                    " above; pass --remove to remove them, or --keep to leave them"
                )
                return DIFFERS
            return 0
        service = DirectoryService(
            store,
            check=check_with(flows, drafts),
            check_of_now=check_of_now(FlowHistory(database.pool), lambda: flows),
        )
        secrets = secrets_of_new(plan.edits)
        file = _keep(secrets, arguments)
        try:
            change = await _change(service, plan, secrets, arguments)
        except CentreCommandError:
            if file is not None:
                file.unlink(missing_ok=True)  # these passwords are nobody's
            raise
        except AWAY as error:
            kept = "" if file is None else f"; then its new passwords are those in {file}"
            raise CentreCommandError(
                f"the database went away ({in_one_line(error)}), so nobody knows whether the change"
                f" was made: './run centre diff' says so{kept}"
            ) from error
    _print(plan, as_json=arguments.json, change=change, secrets=file)
    return 0


async def _plan(
    store: DirectoryStore,
    flows: FlowsOfEdition,
    drafts: Mapping[str, str],
    found: PortableThings,
    *,
    keeping: bool,
) -> ImportPlan:
    return plan_of(
        found,
        await store.read(),
        check_with(flows, drafts),
        keeping=keeping,
        flows=flows.flows,
        timezones=available_timezones(),
    )


async def _change(
    service: DirectoryService,
    plan: ImportPlan,
    secrets: NewSecrets,
    arguments: argparse.Namespace,
) -> DirectoryChange:
    bar = ProgressBar(len(secrets.plain), "passwords and PINs hashed")
    hashed = await asyncio.to_thread(secrets.hashed, bar.step)
    bar.end()
    name = "standard input" if arguments.file == "-" else Path(arguments.file).name
    note = f"imported from {name} by {_user()}" + (f": {arguments.note}" if arguments.note else "")
    note = note.encode("utf-8", "replace").decode()  # names of files may be in another encoding
    try:
        return await service.change(SYSTEM, plan.wishes, note=note, secrets=hashed)
    except ChangeConflict as error:
        conflict = error.conflicts[0]
        who = f" by {conflict.change.by}" if conflict.change else ""
        raise CentreCommandError(
            f"{KIND_WORDS[conflict.kind]} {conflict.key} was changed{who} meanwhile, and nothing"
            " was imported; look at './run centre diff', and import again"
        ) from error
    except (ChangeRefused, NothingToChange) as error:
        raise CentreCommandError(
            "the directory was changed meanwhile, and nothing was imported; look at './run centre"
            " diff', and import again"
        ) from error


def _config(arguments: argparse.Namespace) -> Config:
    config = config_of(arguments.state, arguments.config)
    if config.sections is not None:
        raise CentreCommandError(
            f"{config.source}: its projects, queues and agents have not been moved into the"
            " directory yet; start './run up' once, which does it"
        )
    return config


async def _flows(config: Config, database: Database) -> tuple[FlowsOfEdition, Mapping[str, str]]:
    """The flows that numbers may have (the published ones, or what the first start publishes), and
    those that exist only as drafts, each with its project."""
    history = FlowHistory(database.pool)
    newest, drafts = await history.newest(), await history.unpublished()
    if newest.edition == 0:
        return FlowsOfEdition(0, loadable_flows(flow_files(config))), drafts
    return loaded(newest), drafts


def _read(name: str) -> PortableThings:
    if name == "-":
        return read_portable(sys.stdin.buffer.read(_LARGEST_BYTES), "standard input")
    try:
        with open_regular(Path(name)) as (file, _):
            text = file.read(_LARGEST_BYTES)
    except NotAFileError as error:
        raise CentreCommandError(f"{name}: it is {error}; name a YAML file") from error
    return read_portable(text, name)


def _keep(secrets: NewSecrets, arguments: argparse.Namespace) -> Path | None:
    """Write the new secrets down before they count; None if there are none."""
    if not secrets.plain:
        return None
    at = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    file: Path = arguments.secrets or arguments.state / f"new-secrets-{at}.json"
    try:
        write_once(file, secrets.as_bytes())
    except FileExistsError as error:
        raise CentreCommandError(
            f"{file}: there is such a file already, and new passwords don't replace it; name"
            " another with --secrets"
        ) from error
    return file


def _print(
    plan: ImportPlan,
    *,
    as_json: bool,
    change: DirectoryChange | None = None,
    secrets: Path | None = None,
) -> None:
    if as_json:
        print(json.dumps(_as_json(plan, change, secrets), ensure_ascii=False))
        return
    for edit in plan.edits:
        print(line_of(edit))
    for kind, errors in (("missing", plan.missing), ("error", plan.errors)):
        for error in errors:
            print(f"{kind}: {error}")
    made = "" if change is None else f"change {change.id}, which the console can undo: "
    print(
        f"{made}{len(plan.created):,} created, {len(plan.changed):,} changed,"
        f" {len(plan.removed):,} removed"
    )
    if secrets is not None:
        print(f"new passwords and PINs, which are nowhere else in plain text: {secrets}")
    for line in plan.without_password():
        print(f"line {line}: enter its carrier's password in the console")


def _as_json(
    plan: ImportPlan, change: DirectoryChange | None, secrets: Path | None
) -> Mapping[str, Any]:
    return {
        "created": [_thing(edit) for edit in plan.created],
        "changed": [
            {**_thing(edit), "before": before, "after": after}
            for edit in plan.changed
            for before, after in (values_of(edit),)
        ],
        "removed": [_thing(edit) for edit in plan.removed],
        "missing": [_fault(error) for error in plan.missing],
        "errors": [_fault(error) for error in plan.errors],
        "needs_password": plan.without_password(),
        "change": None if change is None else change.id,
        "secrets": None if secrets is None else str(secrets),
    }


def _thing(edit: Edit) -> Mapping[str, str]:
    return {"kind": edit.kind, "key": edit.key}


def _fault(error: DocumentError) -> Mapping[str, Any]:
    names = ("source", "line", "column", "message", "hint")
    return {name: getattr(error, name) for name in names}


def _failed(why: str) -> int:
    _say(why)
    return 1


def _say(text: str) -> None:
    print(f"offhook: {text}", file=sys.stderr)


def _user() -> str:
    """Who uses this machine's command line."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, in a container
        return f"user {os.geteuid()}"
