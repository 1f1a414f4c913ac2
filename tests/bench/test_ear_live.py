"""``./run bench dialer:ear`` in small: both ways bring customers to phones that hear them."""

import pytest

from bench.dialer_ear import Measure, measure

pytestmark = pytest.mark.live


def test_both_ways_lead_to_the_ear() -> None:
    found = measure(Measure(agents=2, calls=4, batch=2, per_s=1.0, rtp=60, first_port=8_600))
    assert found["calls"] == {"offhook": 4, "plain_dialplan": 4}
    assert all(way["n"] > 0 for name, way in found["to_ear_ms"].items() if name != "added")
    assert {"spoke_to_answered", "answered_to_queued", "offered_to_connected"} <= set(
        found["stages_ms"]
    )
