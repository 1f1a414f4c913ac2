"""A robot calls a draft on a real Asterisk, and what it hears is proof."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.identity import NodeName, ProjectName
from domain.prompts import PromptText
from engine.engine import Engine
from engine.trial_ports import TrialFault, TrialMiss, TrialReport, TrialStage, TrialWish
from engine.trials.sound_proof import ENOUGH
from engine.trials.trial_calls import TrialCalls
from ivr_flows.loader import load
from ivr_flows.trying.playing import rehearsal_of
from ivr_flows.trying.scripts import load_scripts
from prompts.sounds import Prompts
from storage.outbox import Outbox
from telephony.agi.server import AgiServer
from telephony.ami.link import Link
from telephony.asterisk.instance import Instance
from tests.conftest import InstanceFactory
from tests.waiting import until

pytestmark = pytest.mark.live

FLOW = """flow: shop
languages: [en]
start: hello
variables:
  pin: {type: digits, secret: true}
  voice: {type: text}
prompts:
  hello: {en: Good day}
  which: {en: "One or two?"}
  secret: {en: Your code}
  wait: {en: Hold on}
  bye: {en: Good bye}
nodes:
  hello: {kind: say, prompts: hello, exits: {next: menu}}
  menu: {kind: menu, prompts: which, keys: {"1": a, "2": b}, exits: {a: pin, b: bye, exhausted: end}}
  pin: {kind: collect, prompts: secret, variable: pin, exits: {done: ask, exhausted: end}}
  ask: {kind: look_up, url: "https://shop.example/x", prompts: wait, exits: {found: queue, failed: end}}
  queue: {kind: queue, queue: tea, exits: {talked: voice, timeout: end}}
  voice: {kind: record, variable: voice, exits: {done: bye}}
  bye: {kind: say, prompts: bye, exits: {next: end}}
  end: {kind: hangup}
"""  # noqa: E501
TESTS = """flow: shop
tests:
  whole:
    steps:
      - presses: "14#"
      - answers: {}
      - queue: talked
      - says: 3
      - ends: done
  leaves: {steps: [{hangs_up: true}, {ends: hung_up}]}
"""


class Forgetful(Prompts):
    """Plays another sound for some prompts than the one that it shows."""

    forgets: str = ""

    async def sound(
        self, prompt: PromptText, *, project: str = "", patience_s: float | None = None
    ) -> str:
        if prompt.name == self.forgets:
            prompt = PromptText("other", prompt.language, "something")
        return await super().sound(prompt, project=project, patience_s=patience_s)


@dataclass
class Scene:
    asterisk: Instance
    trials: TrialCalls
    prompts: Forgetful
    agi: AgiServer

    async def call(self, test: str) -> TrialReport:
        self.begin(test)
        await self.over()
        return self.report()

    def begin(self, test: str) -> TrialFault | None:
        flow, scripts = load(FLOW, "shop.yaml"), load_scripts(TESTS, "shop.tests.yaml")
        rehearsed = rehearsal_of(flow, scripts, test, {})
        wish = TrialWish(flow, {}, 3, test, ProjectName(""), "ada", rehearsed)
        return self.trials.begin(wish)

    def report(self) -> TrialReport:
        report = self.trials.report("shop")
        assert report is not None
        return report

    async def over(self) -> None:
        await until(lambda: self.report().over)


@pytest.fixture
async def scene(
    instance: InstanceFactory, links: dict[NodeName, Link], engine: Engine, tmp_path: Path
) -> AsyncIterator[Scene]:
    one = await instance()
    host, port = one.ami
    prompts = Forgetful(tmp_path / "prompts")
    link = Link(one.node, host, port, one.ami_user, one.secrets.ami)
    links[one.node] = link
    trials = TrialCalls(one.node, link, prompts, one.spool / "monitor")
    agi = AgiServer("127.0.0.1", one.ports.agi, {"trial": trials.serve}, one.secrets.agi)
    await agi.start()
    running = asyncio.create_task(link.run(engine.switches))
    await link.wait_up(30)
    yield Scene(one, trials, prompts, agi)
    await trials.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await agi.close()
    await prompts.close()


async def test_a_robot_calls_the_draft(scene: Scene, engine: Engine, outbox: Outbox) -> None:
    report = await scene.call("whole")
    assert report.stage is TrialStage.PASSED, report
    shares = {p.name: p.share for step in report.steps for p in step.prompts}
    assert shares.pop("secret") == 0.0  # the code was pressed ahead
    assert set(shares) == {"hello", "which", "wait", "bye"}
    assert all(share and share >= ENOUGH for share in shares.values()), shares
    assert [step.pressed for step in report.steps if step.keys] == ["1", ""]
    assert {step.what for step in report.steps} >= {"LookUp", "Enqueue", "RecordVoice", "done"}

    scene.prompts.forgets = "which"
    assert scene.begin("leaves") is None
    assert scene.begin("leaves") is TrialFault.BUSY
    await scene.over()
    report = scene.report()
    missed = [p.name for step in report.steps for p in step.prompts if p.miss]
    assert (report.stage, missed) == (TrialStage.FAILED, ["which"])
    assert report.steps[-1].prompts[0].miss is TrialMiss.NOT_HEARD

    scene.begin("whole")
    await until(lambda: scene.report().stage is TrialStage.TALKING)
    scene.trials.cancel("shop")
    await scene.over()
    assert scene.report().stage is TrialStage.CANCELLED

    async def quiet() -> bool:
        shown = await scene.asterisk.process.console("core show channels concise")
        return "!" not in shown and scene.agi.sessions == 0

    await until(quiet)
    assert scene.begin("whole") is None
    await until(lambda: scene.report().stage is TrialStage.TALKING)
    await scene.agi.close()  # as if the controller had died
    await scene.trials.close()
    await until(quiet)
    # It is no call of anybody's, and what was heard is not kept.
    assert not engine.calls.by_id and outbox.pending == 0
    # The call that was cut off leaves what was heard, which the next one removes.
    kept = list((scene.asterisk.spool / "monitor").glob("trial-*"))
    assert len(kept) <= 1
