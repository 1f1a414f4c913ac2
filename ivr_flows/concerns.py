"""What may be intended in a flow, but seldom is: it is confirmed before the flow is published."""

from collections.abc import Iterator

from documents.document import Document
from documents.document_errors import DocumentError
from documents.sentence import sentence
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.nodes.look_up import LookUpNode, service_in
from ivr_flows.nodes.menu import MenuNode
from ivr_flows.nodes.queue import QueueNode
from ivr_flows.nodes.split import SplitNode
from ivr_flows.nodes.sub_flow import FlowNode, GoOnNode, ReturnNode
from ivr_flows.nodes.transfer import AgentNode, NumberNode
from ivr_flows.nodes.voice import VoicemailNode
from ivr_flows.references import Outside, References
from ivr_flows.values import BUILT_IN

MOST_KEYS = 9
"""More choices than this nobody remembers."""

_TO_A_PERSON = (QueueNode, AgentNode, NumberNode, GoOnNode, FlowNode, VoicemailNode)


def concerns_of(
    flow: Flow, document: Document, outside: Outside, references: References
) -> tuple[DocumentError, ...]:
    """The warnings about a flow that has no errors."""
    return tuple(_concerns(flow, document, outside, references))


def _unencrypted(flow: Flow, document: Document) -> Iterator[DocumentError]:
    """Secrets that anybody on the way can read."""
    for node in flow.nodes.values():
        settings = node.settings
        if isinstance(settings, LookUpNode) and settings.secrets and settings.url[:5] == "http:":
            yield document.fault(
                ("nodes", node.id, "url"),
                sentence('"%(node)s" sends a secret without encryption', node=node.id),
                sentence("write https:// if the service offers it"),
            )


def _out_of_reach(flow: Flow, document: Document, outside: Outside) -> Iterator[DocumentError]:
    """Services that nobody has allowed: each look-up fails, and callers hear that it does."""
    for node in flow.nodes.values():
        settings = node.settings
        if isinstance(settings, LookUpNode):
            host, port = service_in(settings.url)
            if outside.refuses(host, port):
                yield document.fault(
                    ("nodes", node.id, "url"),
                    sentence(
                        '"%(node)s" asks %(host)s:%(port)s, which is inside the centre and not'
                        " allowed; each look-up fails",
                        node=node.id,
                        host=host,
                        port=port,
                    ),
                    sentence("ask an admin to allow it under Centre, Look-ups"),
                )


def _unseen(document: Document) -> Iterator[DocumentError]:
    """Characters that make a line look other than it is, wherever they stand: a comment that is
    shown in the place of a setting deceives as well."""
    for one in document.unseen:
        yield DocumentError(
            document.source,
            one.line,
            one.column,
            sentence(
                'invisible characters in "%(text)s": %(characters)s',
                text=one.around,
                characters=one.names,
            ),
            sentence(
                "remove them, or write what is meant in double quotes, such as %(escape)s",
                escape=one.escape,
            ),
        )


def _concerns(
    flow: Flow, document: Document, outside: Outside, references: References
) -> Iterator[DocumentError]:
    returns = any(isinstance(node.settings, ReturnNode) for node in flow.nodes.values())
    if not returns and not any(
        isinstance(node.settings, _TO_A_PERSON) for node in flow.nodes.values()
    ):
        yield document.fault(
            ("start",),
            sentence("no caller of this flow can reach a person"),
            sentence("add a queue or a voicemail, if that is not what you want"),
        )
    for node in flow.nodes.values():
        path = ("nodes", node.id)
        settings = node.settings
        if isinstance(settings, MenuNode) and len(settings.keys) > MOST_KEYS:
            yield document.fault(
                (*path, "keys"),
                sentence(
                    'menu "%(node)s" has %(keys)s keys; callers keep at most %(most)s in mind',
                    node=node.id,
                    keys=len(settings.keys),
                    most=MOST_KEYS,
                ),
                sentence("divide it into two menus"),
            )
        if isinstance(settings, SplitNode):
            for name, share in settings.shares.items():
                if share == 0:
                    yield document.fault(
                        (*path, "shares", name),
                        sentence(
                            'no caller takes the exit "%(exit)s" of "%(node)s"',
                            exit=name,
                            node=node.id,
                        ),
                        sentence("give it a share, or remove it"),
                    )
    if outside.served is not None:
        for node, mention in flow.mentions(NameOf.QUEUE):
            if mention.name not in outside.served:
                yield document.fault(
                    ("nodes", node.id, *mention.at),
                    sentence('nobody serves the queue "%(queue)s"', queue=mention.name),
                    sentence("give agents its skill"),
                )
    yield from _unencrypted(flow, document)
    yield from _out_of_reach(flow, document, outside)
    yield from _unseen(document)
    for name in flow.prompts:
        if name not in references.used_prompts:
            yield document.fault(
                ("prompts", name),
                sentence('nobody ever hears the prompt "%(name)s"', name=name),
                sentence("name it in a node, or remove it"),
                key=True,
            )
    for name in flow.variables:
        if name not in BUILT_IN and name not in references.used_variables:
            yield document.fault(
                ("variables", name),
                sentence('nothing uses the variable "%(name)s"', name=name),
                sentence("name it in a prompt or a node, or remove it"),
                key=True,
            )
