"""A phone of the centre calls one of its numbers, as somebody does who has no line yet."""

import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import numpy as np
import pytest
import pytest_asyncio

from centre.inbound_settings import CallerSettings, HotlineSettings
from centre.kinds import Thing
from domain.centre import Treatment
from domain.floor_facts import Held, Resumed, TalkBegan
from domain.identity import StationName
from domain.reasons import Party
from domain.stations import OWN_PHONES
from records.fold import LegOutcome, Outcome
from tests.faults.conftest import SceneFactory
from tests.faults.scene import HOTLINE, Scene, assert_right, kinds, story
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

AGENT, OTHER = "1001", "1002"
"""At these phones: who is ready, and whom calls are passed on to."""
PHONES = 14
BUSY, REJECTED, INCOMPATIBLE = 17, 21, 58


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(module_scene: SceneFactory) -> Scene:
    """One agent is ready, and there are as many phones as tests need."""
    return await module_scene(agents=PHONES, seated=1)


@pytest.fixture(scope="module")
def callers() -> Iterator[StationName]:
    """Phones from which nobody has called yet, so that a call of one is the only one."""
    return (StationName(str(name)) for name in range(1003, 1001 + PHONES))


@pytest.fixture
def caller(callers: Iterator[StationName]) -> StationName:
    """One of them."""
    return next(callers)


async def test_it_is_served_as_a_customer_is_and_does_not_count(
    one: Scene, caller: StationName
) -> None:
    answered, offered = await _counts(one)
    await one.phones("answer-0,speak-30", [AGENT])
    await one.far.dial(caller, HOTLINE, "speak-4,hangup")
    board = await one.until(lambda b: [c["stage"] for c in b["calls"]] == ["talking"])
    (call,) = board["calls"]
    assert (call["caller"], call["line"], call["agent"]) == (caller, OWN_PHONES, AGENT)
    assert (await one.far.event("FarendAnswered", Station=AGENT))["Station"] == AGENT
    stored = await one.stored(caller)
    record = assert_right(stored)
    assert (record.line, record.outcome, record.agents) == (OWN_PHONES, Outcome.ANSWERED, (AGENT,))
    assert record.ended_by == record.talk_ended_by == Party.CALLER
    await one.until_recorded([caller])
    await one.customer("speak-2,hangup", "13800000001")
    await one.stored("13800000001")
    await one.until(
        lambda b: b["queues"][0]["answered_today"] == answered + 1, what="the customer to count"
    )
    assert (await _counts(one))[1] == [offered[0] + 1, *offered[1:]]
    await one.until_quiet()


async def _counts(one: Scene) -> tuple[int, list[int]]:
    """How many of its first queue's calls were answered today, and how many each was offered."""
    queues = (await one.console.board())["queues"]
    return queues[0]["answered_today"], [queue["offered_today"] for queue in queues]


async def test_a_new_centres_number_leads_to_the_queue_that_it_has(
    one: Scene, caller: StationName
) -> None:
    """The library's plainest flow, with a queue of any name."""
    plain = HotlineSettings(number="4009", project="tea", flow="greeting", queue="sales")
    await _with_number(one, plain)
    await one.phones("answer-0,speak-30", [AGENT])
    call = await one.far.dial(caller, "4009", "press-2,stay")
    await one.until_stages(talking=1)
    await one.far.hang_up(call)
    stored = await one.stored(caller)
    assert stored.record.queue == "sales"
    assert_right(stored)


async def test_a_phone_in_a_call_is_busy_for_it(one: Scene) -> None:
    """Its customer could be passed on to such a call, past the figures."""
    await one.phones("answer-0,speak-300", [AGENT])
    await one.customer("speak-300", "13800000002")
    await one.until_stages(talking=1)
    call = await one.far.dial(StationName(AGENT), HOTLINE)
    assert await one.far.ended(call) == BUSY
    await one.until_stages(talking=1)


async def test_a_blocked_phone_is_refused(one: Scene, caller: StationName) -> None:
    number = HotlineSettings(number="4010", project="tea", flow="straight")
    await _with_number(one, number, CallerSettings(number=caller, treatment=Treatment.BLOCKED))
    call = await one.far.dial(caller, "4010")
    assert await one.far.ended(call) == REJECTED
    assert (await one.stored(caller)).record.outcome is Outcome.REFUSED


async def test_an_agent_is_not_offered_the_call_from_their_own_phone(one: Scene) -> None:
    """Not even as they hang up, when their phone is free and their customer not yet gone."""
    await one.phones("answer-0,speak-30", [AGENT])
    call = await one.far.dial(StationName(AGENT), HOTLINE, "stay")
    await one.until_stages(queue=1)
    await one.until(lambda b: b["agents"][0]["station_state"] == "busy")
    await one.far.hang_up(call)
    stored = await one.stored(AGENT)
    record, text = assert_right(stored), story(stored)
    assert (record.outcome, record.legs) == (Outcome.ABANDONED, ()), text
    await one.until(lambda b: b["agents"][0]["station_state"] == "idle")


async def test_the_hold_key_of_the_phone_is_the_customers(one: Scene, caller: StationName) -> None:
    await one.phones("answer-0,speak-30", [AGENT])
    await one.far.dial(caller, HOTLINE, "speak-1,hold-2,speak-1,hangup")
    stored = await one.stored(caller)
    record, text = assert_right(stored), story(stored)
    held = [fact.what for fact in stored.timeline if isinstance(fact.what, Held | Resumed)]
    assert [(what.kind, what.by) for what in held] == [
        (Held.kind, Party.CALLER),
        (Resumed.kind, Party.CALLER),
    ], text
    assert record.legs[0].hold_s > 1.5, text


async def test_it_goes_on_when_the_controller_comes_back(one: Scene, caller: StationName) -> None:
    await one.phones("answer-0,speak-300", [AGENT])
    call = await one.far.dial(caller, HOTLINE, "stay")
    await one.until_stages(talking=1)
    await one.stack.controller.kill()
    await one.stack.controller.start()
    await one.until_stages(talking=1)
    await one.far.hang_up(call)
    stored = await one.stored(caller)
    assert_right(stored)
    assert kinds(stored).count(TalkBegan.kind) == 1
    assert stored.record.line == OWN_PHONES


async def test_who_hung_up_while_the_controller_was_away_is_known(
    one: Scene, callers: Iterator[StationName]
) -> None:
    caller, other = next(callers), next(callers)
    await one.phones("answer-0,speak-300", [AGENT])
    talk = await one.far.dial(caller, HOTLINE, "stay")
    await one.until_stages(talking=1)
    wait = await one.far.dial(other, HOTLINE, "stay")
    await one.until_stages(talking=1, queue=1)
    await one.stack.controller.kill()
    for call in (wait, talk):
        await one.far.hang_up(call)
    await one.until_quiet()
    await one.stack.controller.start()
    talked, waited = await one.all_ended([caller, other])
    assert talked.record.ended_by == talked.record.talk_ended_by == Party.CALLER, story(talked)
    record = assert_right(waited)
    assert (record.outcome, record.ended_by) == (Outcome.ABANDONED, Party.CALLER), story(waited)


@pytest.mark.parametrize("how", ["blind", "attended"])
async def test_it_is_transferred_as_a_customers_is(
    how: str, one: Scene, caller: StationName
) -> None:
    await one.phones(f"answer-0,speak-1,transfer-{how}-{OTHER},wait-1", [AGENT])
    await one.phones("answer-0,speak-4,hangup", [OTHER])
    await one.far.ended(await one.far.dial(caller, HOTLINE, "speak-60"))
    stored = await one.stored(caller)
    assert_right(stored)
    assert [(leg.station, leg.outcome) for leg in stored.record.legs] == [
        (AGENT, LegOutcome.TRANSFERRED),
        (OTHER, LegOutcome.TALKED),
    ], story(stored)
    await one.until_quiet()


async def _with_number(one: Scene, number: HotlineSettings, *others: Thing) -> None:
    """Make these things, and wait until Asterisk knows the number: it is the last to hear of it."""
    await one.change(lambda _: [number, *others])
    console = one.stack.instance.process.console

    async def known() -> bool:
        return "own-phone-calls" in await console(f"dialplan show {number.number}@own-phones")

    await until(known, what="Asterisk to know the number", every_s=0.1)


Prefer = Callable[..., Awaitable[None]]


@pytest_asyncio.fixture(loop_scope="module")
async def prefer(built: Scene) -> AsyncIterator[Prefer]:
    """``await prefer("g722", phone)``: the phone offers these codecs, until the test is over."""
    asterisk = built.far.process
    file = asterisk.conf / "generated" / "pjsip.conf"
    before = file.read_text()

    async def these(codecs: str, *phones: str) -> None:
        text = before
        for phone in phones:
            head = f"[phone-{phone}](phone)\n"
            assert head in text
            text = text.replace(head, f"{head}disallow = all\nallow = {codecs}\n")
        file.write_text(text)
        await asterisk.console("module reload res_pjsip.so")

    yield these
    file.write_text(before)
    await asterisk.console("module reload res_pjsip.so")


@pytest.mark.parametrize("speaks", ["g722,alaw,ulaw", "g722"])
async def test_a_phone_that_prefers_g722_is_recorded_as_it_sounds(
    speaks: str, one: Scene, caller: StationName, prefer: Prefer
) -> None:
    await prefer(speaks, caller, AGENT)
    await one.phones("answer-0,speak-2,hold-1,speak-30", [AGENT])
    call = await one.far.dial(caller, HOTLINE, "speak-6,hangup", tone=400)
    if speaks == "g722":  # its sound could not be recorded
        assert await one.far.ended(call) == INCOMPATIBLE
        return
    stored = await one.stored(caller)
    assert_right(stored)
    await one.until_recorded([caller])
    recording = (await one.stored(caller)).record.recording
    assert recording is not None
    with wave.open(str(one.stack.state / "recordings" / recording.file), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    for begin_s in (0.5, 4.5):  # before and after the hold
        for side, hertz in ((0, 400), (1, 1000)):
            spoken = samples[int(begin_s * 8000) :, side][:8000].astype(float)
            heard = int(np.abs(np.fft.rfft(spoken)).argmax())
            assert abs(heard - hertz) <= 2, (begin_s, side, hertz, heard)
