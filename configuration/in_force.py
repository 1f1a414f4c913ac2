"""Keeps a copy of the configuration in force: what was checked when Offhook was last started.

A controller that died is started again from the copy, not from the files, which somebody may be
halfway through saving. ``./run up`` and ``./run restart`` take the files, but only if they are
right. The directory has a copy of its own (``centre.directory_copy``).
"""

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from centre.directory import Directory
from configuration.centre_file import Config, ConfigError, load, parse
from configuration.flows import FlowsElsewhere, FlowSource, flow_files, load_flows
from configuration.secrets import SECRETS, Secrets, SecretsError, load_or_create, secrets_for
from documents.document_errors import DocumentError
from documents.json_text import parsed
from domain.errors import OperatorError
from machine.private_files import write_private

log = structlog.get_logger()

FOLDER = "in-force"
_COPY = "configuration.json"
_SERVING = "serving"
_NOT_KEPT = "not-kept"
"""Exists while the copy is that of an earlier start, because the last one's can't be written."""


class CannotKeep(OperatorError):  # noqa: N818
    """The copy can't be written. The text says where, what follows, and what to do."""

    def __init__(self, message: str, *, misleads: bool) -> None:
        super().__init__(message)
        self.misleads = misleads
        """Whether an earlier start's copy exists and would be taken for this one's."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A checked configuration with its secrets and the texts of its flows."""

    config: Config
    secrets: Secrets
    files: Mapping[str, FlowSource]
    """The flows' texts, by the flows' names."""
    since: datetime

    def changed(self, directory: Directory, published: Collection[str]) -> str | None:
        """What has become of the files since, in one line; None: they are unchanged. Blocks.

        ``directory`` says which flows are wanted now, and ``published`` which there are besides
        those in files.
        """
        try:
            now = parse(self.config.source, self.config.source.read_bytes())
            files = flow_files(now)
            if now.text == self.config.text and files == self.files:
                return None
            load_flows(files, directory, FlowsElsewhere(published, due=()))
        except OSError as error:
            return f"{self.config.source}: can't be read ({error.strerror})"
        except (ConfigError, DocumentError) as error:
            return " ".join(str(error).split())
        return f"{self.config.source} or a flow has changed"


def from_files(config: Config, state: Path) -> InForce:
    """The configuration in the files now. Raises OSError, SecretsError."""
    # Phones, lines and agents of an old file have secrets.
    return _in_force(config, secrets_for(state, config.sections or Directory()))


def _in_force(config: Config, secrets: Secrets) -> InForce:
    return InForce(config, secrets, flow_files(config), datetime.now(UTC))


def keep(found: InForce, state: Path) -> None:
    """Put a configuration in force: replace the copy, or raise CannotKeep and leave it as it is."""
    copy = {
        "source": str(found.config.source),
        "since": found.since.isoformat(),
        "centre": _text(found.config.text),
        "flows": {
            name: {
                "path": str(file.path),
                "text": _text(file.text),
                "tests": _text(file.tests),
            }
            for name, file in found.files.items()
        },
    }
    folder = state / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(folder / SECRETS, found.secrets.as_bytes())
        write_private(folder / _COPY, json.dumps({**copy, "sha256": _sha256(copy)}).encode())
        (folder / _NOT_KEPT).unlink(missing_ok=True)
    except OSError as error:
        raise _not_kept(found, state, error) from error


def _not_kept(found: InForce, state: Path, error: OSError) -> CannotKeep:
    """The error, with what it means for a controller that dies later."""
    folder = state / FOLDER
    there, misleads = (folder / _COPY).exists(), False
    after = "a controller that dies is started again from the files while they are right"
    try:
        (folder / _NOT_KEPT).touch(mode=0o600)
    except OSError:
        misleads = there and not _is_kept(found, state)
        if there:
            after = "a controller that dies would be started again from it"
    return CannotKeep(
        f"{error.filename or folder}: can't be written ({error.strerror}), so the configuration"
        f" is not kept: {'an earlier copy stays' if there else 'there is no copy'}, and {after};"
        f" free space there, or let Offhook's user write there",
        misleads=misleads,
    )


def _is_kept(found: InForce, state: Path) -> bool:
    try:
        before = _copy(state)
    except (*_BROKEN, SecretsError):
        return False
    return (before.config.text, before.files) == (found.config.text, found.files)


def kept(source: Path, state: Path) -> InForce:
    """The configuration in the copy or, if that can't be read (which is logged), in the files.

    If the last start's copy could not be kept, take the files if they are right, and otherwise
    the copy of an earlier start. Raises what reading the files raises.
    """
    folder = state / FOLDER
    if (folder / _NOT_KEPT).exists():
        try:
            return _files_again(source, state)
        except (OSError, ConfigError, DocumentError) as error:
            try:
                found = _copy(state, is_last=False)
            except _BROKEN:
                raise error from None
            log.error(
                "the files are wrong, and the configuration in force could not be kept; the copy"
                " of an earlier start is used",
                file=str(folder / _COPY),
                since=found.since.isoformat(),
                why=_in_one_line(error),
            )
            return found
    try:
        return _copy(state)
    except _BROKEN as error:
        log.error(
            "the copy of the configuration in force can't be read; the files are used",
            file=str(folder / _COPY),
            why=_in_one_line(error),
        )
        return _files_again(source, state)


_BROKEN = (OSError, ValueError, ConfigError, DocumentError)
"""What ``_copy`` raises."""


def _copy(state: Path, *, is_last: bool = True) -> InForce:
    """Reads the copy. ``is_last``: it is that of the last start. Raises one of ``_BROKEN``, or
    SecretsError."""
    copy = _fields(parsed((state / FOLDER / _COPY).read_bytes()), "the copy")
    if copy.pop("sha256", None) != _sha256(copy):
        raise ValueError("it is not what was kept")
    config = parse(_path(copy, "source"), _bytes(_string(copy, "centre")))
    files = {}
    for name, fields in _fields(copy.get("flows"), '"flows"').items():
        file = _fields(fields, f'"{name}" in "flows"')
        tests = _string(file, "tests") if "tests" in file else ""  # earlier versions had none
        files[name] = FlowSource(_path(file, "path"), _bytes(_string(file, "text")), _bytes(tests))
    if not files:
        raise ValueError('"flows" is empty')
    since = datetime.fromisoformat(_string(copy, "since"))
    if since.tzinfo is None:
        raise ValueError('"since" is in no time zone')
    return InForce(config, _secrets_again(state, copy=is_last), files, since)


def _files_again(source: Path, state: Path) -> InForce:
    """Like ``from_files``, for a controller that was started before."""
    config = load(source)
    return _in_force(config, _secrets_again(state, copy=False))


def _secrets_again(state: Path, *, copy: bool) -> Secrets:
    """The secrets that Asterisk was started with: from the copy, or from the file if the copy may
    be older. If one can't be used, take the other. Raises SecretsError if neither can."""
    places = (state / FOLDER, state) if copy else (state, state / FOLDER)
    there = [place for place in places if (place / SECRETS).exists()]
    for place in there[:-1]:
        try:
            return load_or_create(place)
        except SecretsError as error:
            log.error("the secrets are read from their other place", why=_in_one_line(error))
    return load_or_create(there[-1] if there else state)


def _sha256(copy: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(copy, sort_keys=True).encode()).hexdigest()


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _fields(found: object, what: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(f"{what} is not a JSON object")
    return found


def _string(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str):
        raise ValueError(f'"{name}" is not a string')
    return found


def _path(fields: Mapping[str, Any], name: str) -> Path:
    found = _string(fields, name)
    if not found or "\0" in found:
        raise ValueError(f'"{name}" is not a path')
    os.fsencode(found)  # a UnicodeEncodeError is a ValueError, too
    return Path(found)


def for_a_service(source: Path, state: Path) -> InForce:
    """The configuration for a controller that a service manager or a container starts.

    From the files if the controller before was ended on purpose, from the copy if it died. Raises
    what ``from_files`` and ``load`` raise.
    """
    if (state / FOLDER / _SERVING).exists():
        found = kept(source, state)
        if found.config.source.absolute() == source.absolute():
            return found
    return from_files(load(source), state)


def serving(state: Path, *, now: bool) -> None:
    """Mark that a controller serves, or no longer serves; the mark of one that dies stays."""
    mark = state / FOLDER / _SERVING
    try:
        if now:
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)
    except OSError as error:
        log.warning("a file can't be written", file=str(mark), why=error.strerror)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
