"""``./run flows``: checks flows, and plays the tests beside them, without starting anything."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from documents.document_errors import DocumentError


def add_flows_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``flows`` with its own commands."""
    flows = commands.add_parser("flows", help="check call flows, and play their tests")
    own = flows.add_subparsers(required=True, metavar="COMMAND")
    checking = own.add_parser("check", help="say what is wrong with a flow, line by line")
    testing = own.add_parser("test", help="play the tests beside a flow, and say what they cover")
    for command, do in ((checking, _check), (testing, _test)):
        command.add_argument("file", type=Path, metavar="FILE", help="the flow's file, NAME.yaml")
        command.set_defaults(do=do)


def _check(arguments: argparse.Namespace) -> int:
    from ivr_flows.loader import check

    file: Path = arguments.file
    found = check(file.read_bytes(), str(file))
    for error in found.errors:
        print(f"{_alone(error)}")
    for warning in found.warnings:
        print(f"{_alone(warning)} (a warning)")
    if found.flow is not None:
        nodes = len(found.flow.nodes)
        print(f"{file}: {found.flow.name} is good: {nodes} nodes, {len(found.warnings)} warnings")
    return 0 if found.flow is not None else 1


def _test(arguments: argparse.Namespace) -> int:
    from configuration.flows import TESTS
    from ivr_flows.loader import check
    from ivr_flows.trying.playing import play_all
    from ivr_flows.trying.scripts import load_scripts

    file: Path = arguments.file
    if file.name.endswith(TESTS):
        file = file.with_name(file.name.removesuffix(TESTS) + ".yaml")
    beside = file.with_name(file.stem + TESTS)
    found = check(file.read_bytes(), str(file))
    if found.flow is None:
        for error in found.errors:
            print(f"{_alone(error)}")
        return 1
    try:
        scripts = load_scripts(beside.read_bytes(), str(beside))
    except DocumentError as error:
        for fault in (error, *error.others):
            print(_alone(fault))
        return 1
    played = play_all(found.flow, scripts, _beside(file, found.flow.name))
    for test in played.tests:
        print(f"{'failed' if test.fault else 'passed'}  {test.name}")
        if test.fault is not None:
            print(f"        {_alone(test.fault)}")
    coverage = played.coverage
    print(f"{len(coverage.taken)} of {len(coverage.all)} exits are taken")
    if coverage.missed:
        print("never taken: " + ", ".join(f"{node}.{exit}" for node, exit in coverage.missed))
    return 1 if played.faults else 0


def _beside(file: Path, own: str) -> Mapping[str, Any]:
    """The flows in the same folder, to which this one may lead."""
    from configuration.flows import TESTS
    from ivr_flows.loader import check

    flows = {}
    for other in sorted(file.parent.glob("*.yaml")):
        if other == file or other.name.endswith(TESTS):
            continue
        found = check(other.read_bytes(), str(other))
        if found.flow is not None and found.flow.name != own:
            flows[found.flow.name] = found.flow
    return flows


def _alone(error: DocumentError) -> str:
    """An error in one line, without a count of the others, which have lines of their own."""
    text = f"{error.source}:{error.line}:{error.column}: {error.message}"
    return f"{text}; {error.hint}" if error.hint else text
