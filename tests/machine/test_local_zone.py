"""The zone of a centre that has set none."""

import os
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest
from structlog.testing import capture_logs

from machine import local_zone
from machine.local_zone import zone_here


@pytest.mark.parametrize(
    "said",
    ["Asia/Shanghai", ":Asia/Shanghai", "posix/Asia/Shanghai", ":right/Asia/Shanghai",
     "/usr/share/zoneinfo/posix/Asia/Shanghai"],
)  # fmt: skip
def test_a_process_started_with_a_zone_is_there(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", said)
    assert zone_here() == ZoneInfo("Asia/Shanghai")
    assert zone_here("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "said", ["", "CST-8", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "localtime"]
)
def test_what_names_no_zone_is_passed_over(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    machines = zone_here()
    monkeypatch.setenv("TZ", said)
    local_zone._machines.cache_clear()  # noqa: SLF001 - it is said once
    with capture_logs() as logs:
        assert zone_here() == zone_here() == machines
    assert [(line["TZ"], line["zone"]) for line in logs] == ([(said, machines.key)] if said else [])


def test_a_zones_file_is_a_zone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":/usr/share/zoneinfo/Asia/Shanghai")
    assert zone_here() == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("name", "named"),
    [("Asia/Shanghai", "Etc/UTC"), ("Europe/London", "Etc/UTC"), ("Asia/Shanghai", None)],
)
def test_a_copy_of_the_hosts_clock_is_known_by_what_it_shows(
    name: str, named: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A container has its host's /etc/localtime, but the /etc/timezone of its image: by that
    customers would be called at night."""
    folder = next((each for each in map(Path, TZPATH) if (each / name).exists()), None)
    assert folder is not None, "install tzdata"
    copy = tmp_path / "localtime"
    copy.write_bytes((folder / name).read_bytes())
    if named is not None:
        (tmp_path / "timezone").write_text(f"{named}\n", "utf-8")
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(local_zone, "_LOCALTIME", copy)
    monkeypatch.setattr(local_zone, "_NAMED", tmp_path / "timezone")
    assert zone_here() == ZoneInfo(name)


def test_of_zones_with_one_clock_it_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = next(each for each in map(Path, TZPATH) if (each / "Europe/Berlin").exists())
    copy = tmp_path / "localtime"
    copy.write_bytes((folder / "Europe/Berlin").read_bytes())
    (tmp_path / "timezone").write_text("Europe/Vienna\n", "utf-8")
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(local_zone, "_LOCALTIME", copy)
    monkeypatch.setattr(local_zone, "_NAMED", tmp_path / "timezone")
    assert zone_here() == ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize("content", [b"", b"TZif", b"\xff" * 100])
def test_what_is_no_clock_is_passed_over(
    content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = tmp_path / "localtime"
    copy.write_bytes(content)
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(local_zone, "_LOCALTIME", copy)
    monkeypatch.setattr(local_zone, "_NAMED", tmp_path / "timezone")
    assert zone_here() == ZoneInfo("UTC")


def test_a_machine_that_is_given_another_zone_has_that_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = tmp_path / "timezone"
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(local_zone, "_LOCALTIME", tmp_path / "localtime")
    monkeypatch.setattr(local_zone, "_NAMED", named)
    assert zone_here() == ZoneInfo("UTC")
    for number, name in enumerate(("Asia/Shanghai", "Europe/Berlin")):
        named.write_text(name, "utf-8")
        os.utime(named, (number, number))
        assert zone_here() == ZoneInfo(name)
