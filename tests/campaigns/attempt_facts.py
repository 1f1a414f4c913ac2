"""The facts of calls to customers, as the engine notes them, in seconds after noon."""

import uuid
from datetime import timedelta

from domain.call_facts import CallEnded
from domain.facts import CallFact
from domain.floor_facts import Offered, TalkBegan, TalkEnded
from domain.happening import Happening
from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName, StationName
from domain.outbound_facts import (
    CallPlaced,
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    MessagePlayed,
    NotReached,
    OptedOut,
)
from domain.reasons import Cause, Party
from tests.campaigns.campaigns_scene import NOON

ANN, DESK = AgentCode("1001"), StationName("101")


def at(call: str, at_s: float, what: Happening) -> CallFact:
    return CallFact(str(uuid.uuid4()), CallId(call), NOON + timedelta(seconds=at_s), what)


def placed(call: str, at_s: float = 1, lead: int | None = None) -> CallFact:
    what = CallPlaced(
        "spring", ProjectName("tea"), LineName("carrier"), "+8613800000001", "4001", lead,
        "predictive",
    )  # fmt: skip
    return at(call, at_s, what)


def missed(
    call: str, cause: Cause = Cause.NO_ANSWER, at_s: float = 1, q850: int = 19
) -> list[CallFact]:
    rang = [] if cause.of_trunk else [at(call, at_s + 2, CustomerRang())]
    return [
        placed(call, at_s),
        *rang,
        at(call, at_s + 25, NotReached(cause, q850, 480)),
        at(call, at_s + 25, CallEnded(Party.SYSTEM, q850, None)),
    ]


def spoken(call: str, at_s: float = 1) -> list[CallFact]:
    return [
        placed(call, at_s),
        at(call, at_s + 2, CustomerRang()),
        at(call, at_s + 9, CustomerAnswered()),
        at(call, at_s + 9.1, Offered(ANN, DESK, QueueName("tea"))),
        at(call, at_s + 9.2, TalkBegan(ANN, DESK)),
        at(call, at_s + 70, TalkEnded(ANN, DESK, Party.CALLER)),
        at(call, at_s + 70, CallEnded(Party.CALLER, 16, None)),
    ]


def abandoned(call: str, at_s: float = 1, opted_out_of: str | None = None) -> list[CallFact]:
    facts = [
        placed(call, at_s),
        at(call, at_s + 2, CustomerRang()),
        at(call, at_s + 9, CustomerAnswered()),
        at(call, at_s + 11, CustomerAbandoned(False)),
        at(call, at_s + 20, MessagePlayed(True)),
        at(call, at_s + 21, CallEnded(Party.SYSTEM, 16, None)),
    ]
    if opted_out_of is not None:
        what = OptedOut(ProjectName(opted_out_of) if opted_out_of else None)
        facts.insert(-1, at(call, at_s + 18, what))
    return facts
