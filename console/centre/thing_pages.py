"""The pages of one thing: its form, and making, changing and removing it."""

from typing import Any

from aiohttp import web
from multidict import MultiMapping
from pydantic import ValidationError

from centre.authority import as_seen_by, may_make
from centre.callers import CallerUnreadable, as_recorded
from centre.directory_service import (
    ChangeConflict,
    ChangeForbidden,
    ChangeRefused,
    Conflict,
    NothingToChange,
    WishedThing,
)
from centre.directory_store import KeptDirectory
from centre.inbound_settings import CallerSettings, HotlineSettings
from centre.kinds import Kind, Thing
from centre.things import MODELS
from console.centre import words
from console.centre.credentials import Credentials, fresh_credentials
from console.centre.difference import said
from console.centre.drafts import Draft
from console.centre.fields import FormField, Widget
from console.centre.filled_forms import Typed, numbered_anew, rows_of, shown, usual
from console.centre.first_step_words import TITLES
from console.centre.first_steps import FirstStep
from console.centre.first_steps_pages import next_step
from console.centre.first_values import filled
from console.centre.pages import ICONS, address, kind_of, notice, speech
from console.centre.reach import SeenDirectory, actor_of
from console.centre.rule_uses import ListedRule, rules_of
from console.centre.setting_words import VALUES, help_of, label_of
from console.kit.context import DIRECTORY, FLOWS, zone_for
from console.kit.rendering import render, says
from console.kit.setup_codes import ShownSetup, new_setup
from console.kit.words import ACCOUNT_REFUSALS
from domain.roles import Role
from storage.account_errors import AccountRefused

BLANK_ROWS = 3
"""How many empty rows a form has for more."""
LONGEST_NOTE = 500
_WIDE = 6
"""Rows with so many settings take several lines, so that one empty one is enough."""


def _flows(request: web.Request, seen: SeenDirectory) -> tuple[str, ...]:
    """The flows that the numbers of the projects may have that are theirs to see."""
    return tuple(request.app[FLOWS](None if seen.actor.everywhere else seen.actor.projects))


async def new_page(request: web.Request) -> web.Response:
    """GET /centre/new/{kind}: the usual settings, or those of the thing named by ``like``."""
    kind, seen = kind_of(request), await _seen(request)
    if kind is Kind.CENTRE or not may_make(seen.actor, kind):
        raise web.HTTPForbidden
    draft = Draft(kind, None, None, Typed({}))
    like = seen.get(kind, request.query.get("like", ""))
    if like is None:
        empty = usual(draft.fields, zone_for(request))
        first = filled(kind, draft.fields, seen, _flows(request, seen))
        draft.typed = Typed({**empty.texts, **first.texts}, {**empty.many, **first.many})
    else:
        found = shown(draft.fields, like, zone_for(request))
        draft.typed = Typed({**found.texts, like.KEY: ""}, found.many)
    return _form(request, seen, draft)


async def edit_page(request: web.Request) -> web.Response:
    """GET /centre/{kind}/{key}"""
    kept, seen, thing = await thing_of_address(request)
    draft = Draft(thing.KIND, thing.key, kept.changed.get((thing.KIND, thing.key)), Typed({}))
    draft.typed = shown(draft.fields, thing, zone_for(request))
    is_new = request.query.get("done") == "created"
    step = await next_step(request, seen) if is_new else None
    lacking = await request.app[DIRECTORY].lacking_secrets([thing])
    done = notice(request)
    rules: tuple[ListedRule, ...] = ()
    if isinstance(thing, HotlineSettings):
        rules = await rules_of(request, kept.directory, thing)
    return _form(
        request,
        seen,
        draft,
        said_before=done,
        next_step=step,
        lacks_secret=bool(lacking),
        rules=rules,
    )


async def create(request: web.Request) -> web.Response:
    """POST /centre/new/{kind}"""
    kind = kind_of(request)
    if kind is Kind.CENTRE:
        raise web.HTTPNotFound
    return await _save(request, kind, None)


async def save(request: web.Request) -> web.Response:
    """POST /centre/{kind}/{key}"""
    kind, key = kind_of(request), request.match_info["key"]
    seen = await _seen(request)
    if seen.directory.has(kind, key) and seen.get(kind, key) is None:
        raise web.HTTPNotFound
    return await _save(request, kind, key)


async def _save(request: web.Request, kind: Kind, key: str | None) -> web.Response:
    draft = await _typed(request, kind, key)
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor_of(request), kept.directory)
    speaks, zone = speech(request, seen), zone_for(request)
    base = await base_of(request, seen, kept, draft)
    try:
        thing = MODELS[kind].model_validate(draft.settings(base, zone))
    except ValidationError as error:
        draft.refuse(error, speaks)
        return _form(request, seen, draft, status=400)
    if isinstance(thing, CallerSettings) and key is None:
        try:
            thing = as_recorded(thing, kept.directory)
        except CallerUnreadable as error:
            values = {"countries": says(request, words.COMMA).join(error.countries)}
            draft.wrong(thing.KEY, says(request, words.NUMBER_MISTAKES[error.why], values))
            return _form(request, seen, draft, status=400)
    # One that was removed while its form was open is made anew.
    is_new = key is None or not kept.directory.has(kind, thing.key)
    credentials = await fresh_credentials(request, draft, thing, base, is_new=is_new)
    if draft.mistakes:
        return _form(request, seen, draft, status=400)
    wish = WishedThing(kind, thing.key, thing, draft.seen)
    try:
        await request.app[DIRECTORY].change(
            seen.actor,
            [wish],
            note=draft.note,
            secrets=credentials.kept,
            also=credentials.also,
        )
    except NothingToChange:
        raise web.HTTPSeeOther(address(kind, thing.key, "?done=same")) from None
    except ChangeForbidden:
        draft.wrong("", says(request, words.NOT_YOURS))
        return _form(request, seen, draft, status=403)
    except ChangeRefused as refused:
        for fault in refused.faults:
            draft.fault(fault, thing.key, speaks)
        return _form(request, seen, draft, status=400)
    except AccountRefused as refused:
        text = says(
            request, ACCOUNT_REFUSALS[refused.why], {"name": refused.name, "code": refused.agent}
        )
        draft.wrong("console.user", text)
        return _form(request, seen, draft, status=400)
    except ChangeConflict as found:
        seen = await overtaken(request, draft, thing, base, found.conflicts[0])
        return _form(request, seen, draft, status=409)
    if credentials.shown:
        return await _with_credentials(request, kind, thing.key, credentials, is_new)
    raise web.HTTPSeeOther(address(kind, thing.key, f"?done={'created' if is_new else 'changed'}"))


async def _typed(request: web.Request, kind: Kind, key: str | None) -> Draft:
    typed = typed_in(await request.post())
    draft = Draft(
        kind,
        key,
        number_in(typed.get("change.seen")),
        typed,
        typed.get("change.note")[:LONGEST_NOTE],
    )
    draft.typed = numbered_anew(draft.fields, typed)
    return draft


def typed_in(form: MultiMapping[Any]) -> Typed:
    """What somebody typed into a form."""
    return Typed(
        {name: str(value) for name, value in form.items()},
        {name: frozenset(map(str, form.getall(name))) for name in set(form)},
    )


def number_in(text: str) -> int | None:
    """The number of a change that a form or an address names; None if it names none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


async def base_of(
    request: web.Request, seen: SeenDirectory, kept: KeptDirectory, draft: Draft
) -> Thing | None:
    """The thing as it was when the form was opened; None if that isn't known."""
    if draft.key is None:
        return None
    if draft.seen == kept.changed.get((draft.kind, draft.key)):
        return seen.get(draft.kind, draft.key)
    place = (draft.kind, draft.key)
    found = await request.app[DIRECTORY].left_by({place: draft.seen or 0})
    return as_seen_by(seen.actor, found[place]) if place in found else None


async def overtaken(
    request: web.Request, draft: Draft, mine: Thing, base: Thing | None, conflict: Conflict
) -> SeenDirectory:
    """Let a draft go on from what somebody else has made of its thing; returns the directory as it
    is now, from which that is taken. A third person's change is not to be saved over either."""
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor_of(request), kept.directory)
    if draft.key is None:
        draft.wrong(mine.KEY, says(request, words.EXISTS))
        return seen
    now, last = seen.get(mine.KIND, mine.key), kept.changed.get((mine.KIND, mine.key))
    draft.overtake(mine, base, now, conflict.change, last, speech(request, seen), zone_for(request))
    return seen


async def _with_credentials(
    request: web.Request, kind: Kind, key: str, credentials: Credentials, is_new: bool
) -> web.Response:
    """The thing's page as it is now, with what is shown this once."""
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor_of(request), kept.directory)
    thing = seen.get(kind, key)
    if thing is None:  # somebody has removed it already
        raise web.HTTPSeeOther(f"/centre/{kind}")
    draft = Draft(kind, key, kept.changed.get((kind, key)), Typed({}))
    draft.typed = shown(draft.fields, thing, zone_for(request))
    done = says(request, words.DONE["created" if is_new else "changed"])
    setup = await new_setup(request, key) if kind is Kind.STATION else None
    step = await next_step(request, seen) if is_new else None
    return _form(
        request, seen, draft,
        said_before=done, credentials=credentials, setup=setup, next_step=step,
    )  # fmt: skip


async def renew(request: web.Request) -> web.Response:
    """POST /centre/{kind}/{key}/secret: a new password or PIN, shown once"""
    _, seen, thing = await thing_of_address(request)
    typed = Typed({k: str(v) for k, v in (await request.post()).items()})
    draft = Draft(thing.KIND, thing.key, None, typed)
    if not seen.may_change(thing):
        raise web.HTTPForbidden
    credentials = await fresh_credentials(request, draft, thing, renewed=typed.get("what"))
    if not credentials.shown:
        raise web.HTTPBadRequest
    if credentials.kept:
        try:
            await request.app[DIRECTORY].change(
                seen.actor, [], note=typed.get("change.note"), secrets=credentials.kept
            )
        except ChangeForbidden:
            raise web.HTTPForbidden from None
        except NothingToChange:  # it has just been removed
            raise web.HTTPNotFound from None
    return await _with_credentials(request, thing.KIND, thing.key, credentials, is_new=False)


async def _seen(request: web.Request) -> SeenDirectory:
    kept = await request.app[DIRECTORY].read()
    return SeenDirectory(actor_of(request), kept.directory)


async def thing_of_address(request: web.Request) -> tuple[KeptDirectory, SeenDirectory, Thing]:
    """The thing that the address names. Raises HTTPNotFound."""
    kind, actor = kind_of(request), actor_of(request)
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor, kept.directory)
    thing = seen.get(kind, request.match_info["key"])
    if thing is None:
        raise web.HTTPNotFound
    return kept, seen, thing


def _form(
    request: web.Request,
    seen: SeenDirectory,
    draft: Draft,
    *,
    status: int = 200,
    said_before: str = "",
    credentials: Credentials | None = None,
    setup: ShownSetup | None = None,
    next_step: FirstStep | None = None,
    lacks_secret: bool = False,
    rules: tuple[ListedRule, ...] = (),
) -> web.Response:
    kind, speaks = draft.kind, speech(request, seen)
    thing = None if draft.key is None else seen.get(kind, draft.key)
    may_save = may_make(seen.actor, kind) if thing is None else seen.may_change(thing)
    one_of_many = thing is not None and kind is not Kind.CENTRE
    values: dict[str, Any] = {
        "kind": kind,
        "draft": draft,
        "texts": draft.typed.texts,
        "many": draft.typed.many,
        "rows": {each.name: _row_numbers(each, draft.typed) for each in draft.fields},
        "thing": thing,
        "lines": [] if thing is None else list(said(thing, speaks).values()),
        "may_save": may_save,
        "may_remove": one_of_many and may_save,
        "may_copy": one_of_many and may_make(seen.actor, kind),
        "options": options_of(seen, draft, speaks.title),
        "suggestions": {"flow": _flows(request, seen)},
        "rules": rules,
        "credentials": credentials,
        "setup": setup,
        "lacks_secret": lacks_secret,
        "label_of": lambda each: says(request, label_of(kind, each)),
        "help_of": lambda each: says(request, help_of(kind, each)),
        "values": VALUES,
        "address": address,
        "title": speaks.title,
        "icons": ICONS,
        "words": words,
        "notice": said_before,
        "next_step": next_step and TITLES[next_step],
    }
    return render(request, "centre/thing.html", values, status=status)


def options_of(seen: SeenDirectory, draft: Draft, title: Any) -> dict[Kind, list[tuple[str, str]]]:
    """What may be chosen for settings that refer to others: keys with what people call them."""
    options = {}
    for each in (one for field in draft.fields for one in (field, *_of_rows(field))):
        kind = each.refers
        if kind is None or kind in options:
            continue
        found = [(thing.key, title(kind, thing.key)) for thing in seen.of(kind)]
        if kind is Kind.TEAM and seen.actor.role is Role.SUPERVISOR:
            found = [option for option in found if option[0] in seen.actor.teams]
        options[kind] = found
    return options


def _of_rows(each: FormField) -> tuple[FormField, ...]:
    return each.inside if each.widget is Widget.ROWS else ()


def _row_numbers(each: FormField, typed: Typed) -> list[int]:
    """The rows that a form shows: those that are filled in, and some empty ones."""
    if each.widget is not Widget.ROWS:
        return []
    filled = rows_of(each.name, typed)
    return list(
        range((filled[-1] + 1 if filled else 0) + (BLANK_ROWS if len(each.inside) < _WIDE else 1))
    )
