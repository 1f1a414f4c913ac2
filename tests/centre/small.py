"""A small directory for tests."""

from centre.directory import Directory, directory_of
from centre.endpoint_settings import LineSettings, StationSettings
from centre.inbound_settings import CalendarSettings, HotlineSettings, QueueSettings
from centre.organisation_settings import (
    AgentSettings,
    AwayReasonSettings,
    ProjectSettings,
    SkillSettings,
    TeamSettings,
)
from domain.centre import LineKind

TEA = ProjectSettings(name="tea", title="Tea")
BANK = ProjectSettings(name="bank", title="Bank")
SALES = SkillSettings(name="sales")
QUEUE = QueueSettings(name="sales", project="tea", skill="sales")
HOTLINE = HotlineSettings(number="4008001000", project="tea", flow="hotline")
TEAM = TeamSettings(name="red", title="The reds")
PHONE = StationSettings(name="1001")
TRUNK = LineSettings(name="carrier", kind=LineKind.TRUNK)
WANG = AgentSettings(
    code="1001", name="王芳", projects=("tea",), skills={"sales": 3}, team="red", station="1001"
)
LUNCH = AwayReasonSettings(name="lunch", digit=2)
OFFICE = CalendarSettings(name="office", title="Office hours", monday=("09:00-12:00",))


def small_directory() -> Directory:
    """Two projects, one of which has a number, a queue and an agent."""
    return directory_of((TEA, BANK, OFFICE, SALES, QUEUE, HOTLINE, TEAM, PHONE, TRUNK, WANG, LUNCH))
