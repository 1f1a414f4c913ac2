"""Says which secret a thing has: each has one at most, and another kind of it doesn't fit."""

from enum import StrEnum

from centre.endpoint_settings import LineSettings, StationSettings
from centre.kinds import Thing
from centre.organisation_settings import AgentSettings


class SecretKind(StrEnum):
    """What is kept of a secret."""

    PIN = "pin"
    """A hash of the PIN that an agent types."""
    DIGEST = "digest"
    """What Asterisk needs to check the password of a phone, or of a line that registers here."""
    OF_CARRIER = "of carrier"
    """The password for a carrier, in plain text, for we say it to them."""


def secret_of(thing: Thing | None) -> SecretKind | None:
    """The kind of secret that a thing needs; None if it needs none."""
    match thing:
        case AgentSettings():
            return SecretKind.PIN
        case StationSettings():
            return SecretKind.DIGEST
        case LineSettings() if thing.host is None:
            return SecretKind.DIGEST
        case LineSettings() if thing.account is not None:
            return SecretKind.OF_CARRIER
        case _:
            return None
