"""The table of an agent's states, and the page that shows it."""

from pathlib import Path

import pytest

from acd.agent_states import TRANSITIONS, Trigger, UnlistedTransitionError, after, diagram
from domain.agent_facts import AgentState

PAGE = Path(__file__).parents[2] / "docs" / "agent-states.md"


def test_the_page_shows_the_table() -> None:
    shown = PAGE.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]
    assert shown == diagram(), "put the output of python -m acd.agent_states into the page"


def test_what_is_not_listed_is_an_error_that_says_so() -> None:
    with pytest.raises(UnlistedTransitionError, match="'logged_out' cannot move by READY"):
        after(AgentState.LOGGED_OUT, Trigger.READY)


def test_no_state_is_a_trap() -> None:
    for start in AgentState:
        reached = {start}
        while more := {to for (state, _), to in TRANSITIONS.items() if state in reached} - reached:
            reached |= more
        assert reached == set(AgentState)
