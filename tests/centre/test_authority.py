"""Who may change what."""

import pytest

from centre.authority import as_seen_by, may_change, may_make, refers_beyond, refused
from centre.directory import Edit, directory_of
from centre.endpoint_settings import OutsideNumberSettings
from centre.inbound_settings import CallerSettings, HotlineSettings, QueueSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import CentreWide
from domain.centre import Treatment
from domain.roles import Actor, Role
from tests.centre.small import (
    BANK,
    HOTLINE,
    LUNCH,
    OFFICE,
    PHONE,
    QUEUE,
    SALES,
    TEA,
    TEAM,
    TRUNK,
    WANG,
    small_directory,
)

ADMIN = Actor("root", Role.ADMIN, None)
OPS = Actor("olga", Role.OPS, None)
TEA_OPS = Actor("otto", Role.OPS, frozenset({"tea"}))
REDS = Actor("susi", Role.SUPERVISOR, frozenset({"tea"}), frozenset({"red"}))

BOTH = WANG.model_copy(update={"projects": ("tea", "bank")})
OTHER_TEAM = WANG.model_copy(update={"team": "blue"})
NOBODYS = WANG.model_copy(update={"projects": ()})
BANKS = QueueSettings(name="loans", project="bank", skill="sales")
BLOCKED = CallerSettings(number="13800000000", treatment=Treatment.BLOCKED)
NOTARY = OutsideNumberSettings(number="+8613700000001", title="Notary", line=TRUNK.name)
CENTRE_WIDE: list[Thing] = [CentreWide(), OFFICE, SALES, TEAM, PHONE, LUNCH, BLOCKED]


@pytest.mark.parametrize(
    ("actor", "theirs", "not_theirs"),
    [
        (ADMIN, [TEA, BANK, TRUNK, NOTARY, QUEUE, HOTLINE, WANG, *CENTRE_WIDE], []),
        (OPS, [TEA, BANK, QUEUE, HOTLINE, WANG, *CENTRE_WIDE], [TRUNK, NOTARY]),
        (
            TEA_OPS,
            [TEA, QUEUE, HOTLINE, WANG, OTHER_TEAM],
            [BANK, BANKS, BOTH, NOBODYS, TRUNK, NOTARY, *CENTRE_WIDE],
        ),
        (
            REDS,
            [QUEUE, WANG],
            [TEA, HOTLINE, BANKS, BOTH, NOBODYS, OTHER_TEAM, TRUNK, NOTARY, *CENTRE_WIDE],
        ),
        *[
            (Actor("x", role, None), [], [TEA, QUEUE, HOTLINE, WANG, TRUNK, NOTARY, *CENTRE_WIDE])
            for role in (Role.AGENT, Role.QA, Role.CLIENT)
        ],
    ],
)
def test_what_is_whose(actor: Actor, theirs: list[Thing], not_theirs: list[Thing]) -> None:
    assert [thing for thing in theirs if not may_change(actor, thing)] == []
    assert [thing for thing in not_theirs if may_change(actor, thing)] == []


@pytest.mark.parametrize("actor", [TEA_OPS, REDS])
def test_nothing_is_taken_from_others_or_put_among_theirs(actor: Actor) -> None:
    assert not refused(actor, Edit(Kind.AGENT, "1001", WANG, WANG.model_copy(update={"name": "W"})))
    assert refused(actor, Edit(Kind.AGENT, "1001", BOTH, WANG))
    assert refused(actor, Edit(Kind.AGENT, "1001", WANG, BOTH))
    assert refused(actor, Edit(Kind.AGENT, "1001", BOTH, None))
    assert not refused(actor, Edit(Kind.AGENT, "1001", WANG, None))


def test_a_supervisor_without_projects_has_none() -> None:
    nobody = Actor("new", Role.SUPERVISOR, frozenset(), frozenset({"red"}))
    assert not may_change(nobody, QUEUE)
    assert not may_change(nobody, WANG)


def test_what_may_be_made() -> None:
    assert all(may_make(ADMIN, kind) for kind in Kind)
    assert [kind for kind in Kind if not may_make(OPS, kind)] == [
        Kind.LINE,
        Kind.OUTSIDE_NUMBER,
    ]
    assert {kind for kind in Kind if may_make(TEA_OPS, kind)} == {
        Kind.HOTLINE,
        Kind.QUEUE,
        Kind.AGENT,
        Kind.CALLER,
    }
    assert {kind for kind in Kind if may_make(REDS, kind)} == {Kind.QUEUE, Kind.AGENT}


def test_a_number_of_another_project_is_not_taken_over() -> None:
    banks = HotlineSettings(number="4008002000", project="bank", flow="hotline")
    mine = banks.model_copy(update={"project": "tea"})
    assert refused(TEA_OPS, Edit(Kind.HOTLINE, banks.key, banks, mine))


def test_nobody_refers_to_what_they_do_not_see() -> None:
    banks = QueueSettings(name="loans", project="bank", skill="sales")
    there = directory_of([*small_directory(), banks])
    led = HOTLINE.model_copy(update={"queue": "loans"})
    assert refers_beyond(TEA_OPS, Edit(Kind.HOTLINE, HOTLINE.key, HOTLINE, led), there)
    assert not refers_beyond(OPS, Edit(Kind.HOTLINE, HOTLINE.key, HOTLINE, led), there)
    own = HOTLINE.model_copy(update={"queue": "sales"})
    assert not refers_beyond(TEA_OPS, Edit(Kind.HOTLINE, HOTLINE.key, HOTLINE, own), there)
    assert not refers_beyond(TEA_OPS, Edit(Kind.HOTLINE, HOTLINE.key, led, None), there)
    # What somebody with more rights has set stays, whoever changes the rest.
    renamed = led.model_copy(update={"title": "T"})
    assert not refers_beyond(TEA_OPS, Edit(Kind.HOTLINE, HOTLINE.key, led, renamed), there)


def test_agents_of_no_project_are_for_those_who_have_all() -> None:
    assert may_change(OPS, NOBODYS)


def test_ops_of_the_whole_centre_look_at_outside_numbers_and_nobody_of_a_project_does() -> None:
    assert as_seen_by(OPS, NOTARY) == NOTARY
    assert as_seen_by(TEA_OPS, NOTARY) is None and as_seen_by(REDS, NOTARY) is None
