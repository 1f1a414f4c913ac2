"""The hopper of a campaign, on a database that goes away."""

from collections.abc import Iterable

import pytest

from campaigns.claims import LeadClaims
from domain.identity import NodeName
from engine.engine import Engine
from engine.outbound.claimed_leads import ClaimedLeads
from storage.database import Database
from telephony.ami.link import Link
from tests.campaigns.campaigns_scene import SPRING, CampaignScene
from tests.engine.outbound_floor import SETTINGS, ZONE, OutboundFloor
from tests.links import StillLink
from tests.phones.called import zone_at_noon
from tests.telephony.calls.events import NODE

pytestmark = pytest.mark.live


@pytest.fixture
def links() -> dict[NodeName, Link]:
    return {NODE: StillLink(NODE)}


class AwayNow(LeadClaims):
    """The database is away when leads are given back."""

    away = True

    async def release(self, leads: Iterable[int], *, by: str) -> None:
        if self.away:
            raise ConnectionResetError
        await super().release(leads, by=by)


async def test_leads_given_back_without_the_database_are_dialled_once_it_is_back(
    engine: Engine, database: Database
) -> None:
    """Or else a short list would rest for a minute."""
    scene = CampaignScene(database)
    into = await scene.new_list()
    await scene.lead(into, "+8613800000001", timezone=zone_at_noon())
    await scene.start(settings=SETTINGS, lists=[into])
    claims = AwayNow(database.pool, lambda: ZONE)
    hopper = ClaimedLeads(SPRING, claims, OutboundFloor(engine, database.pool).door, engine.clock)
    await hopper.fill(5, claims=True)
    claimed = hopper.take()
    await hopper.give_back([claimed])
    hopper.sending.remove(claimed)
    await hopper.fill(5, claims=True)
    assert hopper.trouble and not len(hopper)
    claims.away = False
    await hopper.fill(5, claims=True)
    assert hopper.take().lead.lead == claimed.lead.lead
