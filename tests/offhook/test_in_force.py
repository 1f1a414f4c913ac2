"""What was checked at the last deliberate start stays in force, whatever is saved meanwhile."""

import json
import os
import random
import signal
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from centre.directory import Directory
from configuration.centre_file import ConfigError, load
from configuration.in_force import CannotKeep, for_a_service, from_files, keep, kept, serving
from tests.conftest import CentreFile, PortBlocks
from tests.offhook.command import Serving, run
from tests.offhook.conftest import fill


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
    assert again.config.sections == found.config.sections
    assert again.secrets.as_bytes() == found.secrets.as_bytes()
    assert again.files.keys() >= {"greeting", "hotline"}
    assert logs == []
    changed = again.changed(Directory(), ())
    assert changed is not None and changed.startswith(f"{file}:1:")


def _without(state: Path) -> None:
    (state / "secrets.json").unlink()


def _other(state: Path) -> None:
    (state / "secrets.json").write_text('{"ami": "another", "agi": "another-of-16-letters"}')


def _a_folder(state: Path) -> None:
    (state / "secrets.json").unlink()
    (state / "secrets.json").mkdir()


@pytest.mark.parametrize("change", [_without, _other, _a_folder])
def test_asterisk_lets_in_who_comes_back_after_the_secrets_were_changed(
    change: Callable[[Path], None], centre_file: CentreFile, tmp_path: Path
) -> None:
    """Asterisk has those of the start on purpose."""
    file, state = centre_file(), tmp_path / "state"
    found = from_files(load(file), state)
    keep(found, state)
    change(state)
    assert kept(file, state).secrets.as_bytes() == found.secrets.as_bytes()
    keep(found, state)  # as a restart does that failed, and goes back
    assert kept(file, state).secrets.as_bytes() == found.secrets.as_bytes()


def test_without_a_copy_of_the_secrets_their_file_is_taken(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    file, state = centre_file(), tmp_path / "state"
    found = from_files(load(file), state)
    keep(found, state)
    (state / "in-force" / "secrets.json").write_text('{"ami": ')
    with capture_logs() as logs:
        assert kept(file, state).secrets.as_bytes() == found.secrets.as_bytes()
    assert [line["event"] for line in logs] == ["the secrets are read from their other place"]
    (state / "in-force" / "secrets.json").unlink()
    assert kept(file, state).secrets.as_bytes() == found.secrets.as_bytes()
    (state / "secrets.json").unlink()
    assert kept(file, state).secrets == kept(file, state).secrets != found.secrets


def test_a_changed_file_is_seen_and_one_put_back_is_not(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    file = centre_file()
    found = from_files(load(file), tmp_path / "state")
    assert found.changed(Directory(), ()) is None
    text = file.read_text()
    file.write_text(text.replace("title: Tea", "title: Coffee"))
    assert found.changed(Directory(), ()) == f"{file} or a flow has changed"
    file.unlink()
    assert "No such file" in (found.changed(Directory(), ()) or "")
    file.write_text(text)
    assert found.changed(Directory(), ()) is None


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
        assert kept(file, state).config.sections == load(file).sections
    assert len(logs) == 1 and "the files are used" in logs[0]["event"]


SHAPES: list[Callable[[dict[str, Any]], object]] = [
    lambda copy: copy | {"centre": None},
    lambda copy: copy | {"centre": ["x"]},
    lambda copy: copy | {"centre": "\ud800"},
    lambda copy: copy | {"source": None},
    lambda copy: copy | {"source": ""},
    lambda copy: copy | {"source": "a\0b"},
    lambda copy: copy | {"since": "2026-05-04T08:00:00"},  # in which zone?
    lambda copy: copy | {"since": 5},
    lambda copy: copy | {"flows": []},
    lambda copy: copy | {"flows": None},
    lambda copy: copy | {"flows": {}},  # those of the hotlines are missing
    lambda copy: copy | {"flows": {"hotline": None}},
    lambda copy: copy | {"flows": {"hotline": ["path", "text"]}},
    lambda copy: copy | {"flows": {"hotline": {"path": 5, "text": "x"}}},
    lambda copy: copy | {"flows": {"hotline": {"path": "x", "text": None}}},
    lambda copy: [copy],
    lambda _: "copy",
    lambda _: None,
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_copy_of_another_shape_is_one_that_cannot_be_read(
    shape: Callable[[dict[str, Any]], object], centre_file: CentreFile, tmp_path: Path
) -> None:
    file, state = centre_file(), tmp_path / "state"
    keep(from_files(load(file), state), state)
    copy = state / "in-force" / "configuration.json"
    copy.write_text(json.dumps(shape(json.loads(copy.read_bytes()))))
    with capture_logs() as logs:
        assert kept(file, state).files.keys() >= {"greeting", "hotline"}
    assert len(logs) == 1 and "the files are used" in logs[0]["event"]
    assert logs[0]["why"] and "\n" not in logs[0]["why"]


@pytest.mark.parametrize("name", ["configuration.json", "secrets.json"])
def test_no_nesting_is_too_deep(name: str, centre_file: CentreFile, tmp_path: Path) -> None:
    file, state = centre_file(), tmp_path / "state"
    keep(from_files(load(file), state), state)
    (state / "in-force" / name).write_text('{"a":' * 200_000)
    with capture_logs() as logs:
        assert kept(file, state).files.keys() >= {"greeting", "hotline"}
    assert len(logs) == 1 and "deep" in logs[0]["why"]


def test_whatever_the_copy_holds_a_controller_comes_back(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    """Bytes changed, cut out and put in, and values put in the place of others; 600 copies.

    The flow is a short one, so that most damage is not to its texts.
    """
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hotline.yaml").write_text(_SHORT_FLOW)
    file = centre_file(("projects:\n", "flows: mine\nprojects:\n"))
    state = tmp_path / "state"
    keep(from_files(load(file), state), state)
    path = state / "in-force" / "configuration.json"
    whole = path.read_bytes()
    chance = random.Random(20_261_126)
    outcomes = set()
    for number in range(600):
        damaged = _bytes_changed if number % 2 else _values_changed
        path.write_bytes(damaged(whole, chance))
        with capture_logs() as logs:
            found = kept(file, state)
        assert found.files.keys() >= {"greeting", "hotline"}
        assert len(logs) <= 1
        outcomes.add(bool(logs))
    assert outcomes == {True, False}


_SHORT_FLOW = """\
flow: hotline
languages: [en]
start: begin
prompts: {hi: {en: Hi}}
nodes:
  begin: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""


def _bytes_changed(whole: bytes, chance: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
            case _:
                data[at:at] = chance.choice([b"[", b"{", b'"', b"\\u0000", b"null", b"1e999"])
    return bytes(data)


def _values_changed(whole: bytes, chance: random.Random) -> bytes:
    copy: Any = json.loads(whole)
    for _ in range(chance.randint(1, 2)):
        place = copy
        while True:
            key = chance.choice(list(place))
            if not isinstance(place[key], dict) or not place[key] or chance.random() < 0.3:
                break
            place = place[key]
        match chance.randrange(3):
            case 0:
                del place[key]
            case 1:
                place[chance.choice(["", "path", "sha256", "\ud800", "a\0b"])] = place.pop(key)
            case _:
                place[key] = chance.choice(
                    [None, True, 0, -1, 1e300, 10**400, "", "\0", "\ud800", "x" * 5000, [], [[]],
                     {}, {"": None}, {"path": "/", "text": ""}, "../../../etc", "hotlines: []"]
                )  # fmt: skip
        if not copy:
            break
    return json.dumps(copy).encode()


def test_a_copy_that_cannot_be_replaced_stays(centre_file: CentreFile, tmp_path: Path) -> None:
    """Then the files count, while they are right; when they are half saved, the copy does."""
    file, state = centre_file(), tmp_path / "state"
    keep(from_files(load(file), state), state)
    folder = state / "in-force"
    before = (folder / "configuration.json").read_bytes()
    text = file.read_text()
    file.write_text(text.replace("title: Tea", "title: Coffee"))
    found = from_files(load(file), state)
    new = _in_the_way(folder)
    with pytest.raises(CannotKeep, match=r"Is a directory.*an earlier copy stays") as caught:
        keep(found, state)
    assert str(new.name) in str(caught.value)  # what failed
    assert (folder / "configuration.json").read_bytes() == before

    serving(state, now=True)
    for again in (kept, for_a_service):
        with capture_logs() as logs:
            assert again(file, state).config.text == file.read_bytes()
        assert logs == []
    half = text[: len(text) // 2]
    file.write_text(half)
    for again in (kept, for_a_service):
        with capture_logs() as logs:
            assert again(file, state).config.text == text.encode()
        assert len(logs) == 1 and "of an earlier start" in logs[0]["event"]
        assert logs[0]["why"].startswith(f"{file}:")

    new.rmdir()
    file.write_text(text.replace("title: Tea", "title: Coffee"))
    keep(found, state)
    file.write_text(half)
    assert kept(file, state).config.text == found.config.text


def test_without_a_copy_files_that_are_wrong_are_said_to_be(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    file, state = centre_file(), tmp_path / "state"
    found = from_files(load(file), state)
    (state / "in-force").mkdir()
    _in_the_way(state / "in-force")
    with pytest.raises(CannotKeep, match="there is no copy"):
        keep(found, state)
    file.write_text("projects: [")
    with pytest.raises(ConfigError, match=str(file)):
        kept(file, state)


def test_a_copy_that_would_be_taken_for_the_last_one_is_told_from_one_that_says_the_same(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    """Not even a mark beside it can be written: then nothing may start on the old copy."""
    file, state = centre_file(), tmp_path / "state"
    keep(from_files(load(file), state), state)
    _in_the_way(state / "in-force")
    (state / "in-force" / "not-kept").symlink_to(tmp_path / "nowhere" / "file")
    with pytest.raises(CannotKeep) as same:
        keep(from_files(load(file), state), state)
    assert not same.value.misleads
    file.write_text(file.read_text().replace("title: Tea", "title: Coffee"))
    with pytest.raises(CannotKeep) as other:
        keep(from_files(load(file), state), state)
    assert other.value.misleads


def test_what_could_not_be_written_leaves_nothing_behind(
    centre_file: CentreFile, mount: Callable[..., Path]
) -> None:
    file, state = centre_file(), mount("size=64k")
    found = from_files(load(file), state)
    fill(state)
    with pytest.raises(CannotKeep, match="No space left"):
        keep(found, state)
    assert [path.name for path in (state / "in-force").iterdir()] == ["not-kept"]


def _in_the_way(folder: Path) -> Path:
    """A folder of the name under which the new copy is written: not even root can write it."""
    new = folder / f"configuration.json.{os.getpid()}.new"
    new.mkdir()
    return new


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
