"""The pages of the directory: lists, forms, conflicts, history, and who may what."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from centre.authority import SYSTEM
from centre.directory_service import ANY, ChangeConflict, DirectoryService, WishedThing
from centre.directory_store import DirectoryChange, DirectoryStore
from centre.endpoint_settings import LineSettings
from centre.inbound_settings import CallerSettings, HotlineSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, ProjectSettings
from console.kit.context import DIRECTORY
from domain.centre import LineKind, NumberFormat, Treatment
from domain.identity import AgentCode, TeamName
from domain.roles import Actor, Role
from telephony.asterisk.digests import digest
from tests.centre.small import BANK, WANG, small_directory
from tests.console.browserless import Client
from tests.console.conftest import PASSWORD, Console, Visit
from tests.console.floor import TEA

ENGLISH = {"Accept-Language": "en"}


async def set_up(console: Console, *more: Thing) -> None:
    """The small directory, and more."""
    things = [*small_directory(), *more]
    await console.directory.change(
        SYSTEM, [WishedThing(thing.KIND, thing.key, thing, None) for thing in things]
    )


async def thing(console: Console, kind: Kind, key: str) -> Any:
    return (await console.directory.read()).directory.get(kind, key)


async def seen(client: Client, path: str) -> str:
    """The change that a form says it has seen."""
    text = await (await client.get(path, headers=ENGLISH)).text()
    found = re.search(r'name="change.seen" value="(\d*)"', text)
    assert found, text
    return found[1]


async def page(client: Client, path: str, language: str = "en", status: int = 200) -> str:
    answer = await client.get(path, headers={"Accept-Language": language})
    assert answer.status == status, path
    return await answer.text()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_of_every_kind(language: str, visit: Visit, console: Console) -> None:
    ada = await visit("ada")
    for kind in Kind:
        if kind is not Kind.CENTRE:
            await page(ada, f"/centre/{kind}", language)
            await page(ada, f"/centre/new/{kind}", language)
            empty = await ada.post(f"/centre/new/{kind}", headers={"Accept-Language": language})
            assert empty.status == 400
            assert "invalid-feedback" in await empty.text()
    vip = CallerSettings(number="138", treatment=Treatment.VIP)
    await set_up(console, vip)
    for kind in Kind:
        for key in (await console.directory.read()).directory.things.get(kind, {}):
            for more in ("", "/remove", "/history"):
                await page(ada, f"/centre/{kind}/{key}{more}", language)
            await page(ada, f"/centre/new/{kind}?like={key}", language)
            assert key in await page(ada, f"/centre/{kind}?q={key}", language)
    for path in ("/centre", "/centre/centre/centre", "/centre/history", "/centre/history/1"):
        await page(ada, path, language)


async def test_a_new_centre_says_what_to_do_first(visit: Visit) -> None:
    ada = await visit("ada")
    assert 'href="/centre/new/project"' in await page(ada, "/centre")
    text = await page(ada, "/centre/queue")
    assert "You need a project and a skill first" in text and 'href="/centre/skill"' in text


async def test_a_thing_is_made_changed_copied_and_removed(visit: Visit, console: Console) -> None:
    ada = await visit("ada")
    answer = await ada.post("/centre/new/project", {"name": "tea", "title": " 清泉茶业 "})
    assert answer.headers["Location"] == "/centre/project/tea?done=created"
    await ada.post("/centre/new/skill", {"name": "sales"})
    form = {"name": "sales", "project": "tea", "skill": "sales", "wrap_up_s": "30"}
    form |= {"title.zh-CN": "销售", "change.note": "the first queue"}
    assert (await ada.post("/centre/new/queue", form)).status == 303
    queue = await thing(console, Kind.QUEUE, "sales")
    assert (queue.wrap_up_s, queue.title, queue.ring_s) == (30, {"zh-CN": "销售"}, 15)
    assert "销售" in await page(ada, "/centre/queue")
    form = {"project": "tea", "skill": "sales", "wrap_up_s": "40", "min_level": "2"}
    form["change.seen"] = await seen(ada, "/centre/queue/sales")
    assert (await ada.post("/centre/queue/sales", form)).status == 303
    assert (await thing(console, Kind.QUEUE, "sales")).wrap_up_s == 40
    copied = await page(ada, "/centre/new/queue?like=sales")
    assert 'name="wrap_up_s" value="40"' in copied and 'name="name" value=""' in copied
    at = {"change.seen": await seen(ada, "/centre/queue/sales/remove")}
    assert (await ada.post("/centre/queue/sales/remove", at)).status == 303
    assert await thing(console, Kind.QUEUE, "sales") is None
    assert "the first queue" in await page(ada, "/centre/queue/sales/history")


async def test_mistakes_are_beside_their_settings_and_nothing_typed_is_lost(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada = await visit("ada")
    form = {"name": "a b", "project": "nowhere", "skill": "sales", "ring_s": "many"}
    form |= {"wrap_up_s": "99999", "title.en": "x" * 300, "change.note": "kept too"}
    answer = await ada.post("/centre/new/queue", form, headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 400
    for name, typed in (("name", "a b"), ("ring_s", "many"), ("wrap_up_s", "99999")):
        assert f'name="{name}" value="{typed}"' in text
        assert f'id="wrong-{name}-1"' in text
    for kept in ("x" * 300, "kept too", "Enter 3600 or less.", "Enter a number."):
        assert kept in text
    form = {"name": "fine", "project": "nowhere", "skill": "sales"}
    text = await (await ada.post("/centre/new/queue", form, headers=ENGLISH)).text()
    assert "Project “nowhere” doesn" in text and 'id="wrong-project-1"' in text
    assert '<option value="nowhere" selected>' in text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "'; drop table users; --", "{{7*7}}"]
)
async def test_a_title_may_have_any_character(name: str, visit: Visit, console: Console) -> None:
    ada = await visit("ada")
    await ada.post("/centre/new/project", {"name": "tea", "title": name})
    assert (await thing(console, Kind.PROJECT, "tea")).title == name
    for path in ("/centre/project", "/centre/project/tea", "/centre/history/1"):
        assert "<script>alert" not in await page(ada, path)
    answer = await ada.post("/centre/new/project", {"name": "b", "title": "x" * 10_000})
    assert answer.status == 400
    assert "x" * 10_000 in await answer.text()


async def test_the_second_to_save_sees_what_the_first_changed(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada, otto = await visit("ada"), await visit("otto")
    path, fixed = "/centre/queue/sales", {"project": "tea", "skill": "sales", "min_level": "1"}
    at = {"change.seen": await seen(ada, path)}
    first = {**fixed, **at, "wrap_up_s": "45", "ring_s": "25", "change.note": "slower"}
    assert (await otto.post(path, first)).status == 303
    second = {**fixed, **at, "wrap_up_s": "60", "ring_s": "15", "max_wait_s": "300"}
    for usual, value in (("priority", "0"), ("service_level_s", "20"), ("short_abandon_s", "5")):
        first[usual] = second[usual] = value
    answer = await ada.post(path, second, headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 409
    assert "otto has changed this meanwhile" in text and "slower" in text
    assert (await thing(console, Kind.QUEUE, "sales")).wrap_up_s == 45
    # Ours where we typed something, theirs where we did not.
    for name, value in (("wrap_up_s", "60"), ("max_wait_s", "300"), ("ring_s", "25")):
        assert f'name="{name}" value="{value}"' in text
    found = re.search(r'name="change.seen" value="(\d*)"', text)
    assert found
    second |= {"change.seen": found[1], "ring_s": "25"}
    assert (await ada.post(path, second)).status == 303
    queue = await thing(console, Kind.QUEUE, "sales")
    assert (queue.wrap_up_s, queue.ring_s, queue.max_wait_s) == (60, 25, 300)


class OvertakenTwice(DirectoryService):
    """A directory in which a third change comes while the second to save is refused."""

    third: WishedThing | None = None

    async def change(self, actor: Actor, wishes: Any, **about: Any) -> DirectoryChange:
        try:
            return await super().change(actor, wishes, **about)
        except ChangeConflict:
            if self.third is not None:
                third, self.third = self.third, None
                await super().change(SYSTEM, [third])
            raise


async def test_a_third_change_is_not_saved_over_either(visit: Visit, console: Console) -> None:
    console.app[DIRECTORY] = late = OvertakenTwice(DirectoryStore(console.database.pool))
    await set_up(console)
    ada, otto = await visit("ada"), await visit("otto")
    path = "/centre/project/tea"
    at = {"change.seen": await seen(ada, path)}
    assert (await otto.post(path, {"title": "Second", **at})).status == 303
    project = await thing(console, Kind.PROJECT, "tea")
    late.third = WishedThing(
        Kind.PROJECT, "tea", project.model_copy(update={"title": "Third"}), ANY
    )
    answer = await ada.post(path, {"title": "Mine", **at}, headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 409
    differs = text.partition('id="overtaken"')[2].partition('id="thing"')[0]
    assert "Third" in differs and "Second" not in differs  # what saving now would overwrite


async def test_what_somebody_removed_meanwhile_can_be_made_again(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada, other = await visit("ada"), await visit("ada")
    path = "/centre/caller/138"
    await ada.post("/centre/new/caller", {"number": "138", "treatment": "vip"})
    at = {"change.seen": await seen(ada, path)}
    await other.post(f"{path}/remove", at)
    form = {"treatment": "blocked", **at}
    answer = await ada.post(path, form, headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 409
    assert "ada has removed this meanwhile" in text
    assert 'name="change.seen" value=""' in text
    assert (await ada.post(path, form | {"change.seen": ""})).status == 303
    assert (await thing(console, Kind.CALLER, "138")).treatment is Treatment.BLOCKED


async def test_a_name_that_is_taken_is_not_overwritten(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    answer = await ada.post(
        "/centre/new/project", {"name": "tea", "title": "Other"}, headers=ENGLISH
    )
    assert answer.status == 409
    assert "There is one of this name already" in await answer.text()
    assert (await thing(console, Kind.PROJECT, "tea")).title == "Tea"


async def test_what_others_need_is_not_removed(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    text = await page(ada, "/centre/skill/sales/remove")
    assert 'href="/centre/queue/sales"' in text and 'href="/centre/agent/1001"' in text
    assert "btn-danger" not in text
    answer = await ada.post("/centre/skill/sales/remove", {"change.seen": "1"})
    assert answer.status == 400
    assert await thing(console, Kind.SKILL, "sales") is not None


async def test_a_change_is_undone_and_says_so(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    path = "/centre/project/tea"
    at = {"change.seen": await seen(ada, path)}
    await ada.post(path, {"title": "Coffee", **at})
    text = await page(ada, "/centre/history/2")
    assert "Tea" in text and "Coffee" in text and 'id="undo"' in text
    answer = await ada.post("/centre/history/2/undo", {"change.note": "a joke"})
    assert answer.headers["Location"] == "/centre/history/3?done=undone"
    assert (await thing(console, Kind.PROJECT, "tea")).title == "Tea"
    text = await page(ada, "/centre/history/2")
    assert 'id="undone"' in text and 'id="undo"' not in text
    assert "a joke" in await page(ada, f"{path}/history")


async def test_an_undo_that_would_lose_a_later_change_says_whose(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada = await visit("ada")
    path = "/centre/project/tea"
    for title in ("Coffee", "Cocoa"):
        await ada.post(path, {"title": title, "change.seen": await seen(ada, path)})
    answer = await ada.post("/centre/history/2/undo", headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 409
    assert "change 3 by ada" in text and f'href="{path}"' in text
    assert (await thing(console, Kind.PROJECT, "tea")).title == "Cocoa"
    # Undoing the first change would leave nothing that the later ones were about.
    assert (await ada.post("/centre/history/1/undo")).status == 409
    for unknown in ("0", "99", "9" * 30, "x"):
        assert (await ada.get(f"/centre/history/{unknown}")).status == 404


# Who may


async def test_others_projects_are_neither_seen_nor_changed(visit: Visit, console: Console) -> None:
    both = AgentSettings(code="1005", name="陈静", projects=("tea", "bank"))
    banks = AgentSettings(code="1008", name="孙丽", projects=("bank",))
    shared = CallerSettings(number="555", treatment=Treatment.VIP, projects=("bank", "tea"))
    await set_up(console, both, banks, shared)
    bank_only = [
        WishedThing(Kind.PROJECT, "bank", ProjectSettings(name="bank", title="Harbour"), 1)
    ]
    await console.directory.change(SYSTEM, bank_only, note="about the bank")
    for name in ("otto", "sue"):
        client = await visit(name)
        pages = ["/centre", "/centre/project", "/centre/agent", "/centre/agent/1005"]
        pages += ["/centre/caller", "/centre/caller/555", "/centre/history", "/centre/history/1"]
        pages += ["/centre/agent/1005/history", "/centre/new/queue", "/centre/project/tea/remove"]
        for path in pages:
            text = await page(client, path)
            for secret in ("bank", "Bank", "Harbour", "孙丽"):
                assert secret not in text, (path, secret)
        for path in ("/centre/project/bank", "/centre/agent/1008", "/centre/history/2"):
            assert (await client.get(path)).status == 404, path
        assert (await client.post("/centre/project/bank", {"title": "Ours"})).status == 404
        assert (await client.post("/centre/agent/1008/secret", {"what": "pin"})).status == 404
        assert (await client.post("/centre/history/2/undo")).status == 404
        assert (await client.post("/centre/history/1/undo")).status == 403
    assert (await thing(console, Kind.PROJECT, "bank")).title == "Harbour"


async def test_operations_of_some_projects(visit: Visit, console: Console) -> None:
    both = AgentSettings(code="1005", name="陈静", projects=("tea", "bank"))
    await set_up(console, both)
    otto = await visit("otto")
    assert 'id="thing"' in await page(otto, "/centre/agent/1001")
    for path in ("/centre/agent/1005", "/centre/skill/sales", "/centre/calendar/office"):
        # Each page has the dialog that asks whether a change is meant.
        text, _, _ = (await page(otto, path)).partition('<dialog class="confirm"')
        assert 'id="thing"' not in text and "btn-primary" not in text, path
    assert "/centre/new/skill" not in await page(otto, "/centre/skill")
    assert (await otto.get("/centre/new/skill")).status == 403
    assert (await otto.get("/centre/line/carrier")).status == 404
    form = {"name": "Chen", "projects": "tea", "change.seen": "1"}
    assert (await otto.post("/centre/agent/1005", form)).status == 403
    assert (await otto.post("/centre/new/skill", {"name": "x"})).status == 403
    text = await page(otto, "/centre/skill/sales/remove")
    assert "btn-danger" not in text


async def test_supervisors_change_agents_of_their_teams(visit: Visit, console: Console) -> None:
    other = WANG.model_copy(update={"code": "1002", "team": None})
    await set_up(console, other)
    sue = await visit("sue")
    assert 'id="thing"' not in await page(sue, "/centre/agent/1001")
    await console.users.change(
        "sue", by="test", role=Role.SUPERVISOR, projects={TEA}, agent=None, language=None,
        teams={TeamName("red")},
    )  # fmt: skip
    sue = await visit("sue")
    assert 'id="thing"' in await page(sue, "/centre/agent/1001")
    assert 'id="thing"' not in await page(sue, "/centre/agent/1002")
    form = {"name": "王芳", "projects": "tea", "team": "red", "skills.sales": "7"}
    form["change.seen"] = await seen(sue, "/centre/agent/1001")
    assert (await sue.post("/centre/agent/1001", form)).status == 303
    assert (await thing(console, Kind.AGENT, "1001")).skills == {"sales": 7}
    form["change.seen"] = await seen(sue, "/centre/agent/1001")
    assert (await sue.post("/centre/agent/1001", form | {"team": ""})).status == 403
    assert (await sue.post("/centre/agent/1002/secret", {"what": "pin"})).status == 403


async def test_operations_of_all_projects(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    form = {"role": "ops", "all": "yes", "agent": "", "language": ""}
    assert (await ada.post("/users/otto", form)).status == 303
    otto = await visit("otto")
    assert 'id="thing"' in await page(otto, "/centre/skill/sales")
    assert 'id="thing"' in await page(otto, "/centre/project/bank")
    assert 'id="thing"' not in await page(otto, "/centre/line/carrier")
    assert (await otto.post("/centre/new/line", {"name": "x", "kind": "trunk"})).status == 403
    qa = {"role": "qa", "all": "yes", "agent": "", "language": ""}
    assert (await ada.post("/users/quinn", qa)).status == 400


# What is shown once


async def secrets_of(console: Console) -> Mapping[Any, str]:
    rows = await console.database.pool.fetch("select kind, key, secret from directory_secrets")
    return {(row["kind"], row["key"]): row["secret"] for row in rows}


SETUP = re.compile(r"http://[^/]+(/phone-setup/[\w-]{43})")


def told(text: str, label: str) -> str:
    found = re.search(rf"<dt[^>]*>{re.escape(label)}</dt><dd[^>]*><code>([^<]*)</code>", text)
    assert found, (label, text)
    return found[1]


async def test_a_new_phone_gets_a_password_that_is_shown_once(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada = await visit("ada")
    answer = await ada.post(
        "/centre/new/station", {"name": "2001", "kind": "softphone"}, headers=ENGLISH
    )
    text = await answer.text()
    assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
    password = told(text, "Password")
    assert (told(text, "SIP server"), told(text, "Port")) == ("127.0.0.1", "5060")
    assert (await secrets_of(console))["station", "2001"] == digest("2001", password)
    assert password not in await page(ada, "/centre/station/2001")
    first = SETUP.findall(text)
    assert len(first) == 1 and 'class="qr-code"' in text
    assert SETUP.findall(await page(ada, "/centre/station/2001")) == []
    for path in ("/centre/history", "/centre/history/2"):
        assert password not in await page(ada, path)
    answer = await ada.post("/centre/station/2001/secret", {"what": "password"}, headers=ENGLISH)
    text = await answer.text()
    renewed = told(text, "Password")
    assert renewed != password
    linphone = {"X-Linphone-Provisioning": "1"}
    assert (await ada.get(first[0], headers=linphone)).status == 404
    settings = await ada.get(SETUP.findall(text)[0], headers=linphone)
    assert digest("2001", renewed) in await settings.text()
    assert (await secrets_of(console))["station", "2001"] == digest("2001", renewed)
    assert "got a new password" in await page(ada, "/centre/station/2001/history")


async def test_lines_register_here_or_authenticate_to_a_carrier(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada = await visit("ada")
    form = {"name": "gateway", "kind": "fxo", "channels": "8", "country": "CN"}
    text = await (await ada.post("/centre/new/line", form, headers=ENGLISH)).text()
    password = told(text, "Password")
    assert (await secrets_of(console))["line", "gateway"] == digest("gateway", password)
    form = {"name": "sip", "kind": "trunk", "host": "carrier.example", "channels": "30"}
    form |= {"country": "CN", "account": "yes", "account.user": "4711"}
    answer = await ada.post("/centre/new/line", form, headers=ENGLISH)
    assert answer.status == 400
    assert 'id="wrong-console.carrier_password-1"' in await answer.text()
    form["console.carrier_password"] = "from the carrier"
    assert (await ada.post("/centre/new/line", form)).status == 303
    assert (await secrets_of(console))["line", "sip"] == "from the carrier"
    form |= {"console.carrier_password": "", "channels": "60", "calls_per_second": "0.5"}
    form["change.seen"] = await seen(ada, "/centre/line/sip")
    assert (await ada.post("/centre/line/sip", form)).status == 303
    assert (await secrets_of(console))["line", "sip"] == "from the carrier"
    text = await page(ada, "/centre/line/sip")
    assert "from the carrier" not in text and "Calls out a second" in text and 'value="0.5"' in text
    form |= {"calls_per_second": "0", "change.seen": await seen(ada, "/centre/line/sip")}
    assert (await ada.post("/centre/line/sip", form)).status == 400


async def test_a_new_agent_can_sign_in_and_log_in(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    form = {"code": "3001", "name": "赵磊", "projects": "tea", "console.with_user": "yes"}
    form |= {"missed_before_away": "1", "console.user": "sue", "change.seen": ""}
    answer = await ada.post("/centre/new/agent", form, headers=ENGLISH)
    assert answer.status == 400
    assert "User sue already exists" in await answer.text()
    assert await thing(console, Kind.AGENT, "3001") is None  # all or nothing
    answer = await ada.post("/centre/new/agent", form | {"console.user": ""}, headers=ENGLISH)
    text = await answer.text()
    pin, password = told(text, "PIN"), told(text, "Password")
    assert re.fullmatch("[0-9]{4}", pin)
    assert pin not in (await secrets_of(console))["agent", "3001"]
    user = await console.users.of_agent(AgentCode("3001"))
    assert user is not None and (user.name, user.role) == ("3001", Role.AGENT)
    assert (await (await visit()).sign_in("3001", password)).status == 303
    answer = await ada.post("/centre/agent/3001/secret", {"what": "password"}, headers=ENGLISH)
    assert (await (await visit()).sign_in("3001", password)).status == 401
    password = told(await answer.text(), "Password")
    assert (await (await visit()).sign_in("3001", password)).status == 303
    before = (await secrets_of(console))["agent", "3001"]
    await ada.post("/centre/agent/3001/secret", {"what": "pin"})
    assert (await secrets_of(console))["agent", "3001"] != before


async def test_nobody_takes_over_an_admin_by_their_agents_code(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    await console.users.change(
        "amy", by="test", role=Role.ADMIN, projects=None, agent=AgentCode("1001"), language=None
    )
    otto = await visit("otto")
    answer = await otto.post("/centre/agent/1001/secret", {"what": "password"})
    assert answer.status == 400
    assert (await (await visit()).sign_in("amy", PASSWORD)).status == 303


async def test_a_broken_address_is_not_found(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    for path in ("/centre/nothing", "/centre/queue/nothing", "/centre/queue/nothing/remove"):
        assert (await ada.get(path)).status == 404
    assert (await ada.post("/centre/new/centre", {})).status == 404
    assert (await ada.get("/centre/queue?page=99999999999&q=%00")).status == 400
    assert (await ada.get("/centre/queue?page=" + "9" * 5000)).status == 200
    assert (await ada.post("/centre/queue/sales", {"change.seen": "9" * 5000})).status == 400
    assert BANK.title not in await page(await visit("sue"), "/centre/project")


async def test_a_blocked_number_is_kept_as_calls_are_recorded(
    visit: Visit, console: Console
) -> None:
    line = LineSettings(name="one", kind=LineKind.TRUNK, numbers_in=NumberFormat.NATIONAL)
    await set_up(console, line)
    ada = await visit("ada")
    form = {"number": "138 0013 8000", "treatment": "blocked"}
    answer = await ada.post("/centre/new/caller", form)
    assert answer.headers["Location"] == "/centre/caller/%2B8613800138000?done=created"
    assert await thing(console, Kind.CALLER, "+8613800138000") is not None
    text = await page(ada, "/centre/caller?q=138 0013")
    assert "+86 138 0013 8000" in text
    again = {"number": "13800138000", "treatment": "vip"}
    there = await ada.post("/centre/new/caller", again, headers=ENGLISH)
    assert there.status == 409 and "There is one of this name already" in await there.text()
    wrong = form | {"number": "138001380008000123"}
    for language, said in (("en", "CN doesn't have so many digits"), ("zh-CN", "位数不符合 CN")):
        refused = await ada.post("/centre/new/caller", wrong, headers={"Accept-Language": language})
        text = await refused.text()
        assert refused.status == 400 and said.replace("'", "&#39;") in text
        assert 'value="138001380008000123"' in text


async def test_each_of_many_has_its_history(visit: Visit, console: Console) -> None:
    agents = [AgentSettings(code=str(5000 + n), name="x", projects=("tea",)) for n in range(300)]
    await set_up(console, *agents)
    ada = await visit("ada")
    assert 'href="/centre/history/1"' in await page(ada, "/centre/agent/5299/history")


async def test_the_same_again_is_there_already(visit: Visit, console: Console) -> None:
    ada = await visit("ada")
    for status in (200, 409):
        assert (await ada.post("/centre/new/station", {"name": "1001"})).status == status
    assert len(await console.directory.history(Kind.STATION, "1001")) == 1


async def test_what_was_removed_meanwhile_is_made_anew(visit: Visit, console: Console) -> None:
    ada = await visit("ada")
    answer = await ada.post("/centre/station/1001", {"note": "by the window"}, headers=ENGLISH)
    assert answer.status == 200 and 'id="credentials"' in await answer.text()
    assert await thing(console, Kind.STATION, "1001") is not None
    assert 'id="lacks-secret"' not in await page(ada, "/centre/station/1001")


async def test_a_missing_secret_is_said(visit: Visit, console: Console) -> None:
    await set_up(console)
    ada = await visit("ada")
    assert 'id="lacks-secret"' in await page(ada, "/centre/agent/1001")
    await ada.post("/centre/agent/1001/secret", {"what": "pin"})
    assert 'id="lacks-secret"' not in await page(ada, "/centre/agent/1001")
    assert 'id="lacks-secret"' not in await page(ada, "/centre/project/tea")
    text = await page(ada, "/centre/history/1")
    assert text.count("Phone 1001</a></li>") == 1 and 'id="lacking"' in text


async def test_what_holds_for_the_whole_centre_stays(visit: Visit) -> None:
    ada = await visit("ada")
    assert (await ada.post("/centre/centre/centre/remove")).status == 404


async def test_an_undo_says_nothing_of_others_things(visit: Visit, console: Console) -> None:
    await set_up(console)
    await console.users.create("tess", PASSWORD, Role.OPS, by="test", projects=[TEA])
    tess = await visit("tess")
    form = {"name": "mine", "project": "tea", "skill": "sales"}
    assert (await tess.post("/centre/new/queue", form)).status == 303
    (made,) = await console.directory.history(limit=1)
    led = HotlineSettings(number="4009990000", project="bank", flow="hotline", queue="mine")
    await console.directory.change(SYSTEM, [WishedThing(Kind.HOTLINE, led.key, led, None)])
    answer = await tess.post(f"/centre/history/{made.id}/undo", headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 400 and "1 more that you can't see" in text
    assert "4009990000" not in text
