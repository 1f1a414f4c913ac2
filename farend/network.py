"""The far end: a second Asterisk that plays the network, customers and agents' phones."""

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from domain.centre import CarrierAccount, Centre, Line, LineKind
from domain.identity import LineName, StationName
from farend.ami_client import Event, FarEndError, Remote
from farend.phone_steps import customer_steps, phone_steps
from machine.hosts import in_uri, with_port
from telephony.asterisk.generated_files import Addresses, Ports
from telephony.asterisk.generated_folder import GeneratedFolder
from telephony.asterisk.process import AsteriskProcess, check_free
from telephony.asterisk.provision import AsteriskInstall

__all__ = ["FarEnd", "FarEndError", "MediaTransport", "Target"]

CONF = Path(__file__).resolve().parent / "conf"
_HOST = "127.0.0.1"
_USER = "farend"
_SECRET = "farend"  # noqa: S105  (loopback only, a test tool; it can do nothing but call)


class MediaTransport(StrEnum):
    """The kind of media a phone insists on when it is called."""

    RTP = "rtp"  # plain sound: an offer of RTP/SAVP is refused (488)
    SRTP = "srtp"  # encrypted sound by SIP over TLS: an offer of RTP/AVP is refused


class Target(Protocol):
    """The centre that gets the calls: an ``Instance``, or one that runs elsewhere."""

    @property
    def addresses(self) -> Addresses: ...
    @property
    def ports(self) -> Ports: ...
    @property
    def centre(self) -> Centre: ...


class FarEnd:
    """Everything outside the call centre, driven by ``customer``, ``phone`` and ``dial``.

    Lines with a ``host`` place calls from that address (127.0.0.2:PORT, say), and ask for the
    password of the line's ``account`` if it has one; the others register, as stations do. Until it
    is set to do otherwise, a phone answers after 1 s and stays.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        install: AsteriskInstall,
        target: Target,
        passwords: Mapping[str, str],
        *,
        sip_bind: str = _HOST,
        sounds: Mapping[StationName, MediaTransport] | None = None,
    ) -> None:
        """``passwords`` are those of phones, lines and lines' accounts, by station and line.

        ``sounds`` names the phones that don't use plain sound (``MediaTransport.RTP``).
        """
        self.ports = ports
        self.sip_bind = sip_bind
        self.target = target
        self._passwords = passwords
        self._sounds = sounds or {}
        self.remote = Remote()
        self.process = AsteriskProcess(install, folder, name="the far end")
        self._ids = itertools.count(1)

    async def start(self, *, timeout: float = 20.0) -> None:
        """Start and return when every station and line is registered. Raises AsteriskError."""
        check_free([("udp", self.sip_bind, self.ports.sip, "the far end's SIP")])
        check_free([("tcp", _HOST, self.ports.ami, "the far end's AMI")])
        self._write()
        await self.process.start((_HOST, self.ports.ami))
        try:
            await self.remote.connect(_HOST, self.ports.ami, _USER, _SECRET)
            for station in self.target.centre.stations:
                await self.phone(station.name, "answer-1,stay")
            await self._until_registered(self._registering(), timeout)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the far end; its calls end with it, and its registrations are removed."""
        with contextlib.suppress(FarEndError, OSError):
            for name in self._registering():
                await self.remote.action("PJSIPUnregister", {"Registration": f"reg-{name}"})
            await self._until(lambda status: status != "Registered", self._registering(), 1.0)
        await self.remote.close()
        await self.process.stop()

    async def register(self, *, timeout: float = 20.0) -> None:
        """Register all phones and lines now and wait for that; also after a target's restart."""
        names = self._registering()
        for name in names:
            await self.remote.action("PJSIPRegister", {"Registration": f"reg-{name}"})
        await self._until_registered(names, timeout)

    async def _until_registered(self, names: list[str], timeout: float) -> None:
        await self._until(lambda status: status == "Registered", names, timeout)

    async def _until(
        self, reached: Callable[[str], bool], names: list[str], timeout: float
    ) -> None:
        missing = set(names)
        try:
            async with asyncio.timeout(timeout):
                while missing:
                    for item in await self.remote.listing(
                        "PJSIPShowRegistrationsOutbound", "OutboundRegistrationDetailComplete"
                    ):
                        if reached(item.get("Status", "")):
                            missing.discard(item.get("ObjectName", "").removeprefix("reg-"))
                    if missing:
                        await asyncio.sleep(0.05)
        except TimeoutError:
            raise FarEndError(
                f"not registered after {timeout:.0f} s: {', '.join(sorted(missing))}"
            ) from None

    async def customer(
        self,
        number: str,
        steps: str,
        *,
        line: LineName,
        caller: str = "13800138000",
        tone: int = 440,
        patience_s: float = 60.0,
    ) -> str:
        """Have a customer call ``number`` over ``line`` and do ``steps`` once answered.

        ``tone`` is the frequency in Hz of their voice (speak-n); after ``patience_s`` without an
        answer they hang up. Returns the call's id at once; raises FarEndError only if the call
        can't be placed.
        """
        return await self._originate(
            f"PJSIP/{number}@line-{line}", customer_steps(steps), caller, tone, patience_s
        )

    async def dial(
        self, station: StationName, number: str, steps: str = "stay", *, tone: int = 1000
    ) -> str:
        """Have an agent's phone call ``number``, a feature code such as *12 or a station."""
        return await self._originate(
            f"PJSIP/{number}@phone-{station}", customer_steps(steps), station, tone, 60.0
        )

    async def phone(self, station: StationName, steps: str, *, tone: int | None = None) -> None:
        """Set what the phone does with calls from now on; ``tone`` is its voice in Hz (1000)."""
        await self._set(f"FAREND_PHONE_{station}", phone_steps(steps))
        if tone is not None:
            await self._set(f"FAREND_TONE_{station}", str(tone))

    async def press(self, call: str, keys: str) -> None:
        """Press keys in a call, whichever step it is at."""
        for key in keys:
            await self.remote.action("PlayDTMF", {"Channel": call, "Digit": key})

    async def hang_up(self, call: str) -> None:
        """End the call with this id (or channel name), whatever it is doing."""
        await self.remote.action("Hangup", {"Channel": call, "Cause": "16"})

    async def put_down(self, station: StationName) -> None:
        """Put the phone down: the call it is in ends, whichever step it is at."""
        channels = await self.remote.listing("CoreShowChannels", "CoreShowChannelsComplete")
        for name in (channel.get("Channel", "") for channel in channels):
            if name.startswith(f"PJSIP/phone-{station}-"):
                await self.hang_up(name)

    async def event(self, name: str, *, timeout: float = 20.0, **fields: str) -> Event:
        """The first event called ``name`` with the headers ``fields``, past or to come.

        Far-end events are UserEvents: FarendAnswered, FarendStep, FarendRinging, FarendCalled,
        FarendTransfer, FarendFailed; Asterisk's own (Hangup, DTMFEnd) can be asked for as well.
        """

        def fits(event: Event) -> bool:
            return name in (event.get("Event"), event.get("UserEvent")) and all(
                event.get(key) == value for key, value in fields.items()
            )

        for event in self.remote.events:
            if fits(event):
                return event
        try:
            async with asyncio.timeout(timeout):
                return await self.remote.watch(fits)
        except TimeoutError:
            raise FarEndError(f"no {name} with {fields} within {timeout:.0f} s") from None

    def heard(self, station: StationName) -> Path:
        """The WAV file of what the phone heard in its last step ``listen-n``."""
        return self.process.spool / f"{station}.wav"

    def failures(self) -> list[Event]:
        """The events that explain failed calls, for the report of a failed test."""
        return [
            event
            for event in self.remote.events
            if event.get("UserEvent") == "FarendFailed"
            or (event.get("Event") == "OriginateResponse" and event.get("Response") == "Failure")
            or (event.get("Event") == "Hangup" and event.get("Cause") != "16")
        ]

    async def ended(self, call: str, *, timeout: float = 60.0) -> int:
        """Wait until the call of this id is over; returns its Q.850 cause."""
        return int((await self.event("Hangup", timeout=timeout, Uniqueid=call))["Cause"])

    async def _originate(
        self, channel: str, steps: str, caller: str, tone: int, patience_s: float
    ) -> str:
        # All have one length: Asterisk 22.10 takes an id for one in use if another begins with it.
        call = f"far-{self.ports.sip}-{next(self._ids):06}"
        await self.remote.action(
            "Originate",
            {
                "Channel": channel,
                "Context": "customer",
                "Exten": "s",
                "Priority": "1",
                "Timeout": str(int(patience_s * 1000)),
                "CallerID": f'"{caller}" <{caller}>',
                "Async": "true",
                "ChannelId": call,
                "Variable": [
                    f"FAREND_STEPS={steps}",
                    f"FAREND_TONE={tone}",
                    f"FAREND_ID={call}",
                ],
            },
        )
        return call

    async def _set(self, variable: str, value: str) -> None:
        await self.remote.action("Setvar", {"Variable": variable, "Value": value})

    def _registering(self) -> list[str]:
        centre = self.target.centre
        return [
            *(station.name for station in centre.stations),
            *(line.name for line in centre.lines if line.host is None),
        ]

    def _write(self) -> None:
        heard = self.process.seen(self.process.spool)
        self.process.write_main_file((CONF / "asterisk.conf").read_text("utf-8"))
        for source in CONF.glob("*.conf"):
            if source.name != "asterisk.conf":
                shutil.copyfile(source, self.process.conf / source.name)
        target = with_port(self.target.addresses.sip, self.target.ports.sip)
        centre = self.target.centre
        GeneratedFolder(self.process.conf / "generated").write(
            {
                "globals.conf": f"FAREND_TARGET = {target}\nFAREND_HEARD = {heard}\n",
                "rtp.conf": f"rtpstart = {self.ports.rtp_start}\nrtpend = {self.ports.rtp_end}\n",
                "manager.conf": (
                    f"port = {self.ports.ami}\n\n[{_USER}]\nsecret = {_SECRET}\n"
                    "deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/255.255.255.255\n"
                    "read = system,call,user,dtmf\nwrite = all\nwritetimeout = 5000\n"
                ),
                "pjsip.conf": "\n".join(
                    [
                        "[main]\ntype = transport\nprotocol = udp\n"
                        f"bind = {with_port(self.sip_bind, self.ports.sip)}\n\n"
                        "[secure]\ntype = transport\nprotocol = tls\nmethod = tlsv1_2\n"
                        f"bind = {with_port(self.sip_bind, self.ports.sip_tls)}\n"
                        "verify_server = no\n",
                        *(self._phone_files(station.name, target) for station in centre.stations),
                        *(self._line_files(line, target) for line in centre.lines),
                    ]
                ),
            },
        )

    def _phone_files(self, name: StationName, target: str) -> str:
        transport, media = "main", ""
        if self._sounds.get(name) is MediaTransport.SRTP:
            target = with_port(self.target.addresses.sip, self.target.ports.sip_tls)
            target += ";transport=tls"
            transport, media = "secure", "media_encryption = sdes\n"
        return (
            f"[phone-{name}](phone)\ntransport = {transport}\naors = phone-{name}\n"
            f"outbound_auth = {name}\nfrom_user = {name}\n{media}\n"
        ) + self._registration("phone", name, target, transport)

    def _line_files(self, line: Line, target: str) -> str:
        name = line.name
        if line.host is not None:
            address = line.host.rsplit(":", 1)[0]
            text = (
                f"[trunk-{name}]\ntype = transport\nprotocol = udp\nbind = {line.host}\n\n"
                f"[line-{name}](line)\ntransport = trunk-{name}\nfrom_domain = {address}\n"
            )
            if line.account is not None:
                return text + self._carrier(line, line.account, target)
            return (
                f"{text}aors = line-{name}\n\n"
                f"[line-{name}]\ntype = aor\ncontact = sip:{target}\n\n"
                f"[line-{name}]\ntype = identify\nendpoint = line-{name}\n"
                f"match = {self.target.addresses.sip}\n\n"
            )
        template = "analog" if line.kind is LineKind.FXO else "line"
        return (
            f"[line-{name}]({template})\ntransport = main\naors = line-{name}\n"
            f"outbound_auth = {name}\n\n"
        ) + self._registration("line", name, target)

    def _carrier(self, line: Line, account: CarrierAccount, target: str) -> str:
        """The rest of a line whose carrier knows us by user and password, not by our address."""
        name, user = line.name, account.user.partition("@")[0]
        text = (
            f"aors = {user}\nidentify_by = ip\n\n"
            f"[{user}](line)\ntransport = trunk-{name}\naors = {user}\nauth = {user}\n"
            "identify_by = auth_username,username\n\n"
            f"[{user}](digest)\nusername = {account.user}\npassword = {self._passwords[name]}\n"
        )
        if account.realm is not None:
            text += f"realm = {account.realm}\n"
        text += f"\n[{user}]\ntype = aor\n"
        text += (
            "max_contacts = 1\nremove_existing = yes\n"
            if account.registers
            else f"contact = sip:{target}\n"
        )
        return f"{text}\n"

    def _registration(self, kind: str, name: str, target: str, transport: str = "main") -> str:
        target = target.replace(";", "\\;")  # a comment else
        return (
            f"[{kind}-{name}]\ntype = aor\ncontact = sip:{target}\n\n"
            f"[{name}](digest)\nusername = {name}\npassword = {self._passwords[name]}\n\n"
            f"[reg-{name}](outbound)\ntransport = {transport}\nserver_uri = sip:{target}\n"
            f"client_uri = sip:{name}@{in_uri(self.target.addresses.sip)}\ncontact_user = {name}\n"
            f"outbound_auth = {name}\nendpoint = {kind}-{name}\n{self._at_once()}\n"
        )

    def _at_once(self) -> str:
        """The option for registering at once: newer versions otherwise wait up to 10 s."""
        module = self.process.install.modules / "res_pjsip_outbound_registration.so"
        option = "max_random_initial_delay"
        return f"{option} = 0\n" if option.encode() in module.read_bytes() else ""
