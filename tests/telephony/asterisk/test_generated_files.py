"""What is generated: secrets are private and lasting, and no value can become a directive."""

import json
import re
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from configuration.secrets import Secrets, SecretsError
from domain.centre import (
    CallerHeader,
    CarrierAccount,
    Centre,
    Line,
    LineKind,
    SessionTimer,
    Station,
    StationKind,
)
from domain.identity import LineName, NodeName, StationName
from telephony.asterisk.centre_files import CENTRE_FILES, centre_files, left_out
from telephony.asterisk.digests import digest
from telephony.asterisk.generated_files import (
    LONGEST_NUMBER,
    Addresses,
    Folders,
    Ports,
    machine_files,
)
from telephony.asterisk.generated_folder import GeneratedFolder
from tests.passwords import passwords_for

CARRIER = LineName("carrier")


def _machine(centre: Centre, secrets: Secrets, sip: str = "127.0.0.1") -> Mapping[str, str]:
    return machine_files(
        secrets.for_asterisk(centre),
        Ports.block(20000),
        Addresses(sip=sip),
        Folders(Path("/prompts"), None),
        node=NodeName("pbx1"),
        modules=["res_cdrel_custom.so"],
    )


def _centre(centre: Centre, secrets: Secrets) -> Mapping[str, str]:
    return centre_files(centre, secrets.for_asterisk(centre).credentials)


def _lines(centre: Centre, secrets: Secrets, *lines: Line) -> str:
    return _centre(replace(centre, lines=lines), secrets)["pjsip_lines.conf"]


def _section(text: str, head: str) -> str:
    return text[text.index(head) :].partition("\n\n")[0] + "\n"


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
    files = _centre(centre, secrets)
    assert files["hotlines.conf"] == "exten => 4008001000,1,Goto(hotline,4008001000,1)\n"
    own = "exten => 4008001000,1,Goto(own-phone-calls,4008001000,1)\n"
    assert files["own_phones.conf"] == own
    assert files["transfer.conf"].count("exten") == 4
    assert files["pjsip_stations.conf"].count("(digest)") == 4
    assert files["pjsip_lines.conf"].count("(digest)") == 2
    ours = _machine(centre, secrets)
    assert "write = call,originate,agent,user,reporting\n" in ours["manager.conf"]
    assert "[tls]" not in ours["pjsip_transports.conf"]
    assert not set(ours) & set(files)
    assert set(files) == set(CENTRE_FILES)


def test_no_password_of_a_phone_is_written(centre: Centre, secrets: Secrets) -> None:
    text = "".join(_centre(centre, secrets).values())
    assert not any(password in text for password in secrets.sip.values())
    assert digest("1001", secrets.sip["1001"]) in text
    assert "digest" not in "".join(centre_files(centre, secrets.sip).values())


def test_what_cannot_be_used_is_left_out(centre: Centre, secrets: Secrets, tmp_path: Path) -> None:
    """It is reported once, and keeps nobody else's changes from Asterisk."""
    credentials = dict(secrets.for_asterisk(centre).credentials)
    del credentials["1002"], credentials["carrier"]
    credentials["1003"] = "a password"
    hotlines = (*centre.hotlines, replace(centre.hotlines[0], number="1;2"))
    folder = tmp_path / "generated"
    here = GeneratedFolder(folder)
    with capture_logs() as logs:
        for _ in range(2):
            here.write_centre(replace(centre, hotlines=hotlines), credentials)
    assert [entry["name"] for entry in logs] == ["1002", "1003", "carrier", "1;2"]
    text = "".join(file.read_text() for file in folder.iterdir())
    assert "1001" in text and "[gateway-lines]" in text and "4008001000" in text
    assert not any(name in text for name in ("1002", "1003", "carrier", "1;2"))


def test_only_what_has_changed_is_written(centre: Centre, secrets: Secrets, tmp_path: Path) -> None:
    folder = tmp_path / "conf" / "generated"
    here = GeneratedFolder(folder)
    credentials = secrets.for_asterisk(centre).credentials
    assert set(here.write_centre(centre, credentials)) == set(CENTRE_FILES)
    assert here.write_centre(centre, credentials) == ()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    fewer = replace(centre, lines=centre.lines[:1])
    assert here.write_centre(fewer, credentials) == ("pjsip_lines.conf",)
    renewed = {**credentials, "1001": digest("1001", "another")}
    assert here.write_centre(fewer, renewed) == ("pjsip_stations.conf",)
    assert {file.name for file in folder.iterdir()} == set(CENTRE_FILES)


def test_sound_keeps_to_the_address_of_sip(centre: Centre, secrets: Secrets) -> None:
    one, every = (
        _machine(centre, secrets, sip)["pjsip_media.conf"]
        for sip in ("192.0.2.1", "0.0.0.0")  # noqa: S104
    )
    assert one == "media_address = 192.0.2.1\nbind_rtp_to_media_address = yes\n"
    assert every == ""


def test_a_line_with_an_address_is_known_by_it(centre: Centre, secrets: Secrets) -> None:
    trunk = Line(CARRIER, LineKind.TRUNK, host="192.0.2.7:5080")
    text = _lines(centre, secrets, trunk)
    assert "match = 192.0.2.7\n" in text
    assert "contact = sip:192.0.2.7:5080\n" in text
    assert "auth" not in text and "looked up" not in text
    named = _lines(centre, secrets, replace(trunk, host="sip.carrier.example"))
    assert "; looked up: carrier sip.carrier.example\n" in named


def test_a_line_with_an_account_has_what_the_carrier_asks_for(
    centre: Centre, secrets: Secrets
) -> None:
    account = CarrierAccount("8621000", realm="ims.example")
    line = Line(CARRIER, LineKind.TRUNK, host="sip.example:5080", account=account)
    text = _lines(centre, secrets, line)
    endpoint = _section(text, "[carrier](trunk)")
    assert "outbound_auth = carrier\n" in endpoint
    assert "from_domain = sip.example\n" in endpoint and "from_user" not in text
    assert _section(text, "[carrier](password)") == (
        f"[carrier](password)\nusername = 8621000\npassword = {secrets.sip['carrier']}\n"
        "realm = ims.example\n"
    )
    assert _section(text, "[carrier](carrier-registration)") == (
        "[carrier](carrier-registration)\noutbound_auth = carrier\n"
        "server_uri = sip:sip.example:5080\nclient_uri = sip:8621000@sip.example\n"
        "contact_user = 8621000\n"
    )
    assert "match = sip.example\n" in text and "(digest)" not in text
    quiet = replace(line, account=replace(account, registers=False), caller_id="+862112345678")
    text = _lines(centre, secrets, quiet)
    assert "registration" not in text and "outbound_auth = carrier\n" in text
    assert "from_user" not in text, "it would beat a campaign's number"
    for own_from in (CallerHeader.ASSERTED, CallerHeader.REMOTE_PARTY):
        text = _lines(centre, secrets, replace(quiet, caller_id_header=own_from))
        assert re.findall("from_user = (.*)", text) == ["8621000"]
        text = _lines(centre, secrets, replace(quiet, caller_id_header=own_from, account=None))
        assert re.findall("from_user = (.*)", text) == ["+862112345678"]


def test_an_account_may_name_its_domain(centre: Centre, secrets: Secrets) -> None:
    account = CarrierAccount("+862100@ims.example")
    text = _lines(centre, secrets, Line(CARRIER, LineKind.TRUNK, host="192.0.2.7", account=account))
    assert "client_uri = sip:+862100@ims.example\n" in text
    assert "contact_user = +862100\n" in text and "username = +862100@ims.example\n" in text
    assert "realm" not in text


def test_a_line_has_its_places_and_the_header_it_believes(centre: Centre, secrets: Secrets) -> None:
    for line in (
        Line(CARRIER, LineKind.TRUNK, 12, caller_header=CallerHeader.ASSERTED),
        Line(CARRIER, LineKind.TRUNK, 12, "192.0.2.7", CallerHeader.ASSERTED),
    ):
        endpoint = _section(_lines(centre, secrets, line), "[carrier](trunk)")
        assert "set_var = OFFHOOK_CHANNELS=12\n" in endpoint
        assert "set_var = OFFHOOK_CALLER_HEADER=P-Asserted-Identity\n" in endpoint


def test_an_analog_line_answers_early_unless_its_gateway_reports_the_answer(
    centre: Centre, secrets: Secrets
) -> None:
    for signalled in (False, True):
        line = Line(CARRIER, LineKind.FXO, answer_signalled=signalled)
        assert ("OFFHOOK_EARLY_ANSWER=1" in _lines(centre, secrets, line)) is not signalled
    assert "EARLY_ANSWER" not in _lines(centre, secrets, Line(CARRIER, LineKind.TRUNK))


def test_a_line_that_refuses_the_session_timer_is_not_forced_to_it(
    centre: Centre, secrets: Secrets
) -> None:
    """It would refuse the refresh, and lose each call after 90 s (measured: 405, 488, 501)."""
    for timer in SessionTimer:
        for host in (None, "192.0.2.7"):
            line = Line(CARRIER, LineKind.TRUNK, host=host, session_timer=timer)
            endpoint = _section(_lines(centre, secrets, line), "[carrier](trunk)")
            assert ("\ntimers = yes\n" in endpoint) is (timer is SessionTimer.SUPPORTED)


def test_no_pattern_fits_more_than_a_number(centre: Centre, secrets: Secrets) -> None:
    patterns = _machine(centre, secrets)["other_numbers.conf"].splitlines()
    assert all(re.fullmatch(r"exten => _\[[+*#]+0-9\]X*,1,Gosub\(.*\)", each) for each in patterns)
    assert len(patterns) == LONGEST_NUMBER


@pytest.mark.parametrize("bad", ["1.2.3.4\nallow = all", "a;b", "a b", "", "a]"])
def test_no_value_becomes_a_directive(centre: Centre, secrets: Secrets, bad: str) -> None:
    with pytest.raises(ValueError, match="can't be"):
        _machine(centre, secrets, sip=bad if bad != "a]" else "a](x")


def test_a_carriers_password_may_have_any_characters(centre: Centre) -> None:
    line = Line(CARRIER, LineKind.TRUNK, host="192.0.2.7", account=CarrierAccount("user"))
    whole = replace(centre, stations=(), lines=(line,))
    text = centre_files(whole, {"carrier": "a;b =>[x] ü"})["pjsip_lines.conf"]
    assert "\npassword = a\\;b =>[x] ü\n" in text
    for bad in ("x\nallow = all", "", " ", "x ", "x\x00"):
        assert centre_files(whole, {"carrier": bad})["pjsip_lines.conf"] == ""
        assert bad.strip() == "" or bad not in str(left_out(whole, {"carrier": bad}))
