"""Steps of flows that need no wait: what is remembered, opening hours, what is known, apologies."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from acd.events import LogIn
from centre.calendars import HolidayYear
from configuration.flows import caller_phrases
from domain.centre import Calendar, KnownCaller, Treatment
from domain.identity import AgentCode, ChannelId, LineName, NodeName, QueueName, StationName
from engine.engine import Engine
from engine.inbound.apologies import Apologies
from engine.inbound.bookmark import MOST_KEPT, Bookmark
from engine.inbound.flow_entry import known_of
from engine.inbound.flow_means import FlowMeans
from engine.inbound.opening_hours import OpeningHours
from engine.inbound.transfers import Transfers
from ivr_flows.steps import (
    Apologise,
    Left,
    OpeningState,
    QueueExit,
    TransferToAgent,
    TransferToNumber,
)
from telephony.agi.agi_wire import HungUp
from telephony.ami.link import Link
from telephony.ami.originate import Originate
from tests.engine.test_board import AMY, SALES, enter
from tests.links import TakingLink
from tests.waiting import until


@dataclass
class Remembering:
    """A channel that keeps variables as Asterisk does: a comma parts one from the next."""

    variables: dict[str, str] = field(default_factory=dict)
    times: int = 0

    async def execute(self, app: str, *args: str) -> int:
        assert app == "MSet"
        self.times += 1
        for pair in ",".join(args).split(","):
            name, _, value = pair.partition("=")
            self.variables[name] = value
        return 0

    async def long_variable(self, name: str) -> str | None:
        return self.variables.get(name)


def remembers(channel: Remembering, kept: Mapping[str, str], complain: Any = None) -> Bookmark:
    bookmark = Bookmark(cast(Any, channel), served=False, complain=complain)
    bookmark.follow(cast(Any, SimpleNamespace(kept=kept)))
    return bookmark


NAMES = st.from_regex(r"[0-9.]{0,3}[a-z][a-z0-9_]{0,9}", fullmatch=True)
NASTY = '茶, "black" = it\'s; 100% & + \\ $[1+1] ${EXTEN}) #\u2028\x00\r\n'


@given(st.dictionaries(NAMES, st.text(max_size=60) | st.just(NASTY), max_size=5))
async def test_whatever_a_flow_remembers_the_next_controller_reads(kept: dict[str, str]) -> None:
    channel = Remembering()
    await remembers(channel, kept).at("menu")
    assert await remembers(channel, {}).kept() == kept
    written = channel.variables.get("OFFHOOK_KEPT", "")
    assert written.isascii() and not set(written) & set(" ,;\"'\\${}()[]\0\r\n")


async def test_what_is_too_much_for_a_channel_is_left_out_the_longest_first() -> None:
    channel, said = Remembering(), []
    kept = {"long": NASTY * 100, "longer": NASTY * 200, "short": "12", "tea": "茶" * 500}
    bookmark = remembers(channel, kept, lambda _what, **fields: said.append(fields))
    await bookmark.at("menu")
    assert len(channel.variables["OFFHOOK_KEPT"]) <= MOST_KEPT
    assert set(await bookmark.kept()) == {"short", "tea"}
    assert said[0]["variables"] == ["long", "longer"]


async def test_it_is_written_when_the_place_or_a_variable_is_another_one() -> None:
    channel, kept = Remembering(), {"tries": "1"}
    bookmark = remembers(channel, kept)
    for _ in range(2):
        await bookmark.at("menu")
        await bookmark.remember()
    assert channel.times == 1
    kept["tries"] = "2"
    await bookmark.remember()
    await bookmark.at("menu")
    assert channel.times == 2 and channel.variables["OFFHOOK_KEPT"] == "tries=2"
    kept.clear()
    await bookmark.at("menu")
    assert channel.variables["OFFHOOK_KEPT"] == ""


WORK = (((9 * 60, 18 * 60),),) * 5 + ((), ())
NATIONAL_DAY, OUTING, SHORT_DAY = date(2026, 10, 1), date(2026, 10, 15), date(2026, 10, 2)
CALENDAR = Calendar("tea", WORK, holidays="CN", exceptions={OUTING: (), SHORT_DAY: ((600, 720),)})


@pytest.mark.parametrize(
    ("day", "hour", "state"),
    [
        (date(2026, 10, 14), 10, OpeningState.OPEN),
        (date(2026, 10, 14), 20, OpeningState.CLOSED),
        (date(2026, 10, 17), 10, OpeningState.CLOSED),  # a Saturday
        (NATIONAL_DAY, 10, OpeningState.HOLIDAY),
        (OUTING, 10, OpeningState.HOLIDAY),
        (SHORT_DAY, 10, OpeningState.OPEN),
        (SHORT_DAY, 20, OpeningState.CLOSED),
    ],
)
def test_a_calendar_says_whether_it_is_open_or_a_holiday(
    engine: Engine, day: date, hour: int, state: OpeningState
) -> None:
    """By the centre's clock, eight hours ahead of ours."""
    centre = replace(engine.centre, timezone="Asia/Shanghai")
    hours = OpeningHours(
        holidays=lambda _code, _year: HolidayYear({NATIONAL_DAY, SHORT_DAY}),
        now=lambda: datetime(day.year, day.month, day.day, hour - 8, tzinfo=UTC),
    )
    assert hours.state(CALENDAR, centre) is state


def test_a_flow_knows_who_calls_whom(engine: Engine) -> None:
    call = enter(engine)
    knows = known_of(call, engine.in_force)
    assert knows == {"caller": "13900000001", "called": "4008001000", "known": False}
    vip = {"13900000001": KnownCaller("13900000001", Treatment.VIP)}
    engine.take(replace(engine.centre, callers=vip))
    assert known_of(call, engine.in_force)["known"] is True
    for odd in (None, "", "anonymous", "1" * 500, "1\n2", "<b>"):
        call.caller = odd
        assert known_of(call, engine.in_force)["caller"] is None


def test_callers_hear_an_apology_each_and_ops_read_of_it_once() -> None:
    apologies = Apologies(caller_phrases())
    with capture_logs() as logs:
        for language in ("en", "zh-CN", "fr", "en"):
            (said,) = apologies.words(Apologise("menu", "went_round", language), "tea").prompts
            assert said.text and said.language in ("en", "zh-CN")
        apologies.words(Apologise("menu", "no_flow", "en"), "tea")
    assert [line["why"] for line in logs] == ["went_round", "no_flow"]


def transfers(engine: Engine) -> Transfers:
    no = cast(Any, None)
    means = FlowMeans(engine.sessions, engine.queued, no, no, no, engine.passes)
    return Transfers(no, enter(engine), means, no)


@pytest.mark.parametrize("line", ["carrier", "gone"])
async def test_no_number_is_called_over_a_line_that_flows_may_not_use(
    engine: Engine, line: str
) -> None:
    """And nothing is asked of Asterisk: there is no session here."""
    exits: dict[str, str] = dict.fromkeys(QueueExit, "bye")
    step = TransferToNumber("out", "+8613800000000", LineName(line), 30.0, exits)
    with capture_logs() as logs:
        assert await transfers(engine).to_number(step) == Left(QueueExit.FAILED)
    assert logs[0]["line"] == line


async def test_no_flow_calls_the_centre_itself(engine: Engine) -> None:
    """However its number is written."""
    lines = tuple(replace(line, flows_may_call=True) for line in engine.centre.lines)
    (first, *_) = engine.centre.hotlines
    own = (first, replace(first, number="01066661000"))
    engine.take(replace(engine.centre, lines=lines, hotlines=own))
    exits: dict[str, str] = dict.fromkeys(QueueExit, "bye")
    step = TransferToNumber("out", "+861066661000", LineName("carrier"), 30.0, exits)
    moves = transfers(engine)
    with capture_logs() as logs:
        assert await moves.to_number(step) == Left(QueueExit.FAILED)
    assert logs[0]["number"] == "+861066661000"


def test_a_caller_waits_for_an_agent_in_a_queue_that_they_serve(engine: Engine) -> None:
    moves = transfers(engine)
    exits: dict[str, str] = dict.fromkeys(QueueExit, "bye")
    step = TransferToAgent("amy", AMY, 30.0, exits)
    assert moves.wait_for(step, SALES, "en") is None, "they are not logged in"
    engine.floor.feed(LogIn(AMY, StationName("1001"), engine.centre.agents[0].skills))
    wait = moves.wait_for(step, QueueName("other"), "en")
    assert wait is not None and (wait.queue, wait.longest_s, wait.node) == (SALES, 30.0, "amy")
    engine.floor.feed(LogIn(AgentCode("1002"), StationName("1002"), {}))
    lost = replace(step, agent=AgentCode("1002"))
    assert moves.wait_for(lost, SALES, "en") is None, "they serve no queue"


class RingingSession(Remembering):
    """A caller's session, which hears ringing; ``lost`` once they leave."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def execute(self, app: str, *args: str) -> int:
        self.done.append(app)
        return await super().execute(app, *args) if app == "MSet" else 0

    async def until(self, work: Coroutine[Any, Any, bool]) -> bool:
        doing = asyncio.ensure_future(work)
        await asyncio.wait((doing, self.lost), return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            doing.cancel()
            raise HungUp("gone")
        return doing.result()


@dataclass
class Outgoing:
    """A number that a flow has called; somebody's phone rings."""

    engine: Engine
    link: TakingLink
    session: RingingSession
    outcome: "asyncio.Task[Left]"

    @property
    def placed(self) -> list[Originate]:
        return self.link.placed

    def ends(self, cause: int, sip: int) -> None:
        channel = ChannelId(NodeName("pbx1"), self.placed[0].channel_id)
        self.engine.outside.ended(channel, cause, sip)


async def calls_out(engine: Engine, links: dict[NodeName, Link], *, channels: int = 3) -> Outgoing:
    link = links[NodeName("pbx1")] = TakingLink(NodeName("pbx1"))
    lines = tuple(
        replace(line, flows_may_call=True, channels=channels) for line in engine.centre.lines
    )
    engine.take(replace(engine.centre, lines=lines))
    session, no = RingingSession(), cast(Any, None)
    means = FlowMeans(engine.sessions, engine.queued, no, no, no, engine.passes)
    bookmark = Bookmark(cast(Any, session), served=False)
    transfers = Transfers(cast(Any, session), enter(engine), means, bookmark)
    exits: dict[str, str] = dict.fromkeys(QueueExit, "bye")
    step = TransferToNumber("out", "+8613800000000", LineName("carrier"), 12.0, exits)
    return Outgoing(engine, link, session, asyncio.ensure_future(transfers.to_number(step)))


async def test_a_number_that_nobody_answers_is_rung_as_long_as_the_flow_says(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    out = await calls_out(engine, links)
    await until(lambda: out.placed)
    assert out.placed[0].ring_s == 12.0 and "13800000000" in out.placed[0].channel
    assert out.session.variables["OFFHOOK_RETURN"] == "out"
    out.ends(17, 486)
    assert await out.outcome == Left(QueueExit.TIMEOUT)
    assert out.session.done == ["MSet", "PlayTones", "StopPlayTones"]


async def test_a_line_without_a_free_channel_carries_no_call_of_a_flow(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    out = await calls_out(engine, links, channels=0)
    assert await out.outcome == Left(QueueExit.FAILED)
    assert out.placed == []


async def test_who_hangs_up_while_somebody_outside_is_rung_leaves_nothing_ringing(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    out = await calls_out(engine, links)
    await until(lambda: out.placed)
    out.session.lost.set_result(None)
    with pytest.raises(HungUp):
        await out.outcome
    await until(lambda: out.link.asked)
    assert out.link.asked[0] == ("Hangup", {"Channel": out.placed[0].channel_id, "Cause": "16"})
