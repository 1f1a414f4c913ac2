"""The console as an aiohttp application."""

from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path

from aiohttp import web

from console.account import pages as account
from console.board import pages as board
from console.calls import call_page, list_page, recording
from console.calls.listenings import AUDITED, Listenings
from console.desk import pages as desk
from console.floor.feeds import FEEDS, FloorPictures
from console.health import pages as health
from console.kit import context, live, permissions
from console.kit.door import CHUNK, note_asking
from console.kit.errors import answer_errors
from console.kit.feed import Feeds
from console.kit.guard import check_request
from console.kit.proxy import see_through_proxy
from console.kit.rarely import Rarely
from console.kit.security import add_headers
from console.kit.sessions import Sessions
from console.kit.vendored import STATIC
from console.sign_in import pages as sign_in
from console.users import pages as users_pages
from engine.ports import LiveCentre
from records.store import CallStore
from storage.agents import AgentStore
from storage.users import UserStore

LARGEST_FORM = 64 * 1024


def make_app(
    centre: LiveCentre,
    calls: CallStore,
    agents: AgentStore,
    users: UserStore,
    recordings_root: Path,
    *,
    timezone: tzinfo | None = None,
    public_url: str | None = None,
    proxies: Iterable[str] = (),
) -> web.Application:
    """The console over a running centre.

    ``timezone`` is the centre's: times are shown and days are meant in it (None: the
    machine's). ``public_url`` (``https://console.example``) is where browsers find it, if a proxy
    is in front; with https the cookies are never sent in the clear. ``proxies`` are the addresses
    of such proxies; they are believed who asked. Run it with ``access_log=None``: addresses hold
    callers' numbers.
    Raises RouteWithoutRule if a route has no line in ``console.permissions``.
    """
    app = web.Application(
        middlewares=[note_asking, see_through_proxy, answer_errors, check_request],
        client_max_size=LARGEST_FORM,
    )
    app[context.LIVE] = centre
    app[context.CALLS] = calls
    app[context.AGENTS] = agents
    app[context.USERS] = users
    app[context.SETTINGS] = context.Settings(
        recordings_root=recordings_root,
        public_url=public_url,
        proxies=frozenset(proxies),
        timezone=timezone,
    )
    app[context.SESSIONS] = Sessions(users)
    app[FEEDS] = Feeds(FloorPictures(centre))
    app[AUDITED] = Listenings()
    app[context.RARELY] = Rarely()
    app[live.OPEN] = set()
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(live.close_all)
    add_routes(app)
    permissions.check_complete(app.router)
    return app


def add_routes(app: web.Application) -> None:
    """Every way into the console; who may use it stands in ``console.permissions``."""
    app.router.add_static("/static", STATIC, chunk_size=CHUNK)
    app.add_routes(
        [
            web.get("/healthz", health.answer),
            web.get("/", sign_in.start_page),
            web.get("/login", sign_in.page),
            web.post("/login", sign_in.sign_in),
            web.post("/logout", sign_in.sign_out),
            web.post("/language", sign_in.choose_language),
            web.get("/account", account.page),
            web.post("/account/password", account.change_password),
            web.post("/account/sessions", account.end_sessions),
            web.get("/board", board.page),
            web.get("/board/live", board.live),
            web.get("/api/v1/board", board.api),
            web.post("/agents/{agent}/{verb}", board.command),
            web.get("/calls", list_page.page),
            web.get("/api/v1/calls", list_page.api),
            web.get("/calls/{call}", call_page.page),
            web.get("/calls/{call}/recording.wav", recording.sound),
            web.get("/calls/{call}/waveform.json", recording.waveform),
            web.get("/desk", desk.page),
            web.get("/desk/live", desk.live),
            web.post("/desk/{verb}", desk.command),
            web.get("/users", users_pages.page),
            web.post("/users", users_pages.create),
            web.get("/users/{name}", users_pages.edit_page),
            web.post("/users/{name}", users_pages.change),
            web.post("/users/{name}/password", users_pages.set_password),
            web.post("/users/{name}/enabled", users_pages.set_enabled),
        ]
    )
