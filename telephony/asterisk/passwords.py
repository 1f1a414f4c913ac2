"""The passwords that Asterisk's files need."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AsteriskPasswords:
    """Kept out of repositories and logs; the files that hold them are their owner's alone."""

    ami: str
    """Password of the controller's AMI user."""
    agi: str
    """By it the controller knows that a FastAGI session comes from our dialplan."""
    sip: Mapping[str, str]
    """By endpoint: stations and the lines that log in."""

    def __repr__(self) -> str:
        return f"AsteriskPasswords({len(self.sip)} of SIP)"
