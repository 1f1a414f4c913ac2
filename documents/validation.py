"""Validates parts of a flow's file against their schemas, with faults that a person can act on."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from documents.document import KEY_ITSELF, Document, Path
from documents.document_errors import DocumentError, did_you_mean, nearest, one_of
from documents.sentence import Sentence, as_is, sentence, template

M = TypeVar("M", bound=BaseModel)


def validated(
    model: type[M],
    data: Any,
    document: Document,
    path: Path,
    what: str | Sentence,
    faults: list[DocumentError],
) -> M | None:
    """The data as the model, or None with the faults added to ``faults``; ``what`` it is, in
    words."""
    said = what if isinstance(what, Sentence) else as_is(what)
    if not isinstance(data, dict):
        faults.append(
            document.fault(
                path,
                sentence(
                    "%(what)s is %(value)s; expected settings, each as name: value",
                    what=said,
                    value=_shown(data),
                ),
                sentence("it may have %(names)s", names=one_of(model.model_fields)),
            )
        )
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors()
        written = {
            (*detail["loc"][:-1], _near(model, detail))
            for detail in details
            if detail["type"] == "extra_forbidden"
        }
        faults.extend(
            _fault(model, document, path, said, detail)
            for detail in details
            # A misspelt setting is one fault, not also the lack of the right one.
            if detail["type"] != "missing" or detail["loc"] not in written
        )
        return None


def _near(model: type[BaseModel], detail: ErrorDetails) -> str:
    owner, _ = _at(model, detail["loc"])
    return nearest(str(detail["loc"][-1]), owner.model_fields if owner else ())


def _fault(
    model: type[BaseModel], document: Document, path: Path, what: Sentence, detail: ErrorDetails
) -> DocumentError:
    place = detail["loc"]
    name = str(place[-1]) if place else ""
    owner, field = _at(model, place)
    meaning = _described(field)
    if detail["type"] in ("missing", "extra_forbidden"):
        group = _dotted(place[:-1])
        whole = sentence('"%(group)s" of %(what)s', group=group, what=what) if group else what
        if detail["type"] == "missing":
            return document.fault(
                (*path, *place[:-1]),
                sentence(
                    '%(what)s lacks "%(name)s"; expected %(meaning)s',
                    what=whole,
                    name=name,
                    meaning=meaning or _kind(field),
                ),
                sentence('add "%(name)s: ..."', name=name),
                key=True,
            )
        names = list(owner.model_fields) if owner else []
        return document.fault(
            (*path, *place),
            sentence(
                '%(what)s has no setting "%(name)s"; expected %(names)s',
                what=whole,
                name=name,
                names=one_of(names),
            ),
            did_you_mean(name, names) or sentence("remove it"),
            key=True,
        )
    hint = sentence("it is %(meaning)s", meaning=meaning) if meaning else None
    expected = _expected(detail)
    if detail["type"] == "string_pattern_mismatch" and meaning:
        expected, hint = meaning, None
    elif detail["type"] == "model_type":
        expected = _kind(field)
    elif detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        expected, hint = sentence("text"), sentence("put it in quotes")
    return document.fault(
        (*path, *place),
        sentence(
            '"%(name)s" of %(what)s is %(value)s; expected %(expected)s',
            name=_dotted(place),
            what=what,
            value=_shown(detail["input"]),
            expected=expected,
        ),
        hint,
    )


def _described(field: FieldInfo | None) -> Sentence | None:
    """What a setting is, as its schema says; such a text is a key of the catalogue, too."""
    if field is None or not field.description:
        return None
    return Sentence(field.description.replace("%", "%%"))


def _expected(detail: ErrorDetails) -> Sentence:
    """What pydantic expected, in words that can be translated."""
    template = _EXPECTED.get(detail["type"])
    if template is None:
        return as_is(_SHOULD.sub("", detail["msg"]))
    context = detail.get("ctx", {})
    return Sentence(template, {name: str(value) for name, value in context.items()})


_EXPECTED = {
    "dict_type": template("settings, each as name: value"),
    "list_type": template("a list"),
    "tuple_type": template("a list"),
    "string_type": template("text"),
    "int_type": template("a whole number"),
    "int_parsing": template("a whole number"),
    "int_from_float": template("a whole number"),
    "float_type": template("a number"),
    "float_parsing": template("a number"),
    "bool_type": template("true or false"),
    "bool_parsing": template("true or false"),
    "greater_than": template("greater than %(gt)s"),
    "greater_than_equal": template("greater than or equal to %(ge)s"),
    "less_than": template("less than %(lt)s"),
    "less_than_equal": template("less than or equal to %(le)s"),
    "enum": "%(expected)s",
    "literal_error": "%(expected)s",
}
_SHOULD = re.compile(r"^\w+ should (be |have )?")


def _dotted(place: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in place if part != KEY_ITSELF)


def _at(
    model: type[BaseModel], place: tuple[str | int, ...]
) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that holds the last name of ``place``, and the name's field if it has one.

    Anything under a name that the file chooses itself (a policy's, a segment's) belongs to its
    mapping's field.
    """
    owner: type[BaseModel] | None = model
    field: FieldInfo | None = None
    names_are_its_own = False
    for part in place:
        if not isinstance(part, str) or part == KEY_ITSELF:
            continue
        if names_are_its_own:
            names_are_its_own = False
            continue
        if field is not None:
            owner = next(filter(_is_model, _inside(field.annotation)), None)
        field = owner.model_fields.get(part) if owner else None
        if field is None:
            break
        names_are_its_own = any(map(_is_mapping, _inside(field.annotation)))
    return owner, field


def _inside(annotation: Any) -> Iterator[Any]:
    """The annotation and what its brackets hold: X for list[X] | None and dict[str, X]."""
    yield annotation
    arguments = get_args(annotation)
    for argument in arguments[1:] if _is_mapping(annotation) else arguments:
        yield from _inside(argument)


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, Mapping)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kind(field: FieldInfo | None) -> Sentence:
    """What a field without a description accepts."""
    for annotation in _inside(field.annotation if field else None):
        if _is_model(annotation):
            return sentence("settings: %(names)s", names=one_of(annotation.model_fields))
        for kind, text in _KINDS:
            if isinstance(annotation, type) and issubclass(annotation, kind):
                if issubclass(annotation, Enum):
                    return as_is(one_of(str(choice.value) for choice in annotation))
                return sentence(text)
    return sentence("a value")


_KINDS: tuple[tuple[type, str], ...] = (
    (Enum, ""),
    (bool, template("true or false")),
    (int, template("a whole number")),
    (float, template("a number")),
    (str, template("text")),
)


def _shown(value: Any) -> Sentence:
    if value is None:
        return sentence("empty")
    if isinstance(value, dict):
        return sentence("a mapping")
    if isinstance(value, (list, tuple)):
        return sentence("a list") if value else sentence("an empty list")
    text = repr(value)
    return as_is(text if len(text) <= 40 else text[:37] + "...")
