"""Plays agents' phones for a benchmark: many on one socket, which answer at once and hang up later.

The kernel stamps each INVITE as it arrives, so it doesn't matter when this process reads it. No
sound is sent.
"""

import asyncio
import hashlib
import random
import re
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import OffhookError

_SO_TIMESTAMPNS = 35
_STAMP = struct.Struct("@qq")


@dataclass(frozen=True, slots=True)
class Invited:
    """An INVITE's arrival, in epoch seconds."""

    at: float
    station: str
    caller: str


class PhonesFailed(OffhookError):  # noqa: N818
    """The phones could not register."""


class Phones:
    """Registers ``passwords`` (by station) at ``registrar`` and takes their calls."""

    def __init__(
        self, address: tuple[str, int], registrar: tuple[str, int], passwords: Mapping[str, str]
    ) -> None:
        self.talk_s = 5.0
        """The mean; talks last from 0.5 to 1.5 times this, so that they don't end together."""
        self.invited: list[Invited] = []
        self._address = address
        self._registrar = registrar
        self._passwords = passwords
        self._missing = set(passwords)
        self._count = 0
        self._rng = random.Random(50)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    async def start(self) -> None:
        """Register all. Raises PhonesFailed after 10 s."""
        sock = self._socket
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.setblocking(False)
        sock.bind(self._address)
        asyncio.get_running_loop().add_reader(sock, self._read)
        for station in self._passwords:
            self._register(station, 1)
        for _ in range(100):
            if not self._missing:
                return
            await asyncio.sleep(0.1)
        raise PhonesFailed(f"not registered: {', '.join(sorted(self._missing))}")

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _register(self, station: str, sequence: int, authorization: str = "") -> None:
        user = f"<sip:{station}@{self._registrar[0]}>"
        self._send(
            f"REGISTER sip:{self._registrar[0]}:{self._registrar[1]} SIP/2.0",
            [
                ("Via", self._via()),
                ("From", f"{user};tag={station}"),
                ("To", user),
                ("Call-ID", f"register-{station}"),
                ("CSeq", f"{sequence} REGISTER"),
                ("Contact", self._contact(station)),
                ("Expires", "3600"),
                ("Max-Forwards", "70"),
                *([("Authorization", authorization)] if authorization else []),
            ],
        )

    def _read(self) -> None:
        while True:
            try:
                data, stamps, _, _ = self._socket.recvmsg(65_536, 64)
            except BlockingIOError:
                return
            at = time.time()
            for _, kind, stamp in stamps:
                if kind == _SO_TIMESTAMPNS:
                    seconds, nanoseconds = _STAMP.unpack(stamp)
                    at = seconds + nanoseconds / 1e9
            self._take(data.decode("utf-8", "replace"), at)

    def _take(self, text: str, at: float) -> None:
        head, _, _ = text.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = [(k.strip().lower(), v.strip()) for k, _, v in (x.partition(":") for x in lines)]
        found = dict(reversed(headers))
        method = found.get("cseq", "").rpartition(" ")[2]
        if first.startswith("SIP/2.0 "):
            if method == "REGISTER":
                self._registered(first, found)
        elif method == "INVITE":
            self._invited(first, headers, found, at)
        elif method != "ACK":
            self._answer("200 OK", headers, found, "")

    def _registered(self, first: str, found: Mapping[str, str]) -> None:
        station = found["call-id"].removeprefix("register-")
        if first.startswith("SIP/2.0 200"):
            self._missing.discard(station)
        elif first.startswith("SIP/2.0 401") and found["cseq"].startswith("1 "):
            asked = dict(re.findall(r'(\w+)="?([^",]+)"?', found["www-authenticate"]))
            uri = f"sip:{self._registrar[0]}"
            one = _md5(f"{station}:{asked['realm']}:{self._passwords[station]}")
            answer = _md5(f"{one}:{asked['nonce']}:00000001:bench:auth:{_md5(f'REGISTER:{uri}')}")
            self._register(
                station,
                2,
                f'Digest username="{station}", realm="{asked["realm"]}", nonce="{asked["nonce"]}",'
                f' uri="{uri}", response="{answer}", algorithm=MD5, qop=auth, nc=00000001,'
                f' cnonce="bench"' + (f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""),
            )

    def _invited(
        self, first: str, headers: Sequence[tuple[str, str]], found: Mapping[str, str], at: float
    ) -> None:
        if "tag=" in found["to"]:  # a change to an existing call
            self._answer("200 OK", headers, found, self._sound())
            return
        station = first.partition("sip:")[2].partition("@")[0]
        caller = found["from"].partition("sip:")[2].partition("@")[0]
        self.invited.append(Invited(at, station, caller))
        self._answer("180 Ringing", headers, found, "")
        self._answer("200 OK", headers, found, self._sound())
        talk_s = self.talk_s * self._rng.uniform(0.5, 1.5)
        asyncio.get_running_loop().call_later(talk_s, self._hang_up, station, dict(found))

    def _hang_up(self, station: str, invite: Mapping[str, str]) -> None:
        target = re.search(r"<([^>]+)>", invite["contact"])
        self._send(
            f"BYE {target[1] if target else invite['contact']} SIP/2.0",
            [
                ("Via", self._via()),
                ("From", f"{invite['to']};tag=phone"),
                ("To", invite["from"]),
                ("Call-ID", invite["call-id"]),
                ("CSeq", "1 BYE"),
                ("Contact", self._contact(station)),
                ("Max-Forwards", "70"),
            ],
        )

    def _answer(
        self, status: str, headers: Sequence[tuple[str, str]], found: Mapping[str, str], body: str
    ) -> None:
        to = found["to"] if "tag=" in found["to"] else f"{found['to']};tag=phone"
        kept = [(name, value) for name, value in headers if name in ("via", "record-route")]
        self._send(
            f"SIP/2.0 {status}",
            [
                *kept,
                ("From", found["from"]),
                ("To", to),
                ("Call-ID", found["call-id"]),
                ("CSeq", found["cseq"]),
                ("Contact", self._contact("phone")),
            ],
            body,
        )

    def _send(self, first: str, headers: Sequence[tuple[str, str]], body: str = "") -> None:
        lines = [first, *(f"{name}: {value}" for name, value in headers)]
        if body:
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(body)}", "", body]
        self._socket.sendto("\r\n".join(lines).encode(), self._registrar)

    def _via(self) -> str:
        self._count += 1
        host, port = self._address
        return f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKphone{self._count};rport"

    def _contact(self, station: str) -> str:
        return f"<sip:{station}@{self._address[0]}:{self._address[1]}>"

    def _sound(self) -> str:
        host, port = self._address
        return (
            f"v=0\r\no=phone 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port + 2} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
