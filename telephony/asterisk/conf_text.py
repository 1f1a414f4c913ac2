"""Checks what is written into Asterisk's configuration, whoever has checked it before.

A line break would start a directive of its own, and a semicolon a comment.
"""

import re

from machine.hosts import with_port


def word(text: str) -> str:
    """A name or an address. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9_.:\[\]-]{1,80}", text):
        raise ValueError(f"{text!r} can't be a name or an address in Asterisk's configuration")
    return text


def address(host: str, port: int) -> str:
    """``host:port``. Raises ValueError."""
    return with_port(word(host), port)


def plain(text: str) -> str:
    """A value of one line. Raises ValueError, which doesn't repeat it: it may be a password."""
    if not text.isprintable() or ";" in text or not text.strip():
        raise ValueError(
            "a value for Asterisk's configuration is empty or has a line break or a semicolon"
        )
    return text


def secret(text: str) -> str:
    """A password that somebody else has chosen, of any visible characters. Raises ValueError."""
    if not text.isprintable() or text != text.strip() or not text:
        raise ValueError(
            "its password is empty, begins or ends with a space, or has a line break in it"
        )
    return text.replace(";", "\\;")
