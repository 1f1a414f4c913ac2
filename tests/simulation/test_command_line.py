"""``python -m offhook simulate`` from end to end, with real processes and a real Ctrl-C."""

import argparse
import codecs
import csv
import json
import multiprocessing
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

import simulation
from dialer.policies import make
from machine.progress import ProgressBar
from offhook.cli import main
from simulation.chosen import choose, load_checked
from simulation.command_line import SimulateError, add_simulate_to, play_tables
from simulation.day import DayResult
from simulation.run import DayError, Plan, play
from simulation.tables import OF_THEIR_OWN, Table, tables
from tests.waiting import until_blocking

TINY = """
campaign: tiny
hours: 0.1
agents: 3
policies:
  one_for_one: {policy: progressive}
  three: {policy: fixed_ratio, options: {ratio: 3}}
"""


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY)
    return file


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "offhook", "simulate", *map(str, arguments)]


def complaints(done: subprocess.CompletedProcess[str]) -> str:
    """What was said on standard error, but for how far it had got, as on a busy machine."""
    lines = done.stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not re.match(r"offhook: \d+ of \d+ days", line))


def test_it_prints_a_table_and_writes_what_it_is_asked_for(campaign: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / f"out.{name}" for name in ("csv", "json", "svg")}
    done = subprocess.run(
        command(campaign, "--agents", "2,3", "--days", 3, "--jobs", 2, "--csv", files["csv"],
                "--json", files["json"], "--chart", files["svg"]),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert complaints(done) == ""
    assert done.stdout.startswith("tiny: limit 3 %, 0.1 h, 12 days in ")
    rows = [line.split("|")[1:4] for line in done.stdout.splitlines()[4:]]
    assert [[cell.strip() for cell in row] for row in rows] == [
        [policy, agents, "3"] for agents in ("2", "3") for policy in ("one_for_one", "three")
    ]
    days = list(csv.DictReader(files["csv"].open()))
    assert len(days) == 12
    assert {day["seed"] for day in days} == {"1", "2", "3"}
    told = json.loads(files["json"].read_text())
    assert (told["campaign"], told["days_played"], len(told["rows"])) == ("tiny", 12, 4)
    assert told["policies"]["three"]["hard_stop"] is False
    assert "one_for_one, 3 agents" in files["svg"].read_text()
    ElementTree.parse(files["svg"])  # noqa: S314

    again = tmp_path / "again.csv"
    subprocess.run(
        command(campaign, "--agents", "2,3", "--days", 3, "--jobs", 1, "--csv", again),
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert again.read_bytes() == files["csv"].read_bytes()


@pytest.mark.parametrize(("estimate", "warned"), [("0", True), ("0.01", False)])
def test_detection_that_is_said_to_take_nobody_for_a_machine_is_warned_of(
    tmp_path: Path, estimate: str, warned: bool
) -> None:
    file = tmp_path / "detection.yaml"
    limit = f"limit: {{people_taken_for_machines: {estimate}}}"
    file.write_text(f"{TINY}detection: {{on: true}}\n{limit}\n")
    done = subprocess.run(
        command(file, "--days", 1), capture_output=True, text=True, check=True, timeout=60
    )
    said = complaints(done)
    assert ("offhook: WARNING" in said) is warned
    assert ("recordings of what detection refused" in said) is warned


@dataclass
class Running:
    """The command in a session of its own, its standard error a terminal."""

    process: "subprocess.Popen[str]"
    terminal: int

    def until(self, enough: Callable[[str], bool]) -> str:
        """Read the terminal until this is so."""
        said = ""
        # A read can end in the middle of a character.
        decoder = codecs.getincrementaldecoder("utf-8")()

        def so() -> bool:
            nonlocal said
            while select.select([self.terminal], [], [], 0)[0] and not enough(said):
                said += decoder.decode(os.read(self.terminal, 4_096))
            return enough(said)

        until_blocking(so, 30, "enough to be written", seen=lambda: said)
        return said

    def end(self) -> tuple[int, str]:
        """Exit code and standard output."""
        out, _ = self.process.communicate(timeout=30)
        return self.process.returncode, out


@contextmanager
def running(*arguments: object) -> Iterator[Running]:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Running(process, ours)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            os.close(ours)


def days_done(said: str) -> int:
    counts = re.findall(r"([\d,]+) of 100,000 days", said)
    return int(counts[-1].replace(",", "")) if counts else 0


def test_ctrl_c_ends_it_with_the_table_of_what_is_done(campaign: Path, tmp_path: Path) -> None:
    file = tmp_path / "days.csv"
    with running(campaign, "--days", 50_000, "--jobs", 2, "--csv", file) as run:
        said = run.until(lambda said: days_done(said) >= 5)
        assert "left" in said
        os.killpg(run.process.pid, signal.SIGINT)  # as a terminal does: to all of them
        code, out = run.end()
    assert code == 130
    stopped = re.search(r"stopped after ([\d,]+) of 100,000 days", out)
    assert stopped
    count = int(stopped[1].replace(",", ""))
    assert count >= 5
    rows = [[cell.strip() for cell in line.split("|")] for line in out.splitlines()[4:]]
    assert {row[1] for row in rows} == {"one_for_one", "three"}
    assert sum(int(row[3]) for row in rows) == count
    assert len(file.read_text().splitlines()) == count + 1
    with pytest.raises(ProcessLookupError):  # nobody of them is left
        os.killpg(run.process.pid, 0)


def test_a_ctrl_c_in_the_middle_of_a_long_day_does_not_wait_for_it(tmp_path: Path) -> None:
    long = tmp_path / "long.yaml"
    long.write_text("campaign: long\nhours: 12\nagents: 1000\n")
    with running(long, "--policy", "progressive", "--days", 100_000, "--jobs", 1) as run:
        run.until(lambda said: "0 of 100,000 days" in said)
        run.until(lambda _: bool(psutil.Process(run.process.pid).children()))
        os.killpg(run.process.pid, signal.SIGINT)
        code, out = run.end()
    assert code == 130
    assert "stopped after 0 of 100,000 days" in out


def test_a_player_that_is_killed_is_noticed(campaign: Path) -> None:
    with running(campaign, "--days", 50_000, "--jobs", 2) as run:
        run.until(lambda said: days_done(said) >= 1)
        psutil.Process(run.process.pid).children()[0].kill()
        said = run.until(lambda said: "exit code" in said)
        code, _ = run.end()
    assert code == 1
    assert "its process is gone (exit code -9)" in said


def test_a_player_killed_between_two_days_is_noticed(campaign: Path) -> None:
    scenario = load_checked(campaign)
    plan = Plan(scenario, choose(scenario, ["three"]), agents=[3], days=10)

    def kill(_: DayResult) -> None:
        (player,) = multiprocessing.active_children()
        player.kill()
        player.join()

    with pytest.raises(DayError, match=r"its process is gone \(exit code -9\)"):
        play(plan, jobs=1, done=kill)


def test_who_plays_does_not_outlive_who_asked(campaign: Path) -> None:
    with running(campaign, "--days", 50_000, "--jobs", 2) as run:
        run.until(lambda said: days_done(said) >= 1)
        players = psutil.Process(run.process.pid).children()
        assert len(players) == 2
        run.process.kill()
        run.end()
        _, alive = psutil.wait_procs(players, timeout=10)
        assert alive == []


BAD = [
    (["{file}", "--policy", "thre"], 'there is no policy "thre"; did you mean "three"'),
    (["{file}", "--policy", "three,forsight"], 'did you mean "foresight"?'),
    (["{file}", "--agents", "5,x"], "--agents is '5,x'; expected numbers"),
    (["{file}", "--agents", ""], "--agents is ''"),
    (["{file}", "--agents", "-5"], "--agents"),
    (["{file}", "--days", "0"], "--days is '0'; expected a whole number from 1"),
    (["{file}", "--days", "9" * 5_000], "--days is '9999"),
    (["{file}", "--agents", "9" * 5_000], "--agents is '9999"),
    (["{file}", "--json", "{file}"], "tiny.yaml is the campaign's own file"),
    (["{file}", "--jobs", "many"], "--jobs is 'many'"),
    (["{file}", "--seed", "-1"], "--seed is '-1'"),
    (["{file}", "--csv", "/nowhere/a.csv"], "/nowhere/a.csv: No such file or directory"),
    (["{file}", "--json", "{folder}"], "Is a directory"),
    (["{file}", "--csv", "{folder}/a.svg", "--chart", "{folder}/a.svg"], "name one file twice"),
    (["{file}", "--chart", "{folder}/a.png"], "expected a name that ends in .svg"),
    (["{folder}/none.yaml"], "none.yaml:1:1: can't be read"),
    (["{folder}/bad.yaml"], 'bad.yaml:2:24: "ratio" of'),
    (
        ["tables", "--policy", "progressive", "--agents", "5"],
        "tables takes no --policy and no --agents:",
    ),
    (["tables", "--chart", "{folder}/a.svg"], "tables takes no --chart: each table has its own"),
    (["tables", "--seed", "x", "--csv", "{folder}/a.csv"], "--seed is 'x'"),
    (["tables", "--csv", "/nowhere/a.csv"], "/nowhere/a.csv: No such file or directory"),
    (["tables", "--json", "{folder}/a", "--csv", "{folder}/a"], "name one file twice"),
    (["tiny"], 'no campaign "tiny"; did you mean "tiny.yaml"?'),
    (["standrad"], 'no campaign "standrad"; did you mean "standard"?'),
]


@pytest.mark.parametrize(("arguments", "expected"), BAD)
def test_bad_input_gets_one_line_before_anything_is_played(
    campaign: Path,
    arguments: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = campaign.parent
    (folder / "bad.yaml").write_text(
        "policies:\n  a: {options: {ratio: two}, policy: fixed_ratio}\n"
    )
    filled = [each.format(file=campaign, folder=folder) for each in arguments]
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *filled])
    said = str(ended.value.code) + capsys.readouterr().err
    assert expected in said
    assert "Traceback" not in said
    assert "\n" not in str(ended.value.code)
    assert {file.name for file in folder.iterdir()} == {"tiny.yaml", "bad.yaml"}


def played(tables: Iterable[Table], *options: str) -> int:
    """The exit status of ``simulate tables`` with these options, if these were all tables."""
    parser = argparse.ArgumentParser()
    add_simulate_to(parser.add_subparsers())
    return play_tables(tables, parser.parse_args(["simulate", "tables", *options]))


def test_tables_write_what_they_are_asked_for_with_the_campaigns_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = (
        Table("Short", "short_calls", (1, 2), ("progressive",)),
        Table("Loose", "shock", (1,), ("progressive", "fixed_ratio")),
    )
    files = {name: tmp_path / f"out.{name}" for name in ("csv", "json")}
    options = ("--days", "2", "--csv", str(files["csv"]), "--json", str(files["json"]))
    assert played(two, *options) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("###")] == [
        "### Short, limit 3 %",
        "### Loose, limit 3 %",
    ]
    days = list(csv.DictReader(files["csv"].open()))
    assert [(day["campaign"], day["agents"], day["policy"], day["seed"]) for day in days] == [
        (campaign, agents, policy, seed)
        for campaign, agents, policy in (
            ("short calls", "1", "progressive"),
            ("short calls", "2", "progressive"),
            ("shock", "1", "progressive"),
            ("shock", "1", "fixed_ratio"),
        )
        for seed in ("1", "2")
    ]
    made = json.loads(files["json"].read_text())["tables"]
    assert [(each["title"], each["campaign"], each["days_played"]) for each in made] == [
        ("Short", "short calls", 4),
        ("Loose", "shock", 4),
    ]
    assert [len(each["rows"]) for each in made] == [2, 2]


def test_tables_that_break_off_keep_what_is_done(tmp_path: Path) -> None:
    two = (Table("Short", "short_calls", (1,), ("progressive",)), Table("Gone", "gone", (1,)))
    file = tmp_path / "days.csv"
    with pytest.raises(SimulateError, match='no campaign "gone"'):
        played(two, "--days", "3", "--csv", str(file))
    assert len(list(csv.DictReader(file.open()))) == 3


def test_a_full_disk_gets_one_line_after_the_table(
    campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", str(campaign), "--days", "1", "--csv", "/dev/full"])
    assert ended.value.code == "offhook: /dev/full: No space left on device; free space there"
    assert "| one_for_one |" in capsys.readouterr().out


def test_who_reads_no_further_gets_no_traceback_and_his_files(
    campaign: Path, tmp_path: Path
) -> None:
    file = tmp_path / "days.csv"
    ours, theirs = os.pipe()
    os.close(ours)  # as `| head` does, sooner or later
    try:
        done = subprocess.run(
            command(campaign, "--days", 1, "--jobs", 1, "--csv", file),
            stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(theirs)
    assert (done.returncode, complaints(done)) == (141, "")
    assert len(list(csv.DictReader(file.open()))) == 2


def test_standard_output_on_a_full_disk_gets_one_line(campaign: Path, tmp_path: Path) -> None:
    file = tmp_path / "days.csv"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(campaign, "--days", 1, "--jobs", 1, "--csv", file),
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    expected = "offhook: standard output: No space left on device; free space there\n"
    assert (done.returncode, complaints(done)) == (1, expected)
    assert len(list(csv.DictReader(file.open()))) == 2


def test_progress_that_nobody_reads_stops_no_work() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    stream = os.fdopen(theirs, "w")
    now = 0.0
    progress = ProgressBar(2, "days", stream, clock=lambda: now)
    now = 3_600.0  # so long ago that the next step is reported
    progress.step()
    progress.end()
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_ctrl_c_while_it_starts_leaves_no_traceback() -> None:
    """All that the command line needs is loaded first, and that takes a second."""
    pressing = (
        "import runpy, sys\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'offhook.cli':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "runpy.run_module('offhook', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", pressing],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "")


def test_every_table_of_the_page_can_be_played() -> None:
    folder = Path(simulation.__file__).parent / "campaigns"
    for one in tables():
        scenario = load_checked(folder / f"{one.campaign}.yaml")
        assert list(choose(scenario, one.policies, OF_THEIR_OWN)) == list(one.policies)
    for name, policy in OF_THEIR_OWN.items():
        assert any(name in one.policies for one in tables())
        make(policy.policy, **policy.options)
    # The page has a table for every campaign.
    assert {one.campaign for one in tables()} == {file.stem for file in folder.glob("*.yaml")}
