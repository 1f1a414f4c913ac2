"""Agents' rooms with an Asterisk of paper: its events are made here, its orders looked at."""

import asyncio
from dataclasses import dataclass, field, replace

from acd.events import LogIn, Ready
from domain.centre import OutsideNumber
from domain.facts import CallFact
from domain.identity import AgentCode, LineName, NodeName, StationName
from engine.calls.call import LiveCall
from engine.engine import Engine
from telephony.ami.ami_wire import Message
from telephony.ami.originate import Originate
from telephony.ami.protocol import ActionRefused, Headers
from telephony.ami.snapshot import Snapshot
from tests.engine.test_board import enter
from tests.links import StillLink
from tests.telephony.calls.events import about, device, hang_up
from tests.waiting import until

NODE = NodeName("pbx1")
AMY, BEN = AgentCode("1001"), AgentCode("1002")
NOTARY = OutsideNumber("+8613700000001", "Notary", LineName("carrier"), caller_id="4008001000")
ROOM = {"BridgeCreator": "ConfBridge"}


class PaperLink(StillLink):
    """Notes what is asked of Asterisk; it says yes, but for the actions in ``refused``."""

    def __init__(self) -> None:
        super().__init__(NODE)
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.placed: list[Originate] = []
        self.refused: set[str] = set()
        self.slow: asyncio.Event | None = None
        """Until it is set, calls that are placed are not accepted."""

    async def action(
        self,
        name: str,
        headers: Headers | None = None,
        *,
        timeout: float = 5.0,  # noqa: ARG002
    ) -> Message:
        self.asked.append((name, dict(headers or {})))
        if name in self.refused:
            raise ActionRefused(name, Message.of({"Response": "Error", "Message": "No"}))
        return Message.of({"Response": "Success"})

    async def originate(self, call: Originate, *, timeout: float = 5.0) -> None:  # noqa: ARG002
        self.placed.append(call)
        if self.slow is not None:
            await self.slow.wait()
        if "Originate" in self.refused:
            raise ActionRefused("Originate", Message.of({"Response": "Error", "Message": "No"}))

    def orders(self, name: str) -> list[dict[str, object]]:
        """The headers of all actions of this name."""
        return [headers for action, headers in self.asked if action == name]

    def hung_up(self) -> list[object]:
        """The uniqueids of the channels that were to be hung up."""
        return [headers["Channel"] for headers in self.orders("Hangup")]


@dataclass
class PaperRooms:
    """An engine, and what its Asterisk shows it."""

    engine: Engine
    link: PaperLink = field(default_factory=PaperLink)

    def __post_init__(self) -> None:
        links = self.engine.links
        assert isinstance(links, dict)
        links[NODE] = self.link
        self.engine.take(replace(self.engine.centre, outside={NOTARY.number: NOTARY}))
        skills = self.engine.centre.agents[0].skills
        for code in (AMY, BEN):
            self.see(device(code, "NOT_INUSE"))
            self.engine.floor.feed(LogIn(code, StationName(code), skills))
            self.engine.floor.feed(Ready(code))

    def see(self, *messages: Message) -> None:
        """Asterisk's next events."""
        for message in messages:
            self.engine.switches.on_message(NODE, message)

    def snapshot(self, *channels: Message) -> None:
        """What is there after a login."""
        members: dict[str, list[str]] = {}
        for channel in channels:
            if bridge := channel.get("BridgeId"):
                members.setdefault(bridge, []).append(channel.get("Uniqueid"))
        bridges = tuple((bridge, tuple(inside)) for bridge, inside in members.items())
        self.engine.switches.on_snapshot(NODE, Snapshot(channels, bridges=bridges))

    async def settle(self) -> None:
        """Let what has been ordered be asked."""
        for _ in range(10):
            await asyncio.sleep(0)

    def nail_up(self, station: str) -> None:
        """The phone is in its room."""
        self.see(
            about("Newchannel", *leg(station), 0),
            about("BridgeEnter", *leg(station), 6, Context="agent-room", **room(station)),
        )

    def talk(self) -> LiveCall:
        """A customer talks to 1001, in their room."""
        self.nail_up("1001")
        call = enter(self.engine)
        uniqueid = call.channel.uniqueid
        self.see(
            about("Newchannel", call.channel_name, uniqueid, 6, **mark(call)),
            about("BridgeEnter", call.channel_name, uniqueid, 6, **mark(call), **room("1001")),
        )
        assert call.ledger.phones == {"1001"}
        return call

    def moves(self, call: LiveCall, station: str) -> None:
        """The customer goes from one room to another."""
        name, uniqueid = call.channel_name, call.channel.uniqueid
        for one in tuple(call.ledger.phones):
            self.see(about("BridgeLeave", name, uniqueid, 6, **mark(call), **room(one)))
        self.see(about("BridgeEnter", name, uniqueid, 6, **mark(call), **room(station)))

    def customer_hangs_up(self, call: LiveCall) -> None:
        """The customer's channel goes."""
        name, uniqueid = call.channel_name, call.channel.uniqueid
        self.see(about("HangupRequest", name, uniqueid, 6, **mark(call), Cause="16"))
        for one in tuple(call.ledger.phones):
            self.see(about("BridgeLeave", name, uniqueid, 6, **mark(call), **room(one)))
        self.see(hang_up(name, uniqueid, 6))

    def phone_goes(self, station: str) -> None:
        """The leg of a phone ends."""
        self.see(
            about("HangupRequest", *leg(station), 6, Context="agent-room", Cause="16"),
            about("BridgeLeave", *leg(station), 6, Context="agent-room", **room(station)),
            hang_up(*leg(station), 6),
        )

    # --- links

    def link_id(self, number: int = -1) -> str:
        """The id of the link that was ordered last."""
        ordered = [h for h in self.link.orders("Originate") if "room-aside" in str(h["Channel"])]
        return str(ordered[number]["ChannelId"])

    def link_comes(self, asked: str, link: str = "") -> tuple[tuple[str, str], tuple[str, str]]:
        """Both halves of the link to this room enter; returns them."""
        link = link or self.link_id()
        near = (f"Local/{asked}@room-aside-00000003;1", link)
        far = (f"Local/{asked}@room-aside-00000003;2", f"{link};2")
        self.see(
            about("Newchannel", *near, 6),
            about("Newchannel", *far, 6),
            about("BridgeEnter", *far, 6, **room(asked)),
            about("BridgeEnter", *near, 6, **room("1001")),
        )
        return near, far

    def link_goes(self, asked: str, link: str = "") -> None:
        """It ends."""
        link = link or self.link_id()
        self.see(
            hang_up(f"Local/{asked}@room-aside-00000003;2", f"{link};2", 6),
            hang_up(f"Local/{asked}@room-aside-00000003;1", link, 6),
        )

    # --- outside

    async def outside_is_called(self, number: int = 1) -> Originate:
        """The call that goes out to somebody outside."""
        await until(lambda: len(self.link.placed) >= number, what="a call goes out")
        placed = self.link.placed[-1]
        self.see(about("Newchannel", "PJSIP/carrier-00000099", placed.channel_id, 0, **no_call()))
        return placed

    def answers(self, placed: Originate) -> StationName:
        """Somebody answers, and is in their room; returns it."""
        there = room_of(placed)
        enters = about("BridgeEnter", *outside_leg(placed), 6, **inside(there))
        self.see(enters)
        return there

    def goes(self, placed: Originate, cause: int = 16) -> None:
        """Their channel ends."""
        there = room_of(placed)
        self.see(
            about("HangupRequest", *outside_leg(placed), 6, **at(there), Cause=str(cause)),
            about("BridgeLeave", *outside_leg(placed), 6, **inside(there)),
            about("Hangup", *outside_leg(placed), 6, **at(there), Cause=str(cause)),
        )


def leg(station: str) -> tuple[str, str]:
    """The channel of a phone in its room."""
    return f"PJSIP/{station}-000000{station[-2:]}", f"offhook.{station}"


def outside_leg(placed: Originate) -> tuple[str, str]:
    """The channel of somebody outside."""
    return "PJSIP/carrier-00000099", placed.channel_id


def room_of(placed: Originate) -> StationName:
    """The room into which somebody outside is called."""
    return StationName(getattr(placed.then, "extension", ""))


def at(there: str) -> dict[str, str]:
    """Where in the dialplan they are."""
    return {"Context": "outside-room", "Exten": there, **no_call()}


def inside(there: str) -> dict[str, str]:
    """The same, in the bridge of their room."""
    return {**at(there), **room(there)}


def no_call() -> dict[str, str]:
    """Their channel is no customer's."""
    return {"ChanVariable": "OFFHOOK_CALL="}


def room(station: str) -> dict[str, str]:
    """The bridge of a room."""
    return {"BridgeUniqueid": f"b{station}", "BridgeId": f"b{station}", **ROOM}


def mark(call: LiveCall) -> dict[str, str]:
    """What the dialplan marks a customer's channel with."""
    return {"ChanVariable": f"OFFHOOK_CALL={call.id}"}


def said(facts: list[CallFact], call: LiveCall) -> list[str]:
    """The kinds of a call's facts, with how consultations ended."""
    return [
        f"{fact.what.kind} {getattr(fact.what, 'how', '')}".strip()
        for fact in facts
        if fact.call == call.id
    ]
