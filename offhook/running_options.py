"""The options of the commands that run a centre, or look whether it can run."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from offhook.centre_options import Do


def add_running_to(commands: Any, state: Path, demo_state: Path, do: Do) -> None:
    """Add ``demo``, ``up``, ``restart``, ``verify`` and ``serve``. The folders are the usual ones,
    and ``do`` does what is named."""
    demo = commands.add_parser("demo", help="a small working day on a real Asterisk")
    play = demo.add_mutually_exclusive_group()
    play.add_argument("--calls", type=number_of_calls, help="play this many calls, then end")
    play.add_argument(
        "--campaign",
        type=number_of_calls,
        metavar="LEADS",
        help="dial a list of this many leads with 20 agents, compare all books, then end",
    )
    demo.add_argument("--json", action="store_true", help="one JSON object on standard output")
    demo.add_argument(
        "--state",
        type=Path,
        default=demo_state,
        help="where all is kept; emptied at each start (default: %(default)s)",
    )
    demo.set_defaults(do=partial(do, "demo"))

    up = commands.add_parser("up", help="your own centre: database, Asterisk, controller, console")
    up.add_argument("--config", type=Path, help="default: STATE/centre.yaml, written at first")
    up.add_argument(
        "--state",
        type=Path,
        default=state,
        help="where all is kept (default: %(default)s)",
    )
    up.set_defaults(do=partial(do, "up"))

    restart = commands.add_parser(
        "restart", help="a new controller with the configuration as it is now; calls go on"
    )
    restart.add_argument(
        "--state",
        type=Path,
        default=state,
        help="where the running 'up' keeps all (default: %(default)s)",
    )
    restart.set_defaults(do=partial(do, "restart"))

    verifying = commands.add_parser(
        "verify", help="look at a configuration and its flows, without starting anything"
    )
    verifying.add_argument("--config", type=Path, help="default: STATE/centre.yaml")
    verifying.add_argument(
        "--state",
        type=Path,
        default=state,
        help="where uploaded prompts are (default: %(default)s)",
    )
    verifying.add_argument("--json", action="store_true", help="one JSON object")
    verifying.set_defaults(do=partial(do, "verify"))

    controller = commands.add_parser("serve", help="the controller alone (containers, services)")
    controller.add_argument("--config", type=Path, required=True)
    controller.add_argument("--state", type=Path, required=True)
    controller.add_argument("--in-force", action="store_true", help=argparse.SUPPRESS)
    controller.add_argument("--go-fd", type=int, help=argparse.SUPPRESS)
    controller.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    controller.add_argument("--pulse-fd", type=int, help=argparse.SUPPRESS)
    controller.set_defaults(do=partial(do, "serve"))


def number_of_calls(text: str) -> int:
    """What ``--calls`` says. Raises argparse.ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of calls; give 1 or more")
    return int(text)
