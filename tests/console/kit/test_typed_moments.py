"""Times that are typed on the days on which clocks are changed."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from console.kit.context import moment_by


@pytest.mark.parametrize(
    ("zone", "typed", "meant"),
    [
        ("Asia/Shanghai", "2026-11-28T00:00", "2026-11-27T16:00Z"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30Z"),  # the first of two
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00Z"),
        ("Europe/Berlin", "2026-10-25T02:30+01:00", "2026-10-25T01:30Z"),  # the second
        ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:30Z"),  # clocks show 03:30
        ("America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00Z"),  # there is no midnight
        ("America/Havana", "2026-11-01T00:30", "2026-11-01T04:30Z"),  # and here there are two
        ("America/New_York", "2028-02-29T23:59", "2028-03-01T04:59Z"),
        ("America/New_York", "2027-02-29T23:59", None),
        ("America/New_York", "9999-12-31T23:59", None),
        ("Asia/Shanghai", "0001-01-01T00:00", None),
        ("Asia/Shanghai", "tomorrow", None),
        ("Asia/Shanghai", "", None),
    ],
)
def test_a_typed_time_is_one_moment(zone: str, typed: str, meant: str | None) -> None:
    found = moment_by(ZoneInfo(zone), typed)
    assert found == (None if meant is None else datetime.fromisoformat(meant))
