"""Checks what the nodes of a flow name: prompts, variables, and things kept outside the flow."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from documents.document import Document, Path
from documents.document_errors import DocumentError, did_you_mean, one_of
from documents.sentence import Sentence, sentence, template
from ivr_flows.kind import NameOf, NodeKind, Scope
from ivr_flows.nodes.sub_flow import FlowNode
from ivr_flows.texts import Prompt
from ivr_flows.values import BUILT_IN, Variable, VariableType


class OtherFlow(Protocol):
    """A flow that another one may enter."""

    @property
    def variables(self) -> Mapping[str, Variable]:
        """Its variables, the built-in ones too."""

    @property
    def returns(self) -> Collection[str]:
        """The exits with which it returns."""

    @property
    def entered(self) -> Collection[str]:
        """The flows that it enters or goes on in."""

    @property
    def hurries_to(self) -> Collection[str]:
        """Of those, the ones in which it goes on before the caller has heard or done anything."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a flow may name that is kept outside it, by kind; a kind that is left out isn't checked.

    ``served`` are the queues that somebody serves; None: not known.
    """

    names: Mapping[NameOf, Collection[str]] = field(default_factory=dict)
    served: Collection[str] | None = None
    flows: Mapping[str, OtherFlow] = field(default_factory=dict)
    """Flows that this one may enter, as far as they are there."""
    drafts: Collection[str] = ()
    """Flows that exist only as drafts, so this one may not enter them yet."""
    recorded: Mapping[str, Collection[str]] | None = None
    """The uploaded recordings, each with the languages that it is there in; None: not checked."""
    refuses: Callable[[str, int], bool] = lambda _host, _port: False
    """Whether look-ups may not reach this host on this port, as far as its name alone says so."""


ANYWHERE = Outside()
"""For flows that are checked by themselves."""

_THERE_IS_NO: Mapping[NameOf, tuple[str, str]] = MappingProxyType(
    {
        NameOf.QUEUE: (
            template('there is no queue "%(name)s"; expected %(names)s'),
            template("add it to the centre's configuration"),
        ),
        NameOf.CALENDAR: (
            template('there is no calendar "%(name)s"; expected %(names)s'),
            template("add it under Calendars"),
        ),
        NameOf.AGENT: (
            template('there is no agent "%(name)s"; expected %(names)s'),
            template("add them under Agents"),
        ),
        NameOf.LINE: (
            template('flows may not call over the line "%(name)s"; expected %(names)s'),
            template("an admin can allow it at the line"),
        ),
        NameOf.SECRET: (
            template('there is no secret "%(name)s"; expected %(names)s'),
            template("an admin can add it under Centre, Look-ups"),
        ),
        NameOf.FLOW: (
            template('there is no flow "%(name)s"; expected %(names)s'),
            template("write and publish it"),
        ),
        NameOf.RECORDING: (
            template('there is no recording "%(name)s"; expected %(names)s'),
            template("upload it under Prompts"),
        ),
    }
)


@dataclass(slots=True)
class References:
    """Checks the nodes of one flow, one after the other."""

    document: Document
    prompts: Mapping[str, Prompt]
    scope: Scope
    outside: Outside
    faults: list[DocumentError]
    flow: str
    """The name of the flow that is checked."""
    used_prompts: set[str] = field(default_factory=set)
    used_variables: set[str] = field(default_factory=set)
    _said: set[str] = field(default_factory=set)

    def check(self, settings: NodeKind, path: Path) -> None:
        """Check what a node names; what is wrong is added to the faults."""
        for fault in settings.faults(self.scope):
            self._fault((*path, *fault.at), fault.what, fault.remedy)
        self._prompts_in(settings, path)
        for reading in settings.reads():
            self._read((*path, *reading.at), reading.variable, reading.types, reading.secret)
        for writing in settings.writes():
            self._written((*path, *writing.at), writing.variable, writing.types)
        for mention in settings.mentions():
            self._mentioned((*path, *mention.at), mention.of, mention.name)
        if isinstance(settings, FlowNode) and settings.flow in self.outside.flows:
            self._sub_flow(settings, self.outside.flows[settings.flow], path)
        for at, node in settings.inner_starts():
            if node not in self.scope.nodes:
                self._fault(
                    (*path, *at),
                    sentence(
                        'there is no node "%(node)s"; expected %(nodes)s',
                        node=node,
                        nodes=one_of(self.scope.nodes),
                    ),
                    did_you_mean(node, self.scope.nodes) or sentence("add that node"),
                )

    def prompt(self, name: str, gaps: Mapping[str, Variable], path: Path) -> None:
        """Check that there is a prompt, and that it is filled in with these variables alone."""
        self.used_prompts.add(name)
        if name not in self.prompts:
            self._fault(
                path,
                sentence(
                    'there is no prompt "%(name)s"; expected %(names)s',
                    name=name,
                    names=one_of(self.prompts),
                ),
                did_you_mean(name, self.prompts)
                or sentence('add it under "prompts:" as "%(name)s:"', name=name),
            )
            return
        for language in self.prompts[name].texts:
            for gap in self.prompts[name].gaps(language):
                self.used_variables.add(gap.variable)
                variable = gaps.get(gap.variable)
                where: Path = ("prompts", name, language)
                if variable is None:
                    self._fault(
                        where,
                        sentence(
                            'prompt "%(prompt)s" says {%(name)s}, which is not a variable here; '
                            "expected %(names)s",
                            prompt=name,
                            name=gap.variable,
                            names=one_of(gaps),
                        ),
                        did_you_mean(gap.variable, gaps)
                        or sentence('declare it under "variables:"'),
                    )
                elif variable.secret:
                    self._fault(
                        where,
                        sentence(
                            'prompt "%(prompt)s" says {%(name)s}, which is secret',
                            prompt=name,
                            name=gap.variable,
                        ),
                        sentence("leave it out: whoever listens would hear it"),
                    )
                elif gap.how is not None and gap.how not in tuple(VariableType):
                    self._fault(
                        where,
                        sentence(
                            '"%(how)s" is not a way to read {%(name)s}; expected %(names)s',
                            how=gap.how,
                            name=gap.variable,
                            names=one_of(VariableType),
                        ),
                        did_you_mean(gap.how, tuple(VariableType)),
                    )

    def _sub_flow(self, settings: FlowNode, flow: OtherFlow, path: Path) -> None:
        for name in sorted(set(flow.returns) - set(settings.returns)):
            self._fault(
                (*path, "flow"),
                sentence(
                    'the flow "%(flow)s" returns with the exit "%(exit)s" too; expected it among '
                    "the exits here",
                    flow=settings.flow,
                    exit=name,
                ),
                sentence('add it to "returns:" and under "exits:"'),
            )
        ours = self.scope.variables
        pairs = [("give", theirs, our) for theirs, our in settings.give.items()]
        pairs += [("take", theirs, our) for our, theirs in settings.take.items()]
        for where, theirs, our in pairs:
            at = (*path, where, theirs if where == "give" else our)
            known = {name: one for name, one in flow.variables.items() if name not in BUILT_IN}
            if theirs not in known:
                self._fault(
                    at,
                    sentence(
                        'the flow "%(flow)s" has no variable "%(name)s"; expected %(names)s',
                        flow=settings.flow,
                        name=theirs,
                        names=one_of(known),
                    ),
                    did_you_mean(theirs, known),
                )
            elif our in ours and ours[our].type is not known[theirs].type:
                self._fault(
                    at,
                    sentence(
                        '"%(ours)s" is of type %(type)s and "%(theirs)s" of the other flow of type '
                        "%(other)s; expected the same",
                        ours=our,
                        type=ours[our].type.value,
                        theirs=theirs,
                        other=known[theirs].type.value,
                    ),
                )
            elif our in ours and ours[our].secret is not known[theirs].secret:
                self._fault(
                    at,
                    sentence(
                        '"%(ours)s" and "%(theirs)s" of the other flow are not both secret',
                        ours=our,
                        theirs=theirs,
                    ),
                    sentence("make both secret, or neither"),
                )

    def _prompts_in(self, settings: NodeKind, path: Path) -> None:
        for field_path, names in prompts_of(settings):
            for index, name in enumerate(names):
                here = (*path, *field_path, index)
                if here not in self.document.values:  # a single name, not a list
                    here = (*path, *field_path)
                self.prompt(name, self.scope.variables, here)

    def _read(
        self, path: Path, name: str, types: Collection[VariableType] | None, secret: bool
    ) -> None:
        self.used_variables.add(name)
        variable = self._known(path, name)
        if variable is None:
            return
        if variable.secret and not secret:
            self._fault(
                path,
                sentence('"%(name)s" is secret and may not be used here', name=name),
                sentence("send it with POST, or don't make it secret"),
            )
        self._of_type(path, variable, types)

    def _written(self, path: Path, name: str, types: Collection[VariableType] | None) -> None:
        if name in BUILT_IN:
            self._fault(
                path,
                sentence('"%(name)s" is what is known of every call, and can\'t be set', name=name),
                sentence('declare one of another name under "variables:"'),
            )
            return
        variable = self._known(path, name)
        if variable is not None:
            self._of_type(path, variable, types)

    def _known(self, path: Path, name: str) -> Variable | None:
        variables = self.scope.variables
        if name not in variables:
            self._fault(
                path,
                sentence(
                    'there is no variable "%(name)s"; expected %(names)s',
                    name=name,
                    names=one_of(variables),
                ),
                did_you_mean(name, variables) or sentence('declare it under "variables:"'),
            )
        return variables.get(name)

    def _of_type(
        self, path: Path, variable: Variable, types: Collection[VariableType] | None
    ) -> None:
        if types is not None and variable.type not in types:
            self._fault(
                path,
                sentence(
                    '"%(name)s" is of type %(type)s; expected one of type %(types)s',
                    name=variable.name,
                    type=variable.type.value,
                    types=one_of(types),
                ),
            )

    def _mentioned(self, path: Path, of: NameOf, name: str) -> None:
        names = self.outside.names.get(of)
        recorded = self.outside.recorded
        if of is NameOf.RECORDING and recorded is not None:
            if name in recorded:
                self._recorded(path, name, recorded[name])
                return
            names = recorded
        if names is None or name in names:
            return
        if of is NameOf.FLOW and name == self.flow:
            self._fault(
                path,
                sentence("the flow leads into itself"),
                sentence("let an exit lead to one of its own nodes"),
            )
            return
        if of is NameOf.FLOW and name in self.outside.drafts:
            self._fault(
                path,
                sentence('the flow "%(name)s" is not published: there is only a draft', name=name),
                sentence("publish it first"),
            )
            return
        what, remedy = _THERE_IS_NO[of]
        self._fault(
            path,
            sentence(what, name=name, names=one_of(sorted(names))),
            did_you_mean(name, names) or sentence(remedy),
        )

    def _recorded(self, path: Path, name: str, languages: Collection[str]) -> None:
        for missing in [one for one in self.scope.languages if one not in languages]:
            self._fault(
                path,
                sentence(
                    'the recording "%(name)s" is missing in %(language)s, which the flow speaks; '
                    "it is there in %(languages)s",
                    name=name,
                    language=missing,
                    languages=one_of(sorted(languages)),
                ),
                sentence("upload it under Prompts"),
            )

    def _fault(self, path: Path, what: Sentence, remedy: Sentence | None = None) -> None:
        fault = self.document.fault(path, what, remedy)
        if (key := str(fault)) not in self._said:  # several nodes may say the same prompt
            self._said.add(key)
            self.faults.append(fault)


def prompts_of(settings: NodeKind) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The settings of a node that name prompts, those of its questions too."""
    for name in settings.prompt_fields():
        yield (name,), getattr(settings, name)
    for name, question in getattr(settings, "questions", {}).items():
        yield ("questions", name, "prompts"), question.prompts
