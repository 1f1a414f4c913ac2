"""A registration that a carrier refuses is reported once, by the line's name."""

from structlog.testing import capture_logs

from domain.centre import CarrierAccount, Line, LineKind
from domain.identity import LineName, NodeName
from telephony.ami.ami_wire import Message
from telephony.registrations import Registrations

NODE = NodeName("pbx1")
LINES = [
    Line(
        LineName(name), LineKind.TRUNK, host=f"192.0.2.{number}:5080", account=CarrierAccount(name)
    )
    for number, name in enumerate(("one", "two"))
]


def told(*statuses: tuple[str, str]) -> list[tuple[str, str]]:
    """The level and the line of what is logged about these."""
    registrations = Registrations()
    with capture_logs() as logs:
        for user, status in statuses:
            event = Message.of(
                {
                    "Event": "Registry",
                    "ChannelType": "PJSIP",
                    "Username": f"sip:{user}",
                    "Domain": "sip:192.0.2.0:5080",
                    "Status": status,
                }
            )
            registrations.handle(NODE, event, LINES)
    return [(entry["log_level"], entry["line"]) for entry in logs]


def test_a_refusal_is_told_once_and_so_is_its_end() -> None:
    assert told(
        ("one@192.0.2.0", "Registered"),
        ("two@192.0.2.1", "Rejected"),
        ("two@192.0.2.1", "Rejected"),
        ("two@192.0.2.1", "Unregistered"),
        ("two@192.0.2.1", "Rejected"),
        ("two@192.0.2.1", "Registered"),
        ("two@192.0.2.1", "Registered"),
        ("two@192.0.2.1", "Rejected"),
    ) == [("error", "two"), ("info", "two"), ("error", "two")]


def test_what_is_not_ours_is_nothing() -> None:
    assert told(("three@192.0.2.1", "Rejected"), ("one@192.0.2.1", "Rejected"), ("", "")) == []
