"""What a project's agents choose from when a call is over."""

import pytest
from pydantic import ValidationError

from campaigns.disposition_choices import (
    USUAL,
    CallKind,
    Choice,
    SubReason,
    choice_of,
    offered_for,
    title_in,
)
from campaigns.dispositions import Disposition
from campaigns.project_choices import ChoicesRefusal, ChoicesRefused, ProjectChoices
from domain.roles import Actor, Role
from storage.database import Database
from tests.campaigns.campaigns_scene import BANK, OPS, TEA

pytestmark = pytest.mark.live
OUT, IN = CallKind.OUTBOUND, CallKind.INBOUND


def choice(code: str, meaning: Disposition = Disposition.SUCCESS, **more: object) -> Choice:
    return Choice(code=code, titles={"en": code.title()}, meaning=meaning, **more)


def test_a_fresh_project_has_every_meaning_to_choose() -> None:
    assert {one.meaning for one in USUAL} == set(Disposition)
    for kind in CallKind:
        assert any(one.meaning is Disposition.CALLBACK for one in offered_for(USUAL, kind))
    assert all({"zh-CN", "en"} == set(one.titles) for one in USUAL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": ()},
        {"meaning": Disposition.RESOLVED, "kinds": (OUT,)},
        {"meaning": Disposition.WRONG_NUMBER, "kinds": (OUT, IN)},
        {"titles": {"en": " "}},
        {"code": "Upper"},
        {"code": "a\n"},
        {"again_after_s": -1},
        {"sub_reasons": (SubReason(code="a", titles={}), SubReason(code="a", titles={}))},
    ],
)
def test_a_choice_that_makes_no_sense_is_none(wrong: dict[str, object]) -> None:
    right: dict[str, object] = {
        "code": "a",
        "titles": {"en": "A"},
        "meaning": Disposition.SUCCESS,
    }
    with pytest.raises(ValidationError):
        Choice(**(right | wrong))


def test_a_title_is_shown_in_whatever_language_there_is() -> None:
    assert title_in({"en": "Yes", "zh-CN": ""}, "zh-CN") == "Yes"
    assert title_in({}, "en") == ""


async def test_choices_are_the_projects_own(database: Database) -> None:
    kept = ProjectChoices(database.pool)
    usual = await kept.of(TEA)
    assert (usual.choices, usual.change) == (USUAL, 0)
    mine = (*USUAL, choice("trial", sub_reasons=(SubReason(code="free", titles={"en": "Free"}),)))
    made = await kept.change(OPS, TEA, 0, mine)
    assert await kept.of(TEA) == made
    assert (await kept.of(BANK)).choices == USUAL
    assert await kept.change(OPS, TEA, made.change, mine) == made  # nothing is new
    (change,) = await kept.changes(TEA)
    assert (change.by, change.choices) == ("olga", mine)
    retired = tuple(one.model_copy(update={"retired": one.code == "trial"}) for one in mine)
    await kept.change(OPS, TEA, made.change, retired)
    now = (await kept.of(TEA)).choices
    assert choice_of(now, "trial") is not None
    assert choice_of(offered_for(now, OUT), "trial") is None


async def test_what_would_lose_something_is_refused(database: Database) -> None:
    kept = ProjectChoices(database.pool)
    gone = tuple(one.model_copy(update={"retired": True}) for one in USUAL)
    sue = Actor("sue", Role.SUPERVISOR, frozenset({TEA}))
    for actor, seen, choices, why in (
        (sue, 0, USUAL, ChoicesRefusal.FORBIDDEN),
        (Actor("ben", Role.OPS, frozenset({BANK})), 0, USUAL, ChoicesRefusal.FORBIDDEN),
        (OPS, 7, USUAL, ChoicesRefusal.CHANGED_MEANWHILE),
        (OPS, 0, USUAL[1:], ChoicesRefusal.REMOVED),
        (OPS, 0, (*USUAL, USUAL[0]), ChoicesRefusal.TWICE),
        (OPS, 0, gone, ChoicesRefusal.NONE_LEFT),
        (OPS, 0, (*USUAL, *(choice(f"c{n}") for n in range(60))), ChoicesRefusal.TOO_MANY),
    ):
        with pytest.raises(ChoicesRefused) as refused:
            await kept.change(actor, TEA, seen, choices)
        assert refused.value.why is why
    assert (await kept.of(TEA)).change == 0
