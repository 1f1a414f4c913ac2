"""The matrix of agents and skills: which rows it shows, and what people typed into it. Pure.

A page of it shows so many agents that it stays quick, and only cells that were changed are sent:
for each agent one field, such as ``1001 17 sales.3 english.0``: the agent's code, the change that
had made the agent what was shown, and each skill with its new level, 0 for none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from centre.authority import as_seen_by
from centre.directory_service import WishedThing
from centre.directory_store import KeptDirectory
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, SkillSettings
from console.centre.fields import FormField, Widget, fields_of
from console.centre.reach import SeenDirectory
from domain.errors import OffhookError
from domain.roles import Actor

LARGEST_PAGE = 12_000
"""About so many cells a page has."""
FEWEST_ROWS, MOST_ROWS = 20, 400
MOST_CELLS = 1_000
"""How many cells may be changed at once: with a page's agents and the longest names of skills, they
fit in a form."""
LONGEST_WANTED = 100


def _levels(fields: Iterable[FormField]) -> range:
    skills = next(each for each in fields if each.widget is Widget.LEVELS)
    return range(int(skills.least or 1), int(skills.most or 1) + 1)


LEVELS = _levels(fields_of(AgentSettings))
"""The levels that an agent may have of a skill."""


@dataclass(frozen=True, slots=True)
class MatrixFilter:
    """Which agents are wanted; "" of each is everybody."""

    wanted: str = ""
    """A part of the name or the code."""
    team: str = ""
    project: str = ""

    @property
    def is_set(self) -> bool:
        """Whether it leaves anybody out."""
        return self != MatrixFilter()

    def address(self, page: int = 1) -> str:
        """The address of a page of the agents that it finds."""
        asked = {"q": self.wanted, "team": self.team, "project": self.project}
        asked["page"] = str(page) if page > 1 else ""
        text = urlencode({name: value for name, value in asked.items() if value})
        return f"/centre/matrix?{text}" if text else "/centre/matrix"


def matching(
    agents: Iterable[AgentSettings], actor: Actor, by: MatrixFilter
) -> Iterator[AgentSettings]:
    """Those of some agents whom ``actor`` sees and the filter finds, as ``actor`` sees them."""
    text = by.wanted.casefold()
    for agent in agents:
        if by.team and agent.team != by.team:
            continue
        if text and text not in agent.code and text not in agent.name.casefold():
            continue
        seen = as_seen_by(actor, agent)
        if isinstance(seen, AgentSettings) and (not by.project or by.project in seen.projects):
            yield seen


@dataclass(frozen=True, slots=True)
class ShownPage:
    """Which page of so many agents is shown."""

    page: int
    pages: int
    total: int
    first: int
    """The place of the page's first agent among all, from 0."""
    rows: int
    """How many agents a full page has."""


def shown_page(total: int, skills: int, page: int) -> ShownPage:
    """The page of this number, or the nearest that there is."""
    rows = min(MOST_ROWS, max(FEWEST_ROWS, LARGEST_PAGE // max(1, skills)))
    pages = max(1, -(-total // rows))
    page = min(max(1, page), pages)
    return ShownPage(page, pages, total, (page - 1) * rows, rows)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One agent with their level of each skill; "" for none."""

    agent: AgentSettings
    seen: int | None
    """The change that made the agent what is shown."""
    levels: Sequence[str]
    may_change: bool


def rows_of_agents(
    agents: Iterable[AgentSettings],
    skills: Sequence[str],
    kept: KeptDirectory,
    seen: SeenDirectory,
) -> list[MatrixRow]:
    """The rows of a page, with a level for each of ``skills`` in their order."""
    return [
        MatrixRow(
            agent,
            kept.changed.get((Kind.AGENT, agent.code)),
            [str(agent.skills.get(skill, "")) for skill in skills],
            seen.may_change(agent),
        )
        for agent in agents
    ]


@dataclass(frozen=True, slots=True)
class TypedLevels:
    """What somebody typed for one agent."""

    agent: str
    seen: int
    """The change that had made the agent what they saw."""
    levels: Mapping[str, int | None]
    """By skill; None: they don't have it any more."""

    def put_on(self, agent: AgentSettings) -> AgentSettings:
        """The agent with these levels; other skills stay as they are."""
        skills = {**agent.skills, **self.levels}
        left = {skill: level for skill, level in skills.items() if level is not None}
        return agent.model_copy(update={"skills": left})


class LevelsFault(StrEnum):
    """Why levels that were sent can't be saved."""

    TOO_MANY = "too_many"
    UNREADABLE = "unreadable"
    TWICE = "twice"
    NO_SUCH_LEVEL = "no_such_level"
    NO_SUCH_AGENT = "no_such_agent"
    NO_SUCH_SKILL = "no_such_skill"
    NOT_THEIRS = "not_theirs"


class LevelsRefused(OffhookError):  # noqa: N818
    """Levels that can't be saved, none of them. ``names`` are the agents or skills concerned."""

    def __init__(self, fault: LevelsFault, *names: str) -> None:
        super().__init__(fault, names)
        self.fault = fault
        self.names = names


def read_levels(fields: Sequence[str]) -> list[TypedLevels]:
    """What was typed, from a form's fields, of which each is one agent's. Raises LevelsRefused."""
    if sum(max(1, field.count(" ") - 1) for field in fields) > MOST_CELLS:
        raise LevelsRefused(LevelsFault.TOO_MANY)
    found = [_agents_levels(field) for field in fields]
    times = Counter(typed.agent for typed in found)
    if twice := [agent for agent, count in times.items() if count > 1]:
        raise LevelsRefused(LevelsFault.TWICE, *twice)
    return found


def _agents_levels(field: str) -> TypedLevels:
    agent, *rest = field.split(" ")
    change, cells = (rest[0], rest[1:]) if rest else ("", [])
    if not (agent and cells and _is_number(change, 18)):
        raise LevelsRefused(LevelsFault.UNREADABLE)
    levels: dict[str, int | None] = {}
    for cell in cells:
        skill, dot, level = cell.rpartition(".")
        if not dot or not skill:
            raise LevelsRefused(LevelsFault.UNREADABLE)
        if skill in levels:
            raise LevelsRefused(LevelsFault.TWICE, agent)
        number = int(level) if _is_number(level, 4) else -1
        if number != 0 and number not in LEVELS:
            raise LevelsRefused(LevelsFault.NO_SUCH_LEVEL, agent)
        levels[skill] = number or None
    return TypedLevels(agent, int(change), levels)


def _is_number(text: str, longest: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= longest


def wishes_of_levels(typed: Iterable[TypedLevels], seen: SeenDirectory) -> list[WishedThing]:
    """The wishes that save these levels. Raises LevelsRefused for agents and skills that somebody
    doesn't see, or may not change."""
    there = seen.directory.of(AgentSettings)
    typed = list(typed)
    gone = [one.agent for one in typed if seen.get(Kind.AGENT, one.agent) is None]
    if gone:
        raise LevelsRefused(LevelsFault.NO_SUCH_AGENT, *gone)
    skills = seen.directory.of(SkillSettings)
    unknown = {skill for one in typed for skill in one.levels if skill not in skills}
    if unknown:
        raise LevelsRefused(LevelsFault.NO_SUCH_SKILL, *sorted(unknown))
    others = [one.agent for one in typed if not seen.may_change(there[one.agent])]
    if others:
        raise LevelsRefused(LevelsFault.NOT_THEIRS, *others)
    return [
        WishedThing(Kind.AGENT, one.agent, one.put_on(there[one.agent]), one.seen) for one in typed
    ]
