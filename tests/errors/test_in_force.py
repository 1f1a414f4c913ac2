"""What was checked at the last start on purpose stays in force, whatever is saved meanwhile."""

import json
import signal
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offhook.config import load
from offhook.in_force import from_files, keep, kept
from tests.conftest import CentreFile, PortBlocks
from tests.errors.command import Serving, run


def test_the_copy_is_private_and_has_flows_and_secrets(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    file, state = centre_file(), tmp_path / "state"
    found = from_files(load(file), state)
    keep(found, state)
    for name in ("configuration.json", "secrets.json"):
        assert stat.S_IMODE((state / "in-force" / name).stat().st_mode) == 0o600
    file.write_text("projects: [")
    (state / "secrets.json").write_text('{"ami": ')
    with capture_logs() as logs:
        again = kept(file, state)
    assert (again.config.centre, again.secrets) == (found.config.centre, found.secrets)
    assert again.flows.keys() == {"hotline"}
    assert [line["event"] for line in logs] == ["the secrets are those of the last start"]
    changed = again.changed()
    assert changed is not None and changed.startswith(f"{file}:1:")


def test_a_changed_file_is_seen_and_one_put_back_is_not(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    file = centre_file()
    found = from_files(load(file), tmp_path / "state")
    assert found.changed() is None
    text = file.read_text()
    file.write_text(text.replace("title: Tea", "title: Coffee"))
    assert found.changed() == f"{file} or a flow has been changed"
    file.unlink()
    assert "No such file" in (found.changed() or "")
    file.write_text(text)
    assert found.changed() is None


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"source": 5}', b"\xff", json.dumps({"centre": "x: ["}).encode()],
)
def test_without_a_copy_that_can_be_read_the_files_are_taken(
    damage: bytes, centre_file: CentreFile, tmp_path: Path
) -> None:
    file, state = centre_file(), tmp_path / "state"
    keep(from_files(load(file), state), state)
    (state / "in-force" / "configuration.json").write_bytes(damage)
    with capture_logs() as logs:
        assert kept(file, state).config.centre == load(file).centre
    assert len(logs) == 1 and "the files are taken" in logs[0]["event"]


@pytest.mark.live
async def test_a_service_that_dies_comes_back_with_what_was_in_force(
    centre_file: CentreFile, tmp_path: Path, ports: PortBlocks, dsn: str
) -> None:
    file, state, log = centre_file(), tmp_path / "state", tmp_path / "log"
    block = replace(ports(), ami=1)  # there is no Asterisk
    async with Serving(file, state, block, dsn, log) as first:
        await first.end(signal.SIGKILL)
    whole = file.read_text()
    file.write_text(whole[: len(whole) // 2])
    async with Serving(file, state, block, dsn, log) as second:
        said = await second.until_said("configuration in force")
        assert "./run restart" in said and f"{file}:" in said
        assert await second.end() == 0
    # Ended on purpose: from now on the files count again.
    ended = run("serve", "--config", file, "--state", state, OFFHOOK_DSN=dsn)
    assert ended.only_complaint().startswith(f"{file}:")
