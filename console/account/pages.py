"""The account page: where users change their password and end their sessions."""

from aiohttp import web

from console.account.browsers import browser_name
from console.kit.context import LOGINS, SESSIONS, USERS, user_of
from console.kit.guard import SESSION_COOKIE
from console.kit.rendering import render, says
from console.kit.translations import N_
from console.kit.words import PASSWORD_LENGTH, TOO_MANY_WRONG
from storage.account_errors import AccountRefused, LoginRefusal, LoginRefused
from storage.password_hashing import SHORTEST

_WRONG = N_("The current password is wrong.")
_DIFFER = N_("The new passwords don't match.")
_NOTICES = {
    "password": N_("Your password has been changed, and your other sessions are signed out."),
    "ended": N_("The session has been ended."),
    "others": N_("All other sessions have been ended."),
}
_LARGEST_ID = 2**63


async def page(request: web.Request) -> web.Response:
    """GET /account"""
    return await _page(request)


async def _page(request: web.Request, *, mistake: str = "", status: int = 200) -> web.Response:
    token = request.cookies.get(SESSION_COOKIE, "")
    sessions = await request.app[LOGINS].sessions(user_of(request).name, token)
    values = {
        "mistake": mistake,
        "notice": _NOTICES.get(request.query.get("done", ""), ""),
        "shortest": SHORTEST,
        "sessions": [(one, browser_name(one.browser)) for one in sessions],
    }
    return render(request, "account/account.html", values, status=status)


async def change_password(request: web.Request) -> web.Response:
    """POST /account/password"""
    user, users = user_of(request), request.app[USERS]
    form = await request.post()
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    if new != again:
        return await _page(request, mistake=says(request, _DIFFER), status=400)
    try:
        checked = await request.app[LOGINS].check(user.name, old, address=request.remote or "")
        await users.set_password(
            user.name,
            new,
            by=user.name,
            keep_token=request.cookies.get(SESSION_COOKIE),
            checked=checked,
        )
    except LoginRefused as refused:
        if refused.why is LoginRefusal.THROTTLED:
            wait_s = max(1, round(refused.retry_after_s))
            text = says(request, TOO_MANY_WRONG, {"n": wait_s})
            return await _page(request, mistake=text, status=429)
        return await _page(request, mistake=says(request, _WRONG), status=400)
    except AccountRefused:  # the name is the user's own, so only the new password can be wrong
        return await _page(request, mistake=says(request, PASSWORD_LENGTH), status=400)
    request.app[SESSIONS].forget_user(user.name)
    raise web.HTTPSeeOther("/account?done=password")


async def end_sessions(request: web.Request) -> web.Response:
    """POST /account/sessions: ``session`` is the one to end, or ``others`` for all but this one."""
    user, logins = user_of(request), request.app[LOGINS]
    wanted = str((await request.post()).get("session", ""))
    if wanted == "others":
        await logins.end_other_sessions(user.name, request.cookies.get(SESSION_COOKIE, ""))
    elif wanted.isdecimal() and len(wanted) < 20 and int(wanted) < _LARGEST_ID:
        # A session that has ended by itself meanwhile counts as ended, too.
        await logins.end_session(user.name, int(wanted))
    else:
        raise web.HTTPBadRequest
    request.app[SESSIONS].forget_user(user.name)
    done = "others" if wanted == "others" else "ended"
    raise web.HTTPSeeOther(f"/account?done={done}")
