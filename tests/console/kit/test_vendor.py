"""What is vendored is what VENDOR.md says it is, and pages load nothing else."""

import hashlib
import re
from pathlib import Path

import pytest

import console
import tests
from tests.console.conftest import Visit

VENDORED = (
    Path(console.__file__).parent / "kit" / "static" / "vendor",
    Path(tests.__file__).parent / "vendor",
)
_LINE = re.compile(r"^([0-9a-f]{64})  (\S+)$", re.MULTILINE)


@pytest.mark.parametrize("folder", VENDORED)
def test_every_file_has_its_checksum(folder: Path) -> None:
    listed = {name: digest for digest, name in _LINE.findall((folder / "VENDOR.md").read_text())}
    there = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "VENDOR.md"
    }
    assert there == listed


async def test_a_page_names_no_other_host(visit: Visit) -> None:
    text = await (await (await visit()).get("/login")).text()
    linked = re.findall(r'(?:src|href|action)="([^"]+)"', text)
    assert linked
    assert all(address.startswith(("/", "#")) for address in linked), linked


async def test_each_linked_file_is_there_and_kept_for_ever(visit: Visit) -> None:
    client = await visit("ada")
    text = await (await client.get("/board")).text()
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        answer = await client.get(address)
        assert answer.status == 200, address
        assert "immutable" in answer.headers["Cache-Control"]
    plain = await client.get("/static/app/live.js")  # modules import each other without a hash
    assert plain.headers["Cache-Control"] == "no-cache"
