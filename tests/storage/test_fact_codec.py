"""How each kind of fact is stored, and how what a crash or another version left is read."""

import importlib
import json
import pkgutil
from dataclasses import fields
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain
from domain.call_facts import (
    CallBlocked,
    CallEnded,
    CallEntered,
    ControllerLost,
    EntryRuleHeld,
    FellBack,
    TurnedAway,
)
from domain.facts import KINDS, CallFact
from domain.floor_facts import (
    ConsultAnswered,
    ConsultBegan,
    ConsultEnded,
    Held,
    LeftQueue,
    Offered,
    OfferNotTaken,
    PositionAnnounced,
    Queued,
    Resumed,
    TalkBegan,
    TalkEnded,
    Transferred,
)
from domain.flow_facts import (
    CallbackAsked,
    ChoiceMade,
    LanguageChosen,
    Misdialled,
    NodePassed,
    Scored,
    WayTaken,
)
from domain.happening import Happening
from domain.identity import (
    AgentCode,
    CallId,
    LineName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from domain.outbound_facts import (
    CallPlaced,
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    DetectionBegan,
    FateUnknown,
    MachineFound,
    MessagePlayed,
    NotReached,
    OptedOut,
    PersonFound,
)
from domain.reasons import (
    Cause,
    ConsultEnd,
    EndReason,
    GiveUpReason,
    LossReason,
    NoCallback,
    NoEntry,
    OfferFailure,
    Party,
    TransferKind,
    Unlisted,
)
from domain.recording_facts import Recorded, RecordingMissing, Silence, VoiceKept
from storage.fact_codec import StoredFact, as_written, detail_of, happening, stored
from storage.fact_lines import decode, decode_stored, encode

AMY, PHONE, SALES = AgentCode("1001"), StationName("s1"), QueueName("sales")
LINE = LineName("trunk")
FILE = "2026/03/02/c.wav"

STORED: list[tuple[Happening, str, str]] = [
    (
        CallEntered("4001", ProjectName("acme"), LINE, None, "张伟", "hotline"),
        "entered",
        '{"hotline": "4001", "project": "acme", "line": "trunk", "caller": null,'
        ' "caller_name": "张伟", "flow": "hotline"}',
    ),
    (
        CallPlaced("spring", ProjectName("acme"), LINE, "+8613800000000", "4001", 7, "predictive"),
        "placed",
        '{"campaign": "spring", "project": "acme", "line": "trunk", "number": "+8613800000000",'
        ' "caller_id": "4001", "lead": 7, "mode": "predictive"}',
    ),
    (
        CallPlaced(None, None, LINE, "+8613800000000", None, None, "manual", AgentCode("1001")),
        "placed",
        '{"campaign": null, "project": null, "line": "trunk", "number": "+8613800000000",'
        ' "caller_id": null, "lead": null, "mode": "manual", "agent": "1001"}',
    ),
    (CustomerRang(), "rang", "{}"),
    (CustomerAnswered(), "answered", "{}"),
    (DetectionBegan(), "listens", "{}"),
    (PersonFound(), "person", "{}"),
    (MachineFound(), "machine", "{}"),
    (
        NotReached(Cause.BUSY, 17, 486),
        "not_reached",
        '{"cause": "busy", "q850": 17, "sip": 486}',
    ),
    (CustomerAbandoned(False), "abandoned", '{"by_customer": false}'),
    (MessagePlayed(True), "message", '{"whole": true}'),
    (OptedOut(ProjectName("acme")), "opted_out", '{"project": "acme"}'),
    (FateUnknown(), "fate_unknown", "{}"),
    (CallBlocked(LINE), "blocked", '{"line": "trunk"}'),
    (TurnedAway(NoEntry.CLOSED), "turned_away", '{"why": "closed"}'),
    (LanguageChosen("zh-CN"), "language", '{"language": "zh-CN"}'),
    (
        ChoiceMade("menu", "1", "sales"),
        "chose",
        '{"node": "menu", "digits": "1", "choice": "sales"}',
    ),
    (Misdialled("menu", "", 2), "misdialled", '{"node": "menu", "digits": "", "try": 2}'),
    (
        EntryRuleHeld("4008001000", "vips", "vip"),
        "entry_rule",
        '{"number": "4008001000", "rule": "vips", "flow": "vip"}',
    ),
    (WayTaken("hotline", 12, 3), "way", '{"flow": "hotline", "edition": 12, "revision": 3}'),
    (
        WayTaken(
            "hotline",
            nodes=(
                NodePassed("hello", "next", 9.5, 2.0),
                NodePassed("who>ask", "done", 7.5, 5.25, ",?", "identify", 4),
                NodePassed("bye", "", 2.25, 2.25),
                NodePassed("menu", None, 1.0, 1.0, "9"),
            ),
        ),
        "way",
        '{"flow": "hotline", "nodes": [["hello", "next", 9500, 2000],'
        ' ["who>ask", "done", 7500, 5250, ",?", "identify", 4], ["bye", "", 2250, 2250],'
        ' ["menu", null, 1000, 1000, "9"]]}',
    ),
    (Queued(SALES, SkillName("sales")), "queued", '{"queue": "sales", "skill": "sales"}'),
    (
        Queued(SALES, SkillName("sales"), 5),
        "queued",
        '{"queue": "sales", "skill": "sales", "raised": 5}',
    ),
    (PositionAnnounced(2, None), "announced", '{"position": 2, "expected_wait_s": null}'),
    (PositionAnnounced(2, 40.5), "announced", '{"position": 2, "expected_wait_s": 40.5}'),
    (
        Offered(AMY, PHONE, SALES),
        "offered",
        '{"agent": "1001", "station": "s1", "queue": "sales"}',
    ),
    (
        OfferNotTaken(AMY, PHONE, OfferFailure.NO_ANSWER),
        "offer_failed",
        '{"agent": "1001", "station": "s1", "why": "no_answer"}',
    ),
    (TalkBegan(None, PHONE), "connected", '{"agent": null, "station": "s1"}'),
    (
        Held(AMY, PHONE, Party.AGENT),
        "held",
        '{"agent": "1001", "station": "s1", "by": "agent"}',
    ),
    (
        Resumed(AMY, PHONE, Party.CALLER),
        "resumed",
        '{"agent": "1001", "station": "s1", "by": "caller"}',
    ),
    (
        ConsultBegan(AMY, PHONE, "1002"),
        "consult_began",
        '{"agent": "1001", "station": "s1", "whom": "1002"}',
    ),
    (
        ConsultAnswered(AMY, PHONE, "1002"),
        "consult_answered",
        '{"agent": "1001", "station": "s1", "whom": "1002"}',
    ),
    (
        ConsultEnded(AMY, PHONE, "1002", ConsultEnd.LEFT),
        "consult_over",
        '{"agent": "1001", "station": "s1", "whom": "1002", "how": "left"}',
    ),
    (
        Transferred(AMY, PHONE, "1002", TransferKind.BLIND),
        "transferred",
        '{"from_agent": "1001", "station": "s1", "to": "1002", "kind": "blind"}',
    ),
    (
        TalkEnded(AMY, PHONE, Party.CALLER),
        "disconnected",
        '{"agent": "1001", "station": "s1", "by": "caller"}',
    ),
    (
        TalkEnded(AMY, PHONE, Party.SYSTEM, EndReason.PHONE_GONE),
        "disconnected",
        '{"agent": "1001", "station": "s1", "by": "system", "why": "phone_gone"}',
    ),
    (
        LeftQueue(SALES, GiveUpReason.TIMEOUT),
        "left_queue",
        '{"queue": "sales", "why": "timeout"}',
    ),
    (ControllerLost(), "controller_lost", "{}"),
    (FellBack(None), "fallback", '{"queue": null}'),
    (Scored(5, "service"), "scored", '{"score": 5, "question": "service"}'),
    (
        CallbackAsked("+8613800000000", "2026-03-02T01:30:00+00:00"),
        "callback_asked",
        '{"number": "+8613800000000", "at": "2026-03-02T01:30:00+00:00"}',
    ),
    (
        CallbackAsked("123", None, NoCallback.NOT_DIALLABLE),
        "callback_asked",
        '{"number": "123", "at": null, "why": "not_diallable"}',
    ),
    (
        VoiceKept("c.v1", SALES, FILE, "ab", 6.0, 192044),
        "voice",
        '{"name": "c.v1", "queue": "sales", "file": "2026/03/02/c.wav", "sha256": "ab",'
        ' "duration_s": 6.0, "bytes": 192044}',
    ),
    (
        VoiceKept("c.v1-short", SALES, FILE, "ab", 6.0, 192044, True),
        "voice",
        '{"name": "c.v1-short", "queue": "sales", "file": "2026/03/02/c.wav", "sha256": "ab",'
        ' "duration_s": 6.0, "bytes": 192044, "short": true}',
    ),
    (
        Recorded(FILE, "ab", 6.0, None, True, 192044),
        "recorded",
        '{"file": "2026/03/02/c.wav", "sha256": "ab", "duration_s": 6.0, "bridged_s": null,'
        ' "whole": true, "bytes": 192044}',
    ),
    (
        Recorded(FILE, "ab", 6.0, 9.5, False, 2**40, (Silence(Party.CALLER, 5.0, 70.0),)),
        "recorded",
        '{"file": "2026/03/02/c.wav", "sha256": "ab", "duration_s": 6.0, "bridged_s": 9.5,'
        ' "whole": false, "bytes": 1099511627776, "silent":'
        ' [{"side": "caller", "from_s": 5.0, "to_s": 70.0}]}',
    ),
    (
        RecordingMissing(Unlisted("the raw file is empty")),
        "recording_lost",
        '{"why": "the raw file is empty"}',
    ),
    (RecordingMissing(LossReason.EMPTY_FILE), "recording_lost", '{"why": "empty_file"}'),
    (CallEnded(Party.CALLER, 16, None), "ended", '{"by": "caller", "cause": 16, "why": null}'),
    (
        CallEnded(Party.FLOW, 16, Unlisted("goodbye")),
        "ended",
        '{"by": "flow", "cause": 16, "why": "goodbye"}',
    ),
    (
        CallEnded(Party.SYSTEM, 0, EndReason.ASTERISK_ENDED),
        "ended",
        '{"by": "system", "cause": 0, "why": "Asterisk ended during the call"}',
    ),
]
"""Every kind as it has been stored from the first day: what must be read while calls are kept."""


@pytest.mark.parametrize(("what", "kind", "detail"), STORED)
def test_a_kind_is_stored_and_read_as_it_always_was(
    what: Happening, kind: str, detail: str
) -> None:
    assert what.kind == kind
    assert json.dumps(detail_of(what), ensure_ascii=False) == detail
    assert happening(kind, json.loads(detail)) == what
    fact = CallFact("00000000-0000-0000-0000-000000000001", CallId("c"), datetime.now(UTC), what)
    assert decode(encode(fact)) == fact
    assert decode_stored(encode(fact)) == stored(fact)
    assert as_written(stored(fact)) == fact


def test_every_kind_is_among_these() -> None:
    assert {type(what) for what, _, _ in STORED} == set(KINDS.values())


def test_every_kind_has_its_place_and_a_word_of_its_own() -> None:
    """A class that is in no list could be noted, but not stored."""
    declared = [
        kind
        for module in pkgutil.iter_modules(domain.__path__)
        for kind in vars(importlib.import_module(f"domain.{module.name}")).values()
        if isinstance(kind, type) and issubclass(kind, Happening) and kind is not Happening
    ]
    assert set(declared) == set(KINDS.values())
    assert len({kind.kind for kind in declared}) == len(set(declared))


@pytest.mark.parametrize(
    "enum",
    [Party, OfferFailure, GiveUpReason, TransferKind, EndReason, Cause],
    ids=lambda e: e.__name__,
)
def test_every_code_is_read_as_itself(enum: type[Party]) -> None:
    where = {
        (kind, str(one.metadata.get("key", one.name))): one.name
        for kind, made in KINDS.items()
        for one in fields(made)
        if enum in get_args(one.type)
    }
    assert where
    for (kind, key), name in where.items():
        for member in enum:
            assert getattr(happening(kind, {key: member.value}), name) is member
        assert getattr(happening(kind, {key: "a new one"}), name) == "a new one"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 2**31, 2**63])
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=5)
    | st.sampled_from(["caller", "no_answer", "blind", "timeout"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["side", "from_s", "to_s", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
keys = st.sampled_from(sorted({key for _, _, text in STORED for key in json.loads(text)} | {"new"}))
details = st.dictionaries(keys, json_values, max_size=12)


@given(st.sampled_from(sorted(KINDS)), details)
def test_whatever_a_detail_says_is_read_as_far_as_it_makes_sense(
    kind: str, detail: dict[str, object]
) -> None:
    read = happening(kind, detail)
    assert type(read) is KINDS[kind]
    written = detail_of(read)
    assert happening(kind, written) == read, "what was understood is stable"
    for key, value in written.items():
        before = detail.get(key)
        if key not in ("silent", "nodes") and value not in (None, ""):
            assert value == before, "nothing is made up"
        if isinstance(before, str) and before and value is None:
            # Only where something else than text belongs.
            assert key in {"try", "position", "expected_wait_s", "score", "duration_s", "bridged_s",
                           "whole", "bytes", "cause", "edition", "revision"}  # fmt: skip


@given(st.sampled_from(sorted(KINDS)), details)
def test_on_its_way_to_the_database_a_fact_stays_as_it_was_written(
    kind: str, detail: dict[str, object]
) -> None:
    """What this version doesn't understand, a later one may."""
    plain = json.loads(json.dumps(detail), parse_constant=lambda _: None)
    line = {
        "id": "00000000-0000-0000-0000-000000000001",
        "call": "c",
        "at": "2026-01-01T00:00:00+00:00",
        "kind": kind,
        "detail": plain,
    }
    read = decode_stored(json.dumps(line).encode())
    assert isinstance(read, StoredFact)
    assert dict(read.detail) == plain


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of fact 'exploded'"):
        happening("exploded", {})
