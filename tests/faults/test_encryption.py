"""Phones with and without encryption are rung, and caller and agent hear one another."""

import pytest

from domain.identity import StationName
from farend.network import MediaTransport
from tests.conftest import PortBlocks
from tests.faults.conftest import SceneFactory
from tests.faults.scene import assert_right, story
from tests.faults.strict_phone import StrictPhone
from tests.prompts.sounds import level, samples

pytestmark = [pytest.mark.live, pytest.mark.long]

CALLER_HZ = 440
LOUD = -40
"""dB of full scale; what isn't there, or can't be decrypted, is far below."""


async def test_each_kind_of_phone_is_rung_and_hears(scene: SceneFactory) -> None:
    """What each insists on, beside what its station says; of the first two it says nothing."""
    one = await scene(
        agents=4,
        stations={"1003": {"encryption": "required"}, "1004": {"encryption": "off"}},
        sounds={StationName("1002"): MediaTransport.SRTP, StationName("1003"): MediaTransport.SRTP},
    )
    await one.phones("answer-0,speak-2,listen-2,hangup")
    callers = [f"1380000000{number}" for number in range(4)]
    for caller in callers:
        await one.customer("speak-60", caller)
    stored = await one.all_ended(callers)
    assert {leg.station for call in stored for leg in call.record.legs} == {
        "1001", "1002", "1003", "1004"
    }, "\n".join(map(story, stored))  # fmt: skip
    await one.until_recorded(callers)
    for call in stored:
        record = assert_right(call)
        [leg] = record.legs
        assert (leg.outcome, record.talk_ended_by) == ("talked", "agent"), story(call)
        assert leg.station is not None
        heard = samples(one.far.heard(leg.station).read_bytes())
        assert level(heard, CALLER_HZ) > LOUD > level(heard, CALLER_HZ * 1.5), story(call)


async def test_a_phone_that_takes_encrypted_sound_only_is_rung(
    scene: SceneFactory, ports: PortBlocks
) -> None:
    """Where its station leaves that open; else the log says what is wrong, and where."""
    one = await scene(agents=2, stations={"1002": {"encryption": "off"}})
    instance = one.stack.instance
    phone = StrictPhone(ports().sip, (instance.addresses.sip, instance.ports.sip))
    await phone.start()
    try:
        for name in ("1001", "1002"):
            await phone.register(name, one.stack.secrets.sip[StationName(name)])
        await one.customer("speak-60", "13800000001")
        board = await one.until_stages(talking=1)
        assert [agent["station_state"] for agent in board["agents"]] == ["busy", "idle"]
        assert phone.offered == [("1001", "RTP/AVP"), ("1001", "RTP/SAVP")]

        second = await one.customer("speak-60", "13800000002")
        board = await one.until(lambda b: b["agents"][1]["state"] == "paused")
        assert board["agents"][1]["reason"] == "unreachable"
        assert phone.offered[2:] == [("1002", "RTP/AVP")]
        log = one.stack.controller.log.read_text()
        assert "a phone refuses the sound it is offered" in log

        await one.far.hang_up(second)
        await one.talk_on()
        [talk] = [leg for leg in phone.legs.values() if leg.up.is_set()]
        await phone.hang_up(talk)
        [stored] = await one.all_ended(["13800000001"])
        assert assert_right(stored).talk_ended_by == "agent", story(stored)
        assert [leg.outcome for leg in stored.record.legs] == ["talked"], story(stored)
    finally:
        await phone.close()
