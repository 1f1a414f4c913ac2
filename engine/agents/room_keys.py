"""Reads the feature codes that agents press at nailed-up phones, without leaving their rooms.

Asterisk takes the code that ends a talk by itself too (confbridge.conf), so that it needs no
controller.
"""

from collections.abc import Callable

from acd.commands import WishRefused
from acd.events import Away, ExtendWrapUp, FloorEvent, LogOut, Ready
from domain.agent_facts import AgentState
from domain.centre import Centre
from domain.identity import AgentCode, StationName
from engine.agents.aside import ConsultStep
from engine.agents.live_floor import LiveFloor
from engine.centre_ports import CommandOutcome
from telephony.room_names import BEEP, COMPLETE, CONFERENCE, END_TALK, REFUSED, SWAP

PAUSE_S = 4.0
"""A code whose keys are further apart is forgotten."""
EXTEND_S = 30.0
_STEPS = {
    SWAP: ConsultStep.SWAP,
    CONFERENCE: ConsultStep.CONFERENCE,
    COMPLETE: ConsultStep.COMPLETE,
}
_CODES = {"*10", "*11", "*12", "*13", "*14", "*15", END_TALK, *_STEPS}


class RoomKeys:
    """Collects the keys of each phone, and does what a whole code says."""

    def __init__(
        self,
        floor: LiveFloor,
        centre: Callable[[], Centre],
        now: Callable[[], float],
        answer: Callable[[StationName, str], None],
        end_talk: Callable[[AgentCode], object],
        consult: Callable[[AgentCode, ConsultStep], CommandOutcome],
        pass_key: Callable[[AgentCode, str], object],
    ) -> None:
        self._floor = floor
        self._centre = centre
        self._now = now
        self._answer = answer
        self._end_talk = end_talk
        self._consult = consult
        self._pass_key = pass_key
        self._begun: dict[StationName, tuple[str, float]] = {}

    def key(self, station: StationName, key: str) -> None:
        """Somebody pressed a key there."""
        before, at = self._begun.pop(station, ("", 0.0))
        if self._now() - at > PAUSE_S:
            before = ""
        code = "*" if key == "*" else before + key
        agent = self._floor.at_station.get(station)
        if agent is None:
            return
        if not code.startswith("*"):
            self._pass_key(agent, key)  # a menu may have answered outside
            return
        if code in _CODES and code != "*13":
            self._do(station, agent, code)
        elif code.startswith("*13") and len(code) == 4:
            self._away(station, agent, code[3])
        elif any(known.startswith(code) for known in _CODES):
            self._begun[station] = code, self._now()
        else:
            self._answer(station, REFUSED)

    def _do(self, station: StationName, agent: AgentCode, code: str) -> None:
        match code:
            case "*10":
                self._wish(station, LogOut(agent))
            case "*12":
                self._wish(station, Ready(agent))
            case "*14":
                view = self._floor.core.agent(agent)
                if view is not None and view.state is AgentState.WRAP_UP:
                    self._wish(station, Ready(agent))
                else:
                    self._answer(station, REFUSED)
            case "*15":
                self._wish(station, ExtendWrapUp(agent, EXTEND_S))
            case "*11":
                self._answer(station, REFUSED)  # somebody is logged in
            case code if code in _STEPS:
                if self._consult(agent, _STEPS[code]) is not CommandOutcome.DONE:
                    self._answer(station, REFUSED)
            case _:
                # Asterisk has seen to it, unless the keys were pressed while the agent heard a
                # sound. Whoever comes next is brought only after this.
                self._end_talk(agent)

    def _away(self, station: StationName, agent: AgentCode, digit: str) -> None:
        reasons = {str(each.digit): each.name for each in self._centre().away_reasons}
        if (reason := reasons.get(digit)) is None:
            self._answer(station, REFUSED)
        else:
            self._wish(station, Away(agent, reason))

    def _wish(self, station: StationName, event: FloorEvent) -> None:
        commands = self._floor.feed(event)
        refused = any(isinstance(command, WishRefused) for command in commands)
        self._answer(station, REFUSED if refused else BEEP)
