"""The link and the Asterisk that the product itself configures fit each other."""

import asyncio

import pytest

from domain.identity import NodeName
from telephony.ami.link import Link
from telephony.ami.protocol import ActionRefused
from tests.conftest import InstanceFactory
from tests.telephony.ami.watch import Running, Watch

pytestmark = pytest.mark.live


async def test_the_configured_user_may_do_what_the_link_needs_and_no_more(
    instance: InstanceFactory,
) -> None:
    one = await instance()
    watch = Watch()
    host, port = one.ami
    link = Link(
        NodeName("pbx1"), host, port, one.ami_user, one.secrets.ami,
    )  # fmt: skip
    async with Running(link, watch):
        await link.wait_up(20)
        (snapshot,) = watch.snapshots
        assert snapshot.version == one.process.install.version
        devices = {message.get("Device") for message in snapshot.device_states}
        assert {"PJSIP/1001", "PJSIP/1004"} <= devices
        # Both want the write class "system", which could stop Asterisk: device states do.
        assert set(snapshot.missing) == {"PJSIPShowEndpoints"}
        for action in ("Command", "ModuleLoad", "UpdateConfig"):
            with pytest.raises(ActionRefused, match="ermission"):
                await link.action(action, {"Command": "core stop now"})
        await asyncio.sleep(0)
        assert link.up
