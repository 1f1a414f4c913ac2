"""Phones with passwords that can answer in any wrong way, as real ones do on a bad day.

Many accounts share one UDP port. Each follows its *habit*: a coroutine that gets the INVITE and
answers it as it likes, or not at all. Lines are accounts like any other.
"""

import asyncio
import hashlib
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping

from bench.planned_phone import Phone, PhoneLeg, header

Habit = Callable[["Ringing"], Awaitable[None]]


class Ringing:
    """A call that a phone is asked to take."""

    def __init__(self, phone: "BentPhone", station: str, invite: str, leg: PhoneLeg) -> None:
        self.phone, self.station, self.invite, self.leg = phone, station, invite, leg

    def ring(self, status: int = 180, *, tag: str = "") -> None:
        """Say that it rings. Another ``tag`` is another fork of the phone."""
        self._say(status, "Ringing", tag=tag)

    def accept(self, sdp: str | None = None, *, tag: str = "") -> None:
        """Answer with 200; ``sdp`` in place of what a sound phone would say, "" for none."""
        self.leg.up.set()
        self._say(200, "OK", self.phone.sdp(self.leg) if sdp is None else sdp, tag=tag)

    def refuse(self, status: int, *contacts: str) -> None:
        """Answer with this status; of a 3xx ``contacts`` are where to go instead."""
        extra = "".join(f"Contact: <{contact}>\r\n" for contact in contacts)
        self._say(status, "No", extra=extra or "Reason: SIP\r\n")
        self.leg.over.set()

    def _say(
        self, status: int, words: str, body: str = "", *, tag: str = "", extra: str = ""
    ) -> None:
        own, self.leg.local_tag = self.leg.local_tag, tag or self.leg.local_tag
        self.phone.respond(self.invite, status, words, self.leg, body, extra)
        self.leg.local_tag = own

    async def bye(self) -> None:
        """Hang up as soon as the answer is acknowledged; before, it would be no one's BYE."""
        await self.leg.acked.wait()
        await self.phone.hang_up(self.leg)

    async def until_over(self) -> None:
        await self.leg.over.wait()


async def answer(call: Ringing) -> None:
    """Ring and take the call."""
    call.ring()
    call.accept()


async def ring(call: Ringing) -> None:
    """Ring for ever."""
    call.ring()


def refuse(status: int, *contacts: str) -> Habit:
    """Refuse at once."""

    async def habit(call: Ringing) -> None:
        call.refuse(status, *contacts)

    return habit


def answer_with(sdp: str) -> Habit:
    """Take the call with this session description; "" is none."""

    async def habit(call: Ringing) -> None:
        call.ring()
        call.accept(sdp)

    return habit


def answer_and_go(after_s: float = 0.0, *, ring_first: bool = True) -> Habit:
    """Take the call and hang up."""

    async def habit(call: Ringing) -> None:
        if ring_first:
            call.ring()
        call.accept()
        if after_s:
            await asyncio.sleep(after_s)
        await call.bye()

    return habit


class BentPhone(Phone):
    """Accounts with passwords; ``habits`` by account, ``answer`` for those that have none."""

    def __init__(self, port: int, centre: tuple[str, int], passwords: Mapping[str, str]) -> None:
        super().__init__(port, centre)
        self.passwords = passwords
        self.habits: dict[str, Habit] = {}
        self.rung: list[Ringing] = []
        """Every call that a phone was asked to take, oldest first."""
        self.accounts: dict[str, str] = {}

    def rung_at(self, station: str) -> list[Ringing]:
        return [call for call in self.rung if call.station == station]

    async def register(self, user: str) -> None:
        """Say to the centre where ``user`` is to be found."""
        host, port = self.centre
        leg = self._leg(uuid.uuid4().hex, f"<sip:{user}@{host}>", f"<sip:{user}@{host}>", "")
        leg.target, leg.user = f"sip:{host}:{port}", user
        self.accounts[leg.call_id] = user
        status, _ = await self.request(leg, "REGISTER", extra="Expires: 600\r\n")
        assert status == 200, f"{user} can't register: {status}"

    async def call(self, user: str, number: str) -> PhoneLeg:
        """Call ``number`` as ``user``; returns when it was answered or refused."""
        leg = self.outgoing(user, number)
        self.accounts[leg.call_id] = user
        await self._invite(leg)
        return leg

    def dial(self, user: str, number: str, caller: str = "") -> PhoneLeg:
        """The same without waiting; a line says who the ``caller`` is."""
        leg = self.outgoing(caller or user, number)
        self.accounts[leg.call_id] = user
        self.spawn(self._invite(leg))
        return leg

    async def refer_alone(self, user: str, to: str) -> int:
        """A REFER that belongs to no call."""
        leg = self.outgoing(user, "1001")
        self.accounts[leg.call_id] = user
        return await self.refer(leg, to)

    async def request(
        self,
        leg: PhoneLeg,
        method: str,
        *,
        extra: str = "",
        body: str = "",
        kind: str = "application/sdp",
    ) -> tuple[int, str]:
        status, text = await super().request(leg, method, extra=extra, body=body, kind=kind)
        if status not in (401, 407):
            return status, text
        proof = self._proof(leg, method, text)
        return await super().request(leg, method, extra=extra + proof, body=body, kind=kind)

    def _proof(self, leg: PhoneLeg, method: str, text: str) -> str:
        user = self.accounts.get(leg.call_id, "")
        challenge = header(text, "WWW-Authenticate") or header(text, "Proxy-Authenticate")
        asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        realm, nonce = asked["realm"], asked["nonce"]
        secret = _md5(f"{user}:{realm}:{self.passwords[user]}")
        count, own = "00000001", uuid.uuid4().hex[:8]
        what = _md5(f"{method}:{leg.target}")
        response = _md5(f"{secret}:{nonce}:{count}:{own}:auth:{what}")
        return (
            f'Authorization: Digest username="{user}",realm="{realm}",nonce="{nonce}",'
            f'uri="{leg.target}",response="{response}",algorithm=MD5,qop=auth,nc={count},'
            f'cnonce="{own}",opaque="{asked.get("opaque", "")}"\r\n'
        )

    def _invited(self, text: str, call_id: str, leg: PhoneLeg | None) -> None:
        if leg is not None:
            if text.split("\r\n")[1] != self._invites.get(call_id, "\r\n").split("\r\n")[1]:
                super()._invited(text, call_id, leg)
            return  # the same once more: it was sent again, for it is not answered yet
        found = re.search(r"^INVITE sip:([^@]+)@", text)
        station = found[1] if found else ""
        leg = self._leg(call_id, header(text, "To"), header(text, "From").split(";tag=")[0], "")
        self.accounts[call_id] = station
        self._established(leg, text, "From")
        self._invites[call_id] = text
        call = Ringing(self, station, text, leg)
        self.rung.append(call)
        self.spawn(self._follow(self.habits.get(station, answer), call))

    async def _follow(self, habit: Habit, call: Ringing) -> None:
        await habit(call)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what SIP's digest is made of
