"""The program beside Asterisk reports in one line what Asterisk refuses, and waits for nobody."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.asterisk.centre_files import CENTRE_FILES
from telephony.asterisk.instance import WATCH
from tests.waiting import until_blocking

REFUSES = """case $2 in
    *waitfullybooted*) echo 'Asterisk has fully booted.' ;;
    *) printf 'no\\033[1m such\\ncommand\\n' ;;
esac
"""


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    folder = tmp_path / "generated"
    folder.mkdir()
    for name in CENTRE_FILES:
        (folder / name).write_text("")
    return folder


@pytest.fixture
def watch(generated: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """It watches beside an Asterisk that refuses whatever it is asked."""
    asterisk, said = tmp_path / "asterisk.sh", tmp_path / "said"
    asterisk.write_text(REFUSES)
    with said.open("w") as sink:
        running = subprocess.Popen(
            ["sh", str(WATCH), "again", str(generated), "sh", str(asterisk)],
            stderr=sink,
            text=True,
        )
    yield running
    running.kill()
    running.wait()


def test_a_refusal_is_one_line(watch: subprocess.Popen[str], tmp_path: Path) -> None:
    said = tmp_path / "said"
    until_blocking(lambda: said.read_text().count("\n") >= 4, 20, "what Asterisk refuses")
    assert watch.poll() is None
    first, *others = said.read_text().splitlines()
    assert first == (
        "offhook: Asterisk did not take over the new phones and lines (module reload res_pjsip.so):"
        " no [1m such command; the old ones stay in force; Asterisk's log says why"
    )
    assert all(line.startswith("offhook: Asterisk did not take over") for line in others)


def test_it_names_every_file_of_the_centre() -> None:
    text = WATCH.read_text("utf-8")
    assert [name for name in CENTRE_FILES if name not in text] == []


def test_any_shell_reads_it() -> None:
    subprocess.run(["sh", "-n", str(WATCH)], check=True)
