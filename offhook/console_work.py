"""Puts together the console and the API, and opens the door to them."""

from contextlib import AsyncExitStack

from aiohttp import web

from api.resources import API
from centre.directory_service import DirectoryService
from centre.directory_store import DirectoryStore
from centre.phone_setups import PhoneSetups
from configuration.centre_file import Config
from configuration.flows import directory_check
from console.app import make_app
from console.floor.working import WorkServices
from console.flows.way_services import WayServices
from console.kit.context import PhoneAccess
from console.kit.door import Door
from console.prompts.prompt_services import PromptServices
from domain.errors import OperatorError
from engine.running_centre import RunningCentre
from machine.hosts import with_port
from offhook.database_work import DatabaseWork
from offhook.directory_checks import check_of_now
from offhook.directory_work import DirectoryWork
from offhook.flow_work import FlowWork
from offhook.outbound_work import OutboundWork
from offhook.places import Places
from offhook.session_work import SessionWork
from publishing.flow_drafts import FlowDrafts
from publishing.flow_transfers import FlowTransfers
from records.entry_figures import EntryFigures
from records.flow_figures import FlowFigureStore
from records.flow_ways import FlowWayStore
from telephony.asterisk.generated_files import Ports
from worklist.worklist import Worklist


class CannotServe(OperatorError):  # noqa: N818
    """The controller can't start; the text says what, where and what to do."""


def console_app(
    config: Config,
    ports: Ports,
    where: Places,
    stored: DatabaseWork,
    directory: DirectoryWork,
    flow_work: FlowWork,
    outbound: OutboundWork,
    sessions: SessionWork,
    centre: RunningCentre,
) -> web.Application:
    """All pages and the API, on the services of the running controller."""
    pool, database = stored.pool, stored.database
    accounts, flows = database.accounts, flow_work.flows
    return make_app(
        centre,
        database.calls,
        database.agents,
        accounts,
        where.recordings,
        directory=DirectoryService(
            DirectoryStore(pool),
            check=directory_check(flows, flows.project_of),
            check_of_now=check_of_now(flow_work.history, lambda: flows.newest),
            on_change=directory.followed.look,
        ),
        phone_setups=PhoneSetups(pool),
        campaigns=outbound.campaign_services(),
        desks=outbound.desks(),
        lead_lists=outbound.list_services(),
        reports=outbound.report_services(),
        disposing=outbound.disposition_services(),
        flows=flows.of_projects,
        working=WorkServices(Worklist(pool, accounts.audit), outbound.caller_callbacks),
        flow_files=lambda: flow_work.published.left_alone,
        entry_figures=EntryFigures(pool),
        flow_drafts=FlowDrafts(pool),
        flow_history=flow_work.history,
        publications=flow_work.publications,
        ways=WayServices(FlowFigureStore(pool), FlowWayStore(pool)),
        flow_transfers=FlowTransfers(pool, flow_work.surroundings.outside),
        trials=sessions.trials,
        look_up_rights=flow_work.rights,
        prompts=PromptServices(flow_work.prompts, flow_work.recordings, flow_work.recorded),
        phones=_phone_access(config, ports),
        api=API,
        public_url=config.console.public_url,
        proxies=config.console.proxies,
    )


def _phone_access(config: Config, ports: Ports) -> PhoneAccess:
    """Where phones register; that Asterisk listens everywhere is no address to type in."""
    bind = None if config.sip.bind in ("0.0.0.0", "::") else config.sip.bind  # noqa: S104
    return PhoneAccess(config.sip.external_address or bind, ports.sip, ports.sip_tls)


async def listen(
    stack: AsyncExitStack, app: web.Application, config: Config, port: int, most: int
) -> None:
    """Serve pages until the stack unwinds, to ``most`` visitors at once. Raises CannotServe."""
    host = config.console.bind
    door = Door(app, most=most)
    stack.push_async_callback(door.close)
    try:
        await door.open(host, port)
    except OSError as error:
        raise CannotServe(
            f"the console can't listen on {with_port(host, port)} ({error.strerror}); stop whatever"
            " uses it, or set another console.port in the configuration"
        ) from error
