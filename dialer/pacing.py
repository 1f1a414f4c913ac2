"""When to dial how many: facts in, ``Pacing`` out. The same code in simulation and on the phones.

The policy wishes; this keeps what no policy may break: lines, calls per second, ringing time, the
leads there are, and the limit's hard stop. It asks no clock: ``now`` (monotonic seconds) comes with
every fact, and ``next_deadline`` says when to call ``tick`` if no fact comes before.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from dialer.facts import (
    Abandoned,
    AgentGone,
    AgentReady,
    AgentWantsBreak,
    AgentWrapUp,
    DayBegan,
    Dialled,
    Hopper,
    Machine,
    NotAnswered,
    PacingFact,
)
from dialer.lessons import CutShort, LetGo, Reached, Served, TakenForMachine
from dialer.limit import NO_HISTORY, AbandonCount, Counted, History, Limit
from dialer.policy import Policy, Reason, Situation, Wish, free_agents
from dialer.under_way import UnderWay
from domain.identity import AttemptId

_LOOK_EVERY_S = 1.0
_LOOK_AT_MOST_EVERY_S = 0.01
_PLACED_WITHIN_S = 5.0
"""A call that was asked for and has not gone out by then will not go out."""
_FORGET_EVERY_S = 30.0
FEW_A_SECOND = 50.0
"""Above it a fraction of a call a second does not matter, and one call each look would."""
_MOST_OPEN_PER_AGENT = 40
_MOST_AT_ONCE = 200

_MATTERS = frozenset((
    NotAnswered, Machine, Abandoned, AgentReady, AgentWrapUp, AgentGone, AgentWantsBreak, Hopper,
    DayBegan,
))  # fmt: skip
"""Facts after which there may be something to do. After the others (somebody answers, an agent
begins to talk) there is less room than before, and the look each second finds out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is given for a campaign, whatever its policy."""

    lines: int = 1_000_000
    """So many calls at once at most, talks included."""
    calls_per_second: float = inf
    """A whole number: at most so many within any second. A fraction up to FEW_A_SECOND: one each
    1 / ``calls_per_second``, so within any ``t`` seconds at most ``t * calls_per_second``, rounded
    up. A fraction above that is rounded down. It holds for calls that go out within 5 s of being
    asked for."""
    limit: Limit = field(default_factory=Limit)
    detection: bool = False
    """Machines are listened for: who answers is a person only when detection says so."""

    def __post_init__(self) -> None:
        if self.lines < 0:
            raise ValueError(f"lines is {self.lines}; expected 0 or more")
        if not self.calls_per_second > 0:
            raise ValueError(f"calls_per_second is {self.calls_per_second}; expected more than 0")


@dataclass(slots=True)  # not frozen: it is made at each decision, and that takes twice as long
class Pacing:
    """Dial ``count`` numbers now, hang up these ringing attempts, and why."""

    count: int
    reason: Reason
    hang_up: tuple[AttemptId, ...] = ()


class Pacer:
    """The dialling of one campaign. Give it each fact as it happens, then do what it says.

    Every number that goes out is to be told with ``Dialled``. A fact with a ``now`` before the
    last one's is taken as happening now.
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
        self.limit = AbandonCount(settings.limit, now=now, day=day, history=history)
        self.policy = policy
        self.situation = Situation(self.under_way, self.limit)
        self._now = now
        self._asked: deque[tuple[float, int]] = deque()
        self._together, self._span_s = _calls_within(settings.calls_per_second)
        self._gone_out: deque[float] = deque()
        """When calls went out within the last ``_span_s``; nothing if their rate has no limit."""
        self._look_at: float | None = None
        self._forget_at = now

    def handle(self, fact: PacingFact, now: float) -> Pacing | None:
        """Take a fact in; what to do, None if it is nothing that asks for a decision."""
        if now < self._now:
            now = self._now
        self._now = now
        if isinstance(fact, Dialled):
            self._went_out(fact.attempt, now)
        elif isinstance(fact, Hopper):
            self.situation.next_leads = fact.leads
        elif isinstance(fact, DayBegan):
            self.situation.midnight = fact.midnight
            self.limit.day_began(fact.day)
        for lesson in self.under_way.fold(fact, now):
            counted = self._count(lesson, now)
            if counted is not None and counted.base:
                self.policy.counted(counted, now)
            self.policy.learn(lesson, now)
        if type(fact) in _MATTERS:
            return self._decide(now)
        if self._look_at is None:
            self._look_at = now + _LOOK_EVERY_S
        return None

    def next_deadline(self) -> float | None:
        """When to call ``tick``; None: only when something has happened."""
        return self._look_at

    def tick(self, now: float) -> Pacing | None:
        """The deadline has passed (or not: then nothing happens)."""
        if now < self._now:
            now = self._now
        self._now = now
        if self._look_at is None or now < self._look_at:
            return None
        return self._decide(now)

    # Counting

    def _count(self, lesson: object, now: float) -> Counted | None:
        limit = self.limit
        match lesson:
            case Reached():  # most of them: it comes first
                self.situation.ended += 1
                self.situation.reached += lesson.person
            case Served():
                due = limit.limit.due_at(lesson.answered_at, lesson.speech_at, lesson.greeted_at)
                return limit.connected(now, late_s=now - due)
            case LetGo():
                due = limit.limit.due_at(lesson.answered_at, lesson.speech_at, lesson.greeted_at)
                return limit.abandoned(
                    now,
                    late_s=now - due,
                    by_customer=lesson.by_customer,
                    heard=lesson.heard,
                )
            case TakenForMachine():
                return limit.machine(now)
            case CutShort():
                return limit.cut(now, lesson.rang_s)
        return None

    def _went_out(self, attempt: AttemptId, now: float) -> None:
        if self.under_way.has_gone_out(attempt):
            return
        if self._span_s:
            self._forget_gone_out(now)
            self._gone_out.append(now)
        situation = self.situation
        if self._asked:
            asked_at, count = self._asked.popleft()
            if count > 1:
                self._asked.appendleft((asked_at, count - 1))
            situation.placing -= 1
        if situation.next_leads:
            situation.next_leads = situation.next_leads[1:]

    # Deciding

    def _decide(self, now: float) -> Pacing:
        under_way, situation = self.under_way, self.situation
        self._look_at = None
        if now >= self._forget_at:  # not at every decision: it looks at every call
            self._forget_at = now + _FORGET_EVERY_S
            under_way.forget_lost(now)
        while self._asked and self._asked[0][0] < now - _PLACED_WITHIN_S:
            situation.placing -= self._asked.popleft()[1]
        if under_way.agents == 0 and situation.open == 0:
            return Pacing(0, _NOBODY)
        wish = self.policy.decide(situation, now)
        count, reason = self._allowed(wish, now)
        self._look_at = self._next_look(wish, now)
        if count > 0:
            self._asked.append((now, count))
            situation.placing += count
        hang_up = self._may_hang_up(wish.hang_up, now) if wish.hang_up else ()
        return Pacing(count, reason, hang_up)

    def _allowed(self, wish: Wish, now: float) -> tuple[int, Reason]:
        """The wish, cut down to what may be; and the reason that stopped it, if one did."""
        least, reason = wish.count, wish.reason
        if least <= 0:
            return 0, reason
        for most, why in self._bounds(wish, now):
            if most < least:
                least, reason = most, why
        if least == wish.count:
            return least, reason
        return max(0, least), Reason(reason.text, {"wanted": wish.count, **self._figures(now)})

    def _bounds(self, wish: Wish, now: float) -> Iterator[tuple[int, Reason]]:
        """What no policy may break: how many calls each allows now."""
        under_way, situation, settings = self.under_way, self.situation, self.settings
        yield settings.lines - under_way.lines - situation.placing, _NO_LINES
        yield self._tokens(now), _TOO_FAST
        yield _MOST_OPEN_PER_AGENT * under_way.agents - situation.open, _TOO_MANY
        yield _MOST_AT_ONCE, _TOO_MANY
        if situation.next_leads is not None:
            yield len(situation.next_leads) - situation.placing, _NO_LEADS
            yield self._before_guaranteed(wish.count), _GUARANTEED
        if settings.limit.hard_stop and self.limit.room(now) < 1.0:
            sure = wish.sure and under_way.idle > 0
            yield wish.count if sure else free_agents(situation), _SPENT

    def _before_guaranteed(self, count: int) -> int:
        """So many may go before a lead comes up that needs an agent kept for him."""
        situation = self.situation
        free, placing = free_agents(situation), situation.placing
        for place, lead in enumerate((situation.next_leads or ())[placing : placing + count]):
            if lead.guaranteed and place >= free:
                return place
        return count

    def _tokens(self, now: float) -> int:
        """How many calls a second's calls allow now."""
        if not self._span_s:
            return _MOST_AT_ONCE
        self._forget_gone_out(now)
        return self._together - len(self._gone_out) - self.situation.placing

    def _forget_gone_out(self, now: float) -> None:
        while self._gone_out and self._gone_out[0] + self._span_s <= now:
            self._gone_out.popleft()

    def _may_hang_up(self, wanted: tuple[AttemptId, ...], now: float) -> tuple[AttemptId, ...]:
        least_s, may_be_cut = self.settings.limit.min_ring_s, self.under_way.may_be_cut
        return tuple(each for each in wanted if may_be_cut(each, now, least_s=least_s))

    def _next_look(self, wish: Wish, now: float) -> float:
        look_at = now + _LOOK_EVERY_S if wish.look_at is None else wish.look_at
        look_at = max(look_at, now + _LOOK_AT_MOST_EVERY_S)
        if self._span_s and wish.count > 0:
            # When one more may go out; those asked for just now are reckoned to go out now.
            first = self._gone_out[0] if self._gone_out else now
            look_at = min(look_at, first + self._span_s)
        return look_at

    def _figures(self, now: float) -> dict[str, object]:
        under_way, tally = self.under_way, self.limit.worst(now)
        return {
            "lines": self.settings.lines,
            "used": under_way.lines,
            "ready": under_way.ready,
            "open": self.situation.open,
            "abandoned": _persons(tally.abandoned),
            "base": _persons(tally.base),
            "share": f"{tally.share:.2%}",
            "limit": f"{100 * self.settings.limit.share:.4g}%",
            "per_second": f"{self.settings.calls_per_second:g}",
        }


def _calls_within(rate: float) -> tuple[int, float]:
    """So many calls may go out within so many seconds; 0 seconds: without limit."""
    if rate == inf:
        return 0, 0.0
    if rate > FEW_A_SECOND or rate == int(rate):
        return int(rate), 1.0
    return 1, 1.0 / rate


def _persons(count: float) -> str:
    """Of thirty days they may be millions, and estimates make fractions."""
    return f"{round(count, 1):,.15g}"


_NOBODY = Reason("nobody is logged in and no call is under way")
_NO_LINES = Reason("{wanted} wanted, limited by the free lines: {used} of {lines} are in use")
_TOO_FAST = Reason("{wanted} wanted, limited to {per_second} calls a second")
_TOO_MANY = Reason("{wanted} wanted, limited because {open} calls are under way already")
_NO_LEADS = Reason("{wanted} wanted, limited by the leads that are left")
_GUARANTEED = Reason(
    "{wanted} wanted, limited because the next lead was abandoned before and needs a reserved agent"
)
_SPENT = Reason(
    "{wanted} wanted, limited to free agents ({ready} ready, {open} calls under way):"
    " {abandoned} of {base} abandoned ({share}) leave no room under {limit}"
)
