"""A spare controller stands by with its code loaded: it takes over, and is never left behind."""

import asyncio

import psutil
import pytest

from tests.faults.conftest import SceneFactory
from tests.processes import children
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]


def _controllers() -> set[int]:
    """The controllers that this process has started, spares among them."""
    return {one.pid for one in children(word=" serve ")}


async def test_the_spare_takes_over_and_gets_one_of_its_own(scene: SceneFactory) -> None:
    here = await scene(agents=1, spare=True)
    controller = here.stack.controller
    first = controller.pid
    assert first is not None
    (spare,) = await _until_two() - {first}
    await controller.kill()
    await controller.start()
    assert controller.pid == spare
    assert len(await _until_two()) == 2
    await controller.stop()
    assert not _controllers()


async def test_a_spare_that_has_died_is_no_hindrance(scene: SceneFactory) -> None:
    here = await scene(agents=1, spare=True)
    controller = here.stack.controller
    (spare,) = await _until_two() - {controller.pid}
    psutil.Process(spare).kill()
    await controller.kill()
    await controller.start()
    assert controller.pid not in (None, spare)
    await here.customer("speak-30", "13900000001")
    await here.until_stages(talking=1)


async def test_a_spare_that_hangs_holds_up_nothing(scene: SceneFactory) -> None:
    here = await scene(agents=1, spare=True)
    controller = here.stack.controller
    (spare,) = await _until_two() - {controller.pid}
    psutil.Process(spare).suspend()
    await controller.kill()
    await controller.start()  # it would be waited for 30 s, and then there would be none
    assert controller.pid not in (None, spare)
    assert not psutil.pid_exists(spare)
    (spare,) = await _until_two() - {controller.pid}
    psutil.Process(spare).suspend()
    await controller.kill()
    starting = asyncio.create_task(controller.start())
    await asyncio.wait({starting}, timeout=1)  # it has been given the word
    starting.cancel()
    await asyncio.wait({starting})
    assert not _controllers()  # stopped as it is, it would outlive us
    await controller.start()
    (spare,) = await _until_two() - {controller.pid}
    psutil.Process(spare).suspend()
    await asyncio.wait_for(controller.stop(), 30)  # for ever
    assert not _controllers()


async def _until_two() -> set[int]:
    def both() -> set[int]:
        found = _controllers()
        return found if len(found) >= 2 else set()

    return await until(both, 30, "a spare to be made", seen=_controllers, every_s=0.1)
