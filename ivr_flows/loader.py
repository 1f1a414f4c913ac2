"""Reads and checks a flow's text: makes a Flow of it, or reports everything that is wrong."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from documents.document import Document, Path, read
from documents.document_errors import DocumentError, did_you_mean, first_of, one_of
from documents.sentence import sentence
from documents.validation import validated
from ivr_flows.checks import circle_faults, graph_faults, wired
from ivr_flows.concerns import concerns_of
from ivr_flows.flow import Announcements, Flow, Node
from ivr_flows.flow_schema import (
    ANNOUNCEMENT_GAPS,
    NAME,
    NAME_EXPECTED,
    VERSION,
    AnnouncementsSection,
    FlowFile,
    VariableSection,
)
from ivr_flows.kind import Scope
from ivr_flows.nodes import KINDS
from ivr_flows.prompt_texts import read_prompts
from ivr_flows.references import ANYWHERE, Outside, References
from ivr_flows.texts import Prompt
from ivr_flows.values import BUILT_IN, NotOfType, Variable, value_of


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking a flow's text. Errors forbid to publish it; warnings have to be
    confirmed. Both are in the order of their lines. ``flow`` is there if there is no error."""

    flow: Flow | None
    errors: tuple[DocumentError, ...]
    warnings: tuple[DocumentError, ...] = ()


def check(text: str | bytes, source: str, outside: Outside = ANYWHERE) -> Checked:
    """Read and check a flow; ``source`` is the file's name for messages."""
    try:
        return check_document(read(text, source), outside)
    except DocumentError as error:
        return Checked(None, (error,))


def check_document(document: Document, outside: Outside = ANYWHERE) -> Checked:
    """Check a flow whose text has been read."""
    faults: list[DocumentError] = []
    file = validated(FlowFile, document.data, document, (), sentence("the flow"), faults)
    if file is None:
        return Checked(None, _in_order(faults))
    if file.version != VERSION:
        faults.append(
            document.fault(
                ("version",),
                sentence(
                    "the flow is written in version %(version)s of the language; "
                    "this Offhook reads version %(ours)s",
                    version=file.version,
                    ours=VERSION,
                ),
                sentence("export it where it was written, or bring this Offhook up to date"),
            )
        )
        return Checked(None, _in_order(faults))
    prompts = read_prompts(file.prompts, file.languages, document, faults)
    variables = _variables(file.variables, document, faults)
    scope = Scope(file.languages, variables, tuple(file.nodes))
    references = References(document, prompts, scope, outside, faults, file.flow)
    announcements = _announcements(file.announcements, document, references)
    nodes = _nodes(file, document, references)
    if file.start not in file.nodes:
        faults.append(
            document.fault(
                ("start",),
                sentence(
                    'the flow starts at "%(start)s", which is not a node; expected %(nodes)s',
                    start=file.start,
                    nodes=one_of(file.nodes),
                ),
                did_you_mean(file.start, file.nodes) or sentence("name one of the nodes"),
            )
        )
    if not faults:
        faults.extend(graph_faults(file.start, nodes, document))
        faults.extend(circle_faults(file.flow, file.start, nodes, outside.flows, document))
    if faults:
        return Checked(None, _in_order(faults))
    flow = Flow(
        name=file.flow,
        source=document.source,
        title=file.title,
        languages=file.languages,
        start=file.start,
        prompts=prompts,
        nodes=nodes,
        announcements=announcements,
        variables=variables,
        note=file.note,
    )
    warnings = concerns_of(flow, document, outside, references)
    return Checked(flow, (), _in_order(warnings))


def load(text: str | bytes, source: str, outside: Outside = ANYWHERE) -> Flow:
    """Read and check a flow. Raises DocumentError for the file's first error, with the rest in
    ``others``."""
    checked = check(text, source, outside)
    if checked.flow is None:
        raise first_of(checked.errors)
    return checked.flow


def _in_order(faults: Iterable[DocumentError]) -> tuple[DocumentError, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.column)))


def _variables(
    data: Mapping[str, Any], document: Document, faults: list[DocumentError]
) -> Mapping[str, Variable]:
    variables = dict(BUILT_IN)
    for name, given in data.items():
        path: Path = ("variables", name)
        if not re.fullmatch(NAME, name):
            faults.append(document.fault(path, _bad_name("variable", name), key=True))
        if name in BUILT_IN:
            faults.append(
                document.fault(
                    path,
                    sentence('"%(name)s" is known of every call already', name=name),
                    sentence("give the variable another name, or remove it"),
                    key=True,
                )
            )
            continue
        section = validated(
            VariableSection,
            given,
            document,
            path,
            sentence('variable "%(name)s"', name=name),
            faults,
        )
        if section is None:
            variables[name] = Variable(name, type=BUILT_IN["language"].type)
            continue
        initial = None
        try:
            initial = value_of(section.initial, section.type)
        except NotOfType:
            faults.append(
                document.fault(
                    (*path, "initial"),
                    sentence(
                        '"%(name)s" is of type %(type)s, which "%(value)s" is not',
                        name=name,
                        type=section.type.value,
                        value=str(section.initial),
                    ),
                )
            )
        variables[name] = Variable(name, section.type, section.secret, initial, section.note)
    return variables


def _bad_name(what: str, name: str) -> Any:
    return sentence(
        '"%(name)s" can\'t be the name of a ' + what + "; expected " + NAME_EXPECTED, name=name
    )


def _announcements(
    data: Mapping[str, Any], document: Document, references: References
) -> Announcements:
    path: Path = ("announcements",)
    section = validated(
        AnnouncementsSection, data, document, path, '"announcements"', references.faults
    )
    if section is None:
        return Announcements()
    named = {use: name for use, name in section.model_dump().items() if name is not None}
    for use, name in named.items():
        variable = ANNOUNCEMENT_GAPS.get(use)
        gaps = {variable.name: variable} if variable else {}
        references.prompt(name, gaps, (*path, use))
        _says_all(name, gaps, references.prompts, document, (*path, use), references.faults)
    return Announcements(**named)


def _says_all(
    name: str,
    gaps: Mapping[str, Variable],
    prompts: Mapping[str, Prompt],
    document: Document,
    path: Path,
    faults: list[DocumentError],
) -> None:
    """An announcement that doesn't say what it is for is a fault."""
    if name not in prompts:
        return
    for language in prompts[name].texts:
        said = {gap.variable for gap in prompts[name].gaps(language)}
        faults.extend(
            document.fault(
                path,
                sentence(
                    'prompt "%(prompt)s" in %(language)s doesn\'t say {%(name)s}',
                    prompt=name,
                    language=language,
                    name=missing,
                ),
                sentence("it is announced to waiting callers; say it"),
            )
            for missing in gaps.keys() - said
        )


def _nodes(file: FlowFile, document: Document, references: References) -> dict[str, Node]:
    faults = references.faults
    nodes: dict[str, Node] = {}
    for name, data in file.nodes.items():
        path: Path = ("nodes", name)
        if not re.fullmatch(NAME, name):
            faults.append(document.fault(path, _bad_name("node", name), key=True))
        if not isinstance(data, dict) or "kind" not in data:
            faults.append(
                document.fault(
                    path,
                    sentence(
                        'node "%(node)s" has no kind; expected one of %(kinds)s',
                        node=name,
                        kinds=one_of(KINDS),
                    ),
                    sentence('add "kind: ..."'),
                    key=True,
                )
            )
            continue
        kind = data["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            faults.append(
                document.fault(
                    (*path, "kind"),
                    sentence(
                        'node "%(node)s" is of kind "%(kind)s"; expected one of %(kinds)s',
                        node=name,
                        kind=str(kind),
                        kinds=one_of(KINDS),
                    ),
                    did_you_mean(str(kind), KINDS),
                )
            )
            continue
        given = data.get("exits", {})
        if not isinstance(given, dict):
            faults.append(
                document.fault(
                    (*path, "exits"),
                    sentence(
                        '"exits" of node "%(node)s" is not a mapping; expected each as exit: node',
                        node=name,
                    ),
                )
            )
            continue
        plain = {key: value for key, value in data.items() if key not in ("kind", "exits")}
        what = sentence('node "%(node)s" (%(kind)s)', node=name, kind=kind)
        settings = validated(KINDS[kind], plain, document, path, what, faults)
        if settings is None:
            continue
        references.check(settings, path)
        exits = wired(name, settings, given, file.nodes, document, faults)
        line, _ = document.keys.get(path, (0, 0))
        nodes[name] = Node(name, kind, settings, exits, line)
    return nodes
