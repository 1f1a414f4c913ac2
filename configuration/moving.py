"""Moves the directory's sections out of a centre.yaml, where they were before there was one."""

import hashlib
import json
from pathlib import Path

import structlog

from centre.directory import content
from configuration.centre_file import Config, ConfigError, parse
from configuration.old_sections import NAMES
from machine.private_files import write_private

log = structlog.get_logger()

MOVED = "moved-sections"
"""A file in the state folder that says which sections were moved."""


def without_sections(config: Config) -> bytes:
    """The file's text without its sections, with the comments of what stays."""
    document = config.document
    if not document.data.keys() - set(NAMES):
        return f"# What belongs to this machine.\nnode: {config.node}\n".encode()
    lines = config.text.decode("utf-8-sig").splitlines(keepends=True)
    starts = sorted((document.keys[name,][0] - 1, name) for name in document.data)
    own_lines = len({line for line, _ in starts}) == len(starts) and all(
        lines[line].startswith((name, f'"{name}"', f"'{name}'")) for line, name in starts
    )
    if not own_lines:  # everything in one pair of braces
        rest = {name: value for name, value in document.data.items() if name not in NAMES}
        return (json.dumps(rest, indent=2, ensure_ascii=False) + "\n").encode()
    kept = lines[: starts[0][0]] if starts else lines
    for number, (line, name) in enumerate(starts):
        end = starts[number + 1][0] if number + 1 < len(starts) else len(lines)
        own_end = _end(lines, line, end)
        if name not in NAMES:
            kept += lines[line:own_end]
        kept += lines[own_end:end]
    return "".join(kept).encode()


def _end(lines: list[str], line: int, end: int) -> int:
    """Where a section ends: comments right above the next one belong to that."""
    last = end
    while last > line + 1 and lines[last - 1].startswith(("#", "\n", "\r")):
        last -= 1
    return last


def mark(config: Config, state: Path) -> None:
    """Note which sections are being moved, before they are. Raises OSError."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(state / MOVED, _digest(config).encode())


def is_marked(config: Config, state: Path) -> bool:
    """Whether it was these very sections that were moved, though the file still has them."""
    try:
        return (state / MOVED).read_text("utf-8") == _digest(config)
    except OSError:
        return False


def _digest(config: Config) -> str:
    things = sorted(
        json.dumps([thing.KIND, content(thing)], sort_keys=True) for thing in config.sections or ()
    )
    return hashlib.sha256("\n".join(things).encode()).hexdigest()


def take_out(config: Config) -> Config:
    """Rewrite the file without its sections; the old one is kept beside it as ``.moved``.

    Returns what the file is now. If it can't be rewritten, that is logged, and the sections stay in
    it without a meaning.
    """
    new = without_sections(config)
    without = parse(config.source, new)
    old = config.source.with_name(f"{config.source.name}.moved")
    try:
        if config.source.read_bytes() != config.text:
            return without  # somebody has changed it since; its next reader will say what it has
        mode = config.source.stat().st_mode & 0o777
        if not old.exists():
            write_private(old, config.text)
        write_private(config.source, new)
        config.source.chmod(mode)
    except OSError as error:
        log.warning(
            "projects, numbers, queues, agents, phones and lines are in the directory now, but"
            " can't be removed from the file, where they no longer mean anything; remove them by"
            " hand",
            file=str(config.source),
            why=error.strerror,
        )
        return without
    log.info(
        "projects, numbers, queues, agents, phones and lines are in the directory now; the old"
        " file is kept",
        file=str(config.source),
        old=str(old),
    )
    return without


def again(config: Config) -> ConfigError:
    """The error for sections in a file whose centre has a directory already."""
    first = min(
        (name for name in NAMES if name in config.document.data),
        key=lambda name: config.document.keys[name,],
    )
    return ConfigError(
        str(
            config.document.fault(
                (first,),
                f'"{first}" and what belongs to it are in the directory, no longer in this file',
                "change them in the console, or with './run centre import' on a file of their own,"
                " and remove them from here",
                key=True,
            )
        )
    )
