"""Where an agent can be, and every way from one state to another.

This table is the law: the floor moves agents only through :func:`after`, and a move that is
not listed is a bug that says so. ``python -m acd.agent_states`` prints the table as a diagram.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.agent_facts import AgentState
from domain.errors import OffhookError


class Trigger(StrEnum):
    """What moves an agent; the values are the diagram's labels."""

    LOG_IN = "logs in"
    LOG_OUT = "logs out"
    READY = "ready"
    AWAY = "away (reason)"
    OFFER = "a caller is offered"
    CONNECT = "talks to a caller"
    MISS = "no answer, busy, rejected, unreachable, forwarded, dropped"
    WITHDRAW = "offer withdrawn"
    LET_RING = "no answer, fewer times than allowed"
    DISCONNECT = "one of several calls ends"
    CALL_OVER = "the last call ends"
    TIME_UP = "after-call time is over"


class UnlistedTransitionError(OffhookError, RuntimeError):
    """The floor tried a move that the table doesn't know: a bug, never bad input."""

    def __init__(self, state: AgentState, trigger: Trigger) -> None:
        super().__init__(f"an agent who is {state.value!r} cannot move by {trigger.name}")
        self.state = state
        self.trigger = trigger


_OUT, _READY, _OFFERED, _TALKING, _WRAP_UP, _PAUSED = (
    AgentState.LOGGED_OUT,
    AgentState.READY,
    AgentState.OFFERED,
    AgentState.TALKING,
    AgentState.WRAP_UP,
    AgentState.PAUSED,
)

TRANSITIONS: Mapping[tuple[AgentState, Trigger], AgentState] = MappingProxyType(
    {
        (_OUT, Trigger.LOG_IN): _PAUSED,
        # The agent picked up at the very moment of logging out; they are logged out after the call.
        (_OUT, Trigger.CONNECT): _TALKING,
        (_PAUSED, Trigger.READY): _READY,
        (_PAUSED, Trigger.AWAY): _PAUSED,
        (_PAUSED, Trigger.LOG_IN): _PAUSED,  # moves to another station
        (_PAUSED, Trigger.CONNECT): _TALKING,
        (_PAUSED, Trigger.LOG_OUT): _OUT,
        (_READY, Trigger.OFFER): _OFFERED,
        (_READY, Trigger.CONNECT): _TALKING,  # a transfer, or Asterisk's own fallback queue
        (_READY, Trigger.AWAY): _PAUSED,
        (_READY, Trigger.LOG_IN): _READY,  # moves to another station
        (_READY, Trigger.LOG_OUT): _OUT,
        (_OFFERED, Trigger.CONNECT): _TALKING,
        (_OFFERED, Trigger.MISS): _PAUSED,
        (_OFFERED, Trigger.WITHDRAW): _READY,
        (_OFFERED, Trigger.LET_RING): _READY,
        (_OFFERED, Trigger.AWAY): _PAUSED,
        (_OFFERED, Trigger.LOG_OUT): _OUT,
        (_TALKING, Trigger.CONNECT): _TALKING,
        (_TALKING, Trigger.DISCONNECT): _TALKING,
        (_TALKING, Trigger.CALL_OVER): _WRAP_UP,
        # READY, AWAY and LOG_OUT that were asked for during the talk take effect at its end; READY
        # also stands for a queue without after-call work.
        (_TALKING, Trigger.READY): _READY,
        (_TALKING, Trigger.AWAY): _PAUSED,
        (_TALKING, Trigger.LOG_OUT): _OUT,
        (_WRAP_UP, Trigger.TIME_UP): _READY,
        (_WRAP_UP, Trigger.READY): _READY,
        (_WRAP_UP, Trigger.AWAY): _PAUSED,
        (_WRAP_UP, Trigger.LOG_IN): _WRAP_UP,  # moves to another station
        (_WRAP_UP, Trigger.CONNECT): _TALKING,
        (_WRAP_UP, Trigger.LOG_OUT): _OUT,
    }
)


def after(state: AgentState, trigger: Trigger) -> AgentState:
    """The state an agent enters; raises :class:`UnlistedTransitionError` if there is none."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise UnlistedTransitionError(state, trigger) from None


def diagram() -> str:
    """The table as a mermaid state diagram, one line a pair of states."""
    lines = ["stateDiagram-v2", f"    [*] --> {_OUT.value}"]
    labels: dict[tuple[AgentState, AgentState], list[str]] = {}
    for (state, trigger), entered in TRANSITIONS.items():
        labels.setdefault((state, entered), []).append(trigger.value)
    lines += [
        f"    {state.value} --> {entered.value}: {' / '.join(triggers)}"
        for (state, entered), triggers in labels.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(diagram(), end="")
