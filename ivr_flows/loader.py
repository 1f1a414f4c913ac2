"""Reads and checks a flow's text: makes a Flow of it, or reports everything that is wrong."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from documents.document import Document, Path, read
from documents.document_errors import DocumentError, did_you_mean, first_of, one_of
from documents.validation import validated
from ivr_flows.checks import graph_faults, wired
from ivr_flows.flow import Announcements, Flow, Node
from ivr_flows.flow_schema import (
    ANNOUNCEMENT_PARAMETERS,
    NAME,
    NAME_EXPECTED,
    AnnouncementsSection,
    FlowFile,
)
from ivr_flows.kind import NodeKind
from ivr_flows.nodes import KINDS
from ivr_flows.prompt_texts import braced, read_prompts
from ivr_flows.texts import Prompt


def load(text: str | bytes, source: str, queues: Collection[str] | None = None) -> Flow:
    """Read and check a flow; ``source`` is the file's name for messages.

    Given ``queues``, the centre's queues, a flow that sends callers to any other is refused. Raises
    DocumentError for the file's first fault, with the rest in ``others``.
    """
    document = read(text, source)
    faults: list[DocumentError] = []
    file = validated(FlowFile, document.data, document, (), "the flow", faults)
    if file is None:
        raise first_of(faults)
    prompts = read_prompts(file.prompts, file.languages, document, faults)
    announcements = _announcements(file.announcements, prompts, document, faults)
    nodes = _nodes(file, prompts, document, queues, faults)
    if file.start not in file.nodes:
        faults.append(
            document.fault(
                ("start",),
                f'the flow starts at "{file.start}", which is not a node; '
                f"expected {one_of(file.nodes)}",
                did_you_mean(file.start, file.nodes) or "name one of the nodes",
            )
        )
    if not faults:
        faults.extend(graph_faults(file.start, nodes, document))
    if faults:
        raise first_of(faults)
    return Flow(
        name=file.flow,
        source=source,
        title=file.title,
        languages=file.languages,
        start=file.start,
        prompts=prompts,
        nodes=nodes,
        announcements=announcements,
    )


def _announcements(
    data: Mapping[str, Any],
    prompts: Mapping[str, Prompt],
    document: Document,
    faults: list[DocumentError],
) -> Announcements:
    path: Path = ("announcements",)
    section = validated(AnnouncementsSection, data, document, path, '"announcements"', faults)
    if section is None:
        return Announcements()
    named = {use: name for use, name in section.model_dump().items() if name is not None}
    for use, name in named.items():
        parameter = ANNOUNCEMENT_PARAMETERS.get(use)
        allowed = {parameter} if parameter else set()
        _check_prompt(name, allowed, prompts, document, (*path, use), faults)
    return Announcements(**named)


def _nodes(
    file: FlowFile,
    prompts: Mapping[str, Prompt],
    document: Document,
    queues: Collection[str] | None,
    faults: list[DocumentError],
) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for name, data in file.nodes.items():
        path: Path = ("nodes", name)
        if not re.fullmatch(NAME, name):
            message = f"\"{name}\" can't be a node's id; expected {NAME_EXPECTED}"
            faults.append(document.fault(path, message, key=True))
        if not isinstance(data, dict) or "kind" not in data:
            faults.append(
                document.fault(
                    path,
                    f'node "{name}" has no kind; expected one of {one_of(KINDS)}',
                    'add "kind: ..."',
                    key=True,
                )
            )
            continue
        kind = data["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            faults.append(
                document.fault(
                    (*path, "kind"),
                    f'node "{name}" is of kind "{kind}"; expected one of {one_of(KINDS)}',
                    did_you_mean(str(kind), KINDS),
                )
            )
            continue
        given = data.get("exits", {})
        if not isinstance(given, dict):
            message = f'"exits" of node "{name}" is not a mapping; expected each as exit: node'
            faults.append(document.fault((*path, "exits"), message))
            continue
        plain = {key: value for key, value in data.items() if key not in ("kind", "exits")}
        what = f'node "{name}" ({kind})'
        settings = validated(KINDS[kind], plain, document, path, what, faults)
        if settings is None:
            continue
        _check_settings(settings, path, file.languages, prompts, document, faults)
        _check_queue(settings, path, queues, document, faults)
        exits = wired(name, settings, given, file.nodes, document, faults)
        nodes[name] = Node(name, kind, settings, exits)
    return nodes


def _check_settings(
    settings: NodeKind,
    path: Path,
    languages: tuple[str, ...],
    prompts: Mapping[str, Prompt],
    document: Document,
    faults: list[DocumentError],
) -> None:
    faults.extend(
        document.fault((*path, *place), message) for place, message in settings.faults(languages)
    )
    for field in settings.prompt_fields():
        for index, name in enumerate(getattr(settings, field)):
            here = (*path, field, index)
            if here not in document.values:  # a single name, not a list
                here = (*path, field)
            _check_prompt(name, set(), prompts, document, here, faults)


def _check_queue(
    settings: NodeKind,
    path: Path,
    queues: Collection[str] | None,
    document: Document,
    faults: list[DocumentError],
) -> None:
    queue = getattr(settings, "queue", None)
    if queues is not None and queue is not None and queue not in queues:
        faults.append(
            document.fault(
                (*path, "queue"),
                f'there is no queue "{queue}"; expected {one_of(queues)}',
                did_you_mean(queue, queues) or "add it to the centre's configuration",
            )
        )


def _check_prompt(
    name: str,
    parameters: set[str],
    prompts: Mapping[str, Prompt],
    document: Document,
    path: Path,
    faults: list[DocumentError],
) -> None:
    """Check that the prompt exists and has exactly these parameters."""
    if name not in prompts:
        faults.append(
            document.fault(
                path,
                f'there is no prompt "{name}"; expected {one_of(prompts)}',
                did_you_mean(name, prompts) or f'add it under "prompts:" as "{name}:"',
            )
        )
        return
    for language in prompts[name].texts:
        found = prompts[name].parameters(language)
        if found != parameters:
            faults.append(
                document.fault(
                    path,
                    f'prompt "{name}" in {language} has {braced(found)}; '
                    f"expected {braced(parameters)} here",
                )
            )
