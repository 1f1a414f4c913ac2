"""What agents do with themselves: log in and out, ready, away, more after-call time."""

from acd.agent_states import Trigger
from acd.commands import Command, Refusal, WishRefused
from acd.events import Away, ExtendWrapUp, LogIn, LogOut, Ready
from acd.offers import Offers
from acd.roster import Roster
from acd.seat import Seat
from domain.agent_facts import AgentState
from domain.identity import AgentCode, StationName


class Wishes:
    """Does each wish at once, or notes it for the end of the talk, or says why not."""

    def __init__(self, roster: Roster, offers: Offers) -> None:
        self._roster = roster
        self._offers = offers

    def log_in(self, event: LogIn, now: float, out: list[Command]) -> None:
        """Sit down at a station, paused; or, if logged in already, move there in the same state."""
        if refused := self.taken(event.agent, event.station, LogIn.__name__):
            out.append(refused)
            return
        seat = self._roster.of(event.agent, now)
        if seat.state is AgentState.TALKING and seat.station not in (None, event.station):
            out.append(WishRefused(seat.code, LogIn.__name__, Refusal.TALKING, seat.station))
            return
        moves = seat.station != event.station
        if moves and seat.state is AgentState.OFFERED:
            self._offers.withdraw_from(seat, now, out)
            self._roster.move(seat, Trigger.WITHDRAW, now, out)
        if moves:
            self._roster.sit(seat, event.station)
        seat.own_wrap_up_s, seat.missed_before_away = event.wrap_up_s, event.missed_before_away
        self._roster.qualify(seat, event.skills, now)
        self._is_there(seat)
        seat.left = False
        if seat.then and seat.then[0] is Trigger.LOG_OUT:
            seat.then = None
        if seat.state is AgentState.LOGGED_OUT:
            self._roster.move(seat, Trigger.LOG_IN, now, out, reason="login")
        elif seat.state is AgentState.TALKING:
            if moves:
                out.append(seat.changed())
        elif moves:
            self._roster.move(seat, Trigger.LOG_IN, now, out, reason=seat.reason, since=seat.since)
        else:
            self._roster.refresh(seat)

    def taken(self, agent: AgentCode, station: StationName, what: str) -> WishRefused | None:
        """The refusal if another agent sits at the station."""
        other = self._roster.at(station)
        if other is None or other.code == agent:
            return None
        return WishRefused(agent, what, Refusal.STATION_TAKEN, station, other.code)

    def wish(
        self, event: LogOut | Ready | Away | ExtendWrapUp, now: float, out: list[Command]
    ) -> None:
        """All that only a logged-in agent can wish."""
        seat = self._roster.logged_in(event.agent)
        if seat is None or seat.left:
            out.append(WishRefused(event.agent, type(event).__name__, Refusal.NOT_LOGGED_IN))
            return
        match event:
            case LogOut():
                self._leave(seat, Trigger.LOG_OUT, None, now, out)
            case Away():
                self._leave(seat, Trigger.AWAY, event.reason, now, out)
            case Ready():
                self._ready(seat, now, out)
            case ExtendWrapUp():
                self._extend(seat, event.seconds, out)

    def dismiss(self, seat: Seat, now: float, out: list[Command]) -> None:
        """They are gone from the centre, or their station is: only a talk goes on."""
        if seat.state is not AgentState.TALKING:
            self._leave(seat, Trigger.LOG_OUT, None, now, out)

    def _is_there(self, seat: Seat) -> None:
        """They have shown that they are: nothing counts as missed, and they need no rest."""
        seat.missed, seat.rests_until = 0, None

    def _leave(
        self, seat: Seat, trigger: Trigger, reason: str | None, now: float, out: list[Command]
    ) -> None:
        if seat.state is AgentState.TALKING:
            seat.then = (trigger, reason)
            return
        if seat.state is AgentState.PAUSED and trigger is Trigger.AWAY and seat.reason == reason:
            return  # pressed twice: the pause goes on
        self._offers.withdraw_from(seat, now, out)
        self._roster.move(seat, trigger, now, out, reason=reason)

    def _ready(self, seat: Seat, now: float, out: list[Command]) -> None:
        self._is_there(seat)
        if seat.state is AgentState.TALKING:
            seat.then = None
        elif seat.state is AgentState.READY:
            self._roster.refresh(seat)
        elif seat.state in (AgentState.PAUSED, AgentState.WRAP_UP):
            self._roster.move(seat, Trigger.READY, now, out)

    def _extend(self, seat: Seat, seconds: float, out: list[Command]) -> None:
        if seat.state is not AgentState.WRAP_UP:
            out.append(WishRefused(seat.code, ExtendWrapUp.__name__, Refusal.NOT_IN_WRAP_UP))
            return
        seat.wrap_until += max(0.0, seconds)
        self._roster.refresh(seat)
