"""The centre's books against what was seen and heard outside."""

from dataclasses import replace

from farend.compared_books import BookedCall, ToEar, differences, to_ear
from farend.ears import Heard
from farend.seen_calls import SeenCall

NUMBER = "+8613700000000"
BOOKED = BookedCall("pbx1-1", NUMBER, 10.0, 12.0, 16.0, "1001")
SEEN = SeenCall(
    "7.1", 10.05, NUMBER, "13700000000", "carrier", answered_at=12.01, over_at=16.0,
    steps=((10.1, "answer-2", 500), (12.02, "speak-4", 500), (16.0, "hangup", 500)),
)  # fmt: skip
PHONE = SeenCall("7.0", 1.0, station="1001", answered_at=1.0,
                 steps=((1.0, "ears", 900),), heard=(Heard(500, 12.05, 16.02),))  # fmt: skip
OTHER = replace(PHONE, call="7.9", station="1002", heard=())


def test_they_agree() -> None:
    assert differences([BOOKED], [SEEN], [PHONE, OTHER]) == []
    assert differences([], []) == []
    lost = replace(BOOKED, number="+8613700000001", reaches_far_end=False, answered_at=None)
    assert differences([BOOKED, lost], [SEEN]) == []


def test_a_phone_at_which_the_same_voice_was_somebody_elses_says_nothing() -> None:
    number = "+8613700000001"
    also = replace(BOOKED, name="pbx1-2", number=number, station="1002")
    there = replace(SEEN, call="7.2", number=number, key="13700000001")
    hears = replace(OTHER, heard=PHONE.heard)
    assert differences([BOOKED, also], [SEEN, there], [PHONE, hears]) == []
    for at in ("1001", None):
        (told, *_) = differences([BOOKED, replace(also, station=at)], [SEEN, there], [PHONE, hears])
        assert "1002" in told
    quiet = replace(there, steps=((10.1, "silent-4", 500),))
    (told,) = differences([BOOKED, also], [SEEN, quiet], [PHONE, hears])
    assert told.endswith("heard at 1001, 1002")


def test_a_talk_of_an_instant_need_not_be_heard() -> None:
    deaf = replace(PHONE, heard=())
    assert differences([replace(BOOKED, talked_s=0.12)], [SEEN], [deaf]) == []
    (told,) = differences([replace(BOOKED, talked_s=0.3)], [SEEN], [deaf])
    assert told.endswith("talked at 1001, heard at no phone")
    elsewhere = [deaf, replace(OTHER, heard=PHONE.heard)]
    (told,) = differences([replace(BOOKED, talked_s=0.12)], [SEEN], elsewhere)
    assert told.endswith("talked at 1001, heard at 1002")


def test_each_difference_is_told() -> None:
    for booked, seen, phones, said in (
        ([], [SEEN], (), "13700000000: 1 calls that no book has"),
        ([BOOKED], [], (), "13700000000: 1 calls in the books, 0 were seen"),
        ([BOOKED, BOOKED], [SEEN], (), "13700000000: 2 calls in the books, 1 were seen"),
        ([replace(BOOKED, answered_at=None)], [SEEN], (), "answered never, seen at 12.010"),
        ([replace(BOOKED, answered_at=13.0)], [SEEN], (), "answered +0.990 s from what was seen"),
        ([replace(BOOKED, ended_at=None)], [SEEN], (), "ended never, seen at 16.000"),
        ([replace(BOOKED, ended_at=15.0)], [SEEN], (), "ended -1.000 s from what was seen"),
        ([replace(BOOKED, station="1002")], [SEEN], (PHONE, OTHER),
         "talked at 1002, heard at 1001"),
        ([replace(BOOKED, station=None)], [SEEN], (PHONE,), "talked at no phone, heard at 1001"),
        ([BOOKED], [SEEN], (replace(PHONE, heard=()),), "talked at 1001, heard at no phone"),
    ):  # fmt: skip
        (told,) = differences(booked, seen, phones)
        assert told.endswith(said)


def test_a_gateways_answer_says_nothing() -> None:
    seized = replace(SEEN, seized=True, answered_at=None)
    assert differences([BOOKED], [seized]) == []


def test_from_the_answer_to_the_ear() -> None:
    later = replace(OTHER, heard=(Heard(500, 14.0, 15.0), Heard(900, 12.0, 15.0)))
    found = to_ear(SEEN, [later, PHONE])
    assert found is not None and found.station == "1001" and abs(found.seconds - 0.03) < 1e-6
    assert to_ear(SEEN, [replace(PHONE, heard=(Heard(500, 2.0, 3.0),))]) is None  # before
    assert to_ear(SEEN, [replace(PHONE, heard=(Heard(600, 12.1, 13.0),))]) is None  # another's
    assert to_ear(replace(SEEN, steps=()), [PHONE]) is None
    assert isinstance(found, ToEar)
