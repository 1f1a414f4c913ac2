"""Follows one call through its flow, and gives its way in pieces that are worth writing down. Pure.

A fact for each node would cost more than the rest of a short call, so nodes are collected until the
flow waits for long. If the controller is killed, what was collected until then is lost: at most
``MOST_NODES`` nodes or ``LONGEST_S`` seconds of a call, and never more than once in a wait.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from domain.flow_facts import ChoiceMade, Misdialled, NodePassed, WayTaken
from ivr_flows.interpreter import Conversation
from ivr_flows.steps import (
    AgentFound,
    AskHours,
    BookCallback,
    Collect,
    Digits,
    Done,
    Drawn,
    Enqueue,
    Left,
    LookedUp,
    LookUp,
    LookUpFailed,
    MenuIsDue,
    NotDone,
    Note,
    Opening,
    OptOut,
    Play,
    QueueExit,
    RecordVoice,
    Step,
    StepOutcome,
    TransferToAgent,
    TransferToNumber,
    VoiceRecorded,
)

MOST_NODES = 50
LONGEST_S = 60.0
MOST_ANSWERS = 200
"""Characters of what is kept of the answers at one node."""

SECRET = "?"  # noqa: S105 - it stands for one
LACKS = "lacks"
"""Stands for a part that a service's answer lacks; after it, the variable that was to have it."""
TO_PEOPLE = (Enqueue, TransferToAgent, TransferToNumber)
"""Steps in which a caller may talk with somebody."""
_LONG = (*TO_PEOPLE, RecordVoice)
_Left = tuple[str, str | None, str, datetime, datetime, list[str] | None]
"""A node, its exit, its flow, when the call came and when it left, and the answers."""
_NOT_A_KEY = re.compile(r"[^0-9*#A-D]")


class FlowWay:
    """One call's way. ``revisions`` are those of all flows of the edition. ``secretive``: secret
    digits are asked for somewhere in the flow. Times are civil (UTC)."""

    def __init__(
        self,
        flow: str,
        edition: int | None,
        revision: int | None,
        *,
        revisions: Mapping[str, int],
        secretive: bool,
    ) -> None:
        self.flow = flow
        self.edition = edition
        self.revision = revision
        self._revisions = revisions
        self._secretive = secretive
        self._came: dict[str, tuple[datetime, str]] = {}
        self._answers: dict[str, list[str]] = {}
        self._typed = ""
        """Keys that cut short what was said: the beginning of an answer to come."""
        self._passed: list[_Left] = []
        self._step: Step | None = None

    # --- what happens

    def reached(self, talk: Conversation, step: Step | None, at: datetime) -> None:
        """The flow wants this step done now; None: it is over."""
        passed = talk.passed()
        if isinstance(step, Enqueue):
            self._typed = ""  # keys from before a wait answer nothing after it
        before, self._step = self._step, step
        if not passed and before is not None and step is not None and before.node == step.node:
            return
        for left in passed:
            if left.lacks:
                self._answer(left.node, f"={LACKS}:{left.lacks}")
            self._leave(left.node, left.exit or "", left.own, at)
        came = self._came
        if step is None:
            self._leave_all_but((), at)
            return
        here = talk.here
        if len(came) > len(here) or (came and len(here) > 1):
            self._leave_all_but([node for node, _ in here], at)
        for node, flow in here:
            if node not in came:
                came[node] = (at, flow)

    def _leave_all_but(self, here: Collection[str], at: datetime) -> None:
        """The wait was over while the caller walked the flow for the time of it, or the flow was
        stopped."""
        for node in [node for node in reversed(self._came) if node not in here]:
            self._leave(node, "", self._came[node][1], at)

    def answered(self, step: Step, outcome: StepOutcome) -> None:
        """This came of the step."""
        if type(outcome) is Done and not self._typed and type(step) is not BookCallback:
            return  # nothing was asked
        match step, outcome:
            case Play(), Digits(digits=keys):
                self._typed += keys
            case Collect(), Digits(digits=keys):
                typed, self._typed = self._typed, ""
                # A key pressed ahead may be all of a short secret that nobody asked for any more.
                hidden = step.secret or (typed and self._secretive)
                if hidden and (keys or typed):
                    self._answer(step.node, SECRET)
                else:
                    self._answer(step.node, _NOT_A_KEY.sub("", typed + keys))
            case Note(what=ChoiceMade(digits=str(key)) | Misdialled(digits=key)), _ if (
                self._typed and key  # that says the keys, so they are none of a secret
            ):
                self._typed = ""
                self._answer(step.node, _NOT_A_KEY.sub("", key))
            case Note() | OptOut(), _ if self._typed:
                typed, self._typed = self._typed, ""
                self._answer(step.node, SECRET if self._secretive else _NOT_A_KEY.sub("", typed))
            case Enqueue(), Left(QueueExit.KEY, key):
                self._answer(step.node, _NOT_A_KEY.sub("", key))
            case Enqueue(), MenuIsDue():
                self._answer(step.node, "=menu")
            case AskHours(), Opening(state):
                self._answer(step.node, f"={state.value}")
            case _, Drawn(number):
                self._answer(step.node, f"={number:.4f}")
            case LookUp(), LookedUp():
                self._answer(step.node, "=found")  # and not what: that is somebody's data
            case LookUp(), LookUpFailed(why, status):
                self._answer(step.node, f"={why.value}" + (f":{status}" if status else ""))
            case RecordVoice(), VoiceRecorded(seconds=seconds):
                self._answer(step.node, f"={seconds:.1f}")
            case BookCallback(), Done() | NotDone():
                self._answer(step.node, "=done" if isinstance(outcome, Done) else "=refused")
            case _, AgentFound():
                self._answer(step.node, "=agent")

    def take(self, at: datetime) -> WayTaken | None:
        """The nodes that were left since the last time; None if there are none."""
        if not self._passed:
            return None
        nodes = tuple([self._told(left, at) for left in self._passed])
        self._passed = []
        return WayTaken(self.flow, self.edition, self.revision, nodes)

    def is_due(self, at: datetime) -> bool:
        """Whether what was passed should be written now, before the step is done."""
        if not self._passed:
            return False
        step = self._step
        if isinstance(step, _LONG) and not (isinstance(step, Enqueue) and step.goes_on):
            return True
        oldest = self._passed[0][3]
        return len(self._passed) >= MOST_NODES or (at - oldest).total_seconds() >= LONGEST_S

    def over(self, at: datetime, talked_at: datetime | None) -> None:
        """The call is over, wherever it is; ``talked_at``: when somebody last began to talk with
        the caller. Who hangs up during a talk, or after it, has not left the flow half-way."""
        inner = True
        for node, (came, flow) in reversed(list(self._came.items())):
            talked = isinstance(self._step, TO_PEOPLE) and talked_at is not None
            if talked and talked_at is not None and talked_at >= came:
                self._leave(node, QueueExit.TALKED.value if inner else "", flow, at)
            else:
                self._leave(node, None, flow, at)
            inner = False

    # --- how it is kept

    def _leave(self, node: str, way_out: str | None, flow: str, at: datetime) -> None:
        came = self._came.pop(node, None)
        answers = self._answers.pop(node, None)
        self._passed.append((node, way_out, flow, at if came is None else came[0], at, answers))

    def _answer(self, node: str, what: str) -> None:
        self._answers.setdefault(node, []).append(what)

    def _told(self, left: _Left, now: datetime) -> NodePassed:
        node, way_out, flow, came, at, answers = left
        return NodePassed(
            node,
            way_out,
            max(0.0, (now - came).total_seconds()),
            max(0.0, (at - came).total_seconds()),
            None if answers is None else ",".join(answers)[:MOST_ANSWERS],
            None if flow == self.flow else flow,
            None if flow == self.flow else self._revisions.get(flow),
        )
