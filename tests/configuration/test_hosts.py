"""A value that can't be a host name is a fault of its setting, never an error of the resolver."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.addresses import not_ours
from configuration.centre_file import ConfigError, load
from configuration.verification import verify
from machine.hosts import is_host, split_port
from offhook.listening_ports import PORTS
from offhook.stack import Stack
from storage.database import check_address, open_database
from storage.database_errors import DatabaseUnreachable
from telephony.asterisk.generated_files import Folders, machine_files
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import CentreFile
from tests.offhook.command import run_here

_INSTALL = AsteriskInstall((), Path("/none"), Path("/none"), "22.10.1")
BAD = ["a..b", ".x", "x" * 64, "a." + "x" * 64, "1.2.3", "0", "256.1.1.1", "[::1", "[]", ":", "-a"]
SETTINGS = [
    "sip: {bind: '%s'}",
    "sip: {external_address: '%s'}",
    "console: {bind: '%s'}",
    "console: {public_url: 'http://%s'}",
    "asterisk: {agi_bind: '%s'}",
    "asterisk: {host: '%s'}",
]


@pytest.mark.parametrize("host", BAD)
@pytest.mark.parametrize("setting", SETTINGS)
def test_what_cannot_be_a_host_is_said_with_its_line(
    setting: str, host: str, centre_file: CentreFile
) -> None:
    file = centre_file(add=f"{setting % host}\n")
    (said,) = verify(file).errors
    assert said.startswith(f"{file}:15:")
    assert "; expected " in said


@pytest.mark.parametrize("host", [*BAD, "a:b:c", "h:0", "h:99999", "h:x", ":5060", "[::1]x"])
def test_a_carrier_that_cannot_be_reached_by_any_name(host: str, centre_file: CentreFile) -> None:
    file = centre_file(("kind: trunk}", f"kind: trunk, host: '{host}'}}"))
    with pytest.raises(ConfigError, match=r':14:.*"lines.0.host".*host or host:port'):
        load(file)


@pytest.mark.parametrize(
    "host",
    ["localhost", "pbx.example", "a.", "my_pbx", "xn--bcher-kva.example", "192.0.2.1", "::1",
     "[2001:db8::1]", "x" * 63, "7up.example"],
)  # fmt: skip
def test_a_host(host: str) -> None:
    assert is_host(host)
    port = f"{host}:5060" if host != "::1" else "[::1]:5060"
    assert split_port(port)[1] == 5060
    assert split_port(host) == (host, None)


@pytest.mark.parametrize("address", ["::1", "[::1]"])
def test_an_ipv6_address_with_or_without_brackets(
    address: str, centre_file: CentreFile, tmp_path: Path
) -> None:
    config = load(centre_file(add="".join(f"{one % address}\n" for one in (
        "sip: {bind: '%s'}", "console: {bind: '%s'}", "asterisk: {agi_bind: '%s'}",
    ))))  # fmt: skip
    assert (config.sip.bind, config.console.bind, config.asterisk.agi_bind) == ("::1",) * 3
    stack = Stack(config, tmp_path / "state", PORTS, _INSTALL)
    assert stack.console_url == "http://[::1]:8080/"
    files = _generated(stack)
    assert "bind = [::1]:5060\n" in files["pjsip_transports.conf"]
    assert "OFFHOOK_AGI = agi://[::1]:4573\n" in files["globals.conf"]


@pytest.mark.parametrize(
    ("bound", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("192.0.2.1", "192.0.2.1")],  # noqa: S104
)
def test_our_own_asterisk_finds_the_controller_where_it_listens(
    bound: str, reached: str, centre_file: CentreFile, tmp_path: Path
) -> None:
    config = load(centre_file(add=f"asterisk: {{agi_bind: '{bound}'}}\n"))
    files = _generated(Stack(config, tmp_path / "state", PORTS, _INSTALL))
    assert f"OFFHOOK_AGI = agi://{reached}:4573\n" in files["globals.conf"]


def _generated(stack: Stack) -> Mapping[str, str]:
    one = stack.instance
    return machine_files(
        one.secrets, one.ports, one.addresses, Folders(Path("/p"), None),
        node=one.node, modules=(),
    )  # fmt: skip


@given(st.text(alphabet=st.sampled_from("ax0.:[]-_%/ \0é"), max_size=90))
def test_no_host_makes_the_resolver_fail_otherwise_than_by_an_answer(text: str) -> None:
    if is_host(text):
        text.strip("[]").encode("idna")


@pytest.mark.parametrize("name", ["a..b", ".x", "x" * 64])
def test_a_name_that_the_resolver_refuses_is_not_ours(name: str) -> None:
    assert "this name can't be resolved (" in (not_ours(name) or "")


@pytest.mark.parametrize("value", ["a\\0b", "\\ud800", "a\\eb"])
@pytest.mark.parametrize(
    "setting",
    ["flows", "timezone", "recordings: {root", "database: {dsn", "title"],
)
def test_no_setting_takes_what_no_path_takes(
    setting: str, value: str, centre_file: CentreFile
) -> None:
    if setting == "title":
        file = centre_file(("title: Tea", f'title: "{value}"'))
    else:
        file = centre_file(add=f'{setting}: "{value}"{"}" if "{" in setting else ""}\n')
    (said,) = verify(file).errors
    assert said.startswith(f"{file}:") and "is not allowed here; remove it" in said
    assert said.isprintable()


@pytest.mark.parametrize("setting", ["flows: '%s'", "recordings: {root: '/%s'}"])
def test_a_folder_whose_name_is_too_long_is_not_found(
    setting: str, centre_file: CentreFile
) -> None:
    found = verify(centre_file(add=f"{setting % ('x' * 5_000)}\n"))
    assert any("there is no folder" in line for line in found.warnings)


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://u@a..b/x", "postgresql://u@a%2e%2eb/x", "postgresql:///x?host=a..b",
     f"postgresql://u@{'x' * 64}/x", "postgresql://u@h:99999/x", "postgresql://[::1/x", "x"],
)  # fmt: skip
async def test_a_database_that_cannot_be_anywhere(dsn: str, centre_file: CentreFile) -> None:
    with pytest.raises(DatabaseUnreachable, match="not a database address"):
        check_address(dsn)
    with pytest.raises(DatabaseUnreachable, match="not a database address"):
        await open_database(dsn)
    file = centre_file(add=f"database: {{dsn: '{dsn}'}}\n")
    (said,) = verify(file).errors
    assert said.startswith(f"{file}:15:") and "not a database address" in said


def test_a_sockets_folder_is_no_host_name() -> None:
    """The embedded PostgreSQL's, in a state folder of a long path."""
    check_address(f"postgresql://postgres@/offhook?host=/{'x' * 64}/a..b/data")


def test_a_proxy_that_is_a_name_is_warned_of(centre_file: CentreFile) -> None:
    found = verify(centre_file(add="console: {proxies: [192.0.2.1, '::1', front.example]}\n"))
    assert found.errors == ()
    (said,) = [line for line in found.warnings if "front.example" in line]
    assert '"front.example" is not an IP address' in said


@pytest.mark.parametrize("option", ["--agi-host", "--ami-bind"])
@pytest.mark.parametrize("host", ["a b", "a..b", "a\nb"])
def test_hosts_on_the_command_line(
    option: str,
    host: str,
    centre_file: CentreFile,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = run_here(
        capsys, "asterisk-conf", "--config", centre_file(), "--state", tmp_path / "s", "--to",
        tmp_path / "to", option, host,
    )  # fmt: skip
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert "can't be a machine's name or address" in ended.err
