"""Makes hostile SIP from a seeded generator: whatever can stand in a header, and what shouldn't."""

import random
import re
from urllib.parse import quote

from bench.raw_sip import answered

PHONE = "1001"
"""The phone in whose name requests come."""
MARK = b"Forged"
"""Part of every line that an input tries to forge."""

_ESCAPED = rb"%0D%0A %0d%0a %0A %0D %00 %0D%0A%0D%0A %E2%80%A8 %C2%85 %c0%8d%c0%8a %22%0A %5C %09"
_BREAKS = (*_ESCAPED.split(), b"\r", b"\x0b", b"\x1c", b"\xc0\x8a")
_FORGERIES = (
    b"Event: Forged%0D%0AUniqueid: 1.1",
    b"Event: Hangup%0D%0AX: Forged%0D%0A%0D%0AEvent: Forged",
    b"agi_uniqueid: Forged",
    b"agi_network_script: agent%0Aagi_arg_1: Forged",
    b"%22Forged%22,%22HANGUP%22,%22%22",
    b"ChanVariable: OFFHOOK_CALL=Forged",
    b"${SHELL(Forged)}",
    b"$[Forged]",
    b"Forged%22,%22Forged",
)
_NUMBERS = (
    b"13800138000 +8613800138000 %3113800138000 anonymous unknown 4008001000 *11 1001 %00 %D5%C5 "
    b"13800138000;phone-context=+86 1380013,8000"
)
_USERS = (*_NUMBERS.split(), b"", b"a" * 700, b"1" * 700, b"\xd5\xc5\xce\xb0")
_TITLES = rb"Li a\"b a<sip:110@x> ${CHANNEL} a,b)c ):0:9 =?UTF-8?B?5byg?=".split()
_NAMES = (*_TITLES, b"", b"\xff\xfe", b"N" * 700, "张伟".encode("gbk"), "张\u202e伟".encode())


def hostile(rng: random.Random) -> bytes:
    """A number or a name with something in it that shouldn't be there."""
    parts = [rng.choice(_USERS)]
    parts += [rng.choice(_BREAKS) + rng.choice(_FORGERIES) for _ in range(rng.randrange(3))]
    if rng.random() < 0.3:
        parts.append(bytes(rng.randrange(256) for _ in range(rng.randrange(12))))
    rng.shuffle(parts)
    text = b"".join(parts)
    if rng.random() < 0.8:  # passes a parser of URIs
        text = quote(text, safe="%+;=*#").encode()
    return text.replace(b"\r", b"%0D").replace(b"\n", b"%0A")


def _name(rng: random.Random) -> bytes:
    """A display name."""
    name = rng.choice(_NAMES)
    if rng.random() < 0.4:
        name += rng.choice((b"\r", b"\x00", b"\x0b", b"\t", b"\x7f", b"%0D%0A")) + b"Event: Forged"
    return name


def party(rng: random.Random) -> bytes:
    """A name-addr, an addr-spec or a tel URI."""
    name, user = _name(rng), hostile(rng)
    shape = rng.randrange(6)
    if shape == 0:
        return b"<tel:%s>" % user
    if shape == 1:
        return b"sip:%s@127.0.0.1" % user
    if shape == 2:
        return b"<sip:127.0.0.1>"
    if shape == 3:
        return b"<sip:13800138000@127.0.0.1%s>" % parameter(rng)
    return b'"%s" <sip:%s@127.0.0.1>' % (name, user)


_PARAMETERS = b"user maddr transport method lr x ?Subject".split()


def parameter(rng: random.Random) -> bytes:
    """What may follow a URI's host; some of it Asterisk decodes and never encodes again."""
    name = rng.choice(_PARAMETERS)
    value = hostile(rng) if rng.random() < 0.3 else rng.choice(_BREAKS) + rng.choice(_FORGERIES)
    value = re.sub(rb"[\x00-\x20<>@]", b"", value)
    return (b"" if name.startswith(b"?") else b";") + name + b"=" + value


_PARTIES = (
    b"P-Asserted-Identity Remote-Party-ID Diversion P-Preferred-Identity History-Info Referred-By "
    b"To Reply-To"
).split()
_TEXTS = (
    b"User-Agent Reason Subject Call-Info Privacy Organization Alert-Info X-Forged Accept-Language"
).split()


def headers(rng: random.Random, *, of_phone: bool) -> list[tuple[bytes, bytes]]:
    """Headers of one INVITE, most of them hostile."""
    found: list[tuple[bytes, bytes]] = []
    who = party(rng)
    if of_phone and rng.random() < 0.8:  # with another user, Asterisk doesn't know the phone at all
        who = b'"%s" <sip:%s@%s>' % (_name(rng), PHONE.encode(), rng.choice((b"h", b"127.0.0.1")))
    found.append((b"From", who + b";tag=%d" % rng.randrange(10**9)))
    found += [(name, party(rng)) for name in _PARTIES if rng.random() < 0.4]
    found += [(name, hostile(rng)) for name in _TEXTS if rng.random() < 0.2]
    if rng.random() < 0.1:
        found.append((b"Call-ID", b"%d" % rng.randrange(10**9) + hostile(rng).replace(b" ", b"")))
    if rng.random() < 0.2:
        found.append((b"Contact", party(rng)))
    return found


def within(rng: random.Random) -> list[tuple[bytes, bytes]]:
    """Headers of a request within a call: a new identity, or where to transfer to."""
    names = (b"P-Asserted-Identity", b"Remote-Party-ID", b"Referred-By", b"Diversion", b"Reason")
    found = [(name, party(rng)) for name in names if rng.random() < 0.5]
    user = re.sub(rb"[\x00-\x20<>@]", b"", hostile(rng))
    to = rng.choice((b"<sip:%s@127.0.0.1>" % user, b"<sip:1001%s@127.0.0.1>" % user, party(rng)))
    return [*found, (b"Refer-To", to)]


_FORWARDS = b"300 301 302 305 380".split()
_STATUSES = b"200 401 404 407 415 480 484 486 488 503 600 603 604".split()


def answer(rng: random.Random, request: str) -> bytes:
    """How a phone answers a call: it forwards it, declines it, or takes it."""
    status = rng.choice(_FORWARDS if rng.random() < 0.6 else _STATUSES)
    phrase = re.sub(rb"[\r\n]", b" ", rng.choice((b"Fine", _name(rng), hostile(rng))))
    to = re.sub(rb"[\x00-\x20<>@]", b"", hostile(rng))
    found = [(b"Contact", rng.choice((b"<sip:%s@h>" % to, b"sip:%s@h" % to, party(rng))))]
    names = (b"Contact", b"Reason", b"Warning", b"User-Agent", b"Error-Info", *_PARTIES)
    found += [(name, party(rng)) for name in names if name != b"To" and rng.random() < 0.2]
    return answered(request, status + b" " + phrase, found)
