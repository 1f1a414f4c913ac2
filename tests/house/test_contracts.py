"""Breaks every rule about imports on purpose: ``./run check`` must fail each time."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = sorted(
    folder.parent for folder in ROOT.glob("*/__init__.py") if folder.parent.name != "tests"
)

DOWN = "Imports point down the house"
PURE = "no I/O, clock or chance"
FEATURES = "console's features don't know each other"
BREACHES = [
    # Up the house.
    ("domain/identity.py", "machine.hosts", DOWN),
    ("domain/facts.py", "documents.document", DOWN),
    ("documents/document.py", "ivr_flows.flow", DOWN),
    ("storage/outbox.py", "records.writing", DOWN),
    ("telephony/centre_calls.py", "engine.clock", DOWN),
    ("prompts/sounds.py", "ivr_flows.flow", DOWN),
    ("supervision/control.py", "configuration.centre_file", DOWN),
    ("records/call_queries.py", "engine.clock", DOWN),
    ("configuration/centre_file.py", "offhook.stack", DOWN),
    ("engine/board.py", "console.app", DOWN),
    ("console/app.py", "offhook.service", DOWN),
    ("console/app.py", "api.resources", DOWN),
    ("farend/network.py", "bench.rig", DOWN),
    # Sideways.
    ("acd/match.py", "dialer.pacing", DOWN),
    ("dialer/pacing.py", "ivr_flows.flow", DOWN),
    ("ivr_flows/flow.py", "acd.match", DOWN),
    ("telephony/channels.py", "storage.database_errors", DOWN),
    ("storage/database_errors.py", "telephony.channels", DOWN),
    ("prompts/prompt_files.py", "telephony.channels", DOWN),
    ("records/call_queries.py", "recordings.raw_to_wav", DOWN),
    ("recordings/raw_to_wav.py", "records.fold", DOWN),
    ("centre/directory_service.py", "records.fold", DOWN),
    ("centre/directory_service.py", "configuration.settings", DOWN),
    ("records/fold.py", "centre.things", DOWN),
    ("campaigns/attempt_outcomes.py", "records.writing", DOWN),
    ("campaigns/claims.py", "engine.clock", DOWN),
    # The far end is a test tool.
    ("offhook/service.py", "farend.network", DOWN),
    ("offhook/cli.py", "farend.network", DOWN),
    # The cores.
    *[
        ("acd/floor.py", name, PURE)
        for name in ("aiohttp", "asyncio", "asyncpg", "panoramisk", "random", "structlog")
    ],
    *[(f"{core}/__init__.py", "time", PURE) for core in ("acd", "dialer", "domain", "ivr_flows")],
    ("records/fold.py", "threading", PURE),
    *[
        (f"centre/{core}.py", "asyncpg", PURE)
        for core in (
            "agent_cells", "agent_columns", "agent_sheets", "authority", "calendars", "directory",
            "directory_faults", "endpoint_settings", "fault_texts", "inbound_settings", "kinds",
            "organisation_settings", "portable", "portable_text", "running", "setting_values",
            "things",
        )
    ],
    *[
        (f"campaigns/{core}.py", "asyncpg", PURE)
        for core in (
            "after_attempt", "attempt_fold", "campaign", "judging", "stored_leads",
        )
    ],
    ("dialer/pacing.py", "telephony.channels", "know neither Asterisk nor the database"),
    ("acd/floor.py", "storage.database_errors", "know neither Asterisk nor the database"),
    ("telephony/centre_calls.py", "asyncio", "does no I/O itself"),
    ("telephony/node_calls.py", "time", "does no I/O itself"),
    ("engine/calls/ledger.py", "random", "does no I/O itself"),
    ("engine/inbound/dial_outcome.py", "asyncio", "does no I/O itself"),
    ("telephony/ami/protocol.py", "panoramisk", "Only its adapter knows panoramisk"),
    ("engine/switches.py", "panoramisk.manager", "Only its adapter knows panoramisk"),
    # Within the engine, and what pages see of it.
    ("console/board/pages.py", "engine.calls.live_calls", "through its ports alone"),
    ("console/board/pages.py", "console.desk.pages", FEATURES),
    ("api/calls_json.py", "engine.board", "through its ports alone"),
    ("api/calls_json.py", "console.calls.words", "The API knows no page"),
    ("console/floor/rows.py", "console.calls.words", FEATURES),
    ("console/kit/feed.py", "console.users.pages", FEATURES),
    ("console/calls/words.py", "console.app", FEATURES),
    ("console/kit/feed.py", "console.floor.rows", "kit knows nothing above it"),
    ("engine/agents/live_floor.py", "engine.inbound.caller_sessions", "Within the engine"),
    ("engine/inbound/caller_sessions.py", "engine.switches", "Within the engine"),
    ("simulation/world.py", "dialer.pacing", "knows no policy"),
]  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's code, to be spoilt."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(room, copy / room.name, ignore=shutil.ignore_patterns("[!_a-z]*", "static"))
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    return copy


def verdict(house: Path) -> tuple[int, str]:
    """What import-linter says of it: its exit code, and its report."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=house, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_house_as_it_is_breaks_no_rule(house: Path) -> None:
    code, report = verdict(house)
    assert code == 0, report
    assert "0 broken" in report


@pytest.fixture(scope="module")
def broken(house: Path) -> Mapping[str, str]:
    """What import-linter reports of each rule when all of them are broken at once."""
    whole = {file: (house / file).read_text("utf-8") for file, _, _ in BREACHES}
    try:
        for file, imported, _ in BREACHES:
            with (house / file).open("a", encoding="utf-8") as spoilt:
                spoilt.write(f"\nimport {imported}\n")
        code, report = verdict(house)
    finally:
        for file, text in whole.items():
            (house / file).write_text(text, "utf-8")
    assert code == 1, report
    titles_and_details = re.split(r"(?m)^(\S.*)\n-+$", report)
    return dict(zip(titles_and_details[1::2], titles_and_details[2::2], strict=True))


@pytest.mark.parametrize(("file", "imported", "rule"), BREACHES)
def test_a_broken_rule_is_seen(
    broken: Mapping[str, str], file: str, imported: str, rule: str
) -> None:
    """The import is reported by itself, and not as a step on the way to another room."""
    spoilt = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    first, *_ = imported.split(".")
    seen_as = imported if (ROOT / first).is_dir() else first  # of libraries only the name
    (details,) = [details for title, details in broken.items() if rule in title]
    alone = rf"(?m)^- +{re.escape(spoilt)} -> {re.escape(seen_as)} \(l\.[^()]*\)\n\n"
    assert re.search(alone, details), details


def test_every_room_is_under_the_rules() -> None:
    """A new room has its place in the house, has its types checked, and is installed."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    rooms = {room.name for room in ROOMS}
    layers = tool["importlinter"]["contracts"][0]["layers"]
    assert set(tool["importlinter"]["root_packages"]) == rooms
    assert {name for layer in layers for name in layer.split(" | ")} == rooms
    assert set(tool["mypy"]["packages"]) == rooms | {"tests"}
    assert {f"{room}*" for room in rooms} <= set(tool["setuptools"]["packages"]["find"]["include"])
