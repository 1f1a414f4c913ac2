"""Takes what the dialplan itself reports of a call (UserEvent in extensions.conf)."""

from datetime import UTC, datetime

from domain.call_facts import FellBack
from domain.identity import CallId, ChannelId, LineName, NodeName, ProjectName, QueueName
from domain.outbound_facts import (
    CustomerAbandoned,
    DetectionBegan,
    MachineFound,
    MessagePlayed,
    OptedOut,
    PersonFound,
)
from engine.board_ports import CallStage
from engine.calls.live_calls import LiveCalls
from engine.clock import epoch
from telephony.ami.ami_wire import Message
from telephony.caller import name_of, number_of
from telephony.complaints import Complaints

_SHOWN = 80


class DialplanReports:
    """Notes what Asterisk did for a call by itself, with no session that could say so."""

    def __init__(self, calls: LiveCalls) -> None:
        self._calls = calls
        self._complain = Complaints()

    def take(self, node: NodeName, message: Message) -> None:
        """Take a UserEvent; those that aren't ours are ignored."""
        match message.get("UserEvent"):
            case "OffhookUnknownNumber":
                self._complain(
                    "a line dialled a number that is not a hotline; add it to the configuration's"
                    " hotlines, or have the carrier stop sending it",
                    number=message.get("Number")[:_SHOWN],
                    line=message.get("Line")[:_SHOWN],
                    caller=message.get("Caller")[:_SHOWN],
                    node=node,
                )
            case "OffhookLineFull":
                caller = number_of(message.get("Caller"))
                self._calls.refused(
                    ChannelId(node, message.get("Uniqueid")),
                    LineName(message.get("Line")),
                    caller,
                    name_of(message.get("Name"), caller),
                    message.get("Hotline"),
                    epoch(message.get("At"), datetime.now(UTC).timestamp()),
                )
            case "OffhookListens":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, DetectionBegan())
            case "OffhookPerson":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, PersonFound())
                    if call.follower is not None:
                        call.follower.is_person()
            case "OffhookMachine":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, MachineFound())
                    if call.follower is not None:
                        call.follower.is_machine()
            case "OffhookNobodyFree":
                # The session says so too, if there was one.
                call = self._calls.get(CallId(message.get("Call")))
                if call and call.placed and not call.placed.is_test:
                    self._calls.note(call, CustomerAbandoned(by_customer=False))
                    if call.follower is not None:
                        call.follower.abandoned()
            case "OffhookMessage":
                if call := self._calls.get(CallId(message.get("Call"))):
                    self._calls.note(call, MessagePlayed(message.get("Whole") == "1"))
            case "OffhookOptedOut":
                if call := self._calls.get(CallId(message.get("Call"))):
                    project = message.get("Of")
                    self._calls.note(call, OptedOut(ProjectName(project) if project else None))
            case "OffhookFallback":
                if call := self._calls.get(CallId(message.get("Call"))):
                    queue = message.get("Queue")
                    self._calls.note(call, FellBack(QueueName(queue) if queue else None))
                    self._calls.stage(call, CallStage.FALLBACK)
