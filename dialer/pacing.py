"""Decides when to dial and how many: facts in, ``Pacing`` out, in simulation and on real phones.

The policy makes a wish; the code here enforces what no policy may break: lines, calls per second,
ringing time, the leads available, and the limit's hard stop. It reads no clock: ``now`` (monotonic
seconds) comes with every fact, and ``next_deadline`` returns when to call ``tick`` if no fact comes
first.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor, inf

from dialer.abandon_count import NO_HISTORY, AbandonCount, Counted, History
from dialer.call_rate import CallRate
from dialer.lessons import CutShort, LetGo, Reached, Served
from dialer.limit import Limit
from dialer.line_rate import ANY_NUMBER, LineRateNow
from dialer.pacing_facts import (
    Abandoned,
    AgentGone,
    AgentReady,
    AgentWantsBreak,
    AgentWrapUp,
    DayBegan,
    Dialled,
    GivenMachine,
    Hopper,
    Machine,
    NotAnswered,
    PacingFact,
)
from dialer.policy import Policy, Reason, Situation, Wish, free_agents
from dialer.trunk import TrunkState
from dialer.under_way import UnderWay
from domain.identity import AttemptId

_LOOK_EVERY_S = 1.0
_LOOK_AT_MOST_EVERY_S = 0.01
_PLACED_WITHIN_S = 5.0
"""A call that was requested and has not gone out by then will not go out."""
_TOGETHER_S = 0.1
"""Calls that end, and calls that may go out because a second has passed, wait for one another this
long, unless the last decision is longer ago: forty a second need not each be decided on."""
_FORGET_EVERY_S = 30.0
NO_ESTIMATE = (
    "detection is on, but limit.people_taken_for_machines is not given; expected the estimated"
    " share of the people who answer that detection takes for machines and hangs up on: listen to"
    " some hundred recordings of what it refused, or take a preset (uk, us, cautious), which has"
    " one"
)
_KNOWN_AGAIN = 3
"""After the trunk has failed, this many persons must answer before more than one number for each
free agent is dialled."""
_MOST_OPEN_PER_AGENT = 40
_MOST_AT_ONCE = 200

_MATTERS = frozenset((AgentReady, AgentWrapUp, AgentGone, AgentWantsBreak, Hopper, DayBegan))
"""Facts after which there may be something to do. After the others (somebody answers, an agent
starts talking) there is less room than before, and the look once a second is soon enough."""
_MATTERS_SOON = frozenset((NotAnswered, Machine, Abandoned))
"""Those among them that wait for one another."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a campaign that apply whatever its policy."""

    lines: int = 1_000_000
    """The maximum number of calls at once, including talks."""
    calls_per_second: float = inf
    """A whole number means at most that many within any second. A fraction up to FEW_A_SECOND means
    one call every 1 / ``calls_per_second`` seconds, so at most ``t * calls_per_second``, rounded
    up, within any ``t`` seconds. A larger fraction is rounded down. The limit holds for calls that
    go out within 5 s of being requested."""
    limit: Limit = field(default_factory=Limit)
    detection: bool = False
    """Whether machine detection is on: an answer is a person only once detection reports one."""

    def __post_init__(self) -> None:
        if self.lines < 0:
            raise ValueError(f"lines is {self.lines}; expected 0 or more")
        if not self.calls_per_second > 0:
            raise ValueError(f"calls_per_second is {self.calls_per_second}; expected more than 0")
        if self.detection and self.limit.people_taken_for_machines is None:
            raise ValueError(NO_ESTIMATE)


@dataclass(slots=True)  # one per decision; a frozen one takes twice as long to make
class Pacing:
    """A pacing decision: dial ``count`` numbers now, hang up these ringing attempts, and why."""

    count: int
    reason: Reason
    hang_up: tuple[AttemptId, ...] = ()


class Pacer:
    """Paces the dialling of one campaign. Give it each fact as it happens, then do what it says.

    Report every number that goes out with ``Dialled``. A fact whose ``now`` is earlier than the
    last one's, or not a finite number, is treated as happening at the last one's time.
    """

    def __init__(
        self,
        policy: Policy,
        settings: Settings,
        *,
        now: float,
        day: int = 0,
        history: History = NO_HISTORY,
    ) -> None:
        self.settings = settings
        self.under_way = UnderWay(detection=settings.detection)
        self.limit = AbandonCount(
            settings.limit, detection=settings.detection, now=now, day=day, history=history
        )
        self.policy = policy
        self.situation = Situation(self.under_way, self.limit)
        self._now = now
        self._asked: deque[tuple[float, int]] = deque()
        self._call_rate = CallRate(settings.calls_per_second)
        self.line: LineRateNow = ANY_NUMBER
        """What the line takes now, which others use, too. Whoever knows keeps it up to date."""
        self._returned = 0
        """How often the trunk had come back when it was looked at last."""
        self._unknown_until = 0
        """Until this many persons have answered in all, who answers is unknown again."""
        self._look_at: float | None = None
        self._soon_at = self._forget_at = now
        """The earliest time for the next decision on calls that end."""

    def handle(self, fact: PacingFact, now: float) -> Pacing | None:
        """Take in a fact. Returns what to do, or None if the fact needs no decision."""
        if not self._now <= now < inf:
            now = self._now
        self._now = now
        if isinstance(fact, Dialled):
            self._went_out(fact.attempt, now)
        elif isinstance(fact, Hopper):
            self.situation.next_leads = fact.leads
        elif isinstance(fact, DayBegan):
            self.situation.midnight = fact.midnight
            self.limit.day_began(fact.day)
        elif isinstance(fact, GivenMachine):
            self._pass_on(self.limit.given_machine(fact.attempt), now)
        for lesson in self.under_way.fold(fact, now):
            self._pass_on(self._count(lesson, now), now)
            self.policy.learn(lesson, now)
        soon = type(fact) in _MATTERS_SOON
        if type(fact) in _MATTERS or (soon and now >= self._soon_at):
            return self._decide(now)
        look_at = self._soon_at if soon else now + _LOOK_EVERY_S
        if self._look_at is None or (soon and look_at < self._look_at):
            self._look_at = look_at
        return None

    def next_deadline(self) -> float | None:
        """Return when to call ``tick``; None: not before another fact."""
        return self._look_at

    def tick(self, now: float) -> Pacing | None:
        """Decide again if the deadline has passed; otherwise do nothing and return None."""
        if not self._now <= now < inf:
            now = self._now
        self._now = now
        if self._look_at is None or now < self._look_at:
            return None
        return self._decide(now)

    def is_not_placed(self) -> None:
        """One call fewer than was asked for is about to go out. Say so of one that won't, and
        nothing is expected of it; the next fact may ask for another."""
        if self._asked:
            asked_at, count = self._asked.popleft()
            if count > 1:
                self._asked.appendleft((asked_at, count - 1))
            self.situation.placing -= 1

    # Counting

    def _count(self, lesson: object, now: float) -> Counted | None:
        limit = self.limit
        match lesson:
            case Reached():  # most of them: it comes first
                self.situation.ended += 1
                self.situation.reached += lesson.person
            case Served():
                due = limit.limit.due_at(lesson.answered_at, lesson.speech_at, lesson.greeted_at)
                return limit.connected(now, late_s=now - due, attempt=lesson.attempt)
            case LetGo():
                due = limit.limit.due_at(lesson.answered_at, lesson.speech_at, lesson.greeted_at)
                return limit.abandoned(
                    now,
                    late_s=now - due,
                    by_customer=lesson.by_customer,
                    heard=lesson.heard,
                )
            case CutShort():
                return limit.cut(now, lesson.rang_s)
        return None

    def _pass_on(self, counted: Counted | None, now: float) -> None:
        if counted is not None and counted.base:
            self.policy.counted(counted, now)

    def _went_out(self, attempt: AttemptId, now: float) -> None:
        if self.under_way.has_gone_out(attempt):
            return
        self._call_rate.went_out(now)
        situation = self.situation
        self.is_not_placed()
        if situation.next_leads:
            situation.next_leads = situation.next_leads[1:]

    # Deciding

    def _decide(self, now: float) -> Pacing:
        under_way, situation = self.under_way, self.situation
        self._look_at, self._soon_at = None, now + _TOGETHER_S
        if now >= self._forget_at:  # not at every decision: this looks at every call
            self._forget_at = now + _FORGET_EVERY_S
            under_way.forget_lost(now)
        under_way.expect_hang_ups(now)
        while self._asked and self._asked[0][0] < now - _PLACED_WITHIN_S:
            situation.placing -= self._asked.popleft()[1]
        if under_way.agents == 0 and situation.open == 0:
            return Pacing(0, _NOBODY)
        situation.most = self._most(now)
        wish = self.policy.decide(situation, now)
        count, reason = self._allowed(wish, now)
        self._look_at = self._next_look(wish, now)
        if count > 0:
            self._asked.append((now, count))
            situation.placing += count
        hang_up = self._may_hang_up(wish.hang_up, now) if wish.hang_up else ()
        return Pacing(count, reason, hang_up)

    def _most(self, now: float) -> int:
        """Return what the bounds allow that are known at once and hold for hours where few answer;
        ``_bounds`` has all of them."""
        under_way, settings = self.under_way, self.settings
        return (
            min(
                settings.lines - under_way.lines,
                self._call_rate.left(now),
                self.line.left,
                _MOST_OPEN_PER_AGENT * under_way.agents - under_way.open,
            )
            - self.situation.placing
        )

    def _allowed(self, wish: Wish, now: float) -> tuple[int, Reason]:
        """Return the wish cut down to what is allowed, with the reason for the cut, if any."""
        least, reason = wish.count, wish.reason
        if least <= 0:
            return 0, reason
        for most, why in self._bounds(wish, now):
            if most < least:
                least, reason = most, why
        if least == wish.count:
            return least, reason
        wanted = f"at least {wish.count}" if wish.at_least else wish.count
        return max(0, least), Reason(reason.text, {"wanted": wanted, **self._figures(now)})

    def _bounds(self, wish: Wish, now: float) -> Iterator[tuple[int, Reason]]:
        """Yield the bounds that no policy may break: how many calls each allows now."""
        under_way, situation, settings = self.under_way, self.situation, self.settings
        yield settings.lines - under_way.lines - situation.placing, _NO_LINES
        yield from self._bounds_of_trunk(now)
        yield self._call_rate.left(now) - situation.placing, _TOO_FAST
        yield self.line.left - situation.placing, _LINE_TOO_FAST
        yield _MOST_OPEN_PER_AGENT * under_way.agents - situation.open, _TOO_MANY
        yield _MOST_AT_ONCE, _TOO_MANY
        if situation.next_leads is not None:
            yield len(situation.next_leads) - situation.placing, _NO_LEADS
            yield self._before_guaranteed(wish.count), _GUARANTEED
        if settings.limit.hard_stop and self.limit.room(now) < 1.0:
            sure = wish.sure and under_way.idle > 0
            yield wish.count if sure else free_agents(situation), _SPENT

    def _bounds_of_trunk(self, now: float) -> Iterator[tuple[int, Reason]]:
        """Yield what the trunk bears, and what is sensible when it has come back after a failure:
        one call for each free agent, until people have answered again."""
        under_way, situation = self.under_way, self.situation
        trunk = under_way.trunk
        free = trunk.free(now, in_use=under_way.lines + situation.placing)
        if trunk.state is not TrunkState.CLEAR:
            held = trunk.state is TrunkState.HELD
            yield floor(free), _HELD if held else _BOUNDED
        if trunk.returned != self._returned:
            self._returned = trunk.returned
            self._unknown_until = situation.reached + _KNOWN_AGAIN
        if situation.reached < self._unknown_until:
            yield free_agents(situation), _RETURNED

    def _before_guaranteed(self, count: int) -> int:
        """Return how many may go out before a lead comes up that needs a reserved agent."""
        situation = self.situation
        free, placing = free_agents(situation), situation.placing
        for place, lead in enumerate((situation.next_leads or ())[placing : placing + count]):
            if lead.guaranteed and place >= free:
                return place
        return count

    def _may_hang_up(self, wanted: tuple[AttemptId, ...], now: float) -> tuple[AttemptId, ...]:
        """Return those that may be hung up and have not been ordered to be already."""
        least_s, under_way = self.settings.limit.min_ring_s, self.under_way
        return tuple(
            each
            for each in wanted
            if under_way.may_be_cut(each, now, least_s=least_s) and under_way.hang_up(each, now)
        )

    def _next_look(self, wish: Wish, now: float) -> float:
        look_at = now + _LOOK_EVERY_S if wish.look_at is None else wish.look_at
        look_at = max(look_at, now + _LOOK_AT_MOST_EVERY_S)
        if wish.count > 0:
            more_at = self._call_rate.more_at(now, together_s=_TOGETHER_S)
            look_at = min(look_at, more_at, max(self.line.more_at, now + _LOOK_AT_MOST_EVERY_S))
        return look_at

    def _figures(self, now: float) -> dict[str, object]:
        under_way, tally = self.under_way, self.limit.worst(now)
        return {
            "lines": self.settings.lines,
            "borne": under_way.trunk.lines,
            "held_s": now - under_way.trunk.held_since,
            "used": under_way.lines,
            "ready": under_way.ready,
            "open": self.situation.open,
            "abandoned": _persons(tally.abandoned),
            "base": _persons(tally.base),
            "share": f"{tally.share:.2%}",
            "limit": f"{100 * self.settings.limit.share:.4g}%",
            "per_second": f"{self.settings.calls_per_second:g}",
            "line_per_second": f"{self.line.per_second:g}",
        }


def _persons(count: float) -> str:
    """Format a number of persons: thirty days may bring millions, and estimates are fractional."""
    return f"{round(count, 1):,.15g}"


_NOBODY = Reason("nobody is logged in and no call is under way")
_NO_LINES = Reason("{wanted} wanted, limited by the free lines: {used} of {lines} are in use")
_HELD = Reason(
    "{wanted} wanted; the trunk has refused calls for {held_s:.0f} s, so single calls try it"
)
_BOUNDED = Reason("{wanted} wanted, limited by what the trunk was seen to carry: {borne} calls")
_RETURNED = Reason(
    "{wanted} wanted, limited to free agents ({ready} ready): the trunk has just come back, and"
    " nobody knows yet who answers"
)
_TOO_FAST = Reason("{wanted} wanted, limited to {per_second} calls a second")
LINE_TOO_FAST = (
    "{wanted} wanted, limited by the line, which takes {line_per_second} calls a second from all"
    " together"
)
"""The reason of a campaign that would call more, if its line took it."""
_LINE_TOO_FAST = Reason(LINE_TOO_FAST)
_TOO_MANY = Reason("{wanted} wanted, limited because {open} calls are under way already")
_NO_LEADS = Reason("{wanted} wanted, limited by the leads that are left")
_GUARANTEED = Reason(
    "{wanted} wanted, limited because the next lead was abandoned before and needs a reserved agent"
)
_SPENT = Reason(
    "{wanted} wanted, limited to free agents ({ready} ready, {open} calls under way):"
    " {abandoned} of {base} abandoned ({share}) leave no room under {limit}"
)
