"""The centre's Asterisk calls out over its lines, by AMI alone, as a dialler would."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from domain.centre import Line
from domain.identity import StationName
from farend.ami_client import Event, FarEndError, Remote
from telephony.ami.originate import Application, Originate
from telephony.asterisk.instance import Instance
from telephony.numbers import for_carrier
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """What the centre's Asterisk has reported of a call that is over."""

    channel_id: str
    states: tuple[int, ...]  # 5 ringing, 6 up
    cause: int


@dataclass
class CallingOut:
    """AMI of the centre's Asterisk."""

    pbx: Instance
    watch: Remote = field(default_factory=Remote)

    async def connect(self) -> None:
        await self.watch.connect(*self.pbx.ami, self.pbx.ami_user, self.pbx.secrets.ami)

    def line(self, name: str) -> Line:
        return next(line for line in self.pbx.centre.lines if line.name == name)

    async def place(
        self, number: str, line: str, then: Application | None = None, *, ring_s: float = 8.0,
        caller_id: str = "", sip_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> str:  # fmt: skip
        """Call a number in E.164; returns the channel's id."""
        dialled = for_carrier(number, self.line(line))
        wish = Originate(
            f"PJSIP/{dialled}@{line}", then or Application("Wait", "60"), ring_s=ring_s,
            caller_id=caller_id, sip_headers=sip_headers,
        )  # fmt: skip
        await self.watch.action("Originate", wish.headers())
        return wish.channel_id

    async def ring(self, station: StationName, then: Application) -> str:
        """Call a phone; returns the channel's id."""
        wish = Originate(f"PJSIP/{station}", then, ring_s=8.0)
        await self.watch.action("Originate", wish.headers())
        return wish.channel_id

    async def is_up(self, channel_id: str) -> bool:
        """Whether the centre's Asterisk still has this call."""
        shown = await self.pbx.process.console("core show channels concise")
        return any(channel_id in line for line in shown.splitlines())

    async def over(self, channel_id: str, timeout: float = 20.0) -> OutgoingCall:
        """Wait for the end of a call."""

        def ended() -> Event | None:
            return next(iter(self._of("Hangup", channel_id)), None)

        end = await until(ended, timeout, f"the end of {channel_id}")
        assert end is not None
        states = [int(event["ChannelState"]) for event in self._of("Newstate", channel_id)]
        return OutgoingCall(channel_id, tuple(states), int(end["Cause"]))

    async def up(self, channel_id: str) -> None:
        """Wait until a call is answered."""
        await until(
            lambda: any(e["ChannelState"] == "6" for e in self._of("Newstate", channel_id)),
            15, f"{channel_id} to be answered",
        )  # fmt: skip

    async def hang_up(self, channel_id: str) -> None:
        await self.watch.action("Hangup", {"Channel": channel_id})

    async def reachable(self, line: str) -> None:
        """Wait until the line's peer has answered."""

        async def answered() -> bool:
            contacts = await self.pbx.process.console("pjsip show contacts")
            return any(f" {line}/sip:" in c and " Avail " in c for c in contacts.splitlines())

        try:
            await self.watch.action("PJSIPQualify", {"Endpoint": line})
        except FarEndError:
            return
        await until(answered, 60, f"{line} to be reachable", every_s=0.1)

    def _of(self, kind: str, channel_id: str) -> list[Event]:
        return [
            event
            for event in self.watch.events
            if event.get("Event") == kind and event.get("Uniqueid") == channel_id
        ]
