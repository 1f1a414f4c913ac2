"""Agents from a sheet: choose, look, confirm, hand out once, undo; and what may come between."""

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from centre.agent_cells import SheetFaultCode
from centre.agent_sheets import RowRemark, RowState
from centre.authority import SYSTEM
from centre.directory_service import WishedThing
from centre.directory_store import DirectoryStore
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings
from centre.pins import AgentPins
from console.centre import sheet_words
from console.centre.sheets_in_hand import SHEETS, SheetRefusal
from documents.sheets import MOST_BYTES, Unreadable
from domain.identity import AgentCode, TeamName
from domain.roles import Role
from storage.audit import AuditAction
from telephony.asterisk.digests import digest
from tests.centre.small import WANG, small_directory
from tests.console.centre.sheets import (
    ENGLISH,
    HERE,
    a_csv,
    an_xlsx,
    cells,
    counts,
    handed_out,
    looked_at,
    take,
    text_at,
)
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA

BOTH = AgentSettings(code="1005", name="Both", projects=("tea", "bank"))
BANKS = AgentSettings(code="2001", name="Banker", projects=("bank",), skills={"sales": 9})
LI = ("1002", "李娜", "tea", "sales:5", "red", "1002")
ZHAO = ("1003", "Zhao", "Tea")


async def set_up(console: Console, *more: Thing) -> None:
    things = [*small_directory(), *more]
    await console.directory.change(
        SYSTEM, [WishedThing(thing.KIND, thing.key, thing, None) for thing in things]
    )


async def agent(console: Console, code: str) -> Any:
    return (await console.directory.read()).directory.get(Kind.AGENT, code)


async def put(console: Console, thing: Thing) -> None:
    """Somebody else's change."""
    kept = await console.directory.read()
    seen = kept.changed.get((thing.KIND, thing.key))
    await console.directory.change(SYSTEM, [WishedThing(thing.KIND, thing.key, thing, seen)])


async def test_newcomers_come_from_a_sheet(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    before = await console.directory.read()
    renamed = ("1001", "王小芳", "tea", "sales:3", "red", "1001")
    sheet = await looked_at(ada, an_xlsx(renamed, LI, ZHAO), "newcomers.xlsx")
    text = await text_at(ada, sheet)
    assert counts(text) == {"new": 2, "changed": 1}
    assert "王芳</span> → " in text and "王小芳" in text and "newcomers.xlsx" in text
    assert 'name="make" value="station" checked' in text  # 1002 is a new phone
    assert (await console.directory.read()).revision == before.revision

    assert (await take(ada, sheet)).headers["Location"] == sheet
    result = await text_at(ada, sheet)
    assert "Agents created: 2. Agents changed: 1. Phones and skills created: 1." in result
    (made,) = await console.directory.history(limit=1)
    assert f'href="/centre/history/{made.id}"' in result
    assert (made.by, made.note, made.edits) == ("ada", "newcomers", 4)

    li, zhao = await handed_out(ada, sheet)
    assert (li["Agent's code"], li["Agent's name"], li["Phone"]) == ("1002", "李娜", "1002")
    assert li["SIP server"] == "127.0.0.1" and zhao["Phone"] == zhao["SIP server"] == ""
    secrets = await DirectoryStore(console.database.pool).secrets()
    pins = AgentPins(lambda: secrets)
    for one in (li, zhao):
        assert await pins.fits(AgentCode(one["Agent's code"]), one["PIN"])
        guest = await visit()
        signed_in = await guest.sign_in(one["Console user"], one["Password"])
        assert signed_in.status == 303
        user = await console.users.get(one["Console user"])
        assert user is not None
        assert (user.role, user.agent) == (Role.AGENT, AgentCode(one["Agent's code"]))
        assert user.projects == frozenset({TEA})
    assert secrets[Kind.STATION, "1002"] == digest("1002", li["Password of the phone"])

    for way in ("xlsx", "csv", "page"):
        again = await ada.post(f"{sheet}/access", {"as": way}, headers=ENGLISH)
        assert again.status == 410
        assert "handed out already" in await again.text()
    everything = await text_at(ada, sheet) + await text_at(ada, f"/centre/history/{made.id}")
    for secret in (li["PIN"], li["Password"], li["Password of the phone"], zhao["Password"]):
        assert f">{secret}<" not in everything
    created = await console.audit.entries(projects=None, action=AuditAction.USER_CREATED, by="ada")
    assert {entry.target for entry in created} == {"1002", "1003"}

    await ada.post(f"/centre/history/{made.id}/undo")
    assert (await console.directory.read()).directory == before.directory


async def test_what_was_undone_can_be_sent_again(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(LI))
    await take(ada, sheet)
    (first,) = await handed_out(ada, sheet)
    (made,) = await console.directory.history(limit=1)
    await ada.post(f"/centre/history/{made.id}/undo")
    guest = await visit()
    assert (await guest.sign_in("1002", first["Password"])).status == 401
    sheet = await looked_at(ada, a_csv(LI))
    assert 'id="taken"' not in await text_at(ada, sheet)
    await take(ada, sheet)
    (second,) = await handed_out(ada, sheet)
    guest = await visit()
    assert (await guest.sign_in("1002", second["Password"])).status == 303
    assert first["Password"] != second["Password"]


async def test_few_passwords_can_be_shown_on_a_page(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(LI))
    await take(ada, sheet, users="")
    assert 'value="page"' in await text_at(ada, sheet)
    answer = await ada.post(f"{sheet}/access", {"as": "page"}, headers=ENGLISH)
    text = await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Password of the phone" in text and "Console user" not in text
    assert await console.users.get("1002") is None
    assert 'value="page"' not in await text_at(ada, sheet)


async def test_a_user_who_is_there_already_is_left_alone(visit: Visit, console: Console) -> None:
    await set_up(console)
    await console.users.create("1002", "a good password", Role.QA, by="test", projects=None)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(LI, ZHAO))
    assert "one who works as them: 1002<" in await text_at(ada, sheet)
    await take(ada, sheet)
    li, zhao = await handed_out(ada, sheet)
    assert (li["Console user"], li["Password"]) == ("", "") and zhao["Password"]
    user = await console.users.get("1002")
    assert user is not None and user.role is Role.QA
    assert "got no user" in await text_at(ada, sheet)


async def test_a_user_who_comes_after_the_look_keeps_the_name(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(LI, ZHAO))
    await console.users.create("1002", "a good password", Role.QA, by="test", projects=None)
    await take(ada, sheet)
    li, zhao = await handed_out(ada, sheet)
    assert li["Password"] == "" and zhao["Password"] and li["PIN"]


async def test_each_fault_is_shown_where_it_is(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    bad = ("9", "<b>x</b>", "tea,nowhere", "sales:0", "blue", "abc", "soon", "99")
    sheet = await looked_at(ada, a_csv(LI, bad, LI))
    text = await text_at(ada, sheet)
    assert counts(text) == {"new": 1, "wrong": 2}
    assert "Project “nowhere” doesn&#39;t exist. Correct it, or create it first." in text
    assert "The level of “sales:0” is not 1 to 10" in text
    assert "Team “blue” doesn&#39;t exist" in text
    assert "Row 2 has the same code" in text
    assert f'action="{sheet}/take"' not in text
    chinese = await text_at(ada, sheet, "zh-CN")
    assert "项目“nowhere”不存在。请更正，或先新建。" in chinese and "第 2 行有相同的工号" in chinese
    refused = await ada.post(f"{sheet}/take", {"look": "1"})
    assert refused.headers["Location"] == sheet
    assert await agent(console, "1002") is None


async def test_what_the_model_refuses_is_said_in_words(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    code, name, seconds = ("9", "x", "tea"), ("1004", "x" * 10_000, "tea"), ("1006", "x", "tea")
    sheet = await looked_at(ada, a_csv(code, name, (*seconds, "", "", "", "-1", "11")))
    text = await text_at(ada, sheet)
    for said in (
        "A code has 2 to 15 digits.", "A name has 1 to 200 visible characters.",
        "Enter seconds, 0 to 3600.", "Enter a whole number, 1 to 10.",
    ):  # fmt: skip
        assert said in text
    assert "x" * 81 not in text and len(text) < 40_000


async def test_html_in_cells_and_headings_is_text(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    data = b"code,name,projects,<script>alert(1)</script>\n1002,<img src=x>,tea,x\n"
    sheet = await looked_at(ada, data, "<svg onload=x>.csv")
    text = await text_at(ada, sheet)
    assert "<script>alert" not in text and "<img src=x>" not in text and "<svg onload" not in text
    assert "Columns that are not read: &lt;script&gt;alert(1)&lt;/script&gt;" in text


async def test_unknown_things_are_made_only_if_chosen(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(("1002", "Li", "tea", "chess:2", "", "1002")))
    text = await text_at(ada, sheet)
    assert "Skill “chess” doesn&#39;t exist. Correct it, or have it made" in text
    assert 'value="skill" >' in text and 'value="station" checked>' in text
    await ada.post(f"{sheet}/look", {"make": "skill"})
    text = await text_at(ada, sheet)
    assert "Phone “1002” doesn&#39;t exist" in text and "Skill “chess”" not in text
    many = {"csrf": ada.token, "make": ["skill", "station"]}
    await ada.http.post(f"{sheet}/look", data=many, allow_redirects=False)
    await take(ada, sheet)
    directory = (await console.directory.read()).directory
    assert directory.has(Kind.SKILL, "chess") and directory.has(Kind.STATION, "1002")


async def test_ops_of_a_project_import_what_is_theirs(visit: Visit, console: Console) -> None:
    await set_up(console, BOTH, BANKS)
    otto = await visit("otto")
    theirs = [
        LI,
        ("1005", "Both", "tea"),
        ("2001", "Banker", "bank", "sales:9"),
        ("3", "x", "bank"),
    ]
    sheet = await looked_at(otto, a_csv(*theirs))
    text = await text_at(otto, sheet)
    # Both is as otto sees them; Banker isn't seen, so that nothing can be found out about them.
    assert counts(text) == {"wrong": 3, "unchanged": 1}
    assert "you may not make it" in text and 'name="make"' not in text
    assert "Project “bank” doesn&#39;t exist" in text
    sheet = await looked_at(otto, a_csv((*LI[:5],), ("1005", "Bothe", "tea")))
    assert "allow you to make this agent" in await text_at(otto, sheet)
    sheet = await looked_at(otto, a_csv((*LI[:5],)))
    await take(otto, sheet)
    assert (await agent(console, "1002")).projects == ("tea",)


async def test_supervisors_import_agents_of_their_teams(visit: Visit, console: Console) -> None:
    await set_up(console)
    sue = await visit("sue")
    await sue.get(HERE)
    assert 'id="choose"' not in await text_at(sue, HERE)
    assert (await sue.send(HERE, a_csv(LI))).status == 403
    await console.users.change(
        "sue", by="test", role=Role.SUPERVISOR, projects=[TEA], agent=None, language=None,
        teams=[TeamName("red")],
    )  # fmt: skip
    sue = await visit("sue")
    sheet = await looked_at(sue, a_csv((*LI[:5],), ZHAO))
    assert counts(await text_at(sue, sheet)) == {"new": 1, "wrong": 1}
    sheet = await looked_at(sue, a_csv((*LI[:5],)))
    await take(sue, sheet)
    assert (await agent(console, "1002")).team == "red"


async def test_rights_are_those_of_the_moment_of_the_change(visit: Visit, console: Console) -> None:
    await set_up(console)
    otto = await visit("otto")
    sheet = await looked_at(otto, a_csv((*LI[:5],)))
    fields = {"look": "1", "users": "yes"}
    await text_at(otto, sheet)
    await console.users.change(
        "otto", by="test", role=Role.OPS, projects=[], agent=None, language=None
    )
    otto_again = await visit("otto")
    await text_at(otto_again, HERE)
    answer = await otto_again.post(f"{sheet}/take", fields, headers=ENGLISH)
    assert answer.headers["Location"] == sheet
    assert "your role, projects or teams have changed" in await text_at(otto_again, sheet)
    assert await agent(console, "1002") is None


async def test_nothing_of_somebody_elses_is_overwritten(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(("1001", "王小芳", "tea", "sales:3", "red", "1001"), LI))
    await put(console, WANG.model_copy(update={"name": "王大芳"}))
    await take(ada, sheet)
    text = await text_at(ada, sheet)
    assert "somebody else has changed some of the same" in text
    assert "change 2 by offhook" in text
    assert (await agent(console, "1001")).name == "王大芳" and await agent(console, "1002") is None
    assert await console.users.get("1002") is None
    await ada.post(f"{sheet}/look", {"make": "station"})
    assert "王大芳</span> → " in await text_at(ada, sheet)
    await take(ada, sheet)
    assert (await agent(console, "1001")).name == "王小芳"


async def test_the_same_sheet_of_two_people_is_taken_once(visit: Visit, console: Console) -> None:
    """Otherwise the first one's PINs would no longer be good."""
    await set_up(console)
    ada, otto = await visit("ada"), await visit("otto")
    sheets = {ada: await looked_at(ada, a_csv(ZHAO)), otto: await looked_at(otto, a_csv(ZHAO))}
    await asyncio.gather(*(take(client, sheet) for client, sheet in sheets.items()))
    pages = [await text_at(client, sheet) for client, sheet in sheets.items()]
    assert sorted("somebody else has changed" in text for text in pages) == [False, True]
    winner = next(c for c, t in zip(sheets, pages, strict=True) if "in force now" in t)
    (zhao,) = await handed_out(winner, sheets[winner])
    secrets = await DirectoryStore(console.database.pool).secrets()
    assert await AgentPins(lambda: secrets).fits(AgentCode("1003"), zhao["PIN"])


async def test_a_double_click_makes_one_change(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(ZHAO))
    answers = await asyncio.gather(*(take(ada, sheet) for _ in range(4)), return_exceptions=True)
    assert [a.status for a in answers if not isinstance(a, BaseException)].count(303) >= 1
    assert len(await console.directory.history()) == 2
    assert len(await handed_out(ada, sheet)) == 1


async def test_what_is_confirmed_is_what_was_shown(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(LI))
    await text_at(ada, sheet)
    await ada.post(f"{sheet}/look", {"make": "skill"})
    await ada.post(f"{sheet}/look", {"make": "station"})
    answer = await ada.post(f"{sheet}/take", {"look": "1"}, headers=ENGLISH)
    assert answer.status == 409
    assert "looked at again" in await answer.text()
    assert await agent(console, "1002") is None


async def test_a_sheet_is_its_users_and_gone_after_a_restart(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada, otto = await visit("ada"), await visit("otto")
    sheet = await looked_at(ada, a_csv(LI))
    assert "no longer here" in await text_at(otto, sheet, status=410)
    await text_at(ada, sheet)
    await console.app[SHEETS].close()  # what a restart leaves of them
    for path in ("look", "take", "access"):
        answer = await ada.post(f"{sheet}/{path}", {"look": "1", "as": "csv"}, headers=ENGLISH)
        assert answer.status == 410
        assert "choose the file again" in await answer.text()
    polled = await ada.get(sheet, headers={"HX-Request": "true"})
    assert polled.headers["HX-Refresh"] == "true"
    assert await agent(console, "1002") is None


async def test_another_session_of_the_same_person_goes_on(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(LI))
    await ada.post("/logout")
    signed_out = await ada.post(f"{sheet}/take", {"look": "1"})
    assert signed_out.headers["Location"].startswith("/login")
    again = await visit("ada")
    await take(again, sheet)
    assert len(await handed_out(again, sheet)) == 1


async def test_all_agents_go_to_a_sheet_and_come_back(visit: Visit, console: Console) -> None:
    evil = AgentSettings(code="0007", name="=1+1", projects=("tea",), wrap_up_s=2.5)
    await set_up(console, BOTH, BANKS, evil)
    otto = await visit("otto")
    for ending in ("csv", "xlsx"):
        answer = await otto.get(f"{HERE}/files/agents.{ending}", headers=ENGLISH)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="agents.{ending}"'
        data = await answer.read()
        assert b"Banker" not in data
        sheet = await looked_at(otto, data, f"agents.{ending}")
        text = await text_at(otto, sheet)
        assert counts(text) == {"unchanged": 3} and "nothing to change" in text
    assert "'=1+1" in (await (await otto.get(f"{HERE}/files/agents.csv")).read()).decode()
    template = await otto.get(f"{HERE}/files/template.xlsx", headers={"Accept-Language": "zh-CN"})
    assert cells(await template.read())[0][:2] == ["工号", "姓名"]
    for wrong in ("agents.pdf", "agents", "x.csv", ".csv"):
        assert (await otto.get(f"{HERE}/files/{wrong}")).status == 404


def a_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Choose a file first"),
        (b"\xd0\xcf\x11\xe0 the rest", "Excel 2003"),
        (b"PK\x03\x04 the rest", "not a spreadsheet"),
        (a_bomb(), "24 MB unpacked"),
        (b"\xff\xfe\x00\xd8", "neither UTF-8 nor GBK"),
        (b'code,name\n1002,"Li', "never closed"),
        (b"code,name\n", "only headings"),
        (b"a picture\n", "None of the first ten rows"),
        (b"code,name,agent id\n1002,Li,3\n", "Two columns mean the same"),
        (a_csv(*((str(n), "x", "tea") for n in range(10_000, 15_001))), "more than 5000 agents"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_can_t_be_read_is_said_with_what_to_do(
    data: bytes, said: str, visit: Visit
) -> None:
    ada = await visit("ada")
    await ada.get(HERE)
    answer = await ada.send(HERE, data, headers=ENGLISH)
    assert answer.status == 400
    text = await answer.text()
    assert said in text and 'id="choose"' in text


def test_every_code_has_words() -> None:
    assert set(sheet_words.FAULTS) == set(SheetFaultCode)
    assert set(sheet_words.UNREADABLE) == set(Unreadable)
    assert set(sheet_words.REMARKS) == set(RowRemark)
    assert set(sheet_words.STATES) == set(sheet_words.STATE_COLOURS) == set(RowState)
    assert set(sheet_words.REFUSALS) == set(SheetRefusal)
    assert set(sheet_words.COLUMNS) == set(AgentSettings.model_fields)


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_nothing_secret_reaches_the_disk_or_the_log(
    visit: Visit, console: Console, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(console)
    ada = await visit("ada")
    sheet = await looked_at(ada, a_csv(LI))
    await take(ada, sheet)
    (li,) = await handed_out(ada, sheet)
    secrets = [li["Password"], li["Password of the phone"]]
    files = await asyncio.to_thread(contents, tmp_path)
    assert not any(secret.encode() in file for secret in secrets for file in files)
    assert not any(secret in caplog.text for secret in secrets)
    assert not any(secret in str(console.app[SHEETS].__dict__) for secret in secrets)


def test_a_sheet_has_room() -> None:
    assert MOST_BYTES > 64 * 1024
