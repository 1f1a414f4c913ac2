"""``./run simulate``: plays many days of a campaign under pacing policies and prints a table."""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import OperatorError
from machine.progress import ProgressBar, in_words

if TYPE_CHECKING:
    from simulation.day import DayResult
    from simulation.run import Plan
    from simulation.tables import Table

# The code that plays the days is imported where it is needed: it loads numpy, and other commands
# should not have to wait for that.

TABLES = "tables"
_MOST_AGENTS = 5_000
_MOST_DAYS = 1_000_000
_MOST_DIGITS = 20
_NOBODY_TAKEN = (
    "offhook: WARNING: detection is on, and limit.people_taken_for_machines is 0: the dialer takes"
    " it that detection never hangs up on a person. If it does, those people come on top of the"
    " limit, and nobody counts them. Listen to some hundred recordings of what detection refused,"
    " and give the share of the people who answered."
)


class SimulateError(OperatorError):
    """The request can't be played; the text says why and what was expected."""


def add_simulate_to(commands: Any) -> None:
    """Add the command to the command line."""
    command: argparse.ArgumentParser = commands.add_parser(
        "simulate",
        help="play days of a campaign under pacing policies and compare them",
        description="Play days of a campaign under pacing policies and compare them. No phones"
        " are needed. The same seed makes the same day.",
    )
    command.add_argument(
        "campaign",
        help="a YAML file, or the name of a campaign supplied with Offhook (simulation/campaigns):"
        " standard, shock, drift, ...; tables: all tables of docs/pacing.md",
    )
    command.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME",
        help="a policy; repeat the option or separate names with commas (default: those in the"
        " campaign's file, otherwise ours and three to compare it with)",
    )
    command.add_argument("--agents", metavar="N,N,...", help="default: as in the campaign")
    command.add_argument("--days", metavar="N", help="default: 20; for tables, each has its own")
    command.add_argument("--jobs", metavar="N", help="days played at once (default: one per core)")
    command.add_argument(
        "--seed", metavar="N", default="1", help="seed of the first day (default: %(default)s)"
    )
    command.add_argument("--csv", type=Path, metavar="FILE", help="write a line for each day")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the table for programs")
    command.add_argument(
        "--chart",
        type=Path,
        metavar="FILE.svg",
        help="draw the first day of the first policy with the most agents",
    )
    command.set_defaults(do=simulate)


def simulate(arguments: argparse.Namespace) -> int:
    """Play the days and print the table. Returns the exit status, 130 if Ctrl-C ended it.

    Raises SimulateError, DocumentError, OSError.
    """
    from simulation.chart import day_chart
    from simulation.chosen import UnknownPolicyError, choose, load_checked
    from simulation.report import as_csv, as_json, rows_of, table, told
    from simulation.run import Plan
    from simulation.tables import tables

    if arguments.campaign == TABLES:
        return play_tables(tables(), arguments)
    file = _campaign(arguments.campaign)
    scenario = load_checked(file)
    if scenario.detection.on and not scenario.limit.limit().people_taken_for_machines:
        print(_NOBODY_TAKEN, file=sys.stderr)
    names = [name.strip() for text in arguments.policy for name in text.split(",")]
    try:
        policies = choose(scenario, [name for name in names if name])
    except UnknownPolicyError as error:
        raise SimulateError(f"--policy: {error}") from error
    agents = [scenario.agents] if arguments.agents is None else _agents(arguments.agents)
    jobs = _jobs(arguments)
    plan = Plan(
        scenario=scenario,
        policies=policies,
        agents=agents,
        days=_days(arguments, 20),
        first_seed=_whole("--seed", arguments.seed, 0, 2**53),
        chart=None if arguments.chart is None else (next(iter(policies)), max(agents)),
    )
    if arguments.chart is not None and arguments.chart.suffix.lower() != ".svg":
        raise SimulateError(
            f"--chart {arguments.chart} is not an SVG file; expected a name that ends in .svg, the"
            " only format drawn"
        )
    _check_writable([arguments.csv, arguments.json, arguments.chart], file)

    began = time.monotonic()
    results, whole = _play(plan, jobs)
    limit = scenario.limit.limit().share
    rows = rows_of(results, limit)
    count = f"{plan.total:,} {'day' if plan.total == 1 else 'days'}"
    if not whole:
        count = f"stopped after {len(results):,} of {count}"
    try:
        _say(
            f"{scenario.campaign}: limit {100 * limit:g} %, {scenario.hours:g} h, {count} in"
            f" {in_words(time.monotonic() - began)}; ± and brackets: 95 % confidence"
        )
        if rows:
            _say(f"\n{table(rows)}")
    finally:  # the files are wanted even if nobody reads the output to its end
        if arguments.csv is not None:
            _write(arguments.csv, as_csv([(scenario.campaign, results)]))
        if arguments.json is not None:
            about = {"file": arguments.campaign, **_about(plan, results)}
            _write(arguments.json, as_json(told(rows, **about)))
        if arguments.chart is not None:
            charted = [day for day in results if len(day.moments) > 1]
            if charted:
                _write(arguments.chart, day_chart(charted[0], scenario))
            else:
                print("offhook: no chart: its day was not finished", file=sys.stderr)
    return 0 if whole else 130


def play_tables(tables: "Iterable[Table]", arguments: argparse.Namespace) -> int:
    """Play the days of these tables and print them as Markdown. Returns the exit status, 130 if
    Ctrl-C ended it. Raises as ``simulate``."""
    from simulation.chosen import choose, load_checked
    from simulation.report import as_csv, as_json, rows_of, table, told
    from simulation.run import Plan
    from simulation.tables import OF_THEIR_OWN

    _refuse_what_tables_have_of_their_own(arguments)
    jobs = _jobs(arguments)
    _check_writable([arguments.csv, arguments.json])
    days: list[tuple[str, list[DayResult]]] = []
    all_told: list[dict[str, Any]] = []
    try:
        for one in tables:
            scenario = load_checked(_campaign(one.campaign))
            plan = Plan(
                scenario=scenario,
                policies=choose(scenario, one.policies, OF_THEIR_OWN),
                agents=one.agents,
                days=_days(arguments, one.days),
                first_seed=_whole("--seed", arguments.seed, 0, 2**53),
            )
            results, whole = _play(plan, jobs)
            limit = scenario.limit.limit().share
            rows = rows_of(results, limit)
            days.append((scenario.campaign, results))
            all_told.append(told(rows, title=one.title, **_about(plan, results)))
            _say(f"### {one.title}, limit {100 * limit:g} %\n")
            _say(f"{table(rows)}\n")
            if not whole:
                return 130
    finally:  # keep the results so far if a later table fails
        if days and arguments.csv is not None:
            _write(arguments.csv, as_csv(days))
        if days and arguments.json is not None:
            _write(arguments.json, as_json({"tables": all_told}))
    return 0


def _refuse_what_tables_have_of_their_own(arguments: argparse.Namespace) -> None:
    given = {
        "--policy": arguments.policy,
        "--agents": arguments.agents is not None,
        "--chart": arguments.chart is not None,
    }
    refused = [name for name, is_given in given.items() if is_given]
    if refused:
        raise SimulateError(
            f"tables takes no {' and no '.join(refused)}: each table has its own policies and"
            " agents, and none has a chart; leave that out, or name a campaign instead of tables"
        )


def _about(plan: "Plan", results: "Sequence[DayResult]") -> dict[str, Any]:
    """Return the description of a campaign's rows, for programs."""
    scenario = plan.scenario
    return {
        "campaign": scenario.campaign,
        "limit": scenario.limit.limit().share,
        "hours": scenario.hours,
        "first_seed": plan.first_seed,
        "days_asked_for": plan.total,
        "days_played": len(results),
        "policies": {name: chosen.model_dump() for name, chosen in plan.policies.items()},
    }


def _play(plan: "Plan", jobs: int) -> "tuple[list[DayResult], bool]":
    """Return the plan's days in order and whether all were played. Raises SimulateError."""
    from simulation.run import DayError, play

    results: list[DayResult] = []
    progress = ProgressBar(plan.total, "days")

    def done(day: "DayResult") -> None:
        results.append(day)
        progress.step()

    try:
        whole = play(plan, jobs=jobs, done=done)
    except DayError as error:
        progress.end()
        sys.stderr.write(error.where)
        raise SimulateError(str(error)) from error
    progress.end()
    return plan.in_order(results), whole


def _jobs(arguments: argparse.Namespace) -> int:
    return _cores() if arguments.jobs is None else _whole("--jobs", arguments.jobs, 1, 1_000)


def _days(arguments: argparse.Namespace, usual: int) -> int:
    return usual if arguments.days is None else _whole("--days", arguments.days, 1, _MOST_DAYS)


def _campaign(given: str) -> Path:
    """Return the campaign's file. A bare name means a supplied campaign, unless a file has it."""
    import simulation
    from documents.document_errors import did_you_mean, one_of

    path = Path(given)
    if path.suffix or path.exists() or len(path.parts) != 1:
        return path
    folder = Path(simulation.__file__).parent / "campaigns"
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if given not in known:
        beside = [file for file in (f"{given}.yaml", f"{given}.yml") if Path(file).exists()]
        if beside:
            hint = f'did you mean "{beside[0]}"?'
        else:
            near = did_you_mean(given, known)
            hint = str(near or f"the supplied campaigns are {one_of(known)}")
        raise SimulateError(f'there is no file and no campaign "{given}"; {hint}')
    return folder / f"{given}.yaml"


def _agents(text: str) -> list[int]:
    numbers = [each.strip() for each in text.split(",")]
    if not all(_is_whole(each) and int(each) <= _MOST_AGENTS for each in numbers):
        raise SimulateError(
            f"--agents is {text!r:.40}; expected numbers up to {_MOST_AGENTS:,}, separated by"
            " commas, such as 5,10,20"
        )
    return list(dict.fromkeys(map(int, numbers)))


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not _is_whole(text) or not least <= int(text) <= most:
        raise SimulateError(
            f"{name} is {text!r:.40}; expected a whole number from {least} to {most:,}"
        )
    return int(text)


def _is_whole(text: str) -> bool:
    """Whether the text is all digits, and short enough for Python to convert."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _check_writable(files: Sequence[Path | None], campaign: Path | None = None) -> None:
    """Check before hours of work that files can be written. Raises OSError with the file's name."""
    wanted = [file for file in files if file is not None]
    if len({file.absolute() for file in wanted}) < len(wanted):
        raise SimulateError("--csv, --json and --chart name one file twice; expected one for each")
    for file in wanted:
        there = file.exists()
        if there and campaign is not None and file.samefile(campaign):
            raise SimulateError(f"{file} is the campaign's own file; expected a different one")
        if there and not (file.is_file() or file.is_dir()):
            continue  # a pipe: opening it would wait for a reader
        with file.open("a", encoding="utf-8"):
            pass
        if not there:
            file.unlink()


def _say(text: str) -> None:
    """Print on standard output. Raises OSError that names it, which the system's does not."""
    try:
        print(text, flush=True)
    except OSError as error:
        # Otherwise Python would try again at exit to write what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OSError(error.errno, error.strerror, "standard output") from error


def _write(file: Path, text: str) -> None:
    """Write the file. Raises OSError with its name, which the error of a full disk lacks."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
