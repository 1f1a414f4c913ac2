"""The configuration in force: what was checked at the last start on purpose, kept in a copy.

A controller that died is started again from the copy, not from the files: somebody may be half-way
through saving them. ``./run up`` and ``./run restart`` take the files, and only if they are right.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from ivr_flows.errors import FlowError
from ivr_flows.flow import Flow
from offhook.config import Config, ConfigError, load, parse
from offhook.flows import FlowFile, flow_files, load_flows
from offhook.secrets import Secrets, SecretsError, load_or_create, write_private

log = structlog.get_logger()

FOLDER = "in-force"
_COPY = "configuration.json"
_SERVING = "serving"


class CannotKeep(Exception):  # noqa: N818
    """The copy can't be written; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A checked configuration with its flows and secrets, and what they were read from."""

    config: Config
    flows: Mapping[str, Flow]
    secrets: Secrets
    files: Mapping[str, FlowFile]
    """The flows' texts, by the flows' names."""
    since: datetime

    def changed(self) -> str | None:
        """What the files have come to since, in one line; None: they are the same. Blocking."""
        try:
            now = parse(self.config.source, self.config.source.read_bytes())
            files = flow_files(now)
            if now.text == self.config.text and files == self.files:
                return None
            load_flows(now, files)
        except OSError as error:
            return f"{self.config.source}: can't be read ({error.strerror})"
        except (ConfigError, FlowError) as error:
            return " ".join(str(error).split())
        return f"{self.config.source} or a flow has been changed"


def from_files(config: Config, state: Path) -> InForce:
    """What the files say now. Raises FlowError, SecretsError."""
    files = flow_files(config)
    flows = load_flows(config, files)
    return InForce(config, flows, load_or_create(state, config.centre), files, datetime.now(UTC))


def keep(found: InForce, state: Path) -> None:
    """Put it in force: the copy is replaced. Raises CannotKeep."""
    copy = {
        "source": str(found.config.source),
        "since": found.since.isoformat(),
        "centre": _text(found.config.text),
        "flows": {
            name: {"path": str(file.path), "text": _text(file.text)}
            for name, file in found.files.items()
        },
    }
    folder = state / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(folder / "secrets.json", (state / "secrets.json").read_bytes())
        write_private(folder / _COPY, json.dumps(copy).encode())
    except OSError as error:
        with contextlib.suppress(OSError):
            (folder / _COPY).unlink()  # that of an earlier start is in force no more
        raise CannotKeep(
            f"{folder}: can't be written ({error.strerror}); free space there, or let Offhook's"
            " user write"
        ) from error


def kept(source: Path, state: Path) -> InForce:
    """The copy. Where it can't be read, one line says so, and the files are taken.

    Raises what reading the files raises.
    """
    folder = state / FOLDER
    try:
        copy: dict[str, Any] = json.loads((folder / _COPY).read_bytes())
        config = parse(Path(copy["source"]), _bytes(copy["centre"]))
        files = {
            name: FlowFile(Path(file["path"]), _bytes(file["text"]))
            for name, file in copy["flows"].items()
        }
        flows = load_flows(config, files)
        since = datetime.fromisoformat(copy["since"])
    except (OSError, ValueError, KeyError, TypeError, ConfigError, FlowError) as error:
        log.error(
            "the copy of the configuration in force can't be read; the files are taken",
            file=str(folder / _COPY),
            why=" ".join(str(error).split()) or type(error).__name__,
        )
        return from_files(load(source), state)
    try:
        secrets = load_or_create(state, config.centre)
    except SecretsError as error:
        log.error("the secrets are those of the last start", why=str(error))
        secrets = load_or_create(folder, config.centre)
    return InForce(config, flows, secrets, files, since)


def for_a_service(source: Path, state: Path) -> InForce:
    """For a controller that a service manager or a container starts, again and again.

    The one before it was ended on purpose: the files. It died: the copy. Raises what ``from_files``
    and ``load`` raise.
    """
    if (state / FOLDER / _SERVING).exists():
        found = kept(source, state)
        if found.config.source.absolute() == source.absolute():
            return found
    return from_files(load(source), state)


def serving(state: Path, *, now: bool) -> None:
    """Remember that a controller serves, until it is asked to end: if it dies, this stays."""
    mark = state / FOLDER / _SERVING
    try:
        if now:
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)
    except OSError as error:
        log.warning("can't be written", file=str(mark), why=error.strerror)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
