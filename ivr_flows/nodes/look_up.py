"""The node ``look_up``: ask a service on the network, and keep what it answers."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from pydantic import Field

from documents.sentence import sentence
from ivr_flows.json_paths import found_at, is_path
from ivr_flows.kind import (
    Exit,
    Mention,
    NameOf,
    NodeFault,
    NodeKind,
    PromptNames,
    Scope,
    VariableRead,
    VariableSet,
)
from ivr_flows.steps import LookedUp, LookUp, LookUpFailed, LookUpFault
from ivr_flows.templates import filled, filled_in_url, gaps
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

FOUND, NOT_FOUND, FAILED = "found", "not_found", "failed"

_URL = re.compile(r"https?://[^\s/?#@{}]+(?:[/?][^\s#]*)?", re.ASCII)
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return _URL.fullmatch(url) is not None and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is none
        return False


class Method(StrEnum):
    """How the service is asked."""

    GET = "GET"
    POST = "POST"


def service_in(url: str) -> tuple[str, int]:
    """The host and the port of an address that can be asked."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


class LookUpNode(NodeKind):
    """Ask a service by HTTP, which answers with JSON; keep parts of the answer in variables.

    ``not_found``: it says that there is no such thing (404), or the answer lacks a part that is
    wanted. ``failed``: there is no answer in time, or none that could be used.
    """

    url: str = Field(
        max_length=2000, description="the address, https://...; variables in braces after the host"
    )
    method: Method = Field(default=Method.GET, strict=False, description="GET or POST")
    query: Mapping[str, str] = Field(
        default={}, description="what goes after the ? of the address; variables in braces"
    )
    send: Mapping[str, str] | None = Field(
        default=None, description="what is sent as JSON, with POST; variables in braces"
    )
    headers: Mapping[str, str] = Field(default={}, description="headers that are sent")
    secrets: Mapping[str, str] = Field(
        default={}, description="headers whose value is a secret, each with the secret's name"
    )
    take: Mapping[str, str] = Field(
        default={},
        description="each variable with the part of the answer that it keeps, such as order.state",
    )
    wanted: bool = Field(
        default=True, description="whether an answer without one of these parts is none"
    )
    timeout: float = Field(default=4, ge=0.5, le=30, description="seconds for each try")
    tries: int = Field(default=2, ge=1, le=5, description="how often to try altogether")
    largest: int = Field(default=64, ge=1, le=1024, description="kilobytes of the answer at most")
    prompts: PromptNames = Field(default=(), description="said while the caller waits")

    def exits(self) -> tuple[Exit, ...]:
        return (
            Exit(FOUND, waits=False),
            Exit(NOT_FOUND, waits=False, otherwise=FAILED),
            Exit(FAILED, waits=False),
        )

    def mentions(self) -> Iterator[Mention]:
        for header, name in self.secrets.items():
            yield Mention(("secrets", header), NameOf.SECRET, name)

    def reads(self) -> Iterator[VariableRead]:
        for gap in gaps(self.url):
            yield VariableRead(("url",), gap.variable)  # addresses are logged
        for name, text in self.query.items():
            for gap in gaps(text):
                yield VariableRead(("query", name), gap.variable)
        for name, text in (self.send or {}).items():
            for gap in gaps(text):
                yield VariableRead(("send", name), gap.variable, secret=True)

    def writes(self) -> Iterator[VariableSet]:
        for name in self.take:
            yield VariableSet(("take", name), name)

    def faults(self, _scope: Scope) -> Iterator[NodeFault]:
        if not _is_address(self.url):
            yield NodeFault(
                ("url",),
                sentence(
                    '"%(url)s" is not an address that can be asked; expected https://host/...',
                    url=self.url[:80],
                ),
                sentence("write the host as it is: no variable, no user name and no # in it"),
            )
        if self.send is not None and self.method is not Method.POST:
            yield NodeFault(
                ("send",), sentence("only POST sends something"), sentence('add "method: POST"')
            )
        for name in (*self.headers, *self.secrets):
            if not _HEADER.fullmatch(name) or name.lower() in ("host", "content-length"):
                where = "headers" if name in self.headers else "secrets"
                yield NodeFault(
                    (where, name), sentence('"%(name)s" can\'t be a header here', name=name)
                )
        for name, path in self.take.items():
            if not is_path(path):
                yield NodeFault(
                    ("take", name),
                    sentence(
                        '"%(path)s" is not a part of an answer; expected names and numbers '
                        "between dots, such as orders.0.state",
                        path=path[:80],
                    ),
                )

    def visit(self, walk: Walk) -> Script[str]:
        values = walk.here.values
        step = LookUp(
            walk.here.node,
            self.method.value,
            filled_in_url(self.url, values),
            {name: filled(text, values) for name, text in self.query.items()},
            None if self.send is None else {k: filled(v, values) for k, v in self.send.items()},
            self.headers,
            self.secrets,
            self.timeout,
            self.tries,
            self.largest * 1024,
            walk.texts(self.prompts),
        )
        ask = walk.do if self.prompts else walk.find_out
        outcome = yield from ask(step, LookedUp, LookUpFailed)
        if isinstance(outcome, LookUpFailed):
            return NOT_FOUND if outcome.why is LookUpFault.NOT_FOUND else FAILED
        lacking: list[str] = []
        for name, path in self.take.items():
            part = found_at(outcome.answer, path)
            if not walk.here.values.set(name, part) or part is None:
                lacking.append(name)
        if not lacking or not self.wanted:
            return FOUND
        walk.here.lacks = lacking[0]
        return NOT_FOUND
