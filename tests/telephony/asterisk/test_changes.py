"""Phones, lines and numbers reach a running Asterisk by themselves, and disturb nobody."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from bench.raw_sip import Account, RawSip
from domain.centre import Centre, Encryption, Hotline, Station, StationKind
from domain.identity import ProjectName, StationName
from farend.network import FarEnd
from telephony.asterisk.digests import digest
from telephony.asterisk.generated_folder import GeneratedFolder
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.passwords import passwords_for
from tests.processes import children
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

NEW = Station(StationName("1009"), StationKind.SOFTPHONE, Encryption.OFF)
PASSWORD = "the new phone's password"


@dataclass
class Scene:
    """An Asterisk with its phones, whose ``generated/`` somebody else writes, as the controller."""

    one: Instance
    far: FarEnd
    credentials: dict[str, str]
    passwords: Mapping[str, str]
    console_log: Path
    _seen: int = field(default=0)

    def change(self, centre: Centre) -> tuple[str, ...]:
        return GeneratedFolder(self.one.conf / "generated").write_centre(centre, self.credentials)

    def reloads(self) -> list[str]:
        """What Asterisk's console was asked to reload since this was last called."""
        asked = self.console_log.read_text("utf-8").splitlines()
        new, self._seen = asked[self._seen :], len(asked)
        return [line.partition(" -rx ")[2] for line in new if " reload" in line]

    async def registers(self, user: str, password: str) -> int:
        """The status of a REGISTER: 200, or 401 for whoever is not known by this password."""
        peer = await RawSip((self.one.addresses.sip, self.one.ports.sip)).open()
        try:
            home = [(b"To", b"<%s>" % peer.uri(user))]
            here = b"sip:%s:%d" % (peer.server[0].encode(), peer.server[1])
            return (await peer.request("REGISTER", here, Account(user, password), home)).status
        finally:
            peer.close()

    async def calls(self, number: str, user: str, password: str) -> int:
        """The status of a call from that phone."""
        peer = await RawSip((self.one.addresses.sip, self.one.ports.sip)).open()
        try:
            return (await peer.invite(peer.uri(number), Account(user, password))).status
        finally:
            peer.close()

    async def registered(self) -> set[str]:
        """The names that have registered, as Asterisk shows them or as its database has them."""
        shown = await self.one.process.console("pjsip show contacts")
        kept = await self.one.process.console("database show registrar/contact")
        reached = set(re.findall(r"Contact:\s+([\w-]+)/sip:", shown))
        return reached | set(re.findall(r"(?m)^/registrar/contact/([\w-]+);@", kept))

    async def channels(self) -> set[str]:
        shown = await self.one.process.console("core show channels concise")
        return {line.partition("!")[0] for line in shown.splitlines() if "!" in line}


@pytest.fixture
async def scene(
    asterisk_install: AsteriskInstall, ports: PortBlocks, centre: Centre, tmp_path: Path
) -> AsyncIterator[Scene]:
    """The centre's, with everybody registered. What its console is asked is written down."""
    log, wrapper = tmp_path / "console.log", tmp_path / "wrapper.sh"
    wrapper.write_text(f'echo "$*" >>{log}\nexec "$@"\n')
    log.touch()
    install = replace(asterisk_install, command=("sh", str(wrapper), *asterisk_install.command))
    secrets = passwords_for(tmp_path / "state", centre)
    asterisk = secrets.for_asterisk(centre)
    one = Instance(tmp_path / "i", ports(), centre, asterisk, install)
    far = FarEnd(tmp_path / "f", ports(), asterisk_install, one, secrets.sip)
    try:
        await one.start()
        await far.start()
        yield Scene(one, far, dict(asterisk.credentials), secrets.sip, log)
    finally:
        await far.stop()
        await one.stop()


async def talk(scene: Scene) -> set[str]:
    """Two phones talk; their channels here."""
    await scene.far.dial(StationName("1001"), "1002", "speak-60,stay")

    async def connected() -> set[str]:
        shown = await scene.one.process.console("core show channels concise")
        up = [line.split("!") for line in shown.splitlines() if "!Up!" in line]
        return {each[0] for each in up} if len(up) == 2 else set()

    return await until(connected, 20, "two phones to talk", every_s=0.1)


async def test_a_new_phone_works_at_once_and_nobody_notices(scene: Scene, centre: Centre) -> None:
    talking, known = await talk(scene), await scene.registered()
    assert await scene.registers("1009", PASSWORD) == 401
    scene.credentials["1009"] = digest("1009", PASSWORD)
    scene.change(replace(centre, stations=(*centre.stations, NEW)))

    async def works() -> bool:
        return await scene.registers("1009", PASSWORD) == 200

    await until(works, what="the new phone to register", every_s=0.2)

    async def reaches() -> bool:
        return await scene.calls("1003", "1009", PASSWORD) == 200

    await until(reaches, what="a call from the new phone", every_s=0.2)
    assert await scene.calls("1009", "1003", scene.passwords["1003"]) != 404
    assert talking <= await scene.channels()
    assert await scene.registered() == known | {"1009"}
    assert scene.reloads() == [
        "module reload res_pjsip.so", "dialplan reload", "queue reload members",
    ]  # fmt: skip
    assert scene.one.process.problems() == []


async def test_only_what_has_changed_is_reloaded(scene: Scene, centre: Centre) -> None:
    number = Hotline("4008001009", ProjectName("tea"), "hotline")

    async def reloaded() -> list[str]:
        return scene.reloads()

    scene.change(replace(centre, hotlines=(*centre.hotlines, number)))
    assert await until(reloaded) == ["dialplan reload"]

    async def there() -> bool:
        shown = await scene.one.process.console("dialplan show 4008001009@from-line")
        return "Goto(hotline,4008001009,1)" in shown

    await until(there, what="the number to be in force")  # it has only been asked for
    scene.credentials["1003"] = digest("1003", PASSWORD)
    scene.change(replace(centre, hotlines=(*centre.hotlines, number)))
    assert await until(reloaded) == ["module reload res_pjsip.so"]
    assert scene.change(replace(centre, hotlines=(*centre.hotlines, number))) == ()


async def test_a_new_password_counts_at_once(scene: Scene, centre: Centre) -> None:
    """Whoever has the phone with the old one gets no more calls: it may be lost."""
    talking, known = await talk(scene), await scene.registered()
    old = scene.passwords["1001"]
    for name in ("1001", "1003"):
        scene.credentials[name] = digest(name, PASSWORD)
    scene.change(centre)

    async def forgotten() -> bool:
        return await scene.registered() == known - {"1001", "1003"}

    await until(forgotten, what="the old registrations to be forgotten", every_s=0.2)

    async def away() -> bool:
        return "Unavailable" in await scene.one.process.console("pjsip show endpoint 1003")

    await until(away, what="the phone not to be there", every_s=0.2)

    async def counts() -> bool:
        return await scene.registers("1001", PASSWORD) == 200

    await until(counts, what="the new password to count", every_s=0.2)
    assert await scene.registers("1001", old) == 401
    assert talking <= await scene.channels()
    assert await scene.registered() == known - {"1003"}


async def test_a_removed_phone_ends_its_talk_and_is_gone(scene: Scene, centre: Centre) -> None:
    talking, known = await talk(scene), await scene.registered()
    scene.change(replace(centre, stations=tuple(s for s in centre.stations if s.name != "1002")))

    async def gone() -> bool:
        return await scene.registers("1002", scene.passwords["1002"]) == 401

    await until(gone, what="the phone's registration to be refused", every_s=0.2)

    async def forgotten() -> bool:
        return await scene.registered() == known - {"1002"}

    await until(forgotten, what="its registration to be forgotten", every_s=0.2)
    assert await scene.calls("1002", "1003", scene.passwords["1003"]) == 404
    assert talking <= await scene.channels(), "a talk goes on to its end"
    scene.change(centre)

    async def back() -> bool:
        shown = await scene.one.process.console("pjsip show aor 1002")
        return "Unable to find object" not in shown

    await until(back, what="the phone to be there again", every_s=0.2)

    assert "1002" not in await scene.registered(), "until it registers"


async def test_a_hundred_changes_are_a_few_reloads(scene: Scene, centre: Centre) -> None:
    talking = await talk(scene)
    scene.reloads()
    clock = asyncio.get_running_loop().time
    began = clock()
    phones = list(centre.stations)
    for number in range(100):
        phones.append(replace(NEW, name=StationName(f"{2000 + number}")))
        scene.credentials[phones[-1].name] = digest(phones[-1].name, PASSWORD)
        await asyncio.to_thread(scene.change, replace(centre, stations=tuple(phones)))
        await asyncio.sleep(0.1)  # ten a second is what the test is about

    async def last() -> bool:
        return await scene.registers("2099", PASSWORD) == 200

    await until(last, what="the last of them to be in force", every_s=0.2)
    # One in two seconds at most, however long a busy machine takes to write them.
    most = (clock() - began) / 2 + 1
    assert 1 <= scene.reloads().count("module reload res_pjsip.so") <= most
    assert talking <= await scene.channels()
    assert scene.one.process.problems() == []


def _watch() -> psutil.Process:
    """The process that watches for us."""
    (found,) = children(word="watch-changes")
    return found


async def test_the_watch_goes_on_after_its_end(scene: Scene, centre: Centre) -> None:
    """It may have missed a change while it was away."""
    with capture_logs() as logs:
        _watch().kill()
        scene.credentials["1009"] = digest("1009", PASSWORD)
        scene.change(replace(centre, stations=(*centre.stations, NEW)))

        async def works() -> bool:
            return await scene.registers("1009", PASSWORD) == 200

        await until(works, what="the new phone to register", every_s=0.2)
    assert [entry["code"] for entry in logs] == [-signal.SIGKILL]


async def test_what_changes_while_asterisk_is_away_is_in_force_when_it_is_back(
    scene: Scene, centre: Centre
) -> None:
    scene.one.process.kill()
    await scene.one.ended()
    scene.credentials["1009"] = digest("1009", PASSWORD)
    scene.change(replace(centre, stations=(*centre.stations, NEW)))
    await scene.one.start_again()
    assert await scene.registers("1009", PASSWORD) == 200
