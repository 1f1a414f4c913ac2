"""Who calls, as a person reads it: number and name, in whatever words and bytes they came. No I/O.

The dialplan ([caller] in extensions.conf) takes both out of the SIP header: the number as digits,
the name percent-encoded as it stood there.
"""

import codecs
import re
import unicodedata
from urllib.parse import unquote_to_bytes

LONGEST_NAME = 60
"""Characters; a display's line, and more than any network sends on purpose."""

_NUMBER = re.compile(r"[+*#0-9]{1,32}")
_ENCODINGS = ("utf-8", "gb18030")  # GBK and GB 2312 are parts of GB 18030
_ABSENT = frozenset({"anonymous", "unknown", "unavailable", "restricted", "private", "withheld"})


def number_of(text: str) -> str | None:
    """A caller's number; None if it is withheld.

    Asterisk, gateways and networks have many words for none: "", unknown, <unknown>, anonymous.
    """
    return text if _NUMBER.fullmatch(text) and any(c.isdigit() for c in text) else None


def name_of(encoded: str, number: str | None = None) -> str | None:
    """The name in front of a SIP address, percent-encoded and perhaps cut off; None without one.

    A name that only repeats ``number``, or a word for "withheld", is none. It is UTF-8 or GB 18030,
    has no control or invisible characters, and at most ``LONGEST_NAME`` others.
    """
    text = _decoded(_unquoted(unquote_to_bytes(encoded)))
    seen = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text))
    name = " ".join(seen.split())
    if len(name) > LONGEST_NAME:
        end = LONGEST_NAME
        while end and unicodedata.combining(name[end]):  # an accent stays with its letter
            end -= 1
        name = name[:end].rstrip()
    if not name or name == number or name.strip("<>").lower() in _ABSENT:
        return None
    return name


def _unquoted(raw: bytes) -> bytes:
    """The text of a quoted string, or of the words that need no quotes."""
    raw = raw.strip()
    if not raw.startswith(b'"'):
        return raw
    inner = re.match(rb'"((?:[^"\\]|\\.)*)', raw, re.S)
    return re.sub(rb"\\(.)", rb"\1", inner[1] if inner else b"", flags=re.S)


def _decoded(raw: bytes) -> str:
    """Bytes as text, without the rest of a character that was cut in two."""
    for encoding in _ENCODINGS:
        try:
            return codecs.getincrementaldecoder(encoding)().decode(raw)
        except UnicodeDecodeError:
            continue
    return raw.decode("ascii", "ignore")
