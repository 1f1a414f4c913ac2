"""Hostile AMI, as much as a test can afford; ``./run bench fuzz_ami`` sends more."""

from pathlib import Path

from bench.fuzz_ami import fuzz


async def test_hostile_events_and_lists_harm_no_call(tmp_path: Path) -> None:
    found = await fuzz(tmp_path, 8, events=12_000)
    print(found)
    assert found["events"] >= 12_000 and found["connections"] >= 3
    assert found["events_refused"] > 0 and found["kinds"]["list entries"] > 0
    assert found["grown_mb"] < 40
