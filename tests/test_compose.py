"""docker-compose.yml: what must be in it, and what must never be. No container is started."""

import importlib.util
import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from configuration.centre_file import DEMO_CENTRE, Config, load
from offhook.places import places

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
CENTRE = ROOT / "docker" / "centre.yaml"
LASTING = ("postgres", "asterisk", "offhook", "farend")
STATE = Path("/var/lib/offhook/state")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file with every ${NAME:-default} at its default, as nobody has set anything."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE.read_text("utf-8"))
    whole: dict[str, Any] = YAML(typ="safe").load(text)
    return whole


@pytest.fixture(scope="module")
def config() -> Config:
    return load(CENTRE)


def _mounts(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Path in the container: (volume or folder, read-only)."""
    parts = [volume.split(":") for volume in service["volumes"]]
    return {part[1]: (part[0], part[2:] == ["ro"]) for part in parts}


def test_the_three_services_start_and_the_far_end_only_in_the_demo(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert set(services) == {"setup", *LASTING}
    assert services["farend"]["profiles"] == ["demo"]
    assert all("profiles" not in services[name] for name in services if name != "farend")
    for name in LASTING:
        assert services[name]["restart"] == "unless-stopped"
    assert services["setup"]["restart"] == "no"


def test_every_lasting_service_is_checked(compose: dict[str, Any]) -> None:
    for name in LASTING:
        check = compose["services"][name]["healthcheck"]
        assert check["test"][0] in ("CMD", "CMD-SHELL"), name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name
        for argument in check["test"][1:] if check["test"][0] == "CMD" else ():
            assert " " not in argument, f"{name}: podman 4 cuts arguments of CMD at spaces"


def test_nothing_is_published_but_on_this_machine(compose: dict[str, Any]) -> None:
    published = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert [name for name, ports in published.items() if ports] == ["asterisk", "offhook"]
    for name, ports in published.items():
        for port in ports:
            assert re.fullmatch(r"127\.0\.0\.1:[0-9-]+:[0-9-]+/(udp|tcp)", port), (name, port)
    assert all(service.get("network_mode") != "host" for service in compose["services"].values())


def test_sound_has_the_same_ports_inside_and_outside(compose: dict[str, Any]) -> None:
    [sound] = [p for p in compose["services"]["asterisk"]["ports"] if "-" in p]
    _, outside, inside = sound.split("/")[0].split(":")
    assert outside == inside
    assert f"--rtp={inside}" in compose["services"]["setup"]["command"]


def test_control_ports_and_the_database_are_on_the_closed_network(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert compose["networks"]["inside"]["internal"] is True
    assert set(services["postgres"]["networks"]) == {"inside"}
    assert set(services["farend"]["networks"]) == {"outside"}
    address = {
        name: services[name]["networks"]["inside"]["ipv4_address"]
        for name in ("asterisk", "offhook")
    }
    told = services["setup"]["command"]
    assert f"--ami-bind={address['asterisk']}" in told
    assert f"--ami-permit={address['offhook']}" in told
    assert f"--agi-host={address['offhook']}" in told
    inside = [
        s["networks"]["inside"] for s in services.values() if "inside" in s.get("networks", ())
    ]
    assert len({network["ipv4_address"] for network in inside}) == len(inside) == 3


def test_names_of_the_closed_network_are_those_of_the_configuration(
    compose: dict[str, Any], config: Config
) -> None:
    def aliases(service: str) -> list[str]:
        found: list[str] = compose["services"][service]["networks"]["inside"]["aliases"]
        return found

    assert config.asterisk.host in aliases("asterisk")
    assert config.asterisk.agi_bind in aliases("offhook")


def test_no_secret_is_written_in_any_file(compose: dict[str, Any]) -> None:
    files = [COMPOSE, *sorted((ROOT / "docker").iterdir())]
    for file in files:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            given = re.search(
                r"(?i)(password|secret|token)\w*\s*[=:]\s*['\"]?[\w+-][\w+/-]{7,}", line
            )
            assert given is None, f"{file.name}:{number}: {line}"
    environment = compose["services"]["postgres"]["environment"]
    assert "POSTGRES_PASSWORD" not in environment
    assert "POSTGRES_HOST_AUTH_METHOD" not in environment
    folder = str(Path(environment["POSTGRES_PASSWORD_FILE"]).parent)
    assert _mounts(compose["services"]["postgres"])[folder] == ("database-password", True)
    assert ":" not in str(load(CENTRE).database.dsn).split("//")[1].split("@")[0]


def test_what_must_last_is_in_volumes(compose: dict[str, Any], config: Config) -> None:
    mounted = _mounts(compose["services"]["offhook"])
    assert mounted[str(config.recordings.root)][0] == "recordings"
    assert mounted[str(STATE)][0] == "state"
    assert _mounts(compose["services"]["postgres"])["/var/lib/postgresql/data"][0] == "database"
    used = {m[0] for service in compose["services"].values() for m in _mounts(service).values()}
    assert used == {*compose["volumes"], "./docker/centre.yaml"}


def test_asterisk_and_offhook_see_shared_files_under_the_same_paths(
    compose: dict[str, Any], config: Config
) -> None:
    ours = _mounts(compose["services"]["offhook"])
    asterisks = _mounts(compose["services"]["asterisk"])
    where = places(config, STATE)
    for path in (where.spool, where.cel, where.prompts, where.dialplan_prompts, where.generated):
        assert path is not None
        shared = [str(p) for p in (path, *path.parents) if str(p) in ours]
        assert shared, f"{path} is in no volume of offhook"
        assert asterisks[shared[0]][0] == ours[shared[0]][0]
    assert not config.asterisk.managed


def test_the_same_centre_as_the_demo(config: Config) -> None:
    assert config.sections == load(DEMO_CENTRE).sections is not None


def test_builds_name_files_that_are_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        if build := service.get("build"):
            text = (ROOT / build["dockerfile"]).read_text("utf-8")
            assert f"AS {build['target']}" in text if "target" in build else True
            for source in re.findall(r"(?m)^COPY (?!--)(\S+) ", text):
                assert (ROOT / source).exists()
    assert (ROOT / "docker" / "setup.sh").stat().st_mode & stat.S_IXUSR


def test_what_images_run_of_ours_is_there() -> None:
    """Modules get new names; nobody builds an image for each of them."""
    text = "".join(path.read_text("utf-8") for path in sorted((ROOT / "docker").iterdir()))
    imports = re.findall(r"(?m)from ((?:farend|telephony)[\w.]*) import (\w+)", text)
    assert imports
    for module, name in imports:
        assert hasattr(importlib.import_module(module), name), f"{module}.{name}"
    assert '"-m", "farend"' in text and importlib.util.find_spec("farend.__main__")


def test_the_setup_step_writes_asterisks_files(compose: dict[str, Any], tmp_path: Path) -> None:
    """What the container runs, but for the folders."""
    to, state = tmp_path / "asterisk", tmp_path / "state"
    options = [*compose["services"]["setup"]["command"][1:]]
    command = [sys.executable, "-m", "offhook", "asterisk-conf", "--config", str(CENTRE)]
    command += ["--state", str(state), "--to", str(to), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    literal = {path.name for path in (ROOT / "asterisk-conf").glob("*.conf")}
    assert literal <= {path.name for path in to.iterdir()}
    for path in sorted(to.glob("*.conf")):
        for name in re.findall(r"(?m)^#include (\S+)", path.read_text("utf-8")):
            assert (to / name).is_file(), f"{path.name} includes {name}"
    secrets = json.loads((state / "secrets.json").read_text("utf-8"))
    passwords = json.loads((state / "passwords.json").read_text("utf-8"))["sip"]
    assert passwords.keys() >= {"1001", "carrier"}
    manager = (to / "generated" / "manager.conf").read_text("utf-8")
    assert secrets["ami"] in manager
    assert "permit = 172.29.83.3/255.255.255.255\n" in manager
    assert f"astetcdir => {to}\n" in (to / "asterisk.conf").read_text("utf-8")
    for path in (to / "generated").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not any(word in path.read_text("utf-8") for word in passwords.values())


def test_an_asterisk_of_our_own_needs_no_files_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "offhook", "asterisk-conf", "--state", str(tmp_path)]
    command += [
        "--config",
        str(DEMO_CENTRE),
        "--to",
        str(tmp_path / "x"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    where, _, what = done.stderr.partition(": Offhook starts this Asterisk itself")
    assert re.fullmatch(rf"offhook: {DEMO_CENTRE}:\d+:\d+", where)
    assert "set asterisk.managed: false" in what
    assert not (tmp_path / "x").exists()
