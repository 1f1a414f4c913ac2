"""A link to a real Asterisk."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from domain.identity import NodeName
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.originate import Application, Extension, Originate
from telephony.ami.protocol import ActionRefused, LinkDown
from telephony.ami.state import LinkKind, Timing
from tests.cutting_proxy import DOWN, UP, CuttingProxy
from tests.telephony.ami.asterisk import SECRET, USER, SmallAsterisk
from tests.telephony.ami.conftest import QUICK, Connect
from tests.telephony.ami.watch import Running, Watch
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

WAIT = Application("Wait", "600")


@pytest.mark.usefixtures("calls_end_with_the_test")
async def test_a_call_is_told_in_order_and_the_next_link_finds_it_in_its_snapshot(
    connect: Connect,
) -> None:
    link, watch = await connect()
    call = Originate(
        "Local/wait@test/n",
        Application("Dial", "Local/wait@test/n"),
        variables={"OFFHOOK_CALL": "c1"},
    )
    await link.originate(call)
    await until(lambda: len(watch.of("BridgeEnter")) == 2 and watch.of("OriginateResponse"))
    about = [m.name for m in watch.messages if m.get("Uniqueid") == call.channel_id]
    # OriginateResponse comes from a thread of its own: on a busy machine before Newchannel too.
    about = [name for name in about if name != "OriginateResponse"]
    assert about[0] == "Newchannel"
    assert about.index("Newstate") < about.index("BridgeEnter")
    assert watch.of("OriginateResponse")[0].get("Response") == "Success"

    _, other = await connect()
    snapshot = other.snapshots[0]
    assert snapshot.has_channel(call.channel_id)
    mine = next(c for c in snapshot.channels if c.get("Uniqueid") == call.channel_id)
    assert mine.variables()["OFFHOOK_CALL"] == "c1"
    ((_, members),) = snapshot.bridges
    assert call.channel_id in members
    assert len(members) == 2
    assert "PJSIP/s101" in {m.get("Device") for m in snapshot.device_states}
    assert snapshot.boot.startswith("20")
    assert not snapshot.restarted
    # The AMI user has no write class "system", as it should be: Asterisk keeps these to itself.
    assert set(snapshot.missing) == {"PJSIPShowEndpoints"}


async def test_replies_refusals_and_lists(connect: Connect) -> None:
    link, watch = await connect()
    assert (await link.action("Ping")).get("Ping") == "Pong"
    with pytest.raises(ActionRefused, match="Invalid/unknown command"):
        await link.action("Bogus")
    with pytest.raises(ActionRefused, match=r"[Pp]ermission"):
        await link.action("Command", {"Command": "core show uptime"})
    channels = await link.listing(
        "CoreShowChannels", item="CoreShowChannel", complete="CoreShowChannelsComplete"
    )
    assert channels == []
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        await link.action("Ping", {"X": "1\r\n\r\nAction: Originate"})
    replies = await asyncio.gather(*(link.action("Ping") for _ in range(50)))
    assert all(reply.succeeded for reply in replies)
    assert not any(name.startswith("CoreShow") for name in watch.told)


@pytest.mark.usefixtures("calls_end_with_the_test")
async def test_variables_arrive_as_they_were_given(connect: Connect) -> None:
    link, watch = await connect()
    awkward = 'Müller, "王" (a\\b[c = d'
    call = Originate("Local/wait@test", WAIT, variables={"OFFHOOK_CALL": awkward, "B_2": "x,C=y"})
    await link.originate(call)
    await until(lambda: watch.of("OriginateResponse"))
    reply = await link.action(
        "Getvar",
        {"Channel": watch.of("OriginateResponse")[0].get("Channel"), "Variable": "OFFHOOK_CALL"},
    )
    assert reply.get("Value") == awkward
    assert {m.get("Variable") for m in watch.of("VarSet")} <= {"OFFHOOK_CALL", "B_2"}
    with pytest.raises(ValueError, match="variable"):
        await link.originate(Originate("Local/wait@test", WAIT, variables={"A=1,B": "x"}))


@pytest.mark.usefixtures("calls_end_with_the_test")
async def test_a_call_that_asterisk_refuses_or_nobody_answers(connect: Connect) -> None:
    link, watch = await connect()
    here = Originate("Local/wait@test", WAIT)
    await link.originate(here)
    await until(lambda: here.channel_id in watch.channels)
    await link.originate(here)  # the same id again: Asterisk says so later, by its event
    nowhere = Originate("Local/nowhere@test", Extension("test", "wait"))
    await link.originate(nowhere)
    await until(lambda: len(watch.of("OriginateResponse")) == 3)
    failed = [m for m in watch.of("OriginateResponse") if m.get("Response") == "Failure"]
    assert len(failed) == 2
    assert watch.born.count(here.channel_id) == 1


async def test_a_consumer_that_fails_costs_its_event_and_nothing_else(connect: Connect) -> None:
    watch = Watch()

    def fail(_message: Message) -> None:
        raise RuntimeError("the consumer's own mistake")

    watch.spoil = fail
    with capture_logs() as logs:
        link, _ = await connect(watch=watch)
        await link.action("UserEvent", {"UserEvent": "One"})
        await link.action("UserEvent", {"UserEvent": "Two", "Name": "Müller"})
        await until(lambda: len(watch.of("UserEvent")) == 2)
    assert watch.of("UserEvent")[1].get("Name") == "Müller"
    assert link.up
    assert not watch.downs
    said = [entry for entry in logs if entry["log_level"] == "error"]
    assert len(said) == 1, "a consumer that fails at every event must not fill the disk"


async def test_a_consumer_that_is_slow_is_never_cut_off_and_loses_nothing(
    connect: Connect,
) -> None:
    watch = Watch()
    watch.spoil = lambda _: time.sleep(0.004)
    link, _ = await connect(watch=watch)
    hands, _ = await connect()
    for number in range(300):
        await hands.action("UserEvent", {"UserEvent": "Load", "Number": str(number)})
    await until(lambda: len(watch.of("UserEvent")) == 300, 20)
    assert [int(m.get("Number")) for m in watch.of("UserEvent")] == list(range(300))
    assert not watch.downs
    assert link.backlog == 0


async def test_a_wrong_password_is_said_once_and_tried_slowly(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    slow = Timing(retry_first=0.02, retry_refused=0.5)
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        with capture_logs() as logs:
            link, watch = await connect(proxy.port, up=False, secret="wrong", timing=slow)
            await until(lambda: link.state.kind is LinkKind.REFUSED)
            assert "manager.conf" in link.state.error
            assert "wrong" not in link.state.error
            await until(lambda: proxy.connections >= 3)
            with pytest.raises(LinkDown, match="refuses AMI user 'offhook'"):
                await link.action("Ping")
    errors = [entry for entry in logs if entry["log_level"] in ("error", "warning")]
    assert len(errors) == 1
    assert "Authentication failed" in errors[0]["event"]
    assert not watch.snapshots


async def test_an_ami_user_without_the_rights_is_told_which(connect: Connect) -> None:
    link, _ = await connect(user="blind", up=False)
    await until(lambda: link.state.kind is LinkKind.REFUSED)
    assert "write = reporting" in link.state.error


async def test_a_silent_line_is_found_by_the_ping(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    timing = Timing(ping_every=0.2, pong=3.0, retry_first=0.02, retry_most=0.1)
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        link, watch = await connect(proxy.port, timing=timing)
        await until(lambda: proxy.seen[UP].count(b"Action: Ping") > 3)
        assert link.up  # pongs come
        proxy.stall(DOWN)
        await until(lambda: watch.downs)
        assert "ping" in watch.downs[0]
        proxy.resume()
        await link.wait_up(60)
        assert link.reconnects == 1


async def test_held_events_come_after_the_snapshot_and_none_is_missing(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    hands, _ = await connect()
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        link, watch = await connect(proxy.port, up=False)
        # Logged in, and its questions on the way: while they are, things happen.
        await until(lambda: b"Action: CoreStatus" in proxy.seen[UP] or link.up)
        proxy.stall(UP)
        numbers = range(40)
        for number in numbers:
            await hands.action("UserEvent", {"UserEvent": "Load", "Number": str(number)})
        if not link.up:
            assert not watch.of("UserEvent"), "an event was delivered before the snapshot"
        proxy.resume()
        await link.wait_up(60)
        await until(lambda: len(watch.of("UserEvent")) == len(numbers))
        assert watch.told[0] == "+up"
        assert [int(m.get("Number")) for m in watch.of("UserEvent")] == list(numbers)


async def test_close_ends_it_for_good(connect: Connect, asterisk: SmallAsterisk) -> None:
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        link, watch = await connect(proxy.port)
        await link.close()
        assert link.state.kind is LinkKind.CLOSED
        assert watch.told[-1] == "+down"
        told, connections = len(watch.told), proxy.connections
        await asyncio.sleep(0.3)
        assert (len(watch.told), proxy.connections, proxy.open) == (told, connections, 0)
        with pytest.raises(LinkDown):
            await link.action("Ping")

        proxy.refuse = True  # and while it tries in vain to connect
        link, _ = await connect(proxy.port, up=False)
        await until(lambda: proxy.connections > connections + 2)
        await link.close()
        connections = proxy.connections
        await asyncio.sleep(0.3)
        assert proxy.connections == connections


async def test_asterisk_restarts(connect: Connect, asterisk: SmallAsterisk) -> None:
    link, watch = await connect()
    call = Originate("Local/wait@test", WAIT)
    await link.originate(call)
    await until(lambda: call.channel_id in watch.channels)
    await asterisk.kill()
    await until(lambda: watch.downs)
    with pytest.raises(LinkDown):
        await link.originate(Originate("Local/wait@test", WAIT))
    await asyncio.sleep(1.0)  # CoreStatus tells whole seconds
    await asterisk.start()
    await link.wait_up(60)
    assert watch.snapshots[-1].restarted
    assert watch.snapshots[-1].device_states, "taken before all modules were there"
    assert not watch.channels
    assert (await link.action("Ping")).succeeded


async def test_a_consumer_that_is_far_too_slow_costs_memory_only_up_to_a_limit(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    watch = Watch()
    watch.spoil = lambda _: time.sleep(0.003)
    link = Link(
        NodeName("pbx1"), asterisk.host, asterisk.ami, USER, SECRET, timing=QUICK,
        max_backlog=50,
    )  # fmt: skip
    hands, _ = await connect()
    async with Running(link, watch):
        await link.wait_up(60)
        load = {"UserEvent": "Load"}
        await asyncio.gather(*(hands.action("UserEvent", load, timeout=20) for _ in range(300)))
        await until(lambda: watch.downs)
        assert "too slow" in watch.downs[0]
        await link.wait_up(60)
        assert watch.told.index("+down") > 50, "what had been received was to be delivered"
