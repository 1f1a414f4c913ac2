"""Which keys of a caller may be seen when, without Asterisk: from a flow's start to its end."""

from engine.inbound.secret_digits import SecretFlows
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.references import Outside
from telephony.ami.ami_wire import Message
from telephony.ami.secret_keys import KEYS_OVER
from tests.engine.test_waiting_flows import FLOW, Channel, WaitingRoom, room  # noqa: F401

PIN = FLOW.replace("start: wait", "start: pin").replace(
    "  wait:\n",
    "  pin: {kind: collect, prompts: stay, variable: code, exits: {done: wait, exhausted: bye}}\n"
    "  wait:\n",
).replace("variables:\n", "variables:\n  code: {type: digits, secret: true}\n")  # fmt: skip

CODE = "73504918"
"""A secret too long to be part of a time by chance."""


def key(channel: Channel, digit: str = "7") -> bytes:
    headers = {"Event": "DTMFEnd", "Uniqueid": channel.uniqueid, "Linkedid": "16", "Digit": digit}
    return Message.of(headers).raw


def over(channel: Channel) -> bytes:
    headers = {"Event": "UserEvent", "UserEvent": KEYS_OVER, "Uniqueid": channel.uniqueid}
    return Message.of(headers).raw


async def test_keys_are_unseen_until_the_caller_waits_and_asterisk_says_so(
    room: WaitingRoom,  # noqa: F811
) -> None:
    call, channel = room.comes(flow=PIN)
    keys = room.link.secret_keys
    await channel.plays("stay")
    assert keys.drops(key(channel))
    for digit in CODE:
        channel.stop(digit)
        await channel.plays("nothing")
        assert keys.drops(key(channel, digit))
    channel.stop("#")
    await room.waits(call, channel)
    assert channel.done.index("UserEvent") < channel.done.index("default")
    assert keys.drops(key(channel, "3")), "late, and still one of the secret"
    assert keys.drops(over(channel))
    assert not keys.drops(key(channel, "9")), "it may end the wait"
    told = repr(call.ledger.facts) + repr(channel.variables)
    assert "code" not in channel.variables.get("OFFHOOK_KEPT", "") and CODE not in told


async def test_keys_are_unseen_again_in_the_flow_of_a_waiting_caller(
    room: WaitingRoom,  # noqa: F811
) -> None:
    call, channel = room.comes(flow=PIN)
    keys = room.link.secret_keys
    await channel.plays("stay")
    channel.stop("7")
    await channel.plays("nothing")
    channel.stop("#")
    await room.waits(call, channel)
    assert keys.drops(over(channel)) and not keys.drops(key(channel))
    await room.in_menu(call, channel)
    assert keys.drops(key(channel))
    channel.lost.set_result(None)


async def test_flows_without_secrets_hide_nothing_and_cost_nothing(
    room: WaitingRoom,  # noqa: F811
) -> None:
    call, channel = room.comes()
    await room.waits(call, channel)
    assert not room.link.secret_keys
    assert "UserEvent" not in channel.done


def test_a_flow_that_leads_to_one_with_secrets_counts_as_one() -> None:
    secret = load(PIN.replace("flow: waits", "flow: pin"), "pin.yaml", Outside())
    plain = load(FLOW, "waits.yaml", Outside())
    outside = Outside({NameOf.FLOW: {"pin", "outer"}})
    text = "flow: {}\nlanguages: [en]\nstart: on\nnodes: {{on: {{kind: go_on, flow: {}}}}}\n"
    outer = load(text.format("outer", "pin"), "outer.yaml", outside)
    round_ = load(text.format("round", "outer"), "round.yaml", outside)
    flows: dict[str, Flow] = {"pin": secret, "outer": outer, "round": round_}
    one = SecretFlows()
    assert [one.asks(flow, flows) for flow in (secret, outer, round_, plain)] == [True] * 3 + [
        False
    ]
    assert [one.asks(flow, flows) for flow in (secret, outer, round_, plain)] == [True] * 3 + [
        False
    ]
    assert not SecretFlows().asks(outer, {}), "nobody can get there"
