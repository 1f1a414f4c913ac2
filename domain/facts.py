"""The facts that are recorded about calls and agents as they happen.

Facts never change. A call's record is a fold of its facts (``records.fold``), so the same facts
make the same record, in any order, delivered twice, or after a crash.

A fact of a call (``CallFact``) says when and in which call something happened, and ``what``: one
class for each kind, in the module of what it is about. To add a kind, add its class there, and here
at its rank; how it is stored follows from its fields (``storage.fact_codec``). A field may be None
because nobody knew, or because what is stored can't be read: what a crash has garbled can't be
asked for again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.agent_facts import AgentFact
from domain.call_facts import (
    CallBlocked,
    CallEnded,
    CallEntered,
    ControllerLost,
    EntryRuleHeld,
    FellBack,
    TurnedAway,
)
from domain.floor_facts import (
    ConsultAnswered,
    ConsultBegan,
    ConsultEnded,
    Held,
    LeftQueue,
    Offered,
    OfferNotTaken,
    PositionAnnounced,
    Queued,
    Resumed,
    TalkBegan,
    TalkEnded,
    Transferred,
)
from domain.flow_facts import (
    CallbackAsked,
    ChoiceMade,
    LanguageChosen,
    Misdialled,
    Scored,
    WayTaken,
)
from domain.happening import Happening
from domain.identity import CallId
from domain.outbound_facts import (
    CallPlaced,
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    DetectionBegan,
    FateUnknown,
    MachineFound,
    MessagePlayed,
    NotReached,
    OptedOut,
    PersonFound,
)
from domain.recording_facts import Recorded, RecordingMissing, VoiceKept

KINDS: Mapping[str, type[Happening]] = {
    happening.kind: happening
    for happening in (
        CallEntered,
        CallPlaced,
        CustomerRang,
        CustomerAnswered,
        DetectionBegan,
        PersonFound,
        MachineFound,
        NotReached,
        CallBlocked,
        TurnedAway,
        EntryRuleHeld,
        LanguageChosen,
        ChoiceMade,
        Misdialled,
        WayTaken,
        Queued,
        PositionAnnounced,
        Offered,
        OfferNotTaken,
        TalkBegan,
        Held,
        Resumed,
        ConsultBegan,
        ConsultAnswered,
        ConsultEnded,
        Transferred,
        TalkEnded,
        LeftQueue,
        CustomerAbandoned,
        MessagePlayed,
        OptedOut,
        FateUnknown,
        ControllerLost,
        FellBack,
        Scored,
        Recorded,
        RecordingMissing,
        CallbackAsked,
        VoiceKept,
        CallEnded,
    )
}
"""All kinds by their words, in the order in which a call has them: of two facts of the same
instant, the one whose kind is listed first is the earlier."""

RANK = {happening: rank for rank, happening in enumerate(KINDS.values())}
"""The order of kinds among facts of one instant."""


@dataclass(frozen=True, slots=True)
class CallFact:
    """One line of a call's timeline; ``at`` is civil time in UTC, ``id`` a UUID."""

    id: str
    call: CallId
    at: datetime
    what: Happening


Fact = CallFact | AgentFact
