"""Passwords and PINs, made once and kept in the state folder, readable by its owner alone."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import randbelow, token_urlsafe
from typing import Any

from documents.json_text import parsed
from domain.centre import Centre
from domain.errors import OperatorError
from domain.identity import AgentCode
from machine.private_files import write_private
from telephony.asterisk.asterisk_passwords import AsteriskPasswords

SECRETS = "secrets.json"


class SecretsError(OperatorError):
    """The file of secrets can't be used; the text says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Secrets(AsteriskPasswords):
    """What nobody may read in a repository or a log."""

    pins: Mapping[AgentCode, str]
    """What an agent types after their code at a phone."""
    admin: str
    """The console's first password, for its user ``admin``."""

    def as_bytes(self) -> bytes:
        """As they are in their file."""
        return json.dumps(asdict(self), indent=1).encode()

    def __repr__(self) -> str:
        return f"Secrets({len(self.sip)} SIP passwords, {len(self.pins)} PINs)"


def load_or_create(state: Path, centre: Centre) -> Secrets:
    """Read ``state/secrets.json``; add what the centre needs and the file lacks.

    What is there is never changed, so phones keep their passwords. Raises SecretsError.
    """
    path = state / SECRETS
    kept: dict[str, Any] = {}
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SecretsError(
            f"{state}: the folder can't be made ({error.strerror}); name another with --state, or"
            " let Offhook's user write there"
        ) from error
    try:
        if path.exists():
            kept = parsed(path.read_bytes())
        _check(kept)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SecretsError(
            f"{path}: can't be read ({why}); put it back from a backup, or remove it to have new"
            " passwords made (then enter the new ones in the phones)"
        ) from error
    whole: dict[str, Any] = {
        "ami": kept.get("ami") or token_urlsafe(24),
        "agi": kept.get("agi") or token_urlsafe(24),
        "admin": kept.get("admin") or token_urlsafe(9),
        "sip": dict(kept.get("sip", {})),
        "pins": dict(kept.get("pins", {})),
    }
    for name in [s.name for s in centre.stations] + [line.name for line in centre.lines]:
        whole["sip"].setdefault(name, token_urlsafe(15))
    for agent in centre.agents:
        whole["pins"].setdefault(agent.code, f"{randbelow(10_000):04d}")
    if whole != kept:
        _write(path, whole)
    return Secrets(**{name: whole[name] for name in ("ami", "agi", "sip", "pins", "admin")})


def _check(kept: Any) -> None:
    """Raises ValueError if this is not what ``_write`` wrote."""
    if not isinstance(kept, dict):
        raise ValueError('expected {"ami": ...}')
    for name in ("ami", "agi", "admin"):
        if not _is_password(kept.get(name, "-")):
            raise ValueError(f'"{name}" is not a password')
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,80}", kept.get("agi", "-" * 16)):
        raise ValueError('"agi" is not 16 to 80 letters, digits, - and _')
    for name in ("sip", "pins"):
        group = kept.get(name, {})
        if not isinstance(group, dict):
            raise ValueError(f'"{name}" is not a list of passwords by name')
        for key, value in group.items():
            if not _is_password(value):
                raise ValueError(f'"{key}" in "{name}" is not a password')


def _is_password(value: Any) -> bool:
    # What else there is, Asterisk's configuration would misread.
    return isinstance(value, str) and value.isprintable() and ";" not in value and value != ""


def _write(path: Path, content: Mapping[str, Any]) -> None:
    try:
        write_private(path, json.dumps(content, indent=1).encode())
    except OSError as error:
        raise SecretsError(
            f"{path}: can't be written ({error.strerror}); free space there, or let Offhook's user"
            " write in that folder, or name another with --state"
        ) from error
