"""Whether a project knows a caller, from its leads in a real database."""

from campaigns.known_customers import KnownCustomers
from domain.identity import ProjectName
from tests.campaigns.campaigns_scene import TEA, CampaignScene

NUMBER = "+8613800000001"


async def test_a_lead_of_the_project_is_a_customer(scene: CampaignScene) -> None:
    known = KnownCustomers(scene.database.pool)
    lead = await scene.lead(await scene.new_list(), NUMBER, "+8613800000002")
    tea, bank = ProjectName(TEA), ProjectName("bank")
    assert await known.is_customer(tea, ["13800000001", NUMBER])
    assert await known.is_customer(tea, ["+8613800000002"])
    assert not await known.is_customer(tea, ["13800000001", "+8613800000003"])
    assert not await known.is_customer(bank, [NUMBER]), "another project's"
    assert not await known.is_customer(tea, [])
    await scene.database.pool.execute("update leads set state = 'removed' where lead = $1", lead)
    assert not await known.is_customer(tea, [NUMBER])
