"""The program beside Asterisk reports in one line what Asterisk refuses, and waits for nobody."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.asterisk.centre_files import CENTRE_FILES
from telephony.asterisk.instance import WATCH
from tests.processes import children
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


KNOWS_PHONES = """case $2 in
    *waitfullybooted*) echo 'Asterisk has fully booted.' ;;
    *'database show'*)
        for name in 1001 1002 1003 gate 1004; do
            echo "/registrar/contact/$name;@0123456789abcdef0123456789abcdef: {}"
        done ;;
    *'database del'*) echo "$2" >>DELETED ;;
    *) echo 'reloaded successfully, Dialplan reloaded' ;;
esac
"""


def of_phones(**digests: str) -> str:
    return "".join(
        f"[{name}](station-aor)\n\n[{name}](digest)\nusername = {name}\nmd5_cred = {digest}\n\n"
        for name, digest in digests.items()
    )


def test_a_registration_ends_with_its_password_or_its_phone(
    generated: Path, tmp_path: Path
) -> None:
    """Of phones and lines alike; that of others goes on."""
    asterisk, deleted = tmp_path / "asterisk.sh", tmp_path / "deleted"
    asterisk.write_text(KNOWS_PHONES.replace("DELETED", str(deleted)))
    deleted.touch()
    phones, lines = generated / "pjsip_stations.conf", generated / "pjsip_lines.conf"
    before = {"1001": "a" * 32, "1002": "b" * 32, "1003": "c" * 32}
    phones.write_text(of_phones(**before))
    line = "[gate](line-aor)\n\n" + of_phones(gate="d" * 32).partition("\n\n")[2]
    lines.write_text(line)
    running = subprocess.Popen(["sh", str(WATCH), str(generated), "sh", str(asterisk)])
    try:
        del before["1003"]
        phones.with_suffix(".new").write_text(
            of_phones(**{**before, "1002": "e" * 32, "1005": "f" * 32})
        )

        def ended() -> set[str]:
            names = deleted.read_text().split()
            return {name.partition(";")[0] for name in names if ";@" in name}

        def sleeps() -> bool:
            return bool(children(running.pid, "sleep"))

        until_blocking(sleeps, 20, "what is there to have been seen")
        phones.with_suffix(".new").replace(phones)
        until_blocking(lambda: len(ended()) >= 3, 20, "the registrations to end")
        assert ended() == {"1002", "1003", "1004"}
        lines.write_text(line.replace("d" * 32, "0" * 32))
        until_blocking(lambda: "gate" in ended(), 20, "the line's registration to end")
        assert "1001" not in ended()
    finally:
        running.kill()
        running.wait()


def test_it_names_every_file_of_the_centre() -> None:
    text = WATCH.read_text("utf-8")
    assert [name for name in CENTRE_FILES if name not in text] == []


def test_any_shell_reads_it() -> None:
    subprocess.run(["sh", "-n", str(WATCH)], check=True)
