"""The ids of facts that occur once in a call, and of its channel."""

import uuid

from domain.identity import CallId, ChannelId, NodeName
from engine.calls.logged import fact_id


def test_they_are_what_uuid5_makes_as_earlier_versions_wrote_them() -> None:
    space = uuid.UUID("6f1c9a54-5d0e-4b0c-9f6e-0a8f2f6a7c11")
    for number in range(20):  # all four variants
        call = CallId(f"pbx1-1795327462.{number}")
        assert fact_id(call, "entered") == str(uuid.uuid5(space, f"{call} entered"))


def test_a_call_names_its_channel_though_its_node_has_hyphens() -> None:
    for node in ("pbx1", "pbx1-2"):
        channel = ChannelId(NodeName(node), "1700000000.5")
        assert ChannelId.of(channel.call) == channel
