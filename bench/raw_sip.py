"""A SIP peer for hostile tests, which sets every byte of a request. UDP, digest, no sound."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

_RESEND_S = (0.5, 1.0, 2.0, 4.0)
_ONCE_S = (0.5,)


@dataclass(frozen=True, slots=True)
class Account:
    """Who sends; ``password`` None: known by address, and never asked for one."""

    user: str
    password: str | None = None


@dataclass(frozen=True, slots=True)
class SipAnswer:
    """The final answer to a request; status 0: none came."""

    status: int
    text: str = ""


class RawSip(asyncio.DatagramProtocol):
    """Sends requests to ``server`` from a socket of its own and takes the answers."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.patient = True
        """Whether to resend what isn't answered; if not, no answer counts as a silent refusal."""
        self.address = ("", 0)
        self.requests: list[bytes] = []
        """The requests that the server sent us."""
        self.answer: Callable[[str], bytes] = agreed
        """Our answer to each of them: 200 unless set."""
        self._answers: dict[str, asyncio.Future[SipAnswer]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._count = 0
        self._name = uuid4().hex

    async def open(self, host: str = "127.0.0.1") -> "RawSip":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self.address = self._transport.get_extra_info("sockname")[:2]
        return self

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def uri(self, user: str) -> bytes:
        """``user`` at the server."""
        return b"sip:%s@%s:%d" % (user.encode(), self.server[0].encode(), self.server[1])

    def at_home(self, user: str) -> bytes:
        """``user`` at this socket, as a header's value."""
        return b"<sip:%s@%s:%d>" % (user.encode(), self.address[0].encode(), self.address[1])

    async def request(
        self,
        method: str,
        uri: bytes,
        account: Account,
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes = b"",
    ) -> SipAnswer:
        """Send a request, with the password if challenged. Returns the final answer.

        ``headers`` replace those of the same name that every request has, or are added.
        """
        self._count += 1
        call = f"{self._name}-{self._count}"
        answer, authorization = SipAnswer(0), b""
        for sequence in (1, 2):
            answer = await self._send(
                method,
                uri,
                account,
                call,
                sequence,
                [*headers, (b"Authorization", authorization)],
                body,
            )
            if answer.status not in (401, 407) or account.password is None:
                return answer
            authorization = _digest(answer.text, method, uri.decode("latin-1"), account)
        return answer

    async def invite(
        self,
        uri: bytes,
        account: Account,
        headers: Sequence[tuple[bytes, bytes]] = (),
        then: Sequence[tuple[str, Sequence[tuple[bytes, bytes]]]] = (),
        until: asyncio.Event | None = None,
    ) -> SipAnswer:
        """Send an INVITE that offers sound; end an answered call at once, or at ``until``.

        Before its end, send the requests ``then``, each a method and its headers.
        """
        offer = [(b"Content-Type", b"application/sdp"), *headers]
        answer = await self.request("INVITE", uri, account, offer, self._offer())
        if 200 <= answer.status < 300:
            for method, more in then:
                await self._within(answer, method, more)
            if until is not None:
                await until.wait()
            await self._within(answer, "BYE", ())
        return answer

    async def _within(
        self, call: SipAnswer, method: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> SipAnswer:
        """Send a request within an answered call."""
        self._count += 1
        kept = [
            (name, found[1].encode("latin-1"))
            for name in (b"From", b"To", b"Call-ID")
            if (found := _header(call.text, name.decode())) is not None
        ]
        target = re.search(r"^Contact:\s*<([^>]+)>", call.text, re.M | re.I)
        where = target[1].encode("latin-1") if target is not None else b"sip:nowhere@127.0.0.1"
        body = self._offer() if method in ("INVITE", "UPDATE") else b""
        kind = [(b"Content-Type", b"application/sdp")] if body else []
        return await self._send(
            method, where, Account("raw"), f"{self._name}-{self._count}", 100 + self._count,
            [*kept, *kind, *headers], body,
        )  # fmt: skip

    async def _send(
        self,
        method: str,
        uri: bytes,
        account: Account,
        call: str,
        sequence: int,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
    ) -> SipAnswer:
        branch = f"z9hG4bK{call}-{sequence}".encode()
        given = {name.lower() for name, _ in headers}
        contact = self.at_home(account.user)
        standard = [
            (b"Via", b"SIP/2.0/UDP %s:%d;rport;branch=%s" % (*_host(self.address), branch)),
            (b"From", b"%s;tag=%s" % (contact, call.encode())),
            (b"To", b"<%s>" % uri),
            (b"Call-ID", call.encode()),
            (b"CSeq", b"%d %s" % (sequence, method.encode())),
            (b"Contact", contact),
            (b"Max-Forwards", b"70"),
            (b"Allow", b"INVITE, ACK, BYE, CANCEL, UPDATE, NOTIFY"),
        ]
        lines = [(name, value) for name, value in standard if name.lower() not in given]
        lines += [(name, value) for name, value in headers if value]
        key = f"{branch.decode()} {method}"
        future: asyncio.Future[SipAnswer] = asyncio.get_running_loop().create_future()
        self._answers[key] = future
        data = _message(b"%s %s SIP/2.0" % (method.encode(), uri), lines, body)
        try:
            for wait in _RESEND_S if self.patient else _ONCE_S:
                self._put(data)
                try:
                    async with asyncio.timeout(wait):
                        answer = await asyncio.shield(future)
                        break
                except TimeoutError:
                    continue
            else:
                return SipAnswer(0)
        finally:
            del self._answers[key]
        if method == "INVITE":
            self._acknowledge(answer, uri, lines, sequence, branch)
        return answer

    def _acknowledge(
        self,
        answer: SipAnswer,
        uri: bytes,
        lines: Sequence[tuple[bytes, bytes]],
        sequence: int,
        branch: bytes,
    ) -> None:
        kept = [(n, v) for n, v in lines if n.lower() in (b"from", b"call-id", b"max-forwards")]
        if (to := _header(answer.text, "To")) is not None:
            kept.append((b"To", to[1].encode("latin-1")))
        if answer.status < 300:
            target = re.search(r"^Contact:\s*<([^>]+)>", answer.text, re.M | re.I)
            uri = target[1].encode("latin-1") if target is not None else uri
            branch += b"-ack"
        via = b"SIP/2.0/UDP %s:%d;rport;branch=%s" % (*_host(self.address), branch)
        own = [(b"Via", via), (b"CSeq", b"%d ACK" % sequence)]
        self._put(_message(b"ACK %s SIP/2.0" % uri, [*own, *kept], b""))

    def _offer(self) -> bytes:
        host = self.address[0].encode()
        return (
            b"v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
            b"m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n" % (host, host, self.address[1] + 1)
        )

    def _put(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data, self.server)

    def datagram_received(self, data: bytes, _address: tuple[str, int]) -> None:
        text = data.decode("latin-1")
        if not text.startswith("SIP/2.0 "):
            if not text.startswith("ACK "):
                self.requests.append(data)
                self._put(self.answer(text))
            return
        branch = re.search(r"^Via:.*?branch=([^;\s]+)", text, re.M | re.I)
        sequence = re.search(r"^CSeq:\s*\d+\s+(\w+)", text, re.M | re.I)
        if branch is None or sequence is None or text[8] == "1":
            return
        future = self._answers.get(f"{branch[1]} {sequence[1]}")
        if future is not None and not future.done():
            future.set_result(SipAnswer(int(text[8:11]), text))


def agreed(request: str) -> bytes:
    """A 200 to a request."""
    return answered(request, b"200 OK", ())


def answered(
    request: str, status: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes = b""
) -> bytes:
    """An answer; ``status`` is the code and the reason phrase."""
    kept = re.findall(r"^((?:Via|From|To|Call-ID|CSeq):.*?)\r$", request, re.M | re.I)
    pairs = [line.encode("latin-1").split(b": ", 1) for line in kept]
    return _message(b"SIP/2.0 " + status, [*((n, v) for n, v in pairs), *headers], body)


def _header(text: str, name: str) -> re.Match[str] | None:
    return re.search(rf"^{name}:\s*(.*?)\r$", text, re.M | re.I)


def _host(address: tuple[str, int]) -> tuple[bytes, int]:
    return address[0].encode(), address[1]


def _message(first: bytes, lines: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    head = [first, *(b"%s: %s" % line for line in lines), b"Content-Length: %d" % len(body)]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _digest(answer: str, method: str, uri: str, account: Account) -> bytes:
    challenge = re.search(r"^(?:WWW|Proxy)-Authenticate:\s*Digest (.*?)\r$", answer, re.M | re.I)
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge[1] if challenge else ""))
    one = _md5(f"{account.user}:{asked['realm']}:{account.password}")
    two = _md5(f"{method}:{uri}")
    response = _md5(f"{one}:{asked['nonce']}:00000001:raw:auth:{two}")
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return (
        f'Digest username="{account.user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}",'
        f' uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc=00000001,'
        f' cnonce="raw"{opaque}'
    ).encode("latin-1")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("latin-1"), usedforsecurity=False).hexdigest()
