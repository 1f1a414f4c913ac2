"""The command line: what ``./run`` hands over to."""

import argparse
import asyncio
import contextlib
import errno
import gc
import json
import logging
import os
import shutil
import socket
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.errors import OperatorError
from machine.one_line import in_one_line
from offhook.asterisk_conf_options import add_asterisk_conf_to
from offhook.backup_options import add_backup_to
from offhook.centre_options import add_centre_to
from offhook.flow_options import add_flows_to
from offhook.running_options import add_running_to
from simulation.command_line import add_simulate_to
from supervision.outlet import outlet, say

# Each command imports what it runs: the controller takes half a second to load, and most commands
# have no use for it.

ROOT = Path(__file__).resolve().parent.parent
CLONE = (ROOT / "run").is_file()
"""Whether this is the repository; else it is installed, and what is around it is not ours."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments (None: the process's own), do, exit: 0 done, 1 failed with one line on
    standard error, 130 by Ctrl-C, 141 where nobody reads on what is printed (as if SIGPIPE had
    ended it)."""
    parsed = _parser().parse_args(arguments)
    try:
        _check_folder(getattr(parsed, "state", None))
        code = parsed.do(parsed)
        sys.stdout.flush()  # here, where it can still be said that nobody reads on
        sys.exit(code)
    except BrokenPipeError:
        # What is left in the buffer would be written at the very end, and complained about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OperatorError as error:
        sys.exit(f"offhook: {in_one_line(error)}")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"offhook: {_about_a_file(error)}")
    except KeyboardInterrupt:
        sys.exit(130)


def _check_folder(state: Path | None) -> None:
    if state is not None and not str(state).isprintable():
        from offhook.stack_error import StackError

        raise StackError(
            f"--state {str(state)!r}: a folder whose name has line breaks or other characters that"
            " can't be seen is not used; name another"
        )


def _about_a_file(error: OSError) -> str:
    """A file or folder that can't be used, whoever wanted it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            cure = "free space there"
        case errno.EROFS:
            cure = "mount it writable, or name another folder"
        case errno.EACCES | errno.EPERM:
            cure = "let the user that runs Offhook use it, or name another"
        case _:
            cure = "correct the path, or mend what is there"
    return f"{error.filename}: {error.strerror}; {cure}"


def state_folder(name: str) -> Path:
    """Where state is kept if nothing else is said: in the clone, or where such things are kept."""
    if CLONE:
        return ROOT / "var" / name
    base = os.environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):
        folder = Path(base)
    elif os.geteuid() == 0:
        # Not root's home: PostgreSQL then runs as a user of its own, and must get there.
        folder = Path("/var/lib")
    else:
        folder = Path.home() / ".local" / "state"
    return folder / "offhook" / name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run" if CLONE else "offhook", description="Offhook, a call centre on Asterisk."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_running_to(commands, state_folder("up"), state_folder("demo"), _run)
    add_asterisk_conf_to(commands, _asterisk_conf)
    piper = commands.add_parser(
        "piper", help="set up piper, a better English voice (optional, about 300 MB)"
    )
    piper.set_defaults(do=_piper)
    add_backup_to(commands, state_folder("up"), _backup)
    add_centre_to(commands, state_folder("up"), _centre)
    add_flows_to(commands, state_folder("up"), _move_flows)
    add_simulate_to(commands)
    if CLONE:
        _add_workshop(commands)
    return parser


def _add_workshop(commands: Any) -> None:
    """What is for those who change Offhook."""
    for name, about in (
        ("test", "all tests, those on the real Asterisk and PostgreSQL included"),
        ("check", "ruff, mypy and import-linter"),
        ("bench", "the benchmarks; writes bench-results.json"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("rest", nargs=argparse.REMAINDER, help="handed on")
        command.set_defaults(do={"test": _test, "check": _check, "bench": _bench}[name])


def _loop(work: Coroutine[Any, Any, int | None]) -> int:
    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work) or 0


def log_to(stream: Any) -> None:
    """Structured lines for machines, readable ones on a terminal."""
    import structlog

    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if stream.isatty()
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(outlet(stream)),
    )


def _run(what: str, arguments: argparse.Namespace) -> int:
    work = {"demo": _demo, "up": _up, "restart": _restart, "verify": _verify, "serve": _serve}
    return work[what](arguments)


def _serve(arguments: argparse.Namespace) -> int:
    # What is loaded stays. Looking for garbage among it, again and again while it grows, would take
    # a sixth of the time to the first call.
    gc.disable()
    import uvloop  # noqa: F401 - for ``_loop``: a spare has it before it says that it is loaded

    from configuration.centre_file import ConfigError
    from configuration.flows import check_sections
    from configuration.in_force import for_a_service, kept
    from offhook.listening_ports import ports_of
    from offhook.service import serve

    gc.freeze()
    gc.enable()

    def tell(line: str) -> None:
        """To whoever started us, in their pipe; else to the person at the terminal."""
        if arguments.ready_fd is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(arguments.ready_fd, f"{line}\n".encode())
        elif line != "ready":
            say(line)

    if arguments.go_fd is not None:
        tell("loaded")
        if not os.read(arguments.go_fd, 1):
            return 0  # a spare that was never needed
        tell("going")
    log_to(sys.stderr)
    state: Path = arguments.state
    take = kept if arguments.in_force else for_a_service
    found = take(arguments.config, state)
    config = found.config
    if not arguments.in_force:
        check_sections(config)
    if config.asterisk.managed:
        # Recordings and callers' numbers are for nobody else on this machine. An Asterisk
        # elsewhere may have another user, who must read the prompts: there the operator decides.
        os.umask(0o077)
    ports = ports_of(config, os.environ.get("OFFHOOK_PORTS"))
    dsn = os.environ.get("OFFHOOK_DSN") or config.database.dsn
    if not dsn:
        raise ConfigError(
            f"{config.source}: no database is named; set database.dsn there, or OFFHOOK_DSN, to"
            " postgresql://user@host:5432/offhook"
        )
    pulse = None if arguments.pulse_fd is None else socket.socket(fileno=arguments.pulse_fd)
    return _loop(serve(found, state, ports, dsn, tell, pulse, kept=arguments.in_force))


def _asterisk_conf(arguments: argparse.Namespace) -> int:
    from centre.directory import Directory
    from centre.running import centre_of
    from configuration.centre_file import load
    from configuration.directory_at_start import asterisk_passwords, kept_here
    from configuration.secrets import load_or_create, secrets_for
    from offhook import asterisk_conf
    from offhook.listening_ports import ports_of
    from telephony.asterisk.generated_files import Addresses

    log_to(sys.stderr)
    config = load(arguments.config)
    ports = ports_of(config, os.environ.get("OFFHOOK_PORTS"))
    first, last = arguments.rtp or (ports.rtp_start, ports.rtp_end)
    ports = replace(ports, ami=config.asterisk.ami_port or ports.ami, rtp_start=first, rtp_end=last)
    usual = Addresses()
    addresses = Addresses(
        sip=config.sip.bind,
        external=config.sip.external_address,
        ami=arguments.ami_bind,
        agi=arguments.agi_host,
        ami_permit=tuple(arguments.ami_permit or usual.ami_permit),
        local_nets=tuple(arguments.local_net or usual.local_nets),
    )
    kept = kept_here(arguments.state)
    if config.sections is None and kept is not None:
        centre = centre_of(kept.kept.directory)
        passwords = asterisk_passwords(load_or_create(arguments.state), kept)
    else:
        directory = config.sections or Directory()
        centre = centre_of(directory)
        passwords = secrets_for(arguments.state, directory).for_asterisk(centre)
    to = arguments.to.absolute()
    work = asterisk_conf.write(config, centre, arguments.state, passwords, ports, addresses, to)
    _loop(work)
    print(
        f"offhook: wrote {to}; start Asterisk with: asterisk -C {to}/asterisk.conf -f",
        file=sys.stderr,
    )
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from farend.demo import demo

    log_to(sys.stderr)
    playing = demo(
        arguments.state, arguments.calls, campaign=arguments.campaign, as_json=arguments.json
    )
    return _loop(playing)


def _up(arguments: argparse.Namespace) -> int:
    from configuration.centre_file import NEW_CENTRE, load
    from offhook.listening_ports import ports_of
    from offhook.up import up

    log_to(sys.stderr)
    file = arguments.config or arguments.state / "centre.yaml"
    if arguments.config is None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(NEW_CENTRE, file)
        print(f"offhook: wrote {file}, which has what belongs to this machine", file=sys.stderr)
    config = load(file)
    ports = ports_of(config, os.environ.get("OFFHOOK_PORTS"))
    return _loop(up(config, arguments.state, ports))


def _restart(arguments: argparse.Namespace) -> int:
    from supervision.control import ask

    _loop(ask(arguments.state, "restart", say))
    return 0


def _piper(_arguments: argparse.Namespace) -> int:
    from offhook.piper_set_up import set_up

    return set_up()


def _backup(what: str, arguments: argparse.Namespace) -> int:
    from offhook.backup import backup
    from offhook.restore import restore

    log_to(sys.stderr)
    return _loop({"backup": backup, "restore": restore}[what](arguments))


def _centre(what: str, arguments: argparse.Namespace) -> int:
    from offhook import centre_commands

    log_to(sys.stderr)
    work = {
        "export": centre_commands.export,
        "diff": centre_commands.diff,
        "import": centre_commands.take_in,
    }
    return _loop(work[what](arguments))


def _move_flows(what: str, arguments: argparse.Namespace) -> int:
    from offhook import flow_transfer_commands

    log_to(sys.stderr)
    work = {"export": flow_transfer_commands.export, "import": flow_transfer_commands.take_in}
    return _loop(work[what](arguments))


def _verify(arguments: argparse.Namespace) -> int:
    from configuration.verification import verify

    file = arguments.config or arguments.state / "centre.yaml"
    found = verify(file, arguments.state)
    if arguments.json:
        print(json.dumps({"errors": found.errors, "warnings": found.warnings}, ensure_ascii=False))
    else:
        for kind, lines in (("error", found.errors), ("warning", found.warnings)):
            for line in lines:
                print(f"{kind}: {line}")
        if not found.errors:
            print(f"{file} can be used" + (", but look at the warnings" if found.warnings else ""))
    return 1 if found.errors else 0


def _check(_arguments: argparse.Namespace) -> int:
    from tools.quality import check

    return check()


def _test(arguments: argparse.Namespace) -> int:
    from tools.quality import test

    return test(arguments.rest)


def _bench(arguments: argparse.Namespace) -> int:
    from tools.quality import bench

    return bench(arguments.rest)
