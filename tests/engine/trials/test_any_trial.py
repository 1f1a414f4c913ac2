"""Whatever was rehearsed, of whatever flow, a robot's call goes the same way, if all is heard."""

import asyncio
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.identity import CallId, ProjectName
from domain.prompts import PromptText
from engine.trials.trial_talk import TrialCaller, TrialTalk
from ivr_flows.loader import check
from ivr_flows.trying.conversing import conversed
from ivr_flows.trying.rehearsal import Rehearsal
from ivr_flows.trying.rehearsed import HeardPrompt
from ivr_flows.trying.scripts import EXPECTED, ScriptBeginning, ScriptStep
from prompts.sounds import Prompts
from telephony.agi.agi_wire import HungUp
from telephony.agi.session import Streamed
from tests.ivr_flows.test_any_flow import flows
from tests.ivr_flows.test_any_script import STEP


class QuickPhone:
    """Both sides of a call in which nothing takes any time, and the robot's keys arrive."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._keys: list[str] = []
        self._gone = False

    async def stream(self, sound: str, escape: str = "") -> Streamed:
        await self._time()
        if self._keys and self._keys[0] in escape:
            return Streamed(self._keys.pop(0), 1)
        self.heard.append(sound)
        return Streamed("", 8000)

    async def wait_for_digit(self, _timeout_s: float) -> str:
        await self._time()
        return self._keys.pop(0) if self._keys else ""

    async def press(self, key: str) -> None:
        self._keys.append(key)

    async def hang_up(self) -> None:
        self._gone = True

    async def _time(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        if self._gone:
            raise HungUp("gone")


class TextsAsSounds(Prompts):
    """Sounds that are their texts."""

    async def sound(self, prompt: PromptText, **_: Any) -> str:
        return prompt.text


async def walked(flow: Any, rehearsed: Rehearsal, folder: Path) -> tuple[TrialTalk, QuickPhone]:
    phone = QuickPhone()
    caller = TrialCaller(CallId("pbx1-1"), ProjectName(""))
    talk = TrialTalk(flow, rehearsed, caller, TextsAsSounds(folder), into_s=0.0)
    await talk.walk(phone, phone)
    return talk, phone


@settings(max_examples=60, deadline=None)
@given(flows(), st.lists(STEP, max_size=25))
def test_a_robot_goes_the_way_that_was_rehearsed(text: str, given: list[Any]) -> None:
    flow = check(text, "any.yaml").flow
    if flow is None:
        return
    steps = [ScriptStep.model_validate(one) for one in given]
    done = [step for step in steps if step.what not in EXPECTED]
    came = conversed(flow, ScriptBeginning(queue="q"), done, {})
    if came.call.awaits is not None:
        came.call.hang_up()
    talk, phone = asyncio.run(walked(flow, came.call, Path("/nowhere")))
    assert not any(step.misses for step in talk.steps), talk.steps
    wanted = [one.text for one in came.call.told if isinstance(one, HeardPrompt)]
    assert phone.heard == wanted == [text.text for _, _, text in talk.played]
