"""A database with campaigns."""

import pytest

from storage.database import Database
from tests.campaigns.campaigns_scene import CampaignScene


@pytest.fixture
def scene(database: Database) -> CampaignScene:
    return CampaignScene(database)
