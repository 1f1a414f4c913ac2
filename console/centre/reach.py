"""Says what of the directory somebody sees, and by which names."""

from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from centre.authority import as_seen_by, may_change
from centre.directory import Directory, Edit, directory_of
from centre.kinds import Kind, Thing
from centre.things import MODELS
from console.kit.access import projects_of
from console.kit.context import user_of
from domain.roles import Actor
from telephony.numbers import spaced


def actor_of(request: web.Request) -> Actor:
    """Who makes a request's changes."""
    user, projects = user_of(request), projects_of(request)
    return Actor(user.name, user.role, projects, frozenset(user.teams))


@dataclass(frozen=True, slots=True)
class SeenDirectory:
    """The directory as somebody sees it."""

    actor: Actor
    directory: Directory

    def of(self, kind: Kind) -> Iterator[Thing]:
        """The things of a kind that they see, in the order in which they were made."""
        things = [*self.directory.things.get(kind, {}).values()]
        if kind is Kind.CENTRE and not things:
            things = [self.directory.wide]
        for thing in things:
            if (seen := as_seen_by(self.actor, thing)) is not None:
                yield seen

    @property
    def visible(self) -> Directory:
        """All that they see."""
        if self.actor.everywhere:
            return self.directory
        return directory_of(thing for kind in MODELS for thing in self.of(kind))

    def get(self, kind: Kind, key: str) -> Thing | None:
        """One thing; None if there is none, or if they don't see it."""
        thing = self.directory.get(kind, key)
        if thing is None and (kind, key) == (Kind.CENTRE, "centre"):
            thing = self.directory.wide
        return None if thing is None else as_seen_by(self.actor, thing)

    def may_change(self, thing: Thing) -> bool:
        """Whether they may change what is there under this name: all of it, also what they don't
        see of it."""
        whole = self.directory.get(thing.KIND, thing.key) or thing
        return may_change(self.actor, whole)

    def title(self, kind: Kind | None, key: str, language: str) -> str:
        """What people call a thing; its key if it has no other name, or they don't see it."""
        thing = None if kind is None else self.get(kind, key)
        title = getattr(thing, "title", None)
        if kind is Kind.AGENT:
            title = getattr(thing, "name", None)
        elif kind is Kind.CALLER:
            title = spaced(key)
        if isinstance(title, dict):
            title = title.get(language) or next(iter(title.values()), None)
        return str(title or key)

    def edit(self, edit: Edit) -> Edit | None:
        """An edit as they see it: what came into their sight or left it, was made or removed."""
        before = None if edit.before is None else as_seen_by(self.actor, edit.before)
        after = None if edit.after is None else as_seen_by(self.actor, edit.after)
        if before is None and after is None:
            return None
        return Edit(edit.kind, edit.key, before, after)
