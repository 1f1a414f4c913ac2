"""The lead report: who each customer is, who followed them up, and what comes next."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from campaigns.dispositions import Disposal, Disposition, Dispositions
from campaigns.lead_details import LeadDetail, detail_of
from campaigns.lead_lists import ListRefused
from campaigns.lead_report import Follows, LeadReports, ReportedLead
from domain.roles import Actor, Role
from tests.campaigns.attempt_facts import ANN, missed, spoken
from tests.campaigns.campaigns_scene import BANK, NOON, OPS, TEA, CampaignScene

CLIENT = Actor("cleo", Role.CLIENT, frozenset({TEA}))


async def report(scene: CampaignScene, into: int, **more: Any) -> dict[str, ReportedLead]:
    """The rows of a list by the lead's name."""
    found = await LeadReports(scene.database.pool).page(CLIENT, into, **more)
    return {one.lead.name: one for one in found}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ("", "", "", "")),
        ({"公司名称": "春山茶业", "联系人": "李娜", "邮箱": "a@b.cn", "现用产品": "绿茶"},
         ("春山茶业", "李娜", "a@b.cn", "绿茶")),
        ({"Company": " Tea Ltd ", "E-Mail (work)": "x@y.z", "Current product": 3},
         ("Tea Ltd", "", "x@y.z", "3")),
        ({"email": " ", "E-mail address": "x@y.z", "Productivity": "high"},
         ("", "", "x@y.z", "")),
    ],
)  # fmt: skip
def test_columns_are_found_by_their_headings(
    fields: Mapping[str, object], found: tuple[str, ...]
) -> None:
    details = LeadDetail.COMPANY, LeadDetail.CONTACT, LeadDetail.EMAIL, LeadDetail.PRODUCT
    assert tuple(detail_of(fields, detail) for detail in details) == found


async def test_each_lead_says_what_follows(scene: CampaignScene) -> None:
    into = await scene.new_list()
    later = NOON + timedelta(days=30_000)
    plan: dict[str, tuple[dict[str, Any], Follows]] = {
        "due": ({}, Follows.DUE),
        "later": ({"next_at": later, "held_by": "gap"}, Follows.LATER),
        "callback": ({"callback_at": later, "callback_agent": "1001"}, Follows.CALLBACK),
        "paused": ({"state": "paused"}, Follows.PAUSED),
        "won": ({"state": "finished", "why": "success"}, Follows.SUCCESS),
        "no": ({"state": "finished", "why": "refused"}, Follows.REFUSED),
        "met": ({"state": "finished", "why": "appointment"}, Follows.APPOINTMENT),
        "twice": ({"state": "finished", "why": "duplicate"}, Follows.DUPLICATE),
        "talked": ({"state": "finished", "why": "spoken"}, Follows.SPOKEN),
        "used up": ({"state": "finished", "why": "attempts"}, Follows.ATTEMPTS),
        "odd": ({"state": "finished", "why": "of a later version"}, Follows.FINISHED),
        "dead": ({"state": "invalid", "why": "invalid"}, Follows.INVALID),
        "barred": ({"state": "do_not_call", "why": "do_not_call"}, Follows.DO_NOT_CALL),
    }
    for number, (name, (columns, _)) in enumerate(plan.items()):
        await scene.lead(into, f"+86138000001{number:02}", name=name, **columns)
    held = await scene.lead(into, "+8613800000199", name="held", held_by="consent")
    gone = await scene.lead(into, "+8613800000198", name="gone", state="removed")
    pool = scene.database.pool
    await pool.execute("update leads set next_at = 'infinity' where lead = $1", held)
    found = await report(scene, into)
    wanted = {name: follows for name, (_, follows) in plan.items()} | {"held": Follows.HELD}
    assert {name: one.follows for name, one in found.items()} == wanted, gone
    assert (found["later"].at, found["callback"].at, found["due"].at) == (later, later, None)
    going = {name for name, one in found.items() if one.goes_on}
    assert going == {"due", "later", "callback", "paused", "held"}
    await pool.execute("update lists set state = 'paused'")
    found = await report(scene, into)
    assert (found["due"].follows, found["won"].follows) == (Follows.LIST_PAUSED, Follows.SUCCESS)


async def test_who_followed_up_and_whether_they_are_known(scene: CampaignScene) -> None:
    into, other = await scene.new_list(), await scene.new_list()
    fields = {"公司": "春山茶业", "现用产品": "=1+1"}
    await scene.lead(into, "+8613800000001", name="李娜", fields=fields)
    await scene.lead(into, "+8613800000002", name="张伟")
    await scene.lead(into, "+8613800000003", name="王芳")
    await scene.lead(other, "+8613800000001", name="again")
    await scene.start(lists=[into])
    by_name = {one.lead.name: await scene.reserve(one) for one in await scene.claim(3)}
    await scene.happened(*spoken(by_name["李娜"]), *missed(by_name["张伟"]))
    said = Disposal(Disposition.REFUSED, "too dear", "perhaps in May")
    await Dispositions(scene.database.pool).dispose(by_name["李娜"], ANN, said)
    found = await report(scene, into)
    first = found["李娜"]
    assert (first.known, first.agent, first.follows) == (True, ANN, Follows.REFUSED)
    assert (first.customer, first.contact, first.product) == ("春山茶业", "李娜", "=1+1")
    assert (first.sub_reason, first.note) == ("too dear", "perhaps in May")
    second = found["张伟"]
    assert (second.known, second.agent, second.customer) == (False, None, "张伟")
    assert {"李娜", "张伟"} == set(await report(scene, into, called=True))
    (again,) = (await report(scene, other)).values()
    assert again.known, "the project has talked with this number"


async def test_a_list_is_read_in_parts_by_those_who_may(scene: CampaignScene) -> None:
    into, banks = await scene.new_list(), await scene.new_list(BANK)
    await scene.leads(into, 2_500)
    reports = LeadReports(scene.database.pool)
    keys = [one.lead.key async for part in reports.all(CLIENT, into) for one in part]
    assert len(keys) == len(set(keys)) == 2_500
    page = await reports.page(CLIENT, into, limit=3)
    rest = await reports.page(CLIENT, into, after=page[-1].lead.key, limit=2)
    assert [one.lead.key for one in (*page, *rest)] == keys[:5]
    for number in (banks, 99_999):
        with pytest.raises(ListRefused):
            await reports.page(CLIENT, number)
    with pytest.raises(ListRefused):
        await reports.page(Actor("amy", Role.AGENT, frozenset({TEA})), into)
    assert len(await reports.page(OPS, into, limit=1)) == 1
