"""The connection between the link and a real Asterisk is cut at any byte, at any moment."""

import asyncio
import random
import re
from collections import Counter

import pytest

from telephony.ami.link import Link
from telephony.ami.originate import Application, Originate
from telephony.ami.protocol import ActionFailed, LinkDown, OutcomeUnknown
from telephony.ami.state import Timing
from tests.cutting_proxy import DOWN, UP, CuttingProxy, Direction
from tests.telephony.ami.asterisk import SmallAsterisk
from tests.telephony.ami.conftest import Connect
from tests.telephony.ami.watch import Watch
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

AT_ONCE = Timing(retry_first=0.004, retry_most=0.01, lookup=20.0)
STAYS = Application("Wait", "600")


async def test_a_cut_at_every_byte_of_the_beginning_is_survived(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        await connect(proxy.port)
        sizes = {way: len(proxy.seen[way]) for way in (UP, DOWN)}
        assert sizes[DOWN] > 1000
        plan: list[tuple[int, Direction]] = [
            (at, way) for way in (UP, DOWN) for at in range(0, sizes[way], 17)
        ]
        wanted = len(plan)
        proxy.each_connection = lambda: plan.pop() if plan else None
        cuts = proxy.cuts
        link, watch = await connect(proxy.port, up=False, timing=AT_ONCE)
        # The last bytes before a cut may have brought the link up; it has to come back then too.
        await until(lambda: not plan, 60)
        await link.wait_up(60)
        assert proxy.cuts - cuts >= wanted - 10
        assert (await link.action("Ping")).succeeded
        assert len(watch.downs) == link.reconnects


async def test_a_lost_reply_is_unknown_and_nothing_is_sent_again(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    _, truth = await connect()
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        link, _ = await connect(proxy.port)
        proxy.stall(DOWN)
        asking = asyncio.create_task(link.action("UserEvent", {"UserEvent": "Once"}))
        await until(lambda: truth.of("UserEvent"))
        proxy.cut_now()
        with pytest.raises(OutcomeUnknown, match="UserEvent"):
            await asking
        with pytest.raises(LinkDown):
            await link.action("UserEvent", {"UserEvent": "Once"})
        proxy.resume()
        await link.wait_up(60)
        await asyncio.sleep(0.1)
        assert len(truth.of("UserEvent")) == 1
        assert proxy.seen[UP].count(b"UserEvent: Once") == 1

        proxy.stall(DOWN)
        with pytest.raises(OutcomeUnknown, match=r"no answer in 0\.2 s"):
            await link.action("UserEvent", {"UserEvent": "Twice"}, timeout=0.2)
        proxy.resume()
        assert (await link.action("Ping")).get("Ping") == "Pong"  # its own reply, not a late one


@pytest.mark.usefixtures("calls_end_with_the_test")
async def test_an_originate_with_a_lost_reply_is_looked_up(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    _, truth = await connect()
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        link, _ = await connect(proxy.port)

        carried_out = Originate("Local/wait@test", STAYS)
        proxy.stall(DOWN)
        placing = asyncio.create_task(link.originate(carried_out))
        await until(lambda: carried_out.channel_id in truth.born)
        proxy.cut_now()
        proxy.resume()
        await placing

        slow = Originate("Local/wait@test", STAYS)
        proxy.stall(DOWN)
        placing = asyncio.create_task(link.originate(slow, timeout=0.2))
        await asyncio.sleep(0.4)
        proxy.resume()
        await placing

        cut_short = Originate("Local/wait@test", STAYS)
        await link.wait_up(60)
        proxy.cut_after(60, UP)
        with pytest.raises(OutcomeUnknown, match=cut_short.channel_id):
            await link.originate(cut_short)

        await link.wait_up(60)
        assert truth.born.count(carried_out.channel_id) == 1
        assert truth.born.count(slow.channel_id) == 1
        assert truth.born.count(cut_short.channel_id) == 0


@pytest.mark.usefixtures("calls_end_with_the_test")
async def test_a_hundred_cuts_under_load_leave_no_state_wrong_and_nothing_originated_twice(
    connect: Connect, asterisk: SmallAsterisk
) -> None:
    rng = random.Random(7)
    hands, truth = await connect()  # its line is never cut: what it sees is what happened
    outcomes: dict[str, str] = {}
    placing: set[asyncio.Task[None]] = set()
    async with CuttingProxy(asterisk.host, asterisk.ami) as proxy:
        # A quarter of the connections don't get through their beginning.
        proxy.each_connection = lambda: (
            (rng.randrange(4_000), DOWN) if rng.random() < 0.25 else None
        )
        link, watch = await connect(proxy.port, up=False, timing=AT_ONCE)

        async def background() -> None:
            while True:
                await hands.originate(Originate("Local/brief@test", Application("Wait", "0.1")))
                await asyncio.sleep(0.03)

        async def place() -> None:
            call = Originate("Local/wait@test", STAYS)
            try:
                await link.originate(call)
                outcomes[call.channel_id] = "placed"
            except ActionFailed as error:
                outcomes[call.channel_id] = type(error).__name__

        load = asyncio.create_task(background())
        # On a busy machine fewer replies come before the cut.
        while proxy.cuts < 100 or Counter(outcomes.values())["placed"] < 20:
            assert not load.done(), load.exception()
            await link.wait_up(60)
            # An Originate is about 250 bytes, its reply 80: cut before, in and after both.
            cut_up = rng.random() < 0.5
            proxy.cut_after(rng.randrange(1, 700 if cut_up else 6_000), UP if cut_up else DOWN)
            for _ in range(2):
                placing.add(asyncio.create_task(place()))
                await asyncio.sleep(rng.uniform(0, 0.01))
            await proxy.cut_within(0.3)
        proxy.each_connection = None
        await asyncio.gather(*placing)
        load.cancel()

        assert len(watch.downs) >= 50, "too few of the cuts met a link that was up"
        births = Counter(truth.born)
        for channel_id, outcome in outcomes.items():
            assert births[channel_id] == (1 if outcome == "placed" else 0), outcome
            assert proxy.seen[UP].count(channel_id.encode()) <= 1, "sent twice"
        assert set(births.values()) == {1}
        assert Counter(outcomes.values())["OutcomeUnknown"] >= 5, outcomes
        await settle(link, watch, truth)


async def settle(link: Link, watch: Watch, truth: Watch) -> None:
    """Until the brief calls are over; then all three have to agree on the channels."""
    await until(lambda: all(re.fullmatch(r"offhook\.\w+(;2)?", c) for c in truth.channels))
    await link.wait_up(60)

    async def agree() -> bool:
        listed = await link.listing(
            "CoreShowChannels", item="CoreShowChannel", complete="CoreShowChannelsComplete"
        )
        there = {channel.get("Uniqueid") for channel in listed}
        return truth.channels == watch.channels == there

    await until(agree, seen=lambda: (truth.channels, watch.channels), every_s=0.1)
