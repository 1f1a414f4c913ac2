"""Phones for tests that register, and one that takes only encrypted sound."""

import base64
import hashlib
import re
import secrets

from bench.planned_phone import Phone, PhoneLeg


class PlainPhone(Phone):
    """Registers, is called, and sends no sound until it is given a plan."""

    def __init__(self, port: int, centre: tuple[str, int]) -> None:
        super().__init__(port, centre)
        self.answers: dict[str, str] = {}
        """The 200 to its own call, by Call-ID."""

    def _established(self, leg: PhoneLeg, text: str, remote_header: str) -> None:
        self.answers[leg.call_id] = text
        super()._established(leg, text, remote_header)

    async def register(self, user: str, password: str) -> None:
        """Raises AssertionError if the password is refused."""
        host, port = self.centre
        who = f"<sip:{user}@127.0.0.1:{self.port}>"
        target = f"sip:{host}:{port}"
        leg = self._leg(secrets.token_hex(8), who, who, target)
        leg.user = user
        status, text = await self.request(leg, "REGISTER")
        asked = dict(re.findall(r'(\w+)="([^"]*)"', text[text.index("WWW-Authenticate") :]))
        proof = _digest(user, password, asked["realm"], asked["nonce"], target)
        status, text = await self.request(leg, "REGISTER", extra=proof + "Expires: 300\r\n")
        assert status == 200, text


class StrictPhone(PlainPhone):
    """Refuses an offer of RTP/AVP with 488, and says what it was offered."""

    def __init__(self, port: int, centre: tuple[str, int]) -> None:
        super().__init__(port, centre)
        self.offered: list[tuple[str, str]] = []
        """Who was called, and with what: ``("1001", "RTP/AVP")``."""

    def _invited(self, text: str, call_id: str, leg: PhoneLeg | None) -> None:
        user = re.search(r"^INVITE sip:([^@]+)@", text)
        profile = re.search(r"^m=audio \d+ (\S+)", text, re.M)
        assert user is not None
        assert profile is not None
        if leg is None:
            self.offered.append((user[1], profile[1]))
            if profile[1] != "RTP/SAVP":
                self.respond(text, 488, "Not Acceptable Here", None)
                return
        super()._invited(text, call_id, leg)

    def sdp(self, leg: PhoneLeg) -> str:
        key = base64.b64encode(secrets.token_bytes(30)).decode()
        crypto = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n"
        return super().sdp(leg).replace("RTP/AVP", "RTP/SAVP") + crypto


def _digest(user: str, password: str, realm: str, nonce: str, uri: str) -> str:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    cnonce = secrets.token_hex(4)
    secret, request = md5(f"{user}:{realm}:{password}"), md5(f"REGISTER:{uri}")
    response = md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{request}")
    return (
        f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}",'
        f' response="{response}", cnonce="{cnonce}", nc=00000001, qop=auth, algorithm=MD5\r\n'
    )
