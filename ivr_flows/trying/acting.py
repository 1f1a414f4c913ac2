"""Begins the call of a script, and does what each of its steps says somebody does."""

from collections.abc import Mapping
from datetime import datetime

from documents.sentence import Sentence, as_is, sentence
from domain.identity import QueueName
from ivr_flows.steps import (
    BookCallback,
    Collect,
    Enqueue,
    LookedUp,
    LookUp,
    LookUpFailed,
    OpeningState,
    RecordVoice,
    TransferToAgent,
    TransferToNumber,
)
from ivr_flows.trying.rehearsal import AsksCalendar, Rehearsal
from ivr_flows.trying.rehearsed import CallBegins
from ivr_flows.trying.scripts import ScriptBeginning, ScriptStep
from ivr_flows.walkable import OneFlow


def always_open(_calendar: str | None, _at: datetime) -> OpeningState | None:
    """A calendar for flows that are tried where there is no centre."""
    return OpeningState.OPEN


def begun(
    flow: OneFlow,
    script: ScriptBeginning,
    flows: Mapping[str, OneFlow],
    calendar: AsksCalendar = always_open,
) -> Rehearsal:
    """The call of a script, up to where somebody has to do something. ``calendar`` is asked of
    those about which the script says nothing."""

    def hours(name: str | None, at: datetime) -> OpeningState | None:
        said = script.hours.get(name or "")
        return calendar(name, at) if said is None else said

    situation = CallBegins(
        script.begins,
        script.caller or None,
        script.called or None,
        script.known,
        QueueName(script.queue) if script.queue else None,
        languages=tuple(script.languages),
        usual=script.language,
        flows=flows,
        lots=script.lots / 100,
        placed=script.placed,
    )
    return Rehearsal(flow, situation, hours)


def act(call: Rehearsal, step: ScriptStep) -> None:
    """Do what a step says. Raises DoesNotFit; nothing has changed then."""
    match step.what:
        case "presses":
            call.press(step.presses or "")
        case "silent":
            call.stay_silent()
        case "hangs_up":
            call.hang_up()
        case "says":
            call.speak(step.says or 0)
        case "unrecorded":
            call.not_recorded()
        case "queue" if step.queue is not None:
            call.leave_queue(step.queue)
        case "waits":
            call.wait(step.waits or 0)
        case "menu":
            call.menu_is_due()
        case "agent_found":
            call.agent_found()
        case "answers":
            call.answer(LookedUp(step.answers))
        case "fails" if step.fails is not None:
            call.answer(LookUpFailed(step.fails))
        case "books":
            call.book(taken=bool(step.books))


def where_it_is(call: Rehearsal) -> Sentence:
    """What the call waits for, in words."""
    match call.awaits:
        case None:
            return sentence('the call has ended with "%(why)s"', why=call.ended or "")
        case Collect(node):
            return sentence('at "%(node)s" a key of the caller is awaited', node=node)
        case Enqueue(node, queue):
            return sentence('at "%(node)s" the caller waits in "%(queue)s"', node=node, queue=queue)
        case LookUp(node):
            return sentence('at "%(node)s" the answer of a service is awaited', node=node)
        case RecordVoice(node):
            return sentence('at "%(node)s" the caller is to speak', node=node)
        case BookCallback(node):
            return sentence('at "%(node)s" a callback is to be booked', node=node)
        case TransferToAgent(node) | TransferToNumber(node):
            return sentence('at "%(node)s" the caller is being transferred', node=node)
        case _:
            return as_is(call.awaits.node)
