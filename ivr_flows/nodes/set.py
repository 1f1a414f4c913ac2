"""The node ``set``: give variables a value."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from documents.sentence import sentence
from ivr_flows.conditions import Written, is_of_type
from ivr_flows.kind import Exit, NodeFault, NodeKind, Scope, VariableRead, VariableSet
from ivr_flows.templates import filled, gaps
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class SetNode(NodeKind):
    """Set variables, to a value or to a text with other variables in braces."""

    values: Mapping[str, Written | None] = Field(
        min_length=1, description="each variable with its value; empty: not known"
    )

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("next", waits=False),)

    def reads(self) -> Iterator[VariableRead]:
        for name, value in self.values.items():
            for gap in gaps(value) if isinstance(value, str) else ():
                yield VariableRead(("values", name), gap.variable)

    def writes(self) -> Iterator[VariableSet]:
        for name in self.values:
            yield VariableSet(("values", name), name)

    def faults(self, scope: Scope) -> Iterator[NodeFault]:
        for name, value in self.values.items():
            variable = scope.variables.get(name)
            if variable is None or value in (None, "") or (isinstance(value, str) and gaps(value)):
                continue
            if not is_of_type(value, variable.type):
                yield NodeFault(
                    ("values", name),
                    sentence(
                        '"%(name)s" is of type %(type)s, which "%(value)s" is not',
                        name=name,
                        type=variable.type.value,
                        value=str(value),
                    ),
                )

    def visit(self, walk: Walk) -> Script[str]:
        yield from ()
        for name, value in self.values.items():
            walk.here.values.set(
                name, filled(value, walk.here.values) if isinstance(value, str) else value
            )
        return "next"
