"""Validates parts of a flow's file against their schemas, with faults that a person can act on."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from documents.document import KEY_ITSELF, Document, Path
from documents.document_errors import DocumentError, did_you_mean, nearest, one_of

M = TypeVar("M", bound=BaseModel)


def validated(
    model: type[M],
    data: Any,
    document: Document,
    path: Path,
    what: str,
    faults: list[DocumentError],
) -> M | None:
    """The data as the model, or None with the faults added to ``faults``."""
    if not isinstance(data, dict):
        faults.append(
            document.fault(
                path,
                f"{what} is {_shown(data)}; expected settings, each as name: value",
                f"it may have {one_of(model.model_fields)}",
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
            _fault(model, document, path, what, detail)
            for detail in details
            # A misspelt setting is one fault, not also the lack of the right one.
            if detail["type"] != "missing" or detail["loc"] not in written
        )
        return None


def _near(model: type[BaseModel], detail: ErrorDetails) -> str:
    owner, _ = _at(model, detail["loc"])
    return nearest(str(detail["loc"][-1]), owner.model_fields if owner else ())


def _fault(
    model: type[BaseModel], document: Document, path: Path, what: str, detail: ErrorDetails
) -> DocumentError:
    place = detail["loc"]
    name = str(place[-1]) if place else ""
    owner, field = _at(model, place)
    meaning = field.description if field else None
    if detail["type"] in ("missing", "extra_forbidden"):
        group = _dotted(place[:-1])
        whole = f'"{group}" of {what}' if group else what
        if detail["type"] == "missing":
            return document.fault(
                (*path, *place[:-1]),
                f'{whole} lacks "{name}"; expected {meaning or _kind(field)}',
                f'add "{name}: ..."',
                key=True,
            )
        names = list(owner.model_fields) if owner else []
        return document.fault(
            (*path, *place),
            f'{whole} has no setting "{name}"; expected {one_of(names)}',
            did_you_mean(name, names) or "remove it",
            key=True,
        )
    hint = f"it is {meaning}" if meaning else ""
    expected = _SHOULD.sub("", detail["msg"])
    if detail["type"] == "string_pattern_mismatch" and meaning:
        expected, hint = meaning, ""
    elif detail["type"] == "model_type":
        expected = _kind(field)
    elif detail["type"] in _SHAPES:
        expected = _SHAPES[detail["type"]]
    elif detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        expected, hint = "text", "put it in quotes"
    return document.fault(
        (*path, *place),
        f'"{_dotted(place)}" of {what} is {_shown(detail["input"])}; expected {expected}',
        hint,
    )


_SHAPES = {
    "dict_type": "settings, each as name: value",
    "list_type": "a list",
    "tuple_type": "a list",
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
        names_are_its_own = any(get_origin(each) is dict for each in _inside(field.annotation))
    return owner, field


def _inside(annotation: Any) -> Iterator[Any]:
    """The annotation and what its brackets hold: X for list[X] | None and dict[str, X]."""
    yield annotation
    arguments = get_args(annotation)
    for argument in arguments[1:] if get_origin(annotation) is dict else arguments:
        yield from _inside(argument)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kind(field: FieldInfo | None) -> str:
    """What a field without a description accepts."""
    for annotation in _inside(field.annotation if field else None):
        if _is_model(annotation):
            return f"settings: {one_of(annotation.model_fields)}"
        for kind, text in _KINDS:
            if isinstance(annotation, type) and issubclass(annotation, kind):
                if issubclass(annotation, Enum):
                    return one_of(str(choice.value) for choice in annotation)
                return text
    return "a value"


_KINDS: tuple[tuple[type, str], ...] = (
    (Enum, ""),
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
)


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
