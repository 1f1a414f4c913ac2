"""A text is played as callers would hear it."""

import io
import wave

import pytest

from ivr_flows.prompt_texts import LONGEST
from tests.console.conftest import Visit
from tests.prompts.sounds import samples

pytestmark = pytest.mark.live


async def test_a_text_is_spoken_with_examples_in_its_gaps(visit: Visit) -> None:
    otto = await visit("otto")
    await otto.post("/language", {"language": "en"})
    await otto.get("/account")
    whole = {"text": "You owe {amount}.", "language": "en", "types": "amount:money"}
    answer = await otto.post("/prompts/say", whole)
    assert answer.status == 200 and answer.content_type == "audio/wav"
    sound = await answer.read()
    assert len(samples(sound)) > 8000
    assert sound == await (await otto.post("/prompts/say", whole)).read()
    shorter = await otto.post("/prompts/say", whole | {"types": "amount:yes_no"})
    with wave.open(io.BytesIO(await shorter.read())) as file:
        assert file.getnframes() < len(samples(sound))
    for wrong, said in (
        ({"text": ""}, "nothing to say"),
        ({"text": "a" * (LONGEST + 1)}, "at most 1000 characters"),
        ({"text": "{amount"}, "names no variable"),
        ({"language": "../en"}, "Choose a language"),
        ({"language": "tlh"}, "no voice for this language"),
    ):
        refused = await otto.post("/prompts/say", whole | wrong)
        assert refused.status in (400, 503)
        assert said in (await refused.json())["error"]
    assert (await otto.post("/prompts/say", whole | {"project": "bank"})).status == 403
