"""Whoever reports a talk first, and whoever reports it again, it is recorded once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from hypothesis import example, given
from hypothesis import strategies as st

from domain.call_facts import CallEnded, CallEntered, ControllerLost
from domain.centre import Hotline
from domain.facts import CallFact
from domain.floor_facts import TALKS, TalkBegan, TalkEnded, Transferred, phone_in
from domain.happening import Happening
from domain.identity import CallId, LineName, ProjectName, StationName
from domain.reasons import EndReason, Party, TransferKind
from engine.calls.ledger import Ledger
from telephony.log_rows import LogPlace
from telephony.logged_call import LoggedCall, LoggedTalk, LoggedTransfer

CALL = CallId("pbx1-1700000000.0")
PHONES = (StationName("1001"), StationName("1002"))


@dataclass(frozen=True)
class Talk:
    """What really happened. Times are seconds since the call came in."""

    phone: StationName
    begins: int
    ends: int
    passed_on: bool
    """The agent transferred the caller at its end."""
    session_reports: bool
    """The session dialled it, and reports it if AMI is down at its end."""


@dataclass(frozen=True)
class LinkDown:
    """AMI was down, and the log was read at ``read``: when some events of since then had come.

    The snapshot shows what was there at ``pictured``. From ``asked`` on events are held, and come
    when all of it has arrived, at ``until``.
    """

    since: int
    asked: int
    pictured: int
    until: int
    read: int
    events_before_reading: int


@st.composite
def calls(draw: st.DrawFn) -> list[Talk]:
    at, talks = 0, []
    for _ in range(draw(st.integers(1, 5))):
        begins = at + draw(st.integers(5, 20))
        at = begins + draw(st.integers(5, 30))
        phone, *flags = draw(st.tuples(st.sampled_from(PHONES), st.booleans(), st.booleans()))
        talks.append(Talk(phone, begins, at, *flags))
    return talks


@st.composite
def absences(draw: st.DrawFn) -> list[LinkDown]:
    at, gaps = 0, []
    for _ in range(draw(st.integers(0, 3))):
        since = at + draw(st.integers(1, 40))
        asked = since + draw(st.integers(1, 60))
        pictured = asked + draw(st.integers(0, 2))
        until = pictured + draw(st.integers(0, 2))
        at = until + draw(st.integers(0, 15))
        gaps.append(LinkDown(since, asked, pictured, until, at, draw(st.integers(0, 4))))
    return gaps


def when(at: float) -> datetime:
    return datetime.fromtimestamp(1_700_000_000 + at, UTC)


def happenings(talks: Iterable[Talk]) -> list[tuple[float, Happening]]:
    """All that must be written down in the end, in order."""
    found: list[tuple[float, Happening]] = []
    for talk in talks:
        found.append((talk.begins, TalkBegan(None, talk.phone)))
        if talk.passed_on:
            found.append((talk.ends, Transferred(None, talk.phone, "x", TransferKind.BLIND)))
        found.append((talk.ends, TalkEnded(None, talk.phone, Party.AGENT)))
    return found


def log_until(at: float, talks: Iterable[Talk]) -> LoggedCall:
    began = when(0).timestamp()
    logged = LoggedCall(CALL, LineName("trunk"), "4001", None, began, LogPlace(0, 0))
    for talk in talks:
        if talk.begins < at:
            ends = began + talk.ends if talk.ends < at else None
            by = Party.UNKNOWN if ends is None else Party.AGENT
            logged.talks.append(LoggedTalk(talk.phone, began + talk.begins, ends, by))
        if talk.passed_on and talk.ends < at:
            moved = LoggedTransfer(talk.phone, "x", TransferKind.BLIND, began + talk.ends)
            logged.transfers.append(moved)
    return logged


@dataclass
class Reports:
    """Hands reports to a ledger, as sessions and switches do, and keeps what it takes for new."""

    ledger: Ledger = field(default_factory=Ledger)
    written: list[CallFact] = field(default_factory=list)
    _number: "count[int]" = field(default_factory=count)

    def report(self, what: Happening, at: float, *, supposed: bool = False) -> None:
        match what:
            case TalkBegan(station=str(phone)):
                news = self.ledger.joins(phone, when(at))
            case TalkEnded(station=str(phone)):
                news = self.ledger.leaves(phone)
            case _:
                news = True
        fact = CallFact(f"live {next(self._number)}", CALL, when(at), what)
        if news and self.ledger.enter(fact, supposed=supposed):
            self.written.append(fact)

    def events(self, seen: Iterable[tuple[float, Happening]], late: float, times: int) -> None:
        for at, what in seen:
            for _ in range(times if isinstance(what, TALKS) else 1):
                self.report(what, at + late)

    def snapshot(self, pictured: float, at: float, talks: Iterable[Talk]) -> None:
        there = {talk.phone for talk in talks if talk.begins < pictured <= talk.ends}
        for phone in sorted(self.ledger.phones - there):
            self.report(TalkEnded(None, phone, Party.UNKNOWN), at, supposed=True)
        for phone in sorted(there - self.ledger.phones):
            self.report(TalkBegan(None, phone), at, supposed=True)
        self.ledger.gap_over(when(at))


def play(
    talks: list[Talk],
    gaps: list[LinkDown],
    *,
    late: float,
    times: int,
    session: float = 0.1,
    logged: bool = True,
) -> list[CallFact]:
    """The whole call; what was written down of it. By the log's clock, ``late`` is AMI and
    ``session`` the session."""
    reports = Reports()
    left = happenings(talks)

    def until(at: float) -> list[tuple[float, Happening]]:
        nonlocal left
        seen, left = [one for one in left if one[0] < at], [one for one in left if one[0] >= at]
        return seen

    for gap in gaps:
        reports.events(until(gap.since), late, times)
        until(gap.asked)  # nobody sees these
        for talk in talks:
            over = talk.ends + session
            if talk.session_reports and gap.since <= over and talk.ends < gap.asked:
                # It knows when it began to dial, and that it is over.
                reports.report(TalkBegan(None, talk.phone), talk.begins - 2, supposed=True)
                reports.report(TalkEnded(None, talk.phone, Party.UNKNOWN), over, supposed=True)
        reports.snapshot(gap.pictured, gap.until, talks)
        seen = [(max(at, gap.until), what) for at, what in until(gap.read)]
        reports.events(seen[: gap.events_before_reading], late, times)
        if logged:
            known = log_until(gap.read, talks)
            reports.written += reports.ledger.settle(when(gap.until), when(gap.asked), known, {})
        else:
            reports.written += reports.ledger.settle_as_supposed(when(gap.until))
        reports.events(seen[gap.events_before_reading :], late, times)
    reports.events(left, late, times)
    return reports.written


def of(kind: type[Happening], phone: StationName, facts: Iterable[CallFact]) -> list[float]:
    return sorted(
        (fact.at - when(0)).total_seconds()
        for fact in facts
        if type(fact.what) is kind and phone_in(fact.what) == phone
    )


@example(  # the second talk is seen, the first is in the log only
    [Talk(PHONES[0], 5, 10, False, False), Talk(PHONES[0], 15, 20, False, False)],
    [LinkDown(1, asked=11, pictured=11, until=11, read=16, events_before_reading=1)],
    0.0,
    1,
    0.1,
)
@example(  # the phone leaves as the snapshot is taken that has it in the call
    [Talk(PHONES[0], 5, 10, False, False)],
    [LinkDown(1, asked=10, pictured=10, until=10, read=11, events_before_reading=0)],
    0.0,
    1,
    0.1,
)
@example(  # the same, and the snapshot takes a second to arrive
    [Talk(PHONES[0], 5, 10, False, False)],
    [LinkDown(1, asked=9, pictured=9, until=11, read=12, events_before_reading=0)],
    0.0,
    1,
    0.1,
)
@example(  # the phone comes and goes meanwhile
    [Talk(PHONES[0], 5, 10, False, False)],
    [LinkDown(1, asked=4, pictured=4, until=11, read=12, events_before_reading=0)],
    0.0,
    1,
    0.1,
)
@example(  # the session knows before the log that the caller has hung up
    [Talk(PHONES[0], 5, 10, False, True)],
    [LinkDown(1, asked=12, pictured=12, until=12, read=12, events_before_reading=0)],
    0.0,
    1,
    -0.2,
)
@given(
    calls(),
    absences(),
    st.sampled_from([0.0, 0.3, 1.5]),
    st.integers(1, 3),
    st.sampled_from([-0.2, 0.1]),
)
def test_whoever_reports_first_each_happening_is_written_down_once(
    talks: list[Talk], gaps: list[LinkDown], late: float, times: int, session: float
) -> None:
    written = play(talks, gaps, late=late, times=times, session=session)
    # What is held until the snapshot has arrived is dated then, unless the log has its time.
    arrival = max((gap.until - gap.asked for gap in gaps), default=0)
    truth = [CallFact("", CALL, when(at), what) for at, what in happenings(talks)]
    for kind in (TalkBegan, TalkEnded, Transferred):
        for phone in PHONES:
            ours, real = of(kind, phone, written), of(kind, phone, truth)
            assert len(ours) == len(real), (kind, phone, ours, real)
            for a, b in zip(ours, real, strict=True):
                assert abs(a - b) <= 2.1 + arrival, (kind, phone, ours, real)
    assert len({fact.id for fact in written}) == len(written)


def test_an_end_that_the_log_has_given_to_the_gap_before_is_not_written_again() -> None:
    """The log is read for a gap when the link is down again and the caller has hung up."""
    (talk,) = talks = [Talk(PHONES[0], 5, 10, passed_on=False, session_reports=True)]
    reports = Reports()
    reports.snapshot(4, 4, talks)
    reports.events(happenings(talks)[:1], 0.0, 1)
    reports.written += reports.ledger.settle(when(4), when(4), log_until(11, talks), {})
    ended = TalkEnded(None, talk.phone, Party.CALLER)
    reports.report(ended, talk.ends - 0.01, supposed=True)  # it knew a moment before the log
    reports.snapshot(12, 12, talks)
    reports.written += reports.ledger.settle(when(12), when(12), log_until(13, talks), {})
    assert of(TalkEnded, talk.phone, reports.written) == [talk.ends]


@given(calls(), absences())
def test_without_the_log_a_record_is_poorer_but_never_wrong(
    talks: list[Talk], gaps: list[LinkDown]
) -> None:
    written = play(talks, gaps, late=0.0, times=1, logged=False)
    for phone in PHONES:
        begins, ends = of(TalkBegan, phone, written), of(TalkEnded, phone, written)
        real = [talk for talk in talks if talk.phone == phone]
        assert len(begins) == len(ends) <= len(real)
        assert all(begin <= end for begin, end in zip(begins, ends, strict=True))


@given(calls(), st.integers(0, 200), st.booleans())
def test_a_call_that_ends_unseen_is_written_down_whole_and_once(
    talks: list[Talk], away: int, written_before: bool
) -> None:
    """The controller was away from some moment on; it may have been so all the time."""
    reports = Reports()
    if written_before:
        came = CallEntered("4001", None, LineName("trunk"), None, None, None)
        reports.written.append(CallFact("came", CALL, when(0), came))
        reports.events([one for one in happenings(talks) if one[0] < away], 0.0, 1)
    logged = log_until(10_000, talks)
    logged.ended_at = when(9_000).timestamp()
    ledger = Ledger(facts=list(reports.written))
    hotline = None if written_before else Hotline("4001", ProjectName("tea"), "hotline")
    new = ledger.settle_unseen(CALL, logged, {}, when(9_000), hotline)
    written = [*reports.written, *new]
    truth = [CallFact("", CALL, when(at), what) for at, what in happenings(talks)]
    for kind in (TalkBegan, TalkEnded, Transferred):
        for phone in PHONES:
            assert of(kind, phone, written) == of(kind, phone, truth)
    for once in (CallEntered, ControllerLost, CallEnded):
        assert sum(isinstance(fact.what, once) for fact in written) == 1
    assert len({fact.id for fact in written}) == len(written)


@given(calls(), st.sampled_from([0.01, 1.5]), st.booleans())
def test_a_call_is_over_after_all_else_whichever_news_of_a_hang_up_is_late(
    talks: list[Talk], late: float, restarted: bool
) -> None:
    """The caller hangs up. The news that the talk is over comes late, the news that the call is
    never: the link goes down in between, or the controller ends."""
    hung_up = talks[-1].ends
    reports = Reports()
    reports.events(happenings(talks), late, 1)
    logged = log_until(10_000, talks)
    logged.ended_at = when(hung_up).timestamp()
    away = hung_up + late + 1
    if restarted:
        ledger = Ledger(facts=list(reports.written))
        new = ledger.settle_unseen(CALL, logged, {}, when(away))
    else:
        gone = CallEnded(Party.UNKNOWN, cause=0, why=None)
        reports.report(gone, away, supposed=True)
        reports.snapshot(away, away, talks)
        new = reports.ledger.settle(when(away), when(away), logged, {})
    (end,) = [fact for fact in new if isinstance(fact.what, CallEnded)]
    assert end.at == max(fact.at for fact in reports.written) == when(hung_up + late)


@given(calls(), st.integers(1, 200), st.booleans())
def test_what_an_asterisk_that_was_killed_left_open_is_closed(
    talks: list[Talk], killed: int, logged: bool
) -> None:
    """Its log has no end of the call, or there is no log at all."""
    seen = [one for one in happenings(talks) if one[0] < killed]
    came = CallEntered("4001", None, LineName("trunk"), None, None, None)
    reports = Reports(written=[CallFact("came", CALL, when(0), came)])
    reports.events(seen, 0.0, 1)
    ledger = Ledger(facts=list(reports.written))
    log = log_until(killed, talks) if logged else None
    written = [*reports.written, *ledger.settle_unseen(CALL, log, {}, when(killed))]
    for phone in PHONES:
        begun = [at for at, what in seen if what == TalkBegan(None, phone)]
        assert of(TalkBegan, phone, written) == begun
        assert len(of(TalkEnded, phone, written)) == len(begun)
    (end,) = [fact for fact in written if isinstance(fact.what, CallEnded)]
    assert end.at == max(fact.at for fact in written)
    reason = EndReason.ASTERISK_ENDED if logged else EndReason.CONTROLLER_AWAY
    assert isinstance(end.what, CallEnded) and end.what.why is reason
