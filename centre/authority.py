"""Says who may change what of the directory."""

from centre.directory import Directory, Edit
from centre.inbound_settings import CallerSettings, HotlineSettings, QueueSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, ProjectSettings
from centre.things import references
from domain.roles import Actor, Role

_OF_ADMINS = (Kind.LINE, Kind.OUTSIDE_NUMBER)
"""What costs money if a stranger gets it."""

SYSTEM = Actor("offhook", Role.ADMIN, None)
"""What Offhook does by itself, and whoever uses the command line on its machine."""


def refused(actor: Actor, edit: Edit) -> bool:
    """Whether ``actor`` may not make this edit.

    Both what was and what will be must be theirs, so nothing can be taken from others, or put
    among their things.
    """
    return not all(
        _theirs(actor, edit.kind, thing) for thing in (edit.before, edit.after) if thing is not None
    )


def refers_beyond(actor: Actor, edit: Edit, directory: Directory) -> bool:
    """Whether the edit makes a thing refer to what ``actor`` doesn't see in ``directory``: their
    number must not fill another client's queue."""
    if actor.everywhere or edit.after is None:
        return False
    before = () if edit.before is None else references(edit.before)
    known = {(kind, key) for _, kind, key in before}
    return any(
        (thing := directory.get(kind, key)) is not None and as_seen_by(actor, thing) is None
        for _, kind, key in references(edit.after)
        if (kind, key) not in known
    )


def may_change(actor: Actor, thing: Thing) -> bool:
    """Whether ``actor`` may change this thing as it is."""
    return _theirs(actor, thing.KIND, thing)


def may_make(actor: Actor, kind: Kind) -> bool:
    """Whether there are things of this kind that ``actor`` may make."""
    match actor.role:
        case Role.ADMIN:
            return True
        case Role.OPS if actor.everywhere:
            return kind not in _OF_ADMINS
        case Role.OPS:
            return kind in (Kind.HOTLINE, Kind.QUEUE, Kind.AGENT, Kind.CALLER)
        case Role.SUPERVISOR:
            return kind is Kind.QUEUE or (kind is Kind.AGENT and bool(actor.teams))
        case _:
            return False


def _theirs(actor: Actor, kind: Kind, thing: Thing) -> bool:
    match actor.role:
        case Role.ADMIN:
            return True
        case Role.OPS if actor.everywhere:
            return kind not in _OF_ADMINS
        case Role.OPS:
            return _of_projects(thing, actor)
        case Role.SUPERVISOR:
            return _of_supervisor(thing, actor)
        case _:
            return False


def _of_projects(thing: Thing, actor: Actor) -> bool:
    mine = actor.projects or frozenset()
    match thing:
        case ProjectSettings():
            return thing.name in mine
        case HotlineSettings() | QueueSettings():
            return thing.project in mine
        case AgentSettings() | CallerSettings():
            return bool(thing.projects) and set(thing.projects) <= mine
        case _:
            return False


def _of_supervisor(thing: Thing, actor: Actor) -> bool:
    match thing:
        case QueueSettings():
            return actor.everywhere or thing.project in (actor.projects or frozenset())
        case AgentSettings():
            return thing.team in actor.teams and (actor.everywhere or _of_projects(thing, actor))
        case _:
            return False


def as_seen_by(actor: Actor, thing: Thing) -> Thing | None:
    """The thing as ``actor`` may look at it: without projects that are not theirs. None: not at
    all; lines and outside numbers are for those who look after the whole centre."""
    if actor.everywhere:
        return thing
    mine = actor.projects or frozenset()
    match thing:
        case ProjectSettings():
            return thing if thing.name in mine else None
        case HotlineSettings() | QueueSettings():
            return thing if thing.project in mine else None
        case AgentSettings() | CallerSettings():
            if isinstance(thing, CallerSettings) and not thing.projects:
                return thing
            ours = tuple(name for name in thing.projects if name in mine)
            if ours == thing.projects and ours:
                return thing
            return thing.model_copy(update={"projects": ours}) if ours else None
        case _:
            return None if thing.KIND in _OF_ADMINS else thing
