"""The plainest flow, which a new centre begins with: it leads to the queue of the number called."""

from configuration.flows import LIBRARY
from domain.identity import QueueName
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.references import Outside
from ivr_flows.steps import QueueExit
from ivr_flows.walkable import FlowContext
from tests.ivr_flows.caller import Call, hotline

HELP = QueueName("help")


def greeting() -> Flow:
    return load(
        (LIBRARY / "greeting.yaml").read_bytes(), "greeting.yaml", Outside({NameOf.QUEUE: ()})
    )


def test_it_names_no_queue_and_needs_one() -> None:
    assert greeting().needs_queue and not greeting().queues
    assert hotline().queues and not hotline().needs_queue


def test_it_greets_and_leads_to_the_queue_of_the_number() -> None:
    call = Call(greeting(), keys="2", context=FlowContext(queue=HELP))
    assert call.queues == [HELP]
    assert call.said[:2] == ["greeting", "greeting"]
    assert call.said[-2:] == ["please_hold", "goodbye"]
    assert call.end == "done"


def test_whoever_is_alone_there_hears_so() -> None:
    call = Call(greeting(), queue=QueueExit.NOBODY, context=FlowContext(queue=HELP))
    assert (call.said[-1], call.end) == ("nobody_here", "no_agent")


def test_without_a_queue_nobody_is_left_in_silence() -> None:
    """The directory is checked, but a call may go on in a number that has just been removed."""
    call = Call(greeting())
    assert call.queues == []
    assert (call.said[-1], call.end) == ("all_busy", "no_agent")
