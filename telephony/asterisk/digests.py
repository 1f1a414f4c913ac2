"""Digests of SIP passwords, which Asterisk takes in place of the passwords (auth_type=md5)."""

import hashlib

REALM = "asterisk"
"""What Asterisk asks phones and lines for."""


def digest(name: str, password: str) -> str:
    """The digest of a station's or a line's password (RFC 2617, 3.2.2.2)."""
    return hashlib.md5(f"{name}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()
