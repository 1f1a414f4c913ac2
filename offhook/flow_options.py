"""``./run flows``: checks flows, and plays the tests beside them, without starting anything."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from documents.document_errors import DocumentError

if TYPE_CHECKING:
    from ivr_flows.flow import Flow
    from ivr_flows.trying.playing import AllPlayed

GOOD, WRONG = 0, 1
"""How the commands end: 1 if anything is wrong with any file."""


def add_flows_to(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    state: Path,
    move: Callable[[str, argparse.Namespace], int],
) -> None:
    """Add the command ``flows`` with its own commands. ``state`` is the usual folder, and ``move``
    exports or imports."""
    flows = commands.add_parser("flows", help="check call flows, play their tests, move them")
    own = flows.add_subparsers(required=True, metavar="COMMAND")
    checking = own.add_parser("check", help="say what is wrong with flows, line by line")
    testing = own.add_parser("test", help="play the tests beside flows, and say what they cover")
    for command, do in ((checking, _check), (testing, _test)):
        command.add_argument(
            "files",
            type=Path,
            nargs="+",
            metavar="FILE",
            help="a flow's file, NAME.yaml, with its tests beside it in NAME.tests.yaml; or a"
            " folder: all flows in it",
        )
        command.add_argument(
            "--json", action="store_true", help="print one JSON text for programs instead"
        )
        command.set_defaults(do=do)
    exporting = own.add_parser("export", help="write flows of the centre into one YAML file")
    exporting.add_argument("flows", nargs="*", metavar="FLOW", help="default: all")
    exporting.add_argument("--to", type=Path, metavar="FILE", help="default: standard output")
    exporting.add_argument(
        "--published", action="store_true", help="what callers meet, not the drafts"
    )
    importing = own.add_parser("import", help="make drafts of the flows of a file")
    importing.add_argument("file", type=Path, metavar="FILE", help="of './run flows export'")
    importing.add_argument("--dry-run", action="store_true", help="only say what would be made")
    importing.add_argument("--project", default="", help="of new flows (default: every project's)")
    importing.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="KIND:THEIRS=OURS",
        help="what takes the place of a name, such as queue:verkauf=sales",
    )
    for command, what in ((exporting, "export"), (importing, "import")):
        command.add_argument("--config", type=Path, help="default: STATE/centre.yaml")
        command.add_argument(
            "--state", type=Path, default=state, help="the centre's folder (default: %(default)s)"
        )
        command.set_defaults(do=partial(move, what))


@dataclass(slots=True)
class _Looked:
    """What came of one file."""

    file: Path
    flow: "Flow | None" = None
    errors: list[DocumentError] = field(default_factory=list)
    warnings: list[DocumentError] = field(default_factory=list)
    played: "AllPlayed | None" = None
    untested: bool = False

    @property
    def wrong(self) -> bool:
        return bool(self.errors) or bool(self.played and self.played.faults)


def _check(arguments: argparse.Namespace) -> int:
    _good_ones.cache_clear()
    looked = [_checked(file) for file, _ in _files(arguments.files)]
    if arguments.json:
        print(json.dumps([_as_json(one) for one in looked], ensure_ascii=False, indent=2))
    else:
        for one in looked:
            _say_checked(one)
    return WRONG if any(one.wrong for one in looked) else GOOD


def _test(arguments: argparse.Namespace) -> int:
    _good_ones.cache_clear()
    looked = [_tested(file, named=named) for file, named in _files(arguments.files)]
    if arguments.json:
        print(json.dumps([_as_json(one) for one in looked], ensure_ascii=False, indent=2))
    else:
        for one in looked:
            if len(looked) > 1:
                print(f"{one.file}:")
            _say_tested(one)
    return WRONG if any(one.wrong for one in looked) else GOOD


def _files(given: list[Path]) -> Iterator[tuple[Path, bool]]:
    """The flows' files, and whether each was named; those in a folder are not."""
    from configuration.flows import LIBRARY, PHRASES, TESTS

    for path in given:
        if path.is_dir():
            no_flows = PHRASES if path.resolve() == LIBRARY.resolve() else frozenset[str]()
            found = [
                file
                for file in sorted(path.glob("*.yaml"))
                if not file.name.endswith(TESTS) and file.stem not in no_flows
            ]
            yield from ((file, False) for file in found)
            if not found:  # which is not the same as good ones
                yield path, True
        elif path.name.endswith(TESTS):
            yield path.with_name(path.name.removesuffix(TESTS) + ".yaml"), True
        else:
            yield path, True


def _checked(file: Path) -> _Looked:
    from dataclasses import replace

    from ivr_flows.loader import check
    from ivr_flows.references import ANYWHERE

    looked = _Looked(file)
    try:
        text = _text(file)
    except DocumentError as error:
        looked.errors.append(error)
        return looked
    found = check(text, str(file), replace(ANYWHERE, flows=_beside(file)))
    looked.flow = found.flow
    looked.errors += found.errors
    looked.warnings += found.warnings
    return looked


def _tested(file: Path, *, named: bool) -> _Looked:
    from configuration.flows import TESTS
    from ivr_flows.trying.playing import play_all
    from ivr_flows.trying.scripts import load_scripts

    looked = _checked(file)
    if looked.flow is None:
        return looked
    beside = file.with_name(file.stem + TESTS)
    looked.untested = not beside.exists()
    if looked.untested:
        if named:
            what = f"there are no tests of this flow; expected them in {beside}"
            looked.errors.append(DocumentError(str(file), 1, 1, what, "write the file"))
        return looked
    try:
        scripts = load_scripts(_text(beside), str(beside))
    except DocumentError as error:
        looked.errors += (error, *error.others)
        return looked
    looked.played = play_all(looked.flow, scripts, _beside(file))
    return looked


def _text(file: Path) -> bytes:
    """What is in a file. Raises DocumentError if it isn't one, or can't be a flow's."""
    from documents.document import FLOW

    largest = FLOW.characters * 4  # bytes of a character
    try:
        if not file.is_file():
            what = "this is not a file" if file.exists() else "there is no such file"
            what = "there are no flows in this folder" if file.is_dir() else what
            raise DocumentError(str(file), 1, 1, what, "name a flow's file, or a folder with flows")
        with file.open("rb") as opened:
            data = opened.read(largest + 1)
    except OSError as error:
        why = f"it can't be read: {error.strerror}"
        raise DocumentError(str(file), 1, 1, why, "check the file's permissions") from error
    if len(data) > largest:
        raise DocumentError(
            str(file),
            1,
            1,
            f"the file has more than {largest:,} bytes; expected at most {FLOW.characters:,}"
            " characters",
            "check that this is a flow at all",
        )
    return data


def _beside(file: Path) -> "Mapping[str, Flow]":
    """The good flows in the same folder, to which this one may lead."""
    return {flow.name: flow for other, flow in _good_ones(file.parent).items() if other != file}


@cache
def _good_ones(folder: Path) -> "Mapping[Path, Flow]":
    """The flows of a folder that are good by themselves."""
    from ivr_flows.loader import check

    flows = {}
    for file, _ in _files([folder]):
        with suppress(DocumentError):
            found = check(_text(file), str(file))
            if found.flow is not None:
                flows[file] = found.flow
    return flows


def _say_checked(looked: _Looked) -> None:
    _say_faults(looked)
    if looked.flow is not None:
        nodes, warnings = len(looked.flow.nodes), len(looked.warnings)
        print(f"{looked.file}: {looked.flow.name} is good: {nodes} nodes, {warnings} warnings")


def _say_faults(looked: _Looked) -> None:
    for error in looked.errors:
        print(_alone(error))
    for warning in looked.warnings:
        print(f"{_alone(warning)} (a warning)")


def _say_tested(looked: _Looked) -> None:
    for error in looked.errors:
        print(_alone(error))
    played = looked.played
    if played is None:
        if not looked.errors:
            print("no tests")
        return
    if played.not_its is not None:
        print(_alone(played.not_its))
    for test in played.tests:
        print(f"{'failed' if test.fault else 'passed'}  {test.name}")
        if test.fault is not None:
            print(f"        {_alone(test.fault)}")
    coverage = played.coverage
    print(f"{len(coverage.taken)} of {len(coverage.all)} exits are taken")
    if coverage.missed:
        print("never taken: " + ", ".join(f"{node}.{exit}" for node, exit in coverage.missed))


def _alone(error: DocumentError) -> str:
    """An error in one line, without a count of the others, which have lines of their own."""
    text = f"{error.source}:{error.line}:{error.column}: {error.message}"
    return f"{text}; {error.hint}" if error.hint else text


def _as_json(looked: _Looked) -> Mapping[str, Any]:
    played = looked.played
    said: dict[str, Any] = {
        "file": str(looked.file),
        "flow": None if looked.flow is None else looked.flow.name,
        "good": not looked.wrong,
        "errors": [_fault_as_json(error) for error in looked.errors],
        "warnings": [_fault_as_json(warning) for warning in looked.warnings],
    }
    if played is not None:
        if played.not_its is not None:
            said["errors"].append(_fault_as_json(played.not_its))
        said["tests"] = [
            {
                "name": test.name,
                "passed": test.fault is None,
                "fault": None if test.fault is None else _fault_as_json(test.fault),
            }
            for test in played.tests
        ]
        said["exits"] = len(played.coverage.all)
        said["never_taken"] = [
            {"node": node, "exit": exit} for node, exit in played.coverage.missed
        ]
    return said


def _fault_as_json(fault: DocumentError) -> Mapping[str, Any]:
    return {
        "file": fault.source,
        "line": fault.line,
        "column": fault.column,
        "message": fault.message,
        "hint": fault.hint or None,
    }
