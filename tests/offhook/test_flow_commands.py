"""``./run flows``: what it prints and how it ends, whatever files it is given."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from configuration.flows import LIBRARY
from offhook.cli import main

GOOD = """flow: {name}
languages: [en]
start: ask
prompts: {{ask: {{en: One or two}}}}
nodes:
  ask: {{kind: menu, prompts: ask, keys: {{"1": a, "2": b}}, exits: {{a: end, b: out, exhausted: out}}}}
  end: {{kind: hangup, why: one}}
  out: {{kind: hangup, why: other}}
"""  # noqa: E501
TESTS = """flow: {name}
tests:
  one: {{steps: [{{presses: "1"}}, {{ends: one}}]}}
"""


def flows(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["flows", *map(str, arguments)])
    return int(ended.value.code or 0)


def written(folder: Path, name: str, *, tested: bool = True) -> Path:
    (folder / f"{name}.yaml").write_text(GOOD.format(name=name))
    if tested:
        (folder / f"{name}.tests.yaml").write_text(TESTS.format(name=name))
    return folder / f"{name}.yaml"


def test_the_library_is_good_and_its_tests_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert flows("check", LIBRARY) == 0
    assert flows("test", LIBRARY) == 0
    assert "exits are taken" in capsys.readouterr().out


def test_several_files_and_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = written(tmp_path, "a"), written(tmp_path, "b", tested=False)
    assert flows("test", tmp_path) == 0  # a folder's flow may have no tests
    said = capsys.readouterr().out
    assert "passed  one" in said and "no tests" in said
    assert "never taken: ask.b" in said  # exhausted leads where b leads, but is an exit of its own
    assert flows("test", a, b) == 1
    assert f"{b}:1:1: there are no tests of this flow" in capsys.readouterr().out
    a.with_name("a.tests.yaml").write_text(TESTS.format(name="a").replace("ends: one", "ends: two"))
    assert flows("test", a.with_name("a.tests.yaml")) == 1
    said = capsys.readouterr().out
    assert 'a.tests.yaml:3:40: test "one": expected the call to end with "two"' in said


def test_what_lies_beside_a_flow_does_it_no_harm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = written(tmp_path, "a")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    assert flows("check", good) == flows("test", good) == 0
    capsys.readouterr()
    (empty := tmp_path / "empty").mkdir()
    assert flows("check", empty) == flows("test", empty) == 1
    assert f"{empty}:1:1: there are no flows in this folder" in capsys.readouterr().out
    monkeypatch.chdir(empty)
    assert flows("check", "") == flows("test", "") == flows("test", "/") == 1


def test_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = written(tmp_path, "a")
    assert flows("test", "--json", a) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert said["good"] and said["tests"] == [{"name": "one", "passed": True, "fault": None}]
    assert {"node": "ask", "exit": "b"} in said["never_taken"]
    a.write_text(GOOD.format(name="a").replace("a: end", "a: nowhere"))
    assert flows("check", "--json", a) == 1
    (said,) = json.loads(capsys.readouterr().out)
    assert said["errors"][0]["line"] == 6 and not said["good"]


@pytest.mark.parametrize("command", ["check", "test"])
def test_what_is_no_flow_is_one_clear_error(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fifo = tmp_path / "fifo.yaml"
    os.mkfifo(fifo)
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"a: b\n" * 1_100_000)
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("a: &a [x]\nb: [*a, *a]\n")
    empty = tmp_path / "empty.yaml"
    empty.touch()
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"flow: \xff")
    for file in (fifo, huge, bomb, empty, bad, tmp_path / "missing.yaml"):
        assert flows(command, file) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines and lines[0].startswith(f"{file}:"), lines


def test_a_flow_that_is_right_with_tests_that_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = written(tmp_path, "a")
    beside = a.with_name("a.tests.yaml")
    for text, line in (("", 1), ("flow: a\ntests:\n  one: {steps: [{heers: x}]}\n", 3),
                       ("flow: b\ntests: {one: {steps: [{ends: x}]}}", 1)):  # fmt: skip
        beside.write_text(text)
        assert flows("test", a) == 1
        assert capsys.readouterr().out.startswith(f"{beside}:{line}:")


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_nobody_has_to_read_to_the_end(flags: tuple[str, ...], tmp_path: Path) -> None:
    """As in ``./run flows check flows | head -1``."""
    for number in range(300):  # more than a pipe's buffer takes
        (tmp_path / f"f{number}.yaml").write_text("flow: [")
    read, write = os.pipe()
    os.close(read)
    command = (sys.executable, "-m", "offhook", "flows", "check", *flags, str(tmp_path))
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, timeout=120)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")
