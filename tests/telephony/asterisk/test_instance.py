"""An instance comes up clean, with all it needs, and leaves nothing behind."""

import asyncio
import dataclasses
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from configuration.secrets import Secrets
from domain.centre import Centre, Encryption
from domain.identity import LineName
from domain.stations import twin
from farend.network import FarEnd
from telephony.agi.server import AgiServer
from telephony.agi.session import Session
from telephony.asterisk import priority
from telephony.asterisk.generated_files import Addresses
from telephony.asterisk.instance import Instance
from telephony.asterisk.process import AsteriskError, check_free
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import FarEndFactory, InstanceFactory, PortBlocks
from tests.passwords import passwords_for
from tests.waiting import until

pytestmark = pytest.mark.live


def _has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


async def test_starts_without_a_warning_and_stops_whole(
    instance: InstanceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await instance()
    assert one.process.problems() == []
    pid = one.process.pid
    assert pid is not None
    await one.stop()
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)
    monkeypatch.setenv("TZ", "Pacific/Pago_Pago")  # a container often has TZ, and UTC's files
    await one.start()  # again, on the same ports and folder
    assert one.process.problems() == []
    said = await one.process.console("dialplan eval function STRFTIME(,,%s)")
    seconds = re.search(r"Result: (\d+)", said)
    assert seconds is not None, said
    assert abs(int(seconds[1]) - time.time()) < 600, "no token is hours old"


async def test_asterisk_keeps_its_priority(instance: InstanceFactory) -> None:
    """Two minutes after the start, and each minute from then on, it looks whether its canary
    still touches a file, and else gives up its priority for good."""
    one = await instance()
    pid = one.process.pid
    assert pid is not None
    allowed = await asyncio.to_thread(_may_have_priority)
    assert (os.sched_getscheduler(pid) == os.SCHED_RR) is allowed
    assert (priority.trouble(pid, has_canary=True) is None) is allowed
    (sign,) = [path for path in one.run.iterdir() if "canary" in path.name]
    os.utime(sign, (0, 0))
    await until(lambda: sign.stat().st_mtime != 0, 30, "the canary to sing, every 5 s")


async def test_none_that_starts_goes_before_one_that_works(instance: InstanceFactory) -> None:
    one = await instance()
    pid = one.process.pid
    assert pid is not None
    found = {os.sched_getparam(thread).sched_priority for thread in _threads(pid)}
    most = 0
    for each in (priority.AT_START, priority.AT_WORK):
        if await asyncio.to_thread(_may_have_priority, each):
            most = each
    assert found == {most}


def _threads(pid: int) -> list[int]:
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]


def _may_have_priority(number: int = priority.AT_START) -> bool:
    try_it = f"import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param({number}))"
    tried = subprocess.run([sys.executable, "-c", try_it], stderr=subprocess.DEVNULL, check=False)
    return tried.returncode == 0


async def test_an_ordinary_priority_is_said_once_with_the_cure(
    asterisk_install: AsteriskInstall, ports: PortBlocks, centre: Centre, tmp_path: Path
) -> None:
    without = ("setpriv", "--bounding-set", "-sys_nice") if os.geteuid() == 0 else ()
    install = dataclasses.replace(asterisk_install, command=without + asterisk_install.command)
    secrets = passwords_for(tmp_path / "state", centre)
    one = Instance(tmp_path / "i", ports(), centre, secrets.for_asterisk(centre), install)
    with capture_logs() as said:
        await one.start()
    await one.stop()
    [line] = [entry["event"] for entry in said]
    assert line.startswith("Asterisk runs at ordinary priority")
    assert "LimitRTPRIO=11" in line


async def test_what_it_writes_is_for_its_user_alone(instance: InstanceFactory) -> None:
    one = await instance()
    written = [path for path in one.log.rglob("*") if path.is_file() and path.name != "output"]
    assert {path.name for path in written} >= {"messages", "security"}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in written} == {0}


async def test_a_later_offhooks_dialplan_reaches_calls_that_are_there(
    instance: InstanceFactory, far_end: FarEndFactory
) -> None:
    """Their sessions' addresses are of a form that the new controller refuses; a restart brings
    the dialplan that goes with it, whether or not anything else has changed."""
    one = await instance()
    file = one.conf / "extensions.conf"
    ours = file.read_text("utf-8")
    file.write_text(ours.replace("/${OFFHOOK_NODE}/${OFFHOOK_TRY}/call,", "/call,"), "utf-8")
    await one.process.console("dialplan reload")
    served = asyncio.Event()

    async def route(session: Session) -> None:
        served.set()
        await session.answer()
        await session.set_variable("OFFHOOK_DONE", "1")

    server = AgiServer("127.0.0.1", one.ports.agi, {"call": route}, one.secrets.agi)
    await server.start()
    try:
        with capture_logs() as logs:
            far = await far_end(one)
            caller = await far.customer(
                one.centre.hotlines[0].number, "stay", line=LineName("carrier")
            )
            await until(lambda: "agi session refused" in str(logs))
        assert not served.is_set()
        await one.reconfigure(one.centre, one.secrets)
        async with asyncio.timeout(60):
            await served.wait()
        assert await far.ended(caller) == 16
    finally:
        await server.close()


async def test_a_reload_takes_no_global_away(instance: InstanceFactory) -> None:
    """Not even for a moment: a call that began in it would have no node in its name."""
    one = await instance()

    async def shown_with(encryption: Encryption, wanted: str) -> None:
        phones = (dataclasses.replace(first, encryption=encryption), *others)
        await one.reconfigure(dataclasses.replace(one.centre, stations=phones), one.secrets)

        async def shown() -> str:
            return await one.process.console("dialplan show globals")

        async def is_there() -> bool:
            return f"OFFHOOK_TWIN_{first.name}={wanted}\n" in await shown()

        await until(is_there, what=f"the twin to be {wanted!r}", seen=shown, every_s=0.2)
        assert "NOT_WRITTEN_ANEW=stays" in await shown()

    await one.process.console("dialplan set global NOT_WRITTEN_ANEW stays")
    first, *others = one.centre.stations
    await shown_with(Encryption.OPTIONAL, twin(first.name))
    await shown_with(Encryption.OFF, "")


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
async def test_calls_come_and_are_served_over_ipv6(
    instance: InstanceFactory,
    ports: PortBlocks,
    asterisk_install: AsteriskInstall,
    secrets: Secrets,
    tmp_path: Path,
) -> None:
    one = await instance(addresses=Addresses(sip="::1", agi="::1"))
    assert one.process.problems() == []
    with pytest.raises(AsteriskError, match=rf"^UDP port {one.ports.sip} on ::1 .*in use"):
        check_free([("udp", "::1", one.ports.sip, "SIP")])

    async def route(session: Session) -> None:
        await session.answer()
        await session.set_variable("OFFHOOK_DONE", "1")

    server = AgiServer("::1", one.ports.agi, {"call": route}, one.secrets.agi)
    await server.start()
    far = FarEnd(tmp_path / "f", ports(), asterisk_install, one, secrets.sip, sip_bind="::1")
    try:
        await far.start()
        caller = await far.customer(one.centre.hotlines[0].number, "stay", line=LineName("carrier"))
        assert await far.ended(caller) == 16
    finally:
        await far.stop()
        await server.close()


async def test_two_side_by_side_with_their_far_ends(
    instance: InstanceFactory, far_end: FarEndFactory
) -> None:
    pairs = [(one, await far_end(one)) for one in [await instance(), await instance()]]
    for one, far in pairs:
        assert one.process.problems() == []
        assert far.process.problems() == []


async def test_a_taken_port_is_said_in_one_line(
    instance: InstanceFactory, ports: PortBlocks
) -> None:
    block = ports()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", block.sip))
        with pytest.raises(AsteriskError, match=rf"^UDP port {block.sip} .*SIP.*in use; end the"):
            await instance(ports=block)


async def test_dies_with_its_parent(instance: InstanceFactory) -> None:
    one = await instance(begin=False)
    code = (
        "import asyncio\n"
        "from pathlib import Path\n"
        "from telephony.asterisk.process import AsteriskProcess\n"
        "from telephony.asterisk.provision import find_or_install\n"
        "async def main():\n"
        f"    p = AsteriskProcess(find_or_install(), Path({str(one.folder)!r}), name='x')\n"
        f"    await p.start(('127.0.0.1', {one.ports.ami}))\n"
        "    print(p.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    await one.write()
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    parent.kill()
    await parent.wait()
    # Its first thread may be dead while others still hold the ports, for a moment.
    await until(
        lambda: b"\nState:\tZ" in _status(child) and _is_free(one.ports.sip),
        5,
        "Asterisk to end with its parent",
        seen=lambda: _status(child),
    )


def _is_free(port: int) -> bool:
    try:
        check_free([("udp", "127.0.0.1", port, "SIP")])
    except AsteriskError:
        return False
    return True


def _status(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return b"\nState:\tZ"


async def test_tls_is_there_with_a_certificate_of_its_own(instance: InstanceFactory) -> None:
    one = await instance()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", one.ports.sip_tls, ssl=context)
    assert writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
    first = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    for private in (one.folder / "keys/offhook.pem", one.conf / "generated/manager.conf"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    other = await instance()
    assert ssl.get_server_certificate(
        ("127.0.0.1", other.ports.sip_tls)
    ) != ssl.DER_cert_to_PEM_cert(first)


@pytest.mark.parametrize("length", [105, 225, 300])
async def test_a_long_way_to_the_folder_is_no_obstacle(
    length: int,
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    centre: Centre,
    tmp_path: Path,
) -> None:
    """A longer one is cut off by Asterisk, which then has no dialplan, or no database."""
    secrets = passwords_for(tmp_path / "state", centre)
    way = tmp_path / ("deep/" * 60)[: length - len(str(tmp_path)) - 2].rstrip("/") / "i"
    one = Instance(way, ports(), centre, secrets.for_asterisk(centre), asterisk_install)
    await one.start()
    try:
        assert one.process.problems() == []
        assert "'s'" in await one.process.console("dialplan show one-moment")
    finally:
        await one.stop()


async def test_another_users_folder_in_a_shared_place_is_not_used(
    asterisk_install: AsteriskInstall, ports: PortBlocks, centre: Centre, tmp_path: Path
) -> None:
    """Its name can be guessed, and whoever made it would hold the control socket."""
    secrets = passwords_for(tmp_path / "state", centre)
    way = tmp_path / ("deep/" * 60)[: 105 - len(str(tmp_path)) - 2].rstrip("/") / "i"
    one = Instance(way, ports(), centre, secrets.for_asterisk(centre), asterisk_install)
    assert one.run.parent == Path(tempfile.gettempdir())
    one.run.symlink_to(tmp_path)
    try:
        with pytest.raises(AsteriskError, match="not a folder of Offhook's user"):
            await one.start()
    finally:
        await one.stop()
        one.run.unlink()
