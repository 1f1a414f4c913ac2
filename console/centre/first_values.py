"""What the form of a new thing is filled in with: choices that are the only ones, and free numbers.

Pure.
"""

from collections.abc import Collection, Iterable, Mapping

from centre.endpoint_settings import StationSettings
from centre.inbound_settings import HotlineSettings
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from console.centre.fields import FormField, Widget
from console.centre.filled_forms import Typed
from console.centre.reach import SeenDirectory
from domain.roles import Role

PLAIN_FLOW = "greeting"
"""The library's flow that leads to the queue that the number has."""
USUAL_LEVEL = "5"
_FIRST_NAMES: Mapping[Kind, str] = {
    Kind.PROJECT: "main",
    Kind.SKILL: "general",
    Kind.QUEUE: "main",
    Kind.STATION: "101",
    Kind.AGENT: "1001",
}


def filled(
    kind: Kind, fields: Iterable[FormField], seen: SeenDirectory, flows: tuple[str, ...]
) -> Typed:
    """The texts for the form of a new thing, besides what its settings usually are."""
    texts: dict[str, str] = {}
    many: dict[str, frozenset[str]] = {}
    for each in fields:
        only = _only(each.refers, seen) if each.refers is not None and each.needed else None
        if only is not None and each.widget is Widget.MANY:
            many[each.name] = frozenset({only})
        elif only is not None:
            texts[each.name] = only
    texts |= _by_kind(kind, seen, flows)
    return Typed({name: text for name, text in texts.items() if text}, many)


def _by_kind(kind: Kind, seen: SeenDirectory, flows: tuple[str, ...]) -> Mapping[str, str]:
    taken = seen.directory.things.get(kind, {})
    match kind:
        case Kind.PROJECT | Kind.SKILL | Kind.QUEUE:
            return {} if taken else {"name": _FIRST_NAMES[kind]}
        case Kind.STATION:
            numbers = {*taken, *seen.directory.of(HotlineSettings)}
            return {"name": _following(list(taken), _FIRST_NAMES[kind], numbers)}
        case Kind.AGENT:
            agents = seen.directory.of(AgentSettings)
            at = {agent.station for agent in agents.values()}
            free = (name for name in seen.directory.of(StationSettings) if name not in at)
            skill = _only(Kind.SKILL, seen)
            teams = _own_team(seen)
            return {
                "code": _following(list(agents), _FIRST_NAMES[kind], set(agents)),
                "station": next(free, ""),
                **({} if skill is None else {f"skills.{skill}": USUAL_LEVEL}),
                **({} if teams is None else {"team": teams}),
            }
        case Kind.HOTLINE:
            flow = _usual_flow(seen, flows)
            queue = _only(Kind.QUEUE, seen) if flow == PLAIN_FLOW else None
            return {"flow": flow, "queue": queue or ""}
    return {}


def _only(kind: Kind, seen: SeenDirectory) -> str | None:
    """The one thing of a kind; None if there are none or several."""
    found = [thing.key for thing in seen.of(kind)]
    return found[0] if len(found) == 1 else None


def _own_team(seen: SeenDirectory) -> str | None:
    """A supervisor's only team: they may make no agents of others."""
    teams = seen.actor.teams if seen.actor.role is Role.SUPERVISOR else frozenset()
    return next(iter(teams)) if len(teams) == 1 else None


def _usual_flow(seen: SeenDirectory, flows: tuple[str, ...]) -> str:
    """The flow of the newest number; of a first one, the plain flow, or the only one."""
    used = [hotline.flow for hotline in seen.directory.of(HotlineSettings).values()]
    if used:
        return used[-1]
    if PLAIN_FLOW in flows:
        return PLAIN_FLOW
    return flows[0] if len(flows) == 1 else ""


def _following(taken: list[str], first: str, avoided: Collection[str]) -> str:
    """The number after the newest one, with as many digits; "" if it is not free."""
    text = first
    if taken:
        text = str(int(taken[-1]) + 1).zfill(len(taken[-1]))
        if len(text) > len(taken[-1]):
            return ""
    return "" if text in avoided else text
