"""Lines that register with their carrier, or authenticate to it at each call: the far end is it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.centre import CarrierAccount, Centre, Line, LineKind
from domain.identity import LineName, NodeName
from farend.ami_client import Remote
from farend.network import FarEnd, FarEndError
from telephony.ami.ami_wire import Message
from telephony.asterisk.generated_folder import GeneratedFolder
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from telephony.caller_ids import caller_id_of
from telephony.registrations import Registrations
from tests.conftest import PortBlocks
from tests.passwords import passwords_for
from tests.telephony.asterisk.controller import Session, controller
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

CARRIER, USER = LineName("carrier"), "8621000"
HOTLINE = "4008001000"
SOON_S = 30.0


@dataclass
class Carried:
    """A centre and its carrier."""

    one: Instance
    far: FarEnd
    password: str

    async def state(self) -> str:
        """What has become of our registration with the carrier; empty if there is none."""
        shown = await self.one.process.console("pjsip show registrations")
        for line in shown.splitlines():
            if line.strip().startswith(f"{CARRIER}/sip:"):
                return line.split()[2]
        return ""

    async def reaches(self, state: str) -> None:
        async def reached() -> bool:
            return await self.state() == state

        await until(reached, SOON_S, f"{state} with the carrier", seen=self.state, every_s=0.1)

    def change(self, line: Line, password: str) -> None:
        centre = replace(self.one.centre, lines=(line,))
        credentials = {**self.one.secrets.credentials, CARRIER: password}
        GeneratedFolder(self.one.conf / "generated").write_centre(centre, credentials)

    @property
    def line(self) -> Line:
        return self.one.centre.lines[0]

    async def called(self, number: str) -> tuple[str, int]:
        """Call out over the carrier: who called, as the carrier saw it, and the call's cause."""
        watch = Remote()
        await watch.connect(*self.one.ami, self.one.ami_user, self.one.secrets.ami)
        hung_up = watch.watch(  # it may come with the reply
            lambda event: event.get("Event") == "Hangup" and event["Uniqueid"] == f"out-{number}"
        )
        await watch.action(
            "Originate",
            {
                "Channel": f"PJSIP/{number}@{CARRIER}",
                "Application": "Wait",
                "Data": "1",
                "ChannelId": f"out-{number}",
                "CallerID": f"<{caller_id_of(self.line)}>",
                "Async": "true",
            },
        )
        async with asyncio.timeout(20):
            over = await hung_up
        await watch.close()
        seen = await self.far.event("FarendCalled", Number=number, timeout=1)
        return seen["Caller"], int(over["Cause"])


def trunk(port: int, *, registers: bool = True, realm: str | None = None) -> Line:
    account = CarrierAccount(USER, realm, registers)
    return Line(CARRIER, LineKind.TRUNK, 30, f"127.0.0.5:{port}", account=account)


Carrying = Callable[..., Awaitable[Carried]]


@pytest.fixture
async def carrying(
    asterisk_install: AsteriskInstall, ports: PortBlocks, centre: Centre, tmp_path: Path
) -> AsyncIterator[Carrying]:
    """``await carrying(line, password)``: an Asterisk with this line and this password for it."""
    started: list[Carried] = []

    async def start(line: Line, password: str | None = None) -> Carried:
        whole = replace(centre, lines=(line,))
        secrets = passwords_for(tmp_path / "state", whole)
        right = secrets.sip[CARRIER]
        asterisk = secrets.for_asterisk(whole)
        if password is not None:
            asterisk = replace(asterisk, credentials={**asterisk.credentials, CARRIER: password})
        one = Instance(tmp_path / "i", ports(), whole, asterisk, asterisk_install)
        far = FarEnd(tmp_path / "f", ports(), asterisk_install, one, secrets.sip)
        started.append(Carried(one, far, right))
        await one.start()
        await far.start()
        await one.process.console(f"pjsip send register {CARRIER}")  # before, nobody was there
        return started[-1]

    yield start
    for each in started:
        await each.far.stop()
        await each.one.stop()


async def _comes_in(carried: Carried) -> None:
    """A customer's call arrives over the carrier and is known as the line's."""
    lines: list[str] = []

    async def play(session: Session) -> None:
        lines.append(await session.variable("OFFHOOK_LINE"))
        await session.command("ANSWER")
        await session.done()

    async with controller(carried.one.ports.agi, play):
        call = await carried.far.customer(HOTLINE, "stay", line=CARRIER)
        assert await carried.far.ended(call) == 16
    assert lines == [CARRIER]


@pytest.mark.parametrize("realm", [None, "ims.example"])
async def test_a_line_registers_and_calls_go_both_ways(
    carrying: Carrying, ports: PortBlocks, realm: str | None
) -> None:
    carried = await carrying(trunk(ports().sip, realm=realm))
    await carried.reaches("Registered")
    await _comes_in(carried)
    assert await carried.called("13902000001") == (USER, 17)
    assert carried.one.process.problems() == []


async def test_a_line_that_does_not_register_authenticates_its_calls(
    carrying: Carrying, ports: PortBlocks
) -> None:
    line = replace(trunk(ports().sip, registers=False), caller_id="+862112345678")
    carried = await carrying(line)
    assert await carried.state() == ""
    await _comes_in(carried)
    assert await carried.called("13902000001") == ("+862112345678", 17)
    carried.change(line, "wrong")

    numbers = itertools.count(13_902_000_002)  # the carrier remembers who has called whom

    async def refused() -> bool:
        try:
            await carried.called(str(next(numbers)))
        except FarEndError:
            return True
        return False

    await until(refused, SOON_S, "the carrier to refuse our calls")


async def test_a_password_is_corrected_while_calls_go_on(
    carrying: Carrying, ports: PortBlocks
) -> None:
    line = trunk(ports().sip)
    carried = await carrying(line, "wrong")
    watch = Remote()
    await watch.connect(*carried.one.ami, carried.one.ami_user, carried.one.secrets.ami)
    await carried.reaches("Rejected")
    await carried.one.process.console(f"pjsip send register {CARRIER}")  # as once a minute

    def told() -> list[str]:
        return [event["Status"] for event in watch.events if event.get("Event") == "Registry"]

    await until(lambda: "Rejected" in told(), SOON_S, "AMI to report the refusal", seen=told)
    carried.change(line, carried.password)
    await carried.reaches("Registered")
    await until(lambda: "Registered" in told(), SOON_S, "AMI to report the end of it", seen=told)
    await watch.close()
    with capture_logs() as logs:
        registrations = Registrations()
        for event in watch.events:
            if event.get("Event") == "Registry":
                message = Message.of({key: value for key, value in event.items() if value})
                registrations.handle(NodeName("pbx1"), message, [line])
    assert [(entry["log_level"], entry["line"]) for entry in logs] == [
        ("error", CARRIER), ("info", CARRIER),
    ]  # fmt: skip
    await _comes_in(carried)
    carried.change(replace(line, account=None), "")
    await carried.reaches("")
