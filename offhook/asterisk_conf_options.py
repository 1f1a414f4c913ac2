"""The options of ``offhook asterisk-conf``."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine.hosts import host_argument, network_argument, port_range_argument


def add_asterisk_conf_to(commands: Any, do: Callable[[argparse.Namespace], int]) -> None:
    """Add the command, which ``do`` does."""
    files = commands.add_parser(
        "asterisk-conf", help="write the configuration of an Asterisk that runs elsewhere"
    )
    files.add_argument("--config", type=Path, required=True)
    files.add_argument("--state", type=Path, required=True, help="where secrets.json is, or goes")
    files.add_argument("--to", type=Path, required=True, help="the folder, as Asterisk sees it")
    files.add_argument(
        "--ami-bind", type=host_argument, default="127.0.0.1", help="where AMI listens"
    )
    files.add_argument(
        "--ami-permit",
        type=network_argument,
        action="append",
        metavar="ADDRESS",
        help="who may log in there (default: this machine)",
    )
    files.add_argument(
        "--agi-host",
        type=host_argument,
        default="127.0.0.1",
        help="the controller, seen by Asterisk",
    )
    files.add_argument("--rtp", type=port_range_argument, metavar="FIRST-LAST")
    files.add_argument(
        "--local-net",
        type=network_argument,
        action="append",
        metavar="NETWORK",
        help="who doesn't get sip.external_address (default: all private networks)",
    )
    files.set_defaults(do=do)
