"""Digests of SIP passwords, which Asterisk takes in place of the passwords (auth_type=md5)."""

import hashlib

REALM = "offhook"
"""What phones and lines hash together with their passwords, so it can never change; asterisk-conf's
pjsip.conf has it, too."""


def digest(name: str, password: str) -> str:
    """What is kept of the password of a station, or of a line that authenticates to us (RFC 2617,
    3.2.2.2).

    The password can't be read from it, but whoever has the digest can register with it. MD5 is
    what every phone understands, and harmless for a long random password.
    """
    text = f"{name}:{REALM}:{password}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
