"""The admin's page on what look-ups may use."""

from console.kit.context import FLOW_DRAFTS, LOOK_UP_RIGHTS
from domain.roles import Actor, Role
from tests.console.conftest import Console, Visit

OTTO = Actor("otto", Role.OPS, frozenset({"tea"}))
FLOW = """\
flow: orders
languages: [en]
start: ask
nodes:
  ask: {kind: look_up, url: "https://crm.example/", secrets: {Authorization: crm}, exits: {found: bye, not_found: bye, failed: bye}}
  bye: {kind: hangup}
"""  # noqa: E501


async def test_a_secret_is_saved_and_never_shown_again(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(OTTO, "tea", "orders", FLOW)
    ada = await visit("ada")
    await ada.post("/language", {"language": "en"})
    form = {"name": "crm", "project": "", "value": "Bearer s3cret-value", "note": "of <b>Carol</b>"}
    answer = await ada.post("/centre/look-ups/secrets", form)
    assert answer.headers["Location"] == "/centre/look-ups?done=secret"
    text = await (await ada.get("/centre/look-ups?done=secret")).text()
    assert "Secret saved" in text and "s3cret" not in text
    assert 'href="/flows/orders"' in text and "of &lt;b&gt;Carol" in text
    assert "ada saved the secret crm" in text
    assert console.app[LOOK_UP_RIGHTS].secret("tea", "crm") == "Bearer s3cret-value"
    for wrong in ({"name": "Crm"}, {"value": "ünsafe"}, {"value": ""}):
        answer = await ada.post("/centre/look-ups/secrets", form | wrong)
        text = await answer.text()
        assert answer.status == 400 and 'id="mistake"' in text
        assert "s3cret" not in text and "ünsafe" not in text
    assert (await ada.post("/centre/look-ups/secrets", form | {"project": "no"})).status == 400
    gone = {"name": "crm", "project": ""}
    assert (await ada.post("/centre/look-ups/secrets/remove", gone)).status == 303
    assert (await ada.post("/centre/look-ups/secrets/remove", gone)).status == 400
    assert console.app[LOOK_UP_RIGHTS].secret("tea", "crm") is None


async def test_services_inside_are_allowed_one_by_one(console: Console, visit: Visit) -> None:
    ada = await visit("ada")
    await ada.post("/language", {"language": "en"})
    assert "public addresses only" in await (await ada.get("/centre/look-ups")).text()
    form = {"address": "crm.lan:8080", "note": "the CRM"}
    assert (await ada.post("/centre/look-ups/services", form)).status == 303
    assert "crm.lan:8080" in await (await ada.get("/centre/look-ups")).text()
    for address in ("crm.lan:8080", "crm.lan", "<script>"):
        answer = await ada.post("/centre/look-ups/services", {"address": address})
        assert answer.status == 400 and "<script>" not in (await answer.text())[5000:]
    gone = {"address": "crm.lan:8080"}
    assert (await ada.post("/centre/look-ups/services/remove", gone)).status == 303
    assert console.app[LOOK_UP_RIGHTS].services() == ()


async def test_what_may_be_a_mistake_is_allowed_once_it_is_said_to_be_meant(
    console: Console, visit: Visit
) -> None:
    ada = await visit("ada")
    await ada.post("/language", {"language": "en"})
    here = "/centre/look-ups/services"
    answer = await ada.post(here, {"address": "0.0.0.0/0", "confirmed": "0.0.0.0/0"})
    text = await answer.text()
    assert answer.status == 400 and "0.0.0.0/0 is more than a centre has" in text
    assert 'name="confirmed"' not in text, "that can't be confirmed"

    asked = {"address": " 10.0.0.0/8 ", "note": "all of <it>"}
    answer = await ada.post(here, asked)
    text = await answer.text()
    assert answer.status == 400 and "10.0.0.0/8 is a large network" in text
    assert "It is not allowed yet. Tick below" in text
    assert 'name="confirmed" value="10.0.0.0/8"' in text and "all of &lt;it&gt;" in text
    for other in ("172.16.0.0/12", "1", "", "10.0.0.0/9"):
        assert (await ada.post(here, asked | {"confirmed": other})).status == 400
    assert console.app[LOOK_UP_RIGHTS].services() == ()
    assert (await ada.post(here, asked | {"confirmed": "10.0.0.0/8"})).status == 303
    text = await (await ada.get("/centre/look-ups")).text()
    assert text.count("10.0.0.0/8 is a large network") == 1, "it is warned about for ever"
    await ada.post("/language", {"language": "zh-CN"})
    text = await (await ada.post(here, {"address": "169.254.169.254"})).text()
    assert "云上的机器在 169.254.169.254 获取自己的密钥" in text and "确认：允许查询访问" in text
    assert "10.0.0.0/8 是一个很大的网络" in text
