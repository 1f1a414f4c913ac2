"""What a form shows of a thing, and what is read from it."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from centre.directory_faults import FaultCode
from centre.inbound_settings import (
    CalendarSettings,
    EmergencySettings,
    HotlineSettings,
    QueueSettings,
)
from centre.kinds import Kind, Thing
from centre.things import MODELS
from console.centre import words
from console.centre.difference import Wording, differences, said
from console.centre.drafts import Draft
from console.centre.fields import FormField, Widget, fields_of
from console.centre.filled_forms import Typed, hours, numbered_anew, place_of, read, shown, usual
from console.centre.pages import ICONS, LISTED
from console.centre.setting_words import VALUES, label_of
from tests.centre.any_directory import things as any_things
from tests.centre.small import OFFICE, QUEUE, TEA, WANG, small_directory

SHANGHAI = ZoneInfo("Asia/Shanghai")
SPEECH = Wording(says=str, title=lambda _, key: key, clock=datetime.isoformat)


def all_fields(model: type[BaseModel], prefix: str = "") -> list[FormField]:
    found = []
    for each in fields_of(model, prefix):
        found += [each, *each.inside]
    return found


@pytest.mark.parametrize("kind", list(Kind))
def test_every_setting_has_a_field_and_words(kind: Kind) -> None:
    fields = fields_of(MODELS[kind])
    settings = set(MODELS[kind].model_fields) - ({"name"} if kind is Kind.CENTRE else set())
    assert {each.setting for each in fields} == settings
    for each in all_fields(MODELS[kind]):
        assert label_of(kind, each)
        if each.widget is Widget.CHOICE:
            own = {"From", "P-Asserted-Identity", "Remote-Party-ID"}
            assert set(each.choices) <= set(VALUES) | own, each
    assert set(LISTED[kind]) <= set(MODELS[kind].model_fields)


def test_every_kind_and_code_has_words() -> None:
    assert set(words.KINDS) == set(words.ONE) == set(words.ABOUT) == set(ICONS) == set(Kind)
    assert set(words.NEW) == set(words.EMPTY) == set(Kind) - {Kind.CENTRE}
    assert set(words.FAULTS) == set(FaultCode)


@given(st.one_of(*any_things.values()))
def test_an_untouched_form_is_the_thing(thing: Thing) -> None:
    draft = Draft(thing.KIND, thing.key, 1, Typed({}))
    draft.typed = shown(draft.fields, thing, SHANGHAI)
    assert MODELS[thing.KIND].model_validate(draft.settings(thing, SHANGHAI)) == thing


@pytest.mark.parametrize("thing", list(small_directory()), ids=lambda thing: thing.KIND)
def test_a_form_is_read_as_it_was_shown(thing: Thing) -> None:
    fields = fields_of(type(thing))
    assert type(thing).model_validate(read(fields, shown(fields, thing, UTC), UTC)) == thing


_noise = st.text(max_size=20) | st.sampled_from(["yes", "nan", "inf", "9" * 30, "1e999", "\n", "²"])


@given(st.sampled_from(list(Kind)), st.data())
def test_whatever_is_typed_is_refused_beside_its_setting(kind: Kind, data: st.DataObject) -> None:
    fields = fields_of(MODELS[kind])
    places = [each.name for each in all_fields(MODELS[kind])]
    places += [f"{place}.{more}" for place in places for more in ("en", "0", "0.day", "9" * 5000)]
    texts = data.draw(st.dictionaries(st.sampled_from(places), _noise, max_size=12))
    many = {place: frozenset({text}) for place, text in texts.items()}
    draft = Draft(kind, None, None, numbered_anew(fields, Typed(texts, many)))
    try:
        MODELS[kind].model_validate(draft.settings(None, SHANGHAI))
    except ValidationError as error:
        assert {mistake["type"] for mistake in error.errors()} <= set(words.MISTAKES)
        draft.refuse(error, SPEECH)
        assert "" not in draft.mistakes
        assert not any("%(" in text for texts in draft.mistakes.values() for text in texts)


def test_a_mistake_is_noted_where_it_was_made() -> None:
    fields = fields_of(HotlineSettings)
    assert place_of(fields, ("emergency", "message", "en")) == "emergency.message.en"
    assert place_of(fields, ("emergency", "until")) == "emergency.until"
    assert place_of(fields, ("languages", 0)) == "languages"
    calendar = fields_of(CalendarSettings)
    assert place_of(calendar, ("exceptions", 2, "hours", 0)) == "exceptions.2.hours"
    assert place_of(calendar, ("monday", 1)) == "monday"
    assert place_of(calendar, ("nothing",)) == ""


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("9:00-12:00, 13:00 – 18:00", ("09:00-12:00", "13:00-18:00")),
        ("09：00至12：00；13:00～24:00", ("09:00-12:00", "13:00-24:00")),
        ("09:00-12:00 13:00-18:00", ("09:00-12:00", "13:00-18:00")),
        ("whenever", ("whenever",)),
        ("", ()),
    ],
)
def test_hours_may_be_written_as_people_do(text: str, spans: tuple[str, ...]) -> None:
    assert hours(text) == spans


def test_rows_left_empty_don_t_count() -> None:
    fields = fields_of(CalendarSettings)
    typed = {
        "name": "office", "title": "Office",
        "exceptions.0.day": "", "exceptions.0.hours": " ",
        "exceptions.3.day": "2027-02-17", "exceptions.3.hours": "9:00-12:00",
        "exceptions.7.note": "no day",
    }  # fmt: skip
    again = numbered_anew(fields, Typed(typed))
    assert again.get("exceptions.0.day") == "2027-02-17"
    with pytest.raises(ValidationError) as wrong:
        CalendarSettings.model_validate(read(fields, again, None))
    assert [place_of(fields, e["loc"]) for e in wrong.value.errors()] == ["exceptions.1.day"]


def test_a_moment_is_the_centres() -> None:
    until = datetime(2027, 1, 1, 10, tzinfo=UTC)
    emergency = EmergencySettings(message={"en": "Fire"}, until=until)
    hotline = HotlineSettings(number="4008001000", project="tea", flow="x", emergency=emergency)
    fields = fields_of(HotlineSettings)
    typed = shown(fields, hotline, SHANGHAI)
    assert typed.get("emergency.until") == "2027-01-01T18:00:00"
    assert HotlineSettings.model_validate(read(fields, typed, SHANGHAI)) == hotline


def test_a_new_form_has_the_usual_values() -> None:
    typed = usual(fields_of(QueueSettings), None)
    assert (typed.get("service_level_s"), typed.get("priority")) == ("20", "0")


def test_a_difference_names_what_changed() -> None:
    longer = QUEUE.model_copy(update={"wrap_up_s": 30.0, "title": {"en": "Sales"}})
    told = {one.label: (one.before, one.after) for one in differences(QUEUE, longer, SPEECH)}
    assert told == {"After-call work (s)": ("20", "30"), "Title · English": ("", "Sales")}
    trained = WANG.model_copy(update={"skills": {"sales": 5, "tea": 1}})
    told = {one.label: (one.before, one.after) for one in differences(WANG, trained, SPEECH)}
    assert told == {"Skills · sales": ("3", "5"), "Skills · tea": ("", "1")}
    assert [one.after for one in differences(None, TEA, SPEECH)] == ["tea", "Tea"]
    assert differences(TEA, TEA, SPEECH) == ()


@given(st.one_of(*any_things.values()))
def test_everything_can_be_said(thing: Thing) -> None:
    lines: Any = said(thing, SPEECH)
    assert all(label and text for label, text in lines.values())


def test_what_was_not_touched_is_theirs_what_was_typed_stays() -> None:
    draft = Draft(Kind.CALENDAR, "office", 1, Typed({}))
    mine = OFFICE.model_copy(update={"title": "Mine"})
    theirs = OFFICE.model_copy(update={"title": "Theirs", "holidays": "CN"})
    draft.overtake(mine, OFFICE, theirs, None, 2, SPEECH, None)
    assert (draft.seen, draft.typed.get("title"), draft.typed.get("holidays")) == (2, "Mine", "CN")
    assert draft.overtaken is not None
    assert [one.label for one in draft.overtaken.theirs] == ["Title", "Public holidays of"]
    assert [one.label for one in draft.overtaken.ours] == ["Title"]
