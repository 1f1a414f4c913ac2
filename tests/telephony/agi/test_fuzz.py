"""Hostile sessions, as many as a test can afford; ``./run bench fuzz_agi`` sends more."""

from pathlib import Path

from bench.fuzz_agi import fuzz


async def test_hostile_sessions_harm_nobody(tmp_path: Path) -> None:
    found = await fuzz(tmp_path, 8, sessions=3000)
    print(found)
    assert found["sessions"] > 3000 and len(found["kinds"]) == 4
    assert found["grown_mb"] < 40
