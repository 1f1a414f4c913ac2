"""The pages on which ops set what agents choose from when a call is over."""

import html
import re
from typing import Any

import pytest

from campaigns.disposition_choices import USUAL, CallKind, Choice, offered_for
from campaigns.project_choices import ProjectChoices
from campaigns.skip_choices import USUAL_SKIPS
from console.call_results import words
from domain.identity import CampaignName
from domain.roles import Actor, Role
from engine.desk_ports import DeskView, DialStep, DialView
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA
from tests.console.streams import listen

pytestmark = pytest.mark.live

ADA = Actor("ada", Role.ADMIN, None)
TRIAL: dict[str, Any] = {
    "title.zh-CN": "试用", "title.en": "Wants  a trial", "meaning": "success",
    "kind.outbound": "yes", "do": "save",
    "sub.0.code": "", "sub.0.zh-CN": "七天", "sub.0.en": "Seven days",
    "sub.1.code": "", "sub.1.zh-CN": "", "sub.1.en": "",
}  # fmt: skip


async def _english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def _choices(console: Console) -> tuple[Choice, ...]:
    return (await ProjectChoices(console.database.pool).of(TEA)).choices


def _offered(text: str) -> list[str]:
    return re.findall(r'<tr id="choice-([a-z0-9_]+)"', text)


async def test_ops_add_a_result_with_reasons_and_find_it_in_the_history(
    console: Console, visit: Visit
) -> None:
    otto = await _english(visit, "otto")
    assert (await otto.get("/results")).headers["Location"] == "/results/tea"  # their only one
    text = await (await otto.get("/results/tea")).text()
    assert _offered(text) == [one.code for one in USUAL]
    assert "These are the usual ones" in text
    answer = await otto.post("/results/tea/new", TRIAL)
    assert answer.status == 303, await answer.text()
    made = (await _choices(console))[-1]
    assert (made.code, dict(made.titles)) == (
        "wants_a_trial",
        {"zh-CN": "试用", "en": "Wants a trial"},
    )
    assert made.kinds == (CallKind.OUTBOUND,)
    assert [sub.code for sub in made.sub_reasons] == ["seven_days"]
    text = await (await otto.get(answer.headers["Location"].split("#")[0])).text()
    assert words.DONE["made"] in text and "Seven days" in text
    history = await (await otto.get("/results/tea/history")).text()
    assert "Wants a trial: added" in history and "otto" in history

    # Retired, it stays, is no longer offered, and comes back; what was done is undone.
    await otto.post("/results/tea/retire", {"choice": made.code, "retired": "yes"})
    kept = await _choices(console)
    assert made.code not in [one.code for one in offered_for(kept, CallKind.OUTBOUND)]
    assert "Retired: 1" in await (await otto.get("/results/tea")).text()
    change = re.findall(r'name="change" value="(\d+)"', history)[0]
    answer = await otto.post("/results/tea/undo", {"change": change})
    assert answer.status == 303
    back = await _choices(console)
    assert back[:-1] == USUAL and back[-1].retired
    assert (await otto.post("/results/tea/undo", {"change": "999"})).status == 409


async def test_the_order_is_the_desks(console: Console, visit: Visit) -> None:
    otto = await _english(visit, "otto")
    answer = await otto.post("/results/tea/move", {"choice": "success", "by": "1"})
    text = await (await otto.get(answer.headers["Location"].split("#")[0])).text()
    assert _offered(text)[:2] == ["appointment", "success"]
    assert re.search(r'aria-label="Down" autofocus', text), "the focus stays where it was"
    await otto.post("/results/tea/usual")
    assert await _choices(console) == USUAL


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({"title.zh-CN": " ", "title.en": ""}, "title"),
    ({"title.en": "x" * 61}, "title"),
    ({"meaning": ""}, "meaning"),
    ({"meaning": "resolved"}, "kinds"),
    ({"meaning": "not_now", "kind.inbound": "yes"}, "kinds"),
    ({"kind.outbound": ""}, "kinds"),
    ({"meaning": "not_now", "again_h": "nan"}, "again_h"),
    ({"meaning": "not_now", "again_h": "1e9"}, "again_h"),
    ({"sub.0.code": "seven", "sub.0.en": "", "sub.0.zh-CN": ""}, "subs"),
)


async def test_what_is_wrong_stands_beside_its_field(console: Console, visit: Visit) -> None:
    otto = await _english(visit, "otto")
    for typed, field in WRONG:
        answer = await otto.post("/results/tea/new", TRIAL | typed)
        text = await answer.text()
        assert answer.status == 400, typed
        assert re.findall(r'id="e-([a-z_]+)"', text) == [field], typed
        assert "Seven days" in text or field == "subs"  # what was typed is still there
    assert await _choices(console) == USUAL


async def test_rows_change_places_before_anything_is_saved(visit: Visit) -> None:
    otto = await _english(visit, "otto")
    rows = {"sub.1.code": "", "sub.1.en": "Ten days", "do": "down.0"}
    text = await (await otto.post("/results/tea/new", TRIAL | rows)).text()
    values = re.findall(r'name="sub\.\d\.en" lang="en" value="([^"]*)"', text)
    assert values == ["Ten days", "Seven days", "", ""]
    assert re.findall(r'value="(\w+\.\d)"[^>]* autofocus', text) == ["up.1"]  # it is the last now


async def test_two_who_change_one_result_hear_of_each_other(console: Console, visit: Visit) -> None:
    otto, ada = await _english(visit, "otto"), await _english(visit, "ada")
    path = "/results/tea/choices/refused"
    text = await (await otto.get(path)).text()
    fields = dict(re.findall(r'name="(seen|sub\.\d\.code)" value="([^"]*)"', text))
    typed = TRIAL | fields | {"meaning": "refused", "title.en": "No, thanks"}
    for number in range(4):
        typed |= {f"sub.{number}.en": f"R{number}", f"sub.{number}.zh-CN": ""}
    # Somebody changes another result: no conflict.
    await ada.post("/results/tea/retire", {"choice": "duplicate", "retired": "yes"})
    assert (await ada.post(path, typed | {"title.en": "Said no"})).status == 303
    answer = await otto.post(path, typed)
    text = await answer.text()
    assert answer.status == 409 and "Somebody else has changed this result" in text
    seen = re.findall(r'name="seen" value="([^"]*)"', text)[0]
    assert (await otto.post(path, typed | {"seen": seen})).status == 303
    now = {one.code: one for one in await _choices(console)}
    assert now["refused"].titles["en"] == "No, thanks" and now["duplicate"].retired
    # A form that leaves sub-reasons out loses none.
    text = await (await otto.get(path)).text()
    seen = re.findall(r'name="seen" value="([^"]*)"', text)[0]
    short = {name: value for name, value in typed.items() if not name.startswith("sub.")}
    assert (await otto.post(path, short | {"seen": seen, "title.en": "No"})).status == 303
    kept = {one.code: one for one in await _choices(console)}["refused"]
    assert [sub.code for sub in kept.sub_reasons] == [sub.code for sub in USUAL[2].sub_reasons]


async def test_others_projects_results_are_not_there(visit: Visit) -> None:
    otto, ada = await _english(visit, "otto"), await _english(visit, "ada")
    for path in ("/results/bank", "/results/nowhere", "/results/tea/choices/nothing"):
        assert (await otto.get(path)).status == 404, path
    assert (await otto.post("/results/bank/usual")).status == 404
    text = await (await ada.get("/results")).text()
    assert "/results/bank" in text and "/results/tea" in text
    sue = await (await (await _english(visit, "sue")).get("/results/tea")).text()
    assert "Success" in sue and "/results/tea/retire" not in sue  # to look at


async def test_reasons_to_skip_are_the_projects_own(console: Console, visit: Visit) -> None:
    otto, amy = await _english(visit, "otto"), await _english(visit, "amy")
    assert 'href="/results/tea"' in await (await otto.get("/centre/project/tea")).text()
    path = "/results/tea/skips"
    text = await (await otto.get(path)).text()
    fields: dict[str, str] = {}
    for name, value in re.findall(r'name="(seen|sub\.\d\.[\w-]+)"[^>]* value="([^"]*)"', text):
        checkbox = name.endswith((".out", ".note"))
        fields |= {} if checkbox else {name: html.unescape(value)}
    typed = fields | {"sub.4.note": "yes", "sub.0.out": "yes", "sub.5.en": "On holiday"}
    typed |= {"sub.5.note": "yes", "sub.1.en": "Not for us"}
    text = await (await otto.post(path, typed | {"do": "up.5"})).text()
    assert text.index("On holiday") < text.index("Another reason")  # and nothing is saved yet
    assert (await otto.post(path, typed | {"sub.2.en": "", "sub.2.zh-CN": ""})).status == 400
    assert (await otto.post(path, typed)).status == 303
    text = await (await otto.post(path, typed)).text()
    assert "Somebody else has changed the reasons meanwhile" in text
    kept = (await ProjectChoices(console.database.pool).of(TEA)).skips
    assert [one.code for one in kept] == [*(one.code for one in USUAL_SKIPS), "on_holiday"]
    assert (kept[0].retired, kept[5].needs_note, kept[1].titles["en"]) == (True, True, "Not for us")
    history = await (await otto.get("/results/tea/history")).text()
    assert "reason added: On holiday; needs a note: On holiday" in history

    # The desk offers them for this project's customers, and takes those alone.
    shown = DialView(
        *(DialStep.SHOWN, "+8613800000001", CampaignName("spring"), "Spring"),
        by_hand=False,
        lead=7,
        project=TEA,
    )
    await console.floor.desks.show("1001", DeskView(1, shown))
    socket = await listen(amy, "/desk/dials")
    offered = await socket.receive_str()
    assert "On holiday" in offered and "Better at another time" not in offered
    for reason, note, status in (
        ("nonsense", "", 400),
        ("on_holiday", "", 400),
        ("on_holiday", "until May", 200),
    ):
        answer = await amy.post("/desk/skip-lead", {"lead": "7", "reason": reason, "note": note})
        assert answer.status == status, reason
    assert console.floor.desks.asked == [("skip", "1001", 7, "on_holiday", "until May")]

    # Taken back: what was added is retired, and what was said with it keeps its name.
    change = re.findall(r'name="change" value="(\d+)"', history)[0]
    assert (await otto.post("/results/tea/undo", {"change": change})).status == 303
    back = (await ProjectChoices(console.database.pool).of(TEA)).skips
    assert back[:-1] == USUAL_SKIPS and back[-1].retired


async def test_the_first_one_is_moved_down_again_with_the_key_at_hand(visit: Visit) -> None:
    otto = await _english(visit, "otto")
    answer = await otto.post("/results/tea/move", {"choice": "appointment", "by": "-1"})
    assert "#" not in answer.headers["Location"]
    text = await (await otto.get(answer.headers["Location"])).text()
    assert _offered(text)[0] == "appointment"
    assert re.findall(r'aria-label="(\w+)" autofocus', text) == ["Down"]  # "Up" can't be pressed
    for code in ("no such", "x#y&done=<b>"):
        answer = await otto.post("/results/tea/retire", {"choice": code, "retired": "yes"})
        assert answer.status == 303
        assert (await otto.get(answer.headers["Location"].split("#")[0])).status == 200
