"""Both languages are complete."""

import re

import pytest
from babel.messages.pofile import read_po

from acd.seat import AUTOMATIC_PAUSES
from console.calls import words as call_words
from console.floor import words
from console.kit.rendering import duration
from console.kit.translations import CATALOGUES, choose, load_translations
from console.kit.words import ACCOUNT_REFUSALS, ROLES
from domain.agent_facts import AgentState
from domain.centre import LineKind
from domain.reasons import EndReason, GiveUpReason, LossReason, NoEntry, OfferFailure
from domain.roles import Role
from domain.stations import StationState
from engine.board_ports import AheadOf, CallStage
from engine.centre_ports import CommandOutcome
from ivr_flows.loader import check
from ivr_flows.nodes.hangup import HangupNode
from records.fold import LegOutcome, Outcome
from storage.account_errors import AccountRefusal
from tests.console.catalogue import messages
from tests.console.conftest import Visit
from tests.console.floor import small_centre
from tests.console.flow_catalogue import flow_messages
from tests.ivr_flows.caller import hotline

_PLACE = re.compile(r"%\((\w+)\)s")


def test_every_text_is_in_the_chinese_catalogue_and_nothing_else() -> None:
    with (CATALOGUES / "zh_CN/LC_MESSAGES/console.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN", abort_invalid=True)
    translated = {str(m.id): str(m.string) for m in catalogue if m.id and m.string}
    assert translated.keys() == messages()
    for english, chinese in translated.items():
        assert set(_PLACE.findall(english)) == set(_PLACE.findall(chinese)), english


def test_every_text_of_the_flow_language_is_in_its_catalogue_and_nothing_else() -> None:
    with (CATALOGUES / "zh_CN/LC_MESSAGES/flows.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN", abort_invalid=True)
    translated = {str(m.id): str(m.string) for m in catalogue if m.id and m.string}
    assert translated.keys() == flow_messages()
    for english, chinese in translated.items():
        assert set(_PLACE.findall(english)) == set(_PLACE.findall(chinese)), english


def test_a_fault_of_a_flow_is_said_in_chinese() -> None:
    text = "flow: a\nlanguages: [en]\nstart: b\nnodes:\n  b: {kind: hangup, whi: x}\n"
    (fault,) = check(text, "a.yaml").errors
    chinese = load_translations()["zh-CN"]
    assert fault.what.said(chinese.gettext).startswith("节点“b”（hangup） 没有设置“whi”")
    assert fault.remedy is not None
    assert fault.remedy.said(chinese.gettext) == "您是要写“why”吗？"


def test_every_word_of_the_domain_has_a_word_here() -> None:
    assert set(words.STAGES) == set(CallStage) == set(words.STAGE_COLOURS)
    assert set(words.AHEAD) == set(AheadOf)
    assert set(words.COMMAND_OUTCOMES) == set(CommandOutcome)
    assert set(ACCOUNT_REFUSALS) == set(AccountRefusal)
    assert set(words.STATION_STATES) == set(StationState)
    assert set(words.LINE_KINDS) == set(LineKind)
    usual = set(small_centre().reasons)
    assert set(words.AWAY_REASONS) == usual | AUTOMATIC_PAUSES | {"login", "away", "log_out"}
    assert set(words.AGENT_STATES) == set(AgentState) == set(words.AGENT_COLOURS)
    assert set(call_words.OUTCOMES) == set(Outcome) == set(call_words.OUTCOME_COLOURS)
    assert set(call_words.LEG_OUTCOMES) == set(LegOutcome) == set(call_words.LEG_COLOURS)
    assert set(ROLES) == set(Role)


def test_every_why_that_is_written_down_has_words() -> None:
    settings = [node.settings for node in hotline().nodes.values()]
    ends = {kind.why for kind in settings if isinstance(kind, HangupNode)}
    codes = {*OfferFailure, *GiveUpReason, *EndReason, *LossReason, *NoEntry}
    assert set(call_words.WHY) == {*codes, *ends}


@pytest.mark.parametrize(
    ("wanted", "accept", "language"),
    [
        ("en", "zh-CN", "en"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "zh-TW", "zh-CN"),
        (None, "", "zh-CN"),
        ("xx", "fr,en;q=0.5", "en"),
    ],
)
def test_the_language_is_chosen(wanted: str | None, accept: str, language: str) -> None:
    assert choose((wanted,), accept) == language


async def test_the_switch_stays(visit: Visit) -> None:
    client = await visit("sue")
    english = {"Accept-Language": "en"}
    assert '<html lang="en">' in await (await client.get("/calls", headers=english)).text()
    answer = await client.post("/language", {"language": "zh-CN", "back": "/calls"})
    assert (answer.status, answer.headers["Location"]) == (303, "/calls")
    text = await (await client.get("/calls", headers=english)).text()
    assert '<html lang="zh-CN">' in text and "通话" in text
    assert (await client.post("/language", {"language": "xx"})).status == 400


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/account/password", "/account"),
        ("/account/sessions", "/account"),
        ("/users/sue/password", "/users/sue"),
        ("/users/ada/enabled", "/users/ada"),
        ("/users", "/users"),
        ("/login", "/login"),
    ],
)
async def test_a_forms_answer_can_be_read_in_the_other_language(
    path: str, back: str, visit: Visit
) -> None:
    client = await visit("ada")
    answer = await client.post(path, {"old": "x", "new": "y", "name": "x"})
    assert answer.status in (400, 401)
    assert f'name="back" value="{back}"' in await answer.text()
    assert (await client.get(back)).status in (200, 303)


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (0, "0:00"), (59.6, "1:00"), (3661, "1:01:01")]
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
