"""A phone that somebody adds to the directory works at once, while others talk."""

import pytest

from bench.raw_sip import Account, RawSip
from centre.authority import SYSTEM
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from centre.endpoint_settings import StationSettings
from centre.kinds import Kind
from telephony.asterisk.digests import digest
from tests.faults.conftest import SceneFactory
from tests.waiting import until

pytestmark = pytest.mark.live

NAME, PASSWORD = "1009", "what the page shows once"


async def test_a_phone_of_the_directory_works_until_it_is_removed(scene: SceneFactory) -> None:
    one = await scene(agents=1)
    await one.phones("answer-0,speak-300")
    await one.customer("speak-300", "13800000001")
    before = (await one.until_stages(talking=1))["calls"]
    service = DirectoryService(DirectoryStore(one.pool))

    async def registers() -> int:
        peer = await RawSip(("127.0.0.1", one.stack.instance.ports.sip)).open()
        try:
            home = [(b"To", b"<%s>" % peer.uri(NAME))]
            account = Account(NAME, PASSWORD)
            return (await peer.request("REGISTER", b"sip:127.0.0.1", account, home)).status
        finally:
            peer.close()

    async def works() -> bool:
        return await registers() == 200

    async def is_refused() -> bool:
        return await registers() == 401

    assert await is_refused()
    made = await service.change(
        SYSTEM,
        [WishedThing(Kind.STATION, NAME, StationSettings(name=NAME), ANY)],
        secrets={(Kind.STATION, NAME): digest(NAME, PASSWORD)},
    )
    await until(works, what="the new phone to register", every_s=0.2)
    await service.undo(SYSTEM, made.id)
    await until(is_refused, what="the removed phone to be refused", every_s=0.2)
    after = (await one.until_stages(talking=1))["calls"]
    assert [call["id"] for call in after] == [call["id"] for call in before]
