"""What is wrong at the start is one line (what, where, what to do), and exit code 1."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from configuration.secrets import SecretsError, load_or_create
from storage.embedded import EmbeddedServer
from tests.conftest import CentreFile, PortBlocks
from tests.offhook.command import Ended, Serving, run

pytestmark = pytest.mark.live

NOBODY = "postgresql://offhook@127.0.0.1:1/offhook"


def serve(centre: Path, tmp_path: Path, dsn: str = NOBODY, **more: object) -> Ended:
    state = tmp_path / "state"
    return run("serve", "--config", centre, "--state", state, OFFHOOK_DSN=dsn, **more)  # type: ignore[arg-type]


@contextmanager
def taken(port: int, kind: int = socket.SOCK_STREAM) -> Iterator[None]:
    with closing(socket.socket(socket.AF_INET, kind)) as other:
        # An earlier test's lingering connections are not in the way.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        yield


# The centre's file, and flows


def test_no_such_centre_file(tmp_path: Path) -> None:
    said = serve(tmp_path / "nowhere.yaml", tmp_path).only_complaint()
    assert said.startswith(f"{tmp_path}/nowhere.yaml: can't be read")


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_a_fault_in_the_centre_file(verb: str, centre_file: CentreFile, tmp_path: Path) -> None:
    file = centre_file(("skill: service", "skil: service"))
    ended = run(verb, "--config", file, "--state", tmp_path / "state", OFFHOOK_DSN=NOBODY)
    said = ended.only_complaint()
    assert said.startswith(f"{file}:7:35: "), said
    assert '"queues.1" of the configuration has no setting "skil"; expected "name", ' in said
    assert said.endswith('; did you mean "skill"?')
    assert ended.to_people == [f"offhook: {said}"]


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_an_unknown_flow(verb: str, centre_file: CentreFile, tmp_path: Path) -> None:
    file = centre_file(
        ("flow: hotline", "flow: hotlin"), ("projects:\n", "flows: mine\nprojects:\n")
    )
    ended = run(verb, "--config", file, "--state", tmp_path / "state", OFFHOOK_DSN=NOBODY)
    said = ended.only_complaint()
    assert said.startswith(f"{file}:5:"), said
    assert 'no flow "hotlin"' in said and 'did you mean "hotline"?' in said
    assert f"{tmp_path}/mine" in said


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_a_fault_in_a_flow(verb: str, centre_file: CentreFile, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    flow = tmp_path / "mine" / "shop.yaml"
    flow.write_text(
        "flow: shop\nlanguages: [en]\nstart: begin\nprompts: {hi: {en: Hi}}\nnodes:\n"
        "  begin: {kind: queue, queue: seals, exits: {talked: bye, timeout: bye}}\n"
        "  bye: {kind: hangup}\n"
    )
    file = centre_file(("flow: hotline", "flow: shop"), ("projects:\n", "flows: mine\nprojects:\n"))
    ended = run(verb, "--config", file, "--state", tmp_path / "state", OFFHOOK_DSN=NOBODY)
    said = ended.only_complaint()
    assert said.startswith(f"{flow}:6:"), said
    assert "seals" in said and "sales" in said


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_an_asterisk_elsewhere_without_its_folders(
    verb: str, centre_file: CentreFile, tmp_path: Path
) -> None:
    file = centre_file(add="asterisk: {managed: false, cel: /cel.csv, sounds: /sounds}\n")
    ended = run(verb, "--config", file, "--state", tmp_path / "state", OFFHOOK_DSN=NOBODY)
    said = ended.only_complaint()
    assert said.startswith(f'{file}:15:1: "asterisk" of the configuration lacks "spool"'), said
    assert said.endswith('; add "spool: ..."')
    assert not (tmp_path / "state").exists()


# The database


def test_no_database_is_named(centre_file: CentreFile, tmp_path: Path) -> None:
    said = serve(centre_file(), tmp_path, dsn="").only_complaint()
    assert "set database.dsn there, or OFFHOOK_DSN" in said


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        (NOBODY, "host 127.0.0.1 port 1 cannot be reached"),
        ("postgresql://u:hush@no-such-host.invalid/offhook", "no-such-host.invalid"),
        ("mysql://u:hush@localhost/offhook", "write postgresql://"),
        ("postgresql://u:hush@localhost:54x2/offhook", "write postgresql://"),
    ],
)
def test_a_database_that_is_not_there(
    dsn: str, expected: str, centre_file: CentreFile, tmp_path: Path
) -> None:
    ended = serve(centre_file(), tmp_path, dsn)
    assert expected in ended.only_complaint()
    assert "hush" not in ended.err


def test_up_without_its_database_starts_nothing(
    centre_file: CentreFile, tmp_path: Path, ports: PortBlocks
) -> None:
    file = centre_file(add=f"database: {{dsn: '{NOBODY}'}}\n")
    ended = run("up", "--config", file, "--state", tmp_path / "state", ports=ports())
    assert "is PostgreSQL running there" in ended.only_complaint()
    assert "starting Asterisk" not in ended.err


async def test_a_wrong_database_password(
    centre_file: CentreFile,
    tmp_path: Path,
    own_folder: Path,
) -> None:
    server = EmbeddedServer(own_folder)
    server.start()
    try:
        db = await asyncpg.connect(server.dsn())
        await db.execute("create role clerk login password 'right'")
        rules = server.data / "pg_hba.conf"
        rules.write_text("local all clerk scram-sha-256\n" + rules.read_text())
        await db.execute("select pg_reload_conf()")
        await db.close()
        dsn = server.dsn().replace("//postgres@", "//clerk:wrong@")
        ended = serve(centre_file(), tmp_path, dsn)
        assert "wrong password for user clerk" in ended.only_complaint()
        assert "clerk:wrong" not in ended.err
    finally:
        server.stop()


# Ports


@pytest.mark.parametrize("which", ["agi", "console"])
def test_a_port_of_the_controller_is_taken(
    which: str, centre_file: CentreFile, tmp_path: Path, ports: PortBlocks
) -> None:
    block = ports()
    port = getattr(block, which)
    with taken(port):
        said = serve(centre_file(), tmp_path, ports=block).only_complaint()
    assert f"TCP port {port} on 127.0.0.1" in said and "end the program that has it" in said


@pytest.mark.parametrize("which", ["sip", "sip_tls", "ami", "agi", "console"])
def test_a_port_of_the_whole_is_taken(
    which: str,
    centre_file: CentreFile,
    tmp_path: Path,
    ports: PortBlocks,
    dsn: str,
) -> None:
    block = ports()
    port = getattr(block, which)
    file = centre_file(add=f"database: {{dsn: '{dsn}'}}\n")
    with taken(port, socket.SOCK_DGRAM if which == "sip" else socket.SOCK_STREAM):
        ended = run("up", "--config", file, "--state", tmp_path / "state", ports=block)
    said = ended.only_complaint()
    assert f"port {port} on 127.0.0.1" in said and "end the program that has it" in said


def test_ports_that_are_no_ports(centre_file: CentreFile, tmp_path: Path) -> None:
    said = serve(centre_file(), tmp_path, OFFHOOK_PORTS="5060,x").only_complaint()
    assert "OFFHOOK_PORTS is '5060,x'; expected 7 numbers" in said


# The state folder


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_damaged_secrets(verb: str, centre_file: CentreFile, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    secrets = tmp_path / "state" / "secrets.json"
    secrets.write_text('{"ami": ')
    ended = run(verb, "--config", centre_file(), "--state", secrets.parent, OFFHOOK_DSN=NOBODY)
    said = ended.only_complaint()
    assert said.startswith(f"{secrets}: can't be read") and "backup" in said
    assert secrets.read_text() == '{"ami": '


@pytest.mark.parametrize("damage", ['{"ami": 5}', '{"sip": {"9": "a;b"}}', '{"pins": [1]}', "[]"])
def test_damage_that_is_json(damage: str, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(damage)
    with pytest.raises(SecretsError, match=f"^{secrets}: can't be read .*; put it back from a"):
        load_or_create(tmp_path)
    assert secrets.read_text() == damage


@pytest.mark.parametrize("verb", ["serve", "up", "demo"])
def test_a_state_folder_that_cannot_be(verb: str, centre_file: CentreFile, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    state = tmp_path / "file" / "state"
    config = [] if verb == "demo" else ["--config", str(centre_file())]
    said = run(verb, *config, "--state", state, OFFHOOK_DSN=NOBODY).only_complaint()
    assert str(state) in said and "ot a directory" in said


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_a_read_only_state_folder(
    verb: str, centre_file: CentreFile, mount: Callable[[str], Path]
) -> None:
    state = mount("ro")
    said = run(verb, "--config", centre_file(), "--state", state, OFFHOOK_DSN=NOBODY)
    assert str(state) in said.only_complaint() and "Read-only" in said.only_complaint()


async def test_two_controllers_on_one_state_folder(
    centre_file: CentreFile,
    tmp_path: Path,
    ports: PortBlocks,
    dsn: str,
) -> None:
    file, state = centre_file(), tmp_path / "state"
    async with Serving(file, state, ports(), dsn, tmp_path / "log") as first:
        said = serve(file, tmp_path, dsn, ports=ports()).only_complaint()
        assert str(state) in said and "in use by another controller" in said
        assert await first.end() == 0


def test_a_demo_does_not_empty_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    said = run("demo", "--calls", "1", "--state", tmp_path).only_complaint()
    assert str(tmp_path) in said and "not emptied" in said
    assert (tmp_path / "letter.txt").read_text() == "dear"


# Programs


def test_espeak_is_missing(centre_file: CentreFile, tmp_path: Path, ports: PortBlocks) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    (path / "openssl").symlink_to(shutil.which("openssl") or "")
    ended = run(
        "up",
        "--config",
        centre_file(),
        "--state",
        tmp_path / "state",
        ports=ports(),
        PATH=str(path),
    )
    assert "the program espeak-ng is missing" in ended.only_complaint()


async def test_a_controller_without_espeak_says_it_once(
    centre_file: CentreFile,
    tmp_path: Path,
    ports: PortBlocks,
    dsn: str,
) -> None:
    (tmp_path / "bin").mkdir()
    block = replace(ports(), ami=1)
    async with Serving(
        centre_file(), tmp_path / "state", block, dsn, tmp_path / "log", PATH=str(tmp_path / "bin")
    ) as serving:
        await serving.until_said("espeak-ng")
        assert await serving.end() == 0
    (said,) = serving.errors
    assert "espeak-ng can't be started" in said and "apt-get install espeak-ng" in said
