"""The passwords that Asterisk's configuration needs, and the digests it has in place of others."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AsteriskPasswords:
    """Passwords are kept out of repositories and logs; only its owner can read a file with them."""

    ami: str
    """The password of the controller's AMI user."""
    agi: str
    """The secret by which the controller knows that a FastAGI session comes from our dialplan."""
    credentials: Mapping[str, str]
    """By endpoint: the digest of a station, or of a line that authenticates to us; the password
    itself of a line with an ``account``, because its carrier asks us for it."""

    def __repr__(self) -> str:
        return f"AsteriskPasswords({len(self.credentials)} of SIP)"
