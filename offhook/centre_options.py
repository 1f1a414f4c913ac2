"""The options of ``./run centre``; ``centre_commands`` does what they say."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

Do = Callable[[str, argparse.Namespace], int]


def add_centre_to(commands: Any, state: Path, do: Do) -> None:
    """Add the command. ``state`` is the usual folder, and ``do`` does what is named."""
    centre = commands.add_parser("centre", help="the directory as a file: export, import, diff")
    parts = centre.add_subparsers(required=True, metavar="COMMAND")

    export = parts.add_parser("export", help="write the directory as YAML, without secrets")
    export.add_argument("--to", type=Path, metavar="FILE", help="default: standard output")
    export.set_defaults(do=partial(do, "export"))

    diff = parts.add_parser(
        "diff", help="what an import would do; exit code 0: nothing, 3: something, 1: it can't"
    )
    diff.set_defaults(do=partial(do, "diff"))

    take = parts.add_parser("import", help="make the directory what a file says, in one change")
    take.add_argument("--dry-run", action="store_true", help="only say what would be done")
    take.add_argument("--note", default="", help="why, for the history")
    removing = take.add_mutually_exclusive_group()
    removing.add_argument(
        "--remove",
        action="store_true",
        help="remove what a section of the file lacks; sections it doesn't have stay as they are",
    )
    removing.add_argument("--keep", action="store_true", help="remove nothing")
    take.add_argument(
        "--secrets",
        type=Path,
        metavar="FILE",
        help="where new passwords and PINs are written (default: a new file in the state folder)",
    )
    take.set_defaults(do=partial(do, "import"))

    for part in (export, diff, take):
        part.add_argument("--config", type=Path, help="default: STATE/centre.yaml")
        part.add_argument(
            "--state", type=Path, default=state, help="the centre's folder (default: %(default)s)"
        )
    for part in (diff, take):
        part.add_argument("file", metavar="FILE", help="a file of './run centre export', or -")
        part.add_argument("--json", action="store_true", help="one JSON object")
