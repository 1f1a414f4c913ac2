"""What is generated: secrets are private and lasting, and no value can become a directive."""

import json
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from configuration.secrets import Secrets, SecretsError
from domain.centre import CallerHeader, Centre, Line, LineKind, SessionTimer, Station, StationKind
from domain.identity import LineName, NodeName, StationName
from telephony.asterisk.generated_files import LONGEST_NUMBER, Addresses, Folders, Ports, generated
from tests.passwords import passwords_for


def _files(centre: Centre, secrets: Secrets, sip: str = "127.0.0.1") -> dict[str, str]:
    return dict(
        generated(
            centre,
            secrets,
            Ports.block(20000),
            Addresses(sip=sip),
            Folders(Path("/prompts"), None),
            node=NodeName("pbx1"),
            modules=["res_cdrel_custom.so"],
        )
    )


def test_secrets_last_and_are_private(tmp_path: Path, centre: Centre) -> None:
    first = passwords_for(tmp_path, centre)
    file = tmp_path / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert passwords_for(tmp_path, centre) == first
    more = replace(
        centre, stations=(*centre.stations, Station(StationName("1005"), StationKind.SOFTPHONE))
    )
    grown = passwords_for(tmp_path, more)
    assert grown.sip["1001"] == first.sip["1001"]
    assert "1005" in grown.sip
    assert first.ami not in repr(first)
    assert len(set(grown.sip.values())) == len(grown.sip)


def test_a_spoilt_file_of_secrets_is_not_replaced(tmp_path: Path, centre: Centre) -> None:
    file = tmp_path / "secrets.json"
    file.write_text('{"ami": ')
    with pytest.raises(SecretsError, match=r"secrets\.json: can't be read"):
        passwords_for(tmp_path, centre)
    assert file.read_text() == '{"ami": '
    file.write_text(json.dumps([1]))
    with pytest.raises(SecretsError):
        passwords_for(tmp_path, centre)


def test_only_the_centres_numbers_and_stations_are_written(
    centre: Centre, secrets: Secrets
) -> None:
    files = _files(centre, secrets)
    assert files["hotlines.conf"] == "exten => 4008001000,1,Goto(hotline,4008001000,1)\n"
    assert files["transfer.conf"].count("exten") == 4
    assert "write = call,originate,agent,user,reporting\n" in files["manager.conf"]
    assert "[tls]" not in files["pjsip_transports.conf"]
    assert files["pjsip_peers.conf"].count("(digest)") == 6


def test_sound_keeps_to_the_address_of_sip(centre: Centre, secrets: Secrets) -> None:
    one, every = (
        _files(centre, secrets, sip)["pjsip_media.conf"]
        for sip in ("192.0.2.1", "0.0.0.0")  # noqa: S104
    )
    assert one == "media_address = 192.0.2.1\nbind_rtp_to_media_address = yes\n"
    assert every == ""


def test_a_line_with_an_address_is_known_by_it(centre: Centre, secrets: Secrets) -> None:
    trunk = Line(LineName("carrier"), LineKind.TRUNK, host="192.0.2.7:5080")
    text = _files(replace(centre, lines=(trunk,)), secrets)["pjsip_peers.conf"]
    assert "match = 192.0.2.7\n" in text
    assert "contact = sip:192.0.2.7:5080\n" in text
    assert "[carrier](digest)" not in text


def test_a_line_has_its_places_and_the_header_it_believes(centre: Centre, secrets: Secrets) -> None:
    carrier = LineName("carrier")
    lines = (
        Line(carrier, LineKind.TRUNK, 12, caller_header=CallerHeader.ASSERTED),
        Line(carrier, LineKind.TRUNK, 12, "192.0.2.7", CallerHeader.ASSERTED),
    )
    for line in lines:
        text = _files(replace(centre, lines=(line,)), secrets)["pjsip_peers.conf"]
        endpoint = text[text.index("[carrier](trunk)") :].partition("\n\n")[0]
        assert "set_var = OFFHOOK_CHANNELS=12\n" in endpoint
        assert endpoint.endswith("set_var = OFFHOOK_CALLER_HEADER=P-Asserted-Identity")


def test_a_line_that_refuses_the_session_timer_is_not_forced_to_it(
    centre: Centre, secrets: Secrets
) -> None:
    """It would refuse the refresh, and lose each call after 90 s (measured: 405, 488, 501)."""
    for timer in SessionTimer:
        for host in (None, "192.0.2.7"):
            line = Line(LineName("carrier"), LineKind.TRUNK, host=host, session_timer=timer)
            text = _files(replace(centre, lines=(line,)), secrets)["pjsip_peers.conf"]
            endpoint = text[text.index("[carrier](trunk)") :].partition("\n\n")[0]
            assert endpoint.endswith("\ntimers = yes") is (timer is SessionTimer.SUPPORTED)


def test_no_pattern_fits_more_than_a_number(centre: Centre, secrets: Secrets) -> None:
    patterns = _files(centre, secrets)["other_numbers.conf"].splitlines()
    assert all(re.fullmatch(r"exten => _\[[+*#]+0-9\]X*,1,Gosub\(.*\)", each) for each in patterns)
    assert len(patterns) == LONGEST_NUMBER


@pytest.mark.parametrize("bad", ["1.2.3.4\nallow = all", "a;b", "a b", "", "a]"])
def test_no_value_becomes_a_directive(centre: Centre, secrets: Secrets, bad: str) -> None:
    with pytest.raises(ValueError, match="can't be"):
        _files(centre, secrets, sip=bad if bad != "a]" else "a](x")
