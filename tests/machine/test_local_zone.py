"""The zone of a centre that has set none."""

from zoneinfo import ZoneInfo

import pytest

from machine.local_zone import zone_here


@pytest.mark.parametrize("said", ["Asia/Shanghai", ":Asia/Shanghai"])
def test_a_process_started_with_a_zone_is_there(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", said)
    assert zone_here() == ZoneInfo("Asia/Shanghai")
    assert zone_here(ZoneInfo("Europe/Berlin")) == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("said", ["", "CST-8", "Mars/Olympus", "../../etc/passwd", "/etc/passwd"])
def test_what_names_no_zone_is_passed_over(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    machines = zone_here()
    monkeypatch.setenv("TZ", said)
    assert zone_here() == machines
