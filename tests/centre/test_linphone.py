"""The settings that Linphone fetches."""

from xml.etree import ElementTree

import pytest

from centre.endpoint_settings import StationSettings
from centre.linphone import SipServer, linphone_settings
from domain.centre import Encryption

DIGEST = "0123456789abcdef0123456789abcdef"
NAMESPACE = "{http://www.linphone.org/xsds/lpconfig.xsd}"


def settings(
    host: str = "pbx.example", encryption: Encryption | None = None
) -> dict[str, dict[str, str]]:
    """The sections of the file."""
    station = StationSettings(name="1001", encryption=encryption)
    xml = linphone_settings(station, DIGEST, SipServer(host, 5060, 5061, "offhook"))
    root = ElementTree.fromstring(xml)  # noqa: S314 - our own
    assert root.tag == f"{NAMESPACE}config"
    found: dict[str, dict[str, str]] = {}
    for section in root:
        entries = found[section.get("name", "")] = {}
        for entry in section:
            assert entry.get("overwrite") == "true"
            entries[entry.get("name", "")] = entry.text or ""
    return found


def test_an_account_with_the_digest_in_place_of_the_password() -> None:
    found = settings()
    assert found["auth_info_0"] == {
        "username": "1001",
        "ha1": DIGEST,
        "realm": "offhook",
        "domain": "pbx.example",
        "algorithm": "MD5",
    }
    account = found["proxy_0"]
    assert account["reg_identity"] == "sip:1001@pbx.example"
    assert account["reg_proxy"] == "<sip:pbx.example:5060;transport=udp>"
    assert account["reg_sendregister"] == "1"
    assert found["sip"]["default_proxy"] == "0"


def test_the_address_is_asked_once_and_g_711_comes_first() -> None:
    found = settings()
    assert found["misc"] == {"transient_provisioning": "1"}
    codecs = [found[f"audio_codec_{n}"]["mime"] for n in range(3)]
    assert codecs == ["PCMA", "PCMU", "G722"]
    assert found["sip"]["use_rfc2833"] == "1"


@pytest.mark.parametrize("encryption", [None, Encryption.OFF, Encryption.OPTIONAL])
def test_sound_is_not_encrypted_unless_it_must_be(encryption: Encryption | None) -> None:
    found = settings(encryption=encryption)
    assert found["sip"]["media_encryption"] == "none"
    assert found["sip"]["media_encryption_mandatory"] == "0"


def test_a_phone_that_must_encrypt_uses_tls() -> None:
    found = settings(encryption=Encryption.REQUIRED)
    assert found["proxy_0"]["reg_proxy"] == "<sip:pbx.example:5061;transport=tls>"
    assert found["sip"]["media_encryption"] == "srtp"
    assert found["sip"]["media_encryption_mandatory"] == "1"


def test_an_ipv6_address_is_in_brackets() -> None:
    found = settings("2001:db8::1")
    assert found["proxy_0"]["reg_proxy"] == "<sip:[2001:db8::1]:5060;transport=udp>"
    assert found["proxy_0"]["reg_identity"] == "sip:1001@[2001:db8::1]"


def test_what_xml_reserves_stays_text() -> None:
    assert settings('a&b<c>"d')["auth_info_0"]["domain"] == 'a&b<c>"d'
