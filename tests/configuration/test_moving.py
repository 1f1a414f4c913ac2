"""What was in centre.yaml before there was a directory, and what stays there."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from configuration.centre_file import DEMO_CENTRE, Config, load, parse
from configuration.moving import again, is_marked, mark, take_out, without_sections
from configuration.old_sections import NAMES
from tests.conftest import CentreFile
from tests.rights import an_owners_rights

MACHINE = {
    "node": "node: pbx2",
    "sip": "sip:\n  bind: 127.0.0.1  # here\n",
    "console": "console: {port: 8081}",
    "drain_s": '"drain_s": 5',
}
SECTIONS = {
    "projects": "projects:\n  - {name: tea, title: Tea}\n",
    "hotlines": "hotlines: []",
    "queues": "queues:\n- {name: a, project: tea, skill: a}\n\n# of queues\n",
    "agents": "'agents': []",
    "stations": "stations: [\n]\n",
    "lines": "lines: []",
    "languages": "languages: [en]",
}


def machine_of(config: Config) -> tuple[object, ...]:
    return (config.node, config.sip, config.console, config.drain_s, config.flows)


@given(
    st.permutations([*MACHINE, *SECTIONS]),
    st.lists(
        st.sampled_from(["", "# about what follows", "  # indented"]), min_size=11, max_size=11
    ),
)
def test_what_stays_is_what_it_was_with_its_comments(names: list[str], before: list[str]) -> None:
    text = "".join(
        f"{comment}\n{(MACHINE | SECTIONS)[name]}\n"
        for comment, name in zip(before, names, strict=True)
    )
    config = parse(Path("centre.yaml"), text.encode())
    left = without_sections(config).decode()
    after = parse(Path("centre.yaml"), left.encode())
    assert after.sections is None
    assert machine_of(after) == machine_of(config)
    for comment, name in zip(before, names, strict=True):
        if name in MACHINE and comment.startswith("#"):
            line = MACHINE[name].partition("\n")[0]
            assert f"{comment}\n{line}" in left


def test_a_file_in_one_pair_of_braces(tmp_path: Path) -> None:
    whole = {"node": "pbx2", "projects": [], "hotlines": [], "queues": [], "agents": []}
    whole |= {"stations": [], "lines": []}
    config = parse(tmp_path / "centre.yaml", json.dumps(whole).encode())
    assert json.loads(without_sections(config)) == {"node": "pbx2"}


def test_the_demos_file() -> None:
    config = load(DEMO_CENTRE)
    left = without_sections(config).decode()
    assert "# Where things listen and are kept." in left
    assert not any(f"{name}:" in left for name in NAMES)
    assert machine_of(parse(DEMO_CENTRE, left.encode())) == machine_of(config)


def test_the_old_file_is_kept(centre_file: CentreFile) -> None:
    file = centre_file(add="node: pbx2\n")
    file.chmod(0o640)
    text = file.read_text("utf-8")
    after = take_out(load(file))
    assert (after.node, after.sections) == ("pbx2", None)
    assert file.read_text("utf-8") == "node: pbx2\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.with_name("centre.yaml.moved").read_text("utf-8") == text
    assert load(file).text == after.text


def test_a_file_that_somebody_saved_meanwhile_is_left_alone(centre_file: CentreFile) -> None:
    file = centre_file()
    config = load(file)
    file.write_text("node: pbx3\n", "utf-8")
    assert take_out(config).sections is None
    assert file.read_text("utf-8") == "node: pbx3\n"


def test_sections_that_cannot_be_removed_mean_nothing(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    file, state = centre_file(), tmp_path / "state"
    text = file.read_text("utf-8")
    config = load(file)
    mark(config, state)
    tmp_path.chmod(0o500)
    with an_owners_rights(), capture_logs() as logs:
        assert take_out(config).sections is None
    tmp_path.chmod(0o700)
    assert [line["log_level"] for line in logs] == ["warning"]
    assert file.read_text("utf-8") == text
    assert is_marked(load(file), state)


def test_other_sections_than_those_that_were_moved_are_an_error(
    centre_file: CentreFile, tmp_path: Path
) -> None:
    file, state = centre_file(), tmp_path / "state"
    mark(load(file), state)
    file.write_text(file.read_text("utf-8").replace("title: Tea", "title: Coffee"), "utf-8")
    config = load(file)
    assert not is_marked(config, state)
    said = str(again(config))
    assert said.startswith(f'{file}:1:1: "projects" and what belongs to it are in the directory')
    assert "./run centre import" in said
