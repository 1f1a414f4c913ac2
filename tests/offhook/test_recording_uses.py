"""All places where prompts are said are found, so that nothing that is played is removed."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.centre import Hotline
from domain.identity import ProjectName
from domain.roles import Actor, Role
from offhook.recording_uses import RecordingUses
from prompt_library.recording_library import RecordingLibrary, recorded
from prompt_library.recording_words import (
    RecordingName,
    RecordingRefusal,
    RecordingRefused,
    RecordingUse,
    UseKind,
)
from publishing.flow_checks import anywhere
from publishing.flow_drafts import FlowDrafts
from publishing.publications import Publications
from storage.database import Database
from tests.prompts.uploads import PLAIN

OPS = Actor("olga", Role.OPS, frozenset({"tea"}))
TEA = ProjectName("tea")
FLOW = """\
flow: shop
languages: [zh-CN, en]
start: hello
prompts:
  hello: {zh-CN: 您好, en: Hello}
  owes: {zh-CN: "{caller}", en: "{caller}"}
nodes:
  hello: {kind: say, prompts: [hello, owes], exits: {next: jingle}}
  jingle: {kind: play, recordings: jingle, exits: {next: bye}}
  bye: {kind: hangup}
"""
PLAIN_FLOW = FLOW.replace("exits: {next: jingle}", "exits: {next: bye}").replace(
    "  jingle: {kind: play, recordings: jingle, exits: {next: bye}}\n", ""
)


async def _found(uses: RecordingUses, database: Database) -> list[RecordingUse]:
    async with database.pool.acquire() as db:
        return list(await uses.of(db))


async def test_what_is_said_where(database: Database) -> None:
    hotline = Hotline("4008001000", TEA, "shop", closed_message={"en": "Closed"})
    uses = RecordingUses(lambda: (hotline,))
    drafts, publications = FlowDrafts(database.pool), Publications(database.pool, anywhere)
    draft = await drafts.add(OPS, "tea", "shop", FLOW)
    found = {(use.name, use.kind): use for use in await _found(uses, database)}
    hello = found["hello", UseKind.DRAFT]
    assert (hello.by, hello.project) == ("shop", "tea")
    assert hello.texts == {"zh-CN": "您好", "en": "Hello"} and not hello.needs_recording
    jingle = found["jingle", UseKind.DRAFT]
    assert jingle.needs_recording and jingle.languages == ("zh-CN", "en")
    assert not [name for name, _ in found if name.startswith("owes")], "it is never the same"
    closed = found["closed-4008001000", UseKind.NOTICE]
    assert (closed.by, closed.texts) == ("4008001000", {"en": "Closed"})
    assert {use.kind for use in found.values()} >= {UseKind.PHONE, UseKind.DIALPLAN, UseKind.CALLER}

    library = RecordingLibrary(database.pool, uses.of)
    made = {
        language: await library.upload(OPS, RecordingName("jingle", language, "tea"), "a", PLAIN)
        for language in ("zh-CN", "en")
    }
    warnings = [one.message for one in (await publications.checked(OPS, "shop")).warnings]
    await publications.publish(OPS, "shop", draft.version, "", warnings)
    with pytest.raises(RecordingRefused) as caught:
        await library.remove(OPS, made["en"].of, made["en"].id)
    assert (caught.value.why, caught.value.about) == (RecordingRefusal.IN_USE, "shop")

    draft = await drafts.save(OPS, "shop", draft.version, PLAIN_FLOW, "")
    warnings = [one.message for one in (await publications.checked(OPS, "shop")).warnings]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await publications.plan(OPS, "shop", draft.version, "", tomorrow, warnings)
    with pytest.raises(RecordingRefused):
        await library.remove(OPS, made["en"].of, made["en"].id)
    await publications.publish(OPS, "shop", draft.version, "", warnings)
    await library.remove(OPS, made["en"].of, made["en"].id)
    async with database.pool.acquire() as db:
        assert await recorded(db, "tea") == {"jingle": {"zh-CN"}}
