"""Passwords, made once and kept in the state folder, readable by its owner alone."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from cryptography.fernet import Fernet

from centre.directory import Directory
from centre.endpoint_settings import LineSettings, StationSettings
from centre.organisation_settings import AgentSettings
from centre.pins import new_pin
from documents.json_text import parsed
from domain.centre import Centre
from domain.errors import OperatorError
from domain.identity import AgentCode
from machine.private_files import write_private
from telephony.asterisk.asterisk_passwords import AsteriskPasswords
from telephony.asterisk.digests import digest

SECRETS = "secrets.json"
"""The passwords between Offhook's own parts."""
PASSWORDS = "passwords.json"
"""Passwords and PINs that were made here for phones, lines and agents, in plain text, so that
somebody can set the phones. The directory has only their digests; remove the file after that."""


class SecretsError(OperatorError):
    """A file of secrets can't be used; the text says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What nobody may read in a repository or a log."""

    ami: str
    """The password of the controller's AMI user."""
    agi: str
    """The secret by which the controller knows that a FastAGI session comes from our dialplan."""
    sealing: str
    """The key by which secrets of flows' look-ups are encrypted in the database."""
    sip: Mapping[str, str]
    """The passwords of phones and lines, by name, as far as they are known in plain text."""
    admin: str
    """The console's first password, for its user ``admin``."""
    pins: Mapping[AgentCode, str]
    """What an agent types after their code at a phone, as far as it is known in plain text."""

    def for_asterisk(self, centre: Centre) -> AsteriskPasswords:
        """What Asterisk gets of those that are known in plain text."""
        accounts = {line.name for line in centre.lines if line.account is not None}
        credentials = {
            name: password if name in accounts else digest(name, password)
            for name, password in self.sip.items()
        }
        return AsteriskPasswords(self.ami, self.agi, credentials)

    def as_bytes(self) -> bytes:
        """Those between Offhook's own parts, as they are in their file."""
        return _json(
            {"ami": self.ami, "agi": self.agi, "admin": self.admin, "sealing": self.sealing}
        )

    def __repr__(self) -> str:
        return f"Secrets({len(self.sip)} SIP passwords, {len(self.pins)} PINs)"


def secrets_for(state: Path, directory: Directory) -> Secrets:
    """Read the files of secrets; each phone, registering line and agent has a secret there
    afterwards. Raises SecretsError."""
    lines = directory.of(LineSettings).values()
    return load_or_create(
        state,
        phones=[*directory.of(StationSettings), *(x.name for x in lines if x.host is None)],
        agents=directory.of(AgentSettings),
    )


def load_or_create(
    state: Path, *, phones: Iterable[str] = (), agents: Iterable[str] = ()
) -> Secrets:
    """Read the files of secrets in ``state``; add what is lacking.

    ``phones`` (and lines) are to have passwords, and ``agents`` PINs. What is there is never
    changed, so phones keep their passwords. Raises SecretsError.
    """
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SecretsError(
            f"{state}: the folder can't be made ({error.strerror}); name another with --state, or"
            " let Offhook's user write there"
        ) from error
    own, plain = _read(state / SECRETS), _read(state / PASSWORDS)
    whole = {
        "ami": own.get("ami") or token_urlsafe(24),
        "agi": own.get("agi") or token_urlsafe(24),
        "admin": own.get("admin") or token_urlsafe(9),
        "sealing": own.get("sealing") or Fernet.generate_key().decode(),
    }
    # Before there was a directory, all secrets were in one file.
    passwords: dict[str, dict[str, str]] = {
        name: {**own.get(name, {}), **plain.get(name, {})} for name in ("sip", "pins")
    }
    for name in phones:
        passwords["sip"].setdefault(name, token_urlsafe(15))
    for code in agents:
        passwords["pins"].setdefault(code, new_pin())
    if any(passwords.values()) and passwords != plain:
        _write(state / PASSWORDS, passwords)
    if whole != own:
        _write(state / SECRETS, whole)
    pins = {AgentCode(code): pin for code, pin in passwords["pins"].items()}
    return Secrets(**whole, sip=passwords["sip"], pins=pins)


def _read(path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = {}
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
    return kept


def _check(kept: Any) -> None:
    """Raises ValueError if this is not what ``_write`` wrote."""
    if not isinstance(kept, dict):
        raise ValueError('expected {"ami": ...}')
    for name in ("ami", "agi", "admin", "sealing"):
        if not _is_password(kept.get(name, "-")):
            raise ValueError(f'"{name}" is not a password')
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,80}", kept.get("agi", "-" * 16)):
        raise ValueError('"agi" is not 16 to 80 letters, digits, - and _')
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", kept.get("sealing", "-" * 43 + "=")):
        raise ValueError('"sealing" is not a key of 32 bytes')
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


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode()


def _write(path: Path, content: Mapping[str, Any]) -> None:
    try:
        write_private(path, _json(content))
    except OSError as error:
        raise SecretsError(
            f"{path}: can't be written ({error.strerror}); free space there, or let Offhook's user"
            " write in that folder, or name another with --state"
        ) from error
