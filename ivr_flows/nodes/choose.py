"""The node ``choose``: go on by what is known of the call."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from documents.document import Path
from documents.sentence import sentence
from ivr_flows.conditions import (
    OF_CHARACTERS,
    ORDERED,
    Criterion,
    holds,
    is_of_type,
    other_variable,
)
from ivr_flows.kind import Exit, NodeFault, NodeKind, Scope, VariableRead, listed
from ivr_flows.values import Variable
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

OTHERWISE = "otherwise"


def _conditions(value: object) -> object:
    return (value,) if isinstance(value, dict) else listed(value)


Conditions = Annotated[tuple[Criterion, ...], BeforeValidator(_conditions)]


class Case(BaseModel):
    """One way to go on, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    when: Conditions = Field(
        min_length=1, description="a condition, or a list of conditions that must all hold"
    )
    exit: str = Field(min_length=1, max_length=64, description="the name of the exit")


class ChooseNode(NodeKind):
    """Take the exit of the first case whose conditions hold, else ``otherwise``."""

    cases: Annotated[tuple[Case, ...], BeforeValidator(listed)] = Field(
        min_length=1, description="the cases, tried from the first on"
    )

    def exits(self) -> tuple[Exit, ...]:
        names = dict.fromkeys(case.exit for case in self.cases if case.exit != OTHERWISE)
        return (*(Exit(name, waits=False) for name in names), Exit(OTHERWISE, waits=False))

    def _conditions(self) -> Iterator[tuple[Path, Criterion]]:
        for number, case in enumerate(self.cases):
            for index, condition in enumerate(case.when):
                yield ("cases", number, "when", index), condition

    def reads(self) -> Iterator[VariableRead]:
        for at, condition in self._conditions():
            yield VariableRead((*at, "variable"), condition.variable)
            for name, wanted in condition.comparisons():
                if (other := other_variable(wanted)) is not None:
                    yield VariableRead((*at, name), other)

    def faults(self, scope: Scope) -> Iterator[NodeFault]:
        for at, condition in self._conditions():
            if condition.variable in scope.variables:
                yield from criterion_faults(at, condition, scope.variables)

    def visit(self, walk: Walk) -> Script[str]:
        yield from ()
        for case in self.cases:
            if all(holds(condition, walk.here.values) for condition in case.when):
                return case.exit
        return OTHERWISE


def criterion_faults(
    at: Path, condition: Criterion, variables: Mapping[str, Variable]
) -> Iterator[NodeFault]:
    """What is wrong with a condition on one of these variables."""
    variable = variables[condition.variable]
    if not condition.compares:
        yield NodeFault(
            at,
            sentence(
                'the condition on "%(name)s" compares it with nothing; expected one of is, is_not, '
                "one_of, at_least, at_most, starts_with, known",
                name=variable.name,
            ),
            sentence('add "is: ..."'),
        )
    for name, wanted in condition.comparisons():
        other = variables.get(other_variable(wanted) or "")
        if other is not None and other.type is not variable.type:
            yield NodeFault(
                (*at, name),
                sentence(
                    '"%(name)s" is of type %(type)s and "%(other)s" of type %(other_type)s; '
                    "expected the same",
                    name=variable.name,
                    type=variable.type.value,
                    other=other.name,
                    other_type=other.type.value,
                ),
            )
        elif other_variable(wanted) is None and not is_of_type(wanted, variable.type):
            yield NodeFault(
                (*at, name),
                sentence(
                    '"%(name)s" is of type %(type)s, which "%(value)s" is not',
                    name=variable.name,
                    type=variable.type.value,
                    value=str(wanted),
                ),
            )
        elif name in ("at_least", "at_most") and variable.type not in ORDERED:
            yield NodeFault(
                (*at, name),
                sentence(
                    '"%(name)s" is of type %(type)s, in which there is no more and less',
                    name=variable.name,
                    type=variable.type.value,
                ),
                sentence("compare it with is, one_of or starts_with"),
            )
    if condition.starts_with is not None and variable.type not in OF_CHARACTERS:
        yield NodeFault(
            (*at, "starts_with"),
            sentence(
                '"%(name)s" is of type %(type)s, which begins with nothing',
                name=variable.name,
                type=variable.type.value,
            ),
            sentence("compare it with is or at_least"),
        )
