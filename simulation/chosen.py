"""Chooses the policies to play: a scenario's own and the registered ones."""

from collections.abc import Iterable, Mapping
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from dialer.policies import load_policies, make
from dialer.policy import UnsuitableOption
from documents.document import Document
from documents.document_errors import DocumentError, did_you_mean, first_of, one_of
from documents.validation import validated
from domain.errors import OffhookError
from simulation.scenario import PolicySettings, Scenario
from simulation.scenario_file import load_with_places

USUAL = ("foresight", "progressive", "expected_value", "vicidial_tapered")
"""The policies to play if none are named."""
_WITHOUT_HARD_STOP = ("vicidial", "fixed_ratio")
"""Prefixes of policies from other dialers, played as they are there: without our hard stop."""


class UnknownPolicyError(OffhookError):
    """A policy name is not known."""


def load_checked(path: Path) -> Scenario:
    """Read and check a scenario, including its policies and their options. Raises DocumentError."""
    scenario, document = load_with_places(path)
    faults: list[DocumentError] = []
    for name, chosen in scenario.policies.items():
        faults.extend(_faults(name, chosen, document))
    if faults:
        raise first_of(faults)
    return scenario


def choose(
    scenario: Scenario, names: Iterable[str], others: Mapping[str, PolicySettings] | None = None
) -> dict[str, PolicySettings]:
    """Return the named policies. Without names, the scenario's; if it has none, the usual ones.

    A scenario's policy hides one of ``others`` of the same name, and that a registered one. Raises
    UnknownPolicyError.
    """
    of_ours = {**(others or {}), **scenario.policies}
    registered = load_policies()
    wanted = list(dict.fromkeys(names)) or list(scenario.policies) or list(USUAL)
    chosen = {}
    for name in wanted:
        if name in of_ours:
            settings = of_ours[name]
        elif name in registered:
            settings = PolicySettings(policy=name)
        else:
            known = [*of_ours, *sorted(set(registered) - set(of_ours))]
            raise UnknownPolicyError(
                f'there is no policy "{name}"; '
                + str(did_you_mean(name, known) or f"there are {one_of(known)}")
            )
        chosen[name] = _with_hard_stop(settings, scenario)
    return chosen


def _with_hard_stop(settings: PolicySettings, scenario: Scenario) -> PolicySettings:
    if settings.hard_stop is not None or scenario.limit.hard_stop is not None:
        return settings
    foreign = settings.policy.startswith(_WITHOUT_HARD_STOP)
    return settings.model_copy(update={"hard_stop": not foreign})


def _faults(name: str, chosen: PolicySettings, document: Document) -> Iterable[DocumentError]:
    registered = load_policies()
    place = ("policies", name)
    if chosen.policy not in registered:
        known = sorted(registered)
        yield document.fault(
            (*place, "policy"),
            f'"policy" of {name} is {chosen.policy!r:.40}; expected {one_of(known)}',
            did_you_mean(chosen.policy, known) or "take one of these",
        )
        return
    faults: list[DocumentError] = []
    options = _options_of(registered[chosen.policy])
    here = (*place, "options")
    what = f'"options" of {name} ({chosen.policy})'
    if validated(options, chosen.options, document, here, what, faults) is not None:
        try:
            make(chosen.policy, **chosen.options)
        except UnsuitableOption as error:
            faults.append(document.fault((*here, error.option), f"{what}: {error}"))
        except (ValueError, ArithmeticError) as error:
            faults.append(document.fault(here, f"{what}: {error}"))
    yield from faults


def _options_of(policy: type[Any]) -> type[BaseModel]:
    """Return a model of a policy's options: its constructor's arguments with their types."""
    fields: dict[str, Any] = {
        each.name: (each.annotation, ... if each.default is Parameter.empty else each.default)
        for each in signature(policy, eval_str=True).parameters.values()
        if each.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    }
    return create_model("Options", __config__=ConfigDict(extra="forbid", strict=True), **fields)
