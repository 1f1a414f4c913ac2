"""Even without the controller, a phone is offered every codec it may use, not only the caller's."""

import asyncio
import re

import pytest

from bench.bench_hostile_sip import LINE, centre
from bench.hostile_sip import PHONE
from bench.raw_sip import Account, RawSip
from configuration.secrets import Secrets
from tests.conftest import InstanceFactory
from tests.waiting import until

pytestmark = pytest.mark.live


async def test_asterisks_own_queue_offers_all_codecs(
    instance: InstanceFactory, secrets: Secrets
) -> None:
    one = await instance(centre(), fallback_after_s=1)
    server = (one.addresses.sip, one.ports.sip)
    phone, line = await RawSip(server).open(), await RawSip(server).open("127.0.0.2")
    account = Account(PHONE, secrets.sip[PHONE])
    registered = await phone.request(
        "REGISTER",
        b"sip:%s:%d" % (server[0].encode(), server[1]),
        account,
        [
            (b"To", b"<%s>" % phone.uri(PHONE)),
            (b"From", b"<%s>;tag=1" % phone.uri(PHONE)),
            (b"Expires", b"60"),
        ],
    )
    assert registered.status == 200
    over = asyncio.Event()
    call = asyncio.create_task(line.invite(line.uri("4008001000"), Account(LINE), until=over))
    asked = await until(
        lambda: [request for request in phone.requests if request.startswith(b"INVITE")],
        what="the phone to be called",
        seen=lambda: phone.requests,
    )
    over.set()
    await call
    phone.close()
    line.close()
    (offer,) = re.findall(rb"^m=audio \d+ RTP/AVP (.*?)\r$", asked[0], re.M)
    assert offer.split()[:3] == [b"8", b"0", b"9"]
