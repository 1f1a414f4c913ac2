"""What an admin may write to let look-ups reach a service inside the centre."""

import pytest

from publishing.inner_services import NotAService, may_be_asked, refused_by_name, service_of


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
