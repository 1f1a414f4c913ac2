"""Describes what programs may ask for, as an OpenAPI document made of the routes and the models."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.flow_models import ApiFault
from console.kit.features import Route
from console.kit.permissions import Only

_PLACE = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{model}"
_SIGNING_IN = (
    "Sign in with POST /login (name, password, csrf) and keep the cookie offhook_session. Each POST"
    " carries the header X-CSRF-Token: the hexadecimal HMAC-SHA256 of the text 'offhook form' with"
    " the cookie's value as its key. Roles and projects are the user's, as on the pages."
)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route takes and answers, besides what its path says."""

    answer: type[BaseModel] | None = None
    """None: JSON of no fixed shape."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Each parameter with what it is."""
    form: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    """What the form's file is; "": it has none."""
    yaml: bool = False
    """The answer is a YAML file."""


def openapi(routes: Sequence[Route], operations: Mapping[tuple[str, str], Operation]) -> Any:
    """The document. KeyError if a route has no operation."""
    described = {route.key: operations[route.key] for route in routes}
    models: set[type[BaseModel]] = {ApiFault}
    models |= {one.answer for one in described.values() if one.answer is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "serialization") for model in ordered], ref_template=_REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, described[route.key]
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Offhook", "version": "1", "description": _SIGNING_IN},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "offhook_session"}
            },
        },
        "security": [{"session": []}],
    }


def _operation(route: Route, operation: Operation) -> dict[str, Any]:
    about = " ".join((route.answer.__doc__ or "").split())
    roles = ", ".join(sorted(route.rule.roles)) if isinstance(route.rule, Only) else "everybody"
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(route.path)
    ] + [
        {"name": name, "in": "query", "description": what, "schema": {"type": "string"}}
        for name, what in operation.query.items()
    ]
    if operation.yaml:
        content: dict[str, Any] = {"application/yaml": {"schema": {"type": "string"}}}
    elif operation.answer is None:
        content = {"application/json": {"schema": {"type": "object"}}}
    else:
        ref = _REF.format(model=operation.answer.__name__)
        content = {"application/json": {"schema": {"$ref": ref}}}
    fault = {"application/json": {"schema": {"$ref": _REF.format(model="ApiFault")}}}
    made: dict[str, Any] = {
        "summary": about.partition(". ")[0].rstrip("."),
        "description": f"{about} For: {roles}.",
        "parameters": parameters,
        "responses": {
            "200": {"description": "done", "content": content},
            "4XX": {"description": "refused; nothing was changed", "content": fault},
        },
    }
    if route.method == "POST":
        fields: dict[str, Any] = {
            name: {"type": "string", "description": what} for name, what in operation.form.items()
        }
        if operation.file:
            fields["file"] = {"type": "string", "format": "binary", "description": operation.file}
        kind = "multipart/form-data" if operation.file else "application/x-www-form-urlencoded"
        made["requestBody"] = {
            "content": {kind: {"schema": {"type": "object", "properties": fields}}}
        }
    return made
