"""Makes passwords and PINs for new phones, lines and agents, to be written down once."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from secrets import token_urlsafe

from centre.directory import Edit
from centre.directory_store import ThingKey
from centre.kinds import Kind, Thing
from centre.pins import hash_pin, new_pin
from centre.secret_kinds import SecretKind, secret_of
from telephony.asterisk.digests import digest

_SECTIONS = {Kind.STATION: "stations", Kind.LINE: "lines", Kind.AGENT: "agents"}


@dataclass(frozen=True, slots=True)
class NewSecrets:
    """Secrets in plain text, by thing."""

    plain: Mapping[ThingKey, str]

    def __repr__(self) -> str:
        return f"NewSecrets({len(self.plain)})"

    def hashed(self, step: Callable[[], None] = lambda: None) -> Mapping[ThingKey, str]:
        """What the directory keeps of them. PINs take some milliseconds each; ``step`` is called
        after each secret. Blocking."""
        found: dict[ThingKey, str] = {}
        with ThreadPoolExecutor() as threads:  # hashing lets other threads run
            for (key, _), kept in zip(
                self.plain.items(), threads.map(_kept, self.plain.items()), strict=True
            ):
                found[key] = kept
                step()
        return found

    def as_bytes(self) -> bytes:
        """As they are written down: JSON, by kind and name."""
        text: dict[str, dict[str, str]] = {}
        for (kind, key), secret in self.plain.items():
            text.setdefault(_SECTIONS[kind], {})[key] = secret
        return (json.dumps(text, indent=1) + "\n").encode()


def secrets_of_new(edits: Iterable[Edit]) -> NewSecrets:
    """A secret for each phone, each line that registers here, and each agent, that is made, or that
    needs one from now on."""
    return NewSecrets(
        {
            (edit.kind, edit.key): new_pin() if edit.kind is Kind.AGENT else token_urlsafe(15)
            for edit in edits
            if _has_secret(edit.after) and not _has_secret(edit.before)
        }
    )


def _has_secret(thing: Thing | None) -> bool:
    return secret_of(thing) in (SecretKind.PIN, SecretKind.DIGEST)


def _kept(item: tuple[ThingKey, str]) -> str:
    (kind, key), secret = item
    return hash_pin(secret) if kind is Kind.AGENT else digest(key, secret)
