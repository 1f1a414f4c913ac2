"""A caller whose session meets a bug: the dialplan tries again, but not for ever."""

from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from configuration.flows import caller_phrases
from domain.identity import NodeName
from engine.engine import Engine
from engine.flows_in_force import only_these
from engine.inbound.apologies import Apologies
from engine.inbound.entry_choice import EntryChoice
from engine.inbound.flow_means import FlowMeans
from engine.inbound.hotline_call import HotlineCalls
from engine.inbound.look_ups import LookUps
from ivr_flows.loader import load
from ivr_flows.references import ANYWHERE
from prompts.sounds import Prompts
from telephony.agi.agi_wire import AgiError, HungUp
from telephony.ami.link import Link
from tests.engine.test_flow_steps import Remembering

FLOW = """\
flow: NAME
languages: [en]
start: lots
nodes:
  lots: {kind: split, shares: {one: 50, other: 50}, exits: {one: bye, other: bye}}
  bye: {kind: hangup}
"""


class TriedSession(Remembering):
    """One try of the dialplan's, with what it hands over."""

    node, channel = "pbx1", "PJSIP/carrier-00000001"
    args = ("4008001000", "carrier", "1795320000.0")

    def __init__(self, uniqueid: str) -> None:
        super().__init__()
        self.uniqueid = uniqueid
        self.env = {"agi_callerid": "13900000001"}

    async def until(self, work: Any) -> Any:
        return await work

    async def set_variable(self, name: str, value: str) -> None:
        self.variables[name] = value

    async def answer(self) -> None:
        return


class FailingCentre:
    """The controller's route for callers, in whose flow ``fault`` is raised if there is one."""

    def __init__(self, engine: Engine, prompts: Prompts) -> None:
        self.fault: Exception | None = None
        self.drawn = 0
        name = engine.centre.hotlines[0].flow
        flow = load(FLOW.replace("NAME", name), "x.yaml", ANYWHERE)
        means = FlowMeans(
            engine.sessions,
            engine.queued,
            prompts,
            LookUps(lambda _project, _name: None),
            Apologies(caller_phrases()),
            engine.passes,
            draw=self._draw,
        )
        choice = EntryChoice(engine.calls, engine.floor, means.hours)
        self.route = HotlineCalls(means, only_these({name: flow}), choice)

    def _draw(self) -> float:
        self.drawn += 1
        if self.fault is not None:
            raise self.fault
        return 0.0

    async def tried(self, uniqueid: str = "1795320000.1") -> dict[str, str]:
        """What a try leaves on the channel."""
        session = TriedSession(uniqueid)
        await self.route.serve(cast(Any, session))
        return session.variables


@pytest.fixture
async def failing(engine: Engine, tmp_path: Path, links: dict[NodeName, Link]) -> FailingCentre:
    node = NodeName("pbx1")
    links[node] = Link(node, "127.0.0.1", 1, "x", "y")  # down: who comes is trusted
    return FailingCentre(engine, Prompts(tmp_path / "prompts"))


@pytest.mark.parametrize("fault", [KeyError("a bug"), AgiError("MSet", 520, "a bug")])
async def test_after_the_third_failure_the_caller_goes_to_asterisks_own_queue(
    failing: FailingCentre, fault: Exception
) -> None:
    failing.fault = fault
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(type(fault)):
                await failing.tried()
        for _ in range(2):  # after a round in that queue, the dialplan asks again
            assert (await failing.tried())["OFFHOOK_LOST_AT"] == "1"
    assert failing.drawn == 3, "the flow is not met again"
    assert ["own queue" in line["event"] for line in logs] == [True], "once"
    with pytest.raises(type(fault)):
        await failing.tried("1795320000.2")  # another call is counted by itself


async def test_who_is_lost_without_a_bug_comes_again_as_often_as_it_takes(
    failing: FailingCentre,
) -> None:
    failing.fault = HungUp("the session was cut")
    for _ in range(5):
        with pytest.raises(HungUp):
            await failing.tried()
    failing.fault = None
    assert (await failing.tried())["OFFHOOK_DONE"] == "1"
