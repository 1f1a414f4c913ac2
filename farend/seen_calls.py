"""The far end's own log: what each call looked like from outside, folded from its events.

All times are those of the far end's Asterisk, in seconds since 1970: it notes them in the dialplan,
on the channel's own thread, so they don't depend on when we read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from farend.ears import Heard

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call to a customer or to an agent's phone, as it was seen there."""

    call: str  # its id: for FarEnd.press, hang_up and ended
    began_at: float
    number: str = ""  # as it was dialled; empty for a phone
    key: str = ""  # the same as called_customers.key_of writes it
    line: str = ""
    station: str = ""  # the phone; empty for a customer
    caller: str = ""  # who calls, as the called side sees it in From
    asserted: str = ""  # its P-Asserted-Identity, of a customer
    seized: bool = False  # over a gateway that answers before the customer does
    answered_at: float | None = None
    steps: tuple[tuple[float, str, int], ...] = ()
    """When each step began, what it is, and the voice's frequency in Hz."""
    keys: str = ""  # what the other side pressed
    over_at: float | None = None
    ended_by_us: bool = False  # the customer or the phone hung up or refused, not the centre
    cause: int | None = None  # Q.850
    heard: tuple[Heard, ...] = ()  # what came in meanwhile, if the call has ears

    @property
    def has_ears(self) -> bool:
        """Whether what it is sent is listened to."""
        return any(step.partition("-")[0] in ("ears", "quiet") for _, step, _ in self.steps)

    @property
    def spoke(self) -> tuple[Heard, ...]:
        """When it sent a tone, from when to when; the last one ends with the call."""
        # Without steps there is one end too many.
        ends = [*(at for at, _, _ in self.steps[1:]), self.over_at]
        return tuple(
            Heard(tone, at, at if end is None else end)
            for (at, step, tone), end in zip(self.steps, ends, strict=False)
            if step.partition("-")[0] in ("speak", "ears")
        )


@dataclass(slots=True)
class SeenCalls:
    """All of them, in the order in which they began; ``take`` is given each event."""

    calls: dict[str, SeenCall] = field(default_factory=dict)
    _ears: dict[str, str] = field(default_factory=dict)
    _early: dict[str, tuple[Heard, ...]] = field(default_factory=dict)
    """What ears heard that closed before we read whose they are."""

    def clear(self) -> None:
        """Forget those that are over."""
        self.calls = {call: seen for call, seen in self.calls.items() if seen.over_at is None}

    def to(self, key: str) -> list[SeenCall]:
        """The calls to a number, as ``key_of`` writes it."""
        return [seen for seen in self.calls.values() if seen.key == key]

    def at(self, station: str) -> list[SeenCall]:
        """The calls to a phone."""
        return [seen for seen in self.calls.values() if seen.station == station]

    def take(self, event: Fields) -> None:
        """Follow an AMI event of the far end; those that say nothing about a call are left out."""
        if event.get("Event") == "DTMFEnd" and event.get("Direction") == "Received":
            self._change(event.get("Uniqueid", ""), keys=event.get("Digit", ""))
            return
        call, kind = event.get("Id", ""), event.get("UserEvent")
        if kind in ("FarendCalled", "FarendRinging"):
            self.calls[call] = SeenCall(
                call,
                _at(event),
                event.get("Number", ""),
                event.get("Key", ""),
                event.get("Line", ""),
                event.get("Station", ""),
                event.get("Caller", ""),
                event.get("Asserted", ""),
                seized=event.get("Seizes") == "1",
            )
        elif kind == "FarendEar":
            self._ears[event.get("Ear", "")] = call
            if event.get("Ear", "") in self._early:
                self.hear(event["Ear"], self._early.pop(event["Ear"]))
        elif call not in self.calls:
            return
        elif kind == "FarendAnswered":
            self.calls[call] = replace(self.calls[call], answered_at=_at(event))
        elif kind == "FarendStep":
            step = (_at(event), event.get("Step", ""), int(event.get("Tone") or 0))
            self.calls[call] = replace(self.calls[call], steps=(*self.calls[call].steps, step))
        elif kind == "FarendOver":
            self.calls[call] = replace(
                self.calls[call],
                over_at=_at(event),
                ended_by_us=event.get("By") == "farend",
                cause=int(event.get("Cause") or 0),
            )

    def ear_of(self, call: str) -> str:
        """The name of the ear that a call has open; empty if it has none."""
        return next((ear for ear, whose in self._ears.items() if whose == call), "")

    def hear(self, ear: str, heard: tuple[Heard, ...]) -> None:
        """What the ear of a call heard, when it has closed."""
        call = self._ears.pop(ear, None)
        if call is None:
            self._early[ear] = heard
        elif call in self.calls:
            self.calls[call] = replace(self.calls[call], heard=self.calls[call].heard + heard)

    def _change(self, call: str, *, keys: str) -> None:
        if call in self.calls:
            self.calls[call] = replace(self.calls[call], keys=self.calls[call].keys + keys)


def _at(event: Fields) -> float:
    return float(event.get("At") or 0.0)
