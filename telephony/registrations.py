"""Follows how lines register with their carriers, and logs what somebody has to mend. No I/O."""

from collections.abc import Iterable

import structlog

from domain.centre import Line
from domain.identity import LineName, NodeName
from telephony.ami.ami_wire import Message
from telephony.asterisk.centre_files import registered_as

log = structlog.get_logger()


class Registrations:
    """Those of all nodes. Asterisk tells how each attempt ended, once a minute while it fails."""

    def __init__(self) -> None:
        self._refused: set[tuple[NodeName, LineName]] = set()

    def handle(self, node: NodeName, message: Message, lines: Iterable[Line]) -> None:
        """Take the event ``Registry``; log it if it is news."""
        name = message.get("Username")
        line = next((line for line in lines if registered_as(line) == name), None)
        if line is None:
            return
        status, key = message.get("Status"), (node, line.name)
        if status == "Rejected" and key not in self._refused:
            self._refused.add(key)
            log.error(
                "a line can't register with its carrier, so its calls don't come in: the carrier"
                " refuses its user and password, or doesn't answer",
                line=line.name,
                host=line.host,
                node=node,
                fix="check user, password and realm of the line's account, and its host; Asterisk's"
                " log has the carrier's answer. It is tried again every minute",
            )
        elif status == "Registered" and key in self._refused:
            self._refused.discard(key)
            log.info("a line has registered with its carrier again", line=line.name, node=node)
