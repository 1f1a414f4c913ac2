"""The certificate for SIP over TLS: ours, the operator's own, or a damaged one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telephony.asterisk.instance import certificate_in

Put = Callable[[Path, bytes], object]
BEGIN = b"-----BEGIN CERTIFICATE-----"


async def made(folder: Path) -> bytes:
    """Key and certificate as Offhook makes them."""
    file = await certificate_in(folder)
    assert file is not None
    return file.read_bytes()


@pytest.mark.parametrize(
    "put",
    [
        lambda file, _: file.write_bytes(b""),
        lambda file, _: file.write_bytes(os.urandom(500)),
        lambda file, whole: file.write_bytes(whole[: len(whole) // 2]),
        lambda file, whole: file.write_bytes(whole[: whole.index(BEGIN)]),
        lambda file, whole: file.write_bytes(whole[whole.index(BEGIN) :]),
        lambda file, _: os.mkfifo(file),
        lambda file, _: file.mkdir(),
    ],
    ids=["empty", "rubbish", "cut", "key only", "certificate only", "FIFO", "folder"],
)
async def test_one_that_cannot_be_used_is_reported(put: Put, tmp_path: Path) -> None:
    """Asterisk says nothing of it, takes connections, and ends each of them."""
    whole = await made(tmp_path / "made")
    file = tmp_path / "keys" / "offhook.pem"
    file.parent.mkdir()
    put(file, whole)
    with capture_logs() as logs:
        assert await certificate_in(file.parent) == file
    (line,) = logs
    assert (line["log_level"], line["file"]) == ("error", str(file))
    assert line["why"] and "\n" not in line["why"]


async def test_one_that_can_be_used_is_not(tmp_path: Path) -> None:
    with capture_logs() as logs:
        first = await made(tmp_path)
        assert await made(tmp_path) == first
    assert logs == []
