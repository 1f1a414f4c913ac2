"""Writes the settings of a phone in Linphone's form for remote provisioning: its configuration file
in XML. Linphone fetches it from the address in a QR code."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from centre.endpoint_settings import StationSettings
from domain.centre import Encryption
from machine.hosts import in_uri, with_port

REGISTER_EVERY_S = 60
"""Often enough for a phone behind a NAT to stay reachable."""

_NAMESPACE = "http://www.linphone.org/xsds/lpconfig.xsd"
_CODECS = ("PCMA", "PCMU", "G722")  # each at 8000 in SDP, G.722 too (RFC 3551)


@dataclass(frozen=True, slots=True)
class SipServer:
    """Where phones register."""

    host: str
    port: int
    tls_port: int
    realm: str
    """What digests were made with."""


def linphone_settings(station: StationSettings, digest: str, server: SipServer) -> bytes:
    """The settings, with the digest of the password in place of the password.

    A station whose sound must be encrypted uses TLS; its phone must trust the server's certificate.
    """
    encrypted = station.encryption is Encryption.REQUIRED
    port, transport = (server.tls_port, "tls") if encrypted else (server.port, "udp")
    address = f"<sip:{with_port(server.host, port)};transport={transport}>"
    root = ElementTree.Element("config", {"xmlns": _NAMESPACE})
    # The address is good once: it must not be asked again at each start.
    _section(root, "misc", {"transient_provisioning": 1})
    _section(
        root,
        "sip",
        {
            "default_proxy": 0,
            "use_info": 0,
            "use_rfc2833": 1,
            "media_encryption": "srtp" if encrypted else "none",
            "media_encryption_mandatory": int(encrypted),
        },
    )
    _section(
        root,
        "auth_info_0",
        {
            "username": station.name,
            "ha1": digest,
            "realm": server.realm,
            "domain": in_uri(server.host),
            "algorithm": "MD5",
        },
    )
    _section(
        root,
        "proxy_0",
        {
            "reg_proxy": address,
            "reg_route": address,
            "reg_identity": f"sip:{station.name}@{in_uri(server.host)}",
            "reg_expires": REGISTER_EVERY_S,
            "reg_sendregister": 1,
            "realm": server.realm,
            "publish": 0,
            "avpf": 0,
        },
    )
    for number, codec in enumerate(_CODECS):
        about = {"mime": codec, "rate": 8000, "channels": 1, "enabled": 1}
        _section(root, f"audio_codec_{number}", about)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _section(root: ElementTree.Element, name: str, entries: Mapping[str, object]) -> None:
    section = ElementTree.SubElement(root, "section", {"name": name})
    for key, value in entries.items():
        entry = ElementTree.SubElement(section, "entry", {"name": key, "overwrite": "true"})
        entry.text = str(value)
