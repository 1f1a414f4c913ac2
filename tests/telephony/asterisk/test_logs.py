"""Logs stay small, on the real Asterisk, under a flood, and lose none of the calls' rows."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.identity import LineName
from engine.reconcile.log_file import LogFile
from supervision.logs import keep_small, put_aside
from telephony.log_rows import parse
from tests.conftest import FarEndFactory, InstanceFactory
from tests.offhook.conftest import fill, mount  # noqa: F401 - a fixture
from tests.rights import NOBODY, an_owners_rights
from tests.waiting import until

LINE = LineName("carrier")
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.live
async def test_asterisk_writes_on_into_emptied_and_renamed_logs(
    instance: InstanceFactory, far_end: FarEndFactory, tmp_path: Path
) -> None:
    one = await instance()
    security = one.log / "security"

    def knock(count: int, name: str) -> None:
        """Somebody who isn't let in; a line in the log each."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            here = f"127.0.0.1:{stranger.getsockname()[1]}"
            for n in range(count):
                stranger.sendto(
                    "REGISTER sip:127.0.0.1 SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{name}{n}\r\n"
                    f"From: <sip:{name}@127.0.0.1>;tag=1\r\nTo: <sip:{name}@127.0.0.1>\r\n"
                    f"Call-ID: {name}{n}\r\nCSeq: 1 REGISTER\r\nContact: <sip:{name}@{here}>\r\n"
                    "Content-Length: 0\r\n\r\n".encode(),
                    ("127.0.0.1", one.ports.sip),
                )

    async def until_said(name: str) -> None:
        await until(lambda: name.encode() in security.read_bytes(), what=f"{name} in {security}")

    total = 0
    for number in range(8):
        knock(40, f"flood{number}")
        await until_said(f"flood{number}")
        assert await asyncio.to_thread(put_aside, security, largest=2_000, kept=2)
        sizes = [file.stat().st_size for file in one.log.glob("security*")]
        assert len(sizes) <= 3
        total = max(total, sum(sizes))
    assert total < 3 * 6_000
    knock(1, "afterwards")
    await until_said("afterwards")
    assert security.stat().st_size < 2_000, "it begins anew, without a hole"
    assert b"\0" not in await asyncio.to_thread(security.read_bytes)

    world = await far_end(one)
    log = LogFile(one.cel, tmp_path / "position")
    rows = []
    for number in range(6):
        caller = await world.customer("999", "hangup", line=LINE, caller=f"1390000000{number}")
        await world.ended(caller)
        log.rotate(largest=1)
        if number % 2:
            rows += [parse(line) for _, line in log.lines()]
            log.remember(None)

    def all_ended() -> bool:
        rows.extend(parse(line) for _, line in log.lines())
        return sum(row is not None and row.event == "LINKEDID_END" for row in rows) >= 6

    await until(all_ended, what="the end of six calls in the log", seen=lambda: rows)
    said: dict[str, list[str]] = {}
    for row in rows:
        assert row is not None
        said.setdefault(row.uniqueid, []).append(row.event)
    assert len(said) == 6
    assert {tuple(events) for events in said.values()} == {
        ("CHAN_START", "HANGUP", "CHAN_END", "LINKEDID_END")
    }


def test_the_newest_is_kept_in_bounds(tmp_path: Path) -> None:
    file = tmp_path / "messages"
    for number in range(10):
        with file.open("a") as opened:
            opened.write(f"{number}\n" * 1_000)
        assert put_aside(file, largest=1_000, kept=3)
        assert file.stat().st_size == 0
    assert sorted(f.name for f in tmp_path.iterdir()) == [
        "messages", "messages.1", "messages.2", "messages.3",
    ]  # fmt: skip
    assert {f.read_text()[0] for f in tmp_path.glob("messages.*")} == {"7", "8", "9"}
    assert (tmp_path / "messages.1").stat().st_mode & 0o777 == 0o600
    assert not put_aside(file, largest=1_000)
    assert not put_aside(tmp_path / "none")
    file.write_text("x" * 100_000 + "the end")
    put_aside(file, largest=1_000, kept=3)
    last = (tmp_path / "messages.1").read_text()
    assert len(last) <= 3_000 and last.endswith("the end")


def test_without_room_for_a_copy_it_is_emptied_all_the_same(
    mount: Callable[..., Path],  # noqa: F811
) -> None:
    disk = mount("size=64k")
    file = disk / "messages"
    file.write_text("x" * 5_000)
    (disk / "messages.1").write_text("old")
    (disk / "messages.3").mkdir()
    fill(disk)
    with capture_logs() as logs:
        put_aside(file, largest=1_000)
    assert file.stat().st_size == 0
    assert sorted(f.name for f in disk.iterdir()) == ["filler", "messages", "messages.3"]
    assert [line["event"] for line in logs][1:] == ["a log is emptied without a copy"]


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "in").write_text("mine")


THINGS: dict[str, Callable[[Path], None]] = {
    "folder": _folder,
    "fifo": os.mkfifo,
    "link": lambda path: path.symlink_to(path.parent / "elsewhere"),
    "link to nowhere": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("number", [1, 2, 4])
def test_what_stands_in_the_place_of_an_older_log_costs_its_place(
    thing: str, number: int, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    foreign = tmp_path / f"messages.{number}"
    THINGS[thing](foreign)
    before = foreign.lstat()
    file = tmp_path / "messages"
    said: set[Path] = set()
    with capture_logs() as logs:
        for n in range(6):
            file.write_text(f"{n}\n" * 1_000)
            assert put_aside(file, largest=1_000, said=said)
            assert file.stat().st_size == 0
    (line,) = logs
    assert line["file"] == str(foreign) and "not an older log" in line["event"]
    assert os.path.samestat(foreign.lstat(), before)
    assert (tmp_path / "elsewhere").read_text() == "mine"
    kept = [f for n in range(1, 5) if n != number for f in [tmp_path / f"messages.{n}"]]
    assert [f.read_text()[0] for f in kept] == ["5", "4", "3"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_an_older_log_that_cannot_be_moved_costs_its_place(tmp_path: Path) -> None:
    """Another user's, in a folder where each may move their own only."""
    file, stuck = tmp_path / "messages", tmp_path / "messages.2"
    stuck.write_text("stuck")
    for path in (stuck, tmp_path):
        os.chown(path, NOBODY, NOBODY)
    tmp_path.chmod(0o1777)
    said: set[Path] = set()
    with capture_logs() as logs, an_owners_rights():
        for n in range(6):
            file.write_text(f"{n}\n" * 1_000)
            assert put_aside(file, largest=1_000, said=said)
    assert [(line["file"], line["why"]) for line in logs] == [
        (str(stuck), "Operation not permitted")
    ]
    kept = [tmp_path / f"messages.{n}" for n in (1, 3, 4)]
    assert [f.read_text()[0] for f in kept] == ["5", "4", "3"]
    log = LogFile(tmp_path / "offhook.csv", tmp_path / "position")
    log.path.write_text("row 0\n")
    list(log.lines())
    log.remember(None)
    stuck.rename(tmp_path / "offhook.csv.1")
    stuck = tmp_path / "offhook.csv.1"
    with capture_logs() as logs, an_owners_rights():
        for n in range(1, 10):
            log.rotate(largest=1, kept=2, unread=4)
            log.path.write_text(f"row {n}\n")
            list(log.lines())
            log.remember(None)
    assert len(list(tmp_path.glob("offhook.csv.*"))) <= 5
    assert [line["file"] for line in logs] == [str(stuck)]


def _older(file: Path) -> list[str]:
    return sorted(each.name for each in file.parent.glob(f"{file.name}.*"))


async def test_a_log_that_cannot_be_emptied_does_not_keep_the_others_from_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "messages").mkdir()
    (tmp_path / "security").symlink_to("security")
    output = tmp_path / "output"
    with capture_logs() as logs:
        names = ("messages", "security", "output")
        files = [tmp_path / name for name in names]
        rotating = asyncio.create_task(keep_small(files, look_every_s=0.01, largest=1_000))
        for n in range(3):
            await asyncio.to_thread(output.write_text, f"{n}\n" * 1_000)
            await until(lambda: output.stat().st_size == 0, what="the file to be emptied")
        rotating.cancel()
        await asyncio.wait([rotating])
    assert [line["file"] for line in logs] == [str(tmp_path / name) for name in names[:2]]
    assert _older(output) == ["output.1", "output.2", "output.3"]


def test_read_rows_are_removed_and_unread_ones_kept(tmp_path: Path) -> None:
    path = tmp_path / "offhook.csv"
    log = LogFile(path, tmp_path / "position")
    seen: list[str] = []
    for number in range(30):
        path.write_text(f"row {number}\n")
        log.rotate(largest=1, kept=3, unread=8)
        if number < 20:
            seen += [line for _, line in log.lines()]
            log.remember(None)
            assert len(list(tmp_path.glob("offhook.csv.*"))) <= 4
    assert seen == [f"row {number}" for number in range(20)]
    assert len(list(tmp_path.glob("offhook.csv.*"))) <= 8
    again = LogFile(path, tmp_path / "position")  # its place is gone: more than was agreed
    path.write_text("the last\n")
    assert "the last" in [line for _, line in again.lines()]


def test_no_row_is_lost_if_the_reader_is_away_for_a_while(tmp_path: Path) -> None:
    path = tmp_path / "offhook.csv"
    path.write_text("row 0\n")
    log = LogFile(path, tmp_path / "position")
    assert [line for _, line in log.lines()] == ["row 0"]
    log.remember(None)
    for number in range(1, 7):
        log.rotate(largest=1, kept=3, unread=8)
        path.write_text(f"row {number}\n")
    again = LogFile(path, tmp_path / "position")
    assert [line for _, line in again.lines()] == [f"row {n}" for n in range(1, 7)]


def test_the_container_keeps_its_logs_small(tmp_path: Path) -> None:
    (tmp_path / "security").write_text("x" * 5_000 + "the end")
    (tmp_path / "messages").write_text("little")
    script = ROOT / "docker" / "asterisk.sh"
    subprocess.run(["sh", str(script), str(tmp_path), "1000", "once"], check=True)
    assert (tmp_path / "security").read_text() == ""
    kept = (tmp_path / "security.1").read_text()
    assert len(kept) == 1_000 and kept.endswith("the end")
    assert (tmp_path / "messages").read_text() == "little"
