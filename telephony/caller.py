"""Makes a caller's number and name readable, whatever words and bytes they came in. No I/O.

The dialplan ([caller] in extensions.conf) takes both from the SIP header: the number as digits, the
name percent-encoded as it was there.
"""

import codecs
import re
import unicodedata
from urllib.parse import unquote_to_bytes

LONGEST_NAME = 60
"""In characters: a display's line, and more than any network sends on purpose."""

_NUMBER = re.compile(r"[+*#0-9]{1,32}")
_ENCODINGS = ("utf-8", "gb18030")  # GB 18030 includes GBK and GB 2312
_ABSENT = frozenset({"anonymous", "unknown", "unavailable", "restricted", "private", "withheld"})


def number_of(text: str) -> str | None:
    """A caller's number; None if it is withheld.

    Asterisk, gateways and networks have many words for that: "", unknown, <unknown>, anonymous.
    """
    return text if _NUMBER.fullmatch(text) and any(c.isdigit() for c in text) else None


def name_of(encoded: str, number: str | None = None) -> str | None:
    """The name in front of a SIP address; None if there is none.

    ``encoded`` is percent-encoded UTF-8 or GB 18030, perhaps cut off. A name that only repeats
    ``number``, or is a word for "withheld", doesn't count. Control characters and invisible ones
    are removed, and the rest is cut to ``LONGEST_NAME``.
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
    """The text of a quoted string, or of words without quotes."""
    raw = raw.strip()
    if not raw.startswith(b'"'):
        return raw
    inner = re.match(rb'"((?:[^"\\]|\\.)*)', raw, re.S)
    return re.sub(rb"\\(.)", rb"\1", inner[1] if inner else b"", flags=re.S)


def _decoded(raw: bytes) -> str:
    """Bytes as text, without the first half of a character that was cut in two."""
    for encoding in _ENCODINGS:
        try:
            return codecs.getincrementaldecoder(encoding)().decode(raw)
        except UnicodeDecodeError:
            continue
    return raw.decode("ascii", "ignore")
