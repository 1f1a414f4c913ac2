"""The far end's log: calls folded from its events."""

from farend.ears import Heard
from farend.seen_calls import SeenCalls


def told(kind: str, call: str, at: float, **fields: str) -> dict[str, str]:
    return {"Event": "UserEvent", "UserEvent": kind, "Id": call, "At": f"{at:.6f}", **fields}


def test_a_call_from_beginning_to_end() -> None:
    seen = SeenCalls()
    for event in (
        told("FarendCalled", "7.1", 10.0, Number="+8613700000000", Key="13700000000",
             Line="carrier", Caller="4008001000"),
        told("FarendStep", "7.1", 10.1, Step="answer-2", Tone="660"),
        told("FarendAnswered", "7.1", 12.1),
        told("FarendStep", "7.1", 12.2, Step="speak-3", Tone="660"),
        {"Event": "DTMFEnd", "Uniqueid": "7.1", "Direction": "Received", "Digit": "5"},
        {"Event": "DTMFEnd", "Uniqueid": "7.1", "Direction": "Sent", "Digit": "6"},
        told("FarendStep", "7.1", 15.2, Step="hangup", Tone="660"),
        told("FarendOver", "7.1", 15.3, By="farend", Cause="16"),
        told("FarendOver", "9.9", 15.3, By="farend", Cause="16"),  # nobody knows it
    ):  # fmt: skip
        seen.take(event)
    (call,) = seen.to("13700000000")
    assert (call.line, call.caller, call.began_at, call.answered_at) == (
        "carrier", "4008001000", 10.0, 12.1,
    )  # fmt: skip
    assert call.spoke == (Heard(660, 12.2, 15.2),)
    assert (call.keys, call.over_at, call.ended_by_us, call.cause) == ("5", 15.3, True, 16)
    assert list(seen.calls) == ["7.1"]
    seen.clear()
    assert seen.calls == {}


def test_an_ear_belongs_to_its_call_whichever_is_known_first() -> None:
    heard = (Heard(500, 1.0, 2.0),)
    for early in (True, False):
        seen = SeenCalls()
        seen.take(told("FarendRinging", "7.2", 1.0, Station="1001"))
        ear = told("FarendEar", "7.2", 1.0, Ear="abc")
        if early:
            seen.hear("abc", heard)
            seen.take(ear)
        else:
            seen.take(ear)
            assert seen.ear_of("7.2") == "abc"
            seen.hear("abc", heard)
        (call,) = seen.at("1001")
        assert call.heard == heard and seen.ear_of("7.2") == ""
