"""The demo's campaign: its centre, its customers, its figures, and what its books may say."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.lead_places import zone_named
from centre.running import centre_of
from configuration.centre_file import DEMO_CENTRE, parse
from domain.identity import CallId, LineName, StationName
from farend.called_customers import Conduct
from farend.compared_books import BookedCall
from farend.outreach import SHARES, on_the_list, zone_at_noon
from farend.outreach_books import figures_of_outreach, logged_otherwise, not_kept
from farend.outreach_centre import outreach_agents, with_outreach
from telephony.log_rows import LogPlace
from telephony.logged_call import LoggedCall, LoggedTalk

NUMBER = "+8613700000000"
BOOKED = BookedCall("pbx1-a", NUMBER, 10.0, 12.0, 16.0, "2001")
LOGGED = LoggedCall(
    CallId("pbx1-a"), LineName("carrier"), NUMBER, None, 10.0, LogPlace(0, 0),
    talks=[LoggedTalk(StationName("2001"), 12.1, 16.0)], placed=True,
    answered_at=12.0, ended_at=16.1,
)  # fmt: skip
ROW: dict[str, Any] = {
    "attempt": "pbx1-a", "number": NUMBER, "answered_at": 12.0, "talk_at": 12.1,
    "outcome": "spoken", "left_early": False, "recorded": True, "over": True,
    "recording_file": "a.wav",
    "recording_whole": True, "recording_lost": None, "station": "2001",
}  # fmt: skip
UNANSWERED = ROW | {
    "answered_at": None, "talk_at": None, "outcome": "nobody", "recording_file": None,
    "recording_whole": None, "station": None,
}  # fmt: skip
ABANDONED = UNANSWERED | {"answered_at": 12.0, "outcome": "abandoned"}


def test_the_centre_has_agents_of_its_own_for_the_campaign() -> None:
    text = with_outreach(DEMO_CENTRE.read_text("utf-8"), 20)
    found = parse(DEMO_CENTRE, text.encode()).sections
    assert found is not None
    agents = {agent.code: agent for agent in centre_of(found).agents}
    assert set(outreach_agents(20)) < set(agents)
    assert all(agents[code].station == StationName(code) for code in outreach_agents(20))


def test_every_conduct_is_on_the_list() -> None:
    found = on_the_list(300)
    assert {one.conduct for one in found} == set(SHARES) and len(found) == 300
    assert {Conduct.BUSY, Conduct.RINGS_ON, Conduct.UNKNOWN, Conduct.GONE_EARLY} < set(SHARES)


@pytest.mark.parametrize("hour", range(24))
def test_it_is_about_noon_where_they_live(hour: int) -> None:
    now = datetime(2026, 11, 27, hour, 59, tzinfo=UTC)
    zone = zone_named(zone_at_noon(now))
    assert zone is not None and now.astimezone(zone).hour == 12


def test_figures() -> None:
    rows = [ROW, UNANSWERED, ABANDONED, ABANDONED | {"left_early": True}]
    found = figures_of_outreach(5, rows, [], [], 0.5)
    assert found == {
        "leads": 5, "dialled": 4, "answered": 3, "connected": 1, "abandoned": 1,
        "abandoned_share": 0.5, "use": 0.5, "double_dials": 0, "answer_to_ear_ms_p50": None,
        "answer_to_ear_ms_p99": None, "records": 4, "recordings": 1,
    }  # fmt: skip


def test_books_and_log_agree() -> None:
    assert logged_otherwise([BOOKED], {LOGGED.call: LOGGED}) == []


@pytest.mark.parametrize(
    ("booked", "logged", "said"),
    [
        ([BOOKED], [], "is not in Asterisk's log"),
        ([], [LOGGED], "is in Asterisk's log alone"),
        ([replace(BOOKED, answered_at=None)], [LOGGED], "answered None, in Asterisk's log 12.0"),
        ([replace(BOOKED, ended_at=17.0)], [LOGGED], "ended +0.900 s from Asterisk's log"),
        ([replace(BOOKED, station=None)], [LOGGED], "talked at None, in Asterisk's log at 2001"),
    ],
)
def test_each_difference_from_the_log_is_told(
    booked: list[BookedCall], logged: list[LoggedCall], said: str
) -> None:
    (told,) = logged_otherwise(booked, {one.call: one for one in logged})
    assert said in told


def test_what_is_not_kept_is_told() -> None:
    assert not_kept([ROW, UNANSWERED, ABANDONED]) == []
    for change in (
        {"recorded": False}, {"over": False}, {"recording_file": None, "recording_whole": None},
        {"recording_whole": False},
    ):  # fmt: skip
        assert len(not_kept([ROW | change])) == 1, change
