"""Faults in a centre's file: where, what, what was expected, and what to do."""

from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest

from centre.directory import Directory
from centre.directory_faults import faults_of
from centre.kinds import Kind
from centre.running import centre_of
from configuration.centre_file import DEMO_CENTRE, ConfigError, load
from configuration.flows import flow_files, load_flows, loadable_flows, surroundings
from machine.local_zone import zone_here
from offhook.listening_ports import ports_of
from offhook.running_options import number_of_calls
from tests.conftest import CentreFile


def complaint(centre_file: CentreFile, *changes: tuple[str, str]) -> str:
    """What is said of the good file with these changes, without its folder."""
    file = centre_file(*changes)
    with pytest.raises(ConfigError) as caught:
        load(file)
    said = str(caught.value)
    assert "\n" not in said and "None" not in said and "Input" not in said, said
    return said.removeprefix(f"{file.parent}/")


def test_the_demo_centre_is_right() -> None:
    config = load(DEMO_CENTRE)
    assert config.sections is not None
    flows = load_flows(flow_files(config), config.sections)
    assert set(flows) == set(flow_files(config)) >= {"greeting", "hotline"}
    assert {kind: len(things) for kind, things in config.sections.things.items()} == {
        Kind.PROJECT: 1,
        Kind.SKILL: 3,
        Kind.QUEUE: 3,
        Kind.HOTLINE: 1,
        Kind.STATION: 8,
        Kind.LINE: 2,
        Kind.AGENT: 8,
        Kind.AWAY_REASON: 4,
    }
    assert not list(faults_of(config.sections, surroundings(loadable_flows(flow_files(config)))))


def test_what_is_left_out_has_its_usual_value(centre_file: CentreFile) -> None:
    config = load(centre_file())
    assert config.sections is not None
    (sales, *_) = centre_of(config.sections).queues
    assert (sales.ring_s, sales.wrap_up_s, sales.service_level_s) == (15, 20, 20)
    assert config.sip.bind == config.console.bind == "127.0.0.1"
    assert config.asterisk.managed and config.database.dsn is None
    assert config.sections.wide.timezone is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # Of a directory's sections only how the file reports them: tests/centre/test_portable.py
        # has their mistakes.
        (
            "skill: service}",
            "skill: service, rings: 4}",
            '7:51: "queues.1" of the configuration has no setting "rings"; expected "name",',
        ),
        ("\nlines:\n", "\nline:\n", '13:1: the configuration has no setting "line"; expected'),
        ("projects: [tea]", "projects: [tee]", '10:42: there is no project "tee"; did you mean'),
        ("{name: carrier, ", "{name: carrier, ]", "this is not YAML"),
        (
            "\nlines:\n",
            "\nconsole: {port: 70000}\nlines:\n",
            '"console.port" of the configuration is 70000; expected less than or equal to 65535',
        ),
        (
            "\nlines:\n",
            "\nsip: 5060\nlines:\n",
            '"sip" of the configuration is 5060; expected settings: "bind", "external_address"',
        ),
        (
            "\nlines:\n",
            "\ntimezone: Asia/Shanghia\nlines:\n",
            "13:11: \"timezone\" of the configuration is 'Asia/Shanghia'; expected a time zone's"
            ' name, such as Asia/Shanghai; did you mean "Asia/Shanghai"?',
        ),
        ("\nlines:\n", "\ntimezone: ../../etc/passwd\nlines:\n", "expected a time zone's name"),
        ("\nlines:\n", "\ntimezone: Asia\nlines:\n", "is 'Asia'; expected a time zone's name"),
        ("\nlines:\n", '\ntimezone: ""\nlines:\n', "is ''; expected a time zone's name"),
        (
            "\nlines:\n",
            "\nasterisk: {ami_port: 0}\nlines:\n",
            '"asterisk.ami_port" of the configuration is 0; expected greater than or equal to 1',
        ),
        (
            "\nlines:\n",
            "\nspeech: {zh-CN: piper}\nlines:\n",
            'piper has no voice for "zh-CN"; it speaks en; leave this language to espeak',
        ),
        (
            "\nlines:\n",
            "\nspeech: {en: festival}\nlines:\n",
            "festival",
        ),
        (
            "\nlines:\n",
            "\nasterisk: {managed: false, cel: /c, sounds: /s}\nlines:\n",
            '13:1: "asterisk" of the configuration lacks "spool", which an Asterisk that Offhook'
            " doesn't start (managed: false) needs; expected the folder of raw recordings, such as"
            ' /var/spool/asterisk/monitor; add "spool: ..."',
        ),
        (
            "\nlines:\n",
            "\nasterisk: {managed: false, spool: /x}\nlines:\n",
            'lacks "cel", which an Asterisk that Offhook doesn\'t start (managed: false) needs;'
            " expected the event log, such as /var/log/asterisk/cel-custom/offhook.csv; add"
            ' "cel: ..." (and 1 more in this file)',
        ),
        (
            "\nlines:\n",
            "\nasterisk: {managed: false, spool: monitor, cel: /c, sounds: /s}\nlines:\n",
            "13:35: \"asterisk.spool\" of the configuration is 'monitor'; expected the folder of",
        ),
        (
            "\nlines:\n",
            "\nasterisk: {spool: /var/spool/asterisk/monitor}\nlines:\n",
            '13:12: "asterisk.spool" is for an Asterisk that Offhook doesn\'t start; remove it, or',
        ),
    ],
)
def test_a_fault(old: str, new: str, expected: str, centre_file: CentreFile) -> None:
    assert expected in complaint(centre_file, (old, new))


def test_an_asterisk_elsewhere_and_a_time_zone(centre_file: CentreFile) -> None:
    elsewhere = "asterisk: {managed: false, spool: /spool, cel: /cel.csv, sounds: /sounds}\n"
    config = load(centre_file(add=f"{elsewhere}timezone: Asia/Shanghai\n"))
    assert not config.asterisk.managed and config.asterisk.spool == Path("/spool")
    assert config.sections is not None
    assert zone_here(centre_of(config.sections).timezone) == ZoneInfo("Asia/Shanghai")


def test_a_machine_without_time_zones_says_so(centre_file: CentreFile) -> None:
    ZoneInfo.clear_cache()
    reset_tzpath(to=[])
    try:
        said = complaint(centre_file, ("\nlines:\n", "\ntimezone: Asia/Tokyo\nlines:\n"))
    finally:
        reset_tzpath()
    assert said.endswith("; install tzdata: this machine has no time zones")


def test_all_faults_are_counted_and_the_first_is_told(centre_file: CentreFile) -> None:
    said = complaint(centre_file, ("skill: sales", "skil: sales"), ("kind: trunk", "kind: isdn"))
    assert said.startswith("centre.yaml:6:33: ") and "and 1 more in this file" in said


def test_own_flows_win_over_the_library(centre_file: CentreFile, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hotline.yaml").write_text(
        "flow: hotline\nlanguages: [en]\nstart: bye\nnodes:\n  bye: {kind: hangup}\n"
    )
    config = load(centre_file(add="flows: mine\n"))
    flows = load_flows(flow_files(config), config.sections or Directory())
    assert set(flows["hotline"].nodes) == {"bye"}


def test_ports_from_the_environment(centre_file: CentreFile) -> None:
    config = load(centre_file(add="\nconsole: {port: 8081}\n"))
    assert ports_of(config, None).console == 8081
    assert ports_of(config, "1,2,3,4,5,6,7").agi == 4
    for wrong in ("1,2", "a,b,c,d,e,f,g", "1,2,3,4,5,6,7,8"):
        with pytest.raises(ConfigError, match=r"OFFHOOK_PORTS is .* expected 7 numbers"):
            ports_of(config, wrong)


def test_a_number_of_calls() -> None:
    assert number_of_calls("20") == 20
    for wrong in ("0", "-3", "many", ""):
        with pytest.raises(Exception, match="is not a number of calls"):
            number_of_calls(wrong)


def test_a_directory_may_keep_known_holidays_alone() -> None:
    there = surroundings({})
    assert there.has_holidays("CN")
    assert not there.has_holidays("XX")
