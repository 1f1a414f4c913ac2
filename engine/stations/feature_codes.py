"""Feature codes: an agent logs in, gets ready or goes away by phone, and hears it confirmed."""

import structlog

from acd.commands import Command, Refusal, WishRefused
from acd.events import Away, ExtendWrapUp, FloorEvent, LogOut, Ready
from centre.pins import AgentPins
from domain.agent_facts import AgentState
from domain.identity import AgentCode, ChannelId, NodeName, StationName
from domain.stations import phone_of
from engine.engine import Engine
from engine.stations.pin_tries import PinTries
from ivr_flows.phrases import Phrases, StationPhrase
from prompts.sounds import PATIENCE_S, PromptError, Prompts
from telephony.agi.agi_wire import AgiError, HungUp
from telephony.agi.session import Session
from telephony.complaints import Complaints
from telephony.variables import ChannelVariable

log = structlog.get_logger()

EXTEND_S = 30.0

_REFUSED = {
    Refusal.STATION_TAKEN: StationPhrase.STATION_TAKEN,
    Refusal.NOT_LOGGED_IN: StationPhrase.NOT_LOGGED_IN,
    Refusal.TALKING: StationPhrase.REFUSED,
    Refusal.NOT_IN_WRAP_UP: StationPhrase.NO_WRAP_UP,
}


class _CustomerHereError(Exception):
    """The phone has put its customer in its place; the dialplan takes them back to the queue."""


class StationFeatures:
    """Serves the route ``agent`` of the FastAGI server."""

    def __init__(self, engine: Engine, pins: AgentPins, phrases: Phrases, prompts: Prompts) -> None:
        self._engine = engine
        self._pins = pins
        self._phrases = phrases
        self._prompts = prompts
        self._tries = PinTries()
        self._complain = Complaints()

    @property
    def _language(self) -> str:
        return self._engine.centre.languages[0]

    async def serve(self, session: Session) -> None:
        """Serve one feature code. The session's arguments are the station, the code and what was
        dialled after it. Raises SessionRefused if it is not that station's phone."""
        station, code, rest = (*session.args, "", "", "")[:3]
        station = phone_of(station)
        channel = ChannelId(NodeName(session.node), session.uniqueid)
        await session.until(self._engine.admission.phone(channel, station))
        await session.answer()
        try:
            await self._do(session, StationName(station), code, rest)
        except (HungUp, _CustomerHereError):
            return
        await session.set_variable(ChannelVariable.DONE, "1")
        await session.hang_up()

    async def _do(self, session: Session, station: StationName, code: str, rest: str) -> None:
        if code == "*11":
            await self._log_in(session, station)
            return
        agent = self._engine.floor.at_station.get(station)
        if agent is None:
            await self._say(session, StationPhrase.NOT_LOGGED_IN)
            return
        match code:
            case "*10":
                await self._wish(session, LogOut(agent), StationPhrase.LOGGED_OUT)
            case "*12":
                await self._wish(session, Ready(agent), StationPhrase.READY)
            case "*13":
                await self._away(session, agent, rest)
            case "*14":
                view = self._engine.floor.core.agent(agent)
                if view is None or view.state is not AgentState.WRAP_UP:
                    await self._say(session, StationPhrase.NO_WRAP_UP)
                else:
                    await self._wish(session, Ready(agent), StationPhrase.WRAP_UP_OVER)
            case "*15":
                if (
                    self._refusal(self._engine.floor.feed(ExtendWrapUp(agent, EXTEND_S)))
                    is not None
                ):
                    await self._say(session, StationPhrase.NO_WRAP_UP)
                else:
                    await self._say(session, StationPhrase.WRAP_UP_EXTENDED, seconds=int(EXTEND_S))
            case _:
                await self._say(session, StationPhrase.UNKNOWN_CODE)

    async def _log_in(self, session: Session, station: StationName) -> None:
        now = self._engine.clock.now
        if self._tries.locked(station, now()):
            await self._say(session, StationPhrase.TOO_MANY_TRIES)
            return
        code = AgentCode(await self._ask(session, StationPhrase.ENTER_CODE))
        pin = await self._ask(session, StationPhrase.ENTER_PIN)
        agent = self._engine.in_force.agents.get(code)
        named = (agent.code, agent.station) if agent is not None else (None, None)
        if not self._tries.allows(named[0], station, named[1], now()):
            self._complain("too many wrong PINs at a phone", kind=station, station=station)
            await self._say(session, StationPhrase.TOO_MANY_TRIES)
            return
        fits = await self._pins.fits(code, pin)
        agent = self._engine.in_force.agents.get(code)  # they may have been deleted meanwhile
        if agent is None or not fits:
            self._complain("wrong code or PIN at a phone", kind=station, station=station)
            await self._say(session, StationPhrase.WRONG_PIN)
            return
        self._tries.right(code, station)
        refusal = self._refusal(self._engine.floor.log_in(agent, station))
        await self._say(session, StationPhrase.LOGGED_IN if refusal is None else _REFUSED[refusal])

    async def _away(self, session: Session, agent: AgentCode, digit: str) -> None:
        digit = digit or await self._ask(session, StationPhrase.CHOOSE_REASON, digits=1)
        reasons = {str(each.digit): each.name for each in self._engine.centre.away_reasons}
        reason = reasons.get(digit)
        if reason is None:
            await self._say(session, StationPhrase.WRONG_REASON)
            return
        own = f"away_{reason}"
        name = own if own in self._phrases.prompts else StationPhrase.AWAY
        await self._wish(session, Away(agent, reason), name)

    async def _wish(self, session: Session, event: FloorEvent, phrase: str) -> None:
        refusal = self._refusal(self._engine.floor.feed(event))
        if refusal is not None:
            phrase = _REFUSED[refusal]
        elif isinstance(event, LogOut | Away):
            view = self._engine.floor.core.agent(event.agent)
            if view is not None and view.then is not None:
                later = isinstance(event, LogOut)
                phrase = StationPhrase.LOGGED_OUT_LATER if later else StationPhrase.AWAY_LATER
        await self._say(session, phrase)

    def _refusal(self, commands: list[Command]) -> Refusal | None:
        return next((c.code for c in commands if isinstance(c, WishRefused)), None)

    async def _say(self, session: Session, phrase: str, **values: int) -> None:
        text = self._phrases.text(phrase, self._language, **values)
        try:
            await session.stream(await self._prompts.sound(text, patience_s=PATIENCE_S))
        except (PromptError, AgiError) as error:
            log.error("a phrase could not be played", phrase=phrase, why=str(error))
        await self._no_customer(session)

    async def _ask(self, session: Session, phrase: StationPhrase, digits: int = 10) -> str:
        keys = await self._keys(session, phrase, digits)
        await self._no_customer(session)
        return keys

    async def _no_customer(self, session: Session) -> None:
        """Raise _CustomerHereError if it is no longer the phone that listens."""
        if await session.get_variable(ChannelVariable.CALL):
            raise _CustomerHereError

    async def _keys(self, session: Session, phrase: StationPhrase, digits: int) -> str:
        text = self._phrases.text(phrase, self._language)
        try:
            sound = await self._prompts.sound(text, patience_s=PATIENCE_S)
            return (await session.get_data(sound, 8.0, digits, 5.0)).digits
        except (PromptError, AgiError) as error:
            log.error(
                "a phrase could not be played; a beep asks instead", phrase=phrase, why=str(error)
            )
        return (await session.get_data("beep", 8.0, digits, 5.0)).digits
