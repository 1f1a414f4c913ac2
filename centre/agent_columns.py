"""The columns of a sheet of agents: their headings in two languages, and what their cells mean."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from centre.directory import Directory
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings
from centre.setting_values import Language

REQUIRED = ("code", "name", "projects")
"""Settings that a new agent's row must have."""


@dataclass(frozen=True, slots=True)
class AgentColumn:
    """A setting of an agent, and the headings by which its column is known."""

    setting: str
    headings: Mapping[Language, str]
    """As an exported sheet has them."""
    others: tuple[str, ...] = ()


COLUMNS = (
    AgentColumn(
        "code",
        {"zh-CN": "工号", "en": "Code"},
        ("坐席工号", "员工号", "员工编号", "坐席编号", "坐席号", "agent code", "agent id", "id"),
    ),
    AgentColumn(
        "name", {"zh-CN": "姓名", "en": "Name"}, ("名字", "坐席姓名", "员工姓名", "agent name")
    ),
    AgentColumn("projects", {"zh-CN": "项目", "en": "Projects"}, ("项目名称", "project")),
    AgentColumn("skills", {"zh-CN": "技能", "en": "Skills"}, ("技能组", "技能等级", "skill")),
    AgentColumn("team", {"zh-CN": "班组", "en": "Team"}, ("团队", "组别", "小组", "group")),
    AgentColumn(
        "station",
        {"zh-CN": "话机", "en": "Phone"},
        ("分机", "分机号", "话机号", "station", "extension"),
    ),
    AgentColumn(
        "wrap_up_s",
        {"zh-CN": "话后处理（秒）", "en": "After-call work (s)"},
        ("话后处理时长", "话后处理时间", "wrap-up", "wrap up s", "acw"),
    ),
    AgentColumn(
        "missed_before_away",
        {"zh-CN": "漏接几次后示忙", "en": "Missed before away"},
        ("漏接次数", "missed calls before away", "missed"),
    ),
)

_PARENTHESES = re.compile(r"\([^()]*\)")
_MOST_NAMED = 300
_BETWEEN = re.compile(r"[,;、|/\n]+")
_LEVEL = re.compile(r"(?P<name>.*?)\s*(?:[:=]\s*(?P<level>\S+)|\(\s*(?P<inside>\S+?)\s*\))")


def plain(text: str) -> str:
    """Text as a Chinese or an English keyboard would both have it: half width, no space around."""
    return unicodedata.normalize("NFKC", text).strip()


def _heading(text: str) -> str:
    short = _PARENTHESES.sub("", plain(text).casefold())
    return "".join(filter(str.isalnum, short))


_KNOWN = {
    _heading(heading): column.setting
    for column in COLUMNS
    for heading in (*column.headings.values(), *column.others, column.setting)
}


def setting_of(heading: str) -> str | None:
    """The setting whose column has this heading; None if there is none."""
    return _KNOWN.get(_heading(heading))


def listed(text: str) -> list[str]:
    """The names in a cell that holds several."""
    return [name for part in _BETWEEN.split(plain(text)) if (name := part.strip())]


def with_level(text: str) -> tuple[str, str]:
    """A skill and its level: of ``sales:3``, ``sales=3``, ``sales(3)``, or ``sales`` alone, which
    is level 1."""
    found = _LEVEL.fullmatch(text) if len(text) <= _MOST_NAMED else None
    if found is None:
        return text, "1"
    return found["name"].strip(), found["level"] or found["inside"]


class NameBook:
    """Finds things by what people write: the key, or the title, in small or capital letters."""

    def __init__(self, things: Iterable[Thing]) -> None:
        self._keys: set[str] = set()
        self._found: dict[str, dict[str, None]] = {}
        for thing in things:
            self._keys.add(thing.key)
            for name in (thing.key, getattr(thing, "title", None)):
                if isinstance(name, str):
                    self._found.setdefault(plain(name).casefold(), {})[thing.key] = None

    def find(self, name: str) -> tuple[str, ...]:
        """The keys of all things of that name."""
        return (name,) if name in self._keys else tuple(self._found.get(name.casefold(), ()))

    def add(self, key: str) -> None:
        """Take in a thing that is to be made."""
        self._keys.add(key)
        self._found.setdefault(key.casefold(), {})[key] = None


def name_books(directory: Directory) -> Mapping[Kind, NameBook]:
    """For each kind of thing that an agent refers to, what it is found by."""
    kinds = (Kind.PROJECT, Kind.SKILL, Kind.TEAM, Kind.STATION)
    return {kind: NameBook(directory.things.get(kind, {}).values()) for kind in kinds}


def agent_rows(agents: Iterable[AgentSettings], language: Language) -> Iterable[list[str]]:
    """The headings and a row for each agent, as ``centre.agent_sheets`` reads them."""
    yield [column.headings[language] for column in COLUMNS]
    for agent in agents:
        yield [
            agent.code,
            agent.name,
            ", ".join(agent.projects),
            ", ".join(f"{skill}:{level}" for skill, level in agent.skills.items()),
            agent.team or "",
            agent.station or "",
            "" if agent.wrap_up_s is None else f"{agent.wrap_up_s:.15g}",
            str(agent.missed_before_away),
        ]
