"""The node by which customers whom a campaign has called ask for no more calls."""

from ivr_flows.interpreter import Conversation
from ivr_flows.loader import load
from ivr_flows.steps import AnswerCall, Done, NotDone, OptOut, Play, StepOutcome
from ivr_flows.walkable import FlowContext

STOP = load(
    """
flow: stop
languages: [en]
start: stop
prompts:
  noted: {en: We will not call you again.}
  ask: {en: Please ask an agent.}
nodes:
  stop: {kind: opt_out, exits: {next: noted, failed: ask}}
  noted: {kind: say, prompts: noted, exits: {next: bye}}
  ask: {kind: say, prompts: ask, exits: {next: bye}}
  bye: {kind: hangup}
""",
    "stop.yaml",
)


def said_after(outcome: StepOutcome) -> str:
    walk = Conversation(STOP, FlowContext(answered=True))
    assert walk.begin() == OptOut("stop")
    step = walk.go_on(outcome)
    assert isinstance(step, Play)
    return step.prompts[0].name


def test_what_is_said_depends_on_whether_it_was_noted() -> None:
    assert said_after(Done()) == "noted"
    assert said_after(NotDone()) == "ask"


def test_a_flow_says_whether_one_can_opt_out_of_calls() -> None:
    assert STOP.lets_opt_out
    text = "flow: a\nlanguages: [en]\nstart: bye\nprompts: {}\nnodes: {bye: {kind: hangup}}\n"
    assert not load(text, "a.yaml").lets_opt_out


def test_it_asks_for_no_answer_of_its_own() -> None:
    walk = Conversation(STOP, FlowContext())
    assert walk.begin() == OptOut("stop")
    assert isinstance(walk.go_on(NotDone()), AnswerCall)
