"""What an admin may write to let look-ups reach a service inside the centre."""

import pytest

from publishing.inner_services import (
    NotAService,
    ServiceConcern,
    may_be_asked,
    refused_by_name,
    service_of,
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.1.2.0/24", "10.1.2.0/24"),
        (" 10.1.2.3 ", "10.1.2.3"),
        ("10.1.2.3:8080", "10.1.2.3:8080"),
        ("FD00::/8", "fd00::/8"),
        ("[fd00::1]:443", "[fd00::1]:443"),
        ("CRM.lan.:8080", "crm.lan:8080"),
        ("10.0.0.0/8:80", "10.0.0.0/8:80"),
    ],
)
def test_networks_and_hosts_with_a_port_are_understood(text: str, said: str) -> None:
    assert str(service_of(text)) == said
    assert service_of(said) == service_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "crm.lan", "http://crm.lan:80", "crm.lan:0", "crm.lan:65536", "crm.lan:80/x",
        "10.1.2.5/24", "10.1.2.3:", "fd00::1:x", "-a:80", "a..b:80", "2130706433:80",
        "0x7f.1:80", "10.1.2:80",
        "crm.lan:８０", "a" * 64 + ":80", "*:80", "user@crm.lan:80", "crm\n.lan:80",
        "::ffff:10.1.2.3", "[::ffff:10.1.2.3]:80", "::ffff:0:0/96", "64:ff9b::/96", "2002:a00::/24",
    ],
)  # fmt: skip
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(NotAService):
        service_of(text)


def test_a_host_is_allowed_by_the_name_that_the_flow_writes() -> None:
    crm = (service_of("crm.lan:8080"),)
    assert may_be_asked("CRM.lan.", 8080, "10.9.9.9", crm)
    assert not may_be_asked("crm.lan", 80, "10.9.9.9", crm)
    assert not may_be_asked("evil.example", 8080, "10.9.9.9", crm), "though it leads there"
    assert not may_be_asked("10.9.9.9", 8080, "10.9.9.9", crm)


@pytest.mark.parametrize(
    ("host", "port", "refused"),
    [
        ("127.0.0.1", 80, True), ("localhost", 80, True), ("shop.localhost.", 443, True),
        ("::1", 80, True), ("10.1.2.3", 80, True), ("10.1.2.3", 8080, False),
        ("8.8.8.8", 443, False), ("crm.lan", 80, False), ("orders.example.com", 443, False),
    ],
)  # fmt: skip
def test_what_is_refused_can_partly_be_said_without_a_name_server(
    host: str, port: int, refused: bool
) -> None:
    assert refused_by_name(host, port, [service_of("10.1.2.3:8080")]) is refused


_WIDE, _TOO_WIDE, _KEYS = ServiceConcern.WIDE, ServiceConcern.TOO_WIDE, ServiceConcern.KEYS


@pytest.mark.parametrize(
    ("text", "concern"),
    [
        ("10.1.2.3:8080", None), ("192.168.0.0/16", None), ("fd00:1::/64", None),
        ("crm.lan:80", None), ("127.0.0.1", None),
        ("10.0.0.0/8", _WIDE), ("172.16.0.0/12:80", _WIDE), ("127.0.0.0/15", _WIDE),
        ("fd00::/8", _WIDE), ("100.64.0.0/10", _WIDE), ("2001:db8::/32", _WIDE),
        ("0.0.0.0/0", _TOO_WIDE), ("0.0.0.0/0:443", _TOO_WIDE), ("::/0", _TOO_WIDE),
        ("128.0.0.0/1", _TOO_WIDE), ("fc00::/7", _TOO_WIDE),
        ("169.254.169.254", _KEYS), ("169.254.0.0/16", _KEYS), ("169.254.169.0/24:80", _KEYS),
        ("100.100.100.200", _KEYS), ("fe80::1", _KEYS), ("fd00:ec2::254", _KEYS),
        ("168.63.129.16:80", _KEYS), ("192.0.0.192", _KEYS), ("fd00:42::42", _KEYS),
    ],
)  # fmt: skip
def test_what_may_be_a_mistake_is_named(text: str, concern: ServiceConcern | None) -> None:
    assert service_of(text).concern is concern


@pytest.mark.parametrize(
    ("host", "address", "allowed", "asked"),
    [
        ("169.254.169.254", "169.254.169.254", "0.0.0.0/0", False),
        ("169.254.169.254", "169.254.169.254", "169.0.0.0/8", False),
        ("100.100.100.200", "100.100.100.200", "100.64.0.0/10", False),
        ("fd00:ec2::254", "fd00:ec2::254", "fd00::/8", False),
        ("fd00:42::42", "fd00:42::42", "fd00::/8", False),
        ("168.63.129.16", "168.63.129.16", "10.0.0.0/8", False),
        ("168.63.129.16", "168.63.129.16", "168.0.0.0/8", False),
        ("168.63.129.16", "168.63.129.16", "168.63.129.16:80", True),
        ("192.0.0.192", "192.0.0.192", "crm.lan:80", False),
        ("crm.lan", "169.254.169.254", "crm.lan:80", False),
        ("crm.lan", "::ffff:169.254.169.254", "crm.lan:80", False),
        ("crm.lan", "2002:a9fe:a9fe::1", "crm.lan:80", False),
        ("crm.lan", "64:ff9b::a9fe:a9fe", "crm.lan:80", False),
        ("169.254.169.254", "169.254.169.254", "169.254.0.0/16", True),
        ("169.254.169.254", "169.254.169.254", "169.254.169.254:80", True),
        ("fd00:ec2::254", "fd00:ec2::254", "fd00:ec2::254", True),
        ("crm.lan", "10.1.2.3", "crm.lan:80", True),
        ("10.1.2.3", "10.1.2.3", "10.0.0.0/8", True),
    ],
)
def test_nothing_but_themselves_leads_to_where_machines_get_their_keys(
    host: str, address: str, allowed: str, asked: bool
) -> None:
    assert may_be_asked(host, 80, address, [service_of(allowed)]) is asked


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("2606:4700::1111", True), ("64:ff9b::808:808", True), ("2002:808:808::1", True),
        ("64:ff9b::a00:1", False), ("64:ff9b::a9fe:a9fe", False), ("64:ff9b:1::a00:1", False),
        ("::7f00:1", False), ("::ffff:0:7f00:1", False), ("fec0::1", False), ("5f00::1", False),
        ("2002:7f00:1::", False), ("0.0.0.1", False), ("::", False), ("ff0e::1", False),
        ("168.63.129.16", False), ("192.0.0.192", False),
    ],
)  # fmt: skip
def test_only_what_is_given_out_for_the_public_network_is_public(
    address: str, public: bool
) -> None:
    assert may_be_asked("crm.example", 80, address, ()) is public


def test_an_address_that_nat64_leads_to_an_allowed_one_is_allowed() -> None:
    assert may_be_asked("crm.example", 80, "64:ff9b::a01:203", [service_of("10.1.2.0/24")])
