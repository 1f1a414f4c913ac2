"""The passwords that are written into Asterisk's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AsteriskPasswords:
    """Passwords are kept out of repositories and logs; only its owner can read a file with them."""

    ami: str
    """The password of the controller's AMI user."""
    agi: str
    """The secret by which the controller knows that a FastAGI session comes from our dialplan."""
    sip: Mapping[str, str]
    """By endpoint: stations, and the lines that register."""

    def __repr__(self) -> str:
        return f"AsteriskPasswords({len(self.sip)} of SIP)"
