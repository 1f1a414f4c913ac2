"""The admin's page on what flows' look-ups may use: secrets by name, services inside the centre."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from console.kit.context import LOOK_UP_RIGHTS, lacks_project, project_titles, user_of
from console.kit.rendering import render, says
from console.kit.translations import N_
from console.look_ups import words
from domain.roles import Actor
from ivr_flows.kind import NameOf
from publishing.look_up_rights import LONGEST_NOTE, LONGEST_SECRET, LookUpRights
from publishing.right_words import RightsRefusal, RightsRefused


async def page(request: web.Request) -> web.Response:
    """GET /centre/look-ups"""
    return await _page(request)


async def put_secret(request: web.Request) -> web.Response:
    """POST /centre/look-ups/secrets: name, project, value, note"""
    given = await _given(request)
    if lacks_project(request, given["project"]):
        raise web.HTTPBadRequest

    def do(rights: LookUpRights, actor: Actor) -> Awaitable[object]:
        return rights.put_secret(
            actor, given["name"].strip(), given["project"], given["value"], given["note"]
        )

    return await _done(request, do, "secret", given)


async def remove_secret(request: web.Request) -> web.Response:
    """POST /centre/look-ups/secrets/remove: name, project"""
    given = await _given(request)
    return await _done(
        request,
        lambda rights, actor: rights.remove_secret(actor, given["name"], given["project"]),
        "removed",
    )


async def allow(request: web.Request) -> web.Response:
    """POST /centre/look-ups/services: address, note; confirmed, the address that is meant although
    something speaks against it"""
    given = await _given(request)
    address = given["address"].strip()

    def do(rights: LookUpRights, actor: Actor) -> Awaitable[object]:
        meant = given["confirmed"] == address
        return rights.allow(actor, address, given["note"], confirmed=meant)

    return await _done(request, do, "allowed", given)


async def disallow(request: web.Request) -> web.Response:
    """POST /centre/look-ups/services/remove: address"""
    given = await _given(request)
    return await _done(
        request, lambda rights, actor: rights.disallow(actor, given["address"]), "disallowed"
    )


async def _given(request: web.Request) -> Mapping[str, str]:
    form = await request.post()
    names = ("name", "project", "value", "note", "address", "confirmed")
    return {name: str(form.get(name, "")) for name in names}


async def _done(
    request: web.Request,
    do: Callable[[LookUpRights, Actor], Awaitable[object]],
    done: str,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    user = user_of(request)
    try:
        await do(request.app[LOOK_UP_RIGHTS], Actor(user.name, user.role, None))
    except RightsRefused as refused:
        values = {"most": LONGEST_SECRET, "address": (typed or {}).get("address", "").strip()}
        mistake = says(request, words.REFUSALS[refused.why], values)
        if refused.why is not RightsRefusal.UNCONFIRMED or refused.concern is None:
            return await _page(request, mistake, typed)
        concern = says(request, words.CONCERNS[refused.concern], values)
        both = {"sentence": concern, "next": mistake}
        mistake = says(request, N_("%(sentence)s %(next)s"), both)
        return await _page(request, mistake, typed, unconfirmed=values["address"])
    raise web.HTTPSeeOther(f"/centre/look-ups?done={done}")


async def _page(
    request: web.Request,
    mistake: str = "",
    typed: Mapping[str, str] | None = None,
    unconfirmed: object = None,
) -> web.Response:
    rights = request.app[LOOK_UP_RIGHTS]
    values = {
        "secrets": await rights.secrets(),
        "services": await rights.allowed(),
        "changes": await rights.changes(),
        "uses": await rights.uses(NameOf.SECRET),
        "projects": project_titles(request, None),
        "change_words": words.CHANGES,
        "concerns": words.CONCERNS,
        "unconfirmed": unconfirmed,
        "mistake": mistake,
        "notice": says(request, words.NOTICES.get(request.query.get("done", ""), "")),
        # A value is never shown, not even the one that was just typed.
        "typed": {name: text for name, text in (typed or {}).items() if name != "value"},
        "longest_note": LONGEST_NOTE,
    }
    return render(request, "look_ups/look_ups.html", values, status=400 if mistake else 200)
