"""The running centre as the console sees it (``engine.centre_ports.LiveCentre``)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, time, tzinfo

import structlog

from acd.commands import AgentChanged, Command, Refusal, WishRefused
from acd.events import Away, ExtendWrapUp, LogOut, Ready
from centre.calendars import UnpublishedYear
from domain.agent_facts import AgentState
from domain.centre import Centre
from domain.identity import AgentCode, LineName, ProjectName, QueueName, StationName
from domain.stations import StationState
from engine.agents.aside import ConsultStep
from engine.board import DayFigures, LiveBoard, call_view, scoped
from engine.board_ports import AheadView, BegunWithout, Board, CallView, StoreView
from engine.centre_ports import CommandOutcome, CommandResult, Recipient, Verb
from engine.engine import Engine
from engine.recorder import Recorder
from machine.local_zone import zone_here
from machine.one_line import in_one_line
from records.call_queries import CallStore, LineRefusals
from storage.database_errors import AWAY
from storage.outbox import Outbox
from telephony.ami.event_lag import LATE_S

log = structlog.get_logger()

FIGURES_EVERY_S = 3.0
COMPARE_EVERY_S = 10.0

_REFUSED = {
    Refusal.STATION_TAKEN: CommandOutcome.STATION_TAKEN,
    Refusal.NOT_LOGGED_IN: CommandOutcome.NOT_LOGGED_IN,
    Refusal.TALKING: CommandOutcome.TALKING,
    Refusal.NOT_IN_WRAP_UP: CommandOutcome.NOT_IN_WRAP_UP,
}

_STEPS = {
    Verb.SWAP: ConsultStep.SWAP,
    Verb.CONFERENCE: ConsultStep.CONFERENCE,
    Verb.COMPLETE: ConsultStep.COMPLETE,
    Verb.CANCEL: ConsultStep.CANCEL,
}
_TO_SOMEBODY = frozenset({Verb.CONSULT, Verb.PASS_ON})
_OF_ROOMS = frozenset(
    {Verb.CONNECT, Verb.DISCONNECT, Verb.END_TALK, Verb.HOLD, Verb.RESUME, *_STEPS, *_TO_SOMEBODY}
)


def midnight(now: datetime, zone: tzinfo | None) -> datetime:
    """When the day of ``now`` (aware) began in ``zone``; None for the machine's zone.

    If clocks go back over midnight, it is the first midnight; if they go forward over it, the
    moment when they do.
    """
    # Not `now` with its hour set to 0, because the clocks may have changed since midnight. By its
    # timestamp, because astimezone takes the wrong offset if the machine's zone has no midnight.
    begun = datetime.combine(now.astimezone(zone), time(), zone)
    return datetime.fromtimestamp(begun.timestamp(), UTC)


class RunningCentre:
    """The engine, with the day's figures from the records.

    ``without`` says what the controller makes do with while the database is away; None if it has
    everything. ``now`` decides which day it is.
    """

    def __init__(
        self,
        engine: Engine,
        calls: CallStore,
        outbox: Outbox,
        recorder: Recorder,
        *,
        without: Callable[[], BegunWithout | None] = lambda: None,
        unpublished: Callable[[], tuple[UnpublishedYear, ...]] = lambda: (),
        ahead: Callable[[], Mapping[AgentCode, AheadView]] = dict,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        figures_every_s: float = FIGURES_EVERY_S,
    ) -> None:
        self._now = now
        self._figures_every_s = figures_every_s
        self._without = without
        self._unpublished = unpublished
        self._changed: str | None = None
        self._engine = engine
        self._board = LiveBoard(engine, ahead)
        self._calls = calls
        self._outbox = outbox
        self._recorder = recorder
        self._figures: dict[QueueName, DayFigures] = {}
        self._blocked: dict[LineName, LineRefusals] = {}
        self._away: str | None = None
        self._watching: dict[AgentCode, list[Callable[[CallView], None]]] = {}
        engine.news.listen(self._agent_changed)

    def centre(self) -> Centre:
        """The configuration in force."""
        return self._engine.centre

    def board(self, projects: frozenset[ProjectName] | None) -> Board:
        """The board as those who serve ``projects`` may see it."""
        recorder = self._recorder
        without = self._without()
        store = StoreView(
            up=without is None and self._away is None,
            pending=self._outbox.pending,
            error=self._away,
            recordings=recorder.trouble,
            recordings_waiting=recorder.archive.waiting,
            configuration=self._changed,
            begun_without=without,
            unpublished=self._unpublished(),
        )
        return scoped(self._board.look(self._figures, store, self._blocked), projects)

    @contextmanager
    def watch_offers(self, agent: AgentCode, offered: Callable[[CallView], None]) -> Iterator[None]:
        """Call ``offered`` with each call that is brought to this agent, before it is."""
        watching = self._watching.setdefault(agent, [])
        watching.append(offered)
        try:
            yield
        finally:
            watching.remove(offered)
            if not watching:
                self._watching.pop(agent, None)

    def _agent_changed(self, change: AgentChanged) -> None:
        watching = self._watching.get(change.agent)
        if not watching or change.state is not AgentState.OFFERED or change.call is None:
            return
        call = self._engine.calls.get(change.call)
        if call is None:
            return
        view = call_view(call)
        for offered in list(watching):
            try:
                offered(view)
            except Exception:  # a page's mistake must not keep the customer from the agent
                log.exception("a desk was not shown its customer ahead", agent=change.agent)

    def phone(self, station: StationName) -> StationState:
        """A phone as Asterisk sees it."""
        return self._engine.channels.station_state(station)

    async def changed(self, after: int) -> int:
        """Wait for a newer version of the board."""
        return await self._engine.changes.after(after)

    async def agent_command(
        self,
        agent: AgentCode,
        verb: Verb,
        *,
        by: str,
        reason: str | None = None,
        station: StationName | None = None,
        seconds: float | None = None,
        to: Recipient | None = None,
    ) -> CommandResult:
        """Do what an agent, or a supervisor for them, asks for."""
        if verb in _OF_ROOMS:
            log.info("agent command", agent=agent, verb=str(verb), by=by)
            return await self._of_room(agent, verb, to)
        commands = self._commands(agent, verb, reason, station, seconds)
        if isinstance(commands, CommandResult):
            return commands
        log.info("agent command", agent=agent, verb=str(verb), by=by)
        for command in commands:
            if isinstance(command, WishRefused) and command.agent == agent:
                return CommandResult(_REFUSED[command.code], agent=command.by)
        view = self._engine.floor.core.agent(agent)
        if view is not None and view.then is not None:
            if view.then is AgentState.LOGGED_OUT:
                return CommandResult(CommandOutcome.LOGGED_OUT_AFTER_CALL)
            return CommandResult(CommandOutcome.AWAY_AFTER_CALL)
        return CommandResult(CommandOutcome.DONE)

    async def _of_room(self, code: AgentCode, verb: Verb, to: Recipient | None) -> CommandResult:
        nailed_up, consultations = self._engine.nailed_up, self._engine.consultations
        if code not in self._engine.in_force.agents:
            return CommandResult(CommandOutcome.NO_SUCH_AGENT, agent=code)
        match verb:
            case Verb.CONNECT:
                outcome = await nailed_up.connect(code)
            case Verb.DISCONNECT:
                outcome = nailed_up.disconnect(code)
            case Verb.END_TALK:
                outcome = consultations.end_talk(code)
            case Verb.HOLD | Verb.RESUME:
                outcome = consultations.hold(code, verb is Verb.HOLD)
            case _ if verb in _STEPS:
                outcome = consultations.step(code, _STEPS[verb])
            case _ if to is None:
                outcome = CommandOutcome.NO_SUCH_TARGET
            case Verb.CONSULT:
                outcome = await consultations.consult(code, to)
            case _:
                outcome = await consultations.pass_on(code, to)
        seat = self._engine.floor.core.agent(code)
        return CommandResult(outcome, station=None if seat is None else seat.station)

    def _commands(
        self,
        code: AgentCode,
        verb: Verb,
        reason: str | None,
        station: StationName | None,
        seconds: float | None,
    ) -> list[Command] | CommandResult:
        engine = self._engine
        agent = engine.in_force.agents.get(code)
        if agent is None:
            return CommandResult(CommandOutcome.NO_SUCH_AGENT, agent=code)
        match verb:
            case Verb.LOG_IN:
                where = station or agent.station
                if where is None or where not in engine.in_force.stations:
                    return CommandResult(CommandOutcome.NO_SUCH_STATION, station=where)
                return engine.floor.log_in(agent, where)
            case Verb.LOG_OUT:
                return engine.floor.feed(LogOut(code))
            case Verb.READY:
                return engine.floor.feed(Ready(code))
            case Verb.AWAY:
                if reason not in engine.centre.reasons:
                    return CommandResult(CommandOutcome.NO_SUCH_REASON, reason=reason)
                return engine.floor.feed(Away(code, reason))
            case Verb.EXTEND:
                return engine.floor.feed(ExtendWrapUp(code, seconds or 30.0))
            case _:
                raise ValueError(f"{verb} is of the agent's room")

    async def keep_comparing(self, change: Callable[[], str | None], since: datetime) -> None:
        """Report, in the log and on the board, while the files differ from what is in force.

        ``change`` says what has become of them since (blocking); None: nothing.
        """
        while True:
            changed = await asyncio.to_thread(change)
            if changed != self._changed:
                self._changed = changed
                self._engine.changes.touch()
                if changed is not None:
                    log.warning(
                        "the configuration in force is that of the last start; './run restart' (for"
                        " a service: stop and start it) takes the new one",
                        since=since.isoformat(timespec="seconds"),
                        now=changed,
                    )
            await asyncio.sleep(COMPARE_EVERY_S)

    async def keep_figures(self) -> None:
        """Read the queues' figures of the day when anything has happened or a new day begins.

        Also when the database has taken facts, a moment after the floor heard of them, and when the
        figures could not be read the last time.
        """
        seen: tuple[object, ...] = ()
        while True:
            today = midnight(self._now(), zone_here(self._engine.centre.timezone))
            if any(link.lag > LATE_S for link in self._engine.links.values()):
                self._engine.changes.touch()  # because no event does
            stored = self._outbox.deliveries
            if (self._engine.changes.version, stored, today) != seen or self._away is not None:
                seen = (self._engine.changes.version, stored, today)
                before = (self._figures, self._blocked, self._away)
                try:
                    await self._read_figures(today)
                    self._away = None
                except AWAY as error:
                    self._away = in_one_line(error)
                if (self._figures, self._blocked, self._away) != before:
                    self._engine.changes.touch()
                    seen = (self._engine.changes.version, stored, today)
            await asyncio.sleep(self._figures_every_s)

    async def _read_figures(self, since: datetime) -> None:
        self._blocked = await self._calls.blocked(since)
        # All anew, for the queues that the board shows now.
        found = await self._calls.queue_figures(self._engine.queues, since)
        self._figures = {
            name: DayFigures(
                figures.offered,
                figures.answered,
                figures.abandoned,
                figures.short_abandoned,
                figures.unserved + figures.lost,
                figures.answered_within,
                figures.measured,
                figures.service_level,
            )
            for name, figures in found.items()
        }
