"""Finds every text of the flow language that must be in its catalogue: faults, remedies, help."""

import ast
import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import documents
import ivr_flows
import publishing
from ivr_flows.trying.scripts import ScriptSettings, ScriptsFile, ScriptStep
from ivr_flows.vocabulary import FieldWords, vocabulary

_ROOMS = (documents, ivr_flows, publishing)
_MARKS = ("sentence", "Sentence", "template")
_SAME_EVERYWHERE = "%(text)s"


def flow_messages() -> set[str]:
    """The texts, in English: templates of sentences, and what settings and kinds are for."""
    return {*_templates(), *_abouts()} - {_SAME_EVERYWHERE}


def _templates() -> Iterator[str]:
    for room in _ROOMS:
        root = Path(str(room.__file__)).parent
        for file in sorted(root.rglob("*.py")):
            name = ".".join((room.__name__, *file.relative_to(root).with_suffix("").parts))
            yield from _templates_of(file, name.removesuffix(".__init__"))


def _templates_of(file: Path, name: str) -> Iterator[str]:
    """The constant first arguments of calls that make a sentence or mark a template."""
    module = None
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id not in _MARKS or not node.args:
            continue
        module = module or vars(importlib.import_module(name))
        try:
            found = eval(compile(ast.Expression(node.args[0]), file.name, "eval"), dict(module))  # noqa: S307
        except NameError:
            continue  # a variable: what it holds is marked where it is written
        if isinstance(found, str):
            yield found


def _abouts() -> Iterator[str]:
    words = vocabulary()
    for kind in words.kinds:
        yield kind.about
        yield from _fields(kind.fields)
    for fields in (words.top, words.announcements, words.variable):
        yield from _fields(fields)
    for model in (ScriptsFile, ScriptSettings, ScriptStep):
        yield from (str(field.description) for field in model.model_fields.values())


def _fields(fields: Iterable[FieldWords]) -> Iterator[str]:
    for field in fields:
        if field.about:
            yield field.about
        yield from _fields(field.fields)
