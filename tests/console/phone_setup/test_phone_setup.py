"""A phone fetches its settings from the console."""

from xml.etree import ElementTree

import pytest
from structlog.testing import capture_logs

from centre.authority import SYSTEM
from centre.directory_service import DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from centre.kinds import Kind
from centre.phone_setups import PhoneSetups
from console.kit.context import PHONE_SETUPS
from console.kit.setup_codes import qr_code
from console.phone_setup.failed_tries import OF_ALL, OF_ONE, WINDOW_S, FailedTries
from tests.centre.small import PHONE
from tests.console.conftest import Console, Visit

DIGEST = "0123456789abcdef0123456789abcdef"
LINPHONE = {"X-Linphone-Provisioning": "1"}
NO_CODE = "/phone-setup/" + "a" * 43


@pytest.fixture
async def code(console: Console) -> str:
    """A good code for the phone."""
    service = DirectoryService(DirectoryStore(console.database.pool))
    wish = WishedThing(PHONE.KIND, PHONE.key, PHONE, None)
    await service.change(SYSTEM, [wish], secrets={(Kind.STATION, PHONE.name): DIGEST})
    return await console.app[PHONE_SETUPS].offer(PHONE.name, "ada")


@pytest.mark.parametrize(
    "headers",
    [
        LINPHONE,
        {"User-Agent": "LinphoneAndroid/4.6 (Pixel) LinphoneSDK/5.0"},
        {"User-Agent": "Unknown"},  # linphonec 5.1, before it has read its settings
    ],
)
async def test_linphone_gets_the_settings_once(
    headers: dict[str, str], code: str, visit: Visit
) -> None:
    client = await visit()
    with capture_logs() as logged:
        answer = await client.get(f"/phone-setup/{code}", headers=headers)
        again = await client.get(f"/phone-setup/{code}", headers=headers)
    assert answer.status == 200
    assert answer.content_type == "application/xml"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    root = ElementTree.fromstring(await answer.text())  # noqa: S314 - our own
    texts = [entry.text for entry in root.iter()]
    assert DIGEST in texts
    assert "sip:1001@127.0.0.1" in texts  # no other host is known than the one that was asked
    assert again.status == 404
    assert code not in str(logged)
    assert DIGEST not in str(logged)
    assert [line["station"] for line in logged if "station" in line] == ["1001"]


async def test_browsers_and_previews_do_not_spend_the_code(code: str, visit: Visit) -> None:
    client = await visit()
    page = await client.get(f"/phone-setup/{code}", headers={"Accept-Language": "en"})
    assert page.status == 400
    assert "scan a QR code" in await page.text()
    assert DIGEST not in await page.text()
    head = await client.http.head(f"/phone-setup/{code}", headers=LINPHONE)
    assert head.status == 405
    assert (await client.get(f"/phone-setup/{code}", headers=LINPHONE)).status == 200


async def test_wrong_codes_are_limited_and_good_ones_do_not_count(
    console: Console, code: str, visit: Visit
) -> None:
    client = await visit()
    setups: PhoneSetups = console.app[PHONE_SETUPS]
    for _ in range(OF_ONE + 5):
        assert (await client.get(f"/phone-setup/{code}", headers=LINPHONE)).status == 200
        code = await setups.offer(PHONE.name, "ada")
    for _ in range(OF_ONE):
        assert (await client.get(NO_CODE, headers=LINPHONE)).status == 404
    assert (await client.get(NO_CODE, headers=LINPHONE)).status == 429
    assert (await client.get(f"/phone-setup/{code}", headers=LINPHONE)).status == 429


@pytest.mark.parametrize("path", ["/phone-setup/", "/phone-setup/%20", "/phone-setup/a/b"])
async def test_what_is_not_a_code_is_not_found(path: str, visit: Visit) -> None:
    assert (await (await visit()).get(path, headers=LINPHONE)).status == 404


def test_wrong_codes_are_forgotten_after_a_minute() -> None:
    tries = FailedTries()
    for _ in range(OF_ONE):
        assert not tries.blocked("a", 10)
        tries.failed("a", 10)
    assert tries.blocked("a", 10 + WINDOW_S - 1)
    assert not tries.blocked("b", 11)
    assert not tries.blocked("a", 10 + WINDOW_S)


def test_wrong_codes_are_limited_over_all_addresses() -> None:
    tries = FailedTries()
    for number in range(OF_ALL):
        tries.failed(f"2001:db8::{number}", 10)
    assert tries.blocked("192.0.2.1", 11)


def test_a_qr_code_is_an_svg_without_anything_that_a_page_forbids() -> None:
    drawn = qr_code("https://console.example/phone-setup/" + "a" * 43)
    svg = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert svg.tag.endswith("svg")
    assert svg.get("viewBox")
    assert not {"style", "onload"} & {name for part in svg.iter() for name in part.attrib}
    assert drawn == qr_code("https://console.example/phone-setup/" + "a" * 43)
