"""Entry rules on a number's page: filled in, counted, and shown if they can never hold."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from centre.kinds import Kind
from domain.call_facts import EntryRuleHeld
from domain.facts import CallFact
from domain.identity import CallId
from records.writing import write
from storage.database import connection
from storage.fact_codec import stored
from tests.centre.small import HOTLINE
from tests.console.centre.test_things import page, seen, set_up, thing
from tests.console.conftest import Console, Visit

FORM = {
    "project": "tea", "flow": "hotline", "queue": "sales",
    "rules.0.name": "regulars", "rules.0.flow": "greeting", "rules.0.callers": "138 0013*, 010*",
    "rules.1.name": "shadowed", "rules.1.flow": "greeting", "rules.1.callers": "0106*",
    "rules.1.known": "vip",
    "rules.4.name": "night", "rules.4.flow": "greeting", "rules.4.hours": "22:00 – 6:00",
    "rules.4.calendar": "office", "rules.4.while_closed": "yes", "rules.4.last_day": "2020-01-01",
    "rules.5.name": "crowd", "rules.5.flow": "greeting", "rules.5.waiting": "5",
}  # fmt: skip


async def held(console: Console, rule: str, days_ago: float) -> None:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    what = EntryRuleHeld(HOTLINE.number, rule, "greeting")
    async with connection(console.database.pool) as db:
        await write(db, [stored(CallFact(str(uuid4()), CallId(f"pbx1-{uuid4()}"), at, what))])


def rows(text: str) -> list[str]:
    table = text.partition('id="rules"')[2].partition("</section>")[0]
    cells = [re.sub(r"<[^>]+>", " ", row) for row in table.split("<tr>")[2:]]
    return [" ".join(row.split()) for row in cells]


async def test_rules_are_filled_in_counted_and_their_deaths_told(
    visit: Visit, console: Console
) -> None:
    await set_up(console)
    ada = await visit("ada")
    path = f"/centre/hotline/{HOTLINE.number}"
    assert rows(await page(ada, path)) == []
    form = FORM | {"change.seen": await seen(ada, path)}
    answer = await ada.post(path, form)
    assert answer.status == 303, await answer.text()
    kept = (await thing(console, Kind.HOTLINE, HOTLINE.number)).rules
    assert [rule.name for rule in kept] == ["regulars", "shadowed", "night", "crowd"]
    assert kept[0].callers == ("1380013*", "010*") and kept[2].hours == ("22:00-06:00",)
    assert (kept[2].while_closed, kept[0].while_closed, kept[3].waiting) == (True, False, 5)

    for rule, days in (("regulars", 1), ("regulars", 6.9), ("regulars", 30), ("crowd", 40)):
        await held(console, rule, days)
    text = await page(ada, path)
    assert re.findall(r"The rule “(\w+)” never holds", text) == ["shadowed", "night"], "at the top"
    first, second, third, fourth = rows(text)
    assert first.startswith("regulars greeting 2 2") and "never" not in first
    assert "“regulars”, which comes before" in second and second.endswith("0 never")
    assert "its last day has passed" in third
    assert fourth.startswith("crowd greeting 0 2"), "not in this week"
    assert 'name="rules.0.callers" value="1380013*, 010*"' in text
    assert 'name="rules.2.hours" value="22:00-06:00"' in text
    assert "永远不会成立" in await page(ada, path, "zh-CN")
    told = await (await ada.get(f"/api/v1/numbers/{HOTLINE.number}/rules")).json()
    assert [(one["rule"], one["times"], one["never"]) for one in told["rules"]] == [
        ("regulars", 2, None), ("shadowed", 0, "shadowed"), ("night", 0, "days_past"),
        ("crowd", 0, None),
    ]  # fmt: skip
    assert told["flow"] == "hotline" and told["rules"][1]["about"] == "regulars"
    ben = await visit("ben")  # of the bank
    assert (await ben.get(f"/api/v1/numbers/{HOTLINE.number}/rules")).status == 404
    change = await page(ada, "/centre/history/2")
    assert "Callers&#39; numbers: 1380013*, 010*" in change, "what was changed can be read"

    again = FORM | {"rules.1.name": "regulars", "rules.5.flow": "nowhere", "queue": ""}
    answer = await ada.post(path, again | {"change.seen": await seen(ada, path)})
    text = await answer.text()
    assert answer.status == 400 and 'id="wrong-rules.1.name-1"' in text
    assert 'id="wrong-rules.3.queue-1"' in text, "nobody says whose crowd is meant"
