"""Asterisk's log is folded, followed across rotation, and compared with what is known."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.call_facts import CallBlocked, CallEnded, CallEntered
from domain.centre import Hotline
from domain.facts import CallFact
from domain.floor_facts import TalkBegan, TalkEnded, Transferred
from domain.happening import Happening
from domain.identity import AgentCode, CallId, LineName, ProjectName, StationName
from domain.reasons import EndReason, Party
from engine.calls.logged import closed, missing, not_told
from engine.reconcile.log_file import LogFile
from records.fold import Outcome, fold
from storage.fact_codec import detail_of, happening
from telephony.event_log import EventLog
from telephony.log_rows import LogPlace, parse
from telephony.logged_call import LoggedCall

CALL = CallId("pbx1-1700000000.0")
AGENTS = {StationName("1001"): AgentCode("7001")}
HOTLINE = Hotline("4008001000", ProjectName("tea"), "hotline")
BRIDGE = '{""bridge_id"":""b1""}'


def row(
    at: float,
    event: str,
    uniqueid: str,
    channel: str,
    *,
    call: str = "",
    extra: str = "",
    exten: str = "4008001000",
) -> str:
    fields = [
        f"{1_700_000_000 + at:.6f}", event, "", uniqueid, uniqueid, channel, "c", exten,
        "13800138000", call, "", extra,
    ]  # fmt: skip
    return ",".join(f'"{field}"' for field in fields)


def hang_up(source: str, cause: int = 16) -> str:
    return f'{{""hangupcause"":{cause},""hangupsource"":""{source}"",""dialstatus"":""""}}'


LINE, PHONE = ("1700000000.0", "PJSIP/carrier-00000000"), ("1700000001.1", "PJSIP/1001-00000001")
TALK = [
    row(0, "CHAN_START", *LINE),
    row(0.1, "ANSWER", *LINE, call=CALL),
    row(1, "CHAN_START", *PHONE),
    row(2, "BRIDGE_ENTER", *PHONE, extra=BRIDGE),
    row(2, "BRIDGE_ENTER", *LINE, call=CALL, extra=BRIDGE),
    row(9, "BRIDGE_EXIT", *PHONE, extra=BRIDGE),
    row(9, "HANGUP", *PHONE, extra=hang_up(PHONE[1])),
    row(9, "CHAN_END", *PHONE),
    row(9.1, "BRIDGE_EXIT", *LINE, call=CALL, extra=BRIDGE),
    row(19, "HANGUP", *LINE, call=CALL, extra=hang_up(PHONE[1])),
    row(19, "CHAN_END", *LINE),
]


def folded(lines: list[str]) -> EventLog:
    stations = [StationName("1001"), StationName("1002")]
    log = EventLog(set(stations), {LineName("carrier")})
    for number, line in enumerate(lines):
        parsed = parse(line)
        assert parsed is not None
        log.feed(parsed, LogPlace(0, number))
    return log


def logged(lines: list[str]) -> LoggedCall:
    return folded(lines).calls[CALL]


def when(at: float) -> datetime:
    return datetime.fromtimestamp(1_700_000_000 + at, UTC)


def known(kind: type[Happening], at: float, /, **detail: str) -> CallFact:
    return CallFact(f"{kind} {at}", CALL, when(at), happening(kind.kind, detail))


AWAY = EndReason.CONTROLLER_AWAY


def told(facts: list[CallFact]) -> list[tuple[str, float]]:
    return [(fact.what.kind, fact.at.timestamp() - 1_700_000_000) for fact in facts]


TORN = [
    TALK[1][:40],  # half a row
    TALK[1].replace("13800138000", "138\x0001"),
    TALK[1].replace("13800138000", "138\r"),
    'Event: Hangup","","","",""',  # the second half of a row with a line break in it
    TALK[1] + ',"more"',
    TALK[1].replace("1700000000.100000", "nan"),
    ',"' * 1000,
    "",
]


def test_rows_that_are_torn_cost_only_themselves() -> None:
    assert [parse(line) for line in TORN] == [None] * len(TORN)
    whole = [parse(line) for line in TALK]
    read = [parse(line) for row in TALK for line in (*TORN, row)]
    assert [row for row in read if row is not None] == whole


def test_a_row_behind_a_torn_one_is_read() -> None:
    """Asterisk was killed in mid-row, and the next one wrote on in the same line."""
    for end in range(1, len(TALK[0])):
        assert parse(TALK[0][:end] + TALK[1]) == parse(TALK[1])
    assert parse("\x00" * 512 + TALK[1]) == parse(TALK[1])  # a file system after a power cut


def test_what_a_field_says_is_not_taken_for_a_row() -> None:
    inner = '1700000099.000000"",""HANGUP"",""'
    row_ = parse(TALK[1].replace("4008001000", f'""{inner}'))
    assert row_ is not None
    assert (row_.event, row_.exten) == ("ANSWER", '"1700000099.000000","HANGUP","')


def test_a_withheld_number_is_none() -> None:
    for absent in ("", "unknown", "<unknown>", "anonymous"):
        assert logged([line.replace("13800138000", absent) for line in TALK]).caller is None


def test_a_call_refused_by_a_full_line_is_counted_afterwards() -> None:
    refused = [
        row(0, "CHAN_START", *LINE),
        row(0.1, "OFFHOOK_LINE_FULL", *LINE, call=CALL).replace(
            '"OFFHOOK_LINE_FULL",""', '"OFFHOOK_LINE_FULL","OFFHOOK_LINE_FULL"'
        ),
        row(0.2, "HANGUP", *LINE, call=CALL, extra=hang_up("dialplan/builtin", 34)),
        row(0.2, "CHAN_END", *LINE, call=CALL),
    ]
    facts = missing(logged(refused), (), AGENTS, HOTLINE)
    assert [type(fact.what) for fact in facts] == [
        CallEntered,
        CallBlocked,
        CallEnded,
    ]
    assert fold(facts).outcome is Outcome.BLOCKED
    assert isinstance(missing(logged(TALK), (), AGENTS, HOTLINE)[1].what, TalkBegan)


def test_a_call_from_its_beginning_to_its_end() -> None:
    call = logged(TALK)
    assert (call.line, call.number, call.caller) == ("carrier", "4008001000", "13800138000")
    assert (call.ended_at, call.by, call.cause) == (1_700_000_019, "agent", 16)
    (talk,) = call.talks
    assert (talk.station, talk.connected_at - 1_700_000_000) == ("1001", 2)
    assert (talk.disconnected_at, talk.by) == (1_700_000_009, "agent")
    facts = missing(call, [], AGENTS, HOTLINE)
    assert told(facts) == [("entered", 0), ("connected", 2), ("disconnected", 9), ("ended", 19)]
    assert facts[1].what == TalkBegan(AgentCode("7001"), StationName("1001"))
    assert [f.id for f in facts] == [f.id for f in missing(call, [], AGENTS, HOTLINE)]


def test_what_is_known_is_not_said_again_whatever_the_clocks_say() -> None:
    talked = [known(TalkBegan, 30, station="1001")]
    assert told(missing(logged(TALK), talked, AGENTS)) == [("disconnected", 9), ("ended", 19)]
    talked.append(known(TalkEnded, 40, station="1001"))
    assert told(missing(logged(TALK), talked, AGENTS)) == [("ended", 19)]


def test_who_hung_up_is_named_however_late_and_in_whatever_order_the_rows_come() -> None:
    """On a busy machine the phone's end is logged seconds after it left, or after the caller's."""
    gone = row(14, "HANGUP", *PHONE, extra=hang_up(PHONE[1]))
    ended = row(12, "HANGUP", *LINE, call=CALL, extra=hang_up("dialplan/builtin"))
    left = [*TALK[:6], TALK[8]]
    for rows in ([*left, gone, ended], [*left, ended, gone]):
        call = logged(rows)
        assert (call.talks[0].by, call.by) == ("agent", "agent")
    # The caller who stays for the score, and hangs up soon, did not end the talk.
    hung_up = row(9.5, "HANGUP", *LINE, call=CALL, extra=hang_up(LINE[1]))
    call = logged([*left, hung_up, gone])
    assert (call.talks[0].by, call.by) == ("agent", "caller")


def moved(at: float, which: tuple[str, str], old: str, new: str) -> list[str]:
    call = CALL if which is LINE else ""
    bridge = '{{""bridge_id"":""{}""}}'
    return [
        row(at, "BRIDGE_EXIT", *which, call=call, extra=bridge.format(old)),
        row(at, "BRIDGE_ENTER", *which, call=call, extra=bridge.format(new)),
    ]


def test_channels_that_are_bridged_anew_have_talked_all_the_while() -> None:
    there = [*moved(5, LINE, "b1", "b2"), *moved(5.4, PHONE, "b1", "b2")]
    back = [*moved(6, PHONE, "b2", "b1"), *moved(6.1, LINE, "b2", "b1")]
    (talk,) = logged([*TALK[:5], *there, *back, *TALK[5:]]).talks
    assert (talk.connected_at, talk.disconnected_at) == (1_700_000_002, 1_700_000_009)
    assert talk.by == "agent"
    # Whoever has been elsewhere for long has talked twice.
    late = [*moved(5, LINE, "b1", "b2"), *moved(8, PHONE, "b1", "b2")]
    assert len(logged([*TALK[:5], *late]).talks) == 2


def test_transfers_are_facts() -> None:
    """The caller has been moved already when an attended one is logged; a blind one comes first."""
    extra = '{""channel2_uniqueid"":""1700000003.3"",""bridge2_id"":""b2""}'
    second, other = ("1700000003.3", "PJSIP/1001-00000003"), ("1700000003.4", "PJSIP/1002-00000004")
    bridge2 = '{""bridge_id"":""b2""}'
    attended = [
        row(3, "CHAN_START", *second),
        row(3, "CHAN_START", *other),
        row(4, "BRIDGE_ENTER", *other, extra=bridge2),
        row(4, "BRIDGE_ENTER", *second, extra=bridge2),
        *moved(6, LINE, "b1", "b2"),
        row(6, "ATTENDEDTRANSFER", *PHONE, extra=extra),
        row(6.1, "HANGUP", *PHONE, extra=hang_up("")),
        row(6.1, "BRIDGE_EXIT", *second, extra=bridge2),
        row(7, "HANGUP", *LINE, call=CALL, extra=hang_up(LINE[1])),
    ]
    facts = missing(logged([*TALK[:5], *attended]), [], AGENTS)
    want = {"from_agent": "7001", "station": "1001", "to": "1002", "kind": "attended"}
    passed_on = [fact.what for fact in facts if isinstance(fact.what, Transferred)]
    assert [detail_of(what) for what in passed_on] == [want]
    first, *_ = [fact.what for fact in facts if isinstance(fact.what, TalkEnded)]
    assert first.by is Party.AGENT
    # What is known is not said again.
    told_live = known(Transferred, 6, **want)
    facts = missing(logged([*TALK[:5], *attended]), [told_live], AGENTS)
    assert not any(isinstance(fact.what, Transferred) for fact in facts)

    blind = row(6, "BLINDTRANSFER", *PHONE, extra='{""extension"":""1002""}')
    (transfer,) = logged([*TALK[:5], blind]).transfers
    assert (transfer.station, transfer.to, transfer.kind) == ("1001", "1002", "blind")


@pytest.mark.parametrize("late", [False, True])
def test_a_caller_put_in_the_place_of_a_bridged_phone_talks_there(late: bool) -> None:
    """1002 answers while a transfer moves the caller: no row has the caller in that bridge.

    ``late``: what was in that place is gone only after the caller has left it.
    """
    second, other = ("1700000003.3", "PJSIP/1001-00000003"), ("1700000003.4", "PJSIP/1002-00000004")
    extra = f'{{""channel2_uniqueid"":""{second[0]}"",""bridge1_id"":""b1""}}'
    bridge2 = '{""bridge_id"":""b2""}'
    replaced = [row(7, "HANGUP", *second, extra=hang_up("")), row(7, "CHAN_END", *second)]
    left = [row(9, "BRIDGE_EXIT", *LINE, call=CALL, extra=bridge2)]
    call = logged(
        [
            *TALK[:5],
            row(3, "CHAN_START", *second),
            row(3, "CHAN_START", *other),
            row(4, "ATTENDEDTRANSFER", *PHONE, extra=extra),
            row(4, "BRIDGE_EXIT", *PHONE, extra=BRIDGE),
            row(4, "BRIDGE_EXIT", *LINE, call=CALL, extra=BRIDGE),
            row(4, "HANGUP", *PHONE, extra=hang_up("")),
            row(6, "BRIDGE_ENTER", *other, extra=bridge2),
            row(6, "BRIDGE_ENTER", *second, extra=bridge2),
            *(left + replaced if late else replaced + left),
            row(9, "BRIDGE_EXIT", *other, extra=bridge2),
            row(9, "HANGUP", *LINE, call=CALL, extra=hang_up(LINE[1])),
        ]
    )
    assert [(talk.station, talk.disconnected_at) for talk in call.talks] == [
        ("1001", 1_700_000_004),
        ("1002", 1_700_000_009),
    ]
    assert [talk.by for talk in call.talks] == ["agent", "caller"]


def test_a_call_that_died_with_asterisk_ends_with_the_last_that_was_heard() -> None:
    died = [*TALK[:5], row(100, "CHAN_START", "1700000100.0", "PJSIP/carrier-00000000")]
    call = logged(died)
    assert call.died
    facts = missing(call, [known(TalkBegan, 2.5, station="1001")], AGENTS)
    assert told(facts) == [("disconnected", 2.5), ("ended", 2.5)]
    assert {detail_of(fact.what)["by"] for fact in facts} == {"system"}


def test_of_what_a_snapshot_implies_only_the_untold_is_left() -> None:
    start = known(TalkBegan, 5, station="1001")
    end = known(TalkEnded, 12, station="1001")
    from_log = missing(logged(TALK), [], AGENTS)
    assert not_told([start], from_log) == []
    assert not_told([end, known(CallEnded, 20)], from_log) == []
    assert not_told([start, end], []) == [start, end]
    # The talk's live end, which came before the look, doesn't make its beginning new.
    later = known(TalkEnded, 6, station="1001")
    assert not_told([start], [known(TalkBegan, 2, station="1001"), later]) == []
    # All that nobody saw: a talk between Dial and its return.
    unseen = known(TalkBegan, 1, station="1001")
    assert not_told([unseen, end], from_log) == []


def test_a_call_that_no_log_knows_ends_with_what_was_last_known() -> None:
    facts = closed(CALL, [known(TalkBegan, 3, station="1001")], when(0), AWAY)
    assert told(facts) == [("disconnected", 3), ("ended", 3)]
    assert facts[1].what == CallEnded(Party.UNKNOWN, 0, AWAY)


def test_what_is_no_row_is_passed_over() -> None:
    for text in ("", '"1', '"x","y"', '"no time","HANGUP"' + ',""' * 10, "\x00\xff" * 9):
        assert parse(text) is None
    assert parse(row(1, "HANGUP", *LINE, extra="{not json")) is None


def texts(file: LogFile) -> list[str]:
    return [line for _, line in file.lines()]


def test_a_log_is_read_on_across_torn_lines_rotation_and_restarts(tmp_path: Path) -> None:
    path, memory = tmp_path / "offhook.csv", tmp_path / "position"
    path.write_text("a\nb\nto")
    file = LogFile(path, memory)
    assert texts(file) == ["a", "b"]
    file.remember(None)
    with path.open("a") as log:
        log.write("rn\nc\n")
    assert texts(LogFile(path, memory)) == ["torn", "c"]
    path.rename(tmp_path / "offhook.csv.1")
    time.sleep(0.01)
    path.write_text("d\n")
    again = LogFile(path, memory)
    found = list(again.lines())
    assert [line for _, line in found] == ["torn", "c", "d"]
    again.remember(found[1][0])  # in the file that has been put away
    third = LogFile(path, memory)
    assert texts(third) == ["c", "d"]
    third.remember(None)
    path.write_text("")  # copied and emptied
    path.write_text("e\n")
    os.truncate(path, 0)
    assert texts(third) == []
    path.write_text("f\n")
    assert texts(third) == ["f"]


@pytest.mark.parametrize(
    "damage",
    [
        b"\xff", b"null", b"[]", b"5", b'{"inode": 1e999, "offset": 1}', b'{"inode": []}',
        b'{"inode": 1, "offset": -5}', b"[" * 200_000,
    ],
)  # fmt: skip
def test_a_log_whose_position_is_rubbish_is_read_anew(damage: bytes, tmp_path: Path) -> None:
    path, memory = tmp_path / "offhook.csv", tmp_path / "position"
    path.write_text("a\n")
    memory.write_bytes(damage)
    with capture_logs() as logs:
        file = LogFile(path, memory)
    assert [line["event"] for line in logs] == ["unreadable; the log is read from its beginning"]
    assert texts(file) == ["a"]


def test_a_log_that_is_gone_or_unreadable_has_no_lines(tmp_path: Path) -> None:
    memory = tmp_path / "position"
    memory.write_text("{rubbish")
    file = LogFile(tmp_path / "none" / "offhook.csv", memory)
    assert texts(file) == []
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "offhook.csv").mkdir()
    assert texts(file) == []


def test_what_is_too_long_for_a_row_is_read_once(tmp_path: Path) -> None:
    """What a crash of the machine may leave at a log's end has no line breaks."""
    path, memory = tmp_path / "offhook.csv", tmp_path / "position"
    path.write_text("a\n")
    os.truncate(path, 5_000_000)
    file = LogFile(path, memory)
    assert texts(file) == ["a"]
    file.remember(None)
    assert json.loads(memory.read_text())["offset"] > 4_900_000
    with path.open("a") as log:
        log.write(TALK[0] + "\nb\n")
    for reader in (file, LogFile(path, memory)):
        first, *others = texts(reader)
        assert others == ["b"]
        assert parse(first) == parse(TALK[0]) is not None


def test_a_long_log_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "offhook.csv"
    calls = 1_000
    with path.open("w") as log:
        for n in range(calls):
            for line in TALK:
                log.write(line.replace('.0"', f'.{n}0000"').replace('.1"', f'.{n}0001"') + "\n")
    file, events = (
        LogFile(path, tmp_path / "position"),
        EventLog({StationName("1001")}, {LineName("carrier")}),
    )
    for place, line in file.lines():
        parsed = parse(line)
        assert parsed is not None
        events.feed(parsed, place)
    assert len(events.calls) == calls
    events.forget(2e9)
    assert events.needed_from is None
    assert events.calls == {}


@pytest.mark.parametrize("kind", ["a folder", "a FIFO", "a link"])
def test_a_log_that_is_no_file_is_reported_once_and_again_if_it_happens_again(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "offhook.csv"
    file = LogFile(path, tmp_path / "position")
    with capture_logs() as logs:
        for times in (1, 2):
            match kind:
                case "a folder":
                    path.mkdir()
                case "a FIFO":
                    os.mkfifo(path)
                case _:
                    path.symlink_to("elsewhere")
            assert texts(file) == texts(file) == []
            said = [line["file"] for line in logs if "not a regular file" in line["event"]]
            assert said == [str(path)] * times
            path.rename(tmp_path / f"away{times}")
            path.write_text(f"{times}\n")
            assert texts(file) == [str(times)]
            path.rename(tmp_path / f"read{times}")  # kept: the next file is to be another inode
