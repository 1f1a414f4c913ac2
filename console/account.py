"""The user's own password."""

from aiohttp import web

from console.context import SESSIONS, USERS, user_of
from console.guard import SESSION_COOKIE
from console.i18n import N_
from console.rendering import render, says
from storage.passwords import SHORTEST
from storage.users import LoginRefused, RefusedWhy

_WRONG = N_("The present password is wrong.")
_THROTTLED = N_("Too many wrong passwords. Wait %(n)s seconds, then try again.")
_DIFFER = N_("The new passwords are not the same.")
_LENGTH = N_("A password has 8 to 256 characters.")


async def page(request: web.Request) -> web.Response:
    """GET /account"""
    return _form(request)


def _form(
    request: web.Request, *, mistake: str = "", done: bool = False, status: int = 200
) -> web.Response:
    values = {"mistake": mistake, "done": done, "shortest": SHORTEST}
    return render(request, "account.html", values, status=status)


async def change_password(request: web.Request) -> web.Response:
    """POST /account/password"""
    user, users = user_of(request), request.app[USERS]
    form = await request.post()
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    if new != again:
        return _form(request, mistake=says(request, _DIFFER), status=400)
    try:
        # Signing in is the one way to check a password, so that guessing is throttled here too.
        # The session it begins ends with the others below.
        proof = await users.login(user.name, old, address=request.remote or "")
    except LoginRefused as refused:
        if refused.why is RefusedWhy.THROTTLED:
            wait_s = max(1, round(refused.retry_after_s))
            text = says(request, _THROTTLED, {"n": wait_s})
            return _form(request, mistake=text, status=429)
        return _form(request, mistake=says(request, _WRONG), status=400)
    try:
        await users.set_password(
            user.name, new, by=user.name, keep_token=request.cookies.get(SESSION_COOKIE)
        )
    except ValueError:
        await users.logout(proof.token)
        return _form(request, mistake=says(request, _LENGTH), status=400)
    request.app[SESSIONS].forget_user(user.name)
    return _form(request, done=True)
