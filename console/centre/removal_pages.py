"""The page on which a thing is removed, and what still needs it."""

from aiohttp import web

from centre.directory import Edit
from centre.directory_faults import Fault, FaultCode
from centre.directory_service import (
    ChangeConflict,
    ChangeForbidden,
    ChangeRefused,
    Conflict,
    NothingToChange,
    WishedThing,
)
from centre.directory_store import KeptDirectory
from centre.kinds import Kind, Thing
from centre.things import MODELS
from console.centre import words
from console.centre.difference import Wording, said
from console.centre.drafts import OtherFault, fault_text
from console.centre.fields import fields_of
from console.centre.pages import address, speech
from console.centre.reach import SeenDirectory
from console.centre.setting_words import label_of
from console.centre.thing_pages import LONGEST_NOTE, number_in, thing_of_address
from console.kit.context import DIRECTORY, USERS
from console.kit.rendering import render
from domain.identity import AgentCode


async def removal_page(request: web.Request) -> web.Response:
    """GET /centre/{kind}/{key}/remove"""
    kept, seen, thing = await thing_of_address(request)
    return await _removal(request, kept, seen, thing)


async def remove(request: web.Request) -> web.Response:
    """POST /centre/{kind}/{key}/remove"""
    kept, seen, thing = await thing_of_address(request)
    if thing.KIND is Kind.CENTRE:
        raise web.HTTPNotFound
    form = await request.post()
    change = number_in(str(form.get("change.seen", "")))
    wish = WishedThing(thing.KIND, thing.key, None, change)
    try:
        await request.app[DIRECTORY].change(
            seen.actor, [wish], note=str(form.get("change.note", ""))[:LONGEST_NOTE]
        )
    except ChangeForbidden:
        return await _removal(request, kept, seen, thing, status=403)
    except NothingToChange:
        pass  # somebody else has just removed it
    except (ChangeRefused, ChangeConflict) as error:
        kept, seen, thing = await thing_of_address(request)
        overtaken = error.conflicts[0] if isinstance(error, ChangeConflict) else None
        status = 409 if overtaken else 400
        return await _removal(request, kept, seen, thing, overtaken, status=status)
    raise web.HTTPSeeOther(f"/centre/{thing.KIND}?done=removed")


async def _removal(
    request: web.Request,
    kept: KeptDirectory,
    seen: SeenDirectory,
    thing: Thing,
    overtaken: Conflict | None = None,
    status: int = 200,
) -> web.Response:
    edit = Edit(thing.KIND, thing.key, kept.directory.get(thing.KIND, thing.key), None)
    speaks = speech(request, seen)
    faults = request.app[DIRECTORY].faults_after(kept.directory, [edit])
    known = [f for f in faults if seen.get(f.kind, f.key) is not None]
    user = None
    if thing.KIND is Kind.AGENT:
        user = await request.app[USERS].of_agent(AgentCode(thing.key))
    values = {
        "kind": thing.KIND,
        "key": thing.key,
        "seen": kept.changed.get((thing.KIND, thing.key)),
        "lines": list(said(thing, speaks).values()),
        "faults": [OtherFault(f.kind, f.key, _need(f, speaks)) for f in known],
        "hidden": len({(f.kind, f.key) for f in faults} - {(f.kind, f.key) for f in known}),
        "may": seen.may_change(thing) and thing.KIND is not Kind.CENTRE,
        "overtaken": overtaken,
        "user_of_agent": user,
        "address": address,
        "title": speaks.title,
        "words": words,
    }
    return render(request, "centre/remove.html", values, status=status)


def _need(fault: Fault, speaks: Wording) -> str:
    """What would be wrong after a removal: which setting names the thing, or what else."""
    if fault.code is not FaultCode.NO_SUCH_THING:
        return fault_text(fault, speaks)
    fields = fields_of(MODELS[fault.kind])
    named = next(each for each in fields if each.setting == fault.place[0])
    return speaks.says(label_of(fault.kind, named))
