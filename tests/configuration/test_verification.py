"""``./run verify``, and addresses that are not this machine's."""

import json
import os
import socket
from pathlib import Path

import pytest

from configuration.addresses import address_faults, check_addresses, not_ours
from configuration.centre_file import ConfigError, load
from configuration.verification import verify
from tests.conftest import CentreFile, PortBlocks
from tests.offhook.command import run, run_here
from tests.prompts.uploads import BROKEN, PLAIN

TEST_NET = "192.0.2.77"  # nobody's, by RFC 5737


def sound(centre_file: CentreFile, *changes: tuple[str, str], add: str = "") -> Path:
    """A centre without a warning, with these changes."""
    return centre_file(
        ("skills: {sales: 3}", "skills: {sales: 3, service: 2, operator: 1}"), *changes, add=add
    )


def test_nothing_to_say_and_nothing_started(centre_file: CentreFile, tmp_path: Path) -> None:
    file = sound(centre_file)
    state = tmp_path / "state"
    ended = run("verify", "--config", file, "--state", state)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{file} can be used\n"
    assert not state.exists()


def test_all_faults_are_said_at_once(
    centre_file: CentreFile, capsys: pytest.CaptureFixture[str]
) -> None:
    file = sound(centre_file, ("skill: service", "skil: service"), add="timezone: Asia/Shanghia\n")
    ended = run_here(capsys, "verify", "--config", file)
    assert ended.code == 1
    assert "Traceback" not in ended.err
    lines = ended.out.splitlines()
    assert [line.startswith(f"error: {file}:") for line in lines] == [True] * len(lines)
    assert any('"skil"' in line for line in lines)
    assert not any("more in this file" in line for line in lines)


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = run_here(capsys, "verify", "--config", tmp_path / "none.yaml")
    assert ended.code == 1
    assert ended.out.startswith(f"error: {tmp_path}/none.yaml: can't be read")


def test_a_flow_with_a_fault_is_an_error(centre_file: CentreFile, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    flow = tmp_path / "mine" / "shop.yaml"
    flow.write_text(
        "flow: shop\nlanguages: [en]\nstart: begin\nprompts: {hi: {en: Hi}}\nnodes:\n"
        "  begin: {kind: queue, queue: seals, exits: {talked: bye, timeout: bye}}\n"
        "  bye: {kind: hangup}\n"
    )
    file = sound(
        centre_file, ("flow: hotline", "flow: shop"), ("projects:\n", "flows: mine\nprojects:\n")
    )
    found = verify(file)
    assert len(found.errors) == 1
    assert found.errors[0].startswith(f"{flow}:6:")
    assert "seals" in found.errors[0]


@pytest.mark.parametrize(
    ("changes", "add", "expected"),
    [
        (
            [("service: 2", "servce: 2")],
            "",
            [
                'no agent has the skill "service", so nobody gets calls from the queue "service";'
                ' did you mean "servce"?',
                'agent 1001 has the skill "servce", which no queue asks for; did you mean',
            ],
        ),
        (
            [("skill: sales}", "skill: sales, min_level: 9}")],
            "",
            ['no agent has the skill "sales" at level 9 or more'],
        ),
        (
            [("agents:\n", "  - {name: spare, project: tea, skill: sales}\nagents:\n")],
            "",
            ['no hotline\'s flow leads to the queue "spare"'],
        ),
        ([("projects:\n", "flows: nowhere\nprojects:\n")], "", ["there is no folder "]),
        ([], "recordings: {root: /nowhere/at/all}\n", ["there is no folder /nowhere/at/all"]),
        (
            [],
            "asterisk: {managed: false, spool: /no/spool, cel: /no/cel/o, sounds: /no/sounds}\n",
            ["/no/spool", "/no/cel", "/no/sounds"],
        ),
        ([("lines:\n  - {name: carrier, kind: trunk}", "lines: []")], "", ["no customer can call"]),
        (
            [("kind: trunk}", "kind: trunk, host: 192.0.2.7}")],
            '  - {name: other, kind: trunk, host: "192.0.2.7:5080"}\n'
            '  - {name: third, kind: trunk, host: "192.0.2.8:5080"}\n',
            ['the lines "carrier" and "other" have the same host, 192.0.2.7: all calls from'],
        ),
    ],
)  # fmt: skip
def test_what_is_seldom_meant_is_a_warning(
    changes: list[tuple[str, str]], add: str, expected: list[str], centre_file: CentreFile
) -> None:
    file = sound(centre_file, add=add)
    text = file.read_text()
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(text)
    found = verify(file)
    assert found.errors == ()
    assert len(found.warnings) == len(expected), found.warnings
    for line, part in zip(found.warnings, expected, strict=True):
        assert part in line
        assert line.startswith(f"{file}:")
        assert "\n" not in line


def test_a_language_without_prompts(centre_file: CentreFile, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "shop.yaml").write_text(
        "flow: shop\nlanguages: [en]\nstart: begin\nprompts: {hi: {en: Hi}}\nnodes:\n"
        "  begin: {kind: say, prompts: [hi], exits: {next: bye}}\n  bye: {kind: hangup}\n"
    )
    file = sound(
        centre_file, ("flow: hotline", "flow: shop"), ("projects:\n", "flows: mine\nprojects:\n")
    )
    found = verify(file)
    assert found.errors == ()
    assert any('the flow "shop" has no prompts in zh-CN' in line for line in found.warnings)


def test_uploads_that_nobody_will_hear(centre_file: CentreFile, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "prompts" / "uploaded" / "en"
    folder.mkdir(parents=True)
    (folder / "greeting.wav").write_bytes(PLAIN)
    (folder / "greting.wav").write_bytes(PLAIN)
    (folder / "goodbye.wav").write_bytes(BROKEN["web page"])
    (folder / "old.wav.taken-over").write_bytes(PLAIN)
    os.mkfifo(folder / "thanks.wav")
    file = sound(centre_file)
    found = verify(file, tmp_path / "state")
    assert found.errors == ()
    said = {Path(line.split(": ")[0]).name: line for line in found.warnings}
    assert set(said) == {"greting.wav", "goodbye.wav", "thanks.wav"}
    assert 'did you mean "greeting"?' in said["greting.wav"]
    assert "can't be played: this is not a WAV file" in said["goodbye.wav"]
    assert "can't be played: it is not a regular file" in said["thanks.wav"]


def test_a_voice_that_is_not_set_up(
    centre_file: CentreFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = sound(centre_file, add="speech: {en: piper}\n")
    found = verify(file)
    assert found.errors == ()
    (said,) = [line for line in found.warnings if "piper" in line]
    assert said.endswith("set it up: ./run piper")


def test_as_json(centre_file: CentreFile, capsys: pytest.CaptureFixture[str]) -> None:
    file = sound(centre_file, add=f"sip: {{bind: {TEST_NET}}}\n")
    ended = run_here(capsys, "verify", "--json", "--config", file)
    found = json.loads(ended.out)
    assert ended.code == 1
    assert found["warnings"] == []
    (error,) = found["errors"]
    assert error.startswith(f"{file}:15:13: SIP can't listen on {TEST_NET} (sip.bind)")


# -- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "[::]", "localhost"])  # noqa: S104
def test_ours(address: str) -> None:
    assert not_ours(address) is None


def test_not_ours() -> None:
    assert not_ours(TEST_NET) == "it is not an address of this machine"
    assert "can't be resolved" in (not_ours("no-such-host.invalid") or "")
    if socket.has_ipv6:
        assert not_ours("2001:db8::77") is not None


@pytest.mark.parametrize(
    ("setting", "column", "what"),
    [
        (f"sip: {{bind: {TEST_NET}}}", 13, "SIP can't listen on"),
        (f"console: {{bind: {TEST_NET}}}", 17, "the console can't listen on"),
        (f"asterisk: {{agi_bind: {TEST_NET}}}", 22, "FastAGI can't listen on"),
        ("sip: {external_address: 127.0.0.1}", 25, "phones outside can't reach 127.0.0.1"),
        ("sip: {external_address: 0.0.0.0}", 25, "phones outside can't reach 0.0.0.0"),
        ("sip: {external_address: pbx.invalid}", 25, "can't be resolved"),
    ],
)
def test_an_address_that_cannot_work_is_said_with_its_line(
    setting: str, column: int, what: str, centre_file: CentreFile
) -> None:
    config = load(sound(centre_file, add=f"{setting}\n"))
    with pytest.raises(ConfigError) as caught:
        check_addresses(config, asterisk=True)
    said = str(caught.value)
    assert said.startswith(f"{config.source}:15:{column}: ")
    assert what in said
    assert "; write " in said


def test_what_another_machine_listens_at_is_not_ours_to_judge(centre_file: CentreFile) -> None:
    config = load(sound(centre_file, add=f"sip: {{bind: {TEST_NET}}}\n"))
    assert address_faults(config, asterisk=False) == []


@pytest.mark.live
@pytest.mark.parametrize("setting", ["sip: {bind: %s}", "console: {bind: %s}"])
def test_up_says_it_before_anything_is_started(
    setting: str, centre_file: CentreFile, ports: PortBlocks, tmp_path: Path
) -> None:
    file = sound(centre_file, add=f"{setting % TEST_NET}\n")
    state = tmp_path / "state"
    said = run("up", "--config", file, "--state", state, ports=ports()).only_complaint()
    assert said.startswith(f"{file}:15:"), said
    assert f"{TEST_NET} " in said and "it is not an address of this machine; write" in said
    assert not (state / "postgres").exists()


@pytest.mark.parametrize("folder", ["/a,b", "/a;b", "/a b", "/$HOME", "/a&b"])
def test_prompts_where_an_asterisk_elsewhere_would_misread_the_path(
    folder: str, centre_file: CentreFile, tmp_path: Path
) -> None:
    line = f"asterisk: {{managed: false, spool: /s, cel: /c/o.csv, sounds: '{folder}'}}\n"
    file = sound(centre_file, add=line)
    (said,) = verify(file).errors
    assert said.startswith(f"{file}:15:")
    assert folder in said and "would misread" in said
    file = sound_again(file, folder)
    to = tmp_path / f"conf{folder[1:]}"
    ended = run("asterisk-conf", "--config", file, "--state", tmp_path / "state", "--to", to)
    assert "would misread" in ended.only_complaint()
    assert not to.exists()


def sound_again(file: Path, folder: str) -> Path:
    """The same with a plain folder."""
    file.write_text(file.read_text().replace(folder, "/plain"))
    return file


@pytest.mark.parametrize("folder", ["a\nb", "a\tb", "a\x1b[31mb"])
def test_a_state_folder_that_cannot_be_seen(
    folder: str, centre_file: CentreFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = sound(centre_file)
    ended = run_here(capsys, "up", "--config", file, "--state", tmp_path / folder)
    said = ended.only_complaint()
    assert "a folder whose name has line breaks" in said
    assert not (tmp_path / folder).exists()
