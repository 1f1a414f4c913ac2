"""Which flows a call meets: the newest edition, or the one that it has entered with."""

import asyncio
from collections.abc import Iterable

import pytest
from structlog.testing import capture_logs

from domain.prompts import PromptText
from engine import flows_in_force
from engine.flows_in_force import FlowsInForce, loaded
from publishing.flow_words import FlowEdition
from storage.database_errors import DatabaseUnreachable
from tests.waiting import until

TEXT = """\
flow: menu
languages: [en]
start: hello
prompts: {hello: {en: Hello}}
nodes:
  hello: {kind: say, prompts: hello, exits: {next: bye}}
  bye: {kind: hangup}
"""


def edition(number: int, said: str = "Hello", **more: str) -> FlowEdition:
    texts = {"menu": TEXT.replace("Hello}", f"{said}}}"), **more}
    return FlowEdition(number, texts, dict.fromkeys(texts, number))


class Published:
    """Editions in a database that may be away, and prompts that may take their time."""

    def __init__(self) -> None:
        self.editions = {1: edition(1, "One"), 2: edition(2, "Two")}
        self.away = False
        self.asked: list[int] = []
        self.warmed: list[str] = []
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.flows = FlowsInForce(loaded(self.editions[1]), self.ask, self.warm)

    async def ask(self, number: int) -> FlowEdition:
        self.asked.append(number)
        if self.away:
            raise DatabaseUnreachable("nobody answers")
        return self.editions.get(number, FlowEdition(number, {}, {}))

    async def warm(self, texts: Iterable[PromptText]) -> None:
        await self.speaks.wait()
        self.warmed += [text.text for text in texts]

    def said(self, flows: flows_in_force.FlowsOfEdition) -> str:
        return flows.flows["menu"].prompts["hello"].texts["en"]


async def test_the_next_call_meets_the_newest_and_others_keep_theirs() -> None:
    one = Published()
    entered = await one.flows.of(None)
    await one.flows.take(one.editions[2])
    assert one.said(await one.flows.of(None)) == "Two" and entered.revisions == {"menu": 1}
    assert await one.flows.of(1) is entered and one.asked == []
    assert one.warmed == ["Two"]
    one.speaks.clear()
    await one.flows.take(edition(3, "One"))  # rolled back: nothing is new, and nothing waits
    assert one.said(one.flows.newest) == "One"
    assert one.flows["menu"] is entered.flows["menu"], "editions share what is the same"


async def test_a_new_controller_asks_for_the_editions_of_calls_once() -> None:
    one = Published()
    await one.flows.take(edition(9, "Nine"))
    found = await asyncio.gather(*(one.flows.of(2) for _ in range(50)))
    assert {one.said(each) for each in found} == {"Two"} and one.asked == [2]


@pytest.mark.parametrize("away", [True, False])
async def test_an_edition_that_cannot_be_had_costs_no_call(away: bool) -> None:
    one = Published()
    one.away = away
    with capture_logs() as logs:
        assert await one.flows.of(77) is one.flows.newest
    assert [line["edition"] for line in logs] == [77]


async def test_slow_speech_holds_an_edition_up_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flows_in_force, "WARM_WITHIN_S", 0.01)
    one = Published()
    one.speaks.clear()
    await one.flows.take(one.editions[2])
    assert one.said(one.flows.newest) == "Two" and one.warmed == []
    one.speaks.set()
    await until(lambda: one.warmed == ["Two"], what="the prompts, made while it serves")


async def test_until_its_prompts_are_made_the_edition_before_serves() -> None:
    one = Published()
    one.speaks.clear()
    taking = asyncio.ensure_future(one.flows.take(one.editions[2]))
    await until(lambda: bool(one.flows.warming), what="that prompts are being made")
    assert one.said(one.flows.newest) == "One"
    one.speaks.set()
    await taking
    assert one.said(one.flows.newest) == "Two" and one.warmed == ["Two"]


async def test_a_text_that_cannot_be_read_any_more_is_left_out() -> None:
    one = Published()
    with capture_logs() as logs:
        await one.flows.take(edition(5, broken="flow: ["))
    assert list(one.flows) == ["menu"]
    assert [line["flow"] for line in logs if line["log_level"] == "error"] == ["broken"]


async def test_an_older_database_that_came_back_has_other_editions() -> None:
    one = Published()
    await one.flows.take(edition(8, "Eight"))
    await one.flows.take(edition(6, "Six"))
    one.editions[8] = edition(8, "Another eight")
    assert one.said(await one.flows.of(8)) == "Another eight"


async def test_only_the_last_editions_are_remembered() -> None:
    one = Published()
    for number in range(2, 200):
        await one.flows.take(edition(number, f"Number {number}"))
    assert one.said(await one.flows.of(199)) == "Number 199" and one.asked == []
    await one.flows.of(1)
    assert one.asked == [1]
