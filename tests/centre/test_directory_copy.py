"""The directory's copy on this machine."""

import json
import stat
from pathlib import Path

import pytest

from centre.directory_copy import DirectoryCopy, read_copy, write_copy
from centre.directory_store import KeptDirectory
from centre.kinds import Kind
from tests.centre.small import small_directory

SECRETS = {(Kind.STATION, "1001"): "digest", (Kind.AGENT, "1001"): "hash"}


def small_copy() -> DirectoryCopy:
    directory = small_directory()
    changed = {(thing.KIND, thing.key): number for number, thing in enumerate(directory, 1)}
    return DirectoryCopy(KeptDirectory(20, directory, changed), SECRETS)


def test_it_is_what_was_written_and_private(tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    assert read_copy(file) is None
    write_copy(file, small_copy())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = read_copy(file)
    assert found is not None
    assert (found.kept, found.secrets) == (small_copy().kept, SECRETS)
    assert found.at is not None
    assert "digest" not in repr(found)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda text: text[: len(text) // 2],
        lambda _: b"[]",
        lambda _: b"null",
        lambda text: text.replace(b'"form": 1', b'"form": 2'),
        lambda text: text.replace(b'"team"', b'"tame"'),
        lambda text: json.dumps({**json.loads(text), "things": [["agent", {}, 1]]}).encode(),
        lambda text: json.dumps({**json.loads(text), "secrets": 5}).encode(),
        lambda _: b"[" * 100_000,
        lambda _: b"\xff",
    ],
)
def test_a_damaged_one_is_said_to_be(damage: object, tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    write_copy(file, small_copy())
    assert callable(damage)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match="is not a copy of the directory"):
        read_copy(file)
