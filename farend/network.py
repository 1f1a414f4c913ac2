"""The far end: a second Asterisk that plays the network, customers and agents' phones."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from domain.identity import LineName, StationName
from farend.ami_client import Event, FarEndError, Remote
from farend.called_customers import TONES, CalledCustomer, key_of
from farend.ears import Ears, Heard
from farend.far_end_files import SECRET, USER, registers_late, write_files
from farend.gate import Gate, SocketAddress
from farend.peers import MediaTransport, Peers, Target, gates_of
from farend.phone_steps import called_steps, customer_steps, line_steps, phone_steps
from farend.seen_calls import SeenCall, SeenCalls
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.process import AsteriskProcess, check_free
from telephony.asterisk.provision import AsteriskInstall

__all__ = ["FarEnd", "FarEndError", "MediaTransport", "Target"]

_HOST = "127.0.0.1"
_BETWEEN_KEYS_S = 0.1
"""A finger needs it from key to key. Of keys that follow at once, a busy Asterisk takes one for
another: it keeps a pause of 45 ms between two, and has room for a single one that has to wait."""


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
        gated: Collection[LineName | StationName] = (),
    ) -> None:
        """``passwords`` are those of phones, lines and lines' accounts, by station and line.

        ``sounds`` names the phones that don't use plain sound (``MediaTransport.RTP``). ``gated``
        are phones, and lines with a ``host``, that can go silent (``shut``); seven at most.
        """
        self.ports = ports
        self.sip_bind = sip_bind
        self.target = target
        self._passwords = passwords
        self._sounds = sounds or {}
        self._own: SocketAddress = (sip_bind, ports.sip)
        self._gated = gates_of(
            target.centre, gated, self._own, range(ports.console, ports.rtp_start)
        )
        self.gates: dict[LineName | StationName, Gate] = {
            name: Gate(
                at.outer, at.inner, centre=(target.addresses.sip, target.ports.sip), peer=at.peer
            )
            for name, at in self._gated.items()
        }
        self.remote = Remote()
        self.seen = SeenCalls()
        """What each call to a customer or a phone looked like from here."""
        self.remote.tell(self.seen.take)
        self.ears = Ears(self.seen.hear)
        self.process = AsteriskProcess(install, folder, name="the far end")
        self._ids = itertools.count(1)

    async def start(self, *, timeout: float = 20.0) -> None:
        """Start and return when every station and line is registered. Raises AsteriskError."""
        check_free([("udp", self.sip_bind, self.ports.sip, "the far end's SIP")])
        check_free([("tcp", _HOST, self.ports.ami, "the far end's AMI")])
        check_free([("tcp", _HOST, self.ports.agi, "the far end's ears")])
        peers = Peers(
            self.target,
            self._own,
            self._passwords,
            self._sounds,
            self._gated,
            registers_late(self.process.install),
        )
        write_files(self.process, self.ports, peers)
        await self.process.start((_HOST, self.ports.ami))
        try:
            await self.ears.start(_HOST, self.ports.agi)
            for gate in self.gates.values():
                await gate.start()
            await self.remote.connect(_HOST, self.ports.ami, USER, SECRET)
            await self.forget_plans()
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
        await self.ears.stop()
        for gate in self.gates.values():
            gate.stop()

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

    async def plan(self, number: str, steps: str, *, tone: int | None = None) -> None:
        """Set what the customer with this number does when called; ``tone`` is their voice in Hz.

        It counts for calls from now on, however a line's carrier writes the number.
        """
        voice = "" if tone is None else f"voice-{tone},"
        await self._keep("plan", key_of(number), called_steps(f"{voice}{steps}"))

    async def plan_all(self, customers: Iterable[CalledCustomer]) -> None:
        """The same for many, a hundred at a time."""
        waiting = list(customers)
        for first in range(0, len(waiting), 100):
            await asyncio.gather(
                *(
                    self.plan(each.number, each.steps, tone=each.tone)
                    for each in waiting[first : first + 100]
                )
            )

    async def line(self, line: LineName, steps: str = "pass") -> None:
        """Set what all calls that the centre places over a line meet, from now on.

        ``pass`` is what is planned for the number: the line is well.
        """
        await self._keep("line", line, line_steps(steps))

    async def forget_plans(self) -> None:
        """Have all numbers and lines do what they do at first."""
        for family in ("plan", "line"):
            with contextlib.suppress(FarEndError):  # there are none
                await self.remote.action("DBDelTree", {"Family": family})

    async def shut(self, name: LineName | StationName, *, hang_up: bool = True) -> None:
        """Have a gated phone or line go silent: it neither hears nor says anything by SIP.

        Unless ``hang_up`` is False, a phone's sound ends too, as when its power fails.
        """
        self.gates[name].is_open = False
        if hang_up and name not in {line.name for line in self.target.centre.lines}:
            await self.put_down(StationName(name))

    def open(self, name: LineName | StationName) -> None:
        """Have it hear and speak again; what was lost is not repeated."""
        self.gates[name].is_open = True

    def hears(self, call: str) -> tuple[Heard, ...]:
        """What a call with ears has heard until now, be it over or not."""
        seen = self.seen.calls.get(call)
        closed = () if seen is None else seen.heard
        return closed + self.ears.so_far(self.seen.ear_of(call))

    async def nail_up(self, stations: Iterable[StationName], *, ears: bool = True) -> None:
        """Have phones answer at once and stay, each with a voice of its own, listening if ``ears``.

        Some dozens of voices are told apart; of more phones, several have the same.
        """
        voices = itertools.cycle(TONES)
        for station in stations:
            await self.phone(station, "pick,ears" if ears else "pick,speak-7200", tone=next(voices))

    def at_phone(self, station: StationName) -> SeenCall | None:
        """The call that a phone has been called for and is still in; None if there is none."""
        calls = (seen for seen in self.seen.at(station) if seen.over_at is None)
        return max(calls, key=lambda seen: seen.began_at, default=None)

    async def press(self, call: str, keys: str) -> None:
        """Press keys in a call, whichever step it is at."""
        for number, key in enumerate(keys):
            await asyncio.sleep(_BETWEEN_KEYS_S if number else 0)
            await self.remote.action("PlayDTMF", {"Channel": call, "Digit": key})

    async def do(self, call: str, steps: str) -> None:
        """Have a call that is up do other steps from now on, whichever step it is at."""
        for name, value in (
            ("FAREND_STEPS", phone_steps(steps)),
            ("FAREND_BY", ""),
        ):
            await self.remote.action("Setvar", {"Channel": call, "Variable": name, "Value": value})
        await self.remote.action(
            "Redirect", {"Channel": call, "Context": "steps", "Exten": "next", "Priority": "1"}
        )

    async def hang_up(self, call: str) -> None:
        """End the call with this id (or channel name), whatever it is doing."""
        await self.remote.action(
            "Setvar", {"Channel": call, "Variable": "FAREND_BY", "Value": "farend"}
        )
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

    async def _keep(self, family: str, key: str, value: str) -> None:
        await self.remote.action("DBPut", {"Family": family, "Key": key, "Val": value})

    async def _set(self, variable: str, value: str) -> None:
        await self.remote.action("Setvar", {"Variable": variable, "Value": value})

    def _registering(self) -> list[str]:
        centre = self.target.centre
        return [
            *(station.name for station in centre.stations),
            *(line.name for line in centre.lines if line.host is None),
        ]
