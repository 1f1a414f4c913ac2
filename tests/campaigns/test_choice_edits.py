"""Edits of what agents choose from."""

from hypothesis import given
from hypothesis import strategies as st

from campaigns.choice_edits import (
    Choices,
    back_to,
    lacking,
    lost_subs,
    moved,
    new_code,
    retired,
    with_choice,
)
from campaigns.disposition_choices import CHOICE_CODE, USUAL, CallKind, Choice, SubReason
from campaigns.dispositions import Disposition

CODES = st.sampled_from([choice.code for choice in USUAL])
TRIAL = Choice(code="trial", titles={"en": "Trial"}, meaning=Disposition.SUCCESS)


def codes(choices: Choices, *, offered: bool = False) -> list[str]:
    return [one.code for one in choices if not (offered and one.retired)]


@given(st.lists(st.tuples(st.booleans(), CODES, st.sampled_from([-1, 1, True, False]))))
def test_no_edit_loses_or_repeats_a_choice(edits: list[tuple[bool, str, int]]) -> None:
    now: Choices = USUAL
    for moves, code, how in edits:
        now = moved(now, code, 1 if how > 0 else -1) if moves else retired(now, code, bool(how))
        assert sorted(codes(now)) == sorted(codes(USUAL))


def test_a_choice_moves_past_those_that_are_retired() -> None:
    now = retired(USUAL, "appointment", True)
    after = moved(now, "success", 1)
    assert codes(after, offered=True)[:2] == ["refused", "success"]
    assert moved(after, "success", -1) == now
    assert moved(now, "success", -1) == now  # it is the first
    assert moved(now, "appointment", 1) == now  # nobody sees it
    assert moved(now, "nothing", 1) == now


def test_back_to_what_was_there_retires_what_came_since() -> None:
    priced = USUAL[2].model_copy(
        update={"sub_reasons": (*USUAL[2].sub_reasons, SubReason(code="x", titles={"en": "X"}))}
    )
    now = with_choice(with_choice(retired(USUAL, "success", True), priced), TRIAL)
    back = back_to(USUAL, now)
    assert codes(back, offered=True) == codes(USUAL)
    assert codes(back)[-1] == "trial"
    assert back[2].sub_reasons[-1] == SubReason(code="x", titles={"en": "X"}, retired=True)
    assert not lost_subs(now, {one.code: one for one in back})
    assert lost_subs(now, {one.code: one for one in USUAL})


@given(st.text(max_size=80), st.sets(st.text(alphabet="abc_1", max_size=4), max_size=8))
def test_each_new_code_is_one_and_its_own(title: str, taken: set[str]) -> None:
    code = new_code({"en": title, "zh-CN": "试用"}, taken, "result")
    assert CHOICE_CODE.match(code) and code not in taken


def test_a_code_is_named_after_its_title() -> None:
    assert new_code({"en": "Wants a trial!"}, (), "result") == "wants_a_trial"
    assert new_code({"zh-CN": "试用"}, {"result"}, "result") == "result_2"


def test_what_agents_would_miss_is_named() -> None:
    assert lacking(USUAL) == ()
    assert lacking(retired(USUAL, "do_not_call", True)) == (Disposition.DO_NOT_CALL,)
    inbound = tuple(one for one in USUAL if one.meaning is Disposition.RESOLVED)
    assert lacking(inbound) == (CallKind.OUTBOUND,)
    assert lacking(()) == (CallKind.OUTBOUND, CallKind.INBOUND)
