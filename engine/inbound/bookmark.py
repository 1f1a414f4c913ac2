"""Keeps on a call's own channel how far the call has come, for whoever drives it next.

The channel's variables (``OFFHOOK_*``) outlive a session and the controller itself. The dialplan
passes them to the next session as arguments, so nothing is lost if this process dies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, urlencode

from ivr_flows.interpreter import Conversation
from ivr_flows.steps import Enqueue, QueueExit
from telephony.agi.agi_wire import SessionRefused
from telephony.agi.session import Session
from telephony.complaints import Complaints, shown
from telephony.variables import ChannelVariable

_LONGEST_EDITION = 19
"""In digits: a bigint of the database."""
MOST_KEPT = 6000
"""Bytes of variables, percent-encoded: a FastAGI command has at most 8,191."""


class Stage:
    """The values of OFFHOOK_STAGE; after a transfer the dialplan sets ``talked`` too."""

    FLOW = "flow"
    QUEUE = "queue"
    DIALLING = "dialling"
    TALKED = "talked"
    NOBODY = "nobody"  # of a customer whom we called: no agent was free in time


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the dialplan hands over, in this order; empty if not known.

    Those from ``stage`` to ``recording``, ``flow`` and ``edition`` are for a call that an earlier
    session has left, perhaps one of an earlier controller.
    """

    hotline: str
    line: str
    entered_at: str
    stage: str = Stage.FLOW
    return_to: str = ""
    after_talk: str = ""
    language: str = ""
    queued_at: str = ""
    recording: str = ""
    caller_name: str = ""
    flow: str = ""
    edition: str = ""

    @classmethod
    def of(cls, given: tuple[str, ...]) -> "Arguments":
        """The arguments of a session. Raises SessionRefused."""
        if not 3 <= len(given) <= len(fields(cls)):
            raise SessionRefused(
                "arguments", f"it has {len(given)} arguments; the dialplan is not this Offhook's"
            )
        found = cls(*given)
        if found.stage not in (Stage.FLOW, Stage.QUEUE, Stage.DIALLING, Stage.TALKED):
            raise SessionRefused("arguments", f"there is no stage {shown(found.stage)}")
        return found

    @property
    def resumed(self) -> bool:
        """Whether the call was under way before this session."""
        return bool(self.return_to) or self.stage != Stage.FLOW

    @property
    def entered_in(self) -> int | None:
        """The edition of the flows that the call keeps; None: it enters now."""
        known = self.resumed and self.edition.isascii() and self.edition.isdecimal()
        return int(self.edition) if known and len(self.edition) < _LONGEST_EDITION else None

    @property
    def waited(self) -> bool:
        """Whether the caller was waiting for an agent."""
        return self.stage in (Stage.QUEUE, Stage.DIALLING)

    @property
    def talked(self) -> bool:
        """An agent has served the caller."""
        return self.stage == Stage.TALKED

    @property
    def start(self) -> str | None:
        """The node to go on at; None for the flow's first."""
        return (self.after_talk if self.talked else self.return_to) or None


class Bookmark:
    """Writes on one caller's channel how far the call has come."""

    def __init__(
        self,
        session: Session,
        *,
        served: bool,
        written: tuple[str, int | None] = ("", None),
        complain: Complaints | None = None,
    ) -> None:
        """``written``: the flow and the edition that an earlier session has noted. ``complain`` is
        told if a flow has more to remember than a channel can keep."""
        self._session = session
        self._node = ""
        self._served = served
        self._flow, self._edition = "", 0
        self._written = written
        self._complain = complain
        self._conversation: Conversation | None = None
        self._kept = ""

    def in_flow(self, flow: str, edition: int) -> None:
        """The call is in this flow, of this edition; a sub-flow doesn't count. It is written with
        what comes next, for a command of its own would cost the caller a moment."""
        if flow != self._flow:
            self._node = ""
        self._flow, self._edition = flow, edition

    def follow(self, conversation: Conversation) -> None:
        """From now on remember what this conversation keeps."""
        self._conversation = conversation

    async def kept(self) -> Mapping[str, str]:
        """The variables that an earlier session has written."""
        self._kept = await self._session.long_variable(ChannelVariable.KEPT) or ""
        return dict(parse_qsl(self._kept, keep_blank_values=True, errors="replace"))

    async def at(self, node: str) -> None:
        """The flow has reached this node, and the caller is not waiting."""
        changed = self._changed()
        if node == self._node and not changed:
            return
        self._node = node
        if self._served:  # nobody must ring for them if we are lost now
            where = {
                ChannelVariable.STAGE: Stage.TALKED,
                ChannelVariable.AFTER_TALK: node,
            }
        else:
            where = {
                ChannelVariable.STAGE: Stage.FLOW,
                ChannelVariable.RETURN: node,
            }
        await self._write(where | changed)

    async def remember(self) -> None:
        """The caller waits, and walks an in-queue flow: should we be lost now, they are taken back
        into the queue."""
        if changed := self._changed():
            await self._write(changed)

    async def language(self, language: str) -> None:
        """The caller has chosen this language."""
        await self._write({ChannelVariable.LANG: language})

    async def queued(self, step: Enqueue, since: float) -> None:
        """The caller has been waiting in a queue since ``since``, in epoch seconds."""
        self._node, self._served = step.node, False
        await self._write(
            {
                ChannelVariable.STAGE: Stage.QUEUE,
                ChannelVariable.RETURN: step.node,
                ChannelVariable.AFTER_TALK: step.exits[QueueExit.TALKED],
                ChannelVariable.QUEUE: step.queue,
                ChannelVariable.QUEUED_AT: f"{since:.6f}",
            }
            | self._changed()
        )

    async def calls_outside(self, node: str, after_talk: str) -> None:
        """Somebody outside is being called for the caller, who waits in no queue."""
        self._node, self._served = node, False
        await self._write(
            {
                ChannelVariable.STAGE: Stage.FLOW,
                ChannelVariable.RETURN: node,
                ChannelVariable.AFTER_TALK: after_talk,
                ChannelVariable.QUEUED_AT: "",
            }
            | self._changed()
        )

    async def waiting(self) -> None:
        """The caller is back in the queue: nobody has served them after all."""
        self._served = False
        await self._write({ChannelVariable.STAGE: Stage.QUEUE})

    async def nobody(self) -> None:
        """Nobody is free for the customer, who is to hear the message."""
        await self._write({ChannelVariable.STAGE: Stage.NOBODY})

    async def talked(self) -> None:
        """An agent has served the caller."""
        self._served = True
        await self._write({ChannelVariable.STAGE: Stage.TALKED})

    def _changed(self) -> dict[ChannelVariable, str]:
        """What the conversation keeps, if that is not what the channel has."""
        kept = {} if self._conversation is None else self._conversation.kept
        written = urlencode(kept)
        if len(written) > MOST_KEPT:
            written = urlencode(self._shortened(kept))
        if written == self._kept:
            return {}
        self._kept = written
        return {ChannelVariable.KEPT: written}

    def _shortened(self, kept: Mapping[str, str]) -> Mapping[str, str]:
        """Without the longest, which are too much for a channel together."""
        left, room = {}, MOST_KEPT
        for name in sorted(kept, key=lambda name: len(urlencode({name: kept[name]}))):
            room -= len(urlencode({name: kept[name]})) + 1
            if room >= 0:
                left[name] = kept[name]
        if self._complain is not None:
            self._complain(
                "a flow has more in its variables than a call can keep if the controller is lost;"
                " the longest are not kept",
                kind=self._flow,
                flow=self._flow,
                variables=sorted(set(kept) - set(left)),
            )
        return left

    async def _write(self, values: Mapping[ChannelVariable, str]) -> None:
        if self._flow and self._written != (self._flow, self._edition):
            values = {
                **values,
                ChannelVariable.FLOW: self._flow,
                ChannelVariable.EDITION: str(self._edition),
            }
            self._written = self._flow, self._edition
        pairs = (f"{name}={value}" for name, value in values.items())
        await self._session.execute("MSet", *pairs)
