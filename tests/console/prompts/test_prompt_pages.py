"""The pages of prompts: uploaded, heard, replaced, brought back, removed unless played."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from console.prompts.prompt_services import PROMPT_SERVICES, PromptServices
from prompt_library.recording_library import RecordingLibrary
from prompt_library.recording_words import RecordingUse, UseKind
from prompts.converting import MAX_UPLOAD_BYTES
from tests.console.browserless import Client
from tests.console.browsing import Open
from tests.console.conftest import Console, Visit
from tests.console.test_accessible import serious_faults
from tests.prompts.sounds import level, samples, tones

pytestmark = pytest.mark.live
SAID = {"zh-CN": "您好", "en": "Hi"}
USES = (
    RecordingUse(
        "hello", UseKind.FLOW, "shop", "tea", ("zh-CN", "en"), {"zh-CN": "您好", "en": "Hi"}
    ),
    RecordingUse("hello", UseKind.DRAFT, "shop", "tea", ("en",), {"en": "Hello there"}),
    RecordingUse("jingle", UseKind.FLOW, "shop", "tea", ("en",)),
    RecordingUse("closed-1", UseKind.NOTICE, "4008002000", "bank", ("en",), {"en": "Closed"}),
)


@pytest.fixture(autouse=True)
def said_in_flows(console: Console) -> None:
    """Prompts are said in a flow of the tea project and in an announcement of the bank's."""

    async def uses(_db: object) -> tuple[RecordingUse, ...]:
        return USES

    services = console.app[PROMPT_SERVICES]
    library = RecordingLibrary(console.database.pool, uses, on_change=services.recorded.look)
    console.app[PROMPT_SERVICES] = PromptServices(services.prompts, library, services.recorded)


async def _english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    await client.get("/account")
    return client


async def _send(client: Client, data: bytes, name: str = "hello", **fields: str) -> str:
    about = {"project": "tea", "language": "en", "name": name, **fields}
    answer = await client.send("/prompts/upload", data, "take-one.wav", fields=about)
    if answer.status == 303:
        return answer.headers["Location"]
    return f"{answer.status} {await answer.text()}"


def _versions(page: str, action: str) -> list[dict[str, str]]:
    forms = re.findall(rf'<form method="post" action="/prompts/{action}".*?</form>', page, re.S)
    return [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for form in forms]


async def test_the_list_shows_what_is_recorded_spoken_and_missing(visit: Visit) -> None:
    otto = await _english(visit, "otto")
    page = await (await otto.get("/prompts")).text()
    assert "Spring" not in page or "hello" in page
    assert page.index("jingle") < page.index(">hello<"), "what is missing comes first"
    assert "Recording missing" in page and "您好" in page and "Flow shop" in page
    assert "only its draft" not in page, "calls meet that flow already"
    assert "closed-1" not in page, "the bank's"
    assert (await otto.get("/prompts?project=bank")).status == 403
    assert "No prompt fits" in await (await otto.get("/prompts?project=tea&q=nothing")).text()
    missing = await (await otto.get("/prompts?project=tea&show=missing")).text()
    assert "jingle" in missing and ">hello<" not in missing
    assert (await otto.get("/prompts/nothing?project=tea")).status == 404
    await otto.post("/language", {"language": "zh-CN"})
    assert "机器播报" in await (await otto.get("/prompts/hello?project=tea")).text()


async def test_a_recording_is_uploaded_replaced_and_brought_back(
    visit: Visit,
) -> None:
    otto = await _english(visit, "otto")
    where = await _send(otto, tones(500, rate=44100, channels=2))
    assert where == "/prompts/hello?project=tea#in-en"
    page = await (await otto.get(where)).text()
    assert "Callers hear this recording" in page and "take-one.wav" in page
    (sound,) = set(re.findall(r"/prompts/recordings/\d+/sound\.wav", page))
    wav = await (await otto.get(sound)).read()
    assert level(samples(wav), 500) > -25
    said = await otto.post(
        "/prompts/say", {"text": "Hi", "language": "en", "name": "hello", "project": "tea"}
    )
    assert await said.read() == wav, "the editor plays what callers hear"
    first = re.findall(r"recordings/(\d+)/original", page)[0]
    original = await otto.get(f"/prompts/recordings/{first}/original")
    assert await original.read() == tones(500, rate=44100, channels=2)
    assert "attachment" in original.headers["Content-Disposition"]
    await _send(otto, tones(900))
    page = await (await otto.get(where)).text()
    (back,) = _versions(page, "bring-back")
    assert (await otto.post("/prompts/bring-back", back)).status == 303
    late = await otto.post("/prompts/bring-back", back)
    assert late.status == 409 and "Somebody else has changed" in await late.text()
    for name in ("sue", "quinn"):
        assert (await (await visit(name)).get(sound)).status == 403
    ada = await _english(visit, "ada")
    assert (await ada.get(sound)).status == 200


async def test_what_is_wrong_with_a_file_is_said_with_what_to_do(visit: Visit) -> None:
    otto = await _english(visit, "otto")
    for data, said in (
        (b"<html>" * 100, "400 .*Save it as WAV, MP3, M4A or OGG"),
        (b"", "400 .*Choose a file first"),
        (tones(0), "400 .*only silence"),
    ):
        assert re.search(said, await _send(otto, data), re.S)
    assert re.search("Latin letters, digits", await _send(otto, tones(500), "../x"))
    assert (await _send(otto, tones(500), project="")).startswith("403")
    answer = await otto.send(
        "/prompts/upload",
        b"\0" * (MAX_UPLOAD_BYTES + 200_000),
        fields={"project": "tea", "language": "en", "name": "hello"},
    )
    assert answer.status == 413
    asked = {"Accept": "application/json"}
    answer = await otto.send(
        "/prompts/upload",
        b"<html>",
        fields={"project": "tea", "language": "en", "name": "hello"},
        headers=asked,
    )
    assert "Save it as WAV" in (await answer.json())["error"]


async def test_what_a_flow_plays_is_not_removed(visit: Visit) -> None:
    otto = await _english(visit, "otto")
    where = await _send(otto, tones(500), "jingle")
    (remove,) = _versions(await (await otto.get(where)).text(), "remove")
    refused = await otto.post("/prompts/remove", remove)
    assert refused.status == 409
    assert "callers would hear nothing in shop" in await refused.text()
    where = await _send(otto, tones(500))
    (remove,) = _versions(await (await otto.get(where)).text(), "remove")
    assert (await otto.post("/prompts/remove", remove)).status == 303
    page = await (await otto.get(where)).text()
    assert "Removed" in page and "Callers hear this" not in page and "Bring back" in page


async def _plays(page: Page, button: str) -> None:
    async with page.expect_response(re.compile(r"sound\.wav|/prompts/say")) as heard:
        await page.get_by_role("button", name=button).first.click()
    assert (await heard.value).ok


async def test_in_a_browser_a_file_is_dropped_heard_and_replaced(
    open_page: Open, tmp_path: Path
) -> None:
    page = await open_page("/prompts?project=tea", "otto")
    assert await serious_faults(page) == []
    await _plays(page, "hello")
    wrong, right = tmp_path / "page.mp3", tmp_path / "take.wav"
    wrong.write_bytes(b"<html>" * 1000)
    right.write_bytes(tones(500, rate=44100))
    await page.fill("#name", "jingle")
    await page.select_option("#language", "en")
    await page.set_input_files("#file", wrong)
    await page.locator("#new-recording button[type=submit]").click()
    await expect(page.locator("#new-recording [data-state].is-wrong")).not_to_be_empty()
    # A file that is dragged in from the desktop, as the browser hands it over.
    await page.evaluate(
        """async (bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "take.wav", { type: "audio/wav" }));
          const form = document.getElementById("new-recording");
          const about = { dataTransfer: data, bubbles: true, cancelable: true };
          for (const kind of ["dragover", "drop"]) form.dispatchEvent(new DragEvent(kind, about));
        }""",
        list(right.read_bytes()),
    )
    await page.wait_for_url("**/prompts/jingle?project=tea#in-en")
    await expect(page.locator("#in-en [data-heard]")).to_be_visible()
    await _plays(page, "en")
    assert await serious_faults(page) == []
    form = page.locator("#in-en [data-upload]")
    await form.locator("input[type=file]").set_input_files(right)
    await form.locator("button[type=submit]").press("Enter")
    await expect(page.locator("#in-en .list-group-item")).to_have_count(2)
    # The session ends: that is said in words, and not by its code.
    await page.context.clear_cookies()
    await form.locator("input[type=file]").set_input_files(right)
    await form.locator("button[type=submit]").press("Enter")
    await expect(form.locator("[data-state].is-wrong")).to_contain_text("You are not signed in")
