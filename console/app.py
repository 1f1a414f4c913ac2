"""Builds the console: an aiohttp application of all features over a running centre."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from aiohttp import web

from centre.directory_service import DirectoryService
from centre.phone_setups import PhoneSetups
from console.account.routes import ACCOUNT
from console.board.routes import BOARD
from console.call_results.routes import CALL_RESULTS
from console.calls.routes import CALLS
from console.campaigns.campaign_services import SERVICES, CampaignServices
from console.campaigns.routes import CAMPAIGNS
from console.centre.routes import CENTRE
from console.desk.routes import DESK
from console.floor.disposing import DISPOSING, DispositionServices
from console.floor.feeds import FEEDS, FloorPictures
from console.floor.working import WORKING, WorkServices
from console.flows.routes import FLOW_PAGES
from console.flows.way_services import WAY_SERVICES, WayServices
from console.health.routes import HEALTH
from console.kit import context, live
from console.kit.browser_sessions import RememberedSessions
from console.kit.door import note_asking
from console.kit.error_pages import answer_errors
from console.kit.features import Feature
from console.kit.feed import Feeds
from console.kit.guard import check_request
from console.kit.listenings import AUDITED, Listenings
from console.kit.proxy import see_through_proxy
from console.kit.rarely import Rarely
from console.kit.routing import add_feature, add_shared
from console.kit.security import add_headers
from console.lead_lists.list_services import LIST_SERVICES, ListServices
from console.lead_lists.routes import LEAD_LISTS
from console.look_ups.routes import LOOK_UPS
from console.phone_setup.routes import PHONE_SETUP
from console.prompts.prompt_services import PROMPT_SERVICES, PromptServices
from console.prompts.routes import PROMPTS
from console.reports.report_services import REPORT_SERVICES, ReportServices
from console.reports.routes import REPORTS
from console.sign_in.routes import SIGN_IN
from console.users.routes import USERS
from console.worklist.routes import WORKLIST
from engine.centre_ports import LiveCentre
from engine.desk_ports import LiveDesks
from engine.trial_ports import LiveTrials
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory
from publishing.flow_transfers import FlowTransfers
from publishing.look_up_rights import LookUpRights
from publishing.publications import Publications
from records.call_queries import CallStore
from records.entry_figures import EntryFigures
from storage.accounts import Accounts
from storage.agent_history import AgentStore

FEATURES = (
    DESK,
    BOARD,
    CALLS,
    WORKLIST,
    CAMPAIGNS,
    LEAD_LISTS,
    CALL_RESULTS,
    FLOW_PAGES,
    PROMPTS,
    REPORTS,
    CENTRE,
    LOOK_UPS,
    USERS,
    ACCOUNT,
    SIGN_IN,
    PHONE_SETUP,
    HEALTH,
)
"""All features, in the order of the menu."""

LARGEST_FORM = 64 * 1024


def make_app(
    centre: LiveCentre,
    calls: CallStore,
    agents: AgentStore,
    accounts: Accounts,
    recordings_root: Path,
    *,
    directory: DirectoryService,
    phone_setups: PhoneSetups,
    campaigns: CampaignServices,
    desks: LiveDesks,
    lead_lists: ListServices,
    reports: ReportServices,
    disposing: DispositionServices,
    working: WorkServices,
    flows: context.FlowNames = lambda _: (),
    flow_files: Callable[[], Mapping[str, str]] = dict,
    entry_figures: EntryFigures,
    flow_drafts: FlowDrafts,
    flow_history: FlowHistory,
    publications: Publications,
    ways: WayServices,
    flow_transfers: FlowTransfers,
    trials: LiveTrials,
    look_up_rights: LookUpRights,
    prompts: PromptServices,
    phones: context.PhoneAccess = context.PhoneAccess(),  # noqa: B008 - it is frozen
    api: Feature,
    public_url: str | None = None,
    proxies: Iterable[str] = (),
    timing: context.ConsoleTiming = context.ConsoleTiming(),  # noqa: B008 - it is frozen
) -> web.Application:
    """The console over a running centre.

    ``flows`` names those that numbers may have, ``phones`` is where phones register.
    ``api`` is what programs may ask for, on the same services.
    ``public_url`` (``https://console.example``) is where browsers find the console behind a
    proxy; with https, cookies are never sent in the clear. ``proxies`` are the addresses of such
    proxies, which are trusted to say who asked. Run it with ``access_log=None``: URLs hold callers'
    numbers.
    Raises RouteWithoutRule or WrongMenu if a feature is incomplete.
    """
    app = web.Application(
        middlewares=[note_asking, see_through_proxy, answer_errors, check_request],
        client_max_size=LARGEST_FORM,
    )
    app[context.LIVE] = centre
    app[context.DESKS] = desks
    app[context.CALLS] = calls
    app[context.AGENTS] = agents
    app[context.DIRECTORY] = directory
    app[SERVICES] = campaigns
    app[LIST_SERVICES] = lead_lists
    app[REPORT_SERVICES] = reports
    app[DISPOSING] = disposing
    app[context.FLOWS] = flows
    app[WORKING] = working
    app[context.ENTRY_FIGURES] = entry_figures
    app[context.FLOW_FILES] = flow_files
    app[context.FLOW_DRAFTS] = flow_drafts
    app[context.FLOW_HISTORY] = flow_history
    app[context.PUBLICATIONS] = publications
    app[WAY_SERVICES] = ways
    app[context.FLOW_TRANSFERS] = flow_transfers
    app[context.TRIALS] = trials
    app[context.LOOK_UP_RIGHTS] = look_up_rights
    app[PROMPT_SERVICES] = prompts
    app[context.PHONES] = phones
    app[context.USERS] = accounts.users
    app[context.LOGINS] = accounts.logins
    app[context.AUDIT] = accounts.audit
    app[context.PHONE_SETUPS] = phone_setups
    app[context.INSTALLATION] = context.Installation(
        recordings_root=recordings_root,
        public_url=public_url,
        proxies=frozenset(proxies),
    )
    app[context.TIMING] = timing
    app[context.SESSIONS] = RememberedSessions(accounts.logins)
    app[context.SESSIONS].take(centre.centre())
    app[FEEDS] = Feeds(FloorPictures(centre), beat_s=timing.beat_s)
    app[context.RARELY] = Rarely()
    app[AUDITED] = Listenings()
    app[live.OPEN] = set()
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(live.close_all)
    add_shared(app)
    for feature in (*FEATURES, api):
        add_feature(app, feature)
    return app
