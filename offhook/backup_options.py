"""The options of ``./run backup`` and ``./run restore``."""

from pathlib import Path
from typing import Any

from offhook.centre_options import Do


def add_backup_to(commands: Any, state: Path, do: Do) -> None:
    """Add both commands. ``state`` is the usual folder, and ``do`` does what is named."""
    backup = commands.add_parser(
        "backup", help="database, configuration and secrets in one file, while the centre runs"
    )
    backup.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file")
    backup.add_argument("--recordings", action="store_true", help="the recordings too")
    backup.add_argument("--config", type=Path, help="default: STATE/centre.yaml")
    backup.add_argument(
        "--state", type=Path, default=state, help="the centre's folder (default: %(default)s)"
    )
    backup.set_defaults(do=lambda arguments: do("backup", arguments))

    restore = commands.add_parser("restore", help="a centre from its backup, in an empty folder")
    restore.add_argument("file", type=Path, metavar="FILE", help="a file of './run backup'")
    restore.add_argument("--without-recordings", action="store_true", help="leave them out")
    restore.add_argument(
        "--state",
        type=Path,
        default=state,
        help="where the centre is to be; empty, or not there yet (default: %(default)s)",
    )
    restore.set_defaults(do=lambda arguments: do("restore", arguments))
