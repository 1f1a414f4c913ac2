"""Nobody phones out at our cost: strangers, lines and phones reach only what they may."""

import asyncio
from pathlib import Path

import pytest

from domain.identity import LineName, StationName
from farend.ami_client import FarEndError, Remote
from telephony.asterisk.provision import find_or_install_sipp
from tests.conftest import PortBlocks
from tests.pair import Pair
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


async def test_a_line_reaches_nothing_but_the_hotline(pair: Pair) -> None:
    one, far = pair.pbx, pair.far
    watch = Remote()
    await watch.connect(*one.ami, one.ami_user, one.secrets.ami)
    numbers = ["1001", "13900001111", "*12", "+8613900001111", "999"]
    names = ["sales", "4008001000x"]  # no numbers: refused without a word
    for line in (LineName("carrier"), LineName("gateway-lines")):
        for number in numbers:
            call = await far.customer(number, "stay", line=line, caller="13800138000")
            assert await far.ended(call) == 1
            event = await _unknown(watch, line, number)
            assert event["Caller"] == "13800138000"
        for name in names:
            call = await far.customer(name, "stay", line=line, caller="13800138000")
            assert await far.ended(call) == 1
    assert not [
        e for e in watch.events if e.get("Event") == "Newstate" and e["ChannelState"] == "6"
    ]
    await watch.close()


async def _unknown(watch: Remote, line: LineName, number: str) -> dict[str, str]:
    def reported() -> dict[str, str] | None:
        for event in watch.events:
            if event.get("UserEvent") == "OffhookUnknownNumber" and (
                event["Line"] == line and event["Number"] == number
            ):
                return event
        return None

    event = await until(reported, 60, f"{number} on {line} to be reported as unknown")
    assert event is not None
    return event


async def test_a_phone_reaches_nothing_outside(pair: Pair) -> None:
    far = pair.far
    await far.phone(StationName("1002"), "busy")
    for number in ("13900001111", "4008001001", "9013900001111", "*99", "s"):
        assert await far.ended(await far.dial(StationName("1001"), number)) == 1, number
    assert await far.ended(await far.dial(StationName("1001"), "1002")) == 17


_INVITE = """<?xml version="1.0"?>
<scenario name="stranger">
 <send retrans="500"><![CDATA[
INVITE sip:4008001000@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:USER@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:4008001000@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:USER@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=x 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 9 RTP/AVP 8
 ]]></send>
 <recv response="100" optional="true"/>
 <recv response="401"/>
 <send><![CDATA[
ACK sip:4008001000@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-1]
From: <sip:USER@[local_ip]:[local_port]>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

 ]]></send>
</scenario>
"""


@pytest.mark.parametrize("user", ["stranger", "1001", "carrier", "anonymous"])
async def test_no_invite_without_a_password(
    pair: Pair, ports: PortBlocks, tmp_path: Path, user: str
) -> None:
    sipp = find_or_install_sipp()
    one = pair.pbx
    watch = Remote()
    await watch.connect(*one.ami, one.ami_user, one.secrets.ami)
    scenario = tmp_path / "stranger.xml"
    scenario.write_text(_INVITE.replace("USER", user))
    process = await asyncio.create_subprocess_exec(
        *(sipp, f"127.0.0.1:{one.ports.sip}", "-sf", str(scenario), "-m", "1", "-nostdin"),
        *("-i", "127.0.0.1", "-p", str(ports().sip), "-timeout", "5", "-timeout_error"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-2000:]
    assert not [event for event in watch.events if event.get("Event") == "Newchannel"]
    await watch.close()


async def test_the_controllers_user_can_do_no_more_than_it_needs(pair: Pair) -> None:
    one = pair.pbx
    remote = Remote()
    with pytest.raises(FarEndError, match="Authentication failed"):
        await Remote().connect(*one.ami, one.ami_user, "wrong")
    await remote.connect(*one.ami, one.ami_user, one.secrets.ami)
    for action, headers in [
        ("Command", {"Command": "core show version"}),
        ("CoreShutdown", {}),
        ("Reload", {}),
        ("ModuleLoad", {"LoadType": "reload"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("Originate", {"Channel": "Local/s@features", "Application": "System", "Data": "true"}),
    ]:
        with pytest.raises(FarEndError):
            await remote.action(action, headers)
    for action in (
        "CoreShowChannels",
        "BridgeList",
        "DeviceStateList",
        "CoreStatus",
        "QueueStatus",
    ):
        await remote.action(action)
    await remote.close()
