"""An agent transfers a call while nobody watches: the record has it from Asterisk's own log."""

import pytest

from domain.floor_facts import Transferred
from domain.reasons import TransferKind
from tests.conftest import PortBlocks
from tests.cutting_proxy import CuttingProxy
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene, assert_right, story
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


@pytest.mark.parametrize("away", ["controller", "ami"])
async def test_an_attended_transfer_that_nobody_saw_is_in_the_record(
    away: str, scene: SceneFactory, ports: PortBlocks
) -> None:
    block = ports()
    async with CuttingProxy("127.0.0.1", block.ami) as proxy:
        one = await scene(agents=2, seated=1, block=block, ami_port=proxy.port, spare=True)
        await one.phones("answer-0,speak-3,transfer-attended-1002,wait-1", ["1001"])
        await one.phones("answer-0,speak-60", ["1002"])
        call = await one.customer("speak-60", "13800000001")
        await one.until_stages(talking=1)
        if away == "controller":
            await one.stack.controller.kill()
        else:
            proxy.refuse = True
            proxy.cut_now()
        await until_logged(one, "ATTENDEDTRANSFER")
        if away == "controller":
            await one.stack.controller.start()
        proxy.refuse = False
        await one.until(
            lambda b: b["nodes"][0]["up"] and b["calls"] and b["calls"][0]["stage"] == "talking"
        )
        await one.far.hang_up(call)
        stored = await one.stored("13800000001")
    record, text = assert_right(stored), story(stored)
    assert [leg.station for leg in record.legs] == ["1001", "1002"], text
    assert [leg.outcome for leg in record.legs] == ["transferred", "talked"], text
    assert [leg.ended_by for leg in record.legs] == ["agent", "caller"], text
    (told,) = [fact.what for fact in stored.timeline if isinstance(fact.what, Transferred)]
    assert (told.from_agent, told.station, told.to) == ("1001", "1001", "1002"), text
    assert told.how is TransferKind.ATTENDED, text


async def until_logged(one: Scene, event: str, seconds: float = 30.0) -> None:
    """Until Asterisk's own log has such a row."""
    log = one.stack.instance.cel
    await until(lambda: f'"{event}"' in log.read_text(), seconds, event, seen=log.read_text)
