"""What the editor offers is what the checker takes."""

from ivr_flows.nodes import KINDS
from ivr_flows.vocabulary import KindWords, vocabulary


def kind(name: str) -> KindWords:
    """A kind of node, by name."""
    return next(one for one in vocabulary().kinds if one.name == name)


def test_every_kind_and_setting_is_there_with_its_meaning() -> None:
    assert [one.name for one in vocabulary().kinds] == list(KINDS)
    for one in vocabulary().kinds:
        assert one.about and "  " not in one.about
        assert {field.name for field in one.fields} == set(KINDS[one.name].model_fields)
        assert all(field.about for field in one.fields), one.name
    assert all(field.about for field in vocabulary().top)


def test_it_knows_what_a_setting_names() -> None:
    refers = {
        (one.name, field.name): field.refers for one in vocabulary().kinds for field in one.fields
    }
    assert refers["queue", "queue"] == refers["callback", "queue"] == "queue"
    assert refers["hours", "calendar"] == "calendar" and refers["agent", "agent"] == "agent"
    assert refers["number", "line"] == "line" and refers["number", "number"] == ""
    assert refers["callback", "number"] == refers["collect", "variable"] == "variable"
    assert refers["look_up", "secrets"] == "secret" and refers["flow", "flow"] == "flow"
    assert refers["play", "recordings"] == "recording" and refers["queue", "meanwhile"] == "node"
    assert refers["say", "prompts"] == refers["menu", "wrong_key"] == "prompt"
    take = next(field for field in kind("look_up").fields if field.name == "take")
    assert (take.keys_refer, take.refers, take.mapped) == ("variable", "", True)


def test_it_knows_values_defaults_and_exits() -> None:
    check = next(field for field in kind("collect").fields if field.name == "check")
    assert "id_number" in check.values and check.default == "digits" and not check.required
    assert kind("queue").exits == ("talked", "timeout", "nobody", "failed")
    assert kind("menu").exits == ("exhausted",) and kind("hangup").exits == ()
    cases = next(field for field in kind("choose").fields if field.name == "cases")
    when = next(field for field in cases.fields if field.name == "when")
    assert {"variable", "is", "at_least"} <= {field.name for field in when.fields}
    start = next(field for field in vocabulary().top if field.name == "start")
    assert start.refers == "node" and start.required
