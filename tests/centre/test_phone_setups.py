"""Codes that a phone may use once, in a real database."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from centre.authority import SYSTEM
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from centre.kinds import Kind
from centre.phone_setups import VALID_FOR, PhoneSetups, PhoneWithoutPassword, is_code
from storage.database import Database
from tests.centre.small import PHONE

pytestmark = pytest.mark.live

HERE = "192.0.2.7"


class Clock:
    """Goes on when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def service(database: Database, clock: Clock) -> DirectoryService:
    """A directory with one phone, whose password's digest is "one"."""
    service = DirectoryService(DirectoryStore(database.pool), clock=clock)
    await give(service, "one")
    return service


@pytest.fixture
def setups(database: Database, clock: Clock) -> PhoneSetups:
    return PhoneSetups(database.pool, clock=clock)


async def give(service: DirectoryService, digest: str) -> None:
    """Gives the phone a password."""
    wish = WishedThing(PHONE.KIND, PHONE.key, PHONE, ANY)
    await service.change(SYSTEM, [wish], secrets={(Kind.STATION, PHONE.name): digest})


@pytest.mark.usefixtures("service")
async def test_a_code_is_good_once(setups: PhoneSetups, clock: Clock) -> None:
    code = await setups.offer(PHONE.name, "ada")
    assert is_code(code)
    taken = await setups.take(code, HERE)
    assert taken is not None
    assert (taken.station, taken.digest) == (PHONE, "one")
    assert await setups.take(code, HERE) is None
    status = await setups.status(PHONE.name)
    assert status is not None
    assert (status.made_by, status.used_at, status.used_from) == ("ada", clock.now, HERE)


@pytest.mark.usefixtures("service")
async def test_of_many_who_use_it_at_once_one_gets_it(setups: PhoneSetups) -> None:
    code = await setups.offer(PHONE.name, "ada")
    found = await asyncio.gather(*(setups.take(code, HERE) for _ in range(20)))
    assert len([taken for taken in found if taken is not None]) == 1


@pytest.mark.usefixtures("service")
async def test_a_code_expires(setups: PhoneSetups, clock: Clock) -> None:
    code = await setups.offer(PHONE.name, "ada")
    clock.now += VALID_FOR
    assert await setups.take(code, HERE) is None


async def test_a_renewed_password_makes_codes_worthless(
    setups: PhoneSetups, service: DirectoryService, clock: Clock
) -> None:
    code = await setups.offer(PHONE.name, "ada")
    clock.now += timedelta(seconds=1)
    await give(service, "two")
    assert await setups.take(code, HERE) is None
    again = await setups.take(await setups.offer(PHONE.name, "ada"), HERE)
    assert again is not None
    assert again.digest == "two"


@pytest.mark.usefixtures("service")
async def test_a_new_code_replaces_one_that_was_not_used(setups: PhoneSetups) -> None:
    old = await setups.offer(PHONE.name, "ada")
    new = await setups.offer(PHONE.name, "ada")
    assert await setups.take(old, HERE) is None
    assert await setups.take(new, HERE) is not None


async def test_a_removed_phone_gets_nothing(setups: PhoneSetups, service: DirectoryService) -> None:
    code = await setups.offer(PHONE.name, "ada")
    await service.change(SYSTEM, [WishedThing(PHONE.KIND, PHONE.key, None, ANY)])
    assert await setups.take(code, HERE) is None
    with pytest.raises(PhoneWithoutPassword):
        await setups.offer(PHONE.name, "ada")


async def test_a_phone_without_a_password_gets_no_code(
    setups: PhoneSetups, service: DirectoryService
) -> None:
    other = PHONE.model_copy(update={"name": "1002"})
    await service.change(SYSTEM, [WishedThing(other.KIND, other.key, other, None)])
    for station in ("1002", "9999", "", "x" * 10_000):
        with pytest.raises(PhoneWithoutPassword):
            await setups.offer(station, "ada")
    assert await setups.status("1002") is None


async def test_a_code_can_be_part_of_the_change_that_gives_the_password(
    setups: PhoneSetups, service: DirectoryService
) -> None:
    codes = []

    async def offer(db: asyncpg.Connection) -> None:
        codes.append(await setups.offer_with(db, "1003", "ada"))

    other = PHONE.model_copy(update={"name": "1003"})
    await service.change(
        SYSTEM,
        [WishedThing(other.KIND, other.key, other, None)],
        secrets={(Kind.STATION, "1003"): "three"},
        also=offer,
    )
    taken = await setups.take(codes[0], HERE)
    assert taken is not None
    assert taken.digest == "three"


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    "code", ["", "a", "a" * 43, "a" * 44, "é" * 43, "\0" * 43, "'; drop table phone_setups --"]
)
async def test_what_is_not_a_code_is_refused(code: str, setups: PhoneSetups) -> None:
    assert await setups.take(code, HERE) is None


@pytest.mark.usefixtures("service")
async def test_the_database_has_no_code_that_could_be_used(
    setups: PhoneSetups, database: Database
) -> None:
    code = await setups.offer(PHONE.name, "ada")
    rows = await database.pool.fetch("select p::text as row from phone_setups p")
    assert len(rows) == 1
    assert code not in rows[0]["row"]
    assert code.encode().hex() not in rows[0]["row"]
