"""Logs stay small, on the real Asterisk, under a flood, and lose none of the calls' rows."""

import asyncio
import socket
import subprocess
from pathlib import Path

import pytest

from domain.identity import LineName
from offhook.live.log_file import LogFile
from offhook.logs import put_aside
from telephony.event_log import parse
from tests.conftest import FarEndFactory, InstanceFactory

LINE = LineName("carrier")
ROOT = Path(__file__).resolve().parent.parent.parent


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
        async with asyncio.timeout(60):
            while name.encode() not in await asyncio.to_thread(  # noqa: ASYNC110 - a file
                security.read_bytes
            ):
                await asyncio.sleep(0.05)

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
    async with asyncio.timeout(60):
        while sum(row is not None and row.event == "LINKEDID_END" for row in rows) < 6:
            rows += [parse(line) for _, line in log.lines()]
            await asyncio.sleep(0.05)
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder in the copy's place can't be written to by anyone."""
    file = tmp_path / "messages"
    file.write_text("x" * 5_000)
    (tmp_path / "messages.1").write_text("old")
    (tmp_path / "messages.new").mkdir()
    (tmp_path / "messages.new" / "in").write_text("")
    put_aside(file, largest=1_000)
    assert file.stat().st_size == 0
    assert not (tmp_path / "messages.1").exists()


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
